"""`commune-box sign`: one file, one or several signature slots; works alone with a signer.toml, or with the box's
signer.

Owns the choice of appearance and the life of a signer process started only for this command. A PIN is asked for each
token that nobody is logged in to, and tried once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from cryptography import x509
from cryptography.x509.oid import NameOID

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.cli.token import PinSource, pin_option, refuse, signer_of, signer_option, warn
from appliance.domain.documents import FARTHEST_NUDGE
from appliance.wording import _, text_of
from hsm.api import FaultClass, KeyState, SigningError, SigningService
from hsm.font import FontError
from hsm.pades import AppliedSignature, SignatureRefused, apply_signature
from hsm.places import PlacementError
from hsm.readiness import fields_in, opened
from hsm.slots import FIELD_OF_SLOT, NUMBER, SLOTS_OF_KIND
from hsm.stamps import COPY_FORMS, StampError, StampImage, StampText, attachment_stamp, copy_stamp
from hsm.times import iso_time
from hsm.trust import Trust, TrustError, read_certificates

START_SECONDS = 20.0
Nudges = dict[str, tuple[float, float]]
"""Slot → millimetres to the right and down."""
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _nudges(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> Nudges:
    """`--nudge leader=3,-2.5` as a table. Raises: click.BadParameter; CommandFailure (nudge-too-far)."""
    found: Nudges = {}
    for word in given:
        slot, _sign, moves = word.partition("=")
        try:
            right, down = (float(part) for part in moves.split(","))
        except ValueError:
            raise click.BadParameter(_("Hãy ghi như leader=3,-2.5: vị trí, mi-li-mét sang phải, xuống dưới.")) from None
        if slot not in FIELD_OF_SLOT or slot == NUMBER:
            raise click.BadParameter(text_of("slot-unknown", detail=slot))
        if not (abs(right) <= FARTHEST_NUDGE and abs(down) <= FARTHEST_NUDGE):  # also what is no number at all
            fail(text_of("nudge-too-far", most=f"{FARTHEST_NUDGE:g}"), ExitCode.USAGE, "nudge-too-far")
        found[slot] = right, down
    return found


@click.command()
@click.argument("file", type=_FILE)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Tệp đã ký.")
@click.option("--slot", "slots", multiple=True, required=True, help="leader hoặc agency; ghi nhiều lần theo thứ tự ký.")
@click.option("--kind", type=click.Choice(sorted(SLOTS_OF_KIND)), default="incoming-scan", show_default=True)
@click.option("--trust", "roots", multiple=True, type=_FILE, help="Chứng thư gốc (PEM).")
@click.option("--intermediate", "intermediates", multiple=True, type=_FILE, help="CA trung gian (PEM).")
@click.option("--leader-image", type=_FILE, help="Ảnh chữ ký của lãnh đạo (PNG nền trong).")
@click.option("--seal-image", type=_FILE, help="Ảnh con dấu (PNG nền trong, đúng kích thước thật).")
@click.option("--agency", help="Tên cơ quan trên dấu SAO Y; mặc định lấy từ chứng thư.")
@click.option("--copy-form", type=click.Choice(COPY_FORMS), help="Hình thức sao; mặc định theo cấu hình, hoặc SAO Y.")
@click.option(
    "--nudge",
    "nudges",
    multiple=True,
    callback=_nudges,
    metavar="VỊ_TRÍ=PHẢI,XUỐNG",
    help="Dịch chữ ký, con dấu của vị trí chưa có trên văn bản, tính bằng mm (leader=3,-2.5).",
)
@click.option("--code", default="", help="Số, ký hiệu văn bản (cho phụ lục).")
@signer_option
@pin_option
@json_option
@click.pass_context
def sign(ctx: click.Context, file: Path, output: Path, slots: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Ký số một tệp PDF bằng thiết bị PKCS#11, giữ nguyên PDF/A.

    Mã kết thúc: 0 đã ký, 3 tệp không ký được, 6 lỗi thiết bị hoặc mã PIN, 7 lỗi cấu hình.

    Ví dụ: commune-box sign scan.pdf -o scan-ky.pdf --slot agency --signer-config signer.toml --trust ca-goc.pem
    """
    try:
        _refuse_late(file, given["nudges"], given["kind"])
        trust, intermediates = _trust(ctx, given)
        with _service(ctx, given["signer_config"]) as service:
            applied = _sign_all(ctx, service, trust, intermediates, file, output, slots, given)
    except SigningError as error:
        refuse(error)
    except SignatureRefused as error:
        fail(text_of(error.code, **error.params), ExitCode.BAD_INPUT, error.code)
    except (TrustError, FontError, StampError, PlacementError) as error:
        fail(text_of(error.code, detail=error.detail), ExitCode.BAD_INPUT, error.code)
    except OSError as error:
        fail(str(error), ExitCode.NOT_POSSIBLE, "file-not-written")
    facts = {
        "file": str(file),
        "output": str(output),
        "kind": given["kind"],
        "signatures": [asdict(each) for each in applied],
    }
    text = _("Đã ký {slots} vào {output}.").format(slots=", ".join(slots), output=output)
    emit(facts, text, as_json)


