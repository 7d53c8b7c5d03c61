"""Asks a child process to draw: who asks neither loads the drawing library nor stands still for a long list."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sync.province.printing.paper import Paper
from sync.province.printing.sheet import Sheet

WALL_SECONDS = 60.0
_ROOT = Path(__file__).parents[3]


class NotPrinted(Exception):
    """The child failed or took too long; its own last words are in the message. Code: `not-printed`."""

    code = "not-printed"


def printed(wanted: Paper | Sheet) -> bytes:
    """A paper as PDF, a table as XLSX; blocks until the child has drawn it. Raises NotPrinted."""
    kind = "paper" if isinstance(wanted, Paper) else "sheet"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sync.province.printing.child", kind], input=wanted.as_json().encode(),
            capture_output=True,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/", timeout=WALL_SECONDS, check=False, start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotPrinted(str(error)) from error
    if done.returncode or not done.stdout:
        raise NotPrinted(done.stderr.decode(errors="replace")[-500:])
    return done.stdout
