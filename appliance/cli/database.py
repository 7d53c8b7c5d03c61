"""``commune-box db``: schema, backup, self-check."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.config_office import FILE as OFFICE_FILE
from appliance.services.worker import sweep as sweep_blobs
from appliance.store import upkeep
from appliance.store.migrations import applied


@click.group("db")
def database() -> None:
    """Cơ sở dữ liệu và kho tệp của hộp."""


@database.command()
@json_option
@click.pass_obj
def migrate(context: Context, as_json: bool) -> None:
    """Nâng cấp lược đồ (cũng tự chạy khi khởi động).

    Ví dụ: commune-box db migrate
    """
    with opened(context) as store:
        names = store.read(applied)
    emit({"migrations": names}, "\n".join(names), as_json)


@database.command()
@click.argument("target", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def backup(context: Context, target: Path, as_json: bool) -> None:
    """Sao lưu nhất quán sang một thư mục trống, không dừng hộp.

    Ví dụ: commune-box db backup /media/usb/sao-luu-2026-11-21
    """
    with opened(context) as store:
        try:
            upkeep.backup(store, target)
        except FileExistsError:
            fail(f"Thư mục {target} không trống.", ExitCode.NOT_POSSIBLE, "target-not-empty")
    if (
        names := context.config.box.state_dir / OFFICE_FILE
    ).is_file():  # what the pages set; the rest is the technician's
        shutil.copy2(names, target / OFFICE_FILE)
        os.sync()
    emit({"target": str(target)}, f"Đã sao lưu vào {target}", as_json)


@database.command()
@click.option("--sweep", is_flag=True, help="Xóa các tệp mà không dòng nào nhắc tới (khi hộp đang dừng).")
@json_option
@click.pass_obj
def verify(context: Context, sweep: bool, as_json: bool) -> None:
    """Kiểm tra toàn vẹn: cơ sở dữ liệu, chuỗi nhật ký, từng tệp. Mã thoát 8 nếu có hỏng mất.

    Ví dụ: commune-box db verify --json
    """
    with opened(context) as store:
        if sweep:
            sweep_blobs(store, timedelta(0))
        verdict = upkeep.verify(store)
    facts = asdict(verdict) | {"sound": verdict.sound}
    emit(facts, "\n".join(f"{name}: {value}" for name, value in facts.items()), as_json)
    if not verdict.sound:
        raise SystemExit(int(ExitCode.PROBLEMS_FOUND))
