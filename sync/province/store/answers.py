"""The province's answers: documents, refusals and the signed receipts that go with them.

Owns the one transaction in which a document (or a refusal) and its receipt come to exist and the transfer ends.
Never signs and never numbers: the protocol does. Invariants, held by the tables: receipt numbers grow, one manifest
has one answer, the receipts of a box form one chain. Of a refusal nothing but its identity and reason is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from sync.province.store import tallies
from sync.province.store.port import Row, Rows, Writer
from sync.province.store.records import Receipt, Refusal, StoredDocument


class OutOfStep(Exception):
    """The receipt's number does not follow: another receiver wrote. Nothing was kept. Code: `receipts-out-of-step`."""

    code = "receipts-out-of-step"


class Answers:
    """Writes and finds answers."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def commit(self, receipt: Receipt, document: StoredDocument | None = None, refusal: Refusal | None = None) -> None:
        """Keep an answer and what it is about, and end the transfer: all of it durably, or nothing.

        Raises OutOfStep; sqlite3.IntegrityError where the tables refuse a second answer or a forked chain.
        """
        with self._connection.writing(receipt.box) as raw:
            last = self._last(raw, receipt.box)
            if receipt.rid <= last:
                raise OutOfStep(f"{receipt.rid} after {last}")
            _insert(raw, "receipts", astuple(receipt))
            if document is not None:
                _insert(raw, "documents", _document_row(document))
            if refusal is not None:
                raw.execute(
                    "INSERT INTO refusals (rid, box, document_id, sha256, code, text, refused_at)"
                    " VALUES (:rid, :box, :document_id, :sha256, :code, :text, :refused_at)",
                    vars(refusal),
                )
            ended = raw.execute(
                "DELETE FROM transfers WHERE box = ? AND tid = ? RETURNING opened_at", (receipt.box, receipt.tid)
            ).fetchall()
            tallies.count(raw, receipt, ended[0]["opened_at"] if ended else None)

    def answer(self, box: str, tid: str, manifest_hash: bytes) -> bytes | None:
        """The signed answer to exactly this manifest, or None."""
        row = self._connection.row(
            "SELECT cose FROM receipts WHERE box = ? AND tid = ? AND manifest_hash = ?", (box, tid, manifest_hash)
        )
        return bytes(row["cose"]) if row else None

    def stored(self, box: str, tid: str) -> bool:
        """These bytes of this document are held."""
        return self._connection.row("SELECT 1 FROM documents WHERE box = ? AND tid = ?", (box, tid)) is not None

    def stored_digest(self, box: str, document_id: str) -> str | None:
        """The digest under which the document is held, or None."""
        row = self._connection.row("SELECT sha256 FROM documents WHERE box = ? AND document_id = ?", (box, document_id))
        return str(row["sha256"]) if row else None

    def last_receipt(self, box: str) -> bytes | None:
        """The newest signed answer to a box, or None."""
        row = self._connection.row("SELECT cose FROM receipts WHERE box = ? ORDER BY rid DESC LIMIT 1", (box,))
        return bytes(row["cose"]) if row else None

    def _last(self, raw: Writer, box: str) -> int:
        """The number that the next one must exceed: of all receipts, or where several receivers write, of the box's."""
        of, values = (" WHERE box = ?", (box,)) if self._connection.shared else ("", ())
        return int(raw.execute(f"SELECT COALESCE(MAX(rid), 0) AS rid FROM receipts{of}", values).fetchone()["rid"])

    def last_number(self) -> int:
        """The greatest receipt number given, 0 before the first.

        Where several receivers write, the number after it is reserved for the caller alone; one that is never used
        leaves a gap, and the numbers of each box still grow.
        """
        if self._connection.shared:
            with self._connection.writing() as raw:
                return int(raw.execute("SELECT nextval('receipt_numbers') - 1 AS rid").fetchone()["rid"])
        row = self._connection.row("SELECT COALESCE(MAX(rid), 0) AS rid FROM receipts")
        return int(row["rid"]) if row else 0


def _insert(raw: Writer, table: str, values: tuple[Any, ...]) -> None:
    raw.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(values))})", values)


def _document_row(document: StoredDocument) -> tuple[Any, ...]:
    return (
        document.box,
        document.document_id,
        document.tid,
        document.sha256,
        document.size,
        document.sequence,
        document.kind,
        document.media_type,
        _json(document.meta),
        _json(document.signatures),
        document.envelope,
        document.received_at,
        document.rid,
    )


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), ensure_ascii=False, sort_keys=True, default=_plain)


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else str(value)


def receipt_of(row: Row) -> Receipt:
    """A row of `receipts` as a value."""
    return Receipt(**dict(row))
