"""How much paper came in lately: two figures that the province sees of a box, nothing of what any paper says."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def taken_in(db: Any, since: datetime) -> tuple[int, datetime | None]:
    """(papers taken in since a moment, when the last one of all was taken in)."""
    (last,) = db.execute("SELECT max(received_at) FROM documents").fetchone()
    (count,) = db.execute("SELECT count(*) FROM documents WHERE received_at >= ?", (since.isoformat(),)).fetchone()
    return int(count), datetime.fromisoformat(last) if last else None
