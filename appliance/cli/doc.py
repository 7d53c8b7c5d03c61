"""``commune-box doc``: look at documents and decide about them from a terminal."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click

from appliance import commands
from appliance.cli.context import Context
from appliance.cli.handling import word_lines
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.commands import CommandRefused
from appliance.delegating import who_may_sign
from appliance.domain.documents import Document
from appliance.domain.kinds import Slot
from appliance.domain.states import State
from appliance.pipeline.handling import ask_back
from appliance.pipeline.placing import planned_places
from appliance.services.clock import utc_now
from appliance.store import (
    BlobMissing,
    NoSuchDocument,
    Store,
    arrivals,
    documents,
    events,
    held,
    notices,
    open_store,
    outbox,
)
from appliance.store.standing import situation_of
from appliance.wording import _, text_of
from appliance.wording.handling import STAGES
from appliance.wording.states import SITUATIONS
from appliance.wording.verification import in_words
from hsm.api import SigningError
from hsm.font import FontError
from hsm.places import PlacementError
from hsm.stamps import StampError

_by = click.option("--by", default=lambda: f"cli:{getpass.getuser()}", show_default="người dùng hệ thống")


@contextmanager
def opened(context: Context) -> Iterator[Store]:
    """The box's store, closed again; refusals of commands become an exit code and a sentence."""
    store = open_store(context.config.database, context.config.blobs)
    try:
        yield store
    except CommandRefused as refused:
        fail(text_of(refused.code, **refused.params), ExitCode.NOT_POSSIBLE, refused.code)
    except NoSuchDocument as error:
        fail(text_of("no-such-document", document_id=error), ExitCode.NOT_POSSIBLE, "no-such-document")
    finally:
        store.close()


def situation(document: Document) -> str:
    """Where the document is, in words."""
    return _(SITUATIONS[situation_of(document)])


def facts_of(document: Document) -> dict[str, Any]:
    """A document as plain JSON values."""
    return asdict(document) | {"filled": list(document.filled), "open_slot": document.open_slot}


@click.group()
def doc() -> None:
    """Xem và xử lý văn bản."""


