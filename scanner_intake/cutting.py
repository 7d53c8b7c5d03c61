"""Cutting a batch, seen from outside: start the limited child, believe nothing it wrote, hand over the parts.

Owns the child's life and the strict reading of its answer; the plan is made anew here from the findings, so that the
child cannot leave a page out. It parses no document itself.

Invariants: the original is only read; every part handed over is a plain file that begins as a PDF; no process of the
child's group and no file of its work folder survives the call.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scanner_intake.batches import Instruction, PageFinding, Plan, Sheet, plan, read_instruction
from scanner_intake.digitize import wipe
from scanner_intake.digitized import Limits
from scanner_intake.limited import ChildFailed, read_plain, run_child
from scanner_intake.passwords import spellings

_CHILD = "scanner_intake.cutting_child"
_RESULT_BYTES, _PICTURE_BYTES = 4 << 20, 1 << 20


class CutFailed(Exception):
    """The file could not be looked at or cut; `code`: timeout, limits-exceeded, crashed, bad-result, signed,
    no-such-page, sides-do-not-match, or what opening it refused (damaged, needs-password, too-large …).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Batch:
    """A file that was looked at. Unless the plan is whole, `parts` has one PDF a part of the plan, and `pictures` the
    picture of each cut by the number of the part behind it.
    """

    pages: int
    plan: Plan
    parts: tuple[Path, ...] = ()
    pictures: dict[int, Path] | None = None


def cut_batch(source: Path, out_dir: Path, limits: Limits | None = None, passwords: Sequence[str] = ()) -> Batch:
    """Looks for separator sheets in `source`; the parts' files are in `out_dir`, the caller's to remove. `passwords`
    are tried on a locked PDF, whose parts are not locked any more; so in the other functions.

    Raises: CutFailed; OSError when `source` cannot be read or `out_dir` cannot be written.
    """
    limits = limits or Limits()
    work = _work_in(out_dir)
    try:
        answer = _asked(source, work, limits, (), passwords)
        count, findings = _findings(answer)
        made = plan(findings)
        if made.whole:
            return Batch(count, made)
        parts = tuple(
            _handed_over(work / f"part-{part.number}.pdf", out_dir, limits.output_bytes, b"%PDF-")
            for part in made.parts
        )
        pictures = {
            cut.part: _handed_over(work / f"cut-{cut.part}.jpg", out_dir, _PICTURE_BYTES, b"\xff\xd8\xff")
            for cut in made.cuts
        }
        return Batch(count, made, parts, pictures)
    finally:
        wipe(work)


def take_pages(
    source: Path, pages: Sequence[int], out_dir: Path, limits: Limits | None = None, passwords: Sequence[str] = ()
) -> Path:
    """A PDF of these pages of `source`, in this order, in `out_dir`.

    Raises: CutFailed; OSError when `source` cannot be read or `out_dir` cannot be written.
    """
    limits = limits or Limits()
    work = _work_in(out_dir)
    try:
        _asked(source, work, limits, pages, passwords)
        return _handed_over(work / "part-1.pdf", out_dir, limits.output_bytes, b"%PDF-")
    finally:
        wipe(work)


def sides_together(
    fronts: Path, backs: Path, out_dir: Path, limits: Limits | None = None, passwords: Sequence[str] = ()
) -> Path:
    """One PDF of the fronts and the backs (`batches.interleaved`) of one stack, in `out_dir`.

    Raises: CutFailed (also sides-do-not-match); OSError as above.
    """
    limits = limits or Limits()
    work = _work_in(out_dir)
    try:
        _asked(fronts, work, limits, (), passwords, backs)
        return _handed_over(work / "part-1.pdf", out_dir, limits.output_bytes, b"%PDF-")
    finally:
        wipe(work)


def files_together(
    first: Path, second: Path, out_dir: Path, limits: Limits | None = None, passwords: Sequence[str] = ()
) -> tuple[Path, int, int]:
    """One PDF of the pages of `first` and then those of `second`, in `out_dir`, and how many pages either had.

    Raises: CutFailed (also signed, when one of them is); OSError as above.
    """
    limits = limits or Limits()
    work = _work_in(out_dir)
    try:
        answer = _asked(first, work, limits, (), passwords, second, turned=False)
        ahead, every = answer.get("first"), answer.get("pages")
        if type(ahead) is not int or type(every) is not int or not 0 < ahead < every <= 100_000:
            raise CutFailed("bad-result")
        return _handed_over(work / "part-1.pdf", out_dir, limits.output_bytes, b"%PDF-"), ahead, every - ahead
    finally:
        wipe(work)


def _work_in(out_dir: Path) -> Path:
    out_dir.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=".cut-", dir=out_dir))


def _asked(
    source: Path,
    work: Path,
    limits: Limits,
    pages: Sequence[int],
    passwords: Sequence[str],
    beside: Path | None = None,
    turned: bool = True,
) -> dict[str, Any]:
    request = {
        "source": str(source.resolve(strict=True)),
        "limits": asdict(limits),
        "pages": list(pages),
        "beside": str(beside.resolve(strict=True)) if beside else "",
        "turned": turned,
    }
    (work / "request.json").write_bytes(json.dumps(request).encode())
    _run(work, limits, spellings(tuple(passwords)))
    try:
        answer = json.loads(read_plain(work / "result.json", _RESULT_BYTES))
        code = answer["code"]
        if not isinstance(code, str):
            raise ValueError(code)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CutFailed("bad-result") from error
    if code:
        raise CutFailed(code)
    return dict(answer)


def _run(work: Path, limits: Limits, passwords: Sequence[str]) -> None:
    try:
        run_child(_CHILD, work, limits.wall_seconds, passwords)
    except ChildFailed as failure:
        raise CutFailed(failure.code) from None


def _findings(answer: dict[str, Any]) -> tuple[int, list[PageFinding]]:
    """The findings of every page, from those that told anything.

    Raises: CutFailed (bad-result) for anything but the agreed shape.
    """
    try:
        count, told = answer["pages"], {}
        if type(count) is not int or not 0 <= count <= 100_000:
            raise ValueError(count)
        for one in answer["findings"]:
            page, blank, sheet = one["page"], one["blank"], one.get("sheet")
            if type(page) is not int or type(blank) is not bool or not 1 <= page <= count or page in told:
                raise ValueError(page)
            told[page] = PageFinding(page, _sheet(sheet) if sheet is not None else None, blank)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CutFailed("bad-result") from error
    return count, [told.get(number, PageFinding(number)) for number in range(1, count + 1)]


def _sheet(told: dict[str, Any]) -> Sheet:
    kind, dossier, backs, read = (told[name] for name in ("kind", "dossier", "backs", "read"))
    if not (isinstance(kind, str) and isinstance(dossier, str) and isinstance(backs, bool) and isinstance(read, bool)):
        raise ValueError(told)
    return Sheet(
        read_instruction(Instruction(kind, dossier, backs).text()) or Instruction(), read
    )  # read as if printed


def _handed_over(path: Path, out_dir: Path, most: int, begins: bytes) -> Path:
    try:
        if not read_plain(path, most, len(begins)) == begins:
            raise ValueError(path.name)
        path.chmod(0o640)
        target = out_dir / path.name
        path.replace(target)
    except (OSError, ValueError) as error:
        raise CutFailed("bad-result") from error
    return target
