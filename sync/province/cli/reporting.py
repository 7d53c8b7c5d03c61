"""Commands that write what the province tells its communes: remind, digest."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import click

from sync.province import days
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
from sync.province.digest_papers import digest_paper, lines
from sync.province.digests import due_week, gather, kept, tell, typed_week
from sync.province.letters import reminder
from sync.province.paging import letterhead
from sync.province.printing.faces import FaceMissing
from sync.province.printing.paper import Paper
from sync.province.printing.paper_pdf import paper_pdf
from sync.province.reporting import Targets
from sync.province.rolling_up import missed, roll_up
from sync.province.wording import _

from_option = click.option("--from", "first", default="", help=w.say(_("Từ ngày (YYYY-MM-DD).")))
to_option = click.option("--to", "last", default="", help=w.say(_("Đến ngày (YYYY-MM-DD).")))
box_option = click.option("--box", default="", help=w.say(_("Chỉ của hộp này.")))
_SHARE = click.FloatRange(0, 100)


def span_of(first: str, last: str, now: float) -> tuple[dt.date, dt.date]:
    """The days of two options, as `days.chosen`. Raises Failure."""
    if any(typed and days.typed(typed) is None for typed in (first, last)):
        fail(_("Ngày phải viết YYYY-MM-DD."), ExitCode.BAD_INPUT)
    return days.chosen(first, last, now)


def write_pdf(paper: Paper, path: Path) -> str:
    """Draw a paper into a file; returns its name. Raises Failure."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(paper_pdf(paper))
    except (FaceMissing, OSError) as error:
        fail(w.say(_("Không vẽ được tệp PDF: {detail}")).format(detail=error), ExitCode.NOT_POSSIBLE)
    return str(path)


@click.command(
    name="remind",
    help=help_text(
        _("Viết dự thảo văn bản nhắc việc (PDF) cho mỗi đơn vị chưa đạt mức giao."),
        "commune-province remind --from 2026-11-01 --to 2026-11-30 -o nhac-viec --dir tinh",
    ),
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=w.say(_("Thư mục ghi các tệp.")))
@box_option
@from_option
@to_option
@click.option(
    "--accepted", type=_SHARE, default=98.0, show_default=True, help=w.say(_("Mức giao: tỷ lệ tiếp nhận (%)."))
)
@click.option(
    "--fast",
    type=_SHARE,
    default=95.0,
    show_default=True,
    help=w.say(_("Mức giao: tỷ lệ có biên nhận trong 1 giờ (%).")),
)
@click.option("--least", type=click.IntRange(0), default=1, show_default=True, help=w.say(_("Mức giao: số văn bản.")))
@dir_option
@json_option
def remind(
    output: Path, box: str, first: str, last: str, accepted: float, fast: float, least: int, directory: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """A draft for each commune below its targets, or for one."""
    folder, config = settings(directory)
    store, now = open_store(folder), time.time()
    begin, end = span_of(first, last, now)
    targets = Targets(round(accepted * 100), round(fast * 100), least)
    if box and store.fleet.box(box) is None:
        fail(_("Không có hộp này."), ExitCode.BAD_INPUT)
    below = [one.line.box for one in roll_up(store, begin, end, targets) if one.misses and box in ("", one.line.box)]
    letters = []
    for name in below:
        found = missed(store, name, begin, end, targets)
        if found is not None:
            paper = reminder(found, begin, end, targets, letterhead(config), days.today(now))
            path = write_pdf(paper, output / f"nhac-viec-{name}.pdf")
            letters.append({"box": name, "file": path, "misses": list(found.place.misses)})
    facts = {"from": begin.isoformat(), "to": end.isoformat(), "letters": letters}
    text = "\n".join(str(one["file"]) for one in letters)
    emit(facts, text or w.say(_("Không có đơn vị nào chưa đạt.")), as_json)


@click.command(
    name="digest",
    help=help_text(
        _("Tổng hợp tuần của từng xã: lập bản của tuần vừa qua (từ 7 giờ sáng thứ Hai), hoặc xem lại một tuần."),
        "commune-province digest --week 2026-W46 -o tuan --dir tinh",
    ),
)
@click.option("--week", "typed", default="", help=w.say(_("Tuần, viết như 2026-W46; bỏ trống: tuần đến hạn.")))
@box_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help=w.say(_("Thư mục ghi mỗi xã một tệp PDF.")))
@dir_option
@json_option
def digest(typed: str, box: str, output: Path | None, directory: Path, as_json: bool) -> None:
    """Make what is due; show what was told, or, of a week without digests, what the rows say now."""
    folder, config = settings(directory)
    store, now = open_store(folder), time.time()
    week = typed_week(typed) if typed else due_week(now)
    if week is None:
        fail(_("Tuần phải viết như 2026-W46."), ExitCode.BAD_INPUT)
    if box and store.fleet.box(box) is None:
        fail(_("Không có hộp này."), ExitCode.BAD_INPUT)
    tell(store, now)
    told = kept(store, week, box)
    found = told or [one for one in gather(store, week) if box in ("", one.box)]
    shown, text = [], []
    for one in found:
        said = {"box": one.box, "commune": one.commune, **one.figures}
        if output is not None:
            path = output / f"tong-hop-{week.name}-{one.box}.pdf"
            said["file"] = write_pdf(digest_paper(one, week, letterhead(config)), path)
        shown.append(said)
        text += [f"{one.box}  {one.commune}", *(f"    {words}: {figure}" for words, figure in lines(one))]
    emit({"week": week.name, "told": bool(told), "digests": shown}, "\n".join(text) or w.say(_("Chưa có.")), as_json)
