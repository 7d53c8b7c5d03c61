"""``commune-box incoming``: electronic documents that the province sent to this box."""

from __future__ import annotations

import getpass
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.handling import word_lines
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.pipeline import handling
from appliance.services.clock import utc_now
from appliance.store import BlobMissing, Store, incoming, notices
from appliance.store.incoming import Electronic
from appliance.wording import _, text_of
from appliance.wording.handling import STAGES
from appliance.wording.verification import in_words

_by = click.option("--by", default=lambda: f"cli:{getpass.getuser()}", show_default="người dùng hệ thống")


@click.group("incoming")
def incoming_group() -> None:
    """Văn bản điện tử tỉnh gửi đến."""


def stage_of(document: Electronic) -> str:
    """Where handling stands, in words."""
    return _("Đã bị lấy lại") if document.recalled_at else _(STAGES[document.stage])


def facts_of(document: Electronic) -> dict[str, Any]:
    """A document as plain JSON values."""
    return asdict(document) | {"envelope": document.envelope.hex(), "subject": document.said("subject")}


def found(store: Store, document_id: str) -> Electronic:
    """One document, or the end of the command."""
    document = store.read(lambda db: incoming.find(db, document_id))
    if document is None:
        fail(text_of("no-such-document", document_id=document_id), ExitCode.NOT_POSSIBLE, "no-such-document")
    return document


@incoming_group.command("list")
@click.option("--limit", default=200, show_default=True)
@json_option
@click.pass_obj
def list_incoming(context: Context, limit: int, as_json: bool) -> None:
    """Liệt kê văn bản đến điện tử: khẩn chưa xử lý trước, rồi mới nhất.

    Ví dụ: commune-box incoming list --json
    """
    with opened(context) as store:
        documents = store.read(lambda db: incoming.listed(db, limit))
    lines = [
        f"{one.document_id}  {stage_of(one):<16} {one.said('code') or '-':<20} {one.said('subject')}"
        for one in documents
    ]
    emit({"documents": [facts_of(one) for one in documents]}, "\n".join(lines) or "(trống)", as_json)


@incoming_group.command()
@click.argument("document_id")
@json_option
@click.pass_obj
def show(context: Context, document_id: str, as_json: bool) -> None:
    """Cho xem một văn bản đến điện tử: trường thông tin, chữ ký, tình trạng xử lý.

    Ví dụ: commune-box incoming show 0199…
    """
    with opened(context) as store:
        document = found(store, document_id)
        words = store.read(lambda db: notices.of_document(db, document_id))
    lines = [f"{document.document_id}  {stage_of(document)}  {document.size} byte"]
    stated = document.meta.get("fields")
    shown = {**document.fields, **(stated if isinstance(stated, dict) else {})}
    lines += [f"  {name}: {value}" for name, value in shown.items()]
    if document.signatures:
        lines.append(f"  {in_words(document.signatures).headline}")
    lines += word_lines(words)
    emit(facts_of(document) | {"notices": [asdict(word) for word in words]}, "\n".join(lines), as_json)


@incoming_group.command()
@click.argument("document_id")
@click.argument("code", type=click.Choice(["02", "03", "04", "05", "06"]))
@click.option("--reason", default="", help="Bắt buộc khi từ chối (02).")
@_by
@json_option
@click.pass_obj
def stage(context: Context, document_id: str, code: str, reason: str, by: str, as_json: bool) -> None:
    """Ghi tình trạng xử lý và báo cho nơi gửi: 02 từ chối, 03 tiếp nhận, 04 phân công, 05 đang xử lý, 06 hoàn thành.

    Ví dụ: commune-box incoming stage 0199… 03
    """
    with opened(context) as store:
        document = handling.set_stage(store, document_id, code, by, utc_now(), reason)
    emit(facts_of(document), f"{document.document_id}: {stage_of(document)}", as_json)


@incoming_group.command()
@click.argument("document_id")
@click.option("--agree/--refuse", required=True, help="Đồng ý: xóa tệp khỏi hộp. Từ chối: phải ghi lý do.")
@click.option("--reason", default="")
@_by
@json_option
@click.pass_obj
def recall(context: Context, document_id: str, agree: bool, reason: str, by: str, as_json: bool) -> None:
    """Trả lời yêu cầu lấy lại của nơi gửi.

    Ví dụ: commune-box incoming recall 0199… --agree
    """
    with opened(context) as store:
        document = handling.answer_recall(store, document_id, agree, by, utc_now(), reason)
    emit(facts_of(document), f"{document.document_id}: {stage_of(document)}", as_json)


@incoming_group.command()
@click.argument("document_id")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Tệp ghi ra.")
@json_option
@click.pass_obj
def export(context: Context, document_id: str, output: Path, as_json: bool) -> None:
    """Ghi tệp đã nhận ra ngoài, đúng từng byte.

    Ví dụ: commune-box incoming export 0199… -o cong-van.pdf
    """
    with opened(context) as store:
        document = found(store, document_id)
        if document.recalled_at:
            fail(_("Văn bản đã bị lấy lại và đã xóa."), ExitCode.NOT_POSSIBLE, "recalled")
        try:
            shutil.copyfile(store.blobs.existing(document.sha256), output)
        except BlobMissing:
            fail(text_of("file-damaged"), ExitCode.NOT_POSSIBLE, "file-damaged")
    emit({"file": str(output), "sha256": document.sha256, "size": document.size}, str(output), as_json)
