"""Runs a configured command in a child with bounded time, memory, processor time and open files.

Owns the child and the reading of its one JSON object. Refuses to judge the object: `checking` and `proving` do. Nothing
a command does ends the caller otherwise than by `CommandFailed`.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

OPEN_FILES = 256


class CommandFailed(Exception):
    """No answer came; `code` is `command-missing`, `too-slow` or `no-answer`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def find_program(name: str) -> str:
    """Where a command is: on the search path, else beside this Python (a virtual environment that is not active)."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent)) or name


def answer_of(words: Sequence[str], *, seconds: float, memory: int) -> dict[str, Any]:
    """The JSON object that the command prints, whatever its exit code. `memory` in bytes. Raises CommandFailed."""
    try:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise CommandFailed("command-missing", str(error)) from error
    _bound(child.pid, memory, seconds)
    try:
        out, err = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise CommandFailed("too-slow", f"{seconds:g} s") from error
    try:
        answer = json.loads(out)
    except ValueError as error:
        last = err.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise CommandFailed("no-answer", f"exit {child.returncode} {' '.join(last)}"[:300]) from error
    if not isinstance(answer, dict):
        raise CommandFailed("no-answer", f"exit {child.returncode}")
    return answer


def _bound(pid: int, memory: int, seconds: float) -> None:
    """Limit a child from outside: code between fork and exec would be unsafe beside other threads."""
    cpu = int(seconds) + 1
    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))
        resource.prlimit(pid, resource.RLIMIT_CPU, (cpu, cpu))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    except ProcessLookupError:
        pass  # it has already ended
