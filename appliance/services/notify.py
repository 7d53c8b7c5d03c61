"""Telling systemd that a service is ready and alive (sd_notify), and when to stop.

The watchdog message comes from a thread that first asks ``alive()``: a service whose work hangs must not look healthy.
Without NOTIFY_SOCKET everything here is silent.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
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


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Call from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def feed_watchdog(stop: threading.Event, alive: Callable[[], bool]) -> None:
    """Keep systemd's watchdog content while ``alive()`` holds; returns at once when none is set."""
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    if not microseconds:
        return

    def feed() -> None:
        while not stop.wait(microseconds / 2_000_000):
            if alive():
                notify("WATCHDOG=1")

    threading.Thread(target=feed, name="watchdog", daemon=True).start()
