"""A slip on A5 paper: office and motto, title, lines, a list, two signatures, a square code for phones."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.renderPDF import draw
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A5
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from appliance.printing.faces import BOLD, ITALIC, REGULAR, load_faces, shown, wrapped
from appliance.printing.slips import Slip

LEFT, BOTTOM, SIZE, LEADING = 14 * mm, 12 * mm, 11.0, 14.0
WIDTH = A5[0] - 2 * LEFT
CODE_SIDE = 30 * mm


def slip_pdf(slip: Slip) -> bytes:
    """The slip as PDF.

    Raises:
        FontError: no serif face with every Vietnamese letter is installed.
    """
    load_faces()
    into = io.BytesIO()
    canvas = Canvas(into, pagesize=A5, pageCompression=1, lang="vi-VN")
    canvas.setTitle(slip.title)
    canvas.setAuthor(slip.office)
    y = _head(canvas, slip)
    for label, text in slip.lines:
        y = _line(canvas, f"{label}:", text or "……………", y)
    y = _line(canvas, f"{slip.list_title}:", "", y - 3)
    for number, text in enumerate(slip.listed, 1):
        y = _line(canvas, "", f"{number}. {text}", y)
    if y < BOTTOM + CODE_SIDE + 30 * mm:
        canvas.showPage()
        y = A5[1] - 20 * mm
    _foot(canvas, slip, y)
    canvas.save()
    return into.getvalue()


def _head(canvas: Canvas, slip: Slip) -> float:
    top = A5[1] - 14 * mm
    left, right = LEFT + WIDTH * 0.24, LEFT + WIDTH * 0.72
    y = top
    for line in wrapped(slip.office.upper(), BOLD, 10, WIDTH * 0.46):
        _middle(canvas, line, BOLD, 10, left, y)
        y -= 12
    canvas.line(left - 15 * mm, y + 6, left + 15 * mm, y + 6)
    _middle(canvas, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", BOLD, 9, right, top)
    _middle(canvas, "Độc lập - Tự do - Hạnh phúc", BOLD, 10, right, top - 12)
    canvas.line(right - 20 * mm, top - 16, right + 20 * mm, top - 16)
    y = min(y, top - 16) - 15
    _middle(canvas, slip.number, REGULAR, 10.5, left, y)
    _middle(canvas, slip.place, ITALIC, 10.5, right, y)
    y -= 28
    for line in wrapped(slip.title, BOLD, 13, WIDTH):
        _middle(canvas, line, BOLD, 13, A5[0] / 2, y)
        y -= 16
    return y - 6


def _middle(canvas: Canvas, text: str, face: str, size: float, x: float, y: float) -> None:
    canvas.setFont(face, size)
    canvas.drawCentredString(x, y, shown(text, face))


def _line(canvas: Canvas, label: str, text: str, y: float) -> float:
    """A label in bold and its text after it, over as many lines as they need; a new page when there is no room."""
    begin = canvas.stringWidth(label, BOLD, SIZE) + (4 if label else 10)
    first = wrapped(text, REGULAR, SIZE, WIDTH - begin)[:1]
    rest: Sequence[str] = wrapped(text[len(first[0]) :] if first else "", REGULAR, SIZE, WIDTH - 10)
    for index, line in enumerate([*(first or [""]), *rest]):
        if y < BOTTOM + LEADING:
            canvas.showPage()
            y = A5[1] - 20 * mm
        if index == 0 and label:
            canvas.setFont(BOLD, SIZE)
            canvas.drawString(LEFT, y, label)
        canvas.setFont(REGULAR, SIZE)
        canvas.drawString(LEFT + (begin if index == 0 else 10), y, line)
        y -= LEADING
    return y


def _foot(canvas: Canvas, slip: Slip, y: float) -> None:
    for index, name in enumerate(slip.signers):
        x = LEFT + WIDTH * (0.25 + 0.5 * index)
        _middle(canvas, name, BOLD, 10.5, x, y - 10)
        _middle(canvas, "(Ký, ghi rõ họ tên)", ITALIC, 9.5, x, y - 22)
    text_left = LEFT
    if slip.code_text:
        code = QrCodeWidget(slip.code_text, barLevel="M", barWidth=CODE_SIDE, barHeight=CODE_SIDE)
        drawing = Drawing(CODE_SIDE, CODE_SIDE)
        drawing.add(code)
        draw(drawing, canvas, LEFT - 2 * mm, BOTTOM - 4 * mm)
        text_left += CODE_SIDE + 2 * mm
    height = BOTTOM + 8 * mm
    for line in wrapped(slip.footer, ITALIC, 9.5, A5[0] - LEFT - text_left):
        canvas.setFont(ITALIC, 9.5)
        canvas.drawString(text_left, height, line)
        height -= 12
