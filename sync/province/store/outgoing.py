"""Documents the province sends to boxes: queued once, answered once, never removed.

Owns the `outgoing` table and the folder of its files. Refuses to judge an answer: the protocol verified it. Invariants:
a row is written only after its bytes are durable; the sequence of a box only grows; an answer that came before stays.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync.protocol.choosing import Parcel
from sync.province.store import Blobs, ProvinceStore, digest_of


class UnknownBox(Exception):
    """No such box is enrolled, or it was revoked. Code: `unknown-box`."""

    code = "unknown-box"


class SentBefore(Exception):
    """The box was already sent a document with this id. Code: `sent-before`."""

    code = "sent-before"


@dataclass(frozen=True)
class OutgoingDocument:
    """One document for one box. `answer` is "", "accepted" or "refused"; times are seconds since 1970."""

    box: str
    document_id: str
    sequence: int
    sha256: str
    size: int
    priority: int
    meta: Mapping[str, Any]
    queued_at: float
    answer: str = ""
    code: str = ""
    reason: str = ""
    receipt: bytes | None = field(default=None, repr=False)
    answered_at: float | None = None

    def parcel(self) -> Parcel:
        """The same as the sending core knows it."""
        return Parcel(self.document_id, self.sequence, self.sha256, self.size, self.priority, self.meta)


class Outgoing:
    """Reads and writes what goes down."""

    def __init__(self, store: ProvinceStore) -> None:
        self._rows = store.connection
        self._fleet = store.fleet
        self.blobs = Blobs(store.root / "outgoing")
        self._incoming = store.root / "outgoing-parts"

    def keep(self, source: Path) -> tuple[str, int]:
        """Copy a file in; durable on return. Returns digest (hex) and size in bytes. Raises OSError."""
        self._incoming.mkdir(exist_ok=True)
        part = self._incoming / f"{os.getpid()}.{os.urandom(6).hex()}.part"
        try:
            shutil.copyfile(source, part)
            with part.open("rb") as copied:
                os.fsync(copied.fileno())
            sha256, size = digest_of(part)
            self.blobs.adopt(part, sha256)
        finally:
            part.unlink(missing_ok=True)
        return sha256, size

    def queue(
        self, box: str, document_id: str, sha256: str, size: int, priority: int, meta: Mapping[str, Any], now: float
    ) -> OutgoingDocument:
        """Queue a kept file for one box. Raises UnknownBox, SentBefore."""
        return self.queue_all((box,), document_id, sha256, size, priority, meta, now)[0]

    def queue_all(
        self,
        boxes: Sequence[str],
        document_id: str,
        sha256: str,
        size: int,
        priority: int,
        meta: Mapping[str, Any],
        now: float,
    ) -> list[OutgoingDocument]:
        """Queue a kept file for boxes: for all of them or for none. Raises UnknownBox, SentBefore with the box."""
        for box in boxes:
            known = self._fleet.box(box)
            if known is None or known.revoked_at is not None:
                raise UnknownBox(box)
        told, queued = json.dumps(dict(meta), ensure_ascii=False, sort_keys=True), []
        with self._rows.writing("outgoing") as raw:
            for box in boxes:
                if raw.execute(
                    "SELECT 1 FROM outgoing WHERE box = ? AND document_id = ?", (box, document_id)
                ).fetchone():
                    raise SentBefore(box)
                row = raw.execute(
                    "SELECT COALESCE(MAX(sequence), 0) AS last FROM outgoing WHERE box = ?", (box,)
                ).fetchone()
                sequence = int(row["last"]) + 1
                raw.execute(
                    "INSERT INTO outgoing (box, document_id, sequence, sha256, size, priority, meta, queued_at)"
                    " VALUES (?,?,?,?,?,?,?,?)",
                    (box, document_id, sequence, sha256, size, priority, told, now),
                )
                queued.append(OutgoingDocument(box, document_id, sequence, sha256, size, priority, dict(meta), now))
        return queued

    def answered(
        self, box: str, document_id: str, answer: str, receipt: bytes, now: float, code: str = "", reason: str = ""
    ) -> bool:
        """Keep a box's verified answer; False when one was kept before."""
        with self._rows.writing() as raw:
            done = raw.execute(
                "UPDATE outgoing SET answer = ?, code = ?, reason = ?, receipt = ?, answered_at = ?"
                " WHERE box = ? AND document_id = ? AND answer = ''",
                (answer, code, reason, receipt, now, box, document_id),
            )
            return bool(done.rowcount == 1)

    def boxes_waiting(self) -> list[str]:
        """Boxes for which something waits."""
        return [str(row["box"]) for row in self._rows.rows("SELECT DISTINCT box FROM outgoing WHERE answer = ''")]

    def waiting(self, box: str, limit: int) -> list[OutgoingDocument]:
        """Unanswered documents of a box, most urgent first, then oldest."""
        return self._documents("WHERE answer = '' AND box = ? ORDER BY priority DESC, sequence LIMIT ?", (box, limit))

    def find(self, document_id: str, box: str = "") -> list[OutgoingDocument]:
        """What was sent under this id, to every box or to one."""
        return self._documents("WHERE document_id = ? AND (? = '' OR box = ?) ORDER BY box", (document_id, box, box))

    def listed(self, box: str = "", limit: int = 1000) -> list[OutgoingDocument]:
        """What was sent, newest first."""
        return self._documents("WHERE (? = '' OR box = ?) ORDER BY queued_at DESC, box LIMIT ?", (box, box, limit))

    def _documents(self, where: str, values: Iterable[Any]) -> list[OutgoingDocument]:
        found = self._rows.rows(f"SELECT * FROM outgoing {where}", tuple(values))
        return [_document(dict(row)) for row in found]


def _document(row: dict[str, Any]) -> OutgoingDocument:
    receipt = row["receipt"]
    return OutgoingDocument(
        **{**row, "meta": json.loads(row["meta"]), "receipt": bytes(receipt) if receipt is not None else None}
    )
