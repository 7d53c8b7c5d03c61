"""How a scanner is set, by one file of it: resolution, colour, paper; asked of a limited child, not simply believed.

For trying out a drop folder. Recognises nothing and keeps nothing.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from scanner_intake.digitize import wipe
from scanner_intake.digitized import Limits
from scanner_intake.limited import ChildFailed, read_plain, run_child

COLOURS = ("colour", "gray", "black-and-white", "drawn")
"""How a page was scanned; "drawn": it comes from a program and not from a scanner."""
MOST_PAGES = 20
_CHILD = "scanner_intake.glance_child"
_RESULT_BYTES = 64 << 10


@dataclass(frozen=True)
class Glance:
    """`pages` of the file; of its first pages the resolution (0 for a drawn one), the colour and the size in mm.

    `code` is "" or why the file could not be opened: then the rest says nothing.
    """

    pages: int = 0
    dpi: tuple[int, ...] = ()
    colours: tuple[str, ...] = ()
    sizes_mm: tuple[tuple[int, int], ...] = ()
    code: str = ""


def glance(source: Path, out_dir: Path, limits: Limits | None = None) -> Glance:
    """What the file `source` says of its scanner.

    Raises: OSError when `source` cannot be read or `out_dir` cannot be written.
    """
    limits = limits or Limits()
    out_dir.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".glance-", dir=out_dir))
    try:
        request = {"source": str(source.resolve(strict=True)), "limits": asdict(limits)}
        (work / "request.json").write_bytes(json.dumps(request).encode())
        run_child(_CHILD, work, limits.wall_seconds)
        return _believed(read_plain(work / "result.json", _RESULT_BYTES))
    except ChildFailed as failure:
        return Glance(code=failure.code)
    except ValueError:
        return Glance(code="bad-result")
    finally:
        wipe(work)


def _believed(raw: bytes) -> Glance:
    """Raises: ValueError for anything but the agreed shape."""
    try:
        told = json.loads(raw)
        code, pages = told["code"], told["pages"]
        rows = [(one["dpi"], one["colour"], one["mm"][0], one["mm"][1]) for one in told["scans"]]
    except (KeyError, TypeError, IndexError, RecursionError) as error:
        raise ValueError("shape") from error
    numbers = [pages, *(value for dpi, _colour, *size in rows for value in (dpi, *size))]
    if any(type(one) is not int or not 0 <= one <= 100_000 for one in numbers):
        raise ValueError("numbers")
    if not isinstance(code, str) or len(code) > 64 or any(row[1] not in COLOURS for row in rows):
        raise ValueError("words")
    if len(rows) > MOST_PAGES:
        raise ValueError("rows")
    return Glance(
        pages,
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        tuple((row[2], row[3]) for row in rows),
        code,
    )
