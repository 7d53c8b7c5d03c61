"""The province's rows as values.

Owns the shapes that leave the store. Times are seconds since 1970 (UTC, float); digests are lower-case hex;
intervals are half-open byte ranges `(start, end)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """An enrolled box: whose documents are taken, and under which device key."""

    box: str
    commune: str
    device_key: bytes
    certificate_sha256: str
    enrolled_at: float
    revoked_at: float | None = None


@dataclass(frozen=True)
class Transfer:
    """Bytes on their way in. `intervals` lists only what is already on the disk for certain."""

    box: str
    tid: str
    document_id: str
    sha256: str
    size: int
    sequence: int
    kind: str
    manifest: bytes
    envelope: bytes
    intervals: tuple[Interval, ...]
    resets: int
    opened_at: float
    touched_at: float
    attempts: int = 0
    next_check_at: float = 0.0
    last_error: str = ""

    @property
    def complete(self) -> bool:
        """Every byte is durable."""
        return self.intervals == ((0, self.size),)

    @property
    def held(self) -> int:
        """Bytes that are durable."""
        return sum(end - start for start, end in self.intervals)


@dataclass(frozen=True)
class StoredDocument:
    """A document the province holds and has answered for."""

    box: str
    document_id: str
    tid: str
    sha256: str
    size: int
    sequence: int
    kind: str
    media_type: str
    meta: Mapping[str, Any]
    signatures: Mapping[str, Any]
    envelope: bytes
    received_at: float
    rid: int
    commune: str = ""


@dataclass(frozen=True)
class Receipt:
    """One signed answer (stored, duplicate or refused) in the box's chain of answers."""

    rid: int
    box: str
    tid: str
    manifest_hash: bytes
    document_id: str
    sha256: str
    size: int
    sequence: int
    result: str
    code: str
    issued_at: float
    previous: bytes
    digest: bytes
    cose: bytes


@dataclass(frozen=True)
class Refusal:
    """Why a document was not taken. Nothing of its content is kept."""

    box: str
    document_id: str
    sha256: str
    code: str
    text: str
    refused_at: float
    rid: int


@dataclass(frozen=True, slots=True)
class Presence:
    """What a box last said about itself, or its last will said for it."""

    box: str
    online: bool
    last_seen: float
    changed_at: float
    waiting: int = 0
    waiting_bytes: int = 0
    oldest_waiting_at: float | None = None
    clock_skew: float | None = None
    disk_free: int | None = None
    software: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """Something the receiver noticed about a box (an unverifiable message, a foreign topic…), counted."""

    box: str
    code: str
    detail: str
    first_at: float
    last_at: float
    count: int
