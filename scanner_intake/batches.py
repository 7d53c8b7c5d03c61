"""Where a batch is cut: from what was found on each page to parts. Pure: no file, no picture, no clock.

Owns what a separator sheet says (`Instruction`, version CB1) and the rules of cutting. Invariants: every page of the
batch is in exactly one part, or listed as dropped at exactly one cut; the parts keep the batch's order; what one sheet
says holds for its own part only (a kind never leaks into the next part).

Order of looking: sides are put together first (a `backs` sheet), then cuts are found, then blank backs of sheets are
dropped; a blank side that was dropped before the sides were put together would shift every page behind it. Blank
sides of papers stay in their part: they are hidden later and kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

VERSION = "CB1"
KINDS = ("incoming-scan", "outgoing", "appendix", "case-file")
_DOSSIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]{0,63}")
_PATCH = re.compile(r"patch[ _-]?t", re.IGNORECASE)


class BadInstruction(ValueError):
    """A sheet cannot say this; `code`: bad-kind, bad-dossier."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Instruction:
    """What a sheet asks for. Empty words ask for nothing: the drop folder's own kind stays.

    `backs`: all pages before the sheet are fronts, all after it are their backs, last one first.
    """

    kind: str = ""
    dossier: str = ""
    backs: bool = False

    def text(self) -> str:
        """The words of the code on the sheet, e.g. `CB1;kind=outgoing;dossier=H27.19-250101-0001`."""
        words = [VERSION]
        words += [f"kind={self.kind}"] if self.kind else []
        words += [f"dossier={self.dossier}"] if self.dossier else []
        words += ["sides=backs"] if self.backs else []
        return ";".join(words)


def instruction(kind: str = "", dossier: str = "", backs: bool = False) -> Instruction:
    """An instruction that can be printed and read back.

    Raises: BadInstruction.
    """
    if kind and kind not in KINDS:
        raise BadInstruction("bad-kind")
    if dossier and not _DOSSIER.fullmatch(dossier):
        raise BadInstruction("bad-dossier")
    return Instruction(kind, dossier, backs)


def read_instruction(text: str) -> Instruction | None:
    """What the text of a code asks for; None when it is no separator's code (a paper's own QR, another version).

    A word that this version does not know is passed over: the cut itself is certain, and a later version may say more.
    """
    if _PATCH.fullmatch(text.strip()):
        return Instruction()
    version, *words = text.strip().split(";")
    if version != VERSION:
        return None
    told = dict(word.partition("=")[::2] for word in words if "=" in word)
    kind, dossier = told.get("kind", ""), told.get("dossier", "")
    return Instruction(
        kind if kind in KINDS else "",
        dossier if _DOSSIER.fullmatch(dossier) else "",
        told.get("sides") == "backs",
    )


@dataclass(frozen=True)
class Sheet:
    """A separator seen on a page. `read`: by its code; else by its bars alone, which ask for nothing and could be a
    mistake.
    """

    instruction: Instruction
    read: bool = True


@dataclass(frozen=True)
class PageFinding:
    """What was found on one page of the file; `number` from 1, in the file's order."""

    number: int
    sheet: Sheet | None = None
    blank: bool = False


@dataclass(frozen=True)
class Cut:
    """What lies between two parts: `sheets` and blank backs, in order (`pages`); `read` when every sheet was read by
    its code. The cut opens part `part` (from 1), or ends the batch when nothing follows.
    """

    part: int
    pages: tuple[int, ...]
    sheets: tuple[int, ...]
    read: bool


@dataclass(frozen=True)
class Part:
    """One paper of the batch: its page numbers in the file, in reading order, and what its own sheet asked for."""

    number: int
    pages: tuple[int, ...]
    kind: str = ""
    dossier: str = ""


