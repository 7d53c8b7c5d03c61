"""The caller's side of the limited children: one mother process a thread, asked file by file.

Owns the mother's life: started when first needed, replaced when it died, gone with the thread or the process that
asked. It believes nothing but the three numbers of the mother's answer.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scanner_intake.digitize_limits import environment

_MOTHER = ("-m", "scanner_intake.digitize_mother")
_SPARE_SECONDS = 30.0
_LOOK_EVERY = 0.2
_own = threading.local()


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (negative: the signal; None: out of time) and what it used."""

    code: int | None
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0


def run(work: Path, seconds: float, look: Callable[[], None] | None = None, passwords: Sequence[str] = ()) -> Ended:
    """Has the request in `work` done by a child and waits for its end; `look` is called now and then meanwhile.

    A mother that died is replaced once; then the child counts as crashed (code 70).
    """
    for _attempt in range(2):
        mother = _mother()
        try:
            assert mother.stdin is not None
            asked = {"work": str(work), "seconds": seconds, "passwords": list(passwords)}
            mother.stdin.write(json.dumps(asked).encode() + b"\n")
            mother.stdin.flush()
            answer = _answer(mother, seconds + _SPARE_SECONDS, look)
        except (BrokenPipeError, ValueError, KeyError):
            answer = None
        if answer is not None:
            return answer
        _end(mother)
    return Ended(70)


def stop() -> None:
    """Ends this thread's mother, if it has one."""
    mother = getattr(_own, "mother", None)
    if mother is not None:
        _end(mother)


def _mother() -> subprocess.Popen[bytes]:
    mother: subprocess.Popen[bytes] | None = getattr(_own, "mother", None)
    if mother is None or mother.poll() is not None:
        own = environment(Path(tempfile.gettempdir()))
        del own["PYTHONDONTWRITEBYTECODE"]  # it may keep what it compiles; its children may not
        mother = subprocess.Popen(
            [sys.executable, *_MOTHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env=own,
            start_new_session=True,
            close_fds=True,
        )
        _own.mother = mother
    return mother


def _answer(mother: subprocess.Popen[bytes], seconds: float, look: Callable[[], None] | None) -> Ended | None:
    assert mother.stdout is not None
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([mother.stdout], [], [], min(left, _LOOK_EVERY) if look else left)
        if look:
            look()
        if ready:
            line = mother.stdout.readline()
            if not line:
                return None
            told = json.loads(line)
            code = told["code"]
            return Ended(None if code is None else int(code), float(told["cpu_seconds"]), float(told["peak_rss_mb"]))
    return None


def _end(mother: subprocess.Popen[bytes]) -> None:
    mother.kill()  # its children die with it
    mother.wait()
    for pipe in (mother.stdin, mother.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                pass
    _own.mother = None
