"""``commune-box cases``: list, show, the catalogue and its import, as a caller meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance import casework
from appliance.cli import main
from appliance.cli.output import ExitCode
from appliance.registers.workdays import WorkingDays
from appliance.store import Store, events, open_store
from tests.fixtures_store import NOW

BY = "Trần Thị Lan (văn thư)"
LIST = "code,name,field,days,components\n1.001193,Đăng ký khai sinh,Hộ tịch,5,Tờ khai|Ảnh?\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        '[box]\nid = "commune-27007"\ncommune = "UBND xã Thử"\nstate_dir = "state"\n[cases]\nresubmit_days = 5\n',
        encoding="utf-8",
    )
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    return path


@pytest.fixture
def box(config: Path) -> Iterator[Store]:
    store = open_store(config.parent / "state" / "box.db", config.parent / "state" / "blobs")
    yield store
    store.close()


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "cases", *words])


def told(config: Path, *words: str) -> dict[str, Any]:
    result = run(config, *words, "--json")
    assert result.exit_code == ExitCode.OK, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_the_catalogue_is_imported_and_listed(config: Path, box: Store) -> None:
    assert told(config, "import", str(config.parent / "list.csv"), "--by", "Lan") == {"procedures": 1}
    (one,) = told(config, "procedures")["procedures"]
    assert (one["code"], one["days"]) == ("1.001193", 5)
    assert [part["required"] for part in one["components"]] == [True, False]
    (event,) = box.read(lambda db: list(events.entries(db, "catalogue:procedures")))
    assert event.by == "Lan"
    (config.parent / "list.csv").write_text("x", encoding="utf-8")
    assert run(config, "import", str(config.parent / "list.csv")).exit_code == ExitCode.BAD_INPUT


def test_dossiers_are_listed_by_state_and_shown(config: Path, box: Store) -> None:
    run(config, "import", str(config.parent / "list.csv"))
    kept = casework.open_case(box, "commune-27007", "1.001193", "Lò Thị Khuyên", "", BY, NOW, handed_on_by="Thuế")
    casework.tick(box, kept.code, 1, frozenset({"Tờ khai"}), BY, NOW)
    casework.accept(box, kept.code, 2, BY, NOW, WorkingDays())
    gone = casework.open_case(box, "commune-27007", "1.001193", "Vàng A Sáng", "", BY, NOW)
    casework.refuse(box, gone.code, 1, "thiếu tờ khai", BY, NOW)

    every = told(config, "list")
    assert {one["code"] for one in every["cases"]} == {kept.code, gone.code}
    assert every["counts"] == {"open": 0, "accepted": 1, "refused": 1, "returned": 0}
    (accepted,) = told(config, "list", "--state", "accepted")["cases"]
    assert (accepted["code"], accepted["number"], accepted["due"]) == (kept.code, 1, "2026-11-27")
    assert len(told(config, "list", "--limit", "1")["cases"]) == 1

    shown = told(config, "show", kept.code.lower())
    assert (shown["received"], shown["missing"], shown["handed_on_by"]) == (["Tờ khai"], [], "Thuế")
    assert shown["papers"] == [] and shown["last_day_to_resubmit"] is None
    assert told(config, "show", gone.code)["last_day_to_resubmit"] == "2026-11-26"
    text = run(config, "show", gone.code).stdout
    assert "Lý do từ chối: thiếu tờ khai" in text and "[ ] Tờ khai" in text and "[ ] Ảnh ?" in text
    assert "Nộp lại được đến hết ngày 26/11/2026" in text
    text = run(config, "list").stdout
    assert "1/2026" in text and "Đã tiếp nhận" in text and "Từ chối tiếp nhận" in text


def test_a_dossier_that_is_not_there_is_said(config: Path, box: Store) -> None:
    assert run(config, "show", "27007.261121.XXXXXX").exit_code == ExitCode.NOT_POSSIBLE
    assert run(config, "list").stdout.strip() == "(trống)"
