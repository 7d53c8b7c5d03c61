"""An official paper on A4 in the layout of NĐ 30/2020/NĐ-CP, Phụ lục I, marked as a draft.

Owns the drawing: margins 20/20/30/20 mm, serif 13-14, the two columns of the head, the number of each further page in
the middle of its upper margin, recipients to the left of the place for the signature.
"""

from __future__ import annotations

import io
from html import escape
from typing import Any

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer
from reportlab.platypus import Table as DrawnTable

from sync.province.printing.faces import BOLD, BOLD_ITALIC, ITALIC, REGULAR, load_faces, shown, width
from sync.province.printing.paper import Paper, Part, Table

LEFT, RIGHT, TOP, BOTTOM = 30 * mm, 20 * mm, 20 * mm, 20 * mm
WIDTH = A4[0] - LEFT - RIGHT
STATE, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
ENDING = 2
"""Paragraphs that stay on the page of the signature."""
LEFT_COLUMN = 0.42
"""Of the width; the motto needs the rest."""


def _style(name: str, face: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=face, fontSize=size, leading=size * 1.25, **more)


_BODY = _style("body", REGULAR, 14, alignment=TA_JUSTIFY, firstLineIndent=10 * mm, spaceBefore=6)
_HEADING = _style("heading", BOLD, 14, firstLineIndent=10 * mm, spaceBefore=8, keepWithNext=1)
_POINT = _style("point", REGULAR, 14, alignment=TA_JUSTIFY, firstLineIndent=10 * mm, spaceBefore=4)
_CELL, _CELL_HEAD = _style("cell", REGULAR, 10.5), _style("cell-head", BOLD, 10.5, alignment=TA_CENTER)
_MIDDLE = {
    name: _style(name, face, size, alignment=TA_CENTER)
    for name, face, size in (
        ("parent", REGULAR, 12), ("office", BOLD, 12), ("state", BOLD, 12), ("motto", BOLD, 13),
        ("number", REGULAR, 13), ("dated", ITALIC, 13), ("about", REGULAR, 12),
        ("kind", BOLD, 14), ("subject", BOLD, 14), ("to", REGULAR, 14),
        ("position", BOLD, 14), ("signs", ITALIC, 12),
    )
}  # fmt: skip
_COPIES_HEAD, _COPIES = _style("copies-head", BOLD_ITALIC, 12), _style("copies", REGULAR, 11)


class _Rule(Flowable):
    """A line of its own in the middle of its cell; `long` in points."""

    def __init__(self, long: float) -> None:
        super().__init__()
        self._long, self._room = long, 0.0

    def wrap(self, room: float, _height: float) -> tuple[float, float]:
        """Takes the whole width, four points of height."""
        self._room = room
        return room, 4

    def draw(self) -> None:
        """One line."""
        begin = (self._room - self._long) / 2
        self.canv.setLineWidth(0.6)
        self.canv.line(begin, 2, begin + self._long, 2)


def paper_pdf(paper: Paper) -> bytes:
    """The paper as PDF. Raises FaceMissing."""
    load_faces()
    into = io.BytesIO()
    frame = Frame(LEFT, BOTTOM, WIDTH, A4[1] - TOP - BOTTOM, 0, 0, 0, 0)
    made = BaseDocTemplate(
        into, pagesize=A4, title=paper.subject, author=paper.head.office, lang="vi-VN", pageCompression=1
    )
    made.addPageTemplates(PageTemplate("page", [frame], onPage=_number))
    story: list[Flowable] = [_head(paper), Spacer(0, 10)]
    if paper.kind:
        story += [_said(paper.kind, _MIDDLE["kind"]), _said(paper.subject, _MIDDLE["subject"]), _Rule(WIDTH / 4)]
    if paper.to:
        story += [Spacer(0, 6), _said(f"Kính gửi: {paper.to}", _MIDDLE["to"]), Spacer(0, 4)]
    body = [flowable for part in paper.parts for flowable in _part(part)]
    # No signature stands alone on a page: the last words go with it.
    split = len(body) if not paper.parts or paper.parts[-1].table else max(0, len(body) - ENDING)
    story += [*body[:split], KeepTogether([*body[split:], Spacer(0, 12), _foot(paper)])]
    made.build(story)
    return into.getvalue()


