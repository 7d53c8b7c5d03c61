"""The province's answers: documents, refusals and the signed receipts that go with them.

Owns the one transaction in which a document (or a refusal) and its receipt come to exist and the transfer ends.
Never signs: the caller hands in `seal`, which gets the receipt's number and the previous receipt's hash.
Invariants: rid grows by one per province; `previous` is the hash of this box's receipt before, or empty for the
first; one offer has one answer, and asking again returns the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sync.province.store.connection import Connection
from sync.province.store.records import Receipt

Seal = Callable[[int, bytes], bytes]
"""(rid, hash of the box's previous receipt) -> COSE_Sign1 bytes"""


@dataclass(frozen=True)
class Draft:
    """An answer before it has a number. `result` is stored, duplicate or refused."""

    box: str
    document_id: str
    sha256: str
    sequence: int
    result: str
    tid: str = ""
    size: int = 0
    kind: str = ""
    media_type: str = "application/pdf"
    code: str = ""
    text: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    signatures: dict[str, Any] = field(default_factory=dict)


class Answers:
    """Writes and finds answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def given(self, box: str, document_id: str, sha256: str, sequence: int) -> Receipt | None:
        """The answer that this very document already got, if any.

        "Stored" answers for ever; a refusal answers only the same offer, so that a document queued again (a new
        sequence number) is judged again.
        """
        row = self._connection.row(_GIVEN, (box, document_id, sha256, sequence))
        return receipt_of(row) if row else None

    def stored_digest(self, box: str, document_id: str) -> str | None:
        """The digest under which the document is held, or None."""
        row = self._connection.row("SELECT sha256 FROM documents WHERE box = ? AND document_id = ?", (box, document_id))
        return str(row["sha256"]) if row else None

    def give(self, draft: Draft, seal: Seal, now: float) -> Receipt:
        """Write the answer and end the transfer, durably; an answer given before is returned unchanged."""
        with self._connection.writing() as raw:
            wanted = (draft.box, draft.document_id, draft.sha256, draft.sequence)
            before = raw.execute(_GIVEN, wanted).fetchone()
            if before is None:
                _write(raw, draft, seal, now)
                before = raw.execute(_GIVEN, wanted).fetchone()
            raw.execute("DELETE FROM transfers WHERE box = ? AND tid = ?", (draft.box, draft.tid))
            return receipt_of(before)


# A document that is held answers with "stored" even where a refusal of the same bytes came before it.
_GIVEN = """
SELECT * FROM receipts WHERE box = ? AND document_id = ? AND sha256 = ? AND (result <> 'refused' OR sequence = ?)
ORDER BY CASE result WHEN 'stored' THEN 0 ELSE 1 END, rid DESC LIMIT 1
"""


def _write(raw: sqlite3.Connection, draft: Draft, seal: Seal, now: float) -> None:
    rid = int(raw.execute("SELECT COALESCE(MAX(rid), 0) + 1 FROM receipts").fetchone()[0])
    last = raw.execute("SELECT digest FROM receipts WHERE box = ? ORDER BY rid DESC LIMIT 1", (draft.box,)).fetchone()
    previous = bytes(last["digest"]) if last else b""
    cose = seal(rid, previous)
    raw.execute(
        "INSERT INTO receipts VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            rid,
            draft.box,
            draft.document_id,
            draft.sha256,
            draft.sequence,
            draft.result,
            draft.code,
            now,
            previous,
            hashlib.sha256(cose).digest(),
            cose,
        ),
    )
    if draft.result == "refused":
        raw.execute(
            "INSERT INTO refusals VALUES (?,?,?,?,?,?,?)",
            (rid, draft.box, draft.document_id, draft.sha256, draft.code, draft.text, now),
        )
    else:
        _write_document(raw, draft, rid, now)


def _write_document(raw: sqlite3.Connection, draft: Draft, rid: int, now: float) -> None:
    raw.execute(
        "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            draft.box,
            draft.document_id,
            draft.sha256,
            draft.size,
            draft.sequence,
            draft.kind,
            draft.media_type,
            json.dumps(draft.meta, ensure_ascii=False, sort_keys=True),
            json.dumps(draft.signatures, ensure_ascii=False, sort_keys=True),
            now,
            rid,
        ),
    )


def receipt_of(row: sqlite3.Row) -> Receipt:
    """A row of `receipts` as a value."""
    return Receipt(
        rid=row["rid"],
        box=row["box"],
        document_id=row["document_id"],
        sha256=row["sha256"],
        sequence=row["sequence"],
        result=row["result"],
        code=row["code"],
        issued_at=row["issued_at"],
        previous=bytes(row["previous"]),
        digest=bytes(row["digest"]),
        cose=bytes(row["cose"]),
    )