@dataclass(frozen=True)
class Plan:
    """How a file is cut. `collated`: fronts and backs were put together. `warnings`: codes for the clerk."""

    parts: tuple[Part, ...]
    cuts: tuple[Cut, ...]
    collated: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the file is one paper as it is: no sheet was found."""
        return not self.cuts and not self.collated


def plan(findings: Sequence[PageFinding]) -> Plan:
    """The parts of a file.

    A run of sheets (and the blank backs behind each) is one cut; what its sheets say is taken together, the later
    word wins. A run of nothing but blank pages is no paper: it goes with the cut before it.
    """
    ordered, collated, warnings = _sides_together(list(findings))
    parts: list[Part] = []
    cuts: list[Cut] = []
    for sheets, dropped, pages in _stretches(ordered):
        following = Instruction()
        for sheet in sheets:
            told = sheet.sheet.instruction if sheet.sheet else Instruction()
            following = Instruction(told.kind or following.kind, told.dossier or following.dossier)
        read = all(one.sheet is not None and one.sheet.read for one in sheets)
        if dropped:
            cuts.append(Cut(len(parts) + 1, _numbers(dropped), _numbers(sheets), read))
        if pages:
            parts.append(Part(len(parts) + 1, _numbers(pages), following.kind, following.dossier))
        if pages and sheets and not read:
            warnings = (*warnings, "separator-by-bars")
    return Plan(tuple(parts), tuple(_joined(cuts)), collated, tuple(sorted(set(warnings))))


def as_ranges(pages: Sequence[int]) -> str:
    """Page numbers as people write them: `2-4, 7`; an order that jumps is kept (`1, 6, 2, 5`)."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)


def from_ranges(text: str) -> tuple[int, ...]:
    """The page numbers of `as_ranges`."""
    pages: list[int] = []
    for run in filter(None, (each.strip() for each in text.split(","))):
        first, _dash, last = run.partition("-")
        pages.extend(range(int(first), int(last or first) + 1))
    return tuple(pages)


def interleaved(fronts: Sequence[int], backs: Sequence[int]) -> tuple[int, ...] | None:
    """Fronts in order and backs as they come out of the turned stack (last one first), put together; None when the
    numbers cannot belong to one stack. The last paper may be one-sided, so that one back may be missing.
    """
    if len(fronts) - len(backs) not in (0, 1):
        return None
    together: list[int] = []
    for place, front in enumerate(fronts):
        together.append(front)
        behind = len(fronts) - 1 - place if len(backs) == len(fronts) else len(fronts) - 2 - place
        if 0 <= behind < len(backs):
            together.append(backs[behind])
    return tuple(together)


def _sides_together(findings: list[PageFinding]) -> tuple[list[PageFinding], bool, tuple[str, ...]]:
    marks = [place for place, one in enumerate(findings) if one.sheet and one.sheet.instruction.backs]
    if not marks:
        return findings, False, ()
    mark = marks[0]
    fronts, sheet, backs = findings[:mark], findings[mark], findings[mark + 1 :]
    # The sheet closes the stack of fronts and is turned with it: its own back comes first, blank or with the code
    # shining through (readers read that too).
    own_back = bool(backs) and (backs[0].blank or marks[1:] == [mark + 1])
    for spare in (backs, backs[1:]) if own_back else (backs,):
        order = interleaved([one.number for one in fronts], [one.number for one in spare])
        if order is not None and marks[1:] in ([], [mark + 1]):
            by_number = {one.number: one for one in findings}
            rest = [one for one in backs if one not in spare]
            return [sheet, *rest, *(by_number[number] for number in order)], True, ()
    return findings, False, ("sides-do-not-match",)


def _stretches(
    ordered: Sequence[PageFinding],
) -> Iterator[tuple[list[PageFinding], list[PageFinding], list[PageFinding]]]:
    """(sheets, pages dropped at the cut, pages of the part) again and again, in order."""
    sheets: list[PageFinding] = []
    dropped: list[PageFinding] = []
    pages: list[PageFinding] = []
    for one in ordered:
        if one.sheet:
            if pages:
                yield from _settled(sheets, dropped, pages)
                sheets, dropped, pages = [], [], []
            sheets.append(one)
            dropped.append(one)
        elif one.blank and not pages and sheets:
            dropped.append(one)  # the back of the sheet in front of it
        else:
            pages.append(one)
    yield from _settled(sheets, dropped, pages)


def _settled(
    sheets: list[PageFinding], dropped: list[PageFinding], pages: list[PageFinding]
) -> Iterator[tuple[list[PageFinding], list[PageFinding], list[PageFinding]]]:
    if sheets or pages:
        yield sheets, dropped, pages


def _joined(cuts: list[Cut]) -> Iterator[Cut]:
    """Cuts in front of the same part are one."""
    for place, cut in enumerate(cuts):
        if place and cuts[place - 1].part == cut.part:
            continue
        same = [one for one in cuts[place:] if one.part == cut.part]
        yield Cut(
            cut.part,
            tuple(page for one in same for page in one.pages),
            tuple(page for one in same for page in one.sheets),
            all(one.read for one in same),
        )


def _numbers(findings: Sequence[PageFinding]) -> tuple[int, ...]:
    return tuple(one.number for one in findings)
