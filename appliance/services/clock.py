"""The one place where the box reads its clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment, timezone-aware UTC."""
    return datetime.now(UTC)


class SystemClock:
    """The clock that the leaves ask for: time of day, and seconds that never go back."""

    def now(self) -> datetime:
        """The present moment, timezone-aware UTC."""
        return utc_now()

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()
