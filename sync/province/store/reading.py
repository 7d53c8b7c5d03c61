"""Read models of pages, commands and the fleet's facts.

Owns the questions; writes nothing.
"""

from __future__ import annotations

import json
from typing import Any

from sync.province.store.answers import receipt_of
from sync.province.store.port import Row, Rows
from sync.province.store.records import Receipt, Refusal, StoredDocument

_DOCUMENTS = "SELECT d.*, b.commune FROM documents d JOIN boxes b USING (box)"


class Reading:
    """Questions about what the province holds."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def documents(self, box: str = "", limit: int = 100, before_rid: int | None = None) -> list[StoredDocument]:
        """Documents held, newest first; `before_rid` pages on."""
        found = self._connection.rows(
            f"{_DOCUMENTS} WHERE (? = '' OR d.box = ?) AND (? IS NULL OR d.rid < ?) ORDER BY d.rid DESC LIMIT ?",
            (box, box, before_rid, before_rid, limit),
        )
        return [document_of(row) for row in found]

    def document(self, document_id: str, box: str = "") -> StoredDocument | None:
        """One document by its id or by the start of its digest; with `box` where two boxes gave the same id."""
        row = self._connection.row(
            f"{_DOCUMENTS} WHERE (d.document_id = ? OR (length(?) >= 8 AND substr(d.sha256, 1, length(?)) = ?))"
            " AND (? = '' OR d.box = ?) ORDER BY d.rid LIMIT 1",
            (document_id, document_id, document_id, document_id, box, box),
        )
        return document_of(row) if row else None

    def sent_by(self, box: str, sha256: str) -> bool:
        """Whether this box was ever answered about a file with these bytes."""
        found = self._connection.row("SELECT 1 FROM receipts WHERE box = ? AND sha256 = ? LIMIT 1", (box, sha256))
        return found is not None

    def receipt(self, rid: int) -> Receipt | None:
        """One receipt by its number."""
        row = self._connection.row("SELECT * FROM receipts WHERE rid = ?", (rid,))
        return receipt_of(row) if row else None

    def receipts(self, box: str = "", limit: int = 50) -> list[Receipt]:
        """The last answers, newest first."""
        found = self._connection.rows(
            "SELECT * FROM receipts WHERE (? = '' OR box = ?) ORDER BY rid DESC LIMIT ?", (box, box, limit)
        )
        return [receipt_of(row) for row in found]

    def refusals(self, box: str = "", limit: int = 50) -> list[Refusal]:
        """The last refusals, newest first."""
        found = self._connection.rows(
            "SELECT * FROM refusals WHERE (? = '' OR box = ?) ORDER BY rid DESC LIMIT ?", (box, box, limit)
        )
        return [Refusal(**dict(row)) for row in found]

    def refusals_between(self, box: str, since: float, until: float, limit: int) -> list[Refusal]:
        """Refusals of one box in a stretch of time (half-open), oldest first."""
        found = self._connection.rows(
            "SELECT * FROM refusals WHERE box = ? AND refused_at >= ? AND refused_at < ? ORDER BY rid LIMIT ?",
            (box, since, until, limit),
        )
        return [Refusal(**dict(row)) for row in found]

    def counts(self, since: float, box: str = "") -> dict[str, dict[str, Any]]:
        """Per box that has any: refusals since a moment and the code of the last, transfers, those that wait for a
        check, the number of the last receipt. Reads indexes and what is open, never all documents."""
        found: dict[str, dict[str, Any]] = {}
        for query, values in (
            (_REFUSED, (since, box, box)),
            (_UNDER_WAY, (box, box)),
            (_LAST, (box, box)),
        ):
            for row in self._connection.rows(query, values):
                found.setdefault(row["box"], dict(_NOTHING)).update(dict(row))
        return found

    def digests(self) -> dict[str, int]:
        """Every digest a document row speaks of, with its size in bytes."""
        return {row["sha256"]: row["size"] for row in self._connection.rows("SELECT sha256, size FROM documents")}

    def chain(self, box: str) -> list[Receipt]:
        """All answers to a box in order."""
        found = self._connection.rows("SELECT * FROM receipts WHERE box = ? ORDER BY rid", (box,))
        return [receipt_of(row) for row in found]


_NOTHING: dict[str, Any] = {"refused": 0, "code": "", "transfers": 0, "unchecked": 0, "last_rid": None}
_REFUSED = """
SELECT r.box AS box, r.code AS code, n.refused AS refused FROM refusals r JOIN (
    SELECT MAX(rid) AS rid, COUNT(*) AS refused FROM refusals WHERE refused_at >= ? AND (? = '' OR box = ?) GROUP BY box
) n ON r.rid = n.rid
"""
_UNDER_WAY = """
SELECT box, COUNT(*) AS transfers, SUM(CASE WHEN attempts > 0 THEN 1 ELSE 0 END) AS unchecked
FROM transfers WHERE (? = '' OR box = ?) GROUP BY box
"""
_LAST = """
SELECT b.box AS box, (SELECT MAX(rid) FROM receipts r WHERE r.box = b.box) AS last_rid
FROM boxes b WHERE (? = '' OR b.box = ?)
"""


def document_of(row: Row) -> StoredDocument:
    """A joined row of `documents` and `boxes` as a value."""
    fields = dict(row)
    fields["meta"] = json.loads(fields["meta"])
    fields["signatures"] = json.loads(fields["signatures"])
    return StoredDocument(**fields)
