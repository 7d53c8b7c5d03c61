"""Looks over everything the province keeps and says what does not fit.

Owns the questions of `commune-province check` about settings and certificates; those about the store are
`verifying`'s. Repairs nothing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from cryptography import x509

from sync.province.command import find_program
from sync.province.config import LONGTERM_OFF, Config, Folder
from sync.province.store import ProvinceStore
from sync.province.verifying import Problem, receipts_verifier, verify_store

EXPIRY_WARNING_SECONDS = 30 * 86_400


def audit(folder: Folder, config: Config, store: ProvinceStore, now: float) -> list[Problem]:
    """Everything that is wrong with this installation; reads every stored byte."""
    return [
        *_settings(folder, config, now),
        *(unproven(store, now) if config.longterm_command != LONGTERM_OFF else ()),
        *verify_store(store, receipts_verifier(folder.receipt_key)),
    ]


def unproven(store: ProvinceStore, now: float) -> list[Problem]:
    """Proof over time is a promise with a deadline: what is past it, and what can no longer be kept."""
    backlog = store.proofs.backlog(now)
    counted = (
        ("proofs-lost", backlog.lost),
        ("proofs-nearly-lost", backlog.nearly_lost),
        ("proofs-overdue", backlog.overdue),
    )
    return [Problem(code, str(count)) for code, count in counted if count]


def _settings(folder: Folder, config: Config, now: float) -> list[Problem]:
    found = []
    if shutil.which(find_program(config.verify_command[0])) is None:
        found.append(Problem("verify-command-missing", config.verify_command[0]))
    if not folder.resolve(config.trust_roots).is_file():
        found.append(Problem("trust-roots-missing", config.trust_roots))
    for path in (folder.ca, folder.broker_certificate, folder.receiver_certificate):
        found += _certificate(path, now)
    return found


def _certificate(path: Path, now: float) -> list[Problem]:
    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError) as error:
        return [Problem("certificate-unreadable", path.name, str(error))]
    return [Problem("certificate-ends-soon", path.name)] if ends - now < EXPIRY_WARNING_SECONDS else []
