"""Rows of what the province sends to this box: transfers under way, the box's own signed answers, electronic documents.

Owns the SQL of the three tables. Decides nothing and signs nothing. Invariants: a document's row, its receipt and the
end of its transfer are one transaction; one manifest has one answer, and the answers form one chain (the tables refuse
a second). Digests are lower-case hexadecimal, transfer ids hexadecimal, times ISO 8601 with zone.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class AnsweredBefore(Exception):
    """An answer for this manifest is there, or the chain has moved on: nothing was changed."""


@dataclass(frozen=True)
class OpenTransfer:
    """Bytes on their way in; ``ranges``: half-open intervals that are on the disk for certain."""

    tid: str
    manifest: bytes
    envelope: bytes
    ranges: tuple[tuple[int, int], ...]
    resets: int


@dataclass(frozen=True)
class Answer:
    """The box's signed receipt or refusal (COSE_Sign1)."""

    number: int
    tid: str
    manifest_hash: bytes
    document_id: str
    result: str
    code: str
    previous: bytes
    cose: bytes
    at: datetime


@dataclass(frozen=True)
class Electronic:
    """One electronic document that the province sent: the file as it came, what its sender says of it (``meta``), what
    its signatures said (``signatures``), what was read from it (``fields``), and where handling stands (``stage``:
    codes 01-06 of Decision 28/2018). ``recalled_at``: the sender took it back, and its bytes are gone.
    """

    document_id: str
    tid: str
    sha256: str
    size: int
    priority: int
    media_type: str
    meta: dict[str, Any]
    signatures: dict[str, Any]
    fields: dict[str, str]
    pages: int
    envelope: bytes
    answer: int
    received_at: datetime
    stage: str
    stage_at: datetime
    recalled_at: datetime | None = None

    def said(self, name: str) -> str:
        """A field as the sender states it, else as it was read from the file, else an empty text."""
        stated = self.meta.get("fields")
        value = stated.get(name) if isinstance(stated, dict) else None
        return str(value or self.fields.get(name, ""))


def open_transfer(db: Any, transfer: OpenTransfer, now: datetime) -> None:
    """Write an offered transfer; of a known one only manifest and envelope are replaced."""
    db.execute(
        "INSERT INTO incoming_transfers VALUES (?,?,?,?,?,?)"
        " ON CONFLICT (tid) DO UPDATE SET manifest = excluded.manifest, envelope = excluded.envelope",
        [
            transfer.tid, transfer.manifest, transfer.envelope, json.dumps(transfer.ranges), transfer.resets,
            now.isoformat(),
        ],
    )  # fmt: skip


def set_ranges(db: Any, tid: str, ranges: tuple[tuple[int, int], ...]) -> None:
    """Write which bytes are durable; the caller flushed them before."""
    db.execute("UPDATE incoming_transfers SET ranges = ? WHERE tid = ?", [json.dumps(ranges), tid])


def restart(db: Any, tid: str, resets: int) -> None:
    """Forget every byte of a transfer."""
    db.execute("UPDATE incoming_transfers SET ranges = '[]', resets = ? WHERE tid = ?", [resets, tid])
    db.execute("DELETE FROM incoming_verdicts WHERE tid = ?", [tid])


def transfer(db: Any, tid: str) -> OpenTransfer | None:
    """One transfer under way, or None."""
    return next(iter(_transfers(db, "WHERE tid = ?", [tid])), None)


def transfers(db: Any) -> list[OpenTransfer]:
    """All transfers under way, oldest first."""
    return _transfers(db, "ORDER BY opened_at", [])


def _transfers(db: Any, where: str, values: list[Any]) -> list[OpenTransfer]:
    rows = db.execute(f"SELECT tid, manifest, envelope, ranges, resets FROM incoming_transfers {where}", values)
    return [
        OpenTransfer(tid, manifest, envelope, tuple((a, b) for a, b in json.loads(ranges)), resets)
        for tid, manifest, envelope, ranges, resets in rows.fetchall()
    ]


@dataclass(frozen=True)
class Judged:
    """What the worker found of a whole file that came down; ``verdict``: "accept", "refuse" or "damaged"."""

    tid: str
    sha256: str
    verdict: str
    code: str
    reason: str
    signatures: dict[str, Any]
    fields: dict[str, str]
    pages: int


def judge(db: Any, judged: Judged, now: datetime) -> None:
    """Keep a verdict; a newer one of the same transfer takes the place of the older."""
    db.execute(
        "INSERT OR REPLACE INTO incoming_verdicts VALUES (?,?,?,?,?,?,?,?,?)",
        [
            judged.tid, judged.sha256, judged.verdict, judged.code, judged.reason, _json(judged.signatures),
            _json(judged.fields), judged.pages, now.isoformat(),
        ],
    )  # fmt: skip


