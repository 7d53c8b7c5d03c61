"""Commands about alerts: alerts, silence."""

from __future__ import annotations

import time
from pathlib import Path

import click

from sync.province.alerting import LONGEST_QUIET, LONGEST_WHY, Silence, answered
from sync.province.cli.answering import (
    ExitCode,
    dir_option,
    emit,
    fail,
    help_text,
    json_option,
    opened,
    w,
)
from sync.province.fleet import CODES, Finding
from sync.province.people.rows import People
from sync.province.store.alert_rows import AlertRows
from sync.province.watching import look, watch
from sync.province.wording import _


@click.command(
    name="alerts",
    help=help_text(
        _("Liệt kê cảnh báo đang có: hộp nào, từ khi nào, ai nhận xử lý. Mã thoát 8 khi có cảnh báo chưa ai nhận."),
        "commune-province alerts --dir tinh --json",
    ),
)
@dir_option
@json_option
def alerts(directory: Path, as_json: bool) -> None:
    """What stands now; evaluated anew, so that it is true without the pages running."""
    store, now = opened(directory), time.time()
    watch(store, look(store, now), now)
    rows = AlertRows(store.connection)
    given, silences = rows.acknowledgements(), rows.silences(now)
    communes = {box.box: box.commune for box in store.fleet.boxes()}
    facts, lines, loud = [], [], 0
    for alert in sorted(rows.standing(), key=lambda one: (-one.gravity, one.since)):
        if not alert.fires(now):
            continue
        finding = Finding(alert.code, alert.gravity, alert.params)
        taken = answered(alert, given, now)
        silenced = next((one for one in silences if one.covers(alert.box, alert.code, now)), None)
        loud += not (taken or silenced)
        lines.append(f"{alert.box}  {communes.get(alert.box, '')}  {w.title(finding)}  {w.moment(alert.since)}")
        lines.append(f"    {w.sentence(finding)}")
        for one in (taken, silenced):
            if one is not None:
                lines.append(f"    {one.person}, {w.moment(one.until)}: {one.why}")
        facts.append(
            {
                "number": alert.number,
                "box": alert.box,
                "code": alert.code,
                "gravity": alert.gravity.name.lower(),
                "since": alert.since,
                "params": alert.params,
                "acknowledged": vars(taken) if taken else None,
                "silenced": vars(silenced) if silenced else None,
            }
        )
    emit({"alerts": facts, "loud": loud}, "\n".join(lines) or w.say(_("Không có cảnh báo nào.")), as_json)
    if loud:
        raise SystemExit(int(ExitCode.PROBLEMS_FOUND))


@click.command(
    name="silence",
    help=help_text(
        _("Tắt tiếng cảnh báo của một hộp hoặc một loại, có thời hạn và lý do."),
        "commune-province silence --box commune-27007 --hours 4 --by lan --why 'mất điện theo lịch' --dir tinh",
    ),
)
@click.option("--box", default="", help=w.say(_("Chỉ của hộp này.")))
@click.option("--code", type=click.Choice(CODES), default=None, help=w.say(_("Chỉ loại này.")))
@click.option(
    "--hours", type=click.IntRange(1, int(LONGEST_QUIET // 3600)), required=True, help=w.say(_("Trong bao nhiêu giờ."))
)
@click.option("--by", "person", required=True, help=w.say(_("Ai làm việc này.")))
@click.option("--why", required=True, help=w.say(_("Lý do.")))
@dir_option
@json_option
def silence(
    box: str, code: str | None, hours: int, person: str, why: str, directory: Path, as_json: bool
) -> None:  # fmt: skip
    """Hear nothing of it for a while."""
    store, now = opened(directory), time.time()
    if not box and code is None:
        fail(_("Chọn một hộp đã ghi danh hoặc một loại cảnh báo."), ExitCode.BAD_INPUT)
    if box and store.fleet.box(box) is None:
        fail(_("Không có hộp này."), ExitCode.BAD_INPUT)
    if not why.strip() or not person.strip():
        fail(_("Cần ghi lý do."), ExitCode.BAD_INPUT)
    made = Silence(box, code or "", person.strip(), why.strip()[:LONGEST_WHY], now, now + hours * 3600)
    AlertRows(store.connection).silence(made)
    People(store.connection).note_deed(made.person, "silenced", box, f"{made.code or '*'}: {made.why}", now)
    emit({"box": box, "code": made.code, "until": made.until}, w.moment(made.until), as_json)
