"""Moments as they stand in answers and appearances: ISO 8601 in Vietnam's time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


def iso_time(now: datetime) -> str:
    """A moment as ISO 8601 in Vietnam time, whole seconds, e.g. 2026-03-05T14:30:00+07:00."""
    return now.astimezone(VIETNAM).isoformat(timespec="seconds")
