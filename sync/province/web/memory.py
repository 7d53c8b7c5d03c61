"""Keeps the pages' process small: they run for months beside a database that wants the memory.

Owns two words to the C library, glibc's own; where it has no such words nothing happens. A survey of thousands of boxes
takes and frees megabytes at a time, in whatever thread it runs; left alone, each thread would keep its own share.
"""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor

_C = ctypes.CDLL(None)
_M_ARENA_MAX = -8
THREADS = 2
"""For whatever would block the event loop; each has a connection to the rows, with a cache of its own."""


def give_back() -> None:
    """Return to the system what was taken and freed."""
    if trim := getattr(_C, "malloc_trim", None):
        trim(0)


def few_threads() -> ThreadPoolExecutor:
    """The threads beside the event loop, all of them sharing one heap."""
    if option := getattr(_C, "mallopt", None):
        option(_M_ARENA_MAX, 1)
    return ThreadPoolExecutor(THREADS, "pages")
