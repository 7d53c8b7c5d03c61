"""A `DocumentCheck` by commands that stay: loaded once, asked for file after file over their standard input and output.

Owns the children, one for each file that is under way at a time, and their end: one that is silent for too long, dies
or answers nonsense is killed and another is started, and the file is checked again later, as with every fault of our
own. Judges like `CommandCheck`, by the same facts.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sync.province.checking import EXPECTED_SLOTS, CheckUnavailable, Finding, judged
from sync.province.command import find_program

MOST_ANSWER = 8 << 20
GRACE = 10.0
"""Seconds beyond the file's own limit: the command ends the file's child itself and says so."""


class StandingCheck:
    """Up to `parallel` children, started when they are needed."""

    def __init__(self, command: Sequence[str], trust: Path, seconds: float, memory: int, parallel: int) -> None:
        self._words = [find_program(command[0]), *(word.replace("{trust}", str(trust)) for word in command[1:])]
        self._seconds, self._memory = seconds, memory
        self._free: queue.SimpleQueue[_Child | None] = queue.SimpleQueue()
        for _ in range(parallel):
            self._free.put(None)

    def check(self, path: Path, kind: str) -> Finding:
        """Judge the file. Raises CheckUnavailable."""
        slots = EXPECTED_SLOTS.get(kind)
        if slots is None:
            return Finding("unknown-kind")
        order = {"file": str(path), "expect": list(slots), "seconds": self._seconds, "memory": self._memory}
        child = self._free.get()
        try:
            child = child or _Child(self._words)
            answer = child.ask(json.dumps(order), self._seconds + GRACE)
        except CheckUnavailable:
            if child is not None:
                child.end()
                child = None
            raise
        finally:
            self._free.put(child)
        return judged(answer, slots)

    def close(self) -> None:
        """End the children that wait."""
        with contextlib.suppress(queue.Empty):
            while True:
                if (child := self._free.get_nowait()) is not None:
                    child.end()


class _Child:
    def __init__(self, words: list[str]) -> None:
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            raise CheckUnavailable("command-missing", str(error)) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def ask(self, order: str, seconds: float) -> dict[str, Any]:
        """One answer. Raises CheckUnavailable, after which this child is of no more use."""
        try:
            self._in.write(order.encode() + b"\n")
            self._in.flush()
            line = self._line(time.monotonic() + seconds)
            answer = json.loads(line)
        except OSError as error:
            raise CheckUnavailable("check-ended", str(error)) from error
        except ValueError as error:
            raise CheckUnavailable("no-answer", f"exit {self._process.poll()}") from error
        if not isinstance(answer, dict):
            raise CheckUnavailable("no-answer", "not an object")
        return answer

    def _line(self, until: float) -> bytes:
        got, descriptor = bytearray(), self._out.fileno()
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        while not got.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not waiting.poll(left * 1000):
                raise CheckUnavailable("too-slow")
            piece = os.read(descriptor, 1 << 16)
            if not piece or len(got) > MOST_ANSWER:
                raise CheckUnavailable("check-ended", f"exit {self._process.poll()}")
            got += piece
        return bytes(got)

    def end(self) -> None:
        """Kill it and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with contextlib.suppress(OSError):  # an order that nobody read
            self._in.close()
        self._out.close()
