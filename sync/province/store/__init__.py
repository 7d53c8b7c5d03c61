"""The province's memory: rows and bytes, by default one SQLite file and one folder.

Owns every row and every file that the province keeps. Refuses to know the wire, the checks and the pages; which engines
hold them is `engines`' to say, and what an engine must do is written in `port`.
Invariant (custody order): bytes durable -> rows committed -> the caller emits -> the caller acknowledges.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sync.province.store.answers import Answers, OutOfStep
from sync.province.store.blobs import Blobs, PartKey, Parts, digest_of
from sync.province.store.connection import Connection, NewerDatabase
from sync.province.store.engines import FOLDER, BadEngines, Engines, load
from sync.province.store.fleet_rows import FleetRows
from sync.province.store.opening import open_blobs, open_rows
from sync.province.store.port import BlobDamaged, BlobsAway, RowRefused, RowsAway, UnsafeDatabase
from sync.province.store.proofs import STAMP_WITHIN, Backlog, Proof, Proofs, Wanting
from sync.province.store.reading import Reading
from sync.province.store.records import (
    Box,
    Interval,
    Observation,
    Presence,
    Receipt,
    Refusal,
    StoredDocument,
    Transfer,
)
from sync.province.store.samples import Samples
from sync.province.store.tallies import Tallies
from sync.province.store.transfers import Transfers

log = logging.getLogger(__name__)
REFUSED_DAYS = 14
REFUSED_MOST_BYTES = 64 << 20
"""A larger refused file is not kept: repeating it is the box's cost, keeping it would be the province's."""


class Share(Protocol):
    """The boxes that one of several workers answers for."""

    @property
    def worker(self) -> str:
        """The worker's name, fit for a file name."""
        ...

    def owns(self, box: str) -> bool:
        """This box is answered by this worker."""
        ...


class ProvinceStore:
    """Everything the province keeps, under one folder and in the engines that the folder names."""

    def __init__(self, root: Path, engines: Engines | None = None, share: Share | None = None) -> None:
        """`share`: what this process may answer for, where several share the rows; without it, everything.

        Raises BadEngines, NewerDatabase, UnsafeDatabase, RowsAway.
        """
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.share = root, share
        self.engines = engines or load(root)
        self.connection = open_rows(root, self.engines)
        self.blobs = open_blobs(root, self.engines, "blobs")
        self.better = open_blobs(root, self.engines, "proofs")
        self.refused = Blobs(root / "refused")
        self.parts = Parts(root / "parts")
        self.transfers = Transfers(self.connection, share.owns if share else None)
        self.answers = Answers(self.connection)
        self.fleet = FleetRows(self.connection)
        self.reading = Reading(self.connection)
        self.proofs = Proofs(self.connection)
        self.samples = Samples(self.connection)
        self.tallies = Tallies(self.connection)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What the receiving thread keeps inside becomes durable at the end, with as few flushes as the engines allow:
        nothing of it may be said before. Engines that cannot do that make each step durable by itself."""
        if not isinstance(self.connection, Connection):  # a blob's name must be durable before a row speaks of it
            with self.connection.together():
                yield
        elif isinstance(self.blobs, Blobs):
            with self.blobs.together() as settle, self.connection.together(settle):
                yield
        else:
            with self.connection.together():
                yield

    def recover(self) -> list[PartKey]:
        """Put files and rows back in step after a kill; returns transfers whose bytes must be asked for anew.

        Only the receiver calls this, before it subscribes: nobody else writes parts or blobs of its boxes. Where
        receivers share the rows, a blob without a row may be another's of this very moment, and where blobs are far
        away, looking at all of them would hold the start up: `verify-store` finds those without a row.
        """
        known = {(transfer.box, transfer.tid): transfer for transfer in self.transfers.every()}
        for key in list(self.parts.every()):
            if key not in known and (self.share is None or self.share.owns(key[0])):
                self.parts.remove(key)
        lost = []
        for key, transfer in known.items():
            if transfer.intervals and not self.parts.path(key).exists() and not self._holds(transfer.sha256):
                self.transfers.restart(key, transfer.resets)
                lost.append(key)
        if self.connection.shared or self.engines.blobs != FOLDER:
            return lost
        wanted = set(self.reading.digests()) | {transfer.sha256 for transfer in known.values()}
        for sha256 in list(self.blobs.every()):
            if sha256 not in wanted:
                self.blobs.remove(sha256)
        return lost

    def _holds(self, sha256: str) -> bool:
        """The blob is there, or nobody can say so now: then nothing is asked for anew on a suspicion."""
        try:
            return self.blobs.holds(sha256)
        except BlobsAway as error:
            log.warning("cannot look for a blob: %s", error)
            return True

    def base(self, box: str, sha256: str, size: int) -> Path | None:
        """The bytes of a file that this box sent before: stored, or refused and not yet cleared away."""
        if self.reading.sent_by(box, sha256):
            for kept in (self.blobs.path(sha256), self.refused.path(sha256)):
                if kept.is_file() and kept.stat().st_size == size:
                    return kept
        return None

    def keep_refused(self, key: PartKey, sha256: str) -> None:
        """Set a refused file apart for `REFUSED_DAYS`: a corrected one may need to travel only in part, and an
        administrator can look at it. Never shown, never exported; the refusal itself is committed already."""
        part = self.parts.path(key)
        try:
            if part.exists() and part.stat().st_size <= REFUSED_MOST_BYTES:
                self.parts.flush([key])
                self.parts.close(key)
                self.refused.adopt(part, sha256)
        except OSError as error:  # a help for later, never worth the answer that is committed already
            log.warning("a refused file was not set apart: %s", error)

    def clear_refused(self, now: float) -> int:
        """Remove refused files older than `REFUSED_DAYS`; returns how many."""
        old = [
            sha256
            for sha256 in self.refused.every()
            if now - self.refused.path(sha256).stat().st_mtime > REFUSED_DAYS * 86_400
        ]
        for sha256 in old:
            self.refused.remove(sha256)
        return len(old)

    @property
    def lock_path(self) -> Path:
        """The file that keeps a second receiver off this folder, or off this worker's name."""
        return self.root / (f"worker-{self.share.worker}.lock" if self.share else "receiver.lock")

    def free_bytes(self) -> int:
        """Room left on the store's disk for an ordinary user."""
        room = os.statvfs(self.root)
        return room.f_bavail * room.f_frsize

    def epoch(self) -> int:
        """Names this very store: boxes ask for everything anew when it changes."""
        with self.connection.writing("epoch") as raw:
            row = raw.execute("SELECT epoch FROM epochs").fetchone()
            if row is None:
                raw.execute("INSERT INTO epochs VALUES (?)", (1 + secrets.randbelow(2**31 - 1),))
                row = raw.execute("SELECT epoch FROM epochs").fetchone()
            return int(row["epoch"])

    def close(self) -> None:
        """Let go of files and connections."""
        self.parts.close_all()
        if isinstance(self.blobs, Blobs):
            self.blobs.close()
        self.connection.close()


__all__ = [
    "STAMP_WITHIN",
    "Answers",
    "Backlog",
    "BadEngines",
    "BlobDamaged",
    "Blobs",
    "BlobsAway",
    "Box",
    "Engines",
    "Interval",
    "NewerDatabase",
    "Observation",
    "OutOfStep",
    "PartKey",
    "Parts",
    "Presence",
    "Proof",
    "Proofs",
    "ProvinceStore",
    "Receipt",
    "Refusal",
    "RowRefused",
    "RowsAway",
    "Share",
    "StoredDocument",
    "Transfer",
    "UnsafeDatabase",
    "Wanting",
    "digest_of",
]
