"""Files that wait in a quarantine folder because they never became whole: not accepted, so not documents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Held:
    """One such file: where it lies, which drop folder it came through, why (``code``), since when."""

    path: str
    folder: str
    name: str
    code: str
    params: dict[str, Any]
    since: datetime


def hold(db: Any, file: Held) -> None:
    """Remember (or replace) a held file."""
    db.execute(
        "INSERT OR REPLACE INTO held_files (path, folder, name, code, params, since) VALUES (?,?,?,?,?,?)",
        [file.path, file.folder, file.name, file.code, json.dumps(file.params, default=str), file.since.isoformat()],
    )


def unhold(db: Any, path: str) -> None:
    """Forget a held file that was taken or removed."""
    db.execute("DELETE FROM held_files WHERE path = ?", [path])


def listed(db: Any) -> list[Held]:
    """All held files, newest first."""
    rows = db.execute("SELECT path, folder, name, code, params, since FROM held_files ORDER BY since DESC").fetchall()
    return [Held(r[0], r[1], r[2], r[3], json.loads(r[4]), datetime.fromisoformat(r[5])) for r in rows]
