"""The limited child that looks for separator sheets and cuts a batch (`python -m scanner_intake.cutting_child WORK`).

Owns reading the hostile file for that: limits on itself, one page picture at a time, then the parts as PDFs made of the
file's own page objects. It reads `request.json` in WORK and, from standard input, the passwords to try (a JSON list of
strings); it writes `result.json`, `part-N.pdf` and `cut-N.jpg` in WORK.

Invariants: no page stream is decoded and encoded again; a signed file is never cut; no text is recognised here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scanner_intake import digitize_limits
from scanner_intake.batches import PageFinding, Plan, interleaved, plan
from scanner_intake.digitized import Limits

_PICTURE_WIDTH, _PICTURE_QUALITY = 360, 60


def main(arguments: list[str]) -> int:
    """Runs one request. Exit code 0 when a result was written."""
    work = Path(arguments[0])
    passwords = json.loads(sys.stdin.buffer.read() or b"[]")
    request = json.loads((work / "request.json").read_bytes())
    limits = Limits(**request["limits"])
    digitize_limits.restrict(limits)
    try:
        result = _run(Path(request["source"]), work, limits, request, passwords)
    except MemoryError:
        result = {"code": "out-of-memory", "pages": 0, "findings": []}
    part = work / "result.part"
    part.write_text(json.dumps(result), encoding="utf-8")
    part.replace(work / "result.json")
    return 0


def _run(
    original: Path, work: Path, limits: Limits, request: dict[str, Any], passwords: Sequence[str]
) -> dict[str, Any]:
    from scanner_intake.source_pages import Refused, open_source  # imports follow the limits: they cost memory too

    wanted: Sequence[int] = request["pages"]
    try:
        if request["beside"]:
            return _together(original, Path(request["beside"]), request["turned"], work, limits, passwords)
        with open_source(original, work, limits, passwords) as source:
            count = len(source.pages)
            if wanted:
                if source.signed or max(wanted) > count:
                    return {"code": "signed" if source.signed else "no-such-page", "pages": count, "findings": []}
                _write_parts(source, original, work, [tuple(wanted)])
                return {"code": "", "pages": count, "findings": []}
            findings = [] if source.signed else _look(source, work)
            made = plan(findings)
            if findings and not made.whole:
                _write_parts(source, original, work, [part.pages for part in made.parts])
                _keep_pictures(made, work)
            return {"code": "", "pages": count, "findings": [_told(one) for one in findings if _tells(one)]}
    except Refused as refusal:
        return {"code": refusal.code, "pages": 0, "findings": []}


def _together(
    first: Path, second: Path, turned: bool, work: Path, limits: Limits, passwords: Sequence[str]
) -> dict[str, Any]:
    """One PDF of two files: the second's pages behind the first's, or, ``turned``, fronts in order and backs as they
    come out of the turned stack.
    """
    import pikepdf

    from scanner_intake.source_pages import open_source

    beside = work / "beside"
    beside.mkdir()
    with (
        open_source(first, work, limits, passwords) as front,
        open_source(second, beside, limits, passwords) as back,
    ):
        ahead, behind = len(front.pages), len(back.pages)
        numbers = range(1, ahead + 1), range(ahead + 1, ahead + behind + 1)
        order = interleaved(*numbers) if turned else (*numbers[0], *numbers[1])
        told = {"pages": ahead + behind, "first": ahead, "findings": []}
        if order is None or front.signed or back.signed:
            return told | {"code": "sides-do-not-match" if turned else "signed"}
        with (
            pikepdf.open(_pages_of(front, first)) as one,
            pikepdf.open(_pages_of(back, second)) as other,
            pikepdf.new() as whole,
        ):
            for number in order:
                whole.pages.append(one.pages[number - 1] if number <= ahead else other.pages[number - ahead - 1])
            whole.save(work / "part-1.pdf", deterministic_id=True)
    return told | {"code": ""}


def _pages_of(source: Any, original: Path) -> Path:
    """The PDF whose pages are the file's own: a PDF itself, a locked one without its lock, any other file in its PDF
    form.
    """
    own = source.media_type == "application/pdf" and "encryption-removed" not in source.warnings
    return original if own else Path(source.pdf)


def _tells(finding: PageFinding) -> bool:
    return finding.blank or finding.sheet is not None


def _told(finding: PageFinding) -> dict[str, Any]:
    sheet = finding.sheet
    told: dict[str, Any] = {"page": finding.number, "blank": finding.blank}
    if sheet:
        asked = sheet.instruction
        told["sheet"] = {"kind": asked.kind, "dossier": asked.dossier, "backs": asked.backs, "read": sheet.read}
    return told


def _look(source: Any, work: Path) -> list[PageFinding]:
    """What is on each page. Blank is asked only where it can matter: behind a sheet, and anywhere after a `backs`
    sheet.
    """
    import cv2

    from scanner_intake.blank import is_blank
    from scanner_intake.separators import LOOK_DPI, find_sheet

    findings: list[PageFinding] = []
    behind, anywhere = False, False
    for page in source.pages:
        picture = page.picture(LOOK_DPI)
        dpi = max(picture.shape[:2]) * 72 / max(page.size_pt)
        sheet = find_sheet(picture, dpi)
        blank = sheet is None and (behind or anywhere) and is_blank(picture, dpi)
        if sheet:
            anywhere = anywhere or sheet.instruction.backs
            scale = _PICTURE_WIDTH / picture.shape[1]
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(work / f"sheet-{page.number}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, _PICTURE_QUALITY])
        behind = sheet is not None or blank
        findings.append(PageFinding(page.number, sheet, blank))
    return findings


def _keep_pictures(made: Plan, work: Path) -> None:
    """One picture a cut, of its first sheet; a cut shows the sheet alone, never a page that no gate has seen."""
    for cut in made.cuts:
        (work / f"sheet-{cut.sheets[0]}.jpg").replace(work / f"cut-{cut.part}.jpg")


def _write_parts(source: Any, original: Path, work: Path, parts: Sequence[Sequence[int]]) -> None:
    """Each part as a PDF of the file's own pages."""
    import pikepdf

    with pikepdf.open(_pages_of(source, original), suppress_warnings=True) as whole:
        for number, pages in enumerate(parts, 1):
            with pikepdf.new() as part:
                for page in pages:
                    part.pages.append(whole.pages[page - 1])
                part.remove_unreferenced_resources()
                part.save(work / f"part-{number}.pdf", deterministic_id=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
