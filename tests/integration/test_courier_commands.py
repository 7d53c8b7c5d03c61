"""`courier export` and `courier import` of both ends, as people type them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.cli import main as box_main
from sync.province.cli import main as province_main
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper


@pytest.fixture
def config(down_site: DownSite, tmp_path: Path) -> Path:
    """A box enrolled at the province, as its technician leaves it."""
    files = down_site.enrol()
    (tmp_path / "den").mkdir()
    path = tmp_path / "config.toml"
    path.write_text(
        f"""[box]
id = "{BOX}"
commune = "UBND xã Thử"
state_dir = "{tmp_path / BOX}"
[[folders]]
path = "den"
[sync]
host = "127.0.0.1"
port = {down_site.site.port}
ca = "{files / "ca.pem"}"
certificate = "{files / "client.pem"}"
key = "{files / "client.key"}"
device_key = "{files / "device.key"}"
[sync.receipt_keys]
"{down_site.kid}" = "{down_site.key.public.hex()}"
""",
        encoding="utf-8",
    )
    return path


def box(config: Path, *words: str | Path, code: int = 0) -> Any:
    answer = CliRunner().invoke(box_main, ["--config", str(config), "courier", *map(str, words), "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout)


def province(site: DownSite, *words: str | Path, code: int = 0) -> Any:
    folder = str(site.site.folder.root)
    answer = CliRunner().invoke(province_main, ["courier", *map(str, words), "--dir", folder, "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout) if answer.stdout else answer.stderr


def test_a_document_refused_on_its_way_by_hand_is_answered_by_hand(
    down_site: DownSite, config: Path, tmp_path: Path
) -> None:
    """The box's own examination runs here: bytes that are no PDF are refused with their reason."""
    down_site.send(paper(3_000), "den-1")
    stick = tmp_path / "stick"
    assert province(down_site, "export", stick)["documents"] == 1
    assert box(config, "import", stick)["declined"] == ["den-1"]
    assert box(config, "export", stick)["answers"] == 1
    assert province(down_site, "import", stick, "--seconds", "1")["answers"] == 1
    (row,) = down_site.outgoing.find("den-1")
    assert (row.answer, row.code) == ("refused", "unreadable")


def test_a_stick_with_nothing_on_it_and_one_that_was_touched(down_site: DownSite, config: Path, tmp_path: Path) -> None:
    empty, stick = tmp_path / "empty", tmp_path / "stick"
    empty.mkdir()
    assert box(config, "import", empty, code=3)["error"]["code"] == "stick-empty"
    assert "không có gì" in province(down_site, "import", empty, code=3)
    down_site.send(paper(3_000), "den-1")
    province(down_site, "export", stick)
    (file,) = stick.rglob("file")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    told = box(config, "import", stick, code=8)
    assert [fault["code"] for fault in told["faults"]] == ["altered"]
    assert "đã bị thay đổi" in told["faults"][0]["text"]
    assert down_site.answer("den-1") == ""
