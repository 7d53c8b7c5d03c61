"""`commune-box token list|inspect|enrol|renew|history`: from a module file to a key that signs for a slot.

Owns the technician's questions and the lines they are answered with; what is done is `appliance.enrolling`, which the
page shares. The PIN is typed once for a trial signature and kept nowhere.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from appliance import enrolling
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.cli.token import PinSource, pin_option, refuse, token
from appliance.config import Config
from appliance.enrolling import Wish
from appliance.wording import _, text_of
from hsm import enrolment
from hsm.api import MECHANISMS, KeyState, SigningError
from hsm.certificates import load_certificate
from hsm.enrolment import Enrolment, EnrolmentError
from hsm.trust import TrustError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SLOT = click.Choice(["leader", "agency"])
environment_option = click.option(
    "--environment", "environment", multiple=True, metavar="TÊN=GIÁ_TRỊ", help="Biến môi trường mà mô-đun cần."
)


@token.command("list")
@click.option("--module", "modules", multiple=True, type=_FILE, help="Thêm một mô-đun PKCS#11 ở nơi khác.")
@environment_option
@json_option
def list_modules(modules: tuple[Path, ...], environment: tuple[str, ...], as_json: bool) -> None:
    """Các mô-đun PKCS#11 trên máy này, và thiết bị cắm trong mỗi mô-đun.

    Ví dụ: commune-box token list --json
    """
    found = enrolling.look(None, modules, _environment(environment))
    lines = []
    for facts in found:
        trouble = f": {text_of(facts['code'], detail=facts['path'])}" if facts["code"] else ""
        lines.append(f"{facts['maker'] or '?'}: {facts['path']}{trouble}")
        lines += [f"    {line}" for slot in facts["slots"] for line in _slot_lines(slot)]
    emit({"modules": found}, "\n".join(lines) or _("Không thấy mô-đun PKCS#11 nào."), as_json)


@token.command()
@click.argument("module", type=_FILE)
@environment_option
@json_option
def inspect(module: Path, environment: tuple[str, ...], as_json: bool) -> None:
    """Khe, thiết bị, cách ký và chứng thư số trong một MODULE; không đăng nhập.

    Ví dụ: commune-box token inspect /usr/lib/libbit4xpki.so
    """
    try:
        facts = enrolling.shown(module, _environment(environment))
    except SigningError as error:
        refuse(error)
    lines = [line for slot in facts["slots"] for line in _slot_lines(slot, full=True)]
    emit(facts, "\n".join(lines) or _("Không có thiết bị nào."), as_json)


@token.command()
@click.option("--slot", required=True, type=_SLOT, help="Vị trí chữ ký: leader hoặc agency.")
@click.option("--module", type=_FILE, help="Mô-đun PKCS#11; mặc định là của [signer].")
@click.option("--token", "wanted", default="", help="Số sê-ri hoặc nhãn của thiết bị, nếu cắm nhiều thiết bị.")
@click.option("--certificate", type=_FILE, help="Chứng thư số trong tệp (PEM, DER), nếu thiết bị không chứa.")
@click.option("--key-id", default="", help="CKA_ID (thập lục phân), nếu thiết bị có nhiều khóa.")
@click.option("--mechanism", type=click.Choice(MECHANISMS), help="Cách ký; mặc định theo loại khóa.")
@click.option("--pin-each-signature", is_flag=True, help="Thiết bị đòi mã PIN ở mỗi chữ ký mà không tự khai.")
@environment_option
@pin_option
@json_option
@click.pass_context
def enrol(ctx: click.Context, slot: str, as_json: bool, **given: Any) -> None:
    """Đăng ký khóa của một thiết bị cho một vị trí chữ ký: chọn khóa theo chứng thư, ký thử một lần, ghi lại.

    Ví dụ: commune-box token enrol --slot leader --module /usr/lib/libbit4xpki.so
    """
    _enrol(ctx.obj.config, slot, as_json, given, renewing=False)


@token.command()
@click.option("--slot", required=True, type=_SLOT, help="Vị trí chữ ký: leader hoặc agency.")
@click.option("--certificate", type=_FILE, help="Chứng thư số mới trong tệp, nếu thiết bị không chứa.")
@click.option("--key-id", default="", help="CKA_ID của khóa mới (thập lục phân), nếu thiết bị có nhiều khóa.")
@click.option("--new-token", default="", help="Số sê-ri thiết bị mới, khi thay cả thiết bị.")
@pin_option
@json_option
@click.pass_context
def renew(ctx: click.Context, slot: str, as_json: bool, **given: Any) -> None:
    """Thay chứng thư số (hoặc cả thiết bị) của một vị trí; chứng thư cũ được giữ trong lịch sử.

    Ví dụ: commune-box token renew --slot agency --certificate chung-thu-moi.pem
    """
    config: Config = ctx.obj.config
    before = _loaded(config, slot)
    if before is None:
        fail(text_of("enrolment-absent", detail=slot), ExitCode.NOT_POSSIBLE, "enrolment-absent")
    wish = {
        "module": Path(before.module),
        "wanted": given["new_token"] or before.token_serial,
        "certificate": given["certificate"],
        "key_id": given["key_id"],
        "mechanism": None,
        "pin_each_signature": before.pin_each_signature,
        "environment": tuple(f"{name}={value}" for name, value in before.environment.items()),
        "pin_fd": given["pin_fd"],
    }
    _enrol(config, slot, as_json, wish, renewing=True)


@token.command()
@json_option
@click.pass_context
def history(ctx: click.Context, as_json: bool) -> None:
    """Mọi chứng thư số từng dùng cho mỗi vị trí chữ ký, kể cả đã thay.

    Ví dụ: commune-box token history --json
    """
    enrolled = [one for slot in ("leader", "agency") if (one := _loaded(ctx.obj.config, slot)) is not None]
    lines = []
    for one in enrolled:
        lines.append(f"{one.slot}: {one.token_label} ({one.token_serial}), {one.mechanism}")
        for certificate in one.certificates:
            ended = (
                _("đã thay {day}").format(day=certificate.retired_at[:10]) if certificate.retired_at else _("đang dùng")
            )
            until = certificate.not_after[:10]
            lines.append(f"    {certificate.subject} ({certificate.sha256[:16]}…) → {until}, {ended}")
    emit({"enrolments": [asdict(one) for one in enrolled]}, "\n".join(lines) or _("Chưa đăng ký khóa nào."), as_json)


def _enrol(config: Config, slot: str, as_json: bool, given: dict[str, Any], renewing: bool) -> None:
    if enrolling.in_config(config, slot):
        fail(text_of("enrolment-in-config", detail=slot), ExitCode.NOT_POSSIBLE, "enrolment-in-config")
    module = given["module"] or config.signer.module
    pins = PinSource(given["pin_fd"])

    def pin(label: str, pad: bool) -> str:
        return pins.pin(KeyState(slot, label, given["wanted"], "", None, logged_in=False, pin_pad=pad))

    try:
        wish = Wish(
            slot=slot,
            module=module,
            environment=enrolling.environment_of(config, module) | _environment(given["environment"]),
            token=given["wanted"],
            certificate=load_certificate(given["certificate"]) if given["certificate"] else b"",
            key_id=given["key_id"],
            mechanism=given["mechanism"] or "",
            pin_each_signature=given["pin_each_signature"],
        )
        made, path = enrolling.enrol(config, wish, pin, datetime.now(UTC), renewing)
    except SigningError as error:
        refuse(error)
    except TrustError as error:
        fail(text_of(error.code, detail=error.detail), ExitCode.BAD_INPUT, error.code)
    except EnrolmentError as error:
        same = error.code == "enrolment-same"
        ending = ExitCode.NOT_POSSIBLE if same else ExitCode.CONFIGURATION
        fail(text_of(error.code, detail=error.detail), ending, error.code)
    facts = asdict(made) | {"file": str(path), "certificate": asdict(made.present)}
    text = _("Đã đăng ký {subject} cho {slot}, thiết bị {serial}. Khởi động lại dịch vụ ký để dùng.").format(
        subject=made.present.subject, slot=slot, serial=made.token_serial
    )
    emit(facts, text, as_json)


def _loaded(config: Config, slot: str) -> Enrolment | None:
    try:
        return enrolment.load(config.enrolments, slot)
    except EnrolmentError as error:
        fail(text_of(error.code, detail=error.detail), ExitCode.CONFIGURATION, error.code)


def _environment(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    return {name: value for name, _sign, value in pairs if name}


def _slot_lines(slot: dict[str, Any], full: bool = False) -> list[str]:
    if not slot["token"]:
        return [_("khe {number}: trống").format(number=slot["slot"])] if full else []
    told = slot["token"]
    flags = f" [{', '.join(told['pin_flags'])}]" if told["pin_flags"] else ""
    lines = [f"{told['label']} ({told['serial']}, {told['maker']} {told['model']}){flags}"]
    if slot.get("problem"):
        return [*lines, f"    {text_of(slot['problem'], detail='')}"]
    lines.append("    " + _("cách ký: {names}").format(names=", ".join(slot["policies"]) or "-"))
    for one in slot["certificates"]:
        lines.append(f"    {one['subject']} → {one['not_after'][:10]} ({one['sha256'][:16]}…)")
    lines += [f"    CKA_ID {key['key_id']}: {key['type']}" for key in slot["keys"]] if full else []
    return lines
