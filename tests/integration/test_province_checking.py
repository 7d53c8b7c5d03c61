"""The command that verifies a document: what its answers mean, and what is never the paper's fault."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sync.province.checking import CheckUnavailable, CommandCheck, DigestOnly, secrecy_marked

BOTH = [{"slot": "leader"}, {"slot": "agency"}]


def check(tmp_path: Path, script: str, seconds: float = 20) -> CommandCheck:
    """A check whose command is this Python script; it gets the trust file, the expected slots and the document."""
    path = tmp_path / "verify.py"
    path.write_text(script, "utf-8")
    words = (sys.executable, "-S", str(path), "--trust", "{trust}", "{expect}", "{file}")
    return CommandCheck(words, tmp_path / "roots.pem", seconds, 2_000_000_000)


def saying(answer: Any) -> str:
    return f"print({json.dumps(json.dumps(answer))})"


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ({"verdict": "valid", "signatures": BOTH}, "outgoing", ""),
        ({"verdict": "valid", "signatures": BOTH[:1]}, "outgoing", "signature-missing"),
        ({"verdict": "valid", "signatures": BOTH[1:]}, "incoming-scan", ""),
        ({"verdict": "valid", "signatures": BOTH[:1]}, "appendix", "signature-missing"),
        ({"verdict": "valid"}, "case-file", "signature-missing"),
        ({"verdict": "valid", "signatures": BOTH}, "poster", "unknown-kind"),
        ({"verdict": "changed"}, "outgoing", "changed"),
        ({"verdict": "invalid", "signatures": BOTH}, "outgoing", "signature-invalid"),
        ({"verdict": "invalid", "signatures": BOTH[1:]}, "outgoing", "signature-missing"),
        ({"verdict": "untrusted"}, "outgoing", "signature-untrusted"),
        ({"verdict": "unsigned"}, "outgoing", "signature-missing"),
        ({"verdict": "unreadable"}, "outgoing", "unreadable"),
    ],
)
def test_a_verdict_becomes_acceptance_or_a_reason(tmp_path: Path, answer: Any, kind: str, code: str) -> None:
    assert check(tmp_path, saying(answer)).check(tmp_path / "x.pdf", kind).code == code


OWN = {"slot": "agency", "intact": True, "trusted": True, "changed_after": False, "covers_whole_file": True}
THEIRS = {"slot": "", "intact": True, "trusted": False, "changed_after": True, "covers_whole_file": False}


@pytest.mark.parametrize(
    ("conclusion", "signatures", "code"),
    [
        ("metadata-only", [THEIRS, OWN], ""),
        ("untrusted", [{**THEIRS, "changed_after": False}, OWN], ""),
        ("changed", [THEIRS, OWN], "changed"),
        ("metadata-only", [THEIRS, {**OWN, "changed_after": True}], "changed"),
        ("metadata-only", [THEIRS, {**OWN, "covers_whole_file": False}], "changed"),
        ("untrusted", [THEIRS, {**OWN, "trusted": False}], "signature-untrusted"),
        ("metadata-only", [OWN, THEIRS], "changed"),
        ("metadata-only", [THEIRS], "changed"),
        ("metadata-only", [THEIRS, OWN, {"slot": "", "timestamp": True, "trusted": False}], "changed"),
        ("untrusted", [THEIRS, {**OWN, "slot": "leader"}], "signature-untrusted"),
    ],
)
def test_a_strangers_signature_below_the_agencys_is_no_reason(
    tmp_path: Path, conclusion: str, signatures: Any, code: str
) -> None:
    verdict = "untrusted" if conclusion == "untrusted" else "changed"
    script = saying({"verdict": verdict, "conclusion": conclusion, "signatures": signatures})
    assert check(tmp_path, script).check(tmp_path / "x.pdf", "incoming-scan").code == code


def test_a_verdict_counts_whatever_the_exit_code_is(tmp_path: Path) -> None:
    script = saying({"verdict": "changed"}) + "\nraise SystemExit(4)"
    assert check(tmp_path, script).check(tmp_path / "x.pdf", "outgoing").code == "changed"


def test_the_command_gets_trust_slots_and_file(tmp_path: Path) -> None:
    script = "import sys, json\nprint(json.dumps({'verdict': 'valid', 'signatures': [{'slot': s} for s in "
    script += "('leader', 'agency')], 'pdfa': sys.argv[1:]}))"
    found = check(tmp_path, script).check(tmp_path / "x.pdf", "outgoing")
    assert found.signatures["pdfa"] == [
        "--trust", str(tmp_path / "roots.pem"), "--expect", "leader", "--expect", "agency", str(tmp_path / "x.pdf")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("", "no-answer"),
        ("print('not json')", "no-answer"),
        ("print('[1]')", "no-answer"),
        ("print('{}')", "no-verdict"),
        (saying({"verdict": "perhaps"}), "no-verdict"),
        (saying({"verdict": "unreadable", "reasons": ["child-TimeoutExpired"]}), "check-ended"),
        ("import sys; print('no trust file', file=sys.stderr); sys.exit(7)", "no-answer"),
        ("import os; os.kill(os.getpid(), 9)", "no-answer"),
        ("x = bytearray(3_000_000_000)", "no-answer"),
    ],
)
def test_a_command_that_fails_is_unavailable_never_a_refusal(tmp_path: Path, script: str, code: str) -> None:
    with pytest.raises(CheckUnavailable) as caught:
        check(tmp_path, script).check(tmp_path / "x.pdf", "outgoing")
    assert caught.value.code == code


def test_a_missing_command_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(CheckUnavailable) as caught:
        CommandCheck(("no-such-command-here", "{file}"), tmp_path, 5, 10**9).check(tmp_path / "x.pdf", "outgoing")
    assert caught.value.code == "command-missing"


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])"
    )
    started = time.monotonic()
    with pytest.raises(CheckUnavailable) as caught:
        check(tmp_path, script + "\ntime.sleep(60)", seconds=0.5).check(tmp_path / "x.pdf", "outgoing")
    assert caught.value.code == "too-slow"
    assert time.monotonic() - started < 10


def test_the_laboratory_check_still_knows_the_kinds(tmp_path: Path) -> None:
    assert DigestOnly().check(tmp_path, "outgoing").accepted
    assert DigestOnly().check(tmp_path, "poster").code == "unknown-kind"


@pytest.mark.parametrize(
    ("meta", "marked"),
    [
        ({}, False),
        ({"secrecy": ""}, False),
        ({"secrecy": None}, False),
        ({"secrecy": "  "}, False),
        ({"secrecy": {"value": "", "confidence": 0.9}}, False),
        ({"secrecy": "mat"}, True),
        ({"secrecy": {"value": "toi-mat"}}, True),
        ({"secrecy": 1}, True),
    ],
)
def test_secrecy_in_the_senders_words(meta: dict[str, Any], marked: bool) -> None:
    assert secrecy_marked(meta) is marked
