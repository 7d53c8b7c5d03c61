"""The province raises what arrived at level B-B by the box's own command, on copies, whatever the command does."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hsm.upgrade import begins_with
from hsm.verify import verify_file
from sync.province.auditing import unproven
from sync.province.cli import main
from sync.province.config import Folder
from sync.province.proving import FIRST_PAUSE, IDLE_SECONDS, CommandExtension, ExtensionFailed, Prover
from sync.province.store import Proof, ProvinceStore, Receipt, StoredDocument
from sync.province.verifying import Problem
from tests.fixtures_pki import TestAuthority, sign_today

BOX = "commune-27007"
MEMORY = 4 << 30


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    opened = ProvinceStore(tmp_path / "store")
    with opened.connection.writing() as raw:
        raw.execute("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, NULL)", (BOX, "UBND xã Thử", bytes(32), "c" * 64, 1.0))
    yield opened
    opened.close()


def received(store: ProvinceStore, content: bytes, number: int = 1, at: float = 1000.0) -> str:
    """A document as it lies there after its receipt; returns its digest."""
    sha256, tid = hashlib.sha256(content).hexdigest(), f"{number:016x}"
    part = store.root / "arriving"
    part.write_bytes(content)
    store.blobs.adopt(part, sha256)
    previous = bytes(32) if number == 1 else bytes([number - 1] * 32)
    receipt = Receipt(
        number, BOX, tid, bytes([number] * 32), f"doc-{number}", sha256, len(content), number, "stored", "", at,
        previous, bytes([number] * 32), b"cose",
    )  # fmt: skip
    document = StoredDocument(
        BOX, f"doc-{number}", tid, sha256, len(content), number, "outgoing", "application/pdf", {}, {}, b"e", at, number
    )  # fmt: skip
    store.answers.commit(receipt, document)
    return sha256


def scripted(tmp_path: Path, script: str, seconds: float = 60.0) -> CommandExtension:
    path = tmp_path / "extend.py"
    path.write_text("import sys, json, time\nsource, target = sys.argv[1:3]\n" + script, "utf-8")
    return CommandExtension(
        (sys.executable, "-S", str(path), "{file}", "{target}"), tmp_path / "r.pem", seconds, MEMORY
    )


ANSWER = {
    "level": "B-T",
    "not_before": "2030-01-01T00:00:00+00:00",
    "deadline": "2030-02-01T00:00:00+00:00",
    "lost_after": "2031-01-01T00:00:00+00:00",
}


def saying(answer: Any, grows: str = "open(source,'rb').read() + b'more'") -> str:
    return f"open(target,'wb').write({grows})\nprint(json.dumps({answer!r}))\n"


def test_what_arrived_is_raised_by_the_boxs_own_command(
    authority: TestAuthority, store: ProvinceStore, tmp_path: Path
) -> None:
    now = authority.at = datetime.now(UTC)
    sha256 = received(store, sign_today(authority, tmp_path, now).read_bytes())
    words = [
        "timestamps",
        "extend",
        "{file}",
        "-o",
        "{target}",
        "--trust",
        "{trust}",
        "--tsa",
        authority.tsa(),
        "--json",
    ]
    command = (sys.executable, "-m", "appliance", *words)
    prover = Prover(store, CommandExtension(command, authority.pem("root"), 300.0, MEMORY), 80.0)
    levels = []
    for _ in range(2):
        assert prover.once(time.time()) == 80.0
        levels.append(store.proofs.best(BOX, "doc-1"))
    assert prover.once(time.time()) == IDLE_SECONDS, "the archival stamp waits for another day"
    assert [level for level, _ in filter(None, levels)] == ["B-T", "B-LT"]
    best = store.proofs.best(BOX, "doc-1")
    assert best is not None
    file = store.better.path(best[1])
    assert begins_with(file, store.blobs.path(sha256))
    assert verify_file(file, authority.trust, ["leader", "agency"], now, with_pdfa=False).verdict == "valid"
    assert store.blobs.holds(sha256)
    assert store.reading.digests() == {sha256: store.blobs.path(sha256).stat().st_size}, "what was received stays"
    assert store.recover() == []
    assert store.better.holds(best[1])
    assert store.proofs.levels() == {"B-LT": 1}


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (saying(ANSWER, "b'something else altogether, and longer than it was'"), "not-its-beginning"),
        (saying(ANSWER, "open(source,'rb').read()"), "not-its-beginning"),
        (saying({**ANSWER, "level": "B-B"}), "no-answer"),
        (saying({"level": "B-T"}), "no-answer"),
        (saying([1, 2]), "no-answer"),
        ("print('<html>')\n", "no-answer"),
        ("sys.exit(3)\n", "no-answer"),
        ("print(json.dumps({'error': {'code': 'tsa-silent', 'message': 'x'}}))\n", "tsa-silent"),
        ("time.sleep(60)\n", "too-slow"),
    ],
)
def test_whatever_the_command_does_nothing_is_taken_for_better(tmp_path: Path, script: str, code: str) -> None:
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(b"signed bytes")
    with pytest.raises(ExtensionFailed) as caught:
        scripted(tmp_path, script, 2.0 if code == "too-slow" else 60.0).extend(source, target)
    assert caught.value.code == code


def test_no_command(tmp_path: Path) -> None:
    with pytest.raises(ExtensionFailed) as caught:
        CommandExtension(("/not/there",), tmp_path, 1.0, MEMORY).extend(tmp_path, tmp_path)
    assert caught.value.code == "command-missing"


class Answers:
    """An extension that does what the test says."""

    def __init__(self, *said: Proof | str) -> None:
        self.said = list(said)
        self.asked: list[bytes] = []

    def extend(self, source: Path, target: Path) -> Proof:
        content = source.read_bytes()
        self.asked.append(content)
        said = self.said.pop(0)
        if isinstance(said, str):
            raise ExtensionFailed(said)
        better = content + b"+"
        target.write_bytes(better)
        return Proof(said.level, hashlib.sha256(better).hexdigest(), len(better), said.due_at, said.deadline, 9e9)


def proof(level: str, due_at: float, deadline: float) -> Proof:
    return Proof(level, "", 0, due_at, deadline, 9e9)


def test_a_service_that_is_away_blames_no_document(store: ProvinceStore) -> None:
    received(store, b"paper")
    prover = Prover(store, Answers("tsa-unreachable", proof("B-T", 5e9, 6e9)), 80.0)
    assert prover.once(2000.0) == FIRST_PAUSE
    assert prover.once(2000.0) == 80.0


def test_a_failure_of_one_document_lets_the_others_on_and_comes_again(store: ProvinceStore) -> None:
    received(store, b"one", 1, 1000.0)
    received(store, b"two", 2, 1100.0)
    answers = Answers("upgrade-self-check", proof("B-T", 5e9, 6e9), proof("B-T", 5e9, 6e9))
    prover = Prover(store, answers, 80.0)
    assert prover.once(2000.0) == 0.0
    assert prover.once(2000.0) == 80.0
    assert prover.once(2000.0) == IDLE_SECONDS
    assert prover.once(2000.0 + FIRST_PAUSE) == 80.0
    assert answers.asked == [b"one", b"two", b"one"]


def test_what_can_never_be_proven_is_left(store: ProvinceStore) -> None:
    received(store, b"paper")
    prover = Prover(store, Answers(proof("B-T", 2000.0, 3000.0), "evidence-revoked"), 80.0)
    prover.once(2000.0)
    prover.once(2000.0)
    assert prover.once(9e8) == IDLE_SECONDS
    assert store.proofs.best(BOX, "doc-1") == ("B-T", hashlib.sha256(b"paper+").hexdigest())


def test_a_backlog_past_its_deadline_is_found_by_the_check(store: ProvinceStore) -> None:
    received(store, b"late", 1, 1000.0)
    received(store, b"stamped", 2, 1100.0)
    Prover(store, Answers("tsa-unreachable"), 80.0).once(2000.0)
    week_later = 1000.0 + 8 * 86400
    assert unproven(store, week_later) == [Problem("proofs-overdue", "2")] and unproven(store, 2000.0) == []
    prover = Prover(store, Answers("evidence-revoked", proof("B-T", 5000.0, 6000.0)), 80.0)
    prover.once(3000.0)
    prover.once(3000.0)
    assert unproven(store, 5500.0) == [Problem("proofs-lost", "1")]


def test_the_earliest_deadline_first_and_on_the_better_file(store: ProvinceStore) -> None:
    received(store, b"late", 1, 5000.0)
    received(store, b"early", 2, 1000.0)
    answers = Answers(*[proof("B-T", 6000.0, 7000.0)] * 2, proof("B-LT", 9e9, 9e9), proof("B-LT", 9e9, 9e9))
    prover = Prover(store, answers, 80.0)
    for now in (5500.0, 5500.0, 6500.0, 6500.0):
        prover.once(now)
    assert answers.asked[:2] == [b"early", b"late"]
    assert set(answers.asked[2:]) == {b"early+", b"late+"}
    assert prover.once(8e9) == IDLE_SECONDS


def test_a_kill_between_bytes_and_row_costs_a_repetition(store: ProvinceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    received(store, b"paper")
    answers = Answers(proof("B-T", 5e9, 6e9), proof("B-T", 5e9, 6e9))

    def killed(*_: object) -> None:
        raise SystemExit(9)

    with monkeypatch.context() as broken:
        broken.setattr(store.proofs, "raised", killed)
        with pytest.raises(SystemExit):
            Prover(store, answers, 80.0).once(2000.0)
    assert store.proofs.best(BOX, "doc-1") is None
    assert Prover(store, answers, 80.0).once(2000.0) == 80.0
    assert store.proofs.best(BOX, "doc-1") is not None
    assert json.dumps(store.proofs.levels()) == '{"B-T": 1}'


def test_the_commands_show_and_export_the_file_with_the_most_proof(tmp_path: Path) -> None:
    folder = tmp_path / "tinh"
    assert CliRunner().invoke(main, ["init", "--dir", str(folder), "--host", "127.0.0.1"]).exit_code == 0
    store = ProvinceStore(Folder(folder).rows)
    with store.connection.writing() as raw:
        raw.execute("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, NULL)", (BOX, "UBND xã Thử", bytes(32), "c" * 64, 1.0))
    received(store, b"paper")
    Prover(store, Answers(proof("B-T", 5e9, 6e9)), 80.0).once(2000.0)
    store.close()

    def run(*words: str) -> Any:
        done = CliRunner().invoke(main, [*words, "--dir", str(folder), "--json"])
        return json.loads(done.stdout)

    assert run("show", "doc-1")["proof"]["level"] == "B-T"
    for words, content in (([], b"paper"), (["--best"], b"paper+")):
        target = tmp_path / "out.pdf"
        run("export", "doc-1", "-o", str(target), *words)
        assert target.read_bytes() == content
    assert run("check")["levels"] == {"B-T": 1}