def _said(text: str, style: ParagraphStyle) -> Paragraph:
    # A row of blanks is room to be filled in by hand, and a sign of percent stays with its figure.
    kept = text.replace("  ", "\u00a0\u00a0").replace("\u00a0 ", "\u00a0\u00a0").replace(" %", "\u00a0%")
    return Paragraph(escape(shown(kept, style.fontName), quote=False), style)


def _head(paper: Paper) -> Flowable:
    """Two columns: who writes, number, what it is about; the state, its motto, place and date."""
    head, left = paper.head, WIDTH * LEFT_COLUMN
    who: list[Flowable] = [_said(head.parent.upper(), _MIDDLE["parent"])] if head.parent else []
    who += [_said(head.office.upper(), _MIDDLE["office"]), _Rule(left * 0.4), _said(paper.number, _MIDDLE["number"])]
    if not paper.kind:
        who += [Spacer(0, 4), _said(f"V/v {paper.subject}", _MIDDLE["about"])]
    state: list[Flowable] = [
        _said(STATE, _MIDDLE["state"]), _said(MOTTO, _MIDDLE["motto"]), _Rule(width(MOTTO, BOLD, 13)), Spacer(0, 8),
        _said(paper.dated, _MIDDLE["dated"]), Spacer(0, 6), _draft(),
    ]  # fmt: skip
    return _side_by_side(who, state, left)


def _draft() -> Flowable:
    """Between two empty columns, in the middle of its own."""
    side = (WIDTH * (1 - LEFT_COLUMN) - 32 * mm) / 2
    box = DrawnTable([["", _said("DỰ THẢO", _MIDDLE["kind"]), ""]], colWidths=[side, 32 * mm, side])
    box.setStyle([("BOX", (1, 0), (1, 0), 0.8, "black"), ("TOPPADDING", (0, 0), (-1, -1), 1)])
    return box


def _side_by_side(left: list[Flowable], right: list[Flowable], first: float) -> DrawnTable:
    drawn = DrawnTable([[left, right]], colWidths=[first, WIDTH - first])
    bare = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    drawn.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *bare])
    return drawn


def _part(part: Part) -> list[Flowable]:
    story: list[Flowable] = [_said(part.heading, _HEADING)] if part.heading else []
    if part.text:
        story.append(_said(part.text, _BODY))
    story += [_said(f"- {point}", _POINT) for point in part.points]
    if part.table is not None:
        story += [Spacer(0, 6), _table(part.table)]
    return story


def _table(table: Table) -> DrawnTable:
    cells = [[_said(text, _CELL_HEAD) for text in table.columns]]
    cells += [[_said(text, _CELL) for text in row] for row in table.rows]
    whole = sum(table.wide)
    drawn = DrawnTable(cells, colWidths=[WIDTH * share / whole for share in table.wide], repeatRows=1)
    drawn.setStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.5, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
    )  # fmt: skip
    return drawn


def _foot(paper: Paper) -> Flowable:
    copies = [_said("Nơi nhận:", _COPIES_HEAD), *(_said(f"- {copy}", _COPIES) for copy in paper.copies)]
    signs: list[Flowable] = [
        _said(paper.head.position.upper() or "……………………", _MIDDLE["position"]),
        Spacer(0, 26 * mm),
        _said("(Chữ ký của người có thẩm quyền, dấu/chữ ký số của cơ quan)", _MIDDLE["signs"]),
    ]
    return _side_by_side(copies, signs, WIDTH * LEFT_COLUMN)


def _number(canvas: Canvas, _made: BaseDocTemplate) -> None:
    """The number of every page but the first, in the middle of the upper margin."""
    if canvas.getPageNumber() > 1:
        canvas.setFont(REGULAR, 13)
        canvas.drawCentredString(A4[0] / 2, A4[1] - 13 * mm, str(canvas.getPageNumber()))
