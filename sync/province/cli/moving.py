"""Commands about the engines of the store: migrate, verify-store."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click

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
from sync.province.moving import NotMovable, move, standing_still
from sync.province.showing import problem_text
from sync.province.store import BadEngines, BlobDamaged, BlobsAway, NewerDatabase, RowsAway, UnsafeDatabase
from sync.province.store.engines import load
from sync.province.verifying import counts, receipts_verifier, remove_loose, verify_store
from sync.province.wording import _

REASONS = {
    "receiver-running": _("Phần nhận đang chạy; dừng nó rồi chạy lại lệnh này."),
    "target-not-empty": _("Kho đích đã có dữ liệu của nơi khác: {detail}"),
    "same-engines": _("Kho đã ở đúng nơi này rồi."),
    "not-equal": _("Sau khi chép, hai bên không giống nhau: {detail}. Kho cũ vẫn được dùng."),
    "bytes-changed": _("Nội dung trong kho không còn đúng giá trị băm."),
}


@click.command(
    help=help_text(
        _("Chuyển kho sang PostgreSQL hoặc S3 (hay chuyển về). Bị ngắt giữa chừng thì chạy lại đúng lệnh này."),
        "commune-province migrate --dir tinh --rows 'postgresql://commune@/commune' --blobs s3://van-ban/tinh",
    )
)
@dir_option
@click.option("--rows", default=None, help=w.say(_("Nơi giữ các dòng: sqlite hoặc địa chỉ postgresql://…")))
@click.option("--blobs", default=None, help=w.say(_("Nơi giữ nội dung: folder hoặc s3://kho/tiền-tố.")))
@click.option("--s3-endpoint", default=None, help=w.say(_("Địa chỉ máy chủ S3.")))
@click.option("--s3-region", default=None, help=w.say(_("Vùng của S3.")))
@click.option("--s3-profile", default=None, help=w.say(_("Mục trong tệp khóa dùng chung của S3.")))
@json_option
def migrate(
    directory: Path,
    rows: str | None,
    blobs: str | None,
    s3_endpoint: str | None,
    s3_region: str | None,
    s3_profile: str | None,
    as_json: bool,
) -> None:
    """Copy, compare, turn over."""
    folder, _config = settings(directory)
    named = {"rows": rows, "blobs": blobs, "s3_endpoint": s3_endpoint, "s3_region": s3_region, "s3_profile": s3_profile}

    def told(what: str, done: int, total: int) -> None:
        if not as_json and (done == total or done % 50 == 0):
            click.echo(f"\r{what} {done}/{total}", err=True, nl=done == total)

    try:
        wanted: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        moved = move(folder.rows, dataclasses.replace(load(folder.rows), **wanted), told)
    except NotMovable as error:
        text = w.say(REASONS[error.code]).format(detail=str(error).partition(": ")[2])
        code = ExitCode.PROBLEMS_FOUND if error.code in ("not-equal", "bytes-changed") else ExitCode.NOT_POSSIBLE
        raise Failure(text, code) from error
    except (BadEngines, UnsafeDatabase, NewerDatabase, RowsAway, BlobsAway, BlobDamaged) as error:
        raise Failure(f"{error.code}: {error}", ExitCode.NOT_POSSIBLE) from error
    except FileNotFoundError as error:
        fail(f"{w.say(_('Nội dung trong kho không còn đúng giá trị băm.'))} {error}", ExitCode.PROBLEMS_FOUND)
    text = w.say(_("Đã chuyển {rows} dòng và {blobs} nội dung; hai bên giống nhau. Kho mới được dùng từ bây giờ."))
    emit(
        {**dataclasses.asdict(moved), "engines": dataclasses.asdict(load(folder.rows))},
        text.format(rows=sum(moved.rows.values()), blobs=sum(moved.blobs.values())),
        as_json,
    )


@click.command(
    name="verify-store",
    help=help_text(
        _("Rà soát kho: đọc lại mọi nội dung, đối chiếu với các dòng và với chuỗi biên nhận đã ký."),
        "commune-province verify-store --dir tinh",
    ),
)
@dir_option
@click.option("--quick", is_flag=True, help=w.say(_("Chỉ xem nội dung có đó không, không đọc lại.")))
@click.option("--clean", is_flag=True, help=w.say(_("Xóa nội dung không thuộc văn bản nào (khi phần nhận đã dừng).")))
@json_option
def verify(directory: Path, quick: bool, clean: bool, as_json: bool) -> None:
    """Look everything over; exit 8 when something does not fit."""
    folder, _config = settings(directory)
    store = open_store(folder)

    def told(done: int, total: int) -> None:
        if not as_json and (done == total or done % 50 == 0):
            click.echo(f"\r{done}/{total}", err=True, nl=done == total)

    removed = 0
    try:
        problems = verify_store(store, receipts_verifier(folder.receipt_key), quick, told)
        if clean:
            with standing_still(store):
                # Looked for again, now that nobody can be putting one: only these belong to nobody for certain.
                found = verify_store(store, receipts_verifier(folder.receipt_key), quick=True)
                removed = remove_loose(store, found)
            problems = [problem for problem in problems if problem.code != "bytes-without-row"]
    except NotMovable as error:
        raise Failure(w.say(REASONS[error.code]), ExitCode.NOT_POSSIBLE) from error
    except (RowsAway, BlobsAway) as error:
        raise Failure(f"{error.code}: {error}", ExitCode.NOT_POSSIBLE) from error
    facts = {
        "ok": not problems,
        "engines": {"rows": store.engines.rows.partition(":")[0], "blobs": store.engines.blobs.partition(":")[0]},
        "counts": counts(store),
        "bytes": sum(store.reading.digests().values()),
        "removed": removed,
        "problems": [vars(problem) for problem in problems],
    }
    lines = [problem_text(problem, w) for problem in problems]
    emit(facts, "\n".join(lines) or w.say(_("Không có vấn đề nào.")), as_json)
    if problems:
        sys.exit(ExitCode.PROBLEMS_FOUND)
