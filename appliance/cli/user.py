"""``commune-box user``: accounts of the pages, for the technician at the box's machine.

A password comes from a hidden question or from standard input, never from argv or the environment, where every process
of the machine could read it. Refuses to show a password or a hash: it shows only what it has just made up.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from appliance.accounts import acts
from appliance.accounts.codes import make_password
from appliance.accounts.rules import AccountRefused, login_of, role_of
from appliance.cli.context import Context
from appliance.cli.courier import become_owner
from appliance.cli.doc import opened
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.services.clock import utc_now
from appliance.store import Store
from appliance.store import accounts as rows
from appliance.store.accounts import Account
from appliance.store.standing import Role
from appliance.wording import _, text_of
from appliance.wording.account_codes import account_sentence
from appliance.wording.states import ROLES, name_of

role_argument = click.Choice([role.value for role in Role])
password_option = click.option("--password-stdin", is_flag=True, help="Đọc mật khẩu từ dòng đầu của đầu vào chuẩn.")


@click.group()
def user() -> None:
    """Người dùng các trang của hộp: thêm, khóa, đặt mật khẩu, mã khôi phục.

    Ví dụ: commune-box user list
    """


@user.command("first-code")
@json_option
@click.pass_obj
def first_code(context: Context, as_json: bool) -> None:
    """Mã dùng một lần để lập quản trị đầu tiên trên trang của hộp (24 giờ).

    Ví dụ: commune-box user first-code
    """
    with _accounts(context) as store:
        code = acts.offer_first_run(store, utc_now())
    emit({"code": code}, _("Mã dùng lần đầu: {code}").format(code=code), as_json)


@user.command("list")
@json_option
@click.pass_obj
def list_users(context: Context, as_json: bool) -> None:
    """Mọi tài khoản: vai trò, khóa hay không, lần đăng nhập gần nhất.

    Ví dụ: commune-box user list --json
    """
    with _accounts(context) as store:
        found = store.read(rows.listed)
        left = {one.id: store.read(lambda db, key=one.id: rows.codes_left(db, key)) for one in found}  # type: ignore[misc]
    emit(
        {"users": [_facts(one) | {"recovery_codes": left[one.id]} for one in found]},
        "\n".join(_line(one, utc_now()) for one in found),
        as_json,
    )


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="Họ và tên, như ghi trong lịch sử văn bản.")
@click.option("--role", type=role_argument, required=True, help="Vai trò.")
@click.option("--made-up", is_flag=True, help="Hộp tự đặt mật khẩu và in ra; phải đổi khi đăng nhập.")
@password_option
@json_option
@click.pass_obj
def add(context: Context, login: str, name: str, role: str, made_up: bool, password_stdin: bool, as_json: bool) -> None:
    """Thêm một người dùng.

    Ví dụ: commune-box user add lan --name "Trần Thị Lan" --role van_thu --made-up
    """
    password = _new_password(made_up, password_stdin)
    with _accounts(context) as store:
        made = acts.add(store, login, name, role_of(role), password, _by(), utc_now(), must_change=made_up)
    _tell(made, password if made_up else "", as_json)


@user.command("role")
@click.argument("login")
@click.argument("role", type=role_argument)
@click.option("--name", help="Đổi cả họ và tên.")
@json_option
@click.pass_obj
def change_role(context: Context, login: str, role: str, name: str | None, as_json: bool) -> None:
    """Đổi vai trò; người này bị đăng xuất ở mọi nơi.

    Ví dụ: commune-box user role lan lanh_dao
    """
    _act(
        context, login, as_json,
        lambda store, one, now: acts.change(store, one.id, name or one.name, role_of(role), _by(), now),
    )  # fmt: skip


@user.command()
@click.argument("login")
@json_option
@click.pass_obj
def block(context: Context, login: str, as_json: bool) -> None:
    """Khóa tài khoản; người này bị đăng xuất ngay.

    Ví dụ: commune-box user block lan
    """
    _act(context, login, as_json, lambda store, one, now: acts.block(store, one.id, _by(), now))


@user.command()
@click.argument("login")
@json_option
@click.pass_obj
def unblock(context: Context, login: str, as_json: bool) -> None:
    """Mở lại tài khoản bị khóa, kể cả khóa vì nhập sai mật khẩu.

    Ví dụ: commune-box user unblock lan
    """
    _act(context, login, as_json, lambda store, one, now: acts.unblock(store, one.id, _by(), now))


@user.command("password")
@click.argument("login")
@click.option("--made-up", is_flag=True, help="Hộp tự đặt mật khẩu và in ra.")
@password_option
@json_option
@click.pass_obj
def set_password(context: Context, login: str, made_up: bool, password_stdin: bool, as_json: bool) -> None:
    """Đặt mật khẩu mới; phải đổi khi đăng nhập.

    Ví dụ: commune-box user password lan --made-up
    """
    password = _new_password(made_up, password_stdin)
    _act(
        context, login, as_json,
        lambda store, one, now: acts.set_password(store, one.id, password, _by(), now),
        password if made_up else "",
    )  # fmt: skip


@user.command("recovery-codes")
@click.argument("login")
@json_option
@click.pass_obj
def recovery_codes(context: Context, login: str, as_json: bool) -> None:
    """In mười mã khôi phục mới; các mã cũ hết hiệu lực.

    Ví dụ: commune-box user recovery-codes binh
    """
    with _accounts(context) as store:
        codes = acts.give_recovery_codes(store, _named(store, login).id, _by(), utc_now())
    emit({"login": login_of(login), "codes": codes}, "\n".join(codes), as_json)


@user.command()
@click.argument("login")
@json_option
@click.pass_obj
def history(context: Context, login: str, as_json: bool) -> None:
    """Những gì đã xảy ra với một tài khoản: ai làm, lúc nào.

    Ví dụ: commune-box user history lan
    """
    with _accounts(context) as store:
        account = _named(store, login)
        told = store.read(lambda db: rows.told(db, account.id))
    facts = [{"at": at.isoformat(), "by": by, "event": event, "detail": detail} for at, by, event, detail in told]
    lines = [
        f"{at.astimezone():%d/%m/%Y %H:%M} {account_sentence(event, detail)} - {name_of(by)}"
        for at, by, event, detail in told
    ]
    emit({"login": account.login, "events": facts}, "\n".join(lines), as_json)


@contextmanager
def _accounts(context: Context) -> Iterator[Store]:
    """The store, with what accounts refuse as a sentence and exit code 5; root goes on as the owner of its files."""
    become_owner(context.config.box.state_dir)
    with opened(context) as store:
        try:
            yield store
        except AccountRefused as error:
            fail(text_of(error.code, **error.params), ExitCode.NOT_POSSIBLE, error.code)


def _named(store: Store, login: str) -> Account:
    found = store.read(lambda db: rows.named(db, login_of(login)))
    if found is None:
        raise AccountRefused("no-such-account")
    return found


def _act(
    context: Context, login: str, as_json: bool, act: Callable[[Store, Account, datetime], Account], password: str = ""
) -> None:
    with _accounts(context) as store:
        done = act(store, _named(store, login), utc_now())
    _tell(done, password, as_json)


def _by() -> str:
    """Who history names: the account of the machine, since nobody signed in."""
    return f"command-line:{os.environ.get('SUDO_USER') or getpass.getuser()}"


def _new_password(made_up: bool, from_stdin: bool) -> str:
    if made_up:
        return make_password()
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt(_("Mật khẩu mới"), hide_input=True, confirmation_prompt=True, err=True))


def _tell(account: Account, password: str, as_json: bool) -> None:
    facts = _facts(account) | ({"password": password} if password else {})
    text = _line(account, utc_now())
    if password:
        text += "\n" + _("Mật khẩu đầu tiên: {password}").format(password=password)
    emit(facts, text, as_json)


def _facts(account: Account) -> dict[str, Any]:
    return {
        "login": account.login,
        "name": account.name,
        "role": account.role.value,
        "active": account.active,
        "must_change": account.must_change,
        "failed": account.failed,
        "locked_until": account.locked_until.isoformat() if account.locked_until else None,
        "created_at": account.created_at.isoformat(),
        "last_sign_in": account.last_sign_in.isoformat() if account.last_sign_in else None,
    }


def _line(account: Account, now: datetime) -> str:
    marks = [] if account.active else [_("đã khóa")]
    if account.locked_until and now < account.locked_until:
        marks.append(_("tạm khóa vì nhập sai mật khẩu"))
    last = account.last_sign_in.astimezone().strftime("%d/%m/%Y %H:%M") if account.last_sign_in else _("chưa lần nào")
    said = f" [{', '.join(marks)}]" if marks else ""
    entered = _("đăng nhập gần nhất {last}").format(last=last)
    return f"{account.login}: {account.name} ({_(ROLES[account.role.value])}){said} - {entered}"
