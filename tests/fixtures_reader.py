"""A virtual smart-card reader: pcscd and vpcd of this test alone, for cards that are really put in and taken out.

pcscd knows one path for its socket. So it runs in a mount namespace of its own, where that path is a folder of the
test's; clients find it by PCSCLITE_CSOCK_NAME. Where no namespace may be made (some containers), it takes the real
path, one test on the machine at a time.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
OPENSC = ("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so", "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so")
REAL = Path("/run/pcscd")
LOCK = Path("/tmp/commune-box-test-pcscd.lock")
APART = 'mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd && shift && exec "$@"'


@dataclass(frozen=True)
class Reader:
    """A reader with one slot; cards connect to `port`. `module`: the PKCS#11 module that reaches it."""

    port: int
    module: str
    environment: dict[str, str]


@pytest.fixture
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """pcscd in the foreground with one virtual reader."""
    module = next((path for path in OPENSC if Path(path).exists()), None)
    needs = {"pcscd": shutil.which("pcscd"), "vsmartcard-vpcd": DRIVER.exists(), "opensc-pkcs11": module}
    for name, there in needs.items():
        if not there:
            pytest.skip(f"missing: {name}")
    assert module is not None
    apart = _apart()
    with LOCK.open("w") as lock:
        ours = tmp_path_factory.mktemp("pcscd") / "run"
        if not apart:
            if os.getuid() != 0 or (REAL / "pcscd.comm").exists():
                pytest.skip("missing: a mount namespace, or root and no other pcscd")
            ours = REAL
            fcntl.flock(lock, fcntl.LOCK_EX)
        ours.mkdir(exist_ok=True)
        process, port = _start(tmp_path_factory.mktemp("readers"), ours, apart)
        try:
            yield Reader(port, module, {"PCSCLITE_CSOCK_NAME": str(ours / "pcscd.comm")})
        finally:
            _end(process)


def _start(settings: Path, ours: Path, apart: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """pcscd that answers, and its reader's port; another one when somebody took the port meanwhile."""
    for _ in range(3):
        port = _free_port()
        (settings / "virtual").write_text(
            f'FRIENDLYNAME "Virtual"\nDEVICENAME /dev/null:0x{port:X}\nLIBPATH {DRIVER}\nCHANNELID 0x{port:X}\n'
        )
        command = ["pcscd", "--foreground", "--config", str(settings)]
        if apart:
            command = [*apart, "sh", "-c", APART, "sh", str(ours), *command]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if _ready(ours / "pcscd.comm", port, process):
            return process, port
        _end(process)
    pytest.fail("pcscd and its virtual reader did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _apart() -> list[str]:
    """The words that run a command in a mount namespace of its own; none where that is not allowed."""
    for words in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        probe = [*words, "sh", "-c", "mount -t tmpfs none /run"]
        if shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0:
            return words
    return []


def _free_port() -> int:
    """A port below those that outgoing connections get; the reader's second slot takes the next one."""
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(20000, 30000, 2)
        try:
            for one in (port, port + 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", one))
        except OSError:
            continue
        return port


def _ready(comm: Path, port: int, process: subprocess.Popen[bytes], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if comm.exists() and _listens(port):
            return True
        time.sleep(0.05)
    return False


def _listens(port: int) -> bool:
    """Whether the reader waits for a card, without being taken for one."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else []:
            words = line.split()
            if words[3] == "0A" and words[1].endswith(f":{port:04X}"):
                return True
    return False
