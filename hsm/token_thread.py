"""The one thread that talks PKCS#11, and the watchdog that ends the process when a call into the module hangs.

A hung C_Sign can only be ended with its process (signing.md 9.1). So the watchdog answers the waiting client with
HANG and exits; whoever supervises the process starts it anew, and the login is gone with it.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from hsm.api import FaultClass, SigningError

T = TypeVar("T")

HANG_EXIT_CODE = 70
_POLL_SECONDS = 0.1
_REPLY_SECONDS = 0.3


class TokenThread:
    """Runs calls one after another on one thread; each has its own deadline in seconds, counted from its start."""

    def __init__(self, end_process: Callable[[int], object] = os._exit) -> None:
        self._end_process = end_process
        self._calls: queue.Queue[tuple[Callable[[], object], float, Future[Any]] | None] = queue.Queue()
        self._running: tuple[float, Future[Any]] | None = None
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="pkcs11", daemon=True)
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()
        self._watchdog.start()

    def call(self, action: Callable[[], T], deadline_seconds: float) -> T:
        """Run one call on the thread and return its result. Raises: what it raises; SigningError (HANG)."""
        outcome: Future[T] = Future()
        self._calls.put((action, deadline_seconds, outcome))
        return outcome.result()

    def stop(self, seconds: float) -> None:
        """Let the waiting calls end and stop the thread, waiting at most `seconds`."""
        self._calls.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        while (entry := self._calls.get()) is not None:
            action, deadline_seconds, outcome = entry
            with self._turn:
                self._running = (time.monotonic() + deadline_seconds, outcome)
            result: object = None
            fault: BaseException | None = None
            try:
                result = action()
            except BaseException as error:  # The caller gets whatever happened; this thread must live.
                fault = error
            if self._take() is None:
                return  # The watchdog was faster: the caller has its answer and the process is ending.
            if fault is None:
                outcome.set_result(result)
            else:
                outcome.set_exception(fault)

    def _take(self, overdue_at: float | None = None) -> Future[Any] | None:
        """Take the right to answer the running call, once: for its end, or (watchdog) if it is overdue by now."""
        with self._turn:
            if self._running is None or (overdue_at is not None and overdue_at <= self._running[0]):
                return None
            outcome = self._running[1]
            self._running = None
            return outcome

    def _watch(self) -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            outcome = self._take(overdue_at=time.monotonic())
            if outcome is not None:
                outcome.set_exception(SigningError(FaultClass.HANG, "module-hangs", "no answer from the token"))
                time.sleep(_REPLY_SECONDS)
                self._end_process(HANG_EXIT_CODE)
                return
