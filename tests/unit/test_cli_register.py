"""``commune-box register``: every command once, its refusals and its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.cli.output import ExitCode
from appliance.services.clock import utc_now
from appliance.store import documents, open_store
from tests.fixtures_store import digitized, paper

YEAR = utc_now().year  # commands take this year's numbers by the box's own clock


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[box]\nid = "commune-27007"\ncommune = "UBND xã Thử"\nstate_dir = "state"\n', encoding="utf-8")
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "register", *words])


def told(config: Path, *words: str) -> Any:
    result = run(config, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_life_of_a_number(config: Path) -> None:
    assert told(config, "start", "di", "41", "--reason", "tiếp sổ giấy")["first"] == 41
    assert told(config, "reserve", "di", "--reason", "quyết định chờ ký")["number"] == 41
    assert told(config, "reserve", "di", "--reason", "thừa")["number"] == 42
    assert told(config, "void", "di", "42", "--reason", "không ban hành")["void"]
    letter = ("write", "di", "41", "code=41/QĐ-UBND", "issued_date=5/2/2026")
    refused = run(config, *letter)
    assert (refused.exit_code, "chỉ có bản giấy" in refused.output) == (ExitCode.NOT_POSSIBLE, True)
    assert told(config, *letter, "paper_only=hộp hỏng")["act"] == "filled"
    refused = run(config, "write", "di", "41", "code=42/QĐ-UBND")
    assert (refused.exit_code, "Hãy ghi lý do" in refused.output) == (ExitCode.NOT_POSSIBLE, True)
    assert told(config, "write", "di", "41", "code=42/QĐ-UBND", "--reason", "nhầm")["act"] == "corrected"
    rows = told(config, "list", "di")["rows"]
    assert [(row["number"], row["standing"], len(row["lines"])) for row in rows] == [
        (41, "entered", 2),
        (42, "void", 1),
    ]
    assert rows[0]["lines"][0]["struck"] and rows[0]["lines"][1]["cells"]["issued_date"] == "2026-02-05"
    assert [row["number"] for row in told(config, "list", "di", "--standing", "void")["rows"]] == [42]
    text = run(config, "list", "di", "-q", "qđ").stdout
    assert "--- 41/QĐ-UBND" in text and "[Sửa dòng trên: nhầm" in text


def test_a_reserved_number_for_a_paper(config: Path, tmp_path: Path) -> None:
    store = open_store(tmp_path / "state" / "box.db", tmp_path / "state" / "blobs")
    kept = digitized(paper())
    store.write(lambda db: documents.insert(db, kept, "test", {}))
    store.close()
    told(config, "reserve", "den", "--reason", "giữ")
    assert told(config, "use", "den", "1", kept.id)["document"] == kept.id
    assert run(config, "use", "den", "1", kept.id).exit_code == ExitCode.NOT_POSSIBLE


def test_terms_are_listed(config: Path) -> None:
    told(config, "reserve", "den", "--reason", "giữ")
    told(config, "write", "den", "1", "subject=Về tiêm chủng", "code=9/SYT")
    told(config, "write", "giai-quyet", "1", f"due=1/2/{YEAR - 1}")
    (term,) = told(config, "overdue")["terms"]
    assert (term["number"], term["urgency"]) == (1, "overdue")
    assert "Về tiêm chủng; 9/SYT" in run(config, "overdue").stdout


@pytest.mark.parametrize(("name", "begins"), [("so.pdf", b"%PDF-"), ("so.xlsx", b"PK\x03\x04")])
def test_a_book_is_printed(config: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    told(config, "reserve", "den", "--reason", "giữ")
    assert told(config, "export", "den", "-o", str(tmp_path / name))["rows"] == 1
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_another_kind_of_file_is_refused(config: Path, tmp_path: Path) -> None:
    assert run(config, "export", "den", "-o", str(tmp_path / "so.doc")).exit_code == ExitCode.USAGE
