"""Identifiers: UUID version 7 (RFC 9562), so that ids sort by the time they were given."""

from __future__ import annotations

import os
import time
import uuid


def new_id(milliseconds: int | None = None) -> str:
    """A new UUIDv7 as text."""
    moment = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    value = (moment & ((1 << 48) - 1)) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
