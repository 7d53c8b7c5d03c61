"""A register printed in the official form: cover, opening page, the table on A4 landscape, closing page.

Source: NĐ 30/2020/NĐ-CP, Phụ lục IV: cover and first page name the office, the book, its year, days, numbers and
volume; the first page is signed and sealed before use; each column has its number. Pages are numbered, so that a bound
book shows a missing one.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from appliance.printing.faces import BOLD, ITALIC, REGULAR, load_faces, shown, width, wrapped
from appliance.printing.sheets import PrintedLine, Sheet

PAGE = landscape(A4)
LEFT, TOP, BOTTOM = 15 * mm, 14 * mm, 14 * mm
SIZE, LEADING, PAD = 9.0, 11.0, 1.2 * mm


def register_pdf(sheet: Sheet) -> bytes:
    """The whole book as one PDF.

    Raises:
        FontError: no serif face with every Vietnamese letter is installed.
    """
    load_faces()
    pages = _pages(sheet)
    into = io.BytesIO()
    canvas = Canvas(into, pagesize=PAGE, pageCompression=1, lang="vi-VN")
    canvas.setTitle(f"{sheet.title} {sheet.year} - {sheet.office}")
    canvas.setAuthor(sheet.office)
    _cover(canvas, sheet)
    _opening(canvas, sheet, len(pages))
    for number, lines in enumerate(pages, 1):
        _table(canvas, sheet, lines, f"Trang {number}/{len(pages)}")
    _closing(canvas, sheet, len(pages))
    canvas.save()
    return into.getvalue()


# --- the table -------------------------------------------------------------------------------------------------------


def _pages(sheet: Sheet) -> list[list[tuple[PrintedLine, list[list[str]], float]]]:
    """Lines sorted onto pages, each with its wrapped cells and its height in points; at least one page. A line that is
    higher than a page goes on on the next one."""
    room = PAGE[1] - TOP - BOTTOM - _head_height(sheet)
    pages: list[list[tuple[PrintedLine, list[list[str]], float]]] = [[]]
    left = room
    for line in sheet.lines:
        cells = [
            wrapped(text, REGULAR, SIZE, column.width * mm - 2 * PAD)
            for text, column in zip(line.cells, sheet.columns, strict=True)
        ]
        remarks = wrapped(line.remark, ITALIC, SIZE, _table_width(sheet) - 2 * PAD)
        most = int((room - 2 * PAD) // LEADING) - len(remarks)
        tallest = max(1, *map(len, cells))
        for begin in range(0, tallest, most):
            under = remarks if begin + most >= tallest else []
            height = (min(most, tallest - begin) + len(under)) * LEADING + 2 * PAD
            if height > left and pages[-1]:
                pages.append([])
                left = room
            left -= height
            pages[-1].append((line, [*(cell[begin : begin + most] for cell in cells), under], height))
    return pages


def _table_width(sheet: Sheet) -> float:
    return sum(column.width for column in sheet.columns) * mm


def _heads(sheet: Sheet) -> list[list[str]]:
    return [wrapped(column.title, BOLD, SIZE, column.width * mm - 2 * PAD) for column in sheet.columns]


def _head_height(sheet: Sheet) -> float:
    return max(map(len, _heads(sheet))) * LEADING + 2 * PAD + LEADING + PAD


def _table(
    canvas: Canvas, sheet: Sheet, lines: Sequence[tuple[PrintedLine, list[list[str]], float]], page: str
) -> None:
    heads = _heads(sheet)
    edges = [LEFT]
    for column in sheet.columns:
        edges.append(edges[-1] + column.width * mm)
    y = top = PAGE[1] - TOP
    canvas.setLineWidth(0.5)
    canvas.line(edges[0], top, edges[-1], top)
    height = max(map(len, heads)) * LEADING + 2 * PAD
    for index, head in enumerate(heads):
        _centred(canvas, head, BOLD, edges[index], edges[index + 1], y, height)
    y -= height
    canvas.line(edges[0], y, edges[-1], y)
    for index in range(len(heads)):
        _centred(canvas, [f"({index + 1})"], ITALIC, edges[index], edges[index + 1], y, LEADING + PAD)
    y -= LEADING + PAD
    canvas.line(edges[0], y, edges[-1], y)
    upright = [(top, y)]
    for line, cells, line_height in lines:
        *texts, remarks = cells
        if remarks:
            upright.append((y, y - line_height + len(remarks) * LEADING + 0.5 * PAD))
        else:
            upright.append((y, y - line_height))
        for index, text in enumerate(texts):
            _cell(canvas, text, edges[index], y, line.struck)
        _written(canvas, remarks, ITALIC, edges[0] + PAD, y - line_height + len(remarks) * LEADING, SIZE)
        y -= line_height
        canvas.line(edges[0], y, edges[-1], y)
    for index, edge in enumerate(edges):
        for begin, end in [(top, y)] if index in (0, len(edges) - 1) else upright:
            canvas.line(edge, begin, edge, end)
    _foot(canvas, sheet, page)
    canvas.showPage()


def _cell(canvas: Canvas, lines: list[str], x: float, top: float, struck: bool) -> None:
    y = top - PAD - SIZE * 0.85
    for text in lines:
        canvas.setFont(REGULAR, SIZE)
        canvas.drawString(x + PAD, y, text)
        if struck:
            canvas.line(x + PAD, y + SIZE * 0.28, x + PAD + width(text, REGULAR, SIZE), y + SIZE * 0.28)
        y -= LEADING


def _centred(canvas: Canvas, lines: list[str], face: str, left: float, right: float, top: float, height: float) -> None:
    y = top - (height - len(lines) * LEADING) / 2 - SIZE * 0.85
    for text in lines:
        canvas.setFont(face, SIZE)
        canvas.drawCentredString((left + right) / 2, y, text)
        y -= LEADING


def _foot(canvas: Canvas, sheet: Sheet, page: str) -> None:
    canvas.setFont(REGULAR, 8.5)
    y = BOTTOM - 6 * mm
    canvas.drawString(LEFT, y, shown(f"{sheet.office} - {sheet.title} năm {sheet.year}", REGULAR))
    canvas.drawCentredString(PAGE[0] / 2, y, page)
    canvas.drawRightString(PAGE[0] - LEFT, y, f"In lúc {sheet.printed}")


# --- cover, first page, last page ------------------------------------------------------------------------------------


def _written(canvas: Canvas, lines: Sequence[str], face: str, x: float, y: float, size: float) -> float:
    """Lines of text from ``y`` down; returns where the next would stand."""
    for text in lines:
        y -= size * 0.85
        canvas.setFont(face, size)
        canvas.drawString(x, y, text)
        y -= size * 0.37
    return y


def _middle(canvas: Canvas, text: str, face: str, size: float, y: float) -> float:
    """A centred text in as many lines as it needs; returns where the next would stand."""
    for line in wrapped(text, face, size, PAGE[0] - 4 * LEFT):
        canvas.setFont(face, size)
        canvas.drawCentredString(PAGE[0] / 2, y, line)
        y -= size * 1.35
    return y


def _named(canvas: Canvas, sheet: Sheet) -> None:
    """What cover and first page say: office, book, year, days, numbers, volume."""
    y = PAGE[1] - 34 * mm
    if sheet.parent:
        y = _middle(canvas, sheet.parent.upper(), REGULAR, 14, y)
    y = _middle(canvas, sheet.office.upper(), BOLD, 15, y)
    canvas.line(PAGE[0] / 2 - 22 * mm, y + 8, PAGE[0] / 2 + 22 * mm, y + 8)
    y = _middle(canvas, sheet.title.upper(), BOLD, 26, PAGE[1] - 84 * mm)
    y = _middle(canvas, f"Năm: {sheet.year}", REGULAR, 16, y - 6)
    if sheet.filters:
        y = _middle(canvas, f"(Trích: {sheet.filters})", ITALIC, 13, y)
    y = _middle(canvas, f"Từ ngày {sheet.since or '……'} đến ngày {sheet.until or '……'}", REGULAR, 14, y - 12)
    y = _middle(canvas, f"Từ số {sheet.first or '……'} đến số {sheet.last or '……'}", REGULAR, 14, y)
    _middle(canvas, f"Quyển số: {sheet.volume}", REGULAR, 14, y - 12)


def _cover(canvas: Canvas, sheet: Sheet) -> None:
    for inset, thick in ((10 * mm, 1.6), (11.5 * mm, 0.5)):
        canvas.setLineWidth(thick)
        canvas.rect(inset, inset, PAGE[0] - 2 * inset, PAGE[1] - 2 * inset)
    canvas.setLineWidth(0.7)
    _named(canvas, sheet)
    canvas.showPage()


def _opening(canvas: Canvas, sheet: Sheet, pages: int) -> None:
    canvas.setLineWidth(0.7)
    _named(canvas, sheet)
    _middle(canvas, f"Sổ này gồm {pages} trang, đánh số từ 1 đến {pages}.", ITALIC, 13, 52 * mm)
    _signers(canvas, ("NGƯỜI CÓ THẨM QUYỀN",), "(Ký tên, đóng dấu trước khi sử dụng)", 40 * mm)
    canvas.showPage()


def _closing(canvas: Canvas, sheet: Sheet, pages: int) -> None:
    y = _middle(canvas, "KHÓA SỔ", BOLD, 18, PAGE[1] - 34 * mm)
    y = _middle(canvas, f"{sheet.title} năm {sheet.year}, quyển số {sheet.volume}", REGULAR, 14, y)
    counts = [
        f"Số trang: {pages}. Từ số {sheet.first} đến số {sheet.last}, liên tục.",
        f"Số văn bản, hồ sơ đã vào sổ: {sheet.registered}.",
        f"Số hủy: {len(sheet.void)}{_listed(sheet.void)}.",
        f"Số đang giữ, chưa dùng: {len(sheet.reserved)}{_listed(sheet.reserved)}.",
        f"Dòng gạch bỏ và ghi lại: {sheet.corrected}.",
    ]
    if sheet.filters:
        counts[0] = f"Số trang: {pages}. Bản trích: {sheet.filters}."
    y -= 12
    for text in counts:
        for line in wrapped(text, REGULAR, 13, PAGE[0] - 6 * LEFT):
            y = _written(canvas, [line], REGULAR, 3 * LEFT, y, 13) - 5
    _middle(canvas, "Ngày …… tháng …… năm ………", ITALIC, 13, 66 * mm)
    _signers(canvas, ("VĂN THƯ", "NGƯỜI CÓ THẨM QUYỀN"), "(Ký, ghi rõ họ tên)", 56 * mm)
    _foot(canvas, sheet, "")
    canvas.showPage()


def _listed(numbers: Sequence[int]) -> str:
    """ " (3, 5, 9)", cut when there are many."""
    if not numbers:
        return ""
    more = f" và {len(numbers) - 40} số khác" if len(numbers) > 40 else ""
    return f" ({', '.join(map(str, numbers[:40]))}{more})"


def _signers(canvas: Any, names: Sequence[str], how: str, y: float) -> None:
    step = PAGE[0] / (len(names) + 1)
    for index, name in enumerate(names, 1):
        x = step * index if len(names) > 1 else PAGE[0] * 0.72
        canvas.setFont(BOLD, 13)
        canvas.drawCentredString(x, y, name)
        canvas.setFont(ITALIC, 11)
        canvas.drawCentredString(x, y - 15, how)
