"""The pages of a paper as pictures with marks: how large each is, and where fields, signatures and planned places lie.

Owns putting the marks of a paper on its pages. Refuses to decide what may be seen: ``standing.picture_source`` says
which file may be shown, and a concealed paper has no sheets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.store import standing, views
from appliance.web.deeds import EDITABLE
from appliance.web.nudging import Nudging
from appliance.web.pictures import Drawn, NoPicture, Pictures

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sheet:
    """One page: its number (1-based), its size in points, and marks as (what, name, box in points)."""

    number: int
    across: float
    down: float
    marks: tuple[tuple[str, str, Box], ...] = ()


async def first_picture(pictures: Pictures, sha256: str) -> Drawn | None:
    """The picture of the first page, which also tells the sizes of all; None where there is none to show."""
    if not sha256:
        return None
    try:
        return await pictures.page(sha256, 1)
    except NoPicture:
        return None


def plain_sheets(drawn: Drawn | None) -> tuple[Sheet, ...]:
    """Sheets without marks."""
    sizes = drawn.sizes if drawn else ()
    return tuple(Sheet(number, across, down) for number, (across, down) in enumerate(sizes, 1))


async def sheets_of(pictures: Pictures, paper: views.Paper, nudging: Nudging) -> tuple[Sheet, ...]:
    """The sheets of a paper with the places of its fields, its signatures and what is planned."""
    source = standing.picture_source(paper.document) if not paper.concealed else ""
    marks = _marks(paper, nudging)
    plain = plain_sheets(await first_picture(pictures, source))
    return tuple(Sheet(one.number, one.across, one.down, tuple(marks.get(one.number, ()))) for one in plain)


def _marks(paper: views.Paper, nudging: Nudging) -> Mapping[int, list[tuple[str, str, Box]]]:
    marks: dict[int, list[tuple[str, str, Box]]] = {}
    for name, value in paper.document.fields.items():
        if value.page and value.value and name in EDITABLE:
            marks.setdefault(value.page, []).append(("field", name, value.box))
    for signature in paper.document.signatures:
        if signature.page:
            marks.setdefault(signature.page, []).append(("signature", signature.slot.value, signature.box))
    for number, slot, box in nudging.planned:
        marks.setdefault(number, []).append(("planned", slot, box))
    return marks
