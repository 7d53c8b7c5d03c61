"""What a PDF page is made of: one or several scanner pictures, or drawing.

Owns the reading of a page's content stream as far as it takes to tell a scan (pictures, perhaps with an invisible
text layer) from a drawn page, and the places of its pictures. It decodes no picture. Whatever it does not understand
for sure - transparency, masks, layers, slanted pictures, visible ink of its own - makes the page a drawn one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pikepdf

from scanner_intake.source_geometry import UNIT, bounds, then, upright
from scanner_intake.source_types import Matrix, Size

_MOST_CONTENT = 500_000  # bytes of a page's own drawing; a scan with its text layer needs a tenth
_MOST_DEPTH = 4
_MOST_PICTURES = 400
_COVERS = 0.97
_SCAN = 0.5
_WORDS = frozenset(("Tj", "TJ", "'", '"'))
_FILLS = frozenset(("f", "F", "f*"))
_INK = frozenset(("S", "s", "B", "B*", "b", "b*", "sh", "INLINE IMAGE"))
_LINES = frozenset(("m", "l", "c", "v", "y"))
_COLOURS = frozenset(("g", "rg", "k", "sc", "scn", "cs"))
_WHITE = {"g": [1.0], "rg": [1.0, 1.0, 1.0], "k": [0.0, 0.0, 0.0, 0.0]}
_BLACK = {"g": [0.0], "rg": [0.0, 0.0, 0.0]}
_KNOWN = " ".join(sorted(_WORDS | _FILLS | _INK | _LINES | _COLOURS)) + " q Q cm Do gs Tr re h W W* n BDC BI ID EI"


@dataclass
class Content:
    """What one page shows. `pictures` are (XObject, matrix on the displayed page); a page that is `drawn` has none.

    `words` says that visible text is on the page; `covered` is the part of the page under its largest picture.
    """

    pictures: list[tuple[Any, Matrix]] = field(default_factory=list)
    drawn: bool = False
    words: bool = False
    covered: float = 0.0


@dataclass
class _State:
    matrix: Matrix
    clip: tuple[float, float, float, float] | None = None
    hidden: bool = False
    fill: str = "black"


class _Drawn(Exception):
    """The page has to be drawn."""


def content_of(page: pikepdf.Page, size: Size, shown: Matrix) -> Content:
    """Reads a page of displayed `size`; `shown` leads from its own coordinates to the displayed page."""
    found = Content()
    try:
        if _length(page) > _MOST_CONTENT:
            raise _Drawn
        _Walk(found, size).walk(page, page.get("/Resources"), _State(shown), 0)
        if not found.pictures or not _side_by_side(found.pictures, size):
            raise _Drawn
    except _Drawn:
        found.drawn = True
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        found.drawn = True  # what qpdf cannot read a renderer may still show
    if found.drawn:
        found.pictures = []
    return found


def _length(page: pikepdf.Page) -> int:
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    return sum(len(each.read_bytes()) for each in streams if isinstance(each, pikepdf.Stream))


class _Walk:
    def __init__(self, found: Content, size: Size) -> None:
        self._found = found
        self._size = size
        self._left = 60_000

    def walk(self, owner: Any, resources: Any, state: _State, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise _Drawn
        kept: list[_State] = []
        path: list[tuple[float, ...] | None] = []
        clipping = False
        for each in pikepdf.parse_content_stream(owner, _KNOWN):
            self._left -= 1
            if self._left < 0:
                raise _Drawn
            name = str(each.operator)
            if name == "q":
                kept.append(replace(state))
            elif name == "Q" and kept:
                state = kept.pop()
            elif name == "cm":
                state.matrix = then(_matrix(each.operands), state.matrix)
            elif name == "Do":
                self._show(resources["/XObject"][str(each.operands[0])], resources, state, depth)
            elif name == "re":
                path.append(tuple(float(number) for number in each.operands))
            elif name in _LINES:
                path.append(None)
            elif name in ("W", "W*"):
                clipping = True
            elif name == "n" or name in _FILLS or name in _INK:
                if clipping:
                    state.clip = _within(state, path)
                if name != "n":
                    self._ink(name, state)
                path, clipping = [], False
            else:
                self._settings(name, each.operands, resources, state)

    def _settings(self, name: str, operands: Any, resources: Any, state: _State) -> None:
        if name == "Tr":
            state.hidden = int(operands[0]) in (3, 7)
        elif name in _WORDS and not state.hidden:
            self._found.words = True
            self._found.drawn = True
        elif name in _COLOURS:
            values = [float(each) for each in operands] if name in _WHITE else None
            white, black = values == _WHITE.get(name, ()), values == _BLACK.get(name, ())
            state.fill = "white" if white else "black" if black else "other"
        elif name == "gs":
            _check_plain(resources["/ExtGState"][str(operands[0])])
        elif name == "BDC" and str(operands[0]) == "/OC":
            raise _Drawn

    def _ink(self, name: str, state: _State) -> None:
        if name in _FILLS and state.fill == "white" and not self._found.pictures:
            return  # a white ground under the picture
        self._found.drawn = True

    def _show(self, thing: Any, resources: Any, state: _State, depth: int) -> None:
        if "/OC" in thing:
            raise _Drawn
        if thing.get("/Subtype") == "/Form":
            inner = replace(state)
            inner.matrix = then(_matrix(thing.get("/Matrix", UNIT)), state.matrix)
            self.walk(thing, thing.get("/Resources", resources), inner, depth + 1)
            return
        self._measure(state.matrix)
        if "/SMask" in thing or "/Mask" in thing or not upright(state.matrix):
            raise _Drawn
        if thing.get("/ImageMask", False) and state.fill != "black":
            raise _Drawn
        if _cut(bounds(state.matrix), state.clip, self._size):
            raise _Drawn
        if _cover(state.matrix, self._size) > _COVERS and not thing.get("/ImageMask", False):
            # Opaque and as large as the page: nothing painted before it can be seen.
            self._found.pictures, self._found.drawn, self._found.words = [], False, False
        self._found.pictures.append((thing, state.matrix))
        if len(self._found.pictures) > _MOST_PICTURES:
            raise _Drawn

    def _measure(self, matrix: Matrix) -> None:
        self._found.covered = max(self._found.covered, _cover(matrix, self._size))


def _matrix(operands: Any) -> Matrix:
    a, b, c, d, e, f = (float(each) for each in operands)
    return (a, b, c, d, e, f)


def _within(state: _State, path: list[tuple[float, ...] | None]) -> tuple[float, float, float, float]:
    """The clip after one more rectangle; any other shape makes the page a drawn one."""
    if len(path) != 1 or path[0] is None or not upright(state.matrix):
        raise _Drawn
    x, y, width, height = path[0]
    new = bounds(then((width, 0.0, 0.0, height, x, y), state.matrix))
    old = state.clip
    if old is None:
        return new
    return (max(old[0], new[0]), max(old[1], new[1]), min(old[2], new[2]), min(old[3], new[3]))


def _cut(box: tuple[float, ...], clip: tuple[float, ...] | None, size: Size) -> bool:
    """Whether the clip takes more than a hair off the visible part of the picture."""
    if clip is None:
        return False
    visible = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], size[0]), min(box[3], size[1]))
    slack = 1.5
    return (
        clip[0] > visible[0] + slack
        or clip[1] > visible[1] + slack
        or clip[2] < visible[2] - slack
        or clip[3] < visible[3] - slack
    )


def _cover(matrix: Matrix, size: Size) -> float:
    left, bottom, right, top = bounds(matrix)
    width = max(0.0, min(right, size[0]) - max(left, 0.0))
    height = max(0.0, min(top, size[1]) - max(bottom, 0.0))
    return width * height / max(size[0] * size[1], 1e-6)


def _check_plain(setting: Any) -> None:
    """Refuses graphics states that make anything transparent."""
    if (
        setting.get("/SMask", "/None") != "/None"
        or float(setting.get("/ca", 1)) < 1
        or float(setting.get("/CA", 1)) < 1
    ):
        raise _Drawn
    blend = setting.get("/BM", "/Normal")
    if blend not in ("/Normal", "/Compatible"):
        raise _Drawn


def _side_by_side(pictures: list[tuple[Any, Matrix]], size: Size) -> bool:
    """Whether the pictures (strips or tiles) make up a page without lying over each other."""
    boxes = [bounds(matrix) for _, matrix in pictures]
    slack = 0.6
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            if min(one[2], other[2]) - max(one[0], other[0]) > slack and (
                min(one[3], other[3]) - max(one[1], other[1]) > slack
            ):
                return False
    return sum(_cover(matrix, size) for _, matrix in pictures) >= _SCAN
