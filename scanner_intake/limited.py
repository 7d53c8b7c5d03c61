"""Running one limited child from outside: its life, its log, and the careful reading of the files it wrote.

Owns the process group (ended whatever happens), the wall clock and the way passwords take; knows no request's meaning.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scanner_intake.digitize_limits import environment

_log = logging.getLogger(__name__)


class ChildFailed(Exception):
    """The child did not do its request; `code`: timeout, limits-exceeded or crashed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def run_child(module: str, work: Path, seconds: float, passwords: Sequence[str] = ()) -> None:
    """Has `python -m module WORK` do the request in `work`; no process of its group survives the call.

    Raises: ChildFailed.
    """
    with (work / "child.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", module, str(work)],
            stdin=subprocess.PIPE,  # the passwords go this way: never onto a disk
            stdout=log,
            stderr=log,
            cwd=work,
            env=environment(work),
            start_new_session=True,
        )
        try:
            child.communicate(json.dumps(list(passwords)).encode(), timeout=seconds)
            code = child.returncode
        except subprocess.TimeoutExpired:
            raise ChildFailed("timeout") from None
        finally:
            _end_group(child)
    if code:
        _log.warning("%s ended with %s", module, code)
        raise ChildFailed("limits-exceeded" if code in (-signal.SIGXCPU, -signal.SIGKILL) else "crashed")


def read_plain(path: Path, most: int, head: int | None = None) -> bytes:
    """Reads a file the child wrote; links, devices and oversize files are refused with ValueError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > most:
            raise ValueError("not a plain file of an allowed size")
        return file.read(head if head is not None else most)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()
