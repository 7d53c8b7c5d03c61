"""commune-box sign, verify and token, alone: no configuration of a box anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures_fault_module import FaultModule
from tests.fixtures_hsm import NAMES, ORGANIZATION, PIN, ROOT, SigningBench

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, faults: FaultModule) -> Run:
    """Runs a command; `pins` become lines on descriptor that --pin-fd names as PINFD."""

    def make(*arguments: str | Path, pins: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        faults.typed += len(pins)
        read, write = os.pipe()
        os.write(write, "".join(f"{pin}\n" for pin in pins).encode())
        os.close(write)
        words = [str(read) if argument == "PINFD" else str(argument) for argument in arguments]
        command = [sys.executable, "-c", "from appliance.cli import main; main()", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COMMUNE_BOX_CONFIG": str(tmp_path / "none.toml")}
        try:
            return subprocess.run(
                command,
                cwd=tmp_path,
                env=environment,
                pass_fds=(read,),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
        finally:
            os.close(read)

    return make


def test_sign_and_verify_alone(
    run: Run,
    signing_bench: SigningBench,
    paper: Callable[..., Path],
    seal_png: bytes,
    signature_png: bytes,
    tmp_path: Path,
) -> None:
    config = signing_bench.write_config(tmp_path / "run")
    root, issuing = signing_bench.folder / "root.pem", signing_bench.folder / "issuing.pem"
    (tmp_path / "seal.png").write_bytes(seal_png)
    (tmp_path / "signature.png").write_bytes(signature_png)
    signed = tmp_path / "signed.pdf"
    done = run(
        *("sign", paper("letter"), "-o", signed, "--kind", "outgoing", "--slot", "leader", "--slot", "agency"),
        *("--signer-config", config, "--trust", root, "--intermediate", issuing, "--pin-fd", "PINFD", "--json"),
        *("--leader-image", "signature.png", "--seal-image", "seal.png"),
        pins=(PIN["leader"], PIN["agency"]),
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert [each["slot"] for each in facts["signatures"]] == ["leader", "agency"]
    assert not (tmp_path / "run/s").exists(), "the signer started for this command is gone"

    done = run("verify", signed, "--trust", root, "--expect", "leader", "--expect", "agency", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["verdict"], found["pdfa"]) == (0, "valid", True)
    assert [each["signer"] for each in found["signatures"]] == [NAMES["leader"], ORGANIZATION]
    for each in found["signatures"]:
        assert each["signed_at"].endswith("+07:00") and each["intact"] and each["trusted"]
        assert set(each) >= {"field", "slot", "covers_whole_file", "certificate_sha256"}

    done = run("verify", signed, "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (4, "untrusted")
    signed.write_bytes(signed.read_bytes() + b"\n1 0 obj\n<<>>\nendobj\n")
    done = run("verify", signed, "--trust", root)
    assert done.returncode == 4 and NAMES["leader"] in done.stdout
    signed.write_bytes(b"not a pdf")
    done = run("verify", signed, "--trust", root, "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (3, "unreadable")


def test_a_wrong_pin_is_told_and_nothing_is_written(
    run: Run, signing_bench: SigningBench, paper: Callable[..., Path], tmp_path: Path
) -> None:
    config = signing_bench.write_config(tmp_path / "run")
    signed = tmp_path / "signed.pdf"
    done = run(
        *("sign", paper("scan"), "-o", signed, "--slot", "agency", "--signer-config", config, "--pin-fd", "PINFD"),
        *("--trust", signing_bench.folder / "root.pem", "--intermediate", signing_bench.folder / "issuing.pem"),
        pins=("999999", PIN["agency"]),
    )
    assert done.returncode == 6 and done.stdout == ""
    assert "999999" not in done.stderr
    assert not signed.exists() and list(tmp_path.glob(".sign*")) == []


def test_a_picture_is_moved_by_hand_before_anybody_signed(
    run: Run, signing_bench: SigningBench, paper: Callable[..., Path], seal_png: bytes, tmp_path: Path
) -> None:
    (tmp_path / "seal.png").write_bytes(seal_png)
    config = signing_bench.write_config(tmp_path / "run")
    letter = paper("letter")

    def signed(target: str, *more: str, source: Path = letter, slots: tuple[str, ...] = ("leader", "agency")) -> Any:
        root, issuing = signing_bench.folder / "root.pem", signing_bench.folder / "issuing.pem"
        words = ["sign", source, "-o", tmp_path / target, "--kind", "outgoing", "--seal-image", "seal.png", "--json"]
        words += ["--signer-config", config, "--trust", root, "--intermediate", issuing, "--pin-fd", "PINFD", *more]
        words += [word for slot in slots for word in ("--slot", slot)]
        return run(*words, pins=tuple(PIN[slot] for slot in slots))

    plain = json.loads(signed("plain.pdf").stdout)["signatures"]
    moved = json.loads(signed("moved.pdf", "--nudge", "agency=-10,5.5").stdout)["signatures"]
    assert moved[0]["box"] == plain[0]["box"], "the leader's picture stays"
    expected = [edge + by * 72 / 25.4 for edge, by in zip(plain[1]["box"], (-10, 5.5, -10, 5.5), strict=True)]
    assert moved[1]["box"] == pytest.approx(expected, abs=1.0)

    assert signed("leader.pdf", slots=("leader",)).returncode == 0
    late = signed("late.pdf", "--nudge", "agency=1,1", source=tmp_path / "leader.pdf", slots=())
    assert (late.returncode, "--slot" in late.stderr) == (2, True)
    faults = signing_bench.faults
    assert faults is not None
    before = len(faults.logins())
    for words, code in (
        (("--nudge", "agency=1,1"), "nudge-too-late"),
        (("--nudge", "agency=61,0"), "nudge-too-far"),
        (("--nudge", "agency=nan,0"), "nudge-too-far"),
        (("--nudge", "agency=1,1", "--kind", "incoming-scan", "--nudge", "leader=1,1"), "slot-not-of-kind"),
    ):
        refused = signed("no.pdf", *words, source=tmp_path / "leader.pdf", slots=("agency",))
        assert json.loads(refused.stdout)["error"]["code"] == code, refused.stderr
    for odd in ("agency", "agency=1", "agency=a,b", "mayor=1,1", "number=1,1"):
        assert signed("no.pdf", "--nudge", odd, slots=("agency",)).returncode == 2
    assert len(faults.logins()) == before and not (tmp_path / "no.pdf").exists()


def test_token_show_login_logout(run: Run, signing_bench: SigningBench, tmp_path: Path) -> None:
    config = signing_bench.write_config(tmp_path / "run")
    down = run("token", "show", "--signer-config", config)
    assert down.returncode == 6 and down.stdout == ""
    signing_bench.start(config)

    def show() -> dict[str, dict[str, object]]:
        done = run("token", "show", "--signer-config", config, "--json")
        assert done.returncode == 0, done.stderr
        return {key["slot"]: key for key in json.loads(done.stdout)["keys"]}

    assert not show()["agency"]["logged_in"]
    done = run(
        "token", "login", "agency", "--signer-config", config, "--pin-fd", "PINFD", "--json", pins=(PIN["agency"],)
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, {"slot": "agency", "logged_in": True})
    keys = show()
    assert keys["agency"]["logged_in"] and not keys["leader"]["logged_in"]
    assert keys["leader"]["certificate"]["signer"] == NAMES["leader"]  # type: ignore[index]
    assert run("token", "logout", "agency", "--signer-config", config).returncode == 0
    assert not show()["agency"]["logged_in"]
    assert run("token", "login", "mayor", "--signer-config", config, "--pin-fd", "PINFD").returncode == 6


@pytest.mark.parametrize("command", [("sign",), ("verify",), ("token",), ("token", "login")])
def test_help_has_an_example(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0 and "Ví dụ: commune-box " + " ".join(command) in " ".join(done.stdout.split())
