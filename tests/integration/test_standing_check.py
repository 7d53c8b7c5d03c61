"""Verdicts from a process that stays: the same as from one that does not, and a hostile file or a dead child costs one
file's time and no other file's verdict."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.cli import main
from hsm import warm_judge
from hsm.judge import TrustFiles
from sync.province.checking import CheckUnavailable, CommandCheck
from sync.province.config import VERIFY_COMMAND, VERIFY_STANDING, Config, Folder
from sync.province.service import document_check
from sync.province.standing_check import StandingCheck
from tests.fixtures_verify import Office, make_pki

pytestmark = pytest.mark.integration
MEMORY = 4 << 30


@pytest.fixture
def roots(tmp_path: Path, signing_office: Office) -> Path:
    """Both certificates of the office's chain in one file."""
    path = tmp_path / "roots.pem"
    chain = (signing_office.pki.root, signing_office.pki.issuing)
    path.write_bytes(b"".join(each.certificate.public_bytes(Encoding.PEM) for each in chain))
    return path


@pytest.fixture
def standing(roots: Path) -> Iterator[StandingCheck]:
    made = StandingCheck(VERIFY_STANDING, roots, 60, MEMORY, 1)
    yield made
    made.close()


def altered(source: Path, target: Path) -> Path:
    content = bytearray(source.read_bytes())
    at = content.index(b"/MediaBox")
    content[at + 12] ^= 1
    target.write_bytes(bytes(content))
    return target


def test_both_ways_say_the_same(
    tmp_path: Path, roots: Path, standing: StandingCheck, signed_papers: dict[str, Path]
) -> None:
    once = CommandCheck(VERIFY_COMMAND, roots, 60, MEMORY)
    rubbish = tmp_path / "r.pdf"
    rubbish.write_bytes(b"rubbish")
    cases = [
        (signed_papers["scan"], "incoming-scan"), (signed_papers["both"], "outgoing"),
        (signed_papers["leader"], "outgoing"), (altered(signed_papers["scan"], tmp_path / "a.pdf"), "incoming-scan"),
        (rubbish, "incoming-scan"), (signed_papers["scan"], "unheard-of"),
    ]  # fmt: skip
    codes = []
    for path, kind in cases:
        one, other = once.check(path, kind), standing.check(path, kind)
        facts = {name: value for name, value in one.signatures.items() if name != "pdfa"}
        assert (one.code, facts) == (other.code, dict(other.signatures)), path.name
        codes.append(other.code)
    assert codes[:3] == ["", "", "signature-missing"] and "unknown-kind" in codes and "unreadable" in codes


def test_no_file_sees_another_and_the_process_stays(standing: StandingCheck, signed_papers: dict[str, Path]) -> None:
    assert standing.check(signed_papers["scan"], "incoming-scan").accepted
    child = standing._free.get()
    assert child is not None
    first = child._process.pid
    standing._free.put(child)
    for _ in range(5):
        assert standing.check(signed_papers["scan"], "incoming-scan").accepted
    again = standing._free.get()
    assert again is not None and again._process.pid == first
    standing._free.put(again)


def test_a_child_that_dies_is_the_provinces_fault_and_the_next_one_works(
    standing: StandingCheck, signed_papers: dict[str, Path]
) -> None:
    assert standing.check(signed_papers["scan"], "incoming-scan").accepted
    child = standing._free.get()
    assert child is not None
    child._process.kill()
    child._process.wait()
    standing._free.put(child)
    with pytest.raises(CheckUnavailable) as caught:
        standing.check(signed_papers["scan"], "incoming-scan")
    assert caught.value.code == "check-ended"
    assert standing.check(signed_papers["scan"], "incoming-scan").accepted


@pytest.mark.parametrize(
    ("program", "code"),
    [("import time; time.sleep(60)", "too-slow"), ("print('x')", "no-answer"), ("print([1])", "no-answer"),
     ("pass", "check-ended"), ("import sys; sys.stdout.write('{' * 20_000_000)", "check-ended")],
)  # fmt: skip
def test_a_command_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, roots: Path, program: str, code: str
) -> None:
    monkeypatch.setattr("sync.province.standing_check.GRACE", 1.0)
    check = StandingCheck((sys.executable, "-c", f"input()\n{program}\n"), roots, 0.5, MEMORY, 1)
    with pytest.raises(CheckUnavailable) as caught:
        check.check(tmp_path / "x.pdf", "incoming-scan")
    assert caught.value.code == code
    check.close()
    missing = StandingCheck(("no-such-command",), roots, 1, MEMORY, 1)
    with pytest.raises(CheckUnavailable) as caught:
        missing.check(tmp_path / "x.pdf", "incoming-scan")
    assert caught.value.code == "command-missing"


def test_two_are_checked_at_a_time(roots: Path) -> None:
    program = (
        "import json, sys, time\n"
        "for line in sys.stdin: time.sleep(0.4); print(json.dumps({'verdict': 'invalid'}), flush=True)"
    )
    check = StandingCheck((sys.executable, "-c", program), roots, 5, MEMORY, 2)
    began, most, running, lock = time.monotonic(), 0, 0, threading.Lock()

    def one() -> None:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        assert check.check(Path("x"), "incoming-scan").code == "signature-missing"
        with lock:
            running -= 1

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == 4 and time.monotonic() - began >= 0.8, "four waited for two"
    check.close()


# --- the command itself -----------------------------------------------------------------------------------------------


def stream(roots: Path, *orders: Any, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    text = "\n".join(order if isinstance(order, str) else json.dumps(order) for order in orders) + "\n"
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "verify-stream", "--trust", str(roots), *options],
        input=text, text=True, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


class Lines:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        self.said.append(json.loads(text))

    def flush(self) -> None:
        pass


