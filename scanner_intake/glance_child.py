"""The limited child that tells how a file was scanned (`python -m scanner_intake.glance_child WORK`).

Reads `request.json` in WORK, writes `result.json` there. Decodes no picture where the file says its colours itself.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from scanner_intake import digitize_limits
from scanner_intake.digitized import Limits

_LOOK_DPI = 30.0
_NAMES = {"bitonal": "black-and-white", "gray": "gray"}


def main(arguments: list[str]) -> int:
    """Runs one request. Exit code 0 when a result was written."""
    work = Path(arguments[0])
    request = json.loads((work / "request.json").read_bytes())
    limits = Limits(**request["limits"])
    digitize_limits.restrict(limits)
    try:
        result = _look(Path(request["source"]), work, limits)
    except MemoryError:
        result = {"code": "out-of-memory", "pages": 0, "scans": []}
    part = work / "result.part"
    part.write_text(json.dumps(result), encoding="utf-8")
    part.replace(work / "result.json")
    return 0


def _look(original: Path, work: Path, limits: Limits) -> dict[str, Any]:
    from scanner_intake.glance import MOST_PAGES  # imports follow the limits: they cost memory too
    from scanner_intake.source_pages import Refused, open_source

    try:
        with open_source(original, work, limits) as source:
            scans = [
                {
                    "dpi": 0 if page.drawn else round(max(page.dpi)),
                    "colour": _colour(page),
                    "mm": [round(side * 25.4 / 72) for side in page.size_pt],
                }
                for page in islice(source.pages, MOST_PAGES)
            ]
            return {"code": "", "pages": len(source.pages), "scans": scans}
    except Refused as refusal:
        return {"code": refusal.code, "pages": 0, "scans": []}


def _colour(page: Any) -> str:
    if page.drawn:
        return "drawn"
    if placed := page.streams():
        kinds = {stream.colour for stream, _matrix in placed}
        return _NAMES[kinds.pop()] if len(kinds) == 1 and kinds <= _NAMES.keys() else "colour"
    return "gray" if page.picture(_LOOK_DPI).ndim == 2 else "colour"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
