"""The command that inspects communes' books from what they told: inspect."""

from __future__ import annotations

import time
from pathlib import Path

import click

from sync.province import days
from sync.province.books import Limits
from sync.province.cli.answering import (
    ExitCode,
    dir_option,
    emit,
    fail,
    help_text,
    json_option,
    open_store,
    settings,
    w,
)
from sync.province.cli.reporting import box_option, write_pdf
from sync.province.inspection import inspection
from sync.province.office_books import offices, typed_period
from sync.province.paging import letterhead
from sync.province.wording import _


@click.command(
    name="inspect",
    help=help_text(
        _("Báo cáo kiểm tra sổ sách của một xã hoặc mọi xã (PDF): sổ, số thiếu, quá hạn, chưa ký, đăng ký trong ngày."),
        "commune-province inspect --period 2026 --box commune-27007 -o kiem-tra --dir tinh",
    ),
)
@click.option(
    "--period", "typed", default="", help=w.say(_("Năm hoặc tháng, viết 2026 hay 2026-11; bỏ trống: năm nay."))
)
@box_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help=w.say(_("Thư mục ghi mỗi xã một tệp PDF.")))
@dir_option
@json_option
def inspect(typed: str, box: str, output: Path | None, directory: Path, as_json: bool) -> None:
    """The answers to an inspection's questions; with a folder, the reports."""
    folder, config = settings(directory)
    store, now, limits = open_store(folder), time.time(), Limits()
    period, today = typed_period(typed, now), days.today(now)
    if typed and period != typed:
        fail(_("Kỳ phải viết như 2026 hoặc 2026-11."), ExitCode.BAD_INPUT)
    if box and store.fleet.box(box) is None:
        fail(_("Không có hộp này."), ExitCode.BAD_INPUT)
    facts, lines = [], []
    for one in offices(store, period, box):
        checks = one.checks(limits) if one.told else ()
        bad = [check.code for check in checks if check.good is False]
        said = {
            "box": one.box,
            "commune": one.commune,
            "told_at": one.told.said_at if one.told else None,
            "checks": [vars(check) for check in checks],
            "sooner": one.sooner,
            "lost": one.lost,
        }
        if output is not None:
            paper = inspection(one, period, limits, letterhead(config), today.month, today.year)
            said["file"] = write_pdf(paper, output / f"kiem-tra-{period}-{one.box}.pdf")
        facts.append(said)
        text = _("{box}  {commune}  chưa đạt: {codes}") if bad else _("{box}  {commune}  đạt")
        text = text if one.told else _("{box}  {commune}  chưa gửi số liệu")
        lines.append(w.say(text).format(box=one.box, commune=one.commune, codes=", ".join(bad)))
    emit({"period": period, "offices": facts}, "\n".join(lines), as_json)