def verdict(db: Any, tid: str) -> Judged | None:
    """The verdict on a transfer's file, or None while there is none."""
    row = db.execute(
        "SELECT tid, sha256, verdict, code, reason, signatures, fields, pages FROM incoming_verdicts WHERE tid = ?",
        [tid],
    ).fetchone()
    if row is None:
        return None
    return Judged(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), json.loads(row[6]), row[7])


def unjudged(db: Any) -> list[OpenTransfer]:
    """Transfers without a verdict, oldest first; whether every byte is there, is for the caller to see."""
    return _transfers(db, "WHERE tid NOT IN (SELECT tid FROM incoming_verdicts) ORDER BY opened_at", [])


def answer(db: Any, tid: str, manifest_hash: bytes) -> bytes | None:
    """The answer given to exactly this manifest, or None."""
    row = db.execute(
        "SELECT cose FROM incoming_answers WHERE tid = ? AND manifest_hash = ?", [tid, manifest_hash]
    ).fetchone()
    return bytes(row[0]) if row else None


def answer_number(db: Any, number: int) -> bytes | None:
    """One answer by its number, or None."""
    row = db.execute("SELECT cose FROM incoming_answers WHERE number = ?", [number]).fetchone()
    return bytes(row[0]) if row else None


def last_answer(db: Any) -> tuple[int, bytes | None]:
    """Number and bytes of the newest answer; (0, None) before the first."""
    row = db.execute("SELECT number, cose FROM incoming_answers ORDER BY number DESC LIMIT 1").fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, None)


def commit(db: Any, given: Answer, document: Electronic | None) -> None:
    """Keep an answer and what it is about and end the transfer (inside the caller's transaction).

    Raises AnsweredBefore when the tables know better; the caller's transaction must then be given up.
    """
    try:
        db.execute(
            "INSERT INTO incoming_answers VALUES (?,?,?,?,?,?,?,?,?)",
            [
                given.number, given.tid, given.manifest_hash, given.document_id, given.result, given.code,
                given.previous, given.cose, given.at.isoformat(),
            ],
        )  # fmt: skip
        if document is not None:
            db.execute(
                "INSERT INTO incoming_documents VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                [
                    document.document_id, document.tid, document.sha256, document.size, document.priority,
                    document.media_type, _json(document.meta), _json(document.signatures), _json(document.fields),
                    document.pages, document.envelope, document.answer, document.received_at.isoformat(),
                    document.stage, document.stage_at.isoformat(), None,
                ],
            )  # fmt: skip
    except sqlite3.IntegrityError as error:
        raise AnsweredBefore(str(error)) from error
    db.execute("DELETE FROM incoming_transfers WHERE tid = ?", [given.tid])
    db.execute("DELETE FROM incoming_verdicts WHERE tid = ?", [given.tid])


_COLUMNS = (
    "document_id, tid, sha256, size, priority, media_type, meta, signatures, fields, pages, envelope, answer,"
    " received_at, stage, stage_at, recalled_at"
)


def find(db: Any, document_id: str) -> Electronic | None:
    """One electronic document, or None."""
    row = db.execute(f"SELECT {_COLUMNS} FROM incoming_documents WHERE document_id = ?", [document_id]).fetchone()
    return _electronic(row) if row else None


def stored(db: Any, tid: str) -> bool:
    """Whether these bytes of this document were taken, even if they were recalled since."""
    return db.execute("SELECT 1 FROM incoming_documents WHERE tid = ?", [tid]).fetchone() is not None


def listed(db: Any, limit: int = 200) -> list[Electronic]:
    """Electronic documents: the most urgent that nobody has taken up yet first, then the newest."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM incoming_documents"
        " ORDER BY CASE WHEN stage = '01' THEN priority ELSE -1 END DESC, received_at DESC LIMIT ?",
        [limit],
    )
    return [_electronic(row) for row in rows.fetchall()]


def is_used(db: Any, document_id: str) -> bool:
    """Whether a paper or an electronic document of this box has this id."""
    row = db.execute(
        "SELECT 1 FROM documents WHERE id = ? UNION SELECT 1 FROM incoming_documents WHERE document_id = ?",
        [document_id, document_id],
    ).fetchone()
    return row is not None


def _electronic(row: Any) -> Electronic:
    told = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for name in ("meta", "signatures", "fields"):
        told[name] = json.loads(told[name])
    for name in ("received_at", "stage_at", "recalled_at"):
        told[name] = datetime.fromisoformat(told[name]) if told[name] else None
    return Electronic(**told)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else str(value)


def set_stage(db: Any, document_id: str, stage: str, now: datetime) -> None:
    """Note where handling stands."""
    db.execute(
        "UPDATE incoming_documents SET stage = ?, stage_at = ? WHERE document_id = ?",
        [stage, now.isoformat(), document_id],
    )


def recall(db: Any, document_id: str, now: datetime) -> None:
    """Note that the sender took it back: from now on no row mentions its bytes."""
    db.execute("UPDATE incoming_documents SET recalled_at = ? WHERE document_id = ?", [now.isoformat(), document_id])
