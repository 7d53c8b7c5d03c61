"""A bad line between two network namespaces, by the emulator that lies beside the clone (`../shared/tools/linkemu`).

Owns the namespaces of one lane and the emulator between them. Needs root, some programs and `/dev/net/tun`; says
so by `LinkAbsent`. Namespace `box` is 10.99.0.1, namespace `far` is `FAR`; rates count IP bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAR = "10.99.0.2"
SOURCE = Path(os.environ.get("COMMUNE_LINKEMU", Path(__file__).parents[3] / "shared" / "tools" / "linkemu"))
READY_SECONDS = 15.0


class LinkAbsent(RuntimeError):
    """This machine cannot emulate a line; the message says what is missing."""


@dataclass(frozen=True)
class Profile:
    """One kind of line, as measured ones of the knowledge base are."""

    name: str
    up: float
    """Bit/s, IP bytes counted."""
    words: tuple[str, ...]
    """The emulator's arguments: up rate, delay s, loss, queue bytes; the same down."""


def _profile(name: str, up: str, delay: str, loss: str, queue: str, down: str, queue_down: str) -> Profile:
    return Profile(name, float(up), (up, delay, loss, queue, down, delay, loss, queue_down))


PROFILES = {
    profile.name: profile
    for profile in (
        _profile("2g", "40e3", ".3", "0", "32768", "80e3", "32768"),
        _profile("adsl", "512e3", ".03", "0", "65536", "4e6", "131072"),
        _profile("3gnl", "1e6", ".075", "0", "131072", "4e6", "262144"),
        _profile("3g", "1e6", ".075", ".02", "131072", "4e6", "262144"),
    )
}


def emulator(folder: Path) -> Path:
    """The compiled emulator in `folder`. Raises LinkAbsent."""
    if os.geteuid() != 0:
        raise LinkAbsent("needs root: network namespaces and a TUN device")
    for program in ("ip", "gcc", "mosquitto", "curl", "rsync"):
        if shutil.which(program) is None:
            raise LinkAbsent(f"needs the program {program}")
    if not Path("/dev/net/tun").exists():
        raise LinkAbsent("needs /dev/net/tun")
    if not (SOURCE / "tunem.c").exists():
        raise LinkAbsent("needs the link emulator: ../shared/tools/linkemu, or its folder in COMMUNE_LINKEMU")
    target = folder / "tunem"
    subprocess.run(["gcc", "-O2", "-o", str(target), str(SOURCE / "tunem.c")], check=True, capture_output=True)
    return target


class Line:
    """`with Line(...) as line:` - two namespaces and the line between them."""

    def __init__(self, program: Path, profile: Profile, number: int, seed: int = 1) -> None:
        self._program, self._profile, self._seed = program, profile, seed
        self.box, self.far = f"lk{os.getpid()}b{number}", f"lk{os.getpid()}f{number}"
        self._emulator: subprocess.Popen[str] | None = None

    def __enter__(self) -> Line:
        for name in (self.box, self.far):
            subprocess.run(["ip", "netns", "add", name], check=True)
        self._emulator = subprocess.Popen(
            [str(self._program), self.box, self.far, *self._profile.words, str(self._seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env={**os.environ, "CC": "bbr"},
        )  # fmt: skip
        if self._answer() != "ready":
            self.__exit__()
            raise LinkAbsent("the link emulator did not start")
        return self

    def __exit__(self, *_: object) -> None:
        if self._emulator is not None:
            self._emulator.kill()
            self._emulator.wait()
        for name in (self.box, self.far):
            _end_processes(name)
            with contextlib.suppress(subprocess.CalledProcessError):
                subprocess.run(["ip", "netns", "del", name], check=True, capture_output=True)

    def tell(self, command: str) -> None:
        """Give the emulator a command (`go 20 2 r`, `reset` ...)."""
        assert self._emulator is not None and self._emulator.stdin is not None
        self._emulator.stdin.write(command + "\n")
        self._emulator.stdin.flush()

    def counters(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What went up and down since `reset`: IP bytes `by`, TCP payload `tcp`, packets dropped `qdrop` ..."""
        self.tell("stats")
        while not (said := self._answer()).startswith("{"):
            pass
        read = json.loads(said)
        return read["up"], read["dn"]

    def command(self, far: bool, *words: str) -> list[str]:
        """`words` as run inside one of the namespaces."""
        return ["ip", "netns", "exec", self.far if far else self.box, *words]

    def _answer(self) -> str:
        assert self._emulator is not None and self._emulator.stdout is not None
        return self._emulator.stdout.readline().strip()


def _end_processes(namespace: str) -> None:
    """End what still runs inside a namespace of ours."""
    for _ in range(20):
        listed = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True)
        pids = [int(word) for word in listed.stdout.split()]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        time.sleep(0.05)
