"""Every file of the shared collections through the whole of digitizing: a verdict each, no crash, no hang.

Prints one line a file (to standard error) and counts. It needs the collections beside the clone; without them there
is nothing to measure, and it says so.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner_intake.digitize import VERDICTS, Limits, digitize
from tests.bench.digitize_quality import archive_findings

NAME = "corpus"
FOLDERS = ("scans", "images", "broken", "signatures", "vn-official")
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
WALL_SECONDS = 120.0
# These mean that the child did not end by itself; every other code is a finding about the file.
NO_ENDING = ("timeout", "crashed", "bad-result", "limits-exceeded")


@dataclass(frozen=True)
class Row:
    """What became of one file."""

    folder: str
    name: str
    verdict: str
    code: str
    pages: int
    seconds: float
    sound: bool
    kept: bool


def files() -> list[tuple[str, Path]]:
    """All files of the collections with their folder."""
    found = []
    for folder in FOLDERS:
        place = SHARED / folder
        found += [(folder, each) for each in sorted(place.rglob("*")) if each.is_file()] if place.is_dir() else []
    return found


def examined(folder: str, path: Path, out: Path) -> Row:
    """Digitizes one file and looks at what came out; the original must be as it was."""
    before = path.stat()
    started = time.monotonic()
    result = digitize(path, out, Limits(wall_seconds=WALL_SECONDS))
    seconds = time.monotonic() - started
    after = path.stat()
    sound = True
    if result.pdf is not None:
        _count, faults = archive_findings([result.pdf])
        sound = not faults
        result.pdf.unlink()
    kept = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    kept = kept and (result.verdict != "ok" or sound)
    return Row(folder, path.name, result.verdict, result.code, result.pages, seconds, sound, kept)


def _copy(row: Row) -> str:
    """Whether there is an archive copy, and whether it is sound."""
    return "   -" if row.verdict != "ok" else "  ok" if row.sound else " BAD"


def table(rows: list[Row]) -> str:
    """One line a file."""
    lines = [f"{'folder':<11} {'verdict':<17} {'code':<18} {'pages':>5} {'s':>6} copy file"]
    for row in rows:
        code = row.code or "-"
        lines.append(
            f"{row.folder:<11} {row.verdict:<17} {code:<18} {row.pages:>5} {row.seconds:>6.1f} {_copy(row)} {row.name}"
        )
    return "\n".join(lines)


def run() -> dict[str, Any]:
    """Two files at a time, as a box with two cores works."""
    waiting = files()
    if not waiting:
        print("shared/data is absent: nothing to look at", file=sys.stderr)
        return {"figures": {"files": 0}, "bars": []}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        places = [Path(folder) / str(number) for number in range(len(waiting))]
        rows = list(pool.map(lambda each, out: examined(*each, out), waiting, places))
    print(table(rows), file=sys.stderr)
    verdicts, codes = Counter(row.verdict for row in rows), Counter(row.code for row in rows if row.code)
    broken = [row.name for row in rows if row.code in NO_ENDING or row.verdict not in VERDICTS]
    figures: dict[str, Any] = {"files": len(rows), "without_an_ending": ", ".join(broken) or "-"}
    figures |= {f"verdict {name}": count for name, count in verdicts.most_common()}
    figures |= {f"code {name}": count for name, count in codes.most_common()}
    figures["slowest_seconds"] = round(max(row.seconds for row in rows), 1)
    unsound = sum(not row.sound for row in rows)
    lost = sum(not row.kept for row in rows)
    bars = [
        {"name": "files without a verdict (crash, hang)", "value": len(broken), "bar": "= 0", "holds": not broken},
        {
            "name": "archive copies that are not PDF/A-2b or not clean",
            "value": unsound,
            "bar": "= 0",
            "holds": not unsound,
        },
        {"name": "originals changed or lost", "value": lost, "bar": "= 0", "holds": not lost},
    ]
    return {"figures": figures, "bars": bars}
