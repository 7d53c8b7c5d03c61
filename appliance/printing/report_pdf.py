"""A report on A4: heading of the office, tables of counts and shares, a plain chart, what is not signed."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from appliance.printing.faces import BOLD, ITALIC, REGULAR, load_faces, shown, wrapped
from appliance.printing.report_sheet import PrintedTable, ReportSheet

LEFT, RIGHT, TOP, BOTTOM = 30 * mm, 15 * mm, 20 * mm, 20 * mm
WIDTH = A4[0] - LEFT - RIGHT
SIZE, LEADING, PAD = 12.0, 14.5, 3.0


class _Pen:
    """A place on the paper that moves down and begins a new page when there is no room."""

    def __init__(self, canvas: Canvas, sheet: ReportSheet) -> None:
        self.canvas, self._sheet, self._page = canvas, sheet, 1
        self.y = A4[1] - TOP

    def room(self, height: float) -> None:
        """Make sure of ``height`` points."""
        if self.y - height < BOTTOM:
            self.turn()

    def turn(self) -> None:
        """End the page."""
        self.canvas.setFont(REGULAR, 9)
        self.canvas.drawCentredString(A4[0] / 2, 10 * mm, f"Trang {self._page}")
        self.canvas.drawRightString(A4[0] - RIGHT, 10 * mm, f"In lúc {self._sheet.printed}")
        self.canvas.showPage()
        self.canvas.setLineWidth(0.5)
        self._page += 1
        self.y = A4[1] - TOP

    def middle(self, text: str, face: str, size: float) -> None:
        """A centred text."""
        for line in wrapped(text, face, size, WIDTH):
            self.room(size * 1.4)
            self.y -= size * 1.25
            self.canvas.setFont(face, size)
            self.canvas.drawCentredString(LEFT + WIDTH / 2, self.y, line)

    def row(self, cells: Sequence[str], widths: Sequence[float], face: str, right: Sequence[int] = ()) -> None:
        """A framed row of a table; the columns in ``right`` end at their right edge."""
        lines = [wrapped(cell, face, SIZE, width - 2 * PAD) for cell, width in zip(cells, widths, strict=True)]
        height = max(1, *map(len, lines)) * LEADING + PAD
        self.room(height)
        x = LEFT
        self.canvas.setFont(face, SIZE)
        for index, (texts, width) in enumerate(zip(lines, widths, strict=True)):
            self.canvas.rect(x, self.y - height, width, height)
            for number, text in enumerate(texts):
                y = self.y - LEADING * (number + 1) + 2.5
                if index in right:
                    self.canvas.drawRightString(x + width - PAD, y, text)
                else:
                    self.canvas.drawString(x + PAD, y, text)
            x += width
        self.y -= height


def report_pdf(sheet: ReportSheet) -> bytes:
    """The report as PDF.

    Raises:
        FontError: no serif face with every Vietnamese letter is installed.
    """
    load_faces()
    into = io.BytesIO()
    canvas = Canvas(into, pagesize=A4, pageCompression=1, lang="vi-VN")
    canvas.setTitle(f"{sheet.title} - {sheet.period}")
    canvas.setAuthor(sheet.office)
    canvas.setLineWidth(0.5)
    pen = _Pen(canvas, sheet)
    pen.middle(sheet.office.upper(), BOLD, 13)
    pen.y -= 10
    pen.middle(sheet.title.upper(), BOLD, 15)
    pen.middle(sheet.period, ITALIC, 13)
    pen.y -= 12
    for table in sheet.tables:
        _table(pen, table)
        if table is sheet.tables[1] and sheet.remark:
            _text(pen, sheet.remark)
    _chart(pen, sheet)
    if sheet.unsigned:
        _unsigned(pen, sheet)
    pen.turn()
    canvas.save()
    return into.getvalue()


def _heading(pen: _Pen, text: str, rows: int = 2) -> None:
    pen.room(20 + rows * (LEADING + PAD))
    pen.y -= 18
    pen.canvas.setFont(BOLD, 12.5)
    pen.canvas.drawString(LEFT, pen.y, shown(text, BOLD))
    pen.y -= 6


def _table(pen: _Pen, table: PrintedTable) -> None:
    widths = (WIDTH - 55 * mm, 30 * mm, 25 * mm)
    _heading(pen, table.title, min(len(table.lines) + 1, 4))
    pen.row(("Nội dung", "Số lượng", "Tỷ lệ"), widths, BOLD, (1, 2))
    for line in table.lines:
        pen.row(line, widths, REGULAR, (1, 2))


def _text(pen: _Pen, text: str) -> None:
    pen.y -= 4
    for line in wrapped(text, ITALIC, SIZE, WIDTH):
        pen.room(LEADING)
        pen.y -= LEADING
        pen.canvas.setFont(ITALIC, SIZE)
        pen.canvas.drawString(LEFT, pen.y, line)


def _chart(pen: _Pen, sheet: ReportSheet) -> None:
    """Two bars a place: incoming dark, outgoing light; nothing when there is nothing to compare."""
    most = max((max(came, went) for _, came, went in sheet.series), default=0)
    if not most or len(sheet.series) < 2:
        return
    height, step = 45 * mm, WIDTH / len(sheet.series)
    pen.room(height + 50)
    _heading(pen, "Văn bản đến (đậm) và văn bản đi (nhạt)")
    base = pen.y - height - 6
    every = -(-len(sheet.series) // 16)
    for index, (place, came, went) in enumerate(sheet.series):
        x = LEFT + index * step
        for offset, count, gray in ((0.12, came, 0.25), (0.5, went, 0.65)):
            pen.canvas.setFillGray(gray)
            pen.canvas.rect(x + offset * step, base, 0.36 * step, height * count / most, stroke=0, fill=1)
        pen.canvas.setFillGray(0)
        if index % every == 0:
            pen.canvas.setFont(REGULAR, 8)
            pen.canvas.drawCentredString(x + step / 2, base - 10, place)
    pen.canvas.line(LEFT, base, LEFT + WIDTH, base)
    pen.canvas.setFont(REGULAR, 8)
    pen.canvas.drawString(LEFT, base + height + 2, str(most))
    pen.y = base - 16


def _unsigned(pen: _Pen, sheet: ReportSheet) -> None:
    _heading(pen, f"Văn bản đi chưa đủ chữ ký số ({len(sheet.unsigned)})", 3)
    widths = (15 * mm, 40 * mm, WIDTH - 55 * mm)
    pen.row(("Số", "Số, ký hiệu", "Tên loại và trích yếu"), widths, BOLD)
    for row in sheet.unsigned:
        pen.row(row, widths, REGULAR)
