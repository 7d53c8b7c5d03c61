"""What the box keeps: rows in one SQLite file, papers in a folder of content-addressed blobs.

``Store`` is the only thing that other packages open. Writing goes through ``Store.write(fn)``: one thread, one BEGIN
IMMEDIATE, all or nothing. The functions of the sibling modules take the open database and are composed inside ``fn``.
"""

from __future__ import annotations

from appliance.store.blobs import BlobMissing, BlobStore
from appliance.store.database import Database, StoreFull
from appliance.store.documents import ChangedMeanwhile, NoSuchDocument
from appliance.store.opening import Store, open_store

__all__ = [
    "BlobMissing",
    "BlobStore",
    "ChangedMeanwhile",
    "Database",
    "NoSuchDocument",
    "Store",
    "StoreFull",
    "open_store",
]
