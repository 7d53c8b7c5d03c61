"""A report as a spreadsheet: counts as numbers, shares exactly as they are printed, a chart, the list."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from appliance.printing.report_sheet import ReportSheet

_FONT = {"font_name": "Times New Roman", "font_size": 12}


def report_xlsx(sheet: ReportSheet) -> bytes:
    """The report as an .xlsx file."""
    into = io.BytesIO()
    with xlsxwriter.Workbook(into, {"in_memory": True}) as book:
        book.set_properties({"title": f"{sheet.title} - {sheet.period}", "author": sheet.office})
        page = book.add_worksheet("Báo cáo")
        looks = {
            "title": book.add_format(_FONT | {"bold": True, "font_size": 14}),
            "plain": book.add_format(_FONT | {"italic": True}),
            "head": book.add_format(_FONT | {"bold": True, "border": 1, "bg_color": "#E2F0F0"}),
            "cell": book.add_format(_FONT | {"border": 1, "text_wrap": True, "valign": "top"}),
            "right": book.add_format(_FONT | {"border": 1, "align": "right", "valign": "top"}),
            "number": book.add_format(_FONT | {"border": 1, "num_format": "#,##0", "valign": "top"}),
        }
        page.set_column(0, 0, 62)
        page.set_column(1, 2, 14)
        for row, (text, look) in enumerate(
            ((sheet.office, "title"), (sheet.title, "title"), (sheet.period, "plain"), (sheet.remark, "plain"))
        ):
            page.write_string(row, 0, text, looks[look])
        row = 5
        for table in sheet.tables:
            for column, text in enumerate((table.title, "Số lượng", "Tỷ lệ")):
                page.write_string(row, column, text, looks["head"])
            for label, count, share in table.lines:
                row += 1
                page.write_string(row, 0, label, looks["cell"])
                _count(page, row, count, looks)
                page.write_string(row, 2, share, looks["right"])
            row += 2
        _series(book, sheet, looks)
        _unsigned(book, sheet, looks)
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_footer("&CTrang &P/&N")
    return into.getvalue()


def _count(page: Any, row: int, count: str, looks: dict[str, Any]) -> None:
    plain = count.replace(".", "")
    if plain.isdigit():
        page.write_number(row, 1, int(plain), looks["number"])
    else:
        page.write_string(row, 1, count, looks["right"])


def _series(book: Any, sheet: ReportSheet, looks: dict[str, Any]) -> None:
    if len(sheet.series) < 2:
        return
    page = book.add_worksheet("Theo thời gian")
    for column, text in enumerate(("Thời gian", "Văn bản đến", "Văn bản đi")):
        page.write_string(0, column, text, looks["head"])
    for row, (place, came, went) in enumerate(sheet.series, 1):
        page.write_string(row, 0, place, looks["cell"])
        page.write_number(row, 1, came, looks["number"])
        page.write_number(row, 2, went, looks["number"])
    page.set_column(0, 2, 14)
    chart, last = book.add_chart({"type": "column"}), len(sheet.series)
    for column in (1, 2):
        chart.add_series(
            {
                "name": [page.name, 0, column],
                "categories": [page.name, 1, 0, last, 0],
                "values": [page.name, 1, column, last, column],
            }
        )
    page.insert_chart(1, 4, chart)


def _unsigned(book: Any, sheet: ReportSheet, looks: dict[str, Any]) -> None:
    if not sheet.unsigned:
        return
    page = book.add_worksheet("Chưa đủ chữ ký số")
    for row, cells in enumerate((("Số", "Số, ký hiệu", "Tên loại và trích yếu"), *sheet.unsigned)):
        for column, text in enumerate(cells):
            page.write_string(row, column, text, looks["head" if row == 0 else "cell"])
    page.set_column(0, 0, 8)
    page.set_column(1, 1, 22)
    page.set_column(2, 2, 80)
