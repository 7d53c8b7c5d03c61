"""A table as a spreadsheet file. Owns its form: no cell becomes a formula or a link, whatever a name begins with."""

from __future__ import annotations

import io

import xlsxwriter

from sync.province.printing.sheet import Sheet

HEADING_ROW, NAMES = 2, 3
"""Where the heading stands, below the title; columns that stay when one scrolls."""


def sheet_xlsx(sheet: Sheet) -> bytes:
    """The file."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet(sheet.tab)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1})
    two = book.add_format({"num_format": "0.00"})
    page.write_string(0, 0, sheet.title, book.add_format({"bold": True, "font_size": 13}))
    for number, row in enumerate(sheet.rows, HEADING_ROW):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                page.write_string(number, column, cell, bold if number == HEADING_ROW else None)
            elif cell is not None:
                page.write_number(number, column, cell, two if column in sheet.two else None)
    page.freeze_panes(HEADING_ROW + 1, NAMES)
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, width)
    book.close()
    return target.getvalue()
