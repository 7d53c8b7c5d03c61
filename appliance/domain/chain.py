"""The hash chain of events: the box's audit log.

Each entry's hash covers its own content and the hash before it, so that no entry can be changed, removed or put in
between without every later hash failing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One thing that happened: ``sequence`` counts from 1 without gaps, ``at`` is ISO 8601 UTC."""

    sequence: int
    document_id: str
    at: str
    by: str
    event: str
    detail: dict[str, Any]
    previous: str
    hash: str


def entry_hash(
    sequence: int, document_id: str, at: str, by: str, event: str, detail: dict[str, Any], previous: str
) -> str:
    """SHA-256 over the canonical JSON of the entry and the hash before it."""
    body = [sequence, document_id, at, by, event, detail, previous]
    return hashlib.sha256(
        json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def first_break(entries: Iterable[Entry]) -> int | None:
    """Sequence number of the first entry that does not fit the chain, or None when all fit."""
    previous, expected = GENESIS, 1
    for entry in entries:
        fits = entry.sequence == expected and entry.previous == previous
        computed = entry_hash(
            entry.sequence, entry.document_id, entry.at, entry.by, entry.event, entry.detail, entry.previous
        )
        if not fits or computed != entry.hash:
            return entry.sequence
        previous, expected = entry.hash, expected + 1
    return None
