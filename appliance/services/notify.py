"""Telling systemd that a service is ready and alive (sd_notify), and when to stop.

The watchdog message depends on the service's own loop asking whether to stop: one that hangs must not look healthy.
Without NOTIFY_SOCKET everything here is silent.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable


def notify(message: str) -> None:
    """Send one sd_notify message, e.g. "READY=1"."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto(message.encode(), address)
        except OSError:
            pass  # the service manager is gone; our work goes on


class Stop(threading.Event):
    """The event that ends a service, and the proof that its loop still turns: a working loop keeps asking it."""

    def __init__(self) -> None:
        super().__init__()
        self._asked_at = time.monotonic()

    def is_set(self) -> bool:
        self._asked_at = time.monotonic()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        self._asked_at = time.monotonic()
        return super().wait(timeout)

    def asked_within(self, seconds: float) -> bool:
        """Whether some loop asked in the last ``seconds``; one that hangs does not."""
        return time.monotonic() - self._asked_at < seconds


def stop_on_signals() -> Stop:
    """A stop event that SIGTERM and SIGINT set. Call from the main thread."""
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def feed_watchdog(stop: Stop, longest_turn: float = 120.0, turned: Callable[[float], bool] | None = None) -> None:
    """Keep systemd's watchdog content while the service's loop turns at least every ``longest_turn`` seconds.

    ``turned(seconds)`` tells it; without one, asking ``stop`` is the proof, which only a service of one loop can give.
    Returns at once when systemd set no watchdog.
    """
    alive = turned or stop.asked_within
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    if not microseconds:
        return

    def feed() -> None:
        pause = microseconds / 2_000_000
        while not threading.Event.is_set(stop):
            if alive(longest_turn):
                notify("WATCHDOG=1")
            threading.Event.wait(stop, pause)

    threading.Thread(target=feed, name="watchdog", daemon=True).start()
