"""Opening a box's store: database file and blob folder together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from appliance.store import documents, search_index
from appliance.store.blobs import BlobStore, make_folder
from appliance.store.database import Database
from appliance.store.migrations import migrate

T = TypeVar("T")
_AT_ONCE = 500


class Store:
    """Rows and blobs of one box. Several processes may hold one each; a process holds one and closes it."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self.database = database
        self.blobs = blobs

    def write(self, change: Callable[[Any], T]) -> T:
        """Run ``change(db)`` in one immediate transaction on the writer thread and return its result.

        Raises:
            StoreFull: no space; nothing was changed.
        """
        return self.database.write(change)

    def read(self, question: Callable[[Any], T]) -> T:
        """Run ``question(db)`` on this thread's read-only connection."""
        return self.database.read(question)

    def data_version(self) -> int:
        """A number that changes when another connection has committed: the wake-up between processes."""
        return self.database.data_version()

    def close(self) -> None:
        self.database.close()


def _fill_in(database: Database) -> None:
    """Let the search know the facts of papers that are older than it: what a migration cannot read from its SQL.

    Asked on the writer: a reader that is still open when the writer closes would leave the WAL behind, and a start on a
    full disk would not be noticed.
    """
    while ids := database.write(lambda db: search_index.stale(db, _AT_ONCE)):

        def fill(db: Any, ids: list[str] = ids) -> None:
            for document_id in ids:
                search_index.refreshed(db, documents.load(db, document_id))

        database.write(fill)


def open_store(database: Path, blobs: Path) -> Store:
    """Open (making and migrating where needed) the store.

    Raises:
        StoreFull: not even a reader finds room; nothing was changed.
    """
    make_folder(database.parent)
    opened = Database(database)
    try:
        opened.write(migrate)
        _fill_in(opened)
    except BaseException:
        opened.close()
        raise
    return Store(opened, BlobStore(blobs))
