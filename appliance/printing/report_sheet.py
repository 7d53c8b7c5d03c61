"""A report as plain values that pass through a pipe, and as CSV; texts are Vietnamese, as official papers are."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from appliance.domain.zone import VIETNAM
from appliance.reports.periods import Period
from appliance.reports.shares import told
from appliance.reports.tables import Line, Report, Table
from appliance.wording.reports import LINES, TABLES

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class PrintedTable:
    """A title and lines of label, count and share (``""``: none)."""

    title: str
    lines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ReportSheet:
    """One report. ``unsigned``: number, code and subject of documents that lack a signature; ``series``: label,
    incoming and outgoing for the chart."""

    office: str
    title: str
    period: str
    printed: str
    tables: tuple[PrintedTable, ...]
    unsigned: tuple[tuple[str, str, str], ...] = ()
    series: tuple[tuple[str, int, int], ...] = ()
    remark: str = ""

    def to_json(self) -> str:
        """For the pipe."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> ReportSheet:
        """Out of the pipe."""
        read: dict[str, Any] = json.loads(text)
        tables = tuple(PrintedTable(one["title"], tuple(map(tuple, one["lines"]))) for one in read.pop("tables"))
        for name in ("unsigned", "series"):
            read[name] = tuple(map(tuple, read[name]))
        return cls(tables=tables, **read)


def report_sheet(report: Report, office: str, now: datetime) -> ReportSheet:
    """The report as it is printed."""
    by_month = len(report.series) > 1 and report.series[0][0].day == 1 and report.series[1][0].day == 1
    return ReportSheet(
        office=office,
        title="Báo cáo văn bản đến, văn bản đi và ký số",
        period=period_words(report.period),
        printed=now.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y"),
        tables=tuple(
            PrintedTable(TABLES[table.key], tuple((label(table, line), *figures(line)) for line in table.lines))
            for table in report.tables
        ),
        unsigned=tuple((str(one.number), one.code, one.subject) for one in report.unsigned),
        series=tuple((day.strftime("%m/%Y" if by_month else "%d/%m"), came, went) for day, came, went in report.series),
        remark=points_words(report),
    )


def points_words(report: Report) -> str:
    """What the share of NĐ 307/2025 is worth."""
    if report.points is None:
        return ""
    score = f"{report.points.normalize():f}".replace(".", ",")
    return f"Điểm ước tính theo NĐ 307/2025/NĐ-CP cho tỷ lệ văn bản đi đủ hai chữ ký số và gửi qua mạng: {score}/5."


def period_words(period: Period) -> str:
    """A period as it is printed."""
    if period.kind == "month":
        words = f"Tháng {period.number}/{period.first.year}"
    elif period.kind == "quarter":
        words = f"Quý {'I' * period.number if period.number < 4 else 'IV'}/{period.first.year}"
    elif period.kind == "year":
        words = f"Năm {period.first.year}"
    else:
        words = f"Từ ngày {period.first:%d/%m/%Y} đến ngày {period.last:%d/%m/%Y}"
    return f"{words}, tính đến {period.cut:%H:%M} ngày {period.last:%d/%m/%Y}" if period.cut else words


def label(table: Table, line: Line) -> str:
    """A line's words; a reason or a document type under its heading."""
    return f"- {line.label}" if line.label else LINES.get(f"{table.key}.{line.key}", line.label or "- (không ghi)")


def figures(line: Line) -> tuple[str, str]:
    """Count and share as they are printed."""
    count = f"{line.count:,}".replace(",", ".") + (" phút" if line.unit == "minutes" else "")
    return count, told(line.share) if line.share is not None else ""


def report_csv(sheet: ReportSheet) -> bytes:
    """The report as CSV in UTF-8 with a mark that Excel needs; what looks like a formula is disarmed."""
    into = io.StringIO()
    writer = csv.writer(into)
    rows: list[tuple[str, ...]] = [(sheet.office,), (sheet.title,), (sheet.period,), ()]
    for table in sheet.tables:
        rows += [(table.title, "Số lượng", "Tỷ lệ"), *table.lines, ()]
    if sheet.unsigned:
        rows += [("Văn bản đi chưa đủ chữ ký số",), ("Số", "Số, ký hiệu", "Trích yếu"), *sheet.unsigned]
    writer.writerows([_disarmed(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + into.getvalue().encode()


def _disarmed(cell: str) -> str:
    """A label under its heading begins with a dash, which is a sign to a spreadsheet: a fixed space goes before it."""
    if cell.startswith("- "):
        return f"\u00a0{cell}"
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
