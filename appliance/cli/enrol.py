"""``commune-box enrol CODE``: the box's keys are made here, its certificate comes from the province.

Owns what changes in the configuration file: the section ``[sync]``, and ``[box] id`` where there is none. Everything
else in it stays as it was, comments too. Needs no finished configuration: enrolling is one of the first steps.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import tomlkit
from tomlkit.exceptions import TOMLKitError

from appliance.cli.context import Context
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.config_office import said
from appliance.wording import _, text_of
from sync.enrolment import PORT, Enrolled, EnrolmentFailed, enrol
from sync.enrolment_code import BadCode

FOLDER = "sync"
_FILES = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key", "device_key": "device.key"}


@click.command("enrol")
@click.argument("code", nargs=-1, required=True)
@click.option("--province", "address", required=True, metavar="MÁY[:CỔNG]", help="Máy của tỉnh, như tỉnh đã cho.")
@click.option("--again", is_flag=True, help="Ghi danh lại với khóa mới; khóa và chứng thư cũ được giữ trong sync.cu-…")
@json_option
@click.pass_obj
def enrol_command(context: Context, code: tuple[str, ...], address: str, again: bool, as_json: bool) -> None:
    """Ghi danh hộp này với tỉnh bằng MÃ dùng một lần; khóa được tạo tại hộp và không rời hộp.

    Ví dụ: commune-box enrol 7K2M-… --province mqtt.tinh.example:8884
    """
    path = context.config_path
    folder = path.parent / FOLDER
    host, _colon, port = address.rpartition(":") if ":" in address else (address, "", str(PORT))
    if not host or not port.isdigit():
        fail(text_of("province-away", detail=address), ExitCode.BAD_INPUT, "province-away")
    document = _document(path)
    if again and (folder / "province.json").exists():
        _put_by(folder)
    try:
        enrolled = enrol(" ".join(code), host, int(port), folder)
    except BadCode as error:
        fail(text_of(error.code, detail=error.detail), ExitCode.BAD_INPUT, error.code)
    except EnrolmentFailed as error:
        reached = error.code in ("province-away", "answer-bad", "too-many")
        fail(
            text_of(error.code, detail=error.detail),
            ExitCode.NOT_POSSIBLE if reached else ExitCode.BAD_INPUT,
            error.code,
        )
    found = _settle(document, enrolled, path)
    _write(path, tomlkit.dumps(document))
    facts: dict[str, Any] = {
        "box": enrolled.box, "commune": enrolled.commune, "host": enrolled.host, "port": enrolled.port,
        "folder": str(folder), "config": str(path),
    }  # fmt: skip
    if found != enrolled.box:
        fail(text_of("enrol-other-box", found=found, box=enrolled.box), ExitCode.CONFIGURATION, "enrol-other-box")
    text = _("Đã ghi danh {box} ({commune}). Khởi động lại dịch vụ gửi để dùng.")
    emit(facts, text.format(box=enrolled.box, commune=enrolled.commune), as_json)


def _document(path: Path) -> tomlkit.TOMLDocument:
    """The configuration file as it is; empty where there is none yet."""
    try:
        return tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    except (OSError, TOMLKitError) as error:
        fail(text_of("config-syntax", path=path, detail=error), ExitCode.CONFIGURATION, "config-syntax")


def _settle(document: tomlkit.TOMLDocument, enrolled: Enrolled, config: Path) -> str:
    """Write what the box knows now into the file's sections; returns the box that the file says this is."""
    box: Any = document.setdefault("box", tomlkit.table())
    box.setdefault("id", enrolled.box)
    box.setdefault("commune", enrolled.commune)
    box.setdefault("state_dir", "state")
    if said((config.parent / str(box["state_dir"])).resolve()).id == enrolled.box:
        box["id"] = enrolled.box  # set at the pages before the box was enrolled
    section: Any = document.setdefault("sync", tomlkit.table())
    section["host"], section["port"] = enrolled.host, enrolled.port
    if enrolled.websocket_port:
        section["websocket_port"] = enrolled.websocket_port
    for name, file in _FILES.items():
        section[name] = f"{FOLDER}/{file}"
    section["receipt_keys"] = enrolled.receipt_keys
    return str(box["id"])


def _put_by(folder: Path) -> None:
    """An earlier identity stays beside: receipts were given to it."""
    at = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    shutil.move(folder, folder.with_name(f"{folder.name}.cu-{at}"))


def _write(path: Path, text: str) -> None:
    passing = path.with_name(f".{path.name}.part")
    with passing.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    if path.exists():
        shutil.copymode(path, passing)
    passing.replace(path)