@doc.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in State]))
@click.option("--limit", default=200, show_default=True)
@json_option
@click.pass_obj
def list_documents(context: Context, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Liệt kê văn bản mới nhất và các tệp đang cách ly.

    Ví dụ: commune-box doc list --state queued --json
    """
    with opened(context) as store:
        found = store.read(lambda db: documents.listed(db, [State(name) for name in states], limit))
        files = store.read(held.listed)
    facts = {"documents": [facts_of(one) for one in found], "held_files": [asdict(one) for one in files]}
    lines = [f"{one.id}  {situation(one):<14} {one.value('code') or '-':<20} {one.original_name}" for one in found]
    lines += [f"{'-':<36}  {file.name}: {text_of(file.code, **file.params)}" for file in files]
    emit(facts, "\n".join(lines) or "(trống)", as_json)


@doc.command()
@click.argument("document_id")
@json_option
@click.pass_obj
def show(context: Context, document_id: str, as_json: bool) -> None:
    """Cho xem một văn bản: trường thông tin, chữ ký, biên nhận.

    Ví dụ: commune-box doc show 0199… --json
    """
    with opened(context) as store:
        document = store.read(lambda db: documents.load(db, document_id))
        delivery = store.read(lambda db: outbox.latest(db, document_id))
        arrival = None if document.secret else store.read(lambda db: arrivals.of_document(db, document_id))
        words = store.read(lambda db: notices.of_document(db, document_id))
    facts = facts_of(document) | {"notices": [asdict(word) for word in words]}
    if arrival:
        facts["arrived_signatures"] = arrival.facts
    if delivery:
        facts["delivery"] = asdict(delivery) | {
            "answer_bytes": delivery.answer_bytes.hex() if delivery.answer_bytes else None
        }
    lines = [f"{document.id}  {situation(document)}  {document.original_name}"]
    lines += [f"  {name}: {field.value}" for name, field in document.fields.items()]
    lines += [
        f"  {signature.slot}: {signature.signer} {signature.signed_at:%Y-%m-%dT%H:%M:%SZ}"
        for signature in document.signatures
    ]
    if arrival:
        said = _("Chữ ký có sẵn khi tệp đến")
        lines.append(f"  {said}: {in_words(arrival.facts).headline}")
    lines += word_lines(words)
    emit(facts, "\n".join(lines), as_json)


@doc.command()
@click.argument("document_id", required=False)
@json_option
@click.pass_obj
def history(context: Context, document_id: str | None, as_json: bool) -> None:
    """Nhật ký của một văn bản (hoặc của cả hộp).

    Ví dụ: commune-box doc history 0199…
    """
    with opened(context) as store:
        entries = store.read(lambda db: list(events.entries(db, document_id)))
    text = "\n".join(f"{entry.sequence:>6} {entry.at} {entry.event:<20} {entry.by}" for entry in entries)
    emit({"events": [asdict(entry) for entry in entries]}, text, as_json)


def _decided(document: Document, as_json: bool) -> None:
    emit(facts_of(document), f"{document.id}: {situation(document)}", as_json)


@doc.command()
@click.argument("document_id")
@click.option("--slot", type=click.Choice(["leader", "agency"]), help="Chỉ đồng ý ký vị trí này (văn bản đã duyệt).")
@_by
@json_option
@click.pass_obj
def approve(context: Context, document_id: str, slot: str | None, by: str, as_json: bool) -> None:
    """Duyệt văn bản; với --slot: đồng ý đóng dấu cơ quan sau chữ ký lãnh đạo.

    Ví dụ: commune-box doc approve 0199… --by "Nguyễn Thị Văn Thư"
    """
    with opened(context) as store:
        if slot:
            decided = commands.consent(
                store, document_id, Slot(slot), by, utc_now(), who_may_sign(context.config, store)
            )
        else:
            decided = commands.approve(
                store, document_id, by, utc_now(), delegations=who_may_sign(context.config, store)
            )
    _decided(decided, as_json)


@doc.command()
@click.argument("document_id")
@click.option("--slot", required=True, type=click.Choice(["leader", "agency"]))
@click.option("--right", default=0.0, show_default=True, help="mm sang phải; số âm: sang trái.")
@click.option("--down", default=0.0, show_default=True, help="mm xuống dưới; số âm: lên trên.")
@_by
@json_option
@click.pass_obj
def nudge(context: Context, document_id: str, slot: str, right: float, down: float, by: str, as_json: bool) -> None:
    """Dịch chỗ đặt chữ ký hoặc con dấu trước khi ký; 0 và 0: trả về chỗ cũ.

    Ví dụ: commune-box doc nudge 0199… --slot agency --right 3 --down -2
    """
    with opened(context) as store:
        document = store.read(lambda db: documents.load(db, document_id))
        nudges = document.nudges | {slot: (right, down)}
        try:
            source = store.blobs.existing(document.current_sha256)
            places = planned_places(context.config, source, document, nudges)
        except (PlacementError, StampError, FontError, SigningError) as error:
            fail(text_of(error.code, detail=error.detail), ExitCode.NOT_POSSIBLE, error.code)
        except BlobMissing:
            raise CommandRefused("not-in-this-state", state=document.state.value) from None
        decided = commands.nudge(store, document_id, Slot(slot), (right, down), by, utc_now())
    planned = {name: {"page": place.page, "box": place.box} for name, place in places.items()}
    emit(facts_of(decided) | {"planned": planned}, f"{decided.id}: {situation(decided)}", as_json)


@doc.command()
@click.argument("document_id")
@click.option("--reason", default="")
@_by
@json_option
@click.pass_obj
def release(context: Context, document_id: str, reason: str, by: str, as_json: bool) -> None:
    """Đưa văn bản ra khỏi cách ly để số hóa lại.

    Ví dụ: commune-box doc release 0199… --reason "dấu mờ, không phải văn bản mật"
    """
    with opened(context) as store:
        decided = commands.release(store, document_id, by, utc_now(), reason)
    _decided(decided, as_json)


@doc.command()
@click.argument("document_id")
@click.option("--reason", required=True)
@_by
@json_option
@click.pass_obj
def discard(context: Context, document_id: str, reason: str, by: str, as_json: bool) -> None:
    """Hủy văn bản (quét lại, gửi nhầm…). Bản quét nghi mật bị xóa khỏi hộp.

    Ví dụ: commune-box doc discard 0199… --reason "quét thiếu trang"
    """
    with opened(context) as store:
        decided = commands.send_back(store, document_id, by, utc_now(), reason)
    _decided(decided, as_json)


@doc.command()
@click.argument("document_id")
@_by
@json_option
@click.pass_obj
def requeue(context: Context, document_id: str, by: str, as_json: bool) -> None:
    """Gửi lại văn bản bị tỉnh từ chối.

    Ví dụ: commune-box doc requeue 0199…
    """
    with opened(context) as store:
        decided = commands.requeue(store, document_id, by, utc_now())
    _decided(decided, as_json)


@doc.command()
@click.argument("document_id")
@click.option("--reason", required=True)
@_by
@json_option
@click.pass_obj
def recall(context: Context, document_id: str, reason: str, by: str, as_json: bool) -> None:
    """Đề nghị tỉnh cho lấy lại một văn bản đã nhận; tỉnh trả lời đồng ý hoặc từ chối.

    Ví dụ: commune-box doc recall 0199… --reason "gửi nhầm"
    """
    with opened(context) as store:
        number = ask_back(store, context.config.box.id, document_id, by, utc_now(), reason)
    emit({"document_id": document_id, "number": number}, f"{document_id}: {_(STAGES['13'])}", as_json)
