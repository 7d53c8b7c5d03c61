"""`commune-province send` and `sent`, as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sync.province.cli import main
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper, wait_for


def run(site: DownSite, *words: str | Path, exit_code: int = 0) -> Any:
    answer = CliRunner().invoke(main, [*map(str, words), "--dir", str(site.site.folder.root), "--json"])
    assert answer.exit_code == exit_code, answer.output
    return json.loads(answer.stdout) if not exit_code else answer.stderr


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "công văn.pdf"
    path.write_bytes(paper(30_000))
    return path


def test_a_document_is_sent_and_its_answer_is_told(down_site: DownSite, letter: Path) -> None:
    down_site.enrol()
    words = ("send", letter, "--to", BOX, "--code", "12/UBND-VP", "--priority", "hoa-toc", "--unchecked")
    made = run(down_site, *words)
    (row,) = made["sent"]
    assert (row["priority"], row["meta"]["fields"]) == (3, {"code": "12/UBND-VP"})
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer(made["document_id"]))
        held = down_site.held(made["document_id"], store)
        assert held is not None
        assert held.said("code") == "12/UBND-VP"
    (told,) = run(down_site, "sent", "--box", BOX)["sent"]
    assert (told["answer"], told["document_id"]) == ("accepted", made["document_id"])
    assert told["receipt"]


def test_all_boxes_or_none(down_site: DownSite, letter: Path) -> None:
    down_site.enrol()
    said = run(down_site, "send", letter, "--to", BOX, "--to", "commune-99999", "--unchecked", exit_code=3)
    assert "commune-99999" in said
    assert run(down_site, "sent")["sent"] == []
    run(down_site, "send", letter, "--to", BOX, "--id", "van-ban-1", "--unchecked")
    assert "mang mã này" in run(down_site, "send", letter, "--to", BOX, "--id", "van-ban-1", "--unchecked", exit_code=3)
    assert len(run(down_site, "sent")["sent"]) == 1


def test_what_every_box_would_refuse_is_not_sent(down_site: DownSite, letter: Path) -> None:
    down_site.enrol()
    folder = down_site.site.folder
    folder.resolve(down_site.site.config.trust_roots).write_bytes(folder.ca.read_bytes())
    assert "không phải PDF" in run(down_site, "send", letter, "--to", BOX, exit_code=3)
    assert run(down_site, "sent")["sent"] == []
