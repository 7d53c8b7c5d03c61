"""The command that sets another broker up in mosquitto's place: broker."""

from __future__ import annotations

from pathlib import Path

import click

from sync.protocol.topics import SENDER, broker_access_list
from sync.province.cli.answering import dir_option, emit, help_text, json_option, open_store, settings, w
from sync.province.pki import RECEIVER
from sync.province.rabbitmq import DEFINITIONS, ENABLED, SETTINGS, write_rabbitmq_files
from sync.province.wording import _


@click.command(
    help=help_text(
        _("Ghi cấu hình RabbitMQ để dùng thay mosquitto. Chạy lại sau mỗi lần ghi danh hay thu hồi một hộp."),
        "commune-province broker --dir tinh",
    )
)
@dir_option
@click.option("--bind", default="0.0.0.0", help=w.say(_("Địa chỉ RabbitMQ lắng nghe.")))
@json_option
def broker(directory: Path, bind: str, as_json: bool) -> None:
    """Write settings, plugins and users for RabbitMQ into the province's folder."""
    folder, config = settings(directory)
    store = open_store(folder)
    boxes = [box.box for box in store.fleet.boxes() if box.revoked_at is None]
    store.close()
    names = [RECEIVER, SENDER, *boxes]
    written = write_rabbitmq_files(folder, broker_access_list(RECEIVER), names, bind, config.broker_port)
    root = folder.root.resolve()
    lines = (
        w.say(_("Đã ghi cấu hình RabbitMQ cho {boxes} hộp. Khởi động bằng:")).format(boxes=len(boxes)),
        f"  RABBITMQ_CONFIG_FILE={root / SETTINGS} RABBITMQ_ENABLED_PLUGINS_FILE={root / ENABLED} rabbitmq-server",
        w.say(_("Đang chạy thì nạp lại danh sách bằng:")),
        f"  rabbitmqctl import_definitions {root / DEFINITIONS}",
    )
    emit({"files": [str(path) for path in written], "boxes": boxes}, "\n".join(lines), as_json)
