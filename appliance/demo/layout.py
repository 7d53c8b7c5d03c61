"""The layout of a Vietnamese administrative paper: Decree 30/2020, annex I (ô 1 to 11), on sheets of A4.

Owns where each element stands, its size and style, and how the text runs over pages. It refuses to know about
scanners. Invariant: `compose` returns exactly `paper.pages` sheets or raises, so a paper's number of pages is ground
truth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.demo import closing, heading
from appliance.demo.sheet import Item, Sheet, Word, broken, mm_of, set_line
from appliance.demo.texts import Paper

LEFT, RIGHT, TOP, BOTTOM = 30.0, 192.0, 20.0, 277.0
ROOM = RIGHT - LEFT
_INDENT = 10.0
_TITLED = ("Căn cứ ", "Theo đề nghị ", "Xét đề nghị ")


class DoesNotFit(Exception):
    """The text needs another number of pages than the paper claims: (key, pages needed, pages claimed)."""

    code = "paper-does-not-fit"


@dataclass(frozen=True)
class Type:
    """Body type a typist may choose to fill the pages: points, line spacing, space before a paragraph in points."""

    points: float
    spacing: float
    before: float

    @property
    def line(self) -> float:
        """Height of a line in mm; single spacing of Times New Roman is 1.15 of its size."""
        return mm_of(self.points * 1.15 * self.spacing)


# Decree 30/2020: 13-14 points, single to one and a half, at least 6 points before a paragraph. The roomiest that
# fits is taken.
_TYPES = (Type(14, 1.25, 6), Type(14, 1.12, 6), Type(14, 1.0, 6), Type(13, 1.12, 6), Type(13, 1.0, 6))


def compose(paper: Paper, dpi: int) -> list[Sheet]:
    """The sheets of a paper, toner and coloured marks, ready to be scanned.

    Raises DoesNotFit when its text cannot be set on exactly `paper.pages` pages.
    """
    needed = 0
    for kind in _TYPES:
        first = Sheet(dpi)
        top = heading.print_heading(first, paper)
        items = [item for paragraph in paper.body for item in _items(first, paper, paragraph, kind)]
        pages = _paginated(items, closing.height(first, paper), top)
        needed = len(pages)
        if needed <= paper.pages:
            break
    if needed != paper.pages:
        raise DoesNotFit(paper.key, needed, paper.pages)
    sheets = [first, *(Sheet(dpi) for _ in pages[1:])]
    for number, (sheet, strips) in enumerate(zip(sheets, pages, strict=True), 1):
        if number > 1:
            sheet.text((LEFT + RIGHT) / 2, 14, str(number), "regular", 14, "m")
        for item, y in strips:
            item.draw(sheet, y)
    last, foot = pages[-1][-1]
    closing.print_closing(sheets[-1], paper, foot + last.height)
    return sheets


def _paginated(items: list[Item], closing_height: float, top: float) -> list[list[tuple[Item, float]]]:
    """Strips with their heights on pages; what belongs together stays together, the signature block never stands
    alone.
    """
    pages: list[list[tuple[Item, float]]] = [[]]
    y = top
    for i, item in enumerate(items):
        before = item.before if pages[-1] else 0.0
        if y + before + _together(items, i, closing_height) > BOTTOM and pages[-1]:
            pages.append([])
            y, before = TOP, 0.0
        pages[-1].append((item, y + before))
        y += before + item.height
    return pages


def _together(items: list[Item], i: int, closing_height: float) -> float:
    """Height of the strips from `i` on that may not be parted, with the closing if they reach it."""
    tall = items[i].height
    while items[i].with_next and i + 1 < len(items):
        i += 1
        tall += items[i].before + items[i].height
    return tall + (closing_height if i == len(items) - 1 else 0.0)


def _items(sheet: Sheet, paper: Paper, paragraph: str, kind: Type) -> list[Item]:
    if "\t" in paragraph:
        return _table(sheet, paragraph, kind)
    words, centred, is_heading = _styled(paper, paragraph)
    indent = 0.0 if centred else _INDENT
    lines = broken(sheet, words, kind.points, ROOM, indent)
    items = []
    for i, line in enumerate(lines):
        first, last = i == 0, i == len(lines) - 1

        def draw(on: Sheet, top: float, line: list[Word] = line, first: bool = first, last: bool = last) -> None:
            baseline = top + kind.line * 0.76
            if centred:
                on.text((LEFT + RIGHT) / 2, baseline, " ".join(w for w, _ in line), "bold", kind.points, "m")
                return
            shift = indent if first else 0.0
            set_line(on, line, LEFT + shift, baseline, ROOM - shift, kind.points, not last)

        # Neither the first nor the last line of a paragraph stands alone on a page.
        kept = is_heading or (not last and (first or i == len(lines) - 2))
        items.append(Item(mm_of(kind.before) if first else 0.0, kind.line, draw, with_next=kept))
    return items


def _styled(paper: Paper, paragraph: str) -> tuple[list[Word], bool, bool]:
    """Words with styles, whether the paragraph is centred, whether it heads the next one; read off its wording."""
    words = paragraph.split()
    capitals = paragraph == paragraph.upper() and any(c.isalpha() for c in paragraph)
    if capitals and (paragraph.endswith(":") or paragraph == paper.issuer):
        return [(w, "bold") for w in words], True, True
    is_title = len(paragraph) < 90 and paragraph[-1] not in ".;:/"
    if is_title and (capitals or re.match(r"(\d+\.|Điều \d+\.) ", paragraph)):
        return [(w, "bold") for w in words], False, True
    if paper.type_name == "Quyết định" and paragraph.startswith(_TITLED):
        return [(w, "italic") for w in words], False, False
    bold = 2 if re.match(r"Điều \d+\. ", paragraph) else 0
    return [(w, "bold" if i < bold else "regular") for i, w in enumerate(words)], False, False


def _table(sheet: Sheet, paragraph: str, kind: Type) -> list[Item]:
    rows = [row.split("\t") for row in paragraph.split("\n")]
    shares = [1.5] + [1.0] * (len(rows[0]) - 1)
    edges = [LEFT + ROOM * sum(shares[:i]) / sum(shares) for i in range(len(shares) + 1)]
    height = mm_of(kind.points) * 1.75
    items = []
    for i, cells in enumerate(rows):
        style = "bold" if i in (0, len(rows) - 1) else "regular"

        def draw(on: Sheet, top: float, cells: list[str] = cells, style: str = style, first: bool = i == 0) -> None:
            for y in (top, top + height) if first else (top + height,):
                on.rule(LEFT, RIGHT, y)
            for x in edges:
                on.post(x, top, top + height)
            for cell, x0, x1 in zip(cells, edges[:-1], edges[1:], strict=True):
                on.text((x0 + x1) / 2, top + height * 0.68, cell, style, kind.points - 1, "m")

        items.append(Item(2.5 if i == 0 else 0.0, height, draw, with_next=i < len(rows) - 1))
    return items
