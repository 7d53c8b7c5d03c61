"""The roll-up as files: CSV and a spreadsheet.

Owns their form. A cell never becomes a formula: what begins like one is written as text (names come from boxes).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from sync.province.printing.sheet import Cell, Sheet
from sync.province.reporting import Ranked, written
from sync.province.wording import MISSES, Wording, _

HEADINGS = (
    _("Hạng"), _("Mã hộp"), _("Xã, phường"), _("Đã nhận"), _("Từ chối"), _("Trùng"), _("Tỷ lệ tiếp nhận (%)"),
    _("Có biên nhận trong 1 giờ (%)"), _("Trung bình (giây)"), _("Lâu nhất (giây)"), _("Đang chờ"), _("Chưa đạt"),
)  # fmt: skip
WIDTHS = (8, 16, 34, 12, 12, 12, 12, 12, 12, 12, 12, 60)


def rows(ranked: Sequence[Ranked], w: Wording) -> Iterator[list[Cell]]:
    """The heading and one row a commune."""
    yield [w.say(heading) for heading in HEADINGS]
    for one in ranked:
        line = one.line
        yield [
            one.rank, line.box, line.commune, line.stored, line.refused, line.duplicates,
            _figure(written(line.accepted)), _figure(written(line.fast)),
            None if line.took_mean is None else round(line.took_mean, 1),
            round(line.took_most, 1) if line.took_count else None, line.waiting,
            "; ".join(w.say(MISSES[miss]) for miss in one.misses),
        ]  # fmt: skip


def _figure(text: str) -> float | None:
    return None if text == "–" else float(text)


def as_csv(ranked: Sequence[Ranked], w: Wording) -> bytes:
    """UTF-8 with its mark, so that a spreadsheet program reads the letters right."""
    target = io.StringIO()
    writer = csv.writer(target)
    for row in rows(ranked, w):
        writer.writerow(["" if cell is None else _harmless(cell) for cell in row])
    return target.getvalue().encode("utf-8-sig")


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell


def as_sheet(ranked: Sequence[Ranked], title: str, w: Wording) -> Sheet:
    """A spreadsheet with one page: a title, a heading that stays, figures as numbers."""
    return Sheet(title, w.say(_("Báo cáo")), tuple(tuple(row) for row in rows(ranked, w)), WIDTHS, frozenset({6, 7}))
