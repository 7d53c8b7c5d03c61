"""Commands about alerts: alerts, acknowledge, silence, end-silence."""

from __future__ import annotations

import time
from pathlib import Path

import click

from sync.province import alert_deeds
from sync.province.alerting import LONGEST_QUIET, Silence
from sync.province.cli.answering import ExitCode, dir_option, emit, fail, help_text, json_option, opened, w
from sync.province.fleet import CODES
from sync.province.store.alert_rows import AlertRows
from sync.province.watching import look, watch
from sync.province.wording import _

hours_option = click.option(
    "--hours", type=click.IntRange(1, int(LONGEST_QUIET // 3600)), required=True, help=w.say(_("Trong bao nhiêu giờ."))
)
by_option = click.option("--by", "person", required=True, help=w.say(_("Ai làm việc này.")))
why_option = click.option("--why", required=True, help=w.say(_("Lý do.")))
number_option = click.argument("number", type=click.IntRange(1))


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
    communes = {box.box: box.commune for box in store.fleet.boxes()}
    found, silences = alert_deeds.standing(store, now), AlertRows(store.connection).silences(now)
    facts, lines, loud = [], [], sum(one.loud for one in found)
    for one in found:
        alert = one.alert
        commune = communes.get(alert.box, "")
        lines.append(f"{alert.number}  {alert.box}  {commune}  {w.title(one.finding)}  {w.moment(alert.since)}")
        lines.append(f"    {w.sentence(one.finding)}")
        for quiet in (one.taken, one.silenced):
            if quiet is not None:
                lines.append(f"    {quiet.person}, {w.moment(quiet.until)}: {quiet.why}")
        facts.append(
            {
                "number": alert.number,
                "box": alert.box,
                "code": alert.code,
                "gravity": alert.gravity.name.lower(),
                "since": alert.since,
                "params": alert.params,
                "acknowledged": vars(one.taken) if one.taken else None,
                "silenced": vars(one.silenced) if one.silenced else None,
            }
        )
    lines += [_silence_line(one) for one in silences]
    text = "\n".join(lines) or w.say(_("Không có cảnh báo nào."))
    emit({"alerts": facts, "silences": [vars(one) for one in silences], "loud": loud}, text, as_json)
    if loud:
        raise SystemExit(int(ExitCode.PROBLEMS_FOUND))


def _silence_line(one: Silence) -> str:
    what = f"{one.box or w.say(_('mọi hộp'))}, {one.code or w.say(_('mọi loại'))}"
    text = w.say(_("Đang tắt tiếng số {number}: {what}, đến {until}: {why}"))
    return text.format(number=one.number, what=what, until=w.moment(one.until), why=one.why)


def _given(why: str, person: str) -> None:
    if not why.strip() or not person.strip():
        fail(_("Cần ghi lý do."), ExitCode.BAD_INPUT)


@click.command(
    name="acknowledge",
    help=help_text(
        _("Nhận xử lý một cảnh báo (số như `alerts` in ra), có thời hạn và lý do."),
        "commune-province acknowledge 12 --hours 24 --by lan --why 'đã gọi xã' --dir tinh",
    ),
)
@number_option
@hours_option
@by_option
@why_option
@dir_option
@json_option
def acknowledge(number: int, hours: int, person: str, why: str, directory: Path, as_json: bool) -> None:
    """Take an alert on; it speaks again when it gets graver, ends and comes back, or the time is over."""
    store, now = opened(directory), time.time()
    _given(why, person)
    alert = alert_deeds.take_on(store, number, person.strip(), why, hours, now)
    if alert is None:
        fail(w.say(_("Cảnh báo số {number} không còn.")).format(number=number), ExitCode.BAD_INPUT)
    until = now + hours * 3600
    emit({"number": number, "box": alert.box, "code": alert.code, "until": until}, w.moment(until), as_json)


@click.command(
    name="silence",
    help=help_text(
        _("Tắt tiếng cảnh báo của một hộp hoặc một loại, có thời hạn và lý do."),
        "commune-province silence --box commune-27007 --hours 4 --by lan --why 'mất điện theo lịch' --dir tinh",
    ),
)
@click.option("--box", default="", help=w.say(_("Chỉ của hộp này.")))
@click.option("--code", type=click.Choice(CODES), default=None, help=w.say(_("Chỉ loại này.")))
@hours_option
@by_option
@why_option
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
    _given(why, person)
    made = alert_deeds.silence(store, box, code or "", person.strip(), why, hours, now)
    emit({"box": box, "code": made.code, "until": made.until}, w.moment(made.until), as_json)


@click.command(
    name="end-silence",
    help=help_text(
        _("Mở lại một cảnh báo đang tắt tiếng trước thời hạn."),
        "commune-province end-silence 3 --by lan --dir tinh",
    ),
)
@number_option
@by_option
@dir_option
@json_option
def end_silence(number: int, person: str, directory: Path, as_json: bool) -> None:
    """Hear of it again."""
    store = opened(directory)
    if not alert_deeds.end_silence(store, number, person.strip(), time.time()):
        fail(w.say(_("Không tắt tiếng nào số {number} còn hiệu lực.")).format(number=number), ExitCode.BAD_INPUT)
    emit({"number": number}, str(number), as_json)
