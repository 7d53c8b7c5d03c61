"""The signer process: one PKCS#11 module behind one unix socket, one request per connection.

Owns the socket, the peer check and the order journal-then-sign. Refuses: peers whose uid is not listed (SO_PEERCRED),
frames above the cap, peers slower than the deadline, and anything to sign that is not the signed attributes of a
document under the enrolled certificate. No network, no document files. PINs are handed to the token and forgotten.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from hsm import frames
from hsm.api import FaultClass, SigningError
from hsm.config import SignerConfig
from hsm.journal import SigningJournal
from hsm.pin_marks import PinMarks
from hsm.signed_attributes import message_digest
from hsm.token import TokenModule
from hsm.token_thread import TokenThread

T = TypeVar("T")

REQUEST_SECONDS = 5.0
"""A peer has this long, all in all, to send its request; one silent client must not stop all signing."""
MAX_CONNECTIONS = 16


class Signer:
    """Answers requests; the token is only touched on the token thread."""

    def __init__(self, config: SignerConfig, thread: TokenThread) -> None:
        self._config = config
        self._thread = thread
        self._journal = SigningJournal(config.journal)
        marks = PinMarks(config.journal.with_name("pin-marks.json"))
        self._token: TokenModule = self._on_thread(lambda: TokenModule(config, marks), config.login_deadline_seconds)

    def login_from_credentials(self, folder: Path | None) -> list[SigningError]:
        """One try per key that names a credential; refusals come back as a list, they do not stop the process."""
        refused: list[SigningError] = []
        for key in self._config.keys:
            if not key.credential or folder is None:
                continue
            try:
                pin = (folder / key.credential).read_text(encoding="utf-8").strip("\n")
            except OSError as error:
                refused.append(SigningError(FaultClass.CONFIG, "credential-unreadable", str(error)))
                continue
            try:
                self._login(key.slot, pin, automatic=True)
            except SigningError as error:
                refused.append(error)
        return refused

    def answer(self, request: dict[str, object]) -> dict[str, object]:
        """The reply to one request. Raises: SigningError, frames.FrameError."""
        operation = frames.text(request, "op")
        if operation == "state":
            return self._on_thread(lambda: frames.pack_state(self._token.state()), self._config.sign_deadline_seconds)
        slot = frames.text(request, "slot")
        if operation == "login":
            self._login(slot, frames.text(request, "pin"), automatic=False)
            return {"ok": True}
        if operation == "logout":
            self._on_thread(lambda: self._token.logout(slot), self._config.sign_deadline_seconds)
            return {"ok": True}
        if operation == "sign":
            attributes = frames.unpack(request, "attributes")
            document_id = frames.text(request, "document_id")
            signature = self._on_thread(
                lambda: self._sign(slot, attributes, document_id), self._config.sign_deadline_seconds
            )
            return {"ok": True, "signature": frames.pack(signature)}
        raise SigningError(FaultClass.CONFIG, "operation-unknown", operation)

    def close(self) -> None:
        """Log out and finish with the module."""
        self._on_thread(self._token.close, self._config.sign_deadline_seconds)
        self._journal.close()

    def _login(self, slot: str, pin: str, automatic: bool) -> None:
        self._on_thread(lambda: self._token.login(slot, pin, automatic), self._config.login_deadline_seconds)

    def _sign(self, slot: str, attributes: bytes, document_id: str) -> bytes:
        certificate = self._token.certificate(slot)
        digest = message_digest(attributes, certificate)
        entry: dict[str, object] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "slot": slot,
            "document_id": document_id,
            "message_digest": digest.hex(),
            "certificate_sha256": sha256(certificate).hexdigest(),
        }
        try:
            self._journal.append(entry)
        except OSError as error:
            raise SigningError(FaultClass.DEVICE, "journal-not-written", str(error)) from error
        return self._token.sign(slot, attributes)

    def _on_thread(self, action: Callable[[], T], deadline_seconds: float) -> T:
        return self._thread.call(action, deadline_seconds)


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


def run(config: SignerConfig) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code. Raises: SigningError, OSError when it cannot start."""
    wake_read, wake_write = socket.socketpair()
    wake_read.setblocking(False)
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    thread = TokenThread()
    signer = Signer(config, thread)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    for refusal in signer.login_from_credentials(Path(folder) if folder else None):
        sys.stderr.write(f"signer: {refusal.code}: {refusal.detail}\n")
    listener = listen(config.socket)
    _tell_supervisor("READY=1")
    try:
        _accept_until_signal(listener, wake_read, signer, config)
    finally:
        listener.close()
        if "LISTEN_PID" not in os.environ:
            config.socket.unlink(missing_ok=True)
    signer.close()
    thread.stop(5.0)
    return 0


def _accept_until_signal(listener: socket.socket, wake: socket.socket, signer: Signer, config: SignerConfig) -> None:
    room = threading.Semaphore(MAX_CONNECTIONS)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if wake in ready:
                return
            connection, _ = listener.accept()
            if not room.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=_serve, args=(connection, signer, config, room), daemon=True).start()


def _serve(connection: socket.socket, signer: Signer, config: SignerConfig, room: threading.Semaphore) -> None:
    try:
        with connection:
            reply = _reply(connection, signer, config)
            connection.settimeout(REQUEST_SECONDS)
            connection.sendall(frames.encode(reply))
            _let_it_read(connection)
    except OSError:
        pass  # The peer is gone or too slow; it asks again if it wants to.
    finally:
        room.release()


def _let_it_read(connection: socket.socket) -> None:
    # Closing with unread bytes resets the connection and the peer never sees why it was refused.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(0.5)
    for _ in range(4):
        if not connection.recv(frames.MAX_PAYLOAD):
            return


def _reply(connection: socket.socket, signer: Signer, config: SignerConfig) -> dict[str, object]:
    try:
        uid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in config.allowed_uids:
            raise SigningError(FaultClass.CONFIG, "peer-not-allowed", str(uid))
        return signer.answer(frames.decode(_receive(connection)))
    except SigningError as error:
        return frames.failure(error)
    except frames.FrameError as error:
        return frames.failure(SigningError(FaultClass.CONFIG, error.code, error.detail))
    except OSError:
        raise
    except Exception as error:  # An unforeseen fault is told to the client, and the process serves on.
        return frames.failure(SigningError(FaultClass.DEVICE, "signer-fault", f"{type(error).__name__}: {error}"))


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


def _tell_supervisor(text: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.connect("\0" + address[1:] if address.startswith("@") else address)
            notify.sendall(text.encode())
