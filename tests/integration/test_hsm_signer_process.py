"""The signer process from outside: kills, hangs, strangers, spent tries, credentials, the journal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest

from hsm import door, frames
from hsm.api import FaultClass, SigningError
from hsm.client import SocketSigner
from tests.contract.signing_suite import check, signed_attributes
from tests.fixtures_fault_module import FaultModule
from tests.fixtures_hsm import PIN, ROOT, SigningBench, wait_ready


def _ask(path: Path, content: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(15)
        connection.connect(str(path))
        connection.sendall(content)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


def _reply(received: bytes) -> dict[str, object]:
    return frames.decode(received[frames.HEADER_SIZE :])


def test_killed_in_the_middle_of_a_signature_then_back_after_a_new_login(
    signing_bench: SigningBench, tmp_path: Path
) -> None:
    config = signing_bench.write_config(tmp_path / "run")
    process = signing_bench.start(config)
    client = SocketSigner(tmp_path / "run/s", 20.0)
    client.login("agency", PIN["agency"])
    attributes = signed_attributes(signing_bench.der("agency"))
    os.kill(signing_bench.module_process(process), signal.SIGSTOP)  # The request arrives, the answer does not.
    caught: list[SigningError] = []

    def ask() -> None:
        try:
            client.sign("agency", attributes, "d1")
        except SigningError as error:
            caught.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    process.kill()
    asking.join(10)
    assert [error.fault for error in caught] == [FaultClass.CRASH]
    with pytest.raises(SigningError) as down:
        client.state()
    assert (down.value.fault, down.value.code) == (FaultClass.CRASH, "signer-not-running")
    process.wait(10)

    signing_bench.start(config)  # The dead one left its socket file behind.
    with pytest.raises(SigningError) as lost:
        client.sign("agency", attributes, "d1")
    assert lost.value.fault is FaultClass.AUTH_LOST
    client.login("agency", PIN["agency"])
    check(signing_bench.der("agency"), client.sign("agency", attributes, "d1"), attributes)


def test_a_silent_signer_is_a_hang_after_the_deadline(signing_bench: SigningBench, tmp_path: Path) -> None:
    process = signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    os.kill(signing_bench.module_process(process), signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(SigningError) as caught:
        SocketSigner(tmp_path / "run/s", 0.4).state()
    assert caught.value.fault is FaultClass.HANG
    assert 0.3 < time.monotonic() - started < 3


def test_sigterm_ends_it_cleanly(signing_bench: SigningBench, tmp_path: Path) -> None:
    process = signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    SocketSigner(tmp_path / "run/s").login("leader", PIN["leader"])
    process.terminate()
    assert process.wait(10) == 0
    assert not (tmp_path / "run/s").exists()


def test_a_wrong_credential_spends_one_try_and_a_restart_spends_none(
    signing_bench: SigningBench, faults: FaultModule, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "pin.agency").write_text("999999\n")
    config = signing_bench.write_config(tmp_path / "run", credential=True)
    client = SocketSigner(tmp_path / "run/s", 20.0)
    marks = tmp_path / "run/pin-marks.json"
    faults.allowed = 1
    for turn in range(3):
        process = signing_bench.start(config, CREDENTIALS_DIRECTORY=str(credentials))
        state = client.state()
        assert not state.key("agency").logged_in
        assert "credential-refused" in state.key("agency").pin_flags
        if turn == 0:
            spent = marks.read_text()
        process.terminate()
        process.wait(10)
        assert process.stderr is not None
        words = process.stderr.read().decode()
        assert ("pin-wrong" in words) == (turn == 0), words
        assert ("credential-refused" in words) == (turn > 0), words
        assert "999999" not in words
    assert marks.read_text() == spent
    assert faults.tries_left("agency") == 2 and len(faults.logins("agency")) == 1

    # A person who types the right PIN takes the mark away, and the repaired credential serves again.
    process = signing_bench.start(config, CREDENTIALS_DIRECTORY=str(credentials))
    client.login("agency", PIN["agency"])
    assert client.state().key("agency").pin_flags == ()
    process.terminate()
    process.wait(10)
    (credentials / "pin.agency").write_text(PIN["agency"] + "\n")
    faults.allowed = 2
    signing_bench.start(config, CREDENTIALS_DIRECTORY=str(credentials))
    assert client.state().key("agency").logged_in


def test_the_leaders_pin_never_comes_from_a_credential(signing_bench: SigningBench, tmp_path: Path) -> None:
    config = signing_bench.write_config(tmp_path / "run", leader='credential = "pin.leader"')
    command = [sys.executable, "-m", "hsm", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert done.returncode == 78 and b"signer-config-leader-credential" in done.stderr


def test_the_journal_line_stands_before_the_signature(signing_bench: SigningBench, tmp_path: Path) -> None:
    signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    client = SocketSigner(tmp_path / "run/s")
    attributes = signed_attributes(signing_bench.der("agency"), b"content of d-7")
    with pytest.raises(SigningError):
        client.sign("agency", attributes, "d-7")  # nobody logged in: asked for, not made
    (line,) = (tmp_path / "run/signing-journal.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert entry["document_id"] == "d-7" and entry["slot"] == "agency"
    assert entry["message_digest"] == sha256(b"content of d-7").hexdigest()
    assert entry["certificate_sha256"] == sha256(signing_bench.der("agency")).hexdigest()


def test_strangers_are_turned_away(signing_bench: SigningBench, tmp_path: Path) -> None:
    signing_bench.start(signing_bench.write_config(tmp_path / "ok"))
    config = signing_bench.write_config(tmp_path / "run", uids=[os.getuid() + 1])
    process = subprocess.Popen([sys.executable, "-m", "hsm", "--config", str(config)], stderr=subprocess.PIPE)
    signing_bench.processes.append(process)
    end = time.monotonic() + 15
    while not (tmp_path / "run/s").exists() and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.1)
    with pytest.raises(SigningError) as caught:
        SocketSigner(tmp_path / "run/s").state()
    assert caught.value.code == "peer-not-allowed"
    assert (tmp_path / "run/s").stat().st_mode & 0o777 == 0o600


def test_junk_is_answered_or_dropped_and_the_signer_lives(signing_bench: SigningBench, tmp_path: Path) -> None:
    signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    path = tmp_path / "run/s"
    assert _reply(_ask(path, b"GET / HTTP/1.1\r\n\r\n"))["code"] == "frame-magic"
    assert _reply(_ask(path, b"CBS\x01\xff\xff\xff\xff"))["code"] == "frame-size"
    assert _reply(_ask(path, b"CBS\x09\x00\x00\x00\x02{}"))["code"] == "frame-version"
    assert _reply(_ask(path, frames.encode({})))["code"] == "frame-body"
    assert _reply(_ask(path, frames.encode({"op": "export", "slot": "leader"})))["code"] == "operation-unknown"
    assert _reply(_ask(path, frames.encode({"op": "sign", "slot": "leader"})))["code"] == "frame-body"
    assert SocketSigner(path).state().module == signing_bench.module


def test_silent_clients_do_not_stop_others(signing_bench: SigningBench, tmp_path: Path) -> None:
    signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    path = tmp_path / "run/s"
    silent = [socket.socket(socket.AF_UNIX) for _ in range(door.MAX_CONNECTIONS - 1)]
    for connection in silent:
        connection.connect(str(path))
        connection.sendall(b"CBS")
    started = time.monotonic()
    SocketSigner(path, 10).state()
    assert time.monotonic() - started < door.REQUEST_SECONDS
    silent[0].settimeout(door.REQUEST_SECONDS + 5)
    assert silent[0].recv(100) == b"", "dropped at its deadline"
    for connection in silent:
        connection.close()


def test_a_second_signer_on_the_same_socket_refuses(signing_bench: SigningBench, tmp_path: Path) -> None:
    config = signing_bench.write_config(tmp_path / "run")
    signing_bench.start(config)
    done = subprocess.run(
        [sys.executable, "-m", "hsm", "--config", str(config)], capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 69
    assert SocketSigner(tmp_path / "run/s").state().keys


def test_a_certificate_of_another_key_is_found_at_login(signing_bench: SigningBench, tmp_path: Path) -> None:
    signing_bench.certificates["agency"].write_bytes(signing_bench.certificates["leader"].read_bytes())
    signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    client = SocketSigner(tmp_path / "run/s")
    with pytest.raises(SigningError) as caught:
        client.login("agency", PIN["agency"])
    assert (caught.value.fault, caught.value.code) == (FaultClass.CONFIG, "key-certificate-mismatch")
    assert not client.state().key("agency").logged_in


def test_core_dumps_and_reading_its_memory_are_off(signing_bench: SigningBench, tmp_path: Path) -> None:
    process = signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    for pid in (process.pid, signing_bench.module_process(process)):
        limits = Path(f"/proc/{pid}/limits").read_text()
        (core,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core.split()[4:6] == ["0", "0"]
        # A process that is not dumpable belongs to root in /proc; root itself cannot see the difference there.
        if os.getuid() != 0:
            assert Path(f"/proc/{pid}/mem").stat().st_uid == 0


def test_a_socket_that_systemd_opened_outlives_every_process(signing_bench: SigningBench, tmp_path: Path) -> None:
    config = signing_bench.write_config(tmp_path / "run", deadlines="restart_pauses_seconds = [0.1, 0.2, 0.3]")
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(tmp_path / "run/s"))
    door.listen()
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(str(tmp_path / "notify"))
    told.settimeout(30)
    given = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    command = [sys.executable, "-c", given, str(door.fileno()), sys.executable, "-m", "hsm", "--config", str(config)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        pass_fds=(door.fileno(),),
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
    )
    signing_bench.processes.append(process)
    assert told.recv(100) == b"READY=1"
    wait_ready(tmp_path / "run/s", process)
    client = SocketSigner(tmp_path / "run/s", 60.0)
    os.kill(signing_bench.module_process(process), signal.SIGKILL)
    client.login("agency", PIN["agency"])  # waits for the next module process; nobody else saw the PIN
    assert client.state().key("agency").logged_in
    process.terminate()
    assert process.wait(20) == 0
    assert (tmp_path / "run/s").exists(), "systemd's socket is not ours to remove"
    told.close()
    door.close()


def test_a_killed_keeper_takes_the_login_with_it(signing_bench: SigningBench, tmp_path: Path) -> None:
    process = signing_bench.start(signing_bench.write_config(tmp_path / "run"))
    SocketSigner(tmp_path / "run/s").login("agency", PIN["agency"])
    child = signing_bench.module_process(process)
    process.kill()
    process.wait(10)
    end = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < end:
        if "State:\tZ" in Path(f"/proc/{child}/status").read_text():
            break
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{child}").exists()
