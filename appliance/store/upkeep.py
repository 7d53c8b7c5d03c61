"""Backup and self-check of the store: what ``commune-box db backup`` and ``db verify`` do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.store import books, documents, events
from appliance.store.opening import Store


@dataclass(frozen=True)
class Verdict:
    """Result of a check; everything empty or None means sound. ``withheld``: originals of suspected secrets that are
    not here, as in every backup. ``rolled_back``: papers whose file is not the one that the manifest tells.
    """

    integrity: str
    chain_broken_at: int | None
    unexplained: tuple[str, ...]
    missing: tuple[str, ...]
    withheld: tuple[str, ...]
    damaged: tuple[str, ...]
    orphans: tuple[str, ...]
    documents: int
    blobs: int
    rolled_back: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing accepted is lost or changed (an orphan is waste, not loss)."""
        told = self.chain_broken_at is None and not self.unexplained
        return self.integrity == "ok" and told and not self.missing and not self.damaged and not self.rolled_back


def verify(store: Store) -> Verdict:
    """Check the database file, the event chain, each document's history and every blob against its name."""
    try:
        integrity = store.read(lambda db: str(db.execute("PRAGMA integrity_check").fetchone()[0]))
        referenced, secret, broken_at, unexplained, rolled_back = store.read(_rows_checked)
    except sqlite3.DatabaseError as error:  # so damaged that it cannot even be asked
        return Verdict(str(error), None, (), (), (), (), (), 0, 0)
    stored = set(store.blobs.digests())
    return Verdict(
        integrity=integrity,
        chain_broken_at=broken_at,
        unexplained=unexplained,
        missing=tuple(sorted(referenced - stored - secret)),
        withheld=tuple(sorted((referenced & secret) - stored)),
        damaged=tuple(sorted(sha256 for sha256 in stored if not store.blobs.intact(sha256))),
        orphans=tuple(sorted(stored - referenced)),
        documents=store.read(lambda db: int(db.execute("SELECT count(*) FROM documents").fetchone()[0])),
        blobs=len(stored),
        rolled_back=rolled_back,
    )


def _rows_checked(db: Any) -> tuple[set[str], set[str], int | None, tuple[str, ...], tuple[str, ...]]:
    referenced, secret = documents.referenced_digests(db), documents.withheld_digests(db)
    changed = tuple(documents.not_as_kept(db))
    unexplained = (*events.unexplained(db), *books.unexplained(db))
    return referenced, secret, events.broken_at(db), unexplained, changed


def backup(store: Store, target: Path) -> None:
    """Copy database (online, consistent) and blobs to an empty folder ``target``.

    The rows are copied first: every blob they mention was durable before them, so none can be missing. Suspected
    secrets are withheld: a backup leaves the box, and they never do.

    Raises:
        FileExistsError: the target is not empty.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(target)
    with sqlite3.connect(store.database.path) as source, sqlite3.connect(target / "box.db") as copy:
        source.backup(copy, pages=500)
        for table in ("sessions", "first_codes"):  # a box that is restored knows no browser
            copy.execute(f"DELETE FROM {table}")
    copy.close()
    source.close()
    for sha256 in sorted(set(store.blobs.digests()) - store.read(documents.withheld_digests)):
        into = target / "blobs" / sha256[:2]
        into.mkdir(parents=True, exist_ok=True)
        shutil.copy2(store.blobs.path(sha256), into / sha256)
    os.sync()
