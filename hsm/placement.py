"""Where on the page an appearance goes: free paper, found by looking at the rendered page and its text layer.

Boxes are [x0, y0, x1, y1] in points, origin top-left of the displayed page, page numbers from 1. Refuses to cover
content as long as any free place exists on page 1; if none does, the place with the least ink is taken and `clear` is
false. What differs from the wanted place or size is told in the placement, to be recorded with the signature.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import pypdfium2 as pdfium

from hsm.blanks import Blanks, find_blanks
from hsm.paper import EDGE, Paper
from hsm.places import POINTS_PER_MILLIMETRE, Box, Nudge, Placement, PlacementError, Size
from hsm.signature_block import Line, between_position_and_name, text_lines

SCALES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
"""10 pt down to 5 pt, which can still be read on paper."""
COVERING = 0.7
"""The size of what must lie over content: a page of which no corner is free (a photograph, a map)."""
NUDGE_MILLIMETRES = 60.0
"""The farthest a person may move an appearance by hand; farther is another place, not a correction."""
SLACK = 24.0
"""Points that a form wider than the right half may stand away from the right."""
CORNER = 74.0
"""Points from the upper edge that still are the corner: 26 mm, the largest block with its clearance."""


@dataclass(frozen=True)
class _Page:
    """One page as it is displayed."""

    number: int
    size: tuple[float, float]
    rotation: int
    crop: Box

    def place(self, box: Box, scale: float = 1.0, clear: bool = True, moved: float = 0.0) -> Placement:
        return Placement(self.number, box, self.rotation, scale, clear, self.crop, moved)


class Layout:
    """A document that is looked at; opened once for all that is asked of it. Raises: PlacementError."""

    def __init__(self, path: Path) -> None:
        try:
            self._document = pdfium.PdfDocument(path)
            self._count = len(self._document)
        except pdfium.PdfiumError as error:
            raise PlacementError(str(error)) from error
        if self._count == 0:
            raise PlacementError("no pages")

    def __enter__(self) -> Layout:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._document.close()

    def top_right(self, forms: Sequence[Size]) -> tuple[Placement, int]:
        """Free space for a text block near the top right corner of page 1 (NĐ 30/2020 PL I mục II), and which of its
        `forms` (sizes in points, the best first) goes there.

        Full size in the corner itself, in any form; full size in the right half of the upper third; smaller there, then
        over its whole width, then anywhere on the page.
        """
        with self._opened(1) as (page, of):
            across, down = of.size
            corner = (across - EDGE, EDGE)
            # Most pages have room in the upper third: the rest of a large scan need not be painted.
            band, whole = Paper.of_page(page, 1 / 3), None
            for paper_share, area, scales in _searches(across, down):
                if paper_share == 1.0 and whole is None:
                    whole = Paper.of_page(page)
                for scale in scales:
                    for number, (width, height) in enumerate(forms):
                        reach = _reaching(area, width * scale)
                        box = (whole or band).nearest_free(reach, width * scale, height * scale)
                        if box is not None:
                            return of.place(box, scale, moved=_distance(box, corner)), number
            scale = COVERING
            assert whole is not None, "the last search looks at the whole page"
            width, height = forms[0]
            area = (across / 2, EDGE, across - EDGE, down / 3)
            box = whole.least_ink(area, width * scale, height * scale)
            return of.place(box, scale, clear=False, moved=_distance(box, corner)), 0

    def signature(self, width: float, height: float) -> Placement:
        """Where the leader's signature goes: centred between the position line and the name below it (ô 7c).

        `width` and `height` are the largest wanted size; proportions are kept. Without a position line in the text
        layer: free paper in the right half of the last page, from below.
        """
        for number in range(self._count, 0, -1):
            with self._opened(number) as (page, of):
                found = between_position_and_name(text_lines(page), of.size, width, height)
            if found is not None:
                return of.place(found, min(1.0, (found[2] - found[0]) / width))
        with self._opened(self._count) as (page, of):
            paper = Paper.of_page(page)
            across, down = of.size
        area = (across / 2, down / 3, across - EDGE, down - 40.0)
        for scale in SCALES:
            if box := paper.lowest_free(area, width * scale, height * scale):
                return of.place(box, scale)
        scale = COVERING
        return of.place(paper.least_ink(area, width * scale, height * scale), scale, clear=False)

    def seal(self, signature: Placement, width: float, height: float) -> Placement:
        """The seal at its true size, covering a third of the signature on its left (ô 8), kept on the paper."""
        with self._opened(signature.page) as (_, of):
            return seal_place(signature, width, height, of.size)

    def blanks(self) -> Blanks:
        """What the draft leaves open for the clerk on page 1 (see `hsm.blanks`)."""
        with self._opened(1) as (page, of):
            return find_blanks(text_lines(page), of.size)

    def place_on_first_page(self, box: Box) -> Placement:
        """A given box of page 1 as a placement."""
        with self._opened(1) as (_, of):
            return of.place(box)

    def nudged(self, place: Placement, nudge: Nudge) -> Placement:
        """The place after a person moved it. Raises: PlacementError (`nudge-off-page`)."""
        with self._opened(place.page) as (_, of):
            return nudged(place, nudge, of.size)

    def lines(self, number: int) -> list[Line]:
        """The text lines of a page."""
        with self._opened(number) as (page, _):
            return text_lines(page)

    @contextmanager
    def _opened(self, number: int) -> Iterator[tuple[pdfium.PdfPage, _Page]]:
        try:
            page = self._document[number - 1]
            of = _Page(number, page.get_size(), page.get_rotation(), page.get_cropbox())
            yield page, of
        except pdfium.PdfiumError as error:
            raise PlacementError(str(error)) from error
        page.close()


def _searches(across: float, down: float) -> Iterator[tuple[float, Box, tuple[float, ...]]]:
    """Share of the page to look at, area, and the sizes to try there."""
    right, left, third = across - EDGE, EDGE, down / 3
    yield 1 / 3, (across / 2, EDGE, right, EDGE + CORNER), SCALES[:1]
    yield 1 / 3, (across / 2, EDGE, right, third), SCALES
    yield 1 / 3, (left, EDGE, right, third), SCALES
    yield 1.0, (left, EDGE, right, down - EDGE), SCALES


def _reaching(area: Box, width: float) -> Box:
    """The area, begun further left for a form that is wider: it still ends at the right."""
    return max(EDGE, min(area[0], area[2] - width - SLACK)), area[1], area[2], area[3]


def seal_place(signature: Placement, width: float, height: float, page_size: tuple[float, float]) -> Placement:
    """The seal's box beside a signature's, in points; see `Layout.seal`."""
    x0, y0, x1, y1 = signature.box
    right = x0 + (x1 - x0) / 3
    left = min(max(right - width, EDGE), page_size[0] - width - EDGE)
    top = min(max((y0 + y1) / 2 - height / 2, EDGE), page_size[1] - height - EDGE)
    moved = math.hypot(left - (right - width), top - ((y0 + y1) / 2 - height / 2))
    return replace(signature, box=(left, top, left + width, top + height), scale=1.0, moved=moved, nudge=(0.0, 0.0))


def nudged(place: Placement, nudge: Nudge, page_size: tuple[float, float]) -> Placement:
    """The place moved by hand, wholly on the page. Raises: PlacementError (`nudge-off-page`)."""
    right, down = (part * POINTS_PER_MILLIMETRE for part in nudge)
    x0, y0, x1, y1 = place.box
    box = (x0 + right, y0 + down, x1 + right, y1 + down)
    outside = min(box) < 0 or box[2] > page_size[0] or box[3] > page_size[1]
    if outside or max(map(abs, nudge)) > NUDGE_MILLIMETRES:
        raise PlacementError(f"{nudge[0]:g} mm, {nudge[1]:g} mm", "nudge-off-page")
    return replace(place, box=box, nudge=nudge)


def apply_nudges(layout: Layout, places: dict[str, Placement], nudges: Mapping[str, Nudge]) -> dict[str, Placement]:
    """The places with what a person added to each; the leader's nudge does not carry the seal along."""
    return {slot: layout.nudged(place, nudges[slot]) if slot in nudges else place for slot, place in places.items()}


def _distance(box: Box, corner: tuple[float, float]) -> float:
    """Points from a box's top right corner to where it should be; the clearance every free place keeps is no move."""
    return max(0.0, math.hypot(corner[0] - box[2], box[1] - corner[1]) - 6.0)
