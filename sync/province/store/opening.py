"""Opens the engines that a store's folder names.

Owns the choice and nothing else. A box that also carries this code has neither PostgreSQL's nor S3's library: each is
imported only where a province asks for it, and its absence is said as such.
"""

from __future__ import annotations

from pathlib import Path

from sync.province.store.blobs import Blobs as Folder
from sync.province.store.connection import Connection
from sync.province.store.engines import FOLDER, SQLITE, BadEngines, Engines
from sync.province.store.port import Blobs, Rows

DATABASE = "province.sqlite"


def open_rows(root: Path, engines: Engines) -> Rows:
    """The engine of rows. Raises BadEngines, NewerDatabase, UnsafeDatabase, RowsAway."""
    if engines.rows == SQLITE:
        return Connection(root / DATABASE)
    try:
        from sync.province.store.postgres import PostgresRows
    except ImportError as error:
        raise BadEngines(f"psycopg: {error}") from error
    return PostgresRows(engines.rows)


def open_blobs(root: Path, engines: Engines, name: str) -> Blobs:
    """The engine of bytes for one kind of blob: `blobs` (what was received) or `proofs`. Raises BadEngines."""
    if engines.blobs == FOLDER:
        return Folder(root / name)
    try:
        from sync.province.store.s3 import S3Blobs
    except ImportError as error:
        raise BadEngines(f"botocore: {error}") from error
    return S3Blobs(engines, name, root / "cache" / name)