def _sign_all(
    ctx: click.Context,
    service: SigningService,
    trust: Trust,
    intermediates: list[bytes],
    file: Path,
    output: Path,
    slots: tuple[str, ...],
    given: dict[str, Any],
) -> list[AppliedSignature]:
    pins = PinSource(given["pin_fd"])
    applied: list[AppliedSignature] = []
    # All slots or none: the output appears only when the last signature is on it.
    with tempfile.TemporaryDirectory(prefix=".sign-", dir=output.resolve().parent) as folder:
        source = file
        for number, slot in enumerate(slots):
            key = _logged_in(service, slot, pins)
            now = datetime.now(UTC)
            target = Path(folder) / f"{number}.pdf"
            applied.append(
                apply_signature(
                    source,
                    target,
                    kind=given["kind"],
                    slot=slot,
                    service=service,
                    certificate=key.certificate_der or b"",
                    intermediates=intermediates,
                    trust=trust,
                    stamp=_stamp(ctx, key, given, now),
                    document_id=file.name,
                    now=now,
                    nudges=given["nudges"],
                )
            )
            source = target
        source.replace(output)
    return applied


def _refuse_late(file: Path, nudges: Nudges, kind: str) -> None:
    """All fields of a kind are made at its first signature; moving one later would be silently in vain."""
    for slot in nudges:
        if slot not in SLOTS_OF_KIND[kind]:
            raise SignatureRefused("slot-not-of-kind", slot=slot, kind=kind)
    if nudges:
        with file.open("rb") as stream:
            present = fields_in(opened(stream))
        for slot in nudges:
            if FIELD_OF_SLOT[slot] in present:
                raise SignatureRefused("nudge-too-late", slot=slot)


def _logged_in(service: SigningService, slot: str, pins: PinSource) -> KeyState:
    key = service.state().key(slot)
    if not key.logged_in:
        warn(key)
        service.login(slot, pins.pin(key), documents=1)  # this file and no other
    return key


def _trust(ctx: click.Context, given: dict[str, Any]) -> tuple[Trust, list[bytes]]:
    roots, intermediates = given["roots"], given["intermediates"]
    if not roots and given["signer_config"] is None:
        roots, intermediates = ctx.obj.config.signer.roots, ctx.obj.config.signer.intermediates
    known = [one for path in intermediates for one in read_certificates(path)]
    return Trust.from_files(roots, intermediates), known


def _stamp(ctx: click.Context, key: KeyState, given: dict[str, Any], now: datetime) -> StampText | StampImage:
    signer = _common_name(key)
    box = ctx.obj.config if given["signer_config"] is None else None
    if given["kind"] == "outgoing":
        images = {"leader": given["leader_image"], "agency": given["seal_image"]}
        if box is not None:
            images["leader"] = images["leader"] or box.signer.leader_image
            images["agency"] = images["agency"] or box.signer.seal_image
        path = images.get(key.slot)
        # Without a picture: name and time, the block used in the field when no image is at hand.
        return StampText((signer, iso_time(now))) if path is None else StampImage.from_file(path)
    if given["kind"] == "appendix":
        return attachment_stamp(given["code"] or signer, now)
    agency = given["agency"] or (box.box.commune if box is not None else "") or signer
    office, form = (box.signer.office, box.signer.copy_form) if box is not None else ("", COPY_FORMS[0])
    return copy_stamp(agency, now, office, given["copy_form"] or form)


def _common_name(key: KeyState) -> str:
    if key.certificate_der is None:
        return ""
    names = x509.load_der_x509_certificate(key.certificate_der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


@contextmanager
def _service(ctx: click.Context, signer_config: Path | None) -> Iterator[SigningService]:
    """The signer that answers, or one started for the length of this command (only with a signer.toml)."""
    service = signer_of(ctx, signer_config, 130.0)
    try:
        service.state()
    except SigningError as error:
        if error.fault is not FaultClass.CRASH or signer_config is None:
            raise
    else:
        yield service
        return
    process = subprocess.Popen([sys.executable, "-m", "hsm", "--config", str(signer_config)], stdout=subprocess.DEVNULL)
    try:
        _await(service, process)
        yield service
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(service: SigningService, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            service.state()
            return
        except SigningError:
            if process.poll() is not None or time.monotonic() > end:
                raise
        time.sleep(0.05)
