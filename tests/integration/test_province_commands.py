"""`commune-province` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from sync.province.cli import main
from tests.fixtures_province import Installation


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def facts(*words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    answer = run(*words, "--json")
    assert answer.exit_code == exit_code, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_from_nothing_to_an_enrolled_box(tmp_path: Path) -> None:
    place, roots = tmp_path / "tinh", tmp_path / "roots.pem"
    roots.write_text("roots")
    made = facts("init", "--dir", place, "--port", "18883", "--web-port", "18481", "--trust", roots)
    assert (made["port"], made["web"]) == (18883, "http://127.0.0.1:18481/")
    assert (place / "signer-roots.pem").read_text() == "roots"
    box = facts("enrol", "commune-27007", "--commune", "UBND xã Tân Phú", "--dir", place, "--out", tmp_path / "box")
    assert (box["box"], box["port"]) == ("commune-27007", 18883)
    (seen,) = facts("boxes", "--dir", place)["boxes"]
    assert (seen["commune"], seen["online"], seen["waiting"]) == ("UBND xã Tân Phú", False, 0)
    assert [finding["code"] for finding in seen["findings"]] == ["never-seen"]
    assert facts("documents", "--dir", place) == {"documents": [], "refusals": []}
    assert facts("revoke", "commune-27007", "--dir", place)["revoked"]
    assert [f["code"] for f in facts("boxes", "--dir", place)["boxes"][0]["findings"]] == ["revoked"]


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("enrol", "box-1", "--out", "x"), 3),
        (("show", "nothing"), 3),
        (("export", "nothing", "-o", "x"), 3),
        (("revoke", "commune-99999"), 3),
        (("export",), 2),
    ],
)
def test_mistakes_have_their_exit_codes(tmp_path: Path, words: tuple[str, ...], exit_code: int) -> None:
    run("init", "--dir", tmp_path)
    answer = run(*words, "--dir", tmp_path)
    assert answer.exit_code == exit_code
    assert answer.stdout == ""
    assert answer.stderr


def test_without_a_province_every_question_says_so(tmp_path: Path) -> None:
    for name in ("boxes", "documents", "check", "serve"):
        answer = run(name, "--dir", tmp_path)
        assert answer.exit_code == 7
        assert "commune-province init" in answer.stderr


def test_every_command_has_help_with_an_example_and_exit_codes() -> None:
    for name in main.list_commands(click.Context(main)):
        text = run(name, "--help").stdout
        assert f"commune-province {name}" in text.split("Ví dụ:")[1]
        assert "Mã thoát" in text


def test_a_delivered_document_is_shown_exported_and_audited(province_site: Installation, tmp_path: Path) -> None:
    store, end = province_site.receive()
    content = b"%PDF-1.7 " + bytes(range(256)) * 50
    province_site.box().deliver(content, "doc-1", subject="Quyết định", code="12/QĐ-UBND")
    place = province_site.folder.root
    shown = facts("show", "doc-1", "--dir", place)
    assert (shown["size"], shown["receipt"]["result"]) == (len(content), "stored")
    assert "12/QĐ-UBND" in run("show", "doc-1", "--dir", place).stdout
    out = tmp_path / "out.pdf"
    assert facts("export", "doc-1", "-o", out, "--dir", place)["sha256"] == shown["sha256"]
    assert out.read_bytes() == content
    assert [d["document_id"] for d in facts("documents", "--dir", place)["documents"]] == ["doc-1"]
    blob = store.blobs.path(shown["sha256"])
    blob.chmod(0o600)
    blob.write_bytes(content[:-1] + b"x")
    codes = {problem["code"] for problem in facts("check", "--dir", place, exit_code=8)["problems"]}
    assert "bytes-changed" in codes
    assert run("export", "doc-1", "-o", out, "--dir", place).exit_code == 5
    end()


def test_another_broker_lets_in_whom_the_province_knows(tmp_path: Path) -> None:
    place = tmp_path / "tinh"
    facts("init", "--dir", place, "--port", "18883")
    for number in (1, 2):
        facts("enrol", f"commune-0000{number}", "--dir", place, "--out", tmp_path / f"box{number}")
    facts("revoke", "commune-00002", "--dir", place)
    made = facts("broker", "--dir", place, "--bind", "127.0.0.1")
    assert made["boxes"] == ["commune-00001"]
    users = {user["name"] for user in json.loads((place / "rabbitmq.json").read_text())["users"]}
    assert users == {"province-receiver", "province-sender", "commune-00001"}
    assert "mqtt.listeners.ssl.1 = 127.0.0.1:18883" in (place / "rabbitmq.conf").read_text()


@pytest.mark.parametrize(
    ("engines", "exit_code"),
    [
        ("rows = 'mysql://x'", 7),
        ("rows =", 7),
        ("rows = 'postgresql://nobody@127.0.0.1:1/x?connect_timeout=1'", 5),
    ],
)
def test_a_store_that_cannot_be_opened_is_said_in_one_line(
    tmp_path: Path, engines: str, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.province.store.postgres.PATIENCE_SECONDS", 0.0)
    run("init", "--dir", tmp_path)
    (tmp_path / "store" / "engines.toml").write_text(engines)
    answer = run("boxes", "--dir", tmp_path)
    assert answer.exit_code == exit_code
    assert len(answer.stderr.strip().splitlines()) <= 2
    assert "Traceback" not in answer.output
