"""Counting the starts of the delivery process: `boot_sequence` of its presence (PROTOCOL.md §4.4).

Owns one JSON file. A lost or broken file starts the count again: it pairs births with wills and names runs, no more.
"""

from __future__ import annotations

import json
import os
from pathlib import Path


def next_start(path: Path) -> int:
    """Raise the count by one, durably, and return it. Raises OSError."""
    count = _last_start(path) + 1
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"starts": count}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)  # noqa: PTH105
    return count


def _last_start(path: Path) -> int:
    try:
        count = json.loads(path.read_text(encoding="utf-8"))["starts"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return count if isinstance(count, int) and count >= 0 else 0
