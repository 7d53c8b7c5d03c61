"""Commands about the handling of documents, both ways: handle, recall, answer-recall, notices."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sync.province import handling
from sync.province.cli.answering import (
    ExitCode,
    Failure,
    dir_option,
    emit,
    help_text,
    json_option,
    opened,
    w,
)
from sync.province.store.handling import Handling
from sync.province.wording import _

STAGES = {
    "01": _("Đã đến"),
    "02": _("Từ chối tiếp nhận"),
    "03": _("Đã tiếp nhận"),
    "04": _("Phân công xử lý"),
    "05": _("Đang xử lý"),
    "06": _("Hoàn thành"),
    "13": _("Lấy lại"),
    "15": _("Đồng ý lấy lại"),
    "16": _("Từ chối lấy lại"),
}
_REASONS = {
    "no-such-document": _("Không có văn bản này."),
    "needs-reason": _("Phải ghi lý do."),
    "cannot-follow": _("Tình trạng không thể chuyển như vậy ({detail})."),
    "no-recall-asked": _("Không có yêu cầu lấy lại nào đang chờ trả lời."),
    "recalled-before": _("Đã yêu cầu lấy lại văn bản này rồi."),
}
box_option = click.option("--box", default="", help=w.say(_("Chỉ của hộp này.")))
reason_option = click.option("--reason", default="", help=w.say(_("Lý do.")))


def _by(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--by", default=getpass.getuser, help=w.say(_("Người hoặc đơn vị thực hiện.")))(command)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except handling.NotPossible as error:
        raise Failure(w.say(_REASONS[error.code]).format(detail=error.detail), ExitCode.BAD_INPUT) from error


@click.command(
    name="handle",
    help=help_text(
        _("Báo cho xã tình trạng xử lý một văn bản xã đã gửi: 02 từ chối, 03 tiếp nhận, 04 phân công, 05, 06."),
        "commune-province handle 01970f3e-… 03 --dir tinh",
    ),
)
@click.argument("document")
@click.argument("code", type=click.Choice(["01", "02", "03", "04", "05", "06"]))
@box_option
@reason_option
@_by
@dir_option
@json_option
def handle(document: str, code: str, box: str, reason: str, by: str, directory: Path, as_json: bool) -> None:
    """Say a stage."""
    with _told():
        told = handling.handle(opened(directory), document, box, code, reason, by, time.time())
    emit({"box": told, "document_id": document, "code": code}, f"{told}  {document}  {w.say(STAGES[code])}", as_json)


@click.command(
    name="recall",
    help=help_text(
        _("Yêu cầu hộp trả lại văn bản tỉnh đã gửi; hộp chưa nhận thì sẽ không nhận nữa."),
        "commune-province recall 01970f3e-… --reason 'gửi nhầm' --dir tinh",
    ),
)
@click.argument("document")
@box_option
@reason_option
@_by
@dir_option
@json_option
def recall(document: str, box: str, reason: str, by: str, directory: Path, as_json: bool) -> None:
    """Ask for a document back."""
    with _told():
        asked = handling.recall(opened(directory), document, box, reason, by, time.time())
    emit({"document_id": document, "boxes": asked}, "\n".join(asked), as_json)


@click.command(
    name="answer-recall",
    help=help_text(
        _("Trả lời xã xin lấy lại văn bản đã gửi. Bản và biên nhận ở tỉnh vẫn giữ làm chứng cứ."),
        "commune-province answer-recall 01970f3e-… --agree --dir tinh",
    ),
)
@click.argument("document")
@click.option("--agree/--refuse", required=True, help=w.say(_("Đồng ý, hoặc từ chối kèm lý do.")))
@box_option
@reason_option
@_by
@dir_option
@json_option
def answer_recall(document: str, agree: bool, box: str, reason: str, by: str, directory: Path, as_json: bool) -> None:
    """Answer a box."""
    with _told():
        told = handling.answer_recall(opened(directory), document, box, agree, reason, by, time.time())
    code = "15" if agree else "16"
    emit({"box": told, "document_id": document, "code": code}, f"{told}  {document}  {w.say(STAGES[code])}", as_json)


@click.command(
    name="notices",
    help=help_text(
        _("Hiện mọi thông báo xử lý của hai bên về một văn bản."),
        "commune-province notices 01970f3e-… --dir tinh",
    ),
)
@click.argument("document")
@box_option
@dir_option
@json_option
def notices(document: str, box: str, directory: Path, as_json: bool) -> None:
    """Show what was said."""
    words = Handling(opened(directory)).of_document(document, box)
    lines = []
    for word in words:
        who = w.say(_("tỉnh")) if word.ours else word.box
        unheard = "" if word.heard else " - " + w.say(_("hộp chưa nhận được tin"))
        said = w.say(STAGES[word.code]) + (f": {word.reason}" if word.reason else "")
        lines.append(f"{w.moment(word.said_at)}  {word.box}  {who} ({word.spoken_by or '-'}): {said}{unheard}")
    emit({"notices": [vars(word) for word in words]}, "\n".join(lines), as_json)
