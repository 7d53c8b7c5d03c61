"""Commands about what goes down to boxes: send, sent."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import click

from sync.province.checking import CheckUnavailable, CommandCheck
from sync.province.cli.answering import (
    ExitCode,
    Failure,
    dir_option,
    emit,
    fail,
    help_text,
    json_option,
    open_store,
    opened,
    settings,
    w,
)
from sync.province.config import Config, Folder
from sync.province.store import ProvinceStore
from sync.province.store.outgoing import Outgoing, OutgoingDocument, SentBefore, UnknownBox
from sync.province.wording import _

PRIORITIES = ("thuong", "khan", "thuong-khan", "hoa-toc")
_BAD = {
    "unsigned": _("Tệp không có chữ ký số."),
    "invalid": _("Chữ ký số trên tệp không hợp lệ."),
    "changed": _("Tệp đã bị sửa sau khi ký."),
    "unreadable": _("Tệp không phải PDF đọc được."),
}
_ANSWERS = {
    "": _("chờ hộp nhận"),
    "accepted": _("hộp đã nhận"),
    "refused": _("hộp từ chối"),
}


@click.command(
    help=help_text(
        _("Gửi một văn bản PDF đã ký xuống một hay nhiều hộp; hộp kiểm tra rồi trả biên nhận ký bằng khóa của nó."),
        "commune-province send cong-van.pdf --to commune-27007 --code 12/UBND-VP --dir tinh",
    )
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "boxes", multiple=True, required=True, help=w.say(_("Hộp nhận; có thể lặp lại.")))
@click.option("--priority", type=click.Choice(PRIORITIES), default="thuong", help=w.say(_("Độ khẩn.")))
@click.option("--subject", default="", help=w.say(_("Trích yếu.")))
@click.option("--code", default="", help=w.say(_("Số và ký hiệu.")))
@click.option("--issuer", default="", help=w.say(_("Cơ quan ban hành.")))
@click.option("--issued", default="", help=w.say(_("Ngày ban hành, năm-tháng-ngày.")))
@click.option("--id", "document_id", default="", help=w.say(_("Mã văn bản; bỏ trống thì tự cấp.")))
@click.option("--unchecked", is_flag=True, help=w.say(_("Không kiểm tra chữ ký trước khi gửi; hộp vẫn kiểm tra.")))
@dir_option
@json_option
def send(
    file: Path,
    boxes: tuple[str, ...],
    priority: str,
    subject: str,
    code: str,
    issuer: str,
    issued: str,
    document_id: str,
    unchecked: bool,
    directory: Path,
    as_json: bool,
) -> None:
    """Queue a document for boxes; the running `serve` sends it."""
    folder, config = settings(directory)
    if not unchecked:
        _look_at(file, folder, config)
    fields = {"subject": subject, "code": code, "issuer": issuer, "issued_date": issued}
    meta = {"kind": "electronic", "name": file.name, "fields": {name: value for name, value in fields.items() if value}}
    store = open_store(folder)
    named = document_id or str(uuid.uuid4())
    queued = _queue(store, file, boxes, named, PRIORITIES.index(priority), meta, config)
    lines = [f"{one.box}  {one.document_id}  {one.sequence}" for one in queued]
    facts = {"document_id": named, "sent": [facts_of(one) for one in queued]}
    emit(facts, "\n".join(lines), as_json)


def _look_at(file: Path, folder: Folder, config: Config) -> None:
    """A file that every box would refuse is not sent at all; whom boxes trust is theirs to know."""
    if config.verify_command == ("none",):
        return
    roots = folder.resolve(config.trust_roots)
    check = CommandCheck(config.verify_command, roots, config.verify_seconds, config.verify_memory)
    try:
        verdict = str(check.facts(file).get("verdict"))
    except CheckUnavailable as error:
        text = w.say(_("Không kiểm tra được chữ ký ({detail}); xem verify_command, hoặc dùng --unchecked."))
        raise Failure(text.format(detail=error), ExitCode.NOT_POSSIBLE) from error
    if verdict in _BAD:
        fail(_BAD[verdict], ExitCode.BAD_INPUT)


def _queue(
    store: ProvinceStore,
    file: Path,
    boxes: tuple[str, ...],
    document_id: str,
    priority: int,
    meta: dict[str, Any],
    config: Config,
) -> list[OutgoingDocument]:
    """All of the boxes, or none."""
    outgoing = Outgoing(store)
    if not 0 < file.stat().st_size <= config.max_document_bytes:
        fail(_("Tệp rỗng hoặc vượt quá dung lượng cho phép."), ExitCode.BAD_INPUT)
    if not document_id.isprintable() or not 0 < len(document_id) <= 64:
        fail(_("Mã văn bản dài 1 đến 64 ký tự in được."), ExitCode.BAD_INPUT)
    sha256, size = outgoing.keep(file)
    try:
        return outgoing.queue_all(tuple(dict.fromkeys(boxes)), document_id, sha256, size, priority, meta, time.time())
    except UnknownBox as error:
        text = w.say(_("Không có hộp {box}, hoặc hộp đã bị thu hồi; chưa gửi gì."))
        raise Failure(text.format(box=error), ExitCode.BAD_INPUT) from error
    except SentBefore as error:
        text = w.say(_("Hộp {box} đã được gửi một văn bản mang mã này; chưa gửi gì."))
        raise Failure(text.format(box=error), ExitCode.BAD_INPUT) from error


def facts_of(document: OutgoingDocument) -> dict[str, Any]:
    """A row as plain values."""
    receipt = document.receipt.hex() if document.receipt else None
    return {**vars(document), "meta": json.loads(json.dumps(dict(document.meta))), "receipt": receipt}


@click.command(
    help=help_text(
        _("Liệt kê văn bản đã gửi xuống hộp và trả lời của hộp, mới nhất trước."),
        "commune-province sent --dir tinh --box commune-27007",
    )
)
@dir_option
@click.option("--box", default="", help=w.say(_("Chỉ của hộp này.")))
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help=w.say(_("Nhiều nhất bao nhiêu."))
)
@json_option
def sent(directory: Path, box: str, limit: int, as_json: bool) -> None:
    """What went down."""
    found = Outgoing(opened(directory)).listed(box, limit)
    lines = []
    for one in found:
        said = w.say(_ANSWERS[one.answer]) + (f": {one.reason}" if one.reason else "")
        lines.append(f"{w.moment(one.queued_at)}  {one.box}  {one.document_id}  {w.size(one.size)}  {said}")
    facts = {"sent": [facts_of(one) for one in found]}
    emit(facts, "\n".join(lines) or w.say(_("Chưa gửi văn bản nào.")), as_json)
