"""Verify many hostile files, each at arm's length: a warm process that forks one limited child for every file.

What `hsm.judge` does for one file, for a stream of them: libraries are loaded once, yet no file's child ever sees
another file. Orders and answers are lines of JSON, one answer for each order, in order. The process itself opens no
file but the pinned certificates and lists, which it reads again when they change; whatever becomes of a child is the
verdict "unreadable" with the reason `child-…`, never an error.

Order: `{"file": path, "expect": [slot…], "seconds": n, "memory": bytes}`. Answer: the facts of `hsm.verify`,
without "pdfa" where that is not asked for.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from hsm.judge import MEMORY_BYTES, TrustFiles
from hsm.trust import Trust, TrustError
from hsm.verify import Verification, verify_file
from hsm.warming import warm_up

PASSING_BYTES = 1 << 30
"""Of the passing file that a judge of PDF/A writes; signatures need none."""
log = logging.getLogger(__name__)
MOST_ANSWER = 4 << 20
"""Bytes of one answer; a file with thousands of signatures is hostile."""


def serve(orders: Iterable[str], answers: TextIO, trust: TrustFiles, *, with_pdfa: bool) -> None:
    """Answer every order until there is none. `with_pdfa`: also judge PDF/A, which costs more than the signatures."""
    try:
        warm_up()
    except Exception:
        log.exception("not warmed up; every file costs more")
    pinned = Pinned(trust)
    with contextlib.suppress(TrustError):
        pinned.now()
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the children
    for line in orders:
        facts = _judged(line, pinned, with_pdfa)
        answers.write(json.dumps(facts, ensure_ascii=False) + "\n")
        answers.flush()


class Pinned:
    """Certificates and lists as they lie on the disk now, parsed once for each of their versions."""

    def __init__(self, files: TrustFiles) -> None:
        self._files = files
        self._version: tuple[tuple[int, int, int], ...] = ()
        self._trust: Trust | None = None

    def now(self) -> Trust:
        """The trust. Raises: TrustError (`trust-unreadable`)."""
        try:
            version = self._files.version()
        except OSError as error:
            raise TrustError("trust-unreadable", str(error)) from error
        if self._trust is None or version != self._version:
            self._trust, self._version = self._files.read(), version
            self._trust.context()  # what a child would find out about these certificates is known to all
        return self._trust


def _judged(line: str, pinned: Pinned, with_pdfa: bool) -> dict[str, Any]:
    try:
        order = json.loads(line)
        path, expected = Path(order["file"]), [str(slot) for slot in order.get("expect") or ()]
        seconds, memory = float(order.get("seconds", 60.0)), int(order.get("memory", MEMORY_BYTES))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _unreadable("child-order")
    try:
        trust = pinned.now()
    except TrustError:
        return _unreadable("child-trust")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _child(writing, path, expected, trust, seconds, memory, with_pdfa)
    os.close(writing)
    try:
        return _answer_of(reading, child, seconds)
    finally:
        os.close(reading)


def _child(
    writing: int, path: Path, expected: list[str], trust: Trust, seconds: float, memory: int, with_pdfa: bool
) -> None:
    """Judge one file and end; nothing of the parent's open ends is left to a file that takes the process over."""
    try:
        gc.disable()  # a collection would touch every page that is still shared
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        if writing != 3:
            os.dup2(writing, 3)
        os.closerange(4, 4096)
        cpu = int(seconds) + 1
        for what, most in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, cpu),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 256),
            (resource.RLIMIT_FSIZE, PASSING_BYTES if with_pdfa else 0),
        ):
            _, hard = resource.getrlimit(what)
            kept = most if hard == resource.RLIM_INFINITY else min(most, hard)  # a tighter one of our caller stays
            resource.setrlimit(what, (kept, kept))
        facts = verify_file(path, trust, expected or None, with_pdfa=with_pdfa).facts()
        if not with_pdfa:
            del facts["pdfa"]  # not judged is not "no"
        left = memoryview(json.dumps(facts, ensure_ascii=False).encode())
        while left:
            left = left[os.write(3, left) :]
        os._exit(0)
    finally:
        os._exit(1)


def _answer_of(reading: int, child: int, seconds: float) -> dict[str, Any]:
    pieces, size, until, reason = [], 0, time.monotonic() + seconds, ""
    waiting = select.poll()
    waiting.register(reading, select.POLLIN)
    while True:
        left = until - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            reason = "child-TimeoutExpired"
            break
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > MOST_ANSWER:
            reason = "child-answer"
            break
    if reason:
        os.kill(child, signal.SIGKILL)
    _, ended = os.waitpid(child, 0)
    if reason or ended:
        return _unreadable(reason or "child-ended")
    try:
        facts: dict[str, Any] = json.loads(b"".join(pieces))
    except ValueError:
        return _unreadable("child-answer")
    return facts


def _unreadable(reason: str) -> dict[str, Any]:
    return Verification("unreadable", (), False, (reason,), conclusion="unreadable").facts()


def main_stream(trust: TrustFiles, *, with_pdfa: bool) -> None:
    """Serve standard input and output; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, answers, trust, with_pdfa=with_pdfa)
