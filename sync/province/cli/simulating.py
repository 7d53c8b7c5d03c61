"""The command that plays a province or the country: simulate."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sync.province.cli.answering import ExitCode, emit, fail, help_text, json_option, w
from sync.province.simulation.country import Figures, Row, simulate
from sync.province.simulation.model import COUNTRY_BOXES, Scenario
from sync.province.simulation.picture import draw_backlog
from sync.province.wording import _

_PRIORITIES = (_("thường"), _("khẩn"), _("thượng khẩn"), _("hỏa tốc"))


@click.command(
    name="simulate",
    help=help_text(
        _("Diễn thử một tỉnh hoặc cả nước trên mô hình đường truyền, với đúng giao thức mà hộp và tỉnh dùng."),
        "commune-province simulate --boxes 3321 --days 30 --png ton-dong.png",
    ),
)
@click.option("--boxes", default=COUNTRY_BOXES, type=click.IntRange(1, 99_999), help=w.say(_("Số hộp.")))
@click.option("--days", default=30, type=click.IntRange(1, 366), help=w.say(_("Số ngày.")))
@click.option("--seed", default=1, type=int, help=w.say(_("Hạt giống: cùng số này cho cùng kết quả.")))
@click.option(
    "--papers", default=4.0, type=click.FloatRange(0.1, 200), help=w.say(_("Văn bản mỗi hộp mỗi ngày làm việc."))
)
@click.option(
    "--checks", default=60.0, type=click.FloatRange(0.1, 10_000), help=w.say(_("Văn bản tỉnh kiểm tra được mỗi giây."))
)
@click.option(
    "--png", type=click.Path(dir_okay=False, path_type=Path), help=w.say(_("Tệp hình lượng văn bản chờ theo ngày."))
)
@json_option
def simulate_command(
    boxes: int, days: int, seed: int, papers: float, checks: float, png: Path | None, as_json: bool
) -> None:
    """Play, print, draw."""
    scenario = Scenario(boxes, days, seed, papers_a_day=papers, checks_a_second=checks)
    began = time.monotonic()

    def told(done: int) -> None:
        if not as_json:
            click.echo(f"\r{done}/{scenario.provinces}", err=True, nl=done == scenario.provinces)

    figures = simulate(scenario, told)
    if png is not None:
        title = w.say(_("{boxes} hộp, {days} ngày: văn bản chờ gửi")).format(boxes=boxes, days=days)
        try:
            draw_backlog(figures.backlog, title, w.say(_("ngày (nền đậm: giờ làm việc)")), png)
        except OSError as error:
            fail(f"{png}: {error.strerror}", ExitCode.BAD_INPUT)
    facts: dict[str, Any] = {**asdict(figures), "seconds": round(time.monotonic() - began, 1)}
    emit(facts, _table(figures), as_json)
    if figures.lost or figures.stored < figures.delivered:
        fail(_("Có văn bản bị mất hoặc nhận hai lần: giao thức sai."), ExitCode.PROBLEMS_FOUND)


def _table(figures: Figures) -> str:
    scenario = figures.scenario
    head = w.say(_("{boxes} hộp, {provinces} tỉnh, {days} ngày, hạt giống {seed}"))
    lines = [
        head.format(boxes=scenario.boxes, provinces=scenario.provinces, days=scenario.days, seed=scenario.seed),
        w.say(_("Sẵn sàng {ready}, đã giao {delivered}, còn chờ {waiting}, mất {lost}")).format(
            ready=figures.ready, delivered=figures.delivered, waiting=figures.waiting, lost=figures.lost
        ),
        "",
        _row(
            w.say(_("từ sẵn sàng đến biên nhận")),
            w.say(_("số")),
            ("50 %", "90 %", "99 %", "99,9 %"),
            w.say(_("lâu nhất")),
        ),
        _of(w.say(_("tất cả")), figures.whole),
        *(_of(row.name, row) for row in figures.by_line),
        *(_of(w.say(_PRIORITIES[int(row.name)]), row) for row in figures.by_priority),
        "",
        w.say(_("Chờ gửi nhiều nhất cùng lúc: {most}; chờ kiểm tra nhiều nhất ở một tỉnh: {checks}")).format(
            most=max(figures.backlog, default=0), checks=figures.checks_waiting_most
        ),
        w.say(
            _("Tệp {files:.1f} GB; đường lên {up:.1f} GB (gấp {ratio:.3f}), xuống {down:.2f} GB; cước {dong:.0f} đồng")
        ).format(
            files=figures.file_bytes / 1e9,
            up=figures.up_bytes / 1e9,
            ratio=figures.up_bytes / max(1, figures.file_bytes),
            down=figures.down_bytes / 1e9,
            dong=figures.dong,
        ),
    ]
    return "\n".join(lines)


def _of(name: str, row: Row) -> str:
    return _row(name, str(row.count), tuple(_span(took) for took in row.took), _span(row.most))


def _row(name: str, count: str, took: tuple[str, ...], most: str) -> str:
    return f"{name:<28}{count:>9}" + "".join(f"{each:>10}" for each in (*took, most))


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} ph" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"
