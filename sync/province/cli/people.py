"""Commands about the people of the province's pages: user add, list, block, unblock, password."""

from __future__ import annotations

import getpass
import sys
import time
from pathlib import Path

import click

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
from sync.province.people.passwords import hashed
from sync.province.people.rows import People
from sync.province.people.rules import LONGEST, SHORTEST, Role, name_of, password_fault, password_of
from sync.province.wording import ROLES, _

FAULTS = {
    "too-short": _("Mật khẩu quá ngắn: ít nhất {least} ký tự."),
    "too-long": _("Mật khẩu quá dài: nhiều nhất {most} ký tự."),
    "is-the-name": _("Mật khẩu không được giống tên đăng nhập."),
    "too-plain": _("Mật khẩu quá dễ đoán: dùng vài từ không liền nhau."),
}
stdin_option = click.option(
    "--password-stdin", is_flag=True, help=w.say(_("Đọc mật khẩu từ một dòng của đầu vào chuẩn, không hỏi."))
)


@click.group(
    name="user",
    help=help_text(
        _("Người dùng trang của tỉnh: giam_sat chỉ xem, van_hanh xem và thao tác."),
        "commune-province user add lan --role van_hanh --shown 'Trần Thị Lan' --dir tinh",
    ),
)
def user() -> None:
    """The group."""


def _people(directory: Path) -> People:
    return People(opened(directory).connection)


def _name(typed: str) -> str:
    name = name_of(typed)
    if name is None:
        fail(_("Tên đăng nhập gồm 2-40 chữ thường không dấu, chữ số, dấu chấm, gạch."), ExitCode.BAD_INPUT)
    return name


def _new_password(name: str, from_stdin: bool) -> str:
    """A password typed twice, or one line of standard input; refused where it is too weak."""
    if from_stdin:
        typed = sys.stdin.readline().rstrip("\r\n")
    else:
        typed = getpass.getpass(w.say(_("Mật khẩu mới: ")))
        if getpass.getpass(w.say(_("Gõ lại: "))) != typed:
            fail(_("Hai lần gõ khác nhau."), ExitCode.BAD_INPUT)
    password = password_of(typed)
    if fault := password_fault(password, name):
        fail(w.say(FAULTS[fault]).format(least=SHORTEST, most=LONGEST), ExitCode.BAD_INPUT)
    return hashed(password)


@user.command(
    help=help_text(
        _("Thêm người dùng; mật khẩu được hỏi, không nằm trên dòng lệnh."),
        "commune-province user add lan --role giam_sat --dir tinh",
    )
)
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help=w.say(_("Vai trò.")))
@click.option("--shown", default="", help=w.say(_("Họ và tên hiện trên trang và trong nhật ký.")))
@stdin_option
@dir_option
@json_option
def add(name: str, role: str, shown: str, password_stdin: bool, directory: Path, as_json: bool) -> None:
    """Add a person."""
    name, people = _name(name), _people(directory)
    if not people.add(name, shown.strip() or name, Role(role), _new_password(name, password_stdin), time.time()):
        fail(_("Tên đăng nhập này đã có."), ExitCode.BAD_INPUT)
    people.note_deed("", "user-added", name, role, time.time())
    text = w.say(_("Đã thêm {name} ({role}).")).format(name=name, role=w.say(ROLES[role]))
    emit({"name": name, "role": role}, text, as_json)


@user.command(name="list", help=help_text(_("Liệt kê người dùng."), "commune-province user list --dir tinh"))
@dir_option
@json_option
def listed(directory: Path, as_json: bool) -> None:
    """Everybody."""
    found = _people(directory).every()
    lines = [
        f"{one.name}  {one.shown}  {w.say(ROLES[one.role])}" + (f"  {w.say(_('bị khóa'))}" if one.blocked else "")
        for one in found
    ]
    facts = [{"name": one.name, "shown": one.shown, "role": one.role.value, "blocked": one.blocked} for one in found]
    emit({"users": facts}, "\n".join(lines) or w.say(_("Chưa có người dùng nào.")), as_json)


def _set_blocked(name: str, directory: Path, blocked: bool, as_json: bool) -> None:
    name, people, now = _name(name), _people(directory), time.time()
    if not people.set_blocked(name, blocked, now):
        fail(_("Không có người dùng này."), ExitCode.BAD_INPUT)
    people.note_deed("", "user-blocked" if blocked else "user-unblocked", name, "", now)
    text = _("Đã khóa {name}; mọi phiên của người này đã kết thúc.") if blocked else _("Đã mở khóa {name}.")
    emit({"name": name, "blocked": blocked}, w.say(text).format(name=name), as_json)


@user.command(help=help_text(_("Khóa một người dùng ngay lập tức."), "commune-province user block lan --dir tinh"))
@click.argument("name")
@dir_option
@json_option
def block(name: str, directory: Path, as_json: bool) -> None:
    """Let nobody in under this name."""
    _set_blocked(name, directory, True, as_json)


@user.command(help=help_text(_("Mở khóa một người dùng."), "commune-province user unblock lan --dir tinh"))
@click.argument("name")
@dir_option
@json_option
def unblock(name: str, directory: Path, as_json: bool) -> None:
    """Let in again."""
    _set_blocked(name, directory, False, as_json)


@user.command(
    help=help_text(
        _("Đặt mật khẩu mới; mọi phiên của người này kết thúc, khóa do gõ sai được gỡ."),
        "commune-province user password lan --dir tinh",
    )
)
@click.argument("name")
@stdin_option
@dir_option
@json_option
def password(name: str, password_stdin: bool, directory: Path, as_json: bool) -> None:
    """Give another password."""
    name, people, now = _name(name), _people(directory), time.time()
    if people.find(name) is None:
        fail(_("Không có người dùng này."), ExitCode.BAD_INPUT)
    people.set_password(name, _new_password(name, password_stdin), now)
    people.note_deed("", "password-set", name, "", now)
    emit({"name": name}, w.say(_("Đã đặt mật khẩu mới cho {name}.")).format(name=name), as_json)
