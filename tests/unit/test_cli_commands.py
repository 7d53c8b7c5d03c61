"""The commands as a caller meets them: help, exit codes, one JSON object, nothing else on standard output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from appliance.cli import COMMANDS, main
from appliance.cli.output import ExitCode
from appliance.domain.states import State
from appliance.store import Store, arrivals, open_store
from tests.fixtures_store import NOW, in_state, keep

ROOT = Path(__file__).parents[2]


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walk(found, (*path, name))
    else:
        yield path, command


LEAVES = sorted(walk(main), key=lambda pair: pair[0])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "den").mkdir()
    path = tmp_path / "config.toml"
    path.write_text(
        '[box]\nid = "commune-27007"\ncommune = "UBND xã Thử"\nstate_dir = "state"\n[[folders]]\npath = "den"\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def box(config: Path) -> Iterator[Store]:
    state = config.parent / "state"
    store = open_store(state / "box.db", state / "blobs")
    yield store
    store.close()


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), *words])


def answer(result: Result) -> dict[str, Any]:
    """The one JSON object; anything more on standard output is an error."""
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("path", "command"), LEAVES, ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_helps_with_an_example(path: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"])
    assert shown.exit_code == 0
    assert "Ví dụ" in shown.output, f"{' '.join(path)} has no example"


@pytest.mark.parametrize(
    ("path", "command"), LEAVES, ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_that_prints_facts_can_print_json(path: tuple[str, ...], command: click.Command) -> None:
    speaks_json = any("--json" in parameter.opts for parameter in command.params)
    assert speaks_json or path[0] in ("serve", "verify-stream")


def test_the_first_page_names_every_command_and_exit_code() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"`{name} " in page or f"`{name}`" in page or name == "demo", name
    told = {name: int(number) for number, name in re.findall(r"^\| (\d) \| ([A-Z_]+) \|", page, re.MULTILINE)}
    assert told == {code.name: code.value for code in ExitCode}


def test_documents_are_listed_and_shown(config: Path, box: Store) -> None:
    kept = keep(box, in_state(State.DIGITIZED))
    listed = answer(run(config, "doc", "list", "--json"))
    assert [one["id"] for one in listed["documents"]] == [kept.id] and listed["held_files"] == []
    assert answer(run(config, "doc", "list", "--state", "delivered", "--json"))["documents"] == []
    assert answer(run(config, "doc", "show", kept.id, "--json"))["state"] == "digitized"
    history = answer(run(config, "doc", "history", kept.id, "--json"))
    assert [entry["document_id"] for entry in history["events"]] == [kept.id]
    assert kept.id in run(config, "doc", "list").stdout


def test_signatures_a_file_arrived_with_are_shown(config: Path, box: Store) -> None:
    kept = keep(box, in_state(State.DIGITIZED))
    facts = {"sha256": "a" * 64, "verdict": "untrusted", "conclusion": "untrusted", "signatures": [], "reasons": []}
    box.write(lambda db: arrivals.keep(db, kept.id, facts | {"pdfa": True}, NOW))
    assert answer(run(config, "doc", "show", kept.id, "--json"))["arrived_signatures"]["verdict"] == "untrusted"
    assert "Chữ ký có sẵn khi tệp đến: CHƯA TIN CẬY" in run(config, "doc", "show", kept.id).output


def test_decisions_from_a_terminal(config: Path, box: Store) -> None:
    kept = keep(box, in_state(State.DIGITIZED))
    decided = answer(run(config, "doc", "approve", kept.id, "--by", "Nguyễn Thị Thử", "--json"))
    assert (decided["state"], decided["consents"][0]["by"]) == ("approved", "Nguyễn Thị Thử")
    refused = keep(box, in_state(State.REFUSED))
    assert answer(run(config, "doc", "requeue", refused.id, "--json"))["state"] == "queued"
    quarantined = keep(box, in_state(State.QUARANTINED))
    assert answer(run(config, "doc", "release", quarantined.id, "--reason", "đã xem", "--json"))["state"] == "received"
    assert run(config, "doc", "discard", refused.id).exit_code == ExitCode.USAGE


def test_what_is_not_possible_is_told_in_words_and_by_a_code(config: Path, box: Store) -> None:
    kept = keep(box, in_state(State.DELIVERED))
    result = run(config, "doc", "approve", kept.id, "--json")
    assert result.exit_code == ExitCode.NOT_POSSIBLE
    assert answer(result)["error"]["code"] == "not-in-this-state"
    assert "không thể" in result.stderr
    unknown = run(config, "doc", "show", "không-có")
    assert (unknown.exit_code, unknown.stdout) == (ExitCode.NOT_POSSIBLE, "")


def test_the_queue_tells_what_waits(config: Path, box: Store) -> None:
    kept = keep(box, in_state(State.QUEUED))
    told = answer(run(config, "queue", "--json"))
    assert (told["waiting"], [one["document_id"] for one in told["deliveries"]]) == (1, [kept.id])
    assert told["oldest"] and told["link"] is None


def test_the_store_checks_itself(config: Path, box: Store) -> None:
    source = config.parent / "scan"
    source.write_bytes(b"scan")
    blob = box.blobs.put(source)
    assert answer(run(config, "db", "verify", "--json"))["orphans"] == [blob.sha256]
    damaged = box.blobs.path(blob.sha256)
    damaged.chmod(0o640)
    damaged.write_bytes(b"scam")
    result = run(config, "db", "verify", "--json")
    assert result.exit_code == ExitCode.PROBLEMS_FOUND and answer(result)["damaged"] == [blob.sha256]


def test_a_backup_wants_an_empty_folder(config: Path, box: Store) -> None:
    target = config.parent / "copy"
    assert run(config, "db", "backup", str(target)).exit_code == 0
    assert (target / "box.db").exists()
    assert run(config, "db", "backup", str(target)).exit_code == ExitCode.NOT_POSSIBLE


def test_a_wrong_configuration_names_file_and_key(config: Path) -> None:
    assert answer(run(config, "config", "check", "--json"))["ok"] is True
    assert answer(run(config, "config", "show", "--json"))["box"]["id"] == "commune-27007"
    config.write_text(config.read_text(encoding="utf-8") + "\n[bx]\n", encoding="utf-8")
    result = run(config, "config", "check", "--json")
    assert result.exit_code == ExitCode.CONFIGURATION
    assert answer(result)["error"]["code"] == "config-unknown-key" and "bx" in result.stderr


def test_check_says_what_is_missing(config: Path) -> None:
    result = run(config, "check", "--json")
    codes = {finding["code"] for finding in answer(result)["findings"]}
    assert {"not-enrolled", "no-signing-key"} <= codes
    assert result.exit_code == ExitCode.PROBLEMS_FOUND
    assert all(finding["text"] != finding["code"] for finding in answer(result)["findings"])
