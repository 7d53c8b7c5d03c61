"""How far each person is in the guided tour of their desk; a row is made when they first go on, or leave it."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def step_of(db: Any, account: str, tour: str) -> int | None:
    """The step that somebody is at, from 0; None when they have finished or left it."""
    row = db.execute("SELECT step, ended_at FROM tours WHERE account = ? AND tour = ?", [account, tour]).fetchone()
    if row is None:
        return 0
    return None if row[1] else int(row[0])


def go_to(db: Any, account: str, tour: str, step: int) -> None:
    """They are at ``step`` now, also when they had left it."""
    db.execute(
        """INSERT INTO tours (account, tour, step) VALUES (?,?,?)
           ON CONFLICT (account, tour) DO UPDATE SET step = excluded.step, ended_at = NULL""",
        [account, tour, step],
    )


def end(db: Any, account: str, tour: str, now: datetime) -> None:
    """They have finished or left it: it does not come again by itself."""
    db.execute(
        """INSERT INTO tours (account, tour, step, ended_at) VALUES (?,?,0,?)
           ON CONFLICT (account, tour) DO UPDATE SET ended_at = excluded.ended_at""",
        [account, tour, now.isoformat()],
    )
