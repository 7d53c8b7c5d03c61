"""`commune-box token list|inspect|enrol|renew|history`: from a module file to a key that signs for a slot.

Owns the technician's questions; looking at a module happens in a process of its own (`hsm.inspect`). Refuses a key
that fits no certificate, a certificate outside the pinned roots, and a slot that stands in config.toml. The PIN is
typed once for a trial signature and kept nowhere.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.cli.token import PinSource, pin_option, refuse, token
from appliance.config import Config
from appliance.wording import _, text_of
from hsm import enrolment
from hsm.api import MECHANISMS, FaultClass, KeyState, SigningError
from hsm.certificates import load_certificate
from hsm.enrolment import Enrolment, EnrolmentError
from hsm.inspect import ask
from hsm.modules import find_modules
from hsm.trust import Trust, TrustError, check_signer, read_certificates

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
    found = []
    for module in find_modules(extra=modules):
        facts: dict[str, Any] = {"path": str(module.path), "maker": module.maker, "code": ""}
        try:
            facts |= _shown(module.path, environment)
        except SigningError as error:
            facts |= {"code": error.code, "slots": []}
        found.append(facts)
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
        facts = _shown(module, environment)
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
    _enrol(ctx.obj.config, slot, as_json, given, None)


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
    _enrol(config, slot, as_json, wish, before)


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


def _enrol(config: Config, slot: str, as_json: bool, given: dict[str, Any], before: Enrolment | None) -> None:
    if any(key.slot == slot and key.certificate.parent != config.enrolments for key in config.signer.keys):
        fail(text_of("enrolment-in-config", detail=slot), ExitCode.NOT_POSSIBLE, "enrolment-in-config")
    now = datetime.now(UTC)
    module = given["module"] or config.signer.module
    environment = dict(config.signer.environment) if module == config.signer.module else {}
    environment |= _environment(given["environment"])
    try:
        wanted = load_certificate(given["certificate"]) if given["certificate"] else b""
        tried = _tried(slot, module, environment, wanted, given)
        der = base64.b64decode(tried["certificate"])
        _prove(tried, der)
        trust = Trust.from_files(config.signer.roots, config.signer.intermediates)
        known = [one for path in config.signer.intermediates for one in read_certificates(path)]
        check_signer(der, trust, known, now)
        fresh = _enrolment(slot, module, environment, tried, der, now)
        if before is not None and fresh.present.sha256 == before.present.sha256:
            fail(text_of("enrolment-same", detail=slot), ExitCode.NOT_POSSIBLE, "enrolment-same")
        earlier = before or _loaded(config, slot)
        path = enrolment.save(config.enrolments, enrolment.renewed(earlier, fresh, now), der)
    except SigningError as error:
        refuse(error)
    except TrustError as error:
        fail(text_of(error.code, detail=error.detail), ExitCode.BAD_INPUT, error.code)
    except EnrolmentError as error:
        fail(text_of(error.code, detail=error.detail), ExitCode.CONFIGURATION, error.code)
    facts = asdict(fresh) | {"file": str(path), "certificate": asdict(fresh.present)}
    text = _("Đã đăng ký {subject} cho {slot}, thiết bị {serial}. Khởi động lại dịch vụ ký để dùng.").format(
        subject=fresh.present.subject, slot=slot, serial=fresh.token_serial
    )
    emit(facts, text, as_json)


def _tried(
    slot: str, module: Path, environment: dict[str, str], wanted: bytes, given: dict[str, Any]
) -> dict[str, Any]:
    """One login and one trial signature, in a process of its own. Raises: SigningError."""
    shown = ask(str(module), "show", environment)
    label, pad = _asked_for(shown, given["wanted"])
    state = KeyState(slot, label, given["wanted"], "", None, logged_in=False, pin_pad=pad)
    pin = PinSource(given["pin_fd"]).pin(state)
    return ask(
        str(module),
        "try",
        environment,
        seconds=130.0,
        pin=pin,
        token=given["wanted"],
        certificate=base64.b64encode(wanted).decode("ascii"),
        key_id=given["key_id"],
        policy=given["mechanism"] or "",
        each_signature=given["pin_each_signature"],
    )


def _asked_for(shown: dict[str, Any], wanted: str) -> tuple[str, bool]:
    """Label and "PIN on the reader" of the token that is meant; asking for a PIN without one would be in vain."""
    tokens = [slot["token"] for slot in shown["slots"] if slot["token"]]
    fitting = [one for one in tokens if wanted in ("", one["serial"], one["label"])]
    if not fitting:
        raise SigningError(FaultClass.TOKEN_LOST, "token-absent", wanted)
    if len(fitting) > 1:
        raise SigningError(FaultClass.CONFIG, "token-ambiguous", ", ".join(one["serial"] for one in fitting))
    return fitting[0]["label"], bool(fitting[0]["pin_pad"])


def _prove(tried: dict[str, Any], der: bytes) -> None:
    """The trial signature must be by the certificate's key. Raises: SigningError (CONFIG)."""
    public = x509.load_der_x509_certificate(der).public_key()
    trial, signature = base64.b64decode(tried["trial"]), base64.b64decode(tried["signature"])
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, trial, ec.ECDSA(hashes.SHA256()))
        elif isinstance(public, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            public.verify(
                signature, trial, pss if tried["policy"] == "rsa-pss" else padding.PKCS1v15(), hashes.SHA256()
            )
        else:
            raise SigningError(FaultClass.CONFIG, "enrol-no-match", tried["key_id"])
    except InvalidSignature as error:
        raise SigningError(FaultClass.CONFIG, "key-certificate-mismatch", tried["key_id"]) from error


def _enrolment(
    slot: str, module: Path, environment: dict[str, str], tried: dict[str, Any], der: bytes, now: datetime
) -> Enrolment:
    return Enrolment(
        slot=slot,
        module=str(module),
        environment=environment,
        token_label=tried["token_label"],
        token_serial=tried["token_serial"],
        key_id=tried["key_id"],
        mechanism=tried["policy"],
        hashed_by=tried["hashed_by"],
        pin_each_signature=tried["pin_each_signature"],
        pin_pad=tried["pin_pad"],
        certificates=(enrolment.describe(der, tried["token_serial"], tried["key_id"], now),),
    )


def _loaded(config: Config, slot: str) -> Enrolment | None:
    try:
        return enrolment.load(config.enrolments, slot)
    except EnrolmentError as error:
        fail(text_of(error.code, detail=error.detail), ExitCode.CONFIGURATION, error.code)


def _shown(module: Path, environment: tuple[str, ...]) -> dict[str, Any]:
    facts = ask(str(module), "show", _environment(environment))
    return {name: facts[name] for name in ("module", "library", "slots")}


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
