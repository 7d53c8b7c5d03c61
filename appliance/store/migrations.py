"""The schema, as an append-only list of migrations. A migration that has shipped is never edited.

Each runs together with the record that it ran; ``migrate`` runs inside the writer's BEGIN IMMEDIATE, so that two
processes that start at once cannot both apply one.
"""

from __future__ import annotations

from typing import Any

from appliance.store.library import Migrations
from appliance.store.schema import (
    accounts,
    attachments,
    books,
    cases,
    catalogues,
    desks,
    papers,
    proofs,
    province,
    search,
    setting_up,
)

STEPS = (
    papers.m001_documents,
    papers.m002_events,
    papers.m003_registers,
    papers.m004_outbox,
    papers.m005_texts,
    papers.m006_held_files,
    papers.m007_batches,
    proofs.m008_manifest,
    proofs.m009_arrived_signatures,
    proofs.m010_outbox_base,
    proofs.m011_longterm,
    proofs.m012_longterm_due,
    province.m013_incoming,
    province.m014_notices,
    province.m015_orders,
    province.m016_incoming_verdicts,
    accounts.m017_accounts,
    books.m018_books,
    catalogues.m020_catalogues,
    cases.m021_cases,
    search.m023_search,
    desks.m019_delegations,
    attachments.m024_attachments,
    setting_up.m025_scan_tests,
    setting_up.m026_tours,
    cases.m027_case_ways,
)
MIGRATIONS = Migrations("commune-box")
for _step in STEPS:
    MIGRATIONS()(_step)


def migrate(db: Any) -> None:
    """Apply what is missing; safe to call from several processes at once."""
    MIGRATIONS.apply(db)


def applied(db: Any) -> list[str]:
    """Names of the migrations that this database has, in order."""
    return [migration.name for migration in MIGRATIONS.applied(db)]
