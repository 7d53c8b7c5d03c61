"""What the child may use: limits it puts on itself and on every program it starts, before it looks at the file.

Owns the resource limits (address space, CPU, file size, no core dump), the end with its parent, and the environment.
A limit holds per process; the total is bounded by the unit's MemoryMax (systemd) and by the parent's wall clock.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from scanner_intake.digitized import Limits

_PR_SET_PDEATHSIG = 1


def restrict(limits: Limits) -> None:
    """Applies the limits to this process; they are inherited by programs it starts and cannot be raised again."""
    die_with_parent()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds)
    _limit(resource.RLIMIT_FSIZE, limits.output_bytes)
    _limit(resource.RLIMIT_NOFILE, 512)
    os.umask(0o077)


def die_with_parent() -> None:
    """Asks the kernel to end this process when the one that started it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:  # the parent died before the request took hold
        os._exit(1)


def environment(work: Path) -> dict[str, str]:
    """The child's whole environment: nothing of the parent's but where programs are, and one thread for every
    library.
    """
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(work),
        "TMPDIR": str(work),
        "PYTHONPATH": os.pathsep.join(_package_roots()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_FOR_THREADS_NUM": "1",
        "MALLOC_ARENA_MAX": "2",
        # A page's pictures are made and dropped dozens of times: memory given back to the system each time must be
        # cleared by it again, a tenth of a page's work. The end of the process gives all of it back.
        "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
        "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    } | {name: os.environ[name] for name in ("TESSDATA_PREFIX",) if name in os.environ}


def _package_roots() -> list[str]:
    root = str(Path(__file__).resolve().parent.parent)
    return [root] if root not in (sys.prefix,) else []


def _limit(which: int, amount: int) -> None:
    _soft, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        amount = min(amount, hard)
    resource.setrlimit(which, (amount, amount))
