"""The signer's unix socket: who may come in, how long a request may take, one answer each.

Owns the listening socket and the peer check (SO_PEERCRED). Refuses: peers whose uid is not listed, frames above the
cap, peers slower than the deadline. Knows nothing of tokens: what is answered is a function it is given.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hsm import frames
from hsm.api import FaultClass, SigningError

REQUEST_SECONDS = 5.0
"""A peer has this long, all in all, to send its request; one silent client must not stop all signing."""
MAX_CONNECTIONS = 16

Answer = Callable[[dict[str, object]], dict[str, object]]


class Door:
    """Lets peers in, one thread each; `after_reply` is called when a reply is out, for those that end the process."""

    def __init__(
        self,
        listener: socket.socket,
        allowed_uids: Sequence[int],
        answer: Answer,
        after_reply: Callable[[], None] = lambda: None,
    ) -> None:
        self._listener = listener
        self._allowed_uids = tuple(allowed_uids)
        self._answer = answer
        self._after_reply = after_reply
        self._room = threading.Semaphore(MAX_CONNECTIONS)

    def let_in(self) -> None:
        """Accept one peer; returns at once. Nobody there any more (another process took it) is fine."""
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        if not self._room.acquire(blocking=False):
            connection.close()
            return
        connection.setblocking(True)
        threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                reply = self._reply(connection)
                connection.settimeout(REQUEST_SECONDS)
                connection.sendall(frames.encode(reply))
                _let_it_read(connection)
        except OSError:
            pass  # The peer is gone or too slow; it asks again if it wants to.
        finally:
            self._room.release()
            self._after_reply()

    def _reply(self, connection: socket.socket) -> dict[str, object]:
        try:
            uid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
            if uid not in self._allowed_uids:
                raise SigningError(FaultClass.CONFIG, "peer-not-allowed", str(uid))
            return self._answer(frames.decode(_receive(connection)))
        except SigningError as error:
            return frames.failure(error)
        except frames.FrameError as error:
            return frames.failure(SigningError(FaultClass.CONFIG, error.code, error.detail))
        except OSError:
            raise
        except Exception as error:  # An unforeseen fault is told to the client, and the process serves on.
            return frames.failure(SigningError(FaultClass.DEVICE, "signer-fault", f"{type(error).__name__}: {error}"))


def listen(path: Path) -> socket.socket:
    """The listening socket: the one systemd hands over, or our own (mode 0600, its folder 0700 if made here).

    Raises: OSError; also when another signer already answers at this path.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=3)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    if path.exists():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(str(path)) == 0:
                raise FileExistsError(f"another signer answers at {path}")
        path.unlink()
    before = os.umask(0o177)
    try:
        server.bind(str(path))
    finally:
        os.umask(before)
    server.listen(MAX_CONNECTIONS)
    return server


def _let_it_read(connection: socket.socket) -> None:
    # Closing with unread bytes resets the connection and the peer never sees why it was refused.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(0.5)
    for _ in range(4):
        if not connection.recv(frames.MAX_PAYLOAD):
            return


def _receive(connection: socket.socket) -> bytes:
    end = time.monotonic() + REQUEST_SECONDS
    length = frames.payload_length(_receive_exactly(connection, frames.HEADER_SIZE, end))
    return _receive_exactly(connection, length, end)


def _receive_exactly(connection: socket.socket, size: int, end: float) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("request deadline")
        connection.settimeout(left)
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionError("peer closed")
        parts += part
    return bytes(parts)
