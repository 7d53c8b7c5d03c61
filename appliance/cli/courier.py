"""``commune-box courier``: documents and receipts on a stick, while there is no line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.pipeline.courier import BoxCourier
from appliance.services.downward import make_courier
from appliance.store import StoreFull
from appliance.wording import _, text_of
from sync.courier import Fault, NoSpace, Stick
from sync.protocol.topics import Direction
from sync.wire_identity import KeyFileError, SigningKey

_STICK = click.Path(file_okay=False, path_type=Path)


@click.group()
def courier() -> None:
    """Chuyển văn bản và biên nhận bằng thẻ nhớ khi mất đường truyền."""


@contextmanager
def _ready(context: Context) -> Iterator[BoxCourier]:
    """The box's courier; troubles of the stick become an exit code and a sentence."""
    if context.config.sync is None:
        fail(text_of("not-enrolled"), ExitCode.CONFIGURATION, "not-enrolled")
    try:
        device = SigningKey.load(context.config.sync.device_key)
    except KeyFileError as error:
        fail(text_of("stick-no-key", path=context.config.sync.device_key), ExitCode.CONFIGURATION, error.code)
    become_owner(context.config.box.state_dir)
    with opened(context) as store:
        try:
            yield make_courier(context.config, store, device)
        except (NoSpace, StoreFull):
            fail(text_of("stick-no-space"), ExitCode.NOT_POSSIBLE, "stick-no-space")
        except OSError as error:
            fail(text_of("stick-trouble", detail=error), ExitCode.NOT_POSSIBLE, "stick-trouble")


def become_owner(folder: Path) -> None:
    """Go on as the user who owns the box's files, when root began: the device key is root's to read, but a file that
    root leaves in the store could not be read by the box's services."""
    if os.geteuid() or not folder.is_dir() or not (owner := folder.stat()).st_uid:
        return
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def fault_text(fault: Fault) -> str:
    """What is wrong with something on a stick, for people."""
    return text_of(f"stick-{fault.code}", name=fault.name)


@courier.command("export")
@click.argument("stick", type=_STICK)
@json_option
@click.pass_obj
def put(context: Context, stick: Path, as_json: bool) -> None:
    """Chép văn bản đang chờ gửi và biên nhận vào thẻ. Chép dở thì chạy lại, phần đã đủ không chép lại.

    Ví dụ: commune-box courier export /media/usb
    """
    with _ready(context) as ready:
        written = ready.put(Stick(stick))
    said = _("Đã chép {documents} văn bản và {answers} biên nhận; {there} văn bản đã có sẵn trên thẻ.")
    lines = [said.format(**asdict(written))]
    if written.words:
        lines.append(_("Đã chép {words} thông báo xử lý.").format(words=written.words))
    emit(asdict(written), "\n".join(lines), as_json)


@courier.command("import")
@click.argument("stick", type=_STICK)
@json_option
@click.pass_obj
def take(context: Context, stick: Path, as_json: bool) -> None:
    """Nhận biên nhận và văn bản đến điện tử mà tỉnh chép vào thẻ. Mã thoát 8 nếu có phần không nhận.

    Ví dụ: commune-box courier import /media/usb
    """
    carried = Stick(stick)
    with _ready(context) as ready:
        if context.config.box.id not in carried.boxes(Direction.DOWN):
            fail(text_of("stick-empty"), ExitCode.BAD_INPUT, "stick-empty")
        taken = ready.take(carried)
    said = _(
        "Tỉnh đã nhận {accepted} văn bản, từ chối {refused}; đến {received} văn bản điện tử, không nhận {declined},"
        " chưa kiểm tra được {later}."
    )
    counts = {name: value if isinstance(value, int) else len(value) for name, value in asdict(taken).items()}
    lines = [said.format(**counts)]
    if taken.notices or taken.orders:
        lines.append(_("Thông báo xử lý của tỉnh: {notices}; lệnh của tỉnh: {orders}.").format(**counts))
    lines += [f"! {fault_text(fault)}" for fault in taken.faults]
    faults = [asdict(fault) | {"text": fault_text(fault)} for fault in taken.faults]
    emit(asdict(taken) | {"faults": faults}, "\n".join(lines), as_json)
    if taken.faults:
        raise SystemExit(int(ExitCode.PROBLEMS_FOUND))
