"""Commands that set the province up and run it: init, enrol, revoke, serve."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import shutil
import sys
from pathlib import Path

import click

from sync.province import installation, revoking
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
from sync.province.enrolling import give_code
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
    "--enrol-port", type=click.IntRange(0, 65535), default=0, help=w.say(_("Cổng ghi danh hộp bằng mã; 0: không mở."))
)
@click.option(
    "--websocket-port",
    type=click.IntRange(0, 65535),
    default=0,
    help=w.say(_("Cổng HTTPS cho hộp ở sau proxy chỉ cho HTTPS qua; 0: không mở.")),
)
@click.option(
    "--inner-port",
    type=click.IntRange(0, 65535),
    default=0,
    help=w.say(_("Cổng riêng trên máy này cho phần nhận và gửi của tỉnh; 0: dùng chung với các hộp.")),
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=w.say(_("Chứng thư gốc của chữ ký số (PEM).")),
)
@json_option
def init(
    directory: Path, host: str, port: int, bind: str | None, web_port: int, enrol_port: int, websocket_port: int,
    inner_port: int, trust: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Set the province up."""
    folder = Folder(directory)
    listen = bind or (host if host in installation.LOOPBACK else "0.0.0.0")
    wanted = Config(
        broker_host=host, broker_port=port, web_port=web_port, enrol_port=enrol_port, websocket_port=websocket_port,
        broker_inner_port=inner_port,
    )  # fmt: skip
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
        _("Ghi danh một hộp: cấp mã dùng một lần để gõ trên hộp, hoặc (--out) ghi sẵn khóa và chứng thư ra tệp."),
        "commune-province enrol commune-27007 --commune 'UBND xã Tân Phú' --dir tinh",
    )
)
@click.argument("box")
@dir_option
@click.option("--out", type=click.Path(path_type=Path), help=w.say(_("Nơi ghi các tệp của hộp, thay cho mã.")))
@click.option(
    "--hours", type=click.IntRange(1, 24 * 30), default=48, show_default=True, help=w.say(_("Mã dùng được bao lâu."))
)
@click.option("--commune", default="", help=w.say(_("Tên cơ quan, ví dụ UBND xã Tân Phú.")))
@json_option
def enrol(box: str, directory: Path, out: Path | None, hours: int, commune: str, as_json: bool) -> None:
    """Register a box: a code, or files."""
    folder, config = settings(directory)
    try:
        if out is None:
            _give_code(folder, config, box, commune or box, hours, as_json)
            return
        made = installation.enrol(folder, box, commune or box, out, dt.datetime.now(dt.UTC))
    except BadBoxName:
        fail(_("Tên hộp phải là commune- và năm chữ số."), ExitCode.BAD_INPUT)
    except installation.NotEmpty:
        fail(_("Nơi ghi đã có tệp ghi danh; chọn nơi khác."), ExitCode.BAD_INPUT)
    text = w.say(_("Đã ghi danh {box} ({commune}); cài các tệp trong {out} lên hộp."))
    emit({**made.facts, "out": str(out)}, text.format(box=box, commune=made.commune, out=out), as_json)


def _give_code(folder: Folder, config: Config, box: str, commune: str, hours: int, as_json: bool) -> None:
    if not config.enrol_port:
        fail(
            _("Chưa mở cổng ghi danh: đặt enrol_port trong province.toml rồi khởi động lại, hoặc dùng --out."),
            ExitCode.CONFIGURATION,
        )
    code = give_code(folder, box, commune, dt.datetime.now(dt.UTC), dt.timedelta(hours=hours))
    address = f"{config.broker_host}:{config.enrol_port}"
    text = w.say(_("Mã ghi danh của {box} ({commune}), dùng một lần trong {hours} giờ; gõ trên hộp:"))
    command = f"commune-box enrol {code} --province {address}"
    facts = {"box": box, "commune": commune, "code": code, "province": address, "hours": hours}
    emit(facts, f"{text.format(box=box, commune=commune, hours=hours)}\n  {command}", as_json)


@click.command(
    help=help_text(
        _("Thu hồi một hộp: không nhận văn bản của hộp này nữa, ngắt kết nối của nó, không cho kết nối lại."),
        "commune-province revoke commune-27007 --dir tinh",
    )
)
@click.argument("box")
@dir_option
@json_option
def revoke(box: str, directory: Path, as_json: bool) -> None:
    """Take nothing from a box any more."""
    folder, config = settings(directory)
    done = revoking.revoke(folder, config, open_store(folder), box, dt.datetime.now(dt.UTC))
    if done is None:
        fail(_("Không có hộp này."), ExitCode.BAD_INPUT)
    text = w.say(_("Đã thu hồi {box}.")).format(box=box)
    if done.ended:
        text += " " + w.say(_("Kết nối của hộp đã bị ngắt."))
    elif not done.reloaded:
        text += " " + w.say(_("Không thấy mosquitto của thư mục này đang chạy; nó đọc danh sách mới khi khởi động."))
    else:
        text += " " + w.say(_("Không tới được mosquitto để ngắt kết nối; hãy khởi động lại nó."))
    emit({"box": box, "revoked": True, **vars(done)}, text, as_json)
    if done.reloaded and not done.ended:
        sys.exit(ExitCode.PROBLEMS_FOUND)


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
