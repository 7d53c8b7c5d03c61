"""Commands that set the province up and run it: init, enrol, revoke, serve."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import shutil
import sys
import time
from pathlib import Path

import click

from sync.province import installation
from sync.province.cli.answering import (
    ExitCode,
    Failure,
    bad_settings,
    dir_option,
    emit,
    fail,
    help_text,
    json_option,
    open_store,
    settings,
    w,
)
from sync.province.config import BadConfig, Config, Folder
from sync.province.pki import BadBoxName
from sync.province.receiver import AlreadyRunning
from sync.province.service import serve as run
from sync.province.wording import _

PORT = click.IntRange(1, 65535)


@click.command(
    help=help_text(
        _("Tạo chứng thư, khóa biên nhận, cấu hình mosquitto và kho lưu. Chạy lại chỉ bổ sung phần còn thiếu."),
        "commune-province init --dir tinh --host mqtt.tinh.example",
    )
)
@dir_option
@click.option("--host", default="127.0.0.1", help=w.say(_("Tên máy mà hộp xã dùng để kết nối.")))
@click.option("--port", type=PORT, default=8883, help=w.say(_("Cổng TLS của mosquitto.")))
@click.option("--bind", default=None, help=w.say(_("Địa chỉ mosquitto lắng nghe.")))
@click.option("--web-port", type=PORT, default=8480, help=w.say(_("Cổng của trang theo dõi.")))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=w.say(_("Chứng thư gốc của chữ ký số (PEM).")),
)
@json_option
def init(
    directory: Path, host: str, port: int, bind: str | None, web_port: int, trust: Path | None, as_json: bool
) -> None:
    """Set the province up."""
    folder = Folder(directory)
    listen = bind or (host if host in installation.LOOPBACK else "0.0.0.0")
    wanted = Config(broker_host=host, broker_port=port, web_port=web_port)
    try:
        config = installation.initialise(folder, wanted, listen, dt.datetime.now(dt.UTC))
    except BadConfig as error:
        raise bad_settings(error) from error
    if trust is not None:
        shutil.copyfile(trust, folder.resolve(config.trust_roots))
    facts = {
        "directory": str(directory),
        "host": config.broker_host,
        "port": config.broker_port,
        "web": f"http://{config.web_host}:{config.web_port}/",
        "mosquitto_conf": str(folder.mosquitto_conf),
        "trust_roots": str(folder.resolve(config.trust_roots)),
    }
    lines = (
        w.say(_("Đầu tỉnh đã sẵn sàng trong {directory}. Tiếp theo:")).format(directory=directory),
        f"  mosquitto -c {folder.mosquitto_conf}",
        f"  commune-province enrol commune-12345 --commune 'UBND xã …' --dir {directory} --out …",
        f"  commune-province serve --dir {directory}",
    )
    emit(facts, "\n".join(lines), as_json)


@click.command(
    help=help_text(
        _("Ghi danh một hộp: cấp chứng thư, khóa thiết bị và tệp province.json để cài lên hộp."),
        "commune-province enrol commune-27007 --commune 'UBND xã Tân Phú' --dir tinh --out the-nho",
    )
)
@click.argument("box")
@dir_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help=w.say(_("Nơi ghi các tệp của hộp.")))
@click.option("--commune", default="", help=w.say(_("Tên cơ quan, ví dụ UBND xã Tân Phú.")))
@json_option
def enrol(box: str, directory: Path, out: Path, commune: str, as_json: bool) -> None:
    """Register a box."""
    folder, _config = settings(directory)
    try:
        made = installation.enrol(folder, box, commune or box, out, dt.datetime.now(dt.UTC))
    except BadBoxName:
        fail(_("Tên hộp phải là commune- và năm chữ số."), ExitCode.BAD_INPUT)
    except installation.NotEmpty:
        fail(_("Nơi ghi đã có tệp ghi danh; chọn nơi khác."), ExitCode.BAD_INPUT)
    text = w.say(_("Đã ghi danh {box} ({commune}); cài các tệp trong {out} lên hộp."))
    emit({**made.facts, "out": str(out)}, text.format(box=box, commune=made.commune, out=out), as_json)


@click.command(
    help=help_text(
        _("Thu hồi một hộp: không nhận văn bản của hộp này nữa."),
        "commune-province revoke commune-27007 --dir tinh",
    )
)
@click.argument("box")
@dir_option
@json_option
def revoke(box: str, directory: Path, as_json: bool) -> None:
    """Take nothing from a box any more."""
    folder, _config = settings(directory)
    if not open_store(folder).fleet.revoke(box, time.time()):
        fail(_("Không có hộp này."), ExitCode.BAD_INPUT)
    emit({"box": box, "revoked": True}, w.say(_("Đã thu hồi {box}.")).format(box=box), as_json)


@click.command(
    help=help_text(
        _("Chạy phần nhận văn bản và trang theo dõi cho đến khi được dừng."),
        "commune-province serve --dir tinh",
    )
)
@dir_option
@click.option("--web-port", type=PORT, default=None, help=w.say(_("Cổng khác cho trang theo dõi.")))
def serve(directory: Path, web_port: int | None) -> None:
    """Run receiver and pages."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder, config = settings(directory)
    if web_port:
        config = dataclasses.replace(config, web_port=web_port)
    failures = run(folder, config, lambda address: click.echo(address, err=True))
    if any(isinstance(failure, AlreadyRunning) for failure in failures):
        fail(_("Đang có một tiến trình nhận khác trên thư mục này."), ExitCode.NOT_POSSIBLE)
    if failures:
        raise Failure(f"{type(failures[0]).__name__}: {failures[0]}", ExitCode.FAILED)
