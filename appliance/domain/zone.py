"""The time of Vietnam: one zone, no summer time. Days, years of registers and deadlines are those of the office."""

from __future__ import annotations

from datetime import timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))
