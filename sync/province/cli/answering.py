"""How `commune-province` answers: one JSON object or text, documented exit codes, failures in the user's language.

Owns what all commands share. The language is Vietnamese unless COMMUNE_BOX_LANG says `en`.
"""

from __future__ import annotations

import json
import os
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

import click

from sync.province.config import BadConfig, Config, Folder, load
from sync.province.store import BadEngines, NewerDatabase, ProvinceStore, RowsAway, UnsafeDatabase
from sync.province.wording import Wording, _

w = Wording(os.environ.get("COMMUNE_BOX_LANG", "vi"))

EXIT_CODES = _("Mã thoát: 0 xong · 1 lỗi · 2 sai cú pháp · 3 đầu vào sai · 5 không làm được · 7 cấu hình · 8 có vấn đề")
EXAMPLE = _("Ví dụ:")


class ExitCode(IntEnum):
    """Exit codes of `commune-province`; the same numbers mean the same in `commune-box`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_POSSIBLE = 5
    CONFIGURATION = 7
    PROBLEMS_FOUND = 8


class Failure(click.ClickException):
    """A failure told in the user's language, with its exit code."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = int(exit_code)  # type: ignore[misc]

    def show(self, file: Any = None) -> None:
        """One line on standard error."""
        click.echo(f"commune-province: {self.format_message()}", err=True)


def fail(message: str, exit_code: ExitCode) -> NoReturn:
    """End the command with a sentence and an exit code. Raises Failure."""
    raise Failure(w.say(message), exit_code)


def emit(facts: dict[str, Any], text: str, as_json: bool) -> None:
    """One JSON object, or text for people."""
    click.echo(json.dumps(facts, ensure_ascii=False, default=str) if as_json else text)


json_option = click.option("--json", "as_json", is_flag=True, help=w.say(_("Một đối tượng JSON trên đầu ra chuẩn.")))
dir_option = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    default=Path(),
    help=w.say(_("Thư mục của đầu tỉnh.")),
)


def help_text(what: str, example: str) -> str:
    """What a command does, an example, the exit codes."""
    return f"{w.say(what)}\n\n\b\n{w.say(EXAMPLE)} {example}\n\n\b\n{w.say(EXIT_CODES)}"


def bad_settings(error: BadConfig) -> Failure:
    """What is wrong with province.toml, for people."""
    missing = _("Không có {detail}; chạy `commune-province init` trước.")
    text = missing if error.code == "no-config" else _("Cấu hình không dùng được: {detail}")
    return Failure(w.say(text).format(detail=error), ExitCode.CONFIGURATION)


def settings(directory: Path) -> tuple[Folder, Config]:
    """The folder and its settings. Raises Failure."""
    folder = Folder(directory)
    try:
        return folder, load(folder.settings)
    except BadConfig as error:
        raise bad_settings(error) from error


def open_store(folder: Folder) -> ProvinceStore:
    """The store of a folder. Raises Failure."""
    try:
        return ProvinceStore(folder.rows)
    except NewerDatabase as error:
        text = w.say(_("Cơ sở dữ liệu do bản phần mềm mới hơn tạo: {names}")).format(names=error)
        raise Failure(text, ExitCode.NOT_POSSIBLE) from error
    except BadEngines as error:
        text = w.say(_("Cấu hình không dùng được: {detail}")).format(detail=error)
        raise Failure(text, ExitCode.CONFIGURATION) from error
    except (RowsAway, UnsafeDatabase) as error:
        text = w.say(_("Không dùng được cơ sở dữ liệu PostgreSQL: {detail}")).format(detail=error)
        raise Failure(text, ExitCode.NOT_POSSIBLE) from error


def opened(directory: Path) -> ProvinceStore:
    """The store of a set-up folder, for commands that need nothing else of it. Raises Failure."""
    return open_store(settings(directory)[0])
