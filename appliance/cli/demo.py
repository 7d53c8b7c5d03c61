"""``commune-box demo``: the whole way of a paper on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.demo.installation import DemoFailed
from appliance.demo.show import run_demo


@click.command()
@click.option("--once", is_flag=True, help="Tự kết thúc khi mọi văn bản đã tới đích.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=lambda: Path(os.environ.get("COMMUNE_BOX_DEMO", ".demo")),
    show_default=".demo",
    help="Thư mục chứa toàn bộ bản trình diễn (bản cũ ở đó bị thay).",
)
@json_option
def demo(once: bool, folder: Path, as_json: bool) -> None:
    """Dựng token, chứng thư, broker, tỉnh và một hộp xã; thả giấy tờ và theo dõi tới biên nhận ký số.

    Ví dụ: commune-box demo --once --json
    """
    console = Console(stderr=True)
    try:
        proof = run_demo(folder.resolve(), once, console)
    except DemoFailed as failed:
        fail(f"Không trình diễn được: {failed}", ExitCode.FAILED, "demo-failed")
    except KeyboardInterrupt:
        fail("Đã dừng theo yêu cầu.", ExitCode.FAILED, "interrupted")
    emit(proof if as_json else {}, "", as_json)
    if not proof["ok"]:
        raise SystemExit(int(ExitCode.FAILED))
