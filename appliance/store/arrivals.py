"""What the signatures on a file said when it arrived already signed: kept as facts beside the paper, judged once.

NĐ 30/2020, Điều 21: authenticity and integrity of an arriving electronic paper are checked and told. A suspected
secret keeps nothing of it: the names of signers are content.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

BAD = frozenset({"changed", "invalid", "unreadable"})
"""Conclusions after which no policy decides: a person looks at the paper first."""


@dataclass(frozen=True)
class Arrival:
    """The verification of one arrived file: its digest, the conclusion, the facts of ``hsm.verify``, when judged."""

    sha256: str
    conclusion: str
    facts: dict[str, Any]
    at: datetime


def keep(db: Any, document_id: str, facts: dict[str, Any], at: datetime) -> None:
    """Replace what is known of the signatures that a document arrived with."""
    forget(db, document_id)
    db.execute(
        "INSERT INTO arrived_signatures (document_id, sha256, verdict, facts, at) VALUES (?,?,?,?,?)",
        [
            document_id,
            str(facts["sha256"]),
            str(facts["conclusion"]),
            json.dumps(facts, ensure_ascii=False, sort_keys=True),
            at.isoformat(),
        ],
    )


def of_document(db: Any, document_id: str) -> Arrival | None:
    """What the signatures said when the document arrived, or None when it arrived unsigned."""
    row = db.execute(
        "SELECT sha256, verdict, facts, at FROM arrived_signatures WHERE document_id = ?", [document_id]
    ).fetchone()
    return Arrival(row[0], row[1], json.loads(row[2]), datetime.fromisoformat(row[3])) if row else None


def forget(db: Any, document_id: str) -> None:
    """Remove every trace of it."""
    db.execute("DELETE FROM arrived_signatures WHERE document_id = ?", [document_id])
