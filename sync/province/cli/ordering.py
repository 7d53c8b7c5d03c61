"""Commands that order a box to do something: order log, order hours, order update; orders."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import click

from sync.province.cli.answering import (
    ExitCode,
    Failure,
    dir_option,
    emit,
    help_text,
    json_option,
    opened,
    w,
)
from sync.province.store.ordering import Ordered, Orders
from sync.province.wording import _

_HOURS = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9])=([0-9]{1,6})")


@click.group(
    name="order",
    help=help_text(
        _("Gửi lệnh đã ký cho một hộp; hộp làm đúng một lần rồi báo kết quả."),
        "commune-province order log commune-27007 --dir tinh",
    ),
)
def order() -> None:
    """The group."""


def _issue(directory: Path, box: str, verb: str, params: dict[str, Any], as_json: bool) -> None:
    store = opened(directory)
    known = store.fleet.box(box)
    if known is None or known.revoked_at is not None:
        raise Failure(w.say(_("Không có hộp này.")), ExitCode.BAD_INPUT)
    issued = Orders(store).issue(box, verb, params, int(time.time()))
    emit(facts_of(issued), f"{issued.box}  {issued.counter}  {issued.verb}", as_json)


def facts_of(ordered: Ordered) -> dict[str, Any]:
    """An order as plain values."""
    return {**vars(ordered), "params": dict(ordered.params)}


@order.command(
    help=help_text(
        _("Xin phần cuối nhật ký của hộp; không có nội dung văn bản."),
        "commune-province order log commune-27007 --lines 200 --dir tinh",
    )
)
@click.argument("box")
@click.option("--lines", type=click.IntRange(1, 500), default=200, show_default=True, help=w.say(_("Bao nhiêu dòng.")))
@dir_option
@json_option
def log(box: str, lines: int, directory: Path, as_json: bool) -> None:
    """Ask for the end of a box's history."""
    _issue(directory, box, "log", {"lines": lines}, as_json)


@order.command(
    help=help_text(
        _("Đặt khung giờ và hạn mức gửi (kbit/giây; 0: chỉ hỏa tốc); không có khung nào thì bỏ lệnh cũ."),
        "commune-province order hours commune-27007 07:30-17:00=64 --dir tinh",
    )
)
@click.argument("box")
@click.argument("hours", nargs=-1)
@dir_option
@json_option
def hours(box: str, hours: tuple[str, ...], directory: Path, as_json: bool) -> None:
    """Set hours and caps of sending."""
    found = [_HOURS.fullmatch(one) for one in hours]
    if not all(found):
        raise Failure(w.say(_("Khung giờ viết như 07:30-17:00=64.")), ExitCode.BAD_INPUT)
    told = [[one[1], one[2], int(one[3])] for one in found if one]
    _issue(directory, box, "configure", {"hours": told}, as_json)


@order.command(
    help=help_text(
        _("Báo cho hộp có bản phần mềm mới; hộp không tự cài."),
        "commune-province order update commune-27007 --version 1.2.0 --sha256 … --dir tinh",
    )
)
@click.argument("box")
@click.option("--version", required=True, help=w.say(_("Số phiên bản.")))
@click.option("--sha256", required=True, help=w.say(_("Giá trị băm của gói cài.")))
@dir_option
@json_option
def update(box: str, version: str, sha256: str, directory: Path, as_json: bool) -> None:
    """Offer an update."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not re.fullmatch(r"[0-9A-Za-z.+~-]{1,40}", version):
        raise Failure(w.say(_("Phiên bản hoặc giá trị băm không đúng dạng.")), ExitCode.BAD_INPUT)
    _issue(directory, box, "offer-update", {"version": version, "sha256": sha256}, as_json)


@click.command(
    name="orders",
    help=help_text(
        _("Liệt kê lệnh đã gửi và kết quả, mới nhất trước."),
        "commune-province orders --dir tinh --box commune-27007",
    ),
)
@dir_option
@click.option("--box", default="", help=w.say(_("Chỉ của hộp này.")))
@json_option
def orders(directory: Path, box: str, as_json: bool) -> None:
    """List orders."""
    found = Orders(opened(directory)).listed(box)
    lines = []
    for one in found:
        lines.append(f"{w.moment(one.issued_at)}  {one.box}  {one.counter}  {one.verb}  {one.result or '…'} {one.code}")
        lines += [f"    {line}" for line in one.report.splitlines()]
    emit({"orders": [facts_of(one) for one in found]}, "\n".join(lines) or w.say(_("Chưa có lệnh nào.")), as_json)
