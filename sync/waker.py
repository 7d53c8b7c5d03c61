"""Waiting for a socket, or for somebody to say "look again". Owns the socket pair behind that."""

from __future__ import annotations

import contextlib
import select
import socket


class Waker:
    """One thread waits; `stir` from any thread, or from a signal handler, ends its wait."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def wait(self, fileno: int | None, wants_write: bool, seconds: float) -> tuple[bool, bool]:
        """Wait at most `seconds`; return whether `fileno` can be read and written, (False, False) when stirred."""
        poller = select.poll()  # not select(): that dies at file descriptor 1024
        poller.register(self._read, select.POLLIN)
        if fileno is not None:
            poller.register(fileno, select.POLLIN | (select.POLLOUT if wants_write else 0))
        readable = writable = False
        for number, mask in poller.poll(max(0, int(seconds * 1000 + 0.999))):
            if number == fileno:
                readable = bool(mask & (select.POLLIN | select.POLLHUP | select.POLLERR))
                writable = bool(mask & select.POLLOUT)
            else:
                with contextlib.suppress(BlockingIOError):
                    while self._read.recv(4096):
                        pass
        return readable, writable

    def stir(self) -> None:
        """End the wait that is on, or the next one at once."""
        with contextlib.suppress(OSError):  # full means awake already; closed means nobody waits
            self._write.send(b"\0")

    def close(self) -> None:
        """Give the sockets back; `stir` does nothing from now on."""
        self._write.close()
        self._read.close()
