"""`commune-province courier`: documents and answers on a stick, for offices that are cut off."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sync.courier import Fault, NoSpace, Stick
from sync.protocol.messages import Manifest
from sync.protocol.topics import Direction
from sync.province.archiving import archiving
from sync.province.carrying import Carrying
from sync.province.cli.answering import (
    ExitCode,
    Failure,
    dir_option,
    emit,
    fail,
    help_text,
    json_option,
    open_store,
    settings,
    w,
)
from sync.province.config import Config, Folder
from sync.province.courier import CourierLink, NoWire, Staging
from sync.province.pki import key_id
from sync.province.receiver import AlreadyRunning, Receiver, link_config
from sync.province.service import document_check
from sync.province.store import ProvinceStore
from sync.province.wording import _
from sync.wire_identity import SigningKey

_FAULTS = {
    "half-copied": _("{box} {name}: tệp chép dở hoặc không đọc được; hãy chép lại từ hộp. Hộp vẫn giữ bản gốc."),
    "altered": _("{box} {name}: nội dung trên thẻ đã bị thay đổi, không nhận. Hộp vẫn giữ bản gốc."),
    "unreadable": _("{box} {name}: bản kê không đọc được, không nhận. Hãy chép lại từ hộp."),
    "forged": _("{box} {name}: không mang chữ ký của hộp này (hoặc hộp đã bị thu hồi), không nhận."),
    "foreign": _("{box} {name}: không phải của hộp hay văn bản này, không nhận."),
}
_STICK = click.Path(file_okay=False, path_type=Path)


@click.group(
    name="courier",
    help=help_text(
        _("Chuyển văn bản và biên nhận bằng thẻ nhớ cho nơi mất đường truyền."),
        "commune-province courier import /media/usb --dir tinh",
    ),
)
def courier() -> None:
    """The group."""


def _carrying(folder: Folder, store: ProvinceStore) -> tuple[Carrying, SigningKey]:
    key = SigningKey.load(folder.receipt_key)
    return Carrying(store, key, key_id(key.public)), key


def _receiver(folder: Folder, config: Config, store: ProvinceStore, key: SigningKey) -> Receiver:
    """A receiver without a wire. Raises AlreadyRunning where several workers share the rows: theirs is the answer."""
    if store.connection.shared:
        raise AlreadyRunning(str(folder.root))
    return Receiver(
        store,
        archiving(document_check(folder, config), store),
        key,
        key_id(key.public),
        link_config(folder.root, *config.own_broker, ()),
        lambda _config: CourierLink(NoWire(), Staging(store)),
        config.max_document_bytes,
        config.verify_parallel,
    )


def fault_text(fault: Fault) -> str:
    """What is wrong with something on a stick, for people."""
    return w.say(_FAULTS[fault.code]).format(box=fault.box, name=fault.name)


@courier.command(
    name="import",
    help=help_text(
        _("Nhận những gì hộp chép vào thẻ, chờ kiểm tra, ghi biên nhận trở lại thẻ. Làm lại bao nhiêu lần cũng được."),
        "commune-province courier import /media/usb --dir tinh",
    ),
)
@click.argument("stick", type=_STICK)
@click.option(
    "--seconds", type=click.IntRange(0, 86_400), default=120, show_default=True, help=w.say(_("Chờ kiểm tra bao lâu."))
)
@dir_option
@json_option
def take(stick: Path, seconds: int, directory: Path, as_json: bool) -> None:
    """Take a stick."""
    folder, config = settings(directory)
    carried = Stick(stick)
    if not carried.present():
        fail(_("Trong thư mục này không có gì do hộp hay tỉnh chép vào."), ExitCode.BAD_INPUT)
    store = open_store(folder)
    carrying, key = _carrying(folder, store)
    try:
        taken = carrying.take(carried, seconds, lambda: _receiver(folder, config, ProvinceStore(folder.rows), key))
    except NoSpace as error:
        text = w.say(_("Đĩa hoặc thẻ nhớ hết chỗ; những gì đã chép vẫn còn."))
        raise Failure(text, ExitCode.NOT_POSSIBLE) from error
    except OSError as error:
        text = w.say(_("Không đọc hoặc ghi được: {detail}. Không mất gì; hãy cắm lại thẻ và làm lại."))
        raise Failure(text.format(detail=error), ExitCode.NOT_POSSIBLE) from error
    counted = _("Đã trả lời {answered} văn bản, còn chờ kiểm tra {waiting}; ghi nhận {answers} biên nhận của hộp.")
    lines = [
        w.say(counted).format(answered=len(taken.answered), waiting=len(taken.waiting), answers=taken.answers),
        *(f"! {fault_text(fault)}" for fault in taken.faults),
    ]
    if taken.notices or taken.orders:
        more = w.say(_("Thông báo xử lý của hộp: {notices}; kết quả thực hiện lệnh: {orders}."))
        lines.insert(1, more.format(notices=taken.notices, orders=taken.orders))
    facts = {
        "answered": [_named(manifest) for manifest in taken.answered],
        "waiting": [_named(manifest) for manifest in taken.waiting],
        "answers": taken.answers,
        "notices": taken.notices,
        "orders": taken.orders,
        "faults": [vars(fault) | {"text": fault_text(fault)} for fault in taken.faults],
    }
    emit(facts, "\n".join(lines), as_json)
    if taken.faults:
        sys.exit(ExitCode.PROBLEMS_FOUND)


def _named(manifest: Manifest) -> dict[str, object]:
    return {"box": manifest.box, "document_id": manifest.document_id, "sha256": manifest.sha256.hex()}


@courier.command(
    name="export",
    help=help_text(
        _("Chép văn bản đang chờ hộp và các biên nhận vào thẻ. Chép dở thì chạy lại, phần đã đủ không chép lại."),
        "commune-province courier export /media/usb --box commune-27007 --dir tinh",
    ),
)
@click.argument("stick", type=_STICK)
@click.option("--box", "boxes", multiple=True, help=w.say(_("Chỉ của hộp này.")))
@dir_option
@json_option
def put(stick: Path, boxes: tuple[str, ...], directory: Path, as_json: bool) -> None:
    """Fill a stick."""
    folder, _config = settings(directory)
    carried, store = Stick(stick), open_store(folder)
    carrying, _key = _carrying(folder, store)
    named = list(boxes) or sorted({*carrying.boxes_waiting(), *carried.boxes(Direction.UP)})
    try:
        written = carrying.put(carried, named)
    except NoSpace as error:
        text = w.say(_("Đĩa hoặc thẻ nhớ hết chỗ; những gì đã chép vẫn còn."))
        raise Failure(text, ExitCode.NOT_POSSIBLE) from error
    except OSError as error:
        text = w.say(_("Không đọc hoặc ghi được: {detail}. Không mất gì; hãy cắm lại thẻ và làm lại."))
        raise Failure(text.format(detail=error), ExitCode.NOT_POSSIBLE) from error
    counted = _("Đã chép {documents} văn bản và {answers} biên nhận; {there} văn bản đã có sẵn trên thẻ.")
    lines = [w.say(counted).format(**vars(written))]
    if written.words:
        lines.append(w.say(_("Đã chép {words} thông báo và lệnh.")).format(words=written.words))
    emit({**vars(written), "boxes": named}, "\n".join(lines), as_json)
