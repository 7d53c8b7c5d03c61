"""Commands that ask what the province holds: boxes, documents, show, export, check."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import click

from sync.province.auditing import audit
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
from sync.province.enrol_book import EnrolBook
from sync.province.overview import as_facts, survey
from sync.province.showing import document_facts, document_text, problem_text
from sync.province.store import ProvinceStore, StoredDocument, digest_of
from sync.province.wording import _

box_option = click.option("--box", default="", help=w.say(_("Chỉ của hộp này.")))


@click.command(
    help=help_text(
        _("Liệt kê mọi hộp, lần liên lạc cuối, văn bản đang chờ và cảnh báo."),
        "commune-province boxes --dir tinh --json",
    )
)
@dir_option
@json_option
def boxes(directory: Path, as_json: bool) -> None:
    """Every box."""
    folder, _config = settings(directory)
    now = time.time()
    fleet = survey(open_store(folder), now)
    lines = []
    for view in fleet.boxes:
        state = w.say(_("trực tuyến")) if view.online else w.say(_("ngoại tuyến"))
        counts = w.say(_("{waiting} chờ, {documents} đã nhận"))
        figures = counts.format(waiting=view.waiting, documents=view.documents)
        lines.append(f"{view.box.box}  {view.box.commune}  {state}  {w.ago(view.last_seen, now)}  {figures}")
        lines += [f"    ! {w.sentence(finding)}" for finding in view.findings]
    book = EnrolBook(folder.enrolments)
    codes = book.waiting(now)
    book.close()
    lines += [
        w.say(_("{box}  {commune}  có mã ghi danh, dùng được đến {until}")).format(
            box=code.box, commune=code.commune, until=w.moment(code.expires_at)
        )
        for code in codes
    ]
    facts = {
        "boxes": [as_facts(view, now) for view in fleet.boxes],
        "codes": [{"box": code.box, "commune": code.commune, "expires_at": code.expires_at} for code in codes],
    }
    emit(facts, "\n".join(lines) or w.say(_("Chưa có hộp nào.")), as_json)


@click.command(
    help=help_text(
        _("Liệt kê văn bản đã nhận, mới nhất trước."),
        "commune-province documents --dir tinh --box commune-27007",
    )
)
@dir_option
@box_option
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help=w.say(_("Nhiều nhất bao nhiêu."))
)
@json_option
def documents(directory: Path, box: str, limit: int, as_json: bool) -> None:
    """Documents held, and refusals."""
    store = opened(directory)
    found = store.reading.documents(box, limit)
    lines = [
        f"{held.rid:>6}  {w.moment(held.received_at)}  {held.box}  {held.document_id}  {w.size(held.size)}"
        for held in found
    ]
    facts = {
        "documents": [document_facts(held, None) for held in found],
        "refusals": [vars(refusal) for refusal in store.reading.refusals(box, limit)],
    }
    emit(facts, "\n".join(lines) or w.say(_("Chưa có văn bản nào.")), as_json)


def _find(store: ProvinceStore, document: str, box: str) -> StoredDocument:
    found = store.reading.document(document, box)
    if found is None:
        fail(_("Không có văn bản này."), ExitCode.BAD_INPUT)
    return found


@click.command(
    help=help_text(
        _("Hiện một văn bản: các trường, chữ ký, biên nhận."),
        "commune-province show 01970f3e-… --dir tinh --json",
    )
)
@click.argument("document")
@dir_option
@box_option
@json_option
def show(document: str, directory: Path, box: str, as_json: bool) -> None:
    """One document, by its id or the start of its digest."""
    store = opened(directory)
    found = _find(store, document, box)
    receipt = store.reading.receipt(found.rid)
    best = store.proofs.best(found.box, found.document_id)
    facts = document_facts(found, receipt) | {"proof": {"level": best[0], "sha256": best[1]} if best else None}
    text = document_text(found, receipt, w)
    if best:
        text += "\n" + w.say(_("Bản nhiều chứng cứ nhất: mức {level}")).format(level=best[0])
    emit(facts, text, as_json)


@click.command(
    help=help_text(
        _("Ghi bản PDF đã lưu ra tệp, đúng từng byte."),
        "commune-province export 01970f3e-… -o van-ban.pdf --dir tinh",
    )
)
@click.argument("document")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=w.say(_("Tệp ghi ra.")))
@click.option("--best", is_flag=True, help=w.say(_("Bản nhiều chứng cứ nhất (dấu thời gian) mà tỉnh đã lập, nếu có.")))
@dir_option
@box_option
@json_option
def export(document: str, output: Path, best: bool, directory: Path, box: str, as_json: bool) -> None:
    """The stored bytes, or with `--best` the file that begins with them and has more proof."""
    store = opened(directory)
    found = _find(store, document, box)
    better = store.proofs.best(found.box, found.document_id) if best else None
    if better is not None:
        _export_better(store, found, better, output, as_json)
        return
    try:
        shutil.copyfile(store.blobs.path(found.sha256), output)
    except OSError as error:
        raise Failure(str(error), ExitCode.NOT_POSSIBLE) from error
    if digest_of(output) != (found.sha256, found.size):
        fail(_("Nội dung trong kho không còn đúng giá trị băm."), ExitCode.NOT_POSSIBLE)
    facts = {"document_id": found.document_id, "file": str(output), "sha256": found.sha256, "size": found.size}
    emit(facts, f"{output}  {found.sha256}", as_json)


def _export_better(
    store: ProvinceStore, found: StoredDocument, better: tuple[str, str], output: Path, as_json: bool
) -> None:
    level, sha256 = better
    try:
        shutil.copyfile(store.better.path(sha256), output)
    except OSError as error:
        raise Failure(str(error), ExitCode.NOT_POSSIBLE) from error
    written, size = digest_of(output)
    if written != sha256:
        fail(_("Nội dung trong kho không còn đúng giá trị băm."), ExitCode.NOT_POSSIBLE)
    facts = {"document_id": found.document_id, "file": str(output), "sha256": sha256, "size": size, "level": level}
    emit(facts, f"{output}  {sha256}  {level}", as_json)


@click.command(
    help=help_text(
        _("Rà soát kho: mọi byte, mọi biên nhận, cấu hình và chứng thư."),
        "commune-province check --dir tinh",
    )
)
@dir_option
@json_option
def check(directory: Path, as_json: bool) -> None:
    """Look everything over; exit 8 when something does not fit."""
    folder, config = settings(directory)
    store = open_store(folder)
    problems = audit(folder, config, store, time.time())
    facts = {
        "ok": not problems,
        "documents": len(store.reading.digests()),
        "levels": store.proofs.levels(),
        "proofs": vars(store.proofs.backlog(time.time())),
        "problems": [vars(problem) for problem in problems],
    }
    lines = [problem_text(problem, w) for problem in problems]
    emit(facts, "\n".join(lines) or w.say(_("Không có vấn đề nào.")), as_json)
    if problems:
        sys.exit(ExitCode.PROBLEMS_FOUND)
