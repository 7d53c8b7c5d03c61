"""The workers of one machine, as children of `commune-province serve` or `work`.

Owns starting them and starting them again. Refuses to judge why one died: everything a worker knows is in rows and
files, and another takes its shards over when its leases run out.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

CALM_SECONDS = 60.0
LONGEST_PAUSE = 30.0
STOP_SECONDS = 40.0
log = logging.getLogger("commune-province.crew")


def worker_name(number: int) -> str:
    """What a worker of this machine is called: the same after every start, another on every machine."""
    host = re.sub(r"[^a-z0-9-]", "-", socket.gethostname().lower())[:40] or "host"
    return f"{host}-{number}"


class Crew:
    """`count` workers over the province's folder."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder, self._count = folder, count

    def run(self, stop: threading.Event) -> None:
        """Keep them running until `stop`; then end them, politely first."""
        children: dict[int, subprocess.Popen[bytes]] = {}
        started: dict[int, float] = {}
        pauses: dict[int, float] = {}
        try:
            while not stop.is_set():
                now = time.monotonic()
                for number in range(1, self._count + 1):
                    child = children.get(number)
                    if child is not None and child.poll() is None:
                        continue
                    if child is not None and started[number] <= now:
                        log.error("worker %s ended code=%s", worker_name(number), child.returncode)
                        calm = now - started[number] > CALM_SECONDS
                        pauses[number] = 0.5 if calm else min(LONGEST_PAUSE, 2 * pauses.get(number, 0.25))
                        started[number] = now + pauses[number]
                        del children[number]
                    elif started.get(number, now) <= now:
                        children[number] = self._start(number)
                        started[number] = now
                stop.wait(0.25)
        finally:
            self._end(list(children.values()))

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        name = worker_name(number)
        log.info("worker %s starts", name)
        return subprocess.Popen(
            [sys.executable, "-m", "sync.province", "work", "--dir", str(self._folder), "--name", name,
             "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @staticmethod
    def _end(children: list[subprocess.Popen[bytes]]) -> None:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for child in children:
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
