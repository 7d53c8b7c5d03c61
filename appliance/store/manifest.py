"""The manifest: which file each paper was last known to be. Rows are only ever added.

A signed PDF that was cut back to an earlier signed revision is a good file by itself, so a rollback cannot be seen in
it (signing.md 7.4). It is seen here: every save that gives a paper another file adds a row with digest, size, number of
signatures and PAdES level, in the same transaction. The newest row is what the paper must be; a file or a row
that says otherwise is not sent. Triggers of the schema refuse a changed or a removed row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.domain.documents import Document

DIFFERS = "file-not-in-manifest"
FEWER = "file-rolled-back"
CUT = "file-damaged"
"""Codes of what may be wrong; `CUT` is for whoever compares the bytes (the sending step, the self-check)."""
_SIGNING = ("signature-applied", "signatures-complete")


@dataclass(frozen=True)
class Line:
    """One row: the file a paper was from then on. `signatures` counts the box's own."""

    document_id: str
    sha256: str
    size: int
    signatures: int
    level: str
    at: datetime


def follow(db: Any, after: Document, level: str = "") -> None:
    """Add a row if ``after`` is another file than the newest row tells, or one of a higher ``level``.

    Called by every save; without ``level`` a signed file counts as B-B, as the box signs without a line.
    """
    if not after.current_sha256:
        return
    known = newest(db, after.id)
    if known and known.sha256 == after.current_sha256 and level in ("", known.level):
        return
    db.execute(
        "INSERT INTO manifest (document_id, sha256, size, signatures, level, at) VALUES (?,?,?,?,?,?)",
        [
            after.id,
            after.current_sha256,
            after.current_size,
            len(after.signatures),
            level or ("B-B" if after.signatures else ""),
            after.updated_at.isoformat(),
        ],
    )


def newest(db: Any, document_id: str) -> Line | None:
    """The newest row of a paper, or None."""
    rows = lines(db, document_id)
    return rows[-1] if rows else None


def lines(db: Any, document_id: str) -> tuple[Line, ...]:
    """Every row of a paper, oldest first."""
    rows = db.execute(
        "SELECT document_id, sha256, size, signatures, level, at FROM manifest WHERE document_id = ? ORDER BY sequence",
        [document_id],
    )
    return tuple(
        Line(paper, sha256, size, signatures, level, datetime.fromisoformat(at))
        for paper, sha256, size, signatures, level, at in rows.fetchall()
    )


def trouble(db: Any, document: Document) -> str:
    """What is wrong between a paper's row, its manifest and the event chain, as a code; "" when all agree.

    The chain cannot be rewritten unseen, so a manifest that lacks a signed file of the chain, or whose newest row
    carries fewer signatures than the chain tells, was tampered with as well.
    """
    if not document.current_sha256:
        return ""
    known = lines(db, document.id)
    if not known or known[-1].sha256 != document.current_sha256 or known[-1].size != document.current_size:
        return DIFFERS
    signed = _signed_since_digitized(db, document.id)
    if not signed <= {line.sha256 for line in known}:
        return DIFFERS
    if known[-1].signatures < len(document.signatures) or known[-1].signatures < len(signed):
        return FEWER
    return ""


def strays(db: Any) -> int:
    """How many papers are another file than their newest row tells; one question, for a look now and then."""
    (count,) = db.execute(
        """SELECT count(*) FROM documents WHERE current_sha256 != '' AND current_sha256 IS NOT
               (SELECT sha256 FROM manifest WHERE document_id = documents.id ORDER BY sequence DESC LIMIT 1)"""
    ).fetchone()
    return int(count)


def _signed_since_digitized(db: Any, document_id: str) -> set[str]:
    """Digests that the chain tells of signing, since the file was last made anew or its signatures ended by release."""
    found: set[str] = set()
    rows = db.execute(
        """SELECT event, json_extract(detail, '$.sha256') FROM events WHERE document_id = ? AND
           event IN ('digitized', 'released', 'signature-applied', 'signatures-complete') ORDER BY sequence""",
        [document_id],
    )
    for event, sha256 in rows.fetchall():
        if event not in _SIGNING:
            found.clear()
        elif sha256:
            found.add(str(sha256))
    return found
