"""What each certificate has signed on this box: how many papers and when last, by the certificate's digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Signed:
    """The signatures of one certificate (hexadecimal SHA-256): the name on it, how many, first and last time."""

    certificate_sha256: str
    signer: str
    slot: str
    count: int
    first: datetime
    last: datetime


def by_certificate(db: Any) -> dict[str, Signed]:
    """Every certificate that has signed a paper which this box still lists."""
    rows = db.execute(
        """SELECT json_extract(one.value, '$.certificate_sha256'), max(json_extract(one.value, '$.signer')),
               max(json_extract(one.value, '$.slot')), count(*), min(json_extract(one.value, '$.signed_at')),
               max(json_extract(one.value, '$.signed_at'))
           FROM documents, json_each(documents.facts, '$.signatures') AS one GROUP BY 1"""
    )
    return {
        row[0]: Signed(row[0], row[1], row[2], row[3], datetime.fromisoformat(row[4]), datetime.fromisoformat(row[5]))
        for row in rows.fetchall()
    }
