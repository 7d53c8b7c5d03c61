"""`commune-box token`: what is plugged in, log in, log out. Asks the running signer process; never sees a key.

A PIN comes from a hidden question or from a file descriptor, never from argv or the environment, and is tried once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from cryptography import x509
from cryptography.x509.oid import NameOID

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.signers import signing_service
from appliance.wording import _, text_of
from hsm.api import KeyState, SignerState, SigningError, SigningService
from hsm.client import SocketSigner
from hsm.config import ConfigError, load

signer_option = click.option(
    "--signer-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Tệp signer.toml (dùng một mình).",
)
pin_option = click.option("--pin-fd", type=int, help="Đọc mã PIN từ bộ mô tả tệp này, mỗi mã một dòng.")


@click.group()
def token() -> None:
    """Thiết bị lưu khóa bí mật: xem, đăng nhập, đăng xuất.

    Ví dụ: commune-box token show --json
    """


@token.command()
@signer_option
@json_option
@click.pass_context
def show(ctx: click.Context, signer_config: Path | None, as_json: bool) -> None:
    """Thiết bị nào đang cắm, ai đang đăng nhập, mã PIN còn an toàn không.

    Ví dụ: commune-box token show
    """
    try:
        state = signer_of(ctx, signer_config).state()
    except SigningError as error:
        refuse(error)
    facts = {"module": state.module, "keys": [_facts(key) for key in state.keys]}
    emit(facts, _describe(state), as_json)


@token.command()
@click.argument("slot")
@signer_option
@pin_option
@click.option(
    "--documents", type=click.IntRange(min=0), default=0, help="Chỉ cho ký ngần này văn bản rồi tự đăng xuất."
)
@json_option
@click.pass_context
def login(
    ctx: click.Context, slot: str, signer_config: Path | None, pin_fd: int | None, documents: int, as_json: bool
) -> None:
    """Đăng nhập thiết bị của vị trí chữ ký SLOT (leader hoặc agency). Mã PIN sai không được thử lại.

    Ví dụ: commune-box token login agency
    """
    service = signer_of(ctx, signer_config, 130.0)
    try:
        key = service.state().key(slot)
        warn(key)
        service.login(slot, PinSource(pin_fd).pin(key), documents)
    except SigningError as error:
        refuse(error)
    emit({"slot": slot, "logged_in": True}, _("Đã đăng nhập {slot}.").format(slot=slot), as_json)


@token.command()
@click.argument("slot")
@signer_option
@json_option
@click.pass_context
def logout(ctx: click.Context, slot: str, signer_config: Path | None, as_json: bool) -> None:
    """Đăng xuất thiết bị của vị trí chữ ký SLOT.

    Ví dụ: commune-box token logout leader
    """
    try:
        signer_of(ctx, signer_config).logout(slot)
    except SigningError as error:
        refuse(error)
    emit({"slot": slot, "logged_in": False}, _("Đã đăng xuất {slot}.").format(slot=slot), as_json)


class PinSource:
    """PINs one by one: lines of a file descriptor, or hidden questions at the terminal."""

    def __init__(self, descriptor: int | None) -> None:
        self._lines = None if descriptor is None else os.fdopen(descriptor, encoding="utf-8")

    def pin(self, key: KeyState) -> str:
        """The next PIN, for the token of `key`; "" where it is typed on the reader's own keys."""
        if key.pin_pad:
            click.echo(_("Hãy bấm mã PIN của {slot} trên đầu đọc.").format(slot=key.slot), err=True)
            return ""
        if self._lines is None:
            question = _("Mã PIN của {slot} ({label})").format(slot=key.slot, label=key.token_label)
            return str(click.prompt(question, hide_input=True, err=True))
        line = self._lines.readline().rstrip("\n")
        if not line:
            fail(_("Không có mã PIN trên bộ mô tả tệp."), ExitCode.USAGE, "pin-missing")
        return line


def signer_of(ctx: click.Context, signer_config: Path | None, deadline: float = 35.0) -> SigningService:
    """The running signer: that of signer.toml if given, else those of the box's configuration."""
    if signer_config is None:
        return signing_service(ctx.obj.config, deadline)
    try:
        return SocketSigner(load(signer_config).socket, deadline)
    except ConfigError as error:
        fail(str(error), ExitCode.CONFIGURATION, error.code)


def warn(key: KeyState) -> None:
    """Tell on standard error when a wrong PIN would be dear."""
    if "count-low" in key.pin_flags:
        click.echo(_("Chú ý: mã PIN của {slot} đã bị nhập sai trước đó.").format(slot=key.slot), err=True)


def refuse(error: SigningError) -> Any:
    """End the command with the words for a signing fault."""
    fail(text_of(error.code, detail=error.detail), ExitCode.TOKEN, error.code)


def _facts(key: KeyState) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "slot": key.slot,
        "token_label": key.token_label,
        "token_serial": key.token_serial,
        "key_id": key.key_id,
        "present": key.present,
        "logged_in": key.logged_in,
        "pin_flags": list(key.pin_flags),
        "mechanism": key.mechanism,
        "ended": key.ended,
        "since": key.since,
        "documents_left": key.documents_left,
        "pin_pad": key.pin_pad,
        "problem": key.problem,
        "certificate": None,
    }
    if key.certificate_der is not None:
        certificate = x509.load_der_x509_certificate(key.certificate_der)
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        facts["certificate"] = {
            "signer": str(names[0].value) if names else "",
            "not_after": certificate.not_valid_after_utc.isoformat(),
        }
    return facts


def _describe(state: SignerState) -> str:
    lines = [_("Mô-đun PKCS#11: {module}").format(module=state.module)]
    for key in state.keys:
        place = _("đang cắm") if key.present else _("không có trong hộp")
        who = _("đã đăng nhập") if key.logged_in else _("chưa đăng nhập")
        flags = f" [{', '.join(key.pin_flags)}]" if key.pin_flags else ""
        lines.append(f"{key.slot}: {key.token_label} ({key.token_serial}) - {place}, {who}{flags}")
        if reason := key.problem or key.ended:
            lines.append(f"    {text_of(reason, detail=key.token_serial)}")
    return "\n".join(lines)
