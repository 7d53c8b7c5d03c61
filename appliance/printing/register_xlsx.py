"""A register as a spreadsheet: the same lines and columns as the printed book, struck lines struck, ready to print.

Every cell is written as text: what an office reads from a paper is never taken for a formula.
"""

from __future__ import annotations

import io

import xlsxwriter

from appliance.printing.sheets import Sheet

_FONT = {"font_name": "Times New Roman", "font_size": 11}


def register_xlsx(sheet: Sheet) -> bytes:
    """The book as an .xlsx file."""
    into = io.BytesIO()
    with xlsxwriter.Workbook(into, {"in_memory": True}) as book:
        book.set_properties({"title": f"{sheet.title} {sheet.year}", "author": sheet.office})
        page = book.add_worksheet("Sổ")
        last = len(sheet.columns) - 1
        title = book.add_format(_FONT | {"bold": True, "font_size": 14, "align": "center"})
        plain = book.add_format(_FONT | {"align": "center"})
        head = book.add_format(
            _FONT | {"bold": True, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
        )
        cell = _FONT | {"border": 1, "valign": "top", "text_wrap": True}
        usual, struck = book.add_format(cell), book.add_format(cell | {"font_strikeout": True, "font_color": "#8A1C1C"})
        remark = book.add_format(cell | {"italic": True})
        page.merge_range(0, 0, 0, last, sheet.office.upper(), title)
        page.merge_range(1, 0, 1, last, f"{sheet.title.upper()} NĂM {sheet.year}", title)
        span = f"Từ ngày {sheet.since} đến ngày {sheet.until}; từ số {sheet.first} đến số {sheet.last}"
        page.merge_range(2, 0, 2, last, f"{span}; {sheet.filters}" if sheet.filters else span, plain)
        for index, column in enumerate(sheet.columns):
            page.set_column(index, index, column.width * 0.55)
            page.write_string(4, index, column.title, head)
            page.write_string(5, index, f"({index + 1})", head)
        row = 6
        for line in sheet.lines:
            for index, text in enumerate(line.cells):
                page.write_string(row, index, text, struck if line.struck else usual)
            row += 1
            if line.remark:
                page.merge_range(row, 0, row, last, "", remark)
                page.write_string(row, 0, line.remark, remark)
                row += 1
        page.freeze_panes(6, 0)
        page.repeat_rows(4, 5)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_footer(f"&L&8{_escaped(sheet.office)}&CTrang &P/&N&R&8In lúc {sheet.printed}")
    return into.getvalue()


def _escaped(text: str) -> str:
    """``&`` begins a code in a footer."""
    return text.replace("&", "&&")