def served(orders: Iterable[str], trust: TrustFiles | None = None) -> list[dict[str, Any]]:
    """What the process itself answers, run here."""
    lines = Lines()
    warm_judge.serve(orders, lines, trust or TrustFiles(), with_pdfa=False)  # type: ignore[arg-type]
    gc.unfreeze()
    return lines.said


def test_one_answer_for_each_order_in_order(roots: Path, signed_papers: dict[str, Path]) -> None:
    good = {"file": str(signed_papers["scan"]), "expect": ["agency"]}
    answers = stream(
        roots, good, "no json", {"file": 1}, "[]", {"file": "/nowhere"}, {**good, "seconds": 0.0},
        {**good, "expect": ["leader"]}, good,
    )  # fmt: skip
    assert [each["verdict"] for each in answers] == [
        "valid", "unreadable", "unreadable", "unreadable", "unreadable", "unreadable", "invalid", "valid",
    ]  # fmt: skip
    assert [each["reasons"][0] for each in answers[1:6]] == [
        "child-order", "child-order", "child-order", "child-ended", "child-TimeoutExpired",
    ]  # fmt: skip
    assert "pdfa" not in answers[0]
    assert stream(roots, good, options=("--pdfa",))[0]["pdfa"] is True


def test_a_file_that_wants_more_memory_than_it_was_given_ends_its_child(
    monkeypatch: pytest.MonkeyPatch, signed_papers: dict[str, Path]
) -> None:
    real = warm_judge.verify_file

    def greedy(path: Path, *args: Any, **named: Any) -> Any:
        return bytearray(64 << 20) if path.name == "greedy.pdf" else real(path, *args, **named)

    monkeypatch.setattr(warm_judge, "verify_file", greedy)
    orders = [{"file": "greedy.pdf", "memory": 1 << 20}, {"file": str(signed_papers["scan"])}]
    said = served(map(json.dumps, orders))
    assert [each["reasons"] for each in said] == [["child-ended"], ["certificate-untrusted"]]


def test_certificates_are_read_again_when_they_change(
    tmp_path: Path, roots: Path, signed_papers: dict[str, Path]
) -> None:
    kept, good = tmp_path / "kept.pem", roots.read_bytes()
    stranger = make_pki(datetime.now(UTC) - timedelta(days=1)).root.certificate.public_bytes(Encoding.PEM)

    def orders() -> Iterator[str]:
        for content in (good, good, stranger, b"no certificate", None, good):
            kept.unlink(missing_ok=True)
            if content is not None:
                kept.write_bytes(content)
            yield json.dumps({"file": str(signed_papers["scan"]), "expect": ["agency"]})

    said = served(orders(), TrustFiles(roots=(kept,)))
    assert [each["verdict"] for each in said[:3] + said[5:]] == ["valid", "valid", "untrusted", "valid"]
    assert [each["reasons"] for each in said[3:5]] == [["child-trust"], ["child-trust"]]


def test_a_file_that_takes_its_child_over_reaches_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, signed_papers: dict[str, Path]
) -> None:
    """What a hostile file could do at most, played by a verifier that runs the file's own code."""
    real = warm_judge.verify_file
    reached = tmp_path / "reached"

    def taken_over(path: Path, *args: Any, **named: Any) -> Any:
        if path.name != "hostile.pdf":
            return real(path, *args, **named)
        for descriptor in range(4, 64):
            for effect in (lambda d: os.write(d, b'{"verdict": "valid"}\n'), lambda d: os.read(d, 1)):
                try:
                    effect(descriptor)
                    os.write(3, b"[]")
                except OSError:
                    pass
        reached.write_text("a file was written")
        raise AssertionError("a file could be written")

    monkeypatch.setattr(warm_judge, "verify_file", taken_over)
    said = served(json.dumps({"file": name}) for name in ("hostile.pdf", str(signed_papers["scan"])))
    assert len(said) == 2
    assert said[0]["verdict"] == "unreadable" and said[0]["reasons"] == ["child-ended"]
    assert said[1]["verdict"] == "untrusted", "judged by the real verifier, without any roots"
    assert not reached.exists() or reached.read_text() == ""


def test_tighter_limits_of_the_caller_stay(roots: Path, signed_papers: dict[str, Path]) -> None:
    order = json.dumps({"file": str(signed_papers["scan"]), "expect": ["agency"]})
    words = [sys.executable, "-m", "appliance", "verify-stream", "--trust", str(roots)]
    ordinary = ["setpriv", "--bounding-set=-sys_resource"] if os.getuid() == 0 else []  # root may raise limits again
    limited = [*ordinary, "sh", "-c", 'ulimit -n 128; ulimit -t 50; exec "$@"', "sh", *words]
    done = subprocess.run(limited, input=order + "\n", text=True, capture_output=True, check=True, timeout=120)
    assert json.loads(done.stdout)["verdict"] == "valid", done.stderr


def test_a_page_of_our_own_warms_the_process_up() -> None:
    from hsm.warming import warm_up

    (signature,) = warm_up().signatures
    assert signature.intact and signature.trusted and signature.covers_whole_file


def test_the_settings_choose(tmp_path: Path, roots: Path) -> None:
    folder = Folder(tmp_path)
    made: Callable[..., Any] = lambda **changes: document_check(folder, Config(**changes))  # noqa: E731
    assert isinstance(made(), StandingCheck)
    assert isinstance(made(verify_standing=("none",)), CommandCheck)
    assert isinstance(made(verify_command=("own", "{file}")), CommandCheck), "a province's own command is honoured"


def test_unreadable_trust_is_told_at_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("x")
    assert CliRunner().invoke(main, ["verify-stream", "--trust", str(bad)]).exit_code == 3
