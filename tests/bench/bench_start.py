"""How long `./box` takes when nothing is missing (bar of the main job: < 3 s), beside the command without it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NAME = "start"
ROOT = Path(__file__).parents[2]
RUNS = 5


def seconds(command: list[str]) -> float:
    """Wall seconds of one run."""
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.monotonic() - began


def run() -> dict[str, Any]:
    """Both commands in turn, medians."""
    pairs = [
        (seconds(["./box", "digitize", "--help"]), seconds([sys.executable, "-m", "appliance", "digitize", "--help"]))
        for _ in range(RUNS)
    ]
    through, direct = (statistics.median(column) for column in zip(*pairs, strict=True))
    value = round(through, 2)
    figures = {"box_seconds": value, "command_alone_seconds": round(direct, 2), "ratio": round(through / direct, 2)}
    return {
        "figures": figures,
        "bars": [
            {"name": "wall seconds of ./box with nothing missing", "value": value, "bar": "< 3", "holds": value < 3}
        ],
    }
