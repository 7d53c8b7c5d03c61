"""The module process: one PKCS#11 module behind the signer's socket, one request per connection.

Owns the order journal-then-sign and the token thread. Refuses anything to sign that is not the signed attributes of
a document under the enrolled certificate. No network, no document files. PINs are handed to the token and
forgotten. It is a child of `hsm.keeper`, which holds the socket and starts it anew: after a fault of the device the
only sure way back is a new process, so this one ends itself (`DEVICE_EXIT_CODE`) once the fault is told.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from hsm import frames
from hsm.api import FaultClass, SignerState, SigningError
from hsm.config import KeyConfig, SignerConfig
from hsm.door import Door
from hsm.journal import SigningJournal
from hsm.pin_marks import PinMarks
from hsm.signed_attributes import message_digest
from hsm.token import TokenModule
from hsm.token_thread import TokenThread

T = TypeVar("T")

DEVICE_EXIT_CODE = 71
RELEASED_EXIT_CODE = 72
"""Asked to try again, or the token was plugged in anew: the keeper may start a process that signs."""
LOOK_SECONDS = 2.0
_DEVICE_CODES = ("device-fault", "module-unusable", "token-in-use")
"""DEVICE faults that a new process may heal; a journal on a full disk, say, it would not."""


class Signer:
    """Answers requests; the token is only touched on the token thread. `resting`: only tells what is plugged in."""

    def __init__(self, config: SignerConfig, thread: TokenThread, after: str = "", resting: bool = False) -> None:
        self._config = config
        self._thread = thread
        self._resting = resting
        self.exit_code: int | None = None
        self._journal = SigningJournal(config.journal)
        marks = PinMarks(_marks_beside(config.journal))
        self._token: TokenModule = self._on_thread(
            lambda: TokenModule(config, marks, after), config.login_deadline_seconds
        )
        self._present = {key.slot for key in config.keys}
        """Who was seen last while resting; at first nobody counts as missing."""

    def login_from_credentials(self, folder: Path | None) -> list[SigningError]:
        """One try per key that names a credential; refusals come back as a list, they do not stop the process."""
        refused: list[SigningError] = []
        for key in self._config.keys:
            if not key.credential or folder is None or self._resting:
                continue
            try:
                self._open_unattended(key, folder)
            except SigningError as error:
                refused.append(error)
        return refused

    def look_around(self, folder: Path | None) -> None:
        """Now and then: ends idle logins and those of tokens that left; opens again what policy opens."""
        try:
            self._on_thread(self._token.look_around, self._config.sign_deadline_seconds)
            if self._resting:
                self._watch(self._on_thread(self._token.state, self._config.sign_deadline_seconds))
                return
            for key in self._config.keys:
                if key.credential and folder is not None and self._waits(key):
                    self._open_unattended(key, folder)
        except SigningError as error:
            sys.stderr.write(f"signer: {error.code}: {error.detail}\n")

    def answer(self, request: dict[str, object]) -> dict[str, object]:
        """The reply to one request. Raises: SigningError, frames.FrameError."""
        operation = frames.text(request, "op")
        if operation == "state":
            return frames.pack_state(self._state())
        if operation == "retry":
            if self._resting:
                self.exit_code = RELEASED_EXIT_CODE
            return {"ok": True}
        slot = frames.text(request, "slot")
        if self._resting and operation in ("login", "sign"):
            if self.exit_code is not None:
                raise SigningError(FaultClass.CRASH, "signer-starting", slot)
            raise SigningError(FaultClass.DEVICE, "device-given-up", slot)
        if operation == "login":
            pin, documents = frames.text(request, "pin"), frames.number(request, "documents")
            self._on_thread(lambda: self._token.login(slot, pin, documents), self._config.login_deadline_seconds)
            return {"ok": True}
        if operation == "logout":
            self._on_thread(lambda: self._token.logout(slot), self._config.sign_deadline_seconds)
            return {"ok": True}
        if operation == "sign":
            attributes = frames.unpack(request, "attributes")
            document_id = frames.text(request, "document_id")
            slow = self._token.slow_login(slot)
            deadline = self._config.login_deadline_seconds if slow else self._config.sign_deadline_seconds
            signature = self._on_thread(lambda: self._sign(slot, attributes, document_id), deadline)
            return {"ok": True, "signature": frames.pack(signature)}
        raise SigningError(FaultClass.CONFIG, "operation-unknown", operation)

    def _state(self) -> SignerState:
        try:
            state = self._on_thread(self._token.state, self._config.sign_deadline_seconds)
        except SigningError as error:
            if self._resting:
                raise SigningError(FaultClass.DEVICE, "device-given-up", error.detail) from error
            raise
        if not self._resting:
            return state
        self._watch(state)
        return replace(state, keys=tuple(replace(key, problem="device-given-up") for key in state.keys))

    def _watch(self, state: SignerState) -> None:
        """While resting: a token that comes back is a reason to try again."""
        present = {key.slot for key in state.keys if key.present}
        if present - self._present:
            self.exit_code = RELEASED_EXIT_CODE
        self._present = present

    def close(self) -> None:
        """Log out and finish with the module."""
        self._on_thread(self._token.close, self._config.sign_deadline_seconds)
        self._journal.close()

    def _waits(self, key: KeyConfig) -> bool:
        return self._on_thread(lambda: self._token.waits_for_credential(key.slot), self._config.sign_deadline_seconds)

    def _open_unattended(self, key: KeyConfig, folder: Path) -> None:
        try:
            pin = (folder / key.credential).read_text(encoding="utf-8").strip("\n")
        except OSError as error:
            raise SigningError(FaultClass.CONFIG, "credential-unreadable", str(error)) from error
        self._on_thread(lambda: self._token.login(key.slot, pin, automatic=True), self._config.login_deadline_seconds)

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
        return self._token.sign(slot, attributes, document_id)

    def _on_thread(self, action: Callable[[], T], deadline_seconds: float) -> T:
        try:
            return self._thread.call(action, deadline_seconds)
        except SigningError as error:
            if error.fault is FaultClass.DEVICE and error.code in _DEVICE_CODES:
                self.exit_code = DEVICE_EXIT_CODE
            raise


def run(config: SignerConfig, listener: socket.socket, alive: int, after: str, resting: bool) -> int:
    """Serve until SIGTERM or a fault of the device. `alive`: descriptor for signs of life ("r": ready, ".": alive).

    Returns the exit code. Raises: SigningError, OSError when it cannot start.
    """
    wake_read, wake_write = socket.socketpair()
    wake_read.setblocking(False)
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    threading.Thread(target=_live, args=(alive,), daemon=True).start()
    thread = TokenThread()
    try:
        signer = Signer(config, thread, after, resting)
    except SigningError as error:
        if error.fault is not FaultClass.DEVICE:
            raise
        sys.stderr.write(f"signer: {error}\n")
        return DEVICE_EXIT_CODE
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    credentials = Path(folder) if folder else None
    for refusal in signer.login_from_credentials(credentials):
        sys.stderr.write(f"signer: {refusal.code}: {refusal.detail}\n")
    listener.setblocking(False)

    def wake() -> None:
        if signer.exit_code is not None:
            wake_write.send(b"!")

    door = Door(listener, config.allowed_uids, signer.answer, wake)
    os.write(alive, b"r")
    code = _serve(listener, wake_read, door, signer, credentials)
    if code in (0, RELEASED_EXIT_CODE):
        signer.close()
        thread.stop(5.0)
    return code


def _serve(listener: socket.socket, wake: socket.socket, door: Door, signer: Signer, credentials: Path | None) -> int:
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        looked_at = time.monotonic()
        looking = threading.Thread()
        while True:
            ready = {key.fileobj for key, _ in selector.select(LOOK_SECONDS)}
            if signer.exit_code is not None:
                return signer.exit_code
            if wake in ready:
                return 0
            if listener in ready:
                door.let_in()
            if time.monotonic() - looked_at >= LOOK_SECONDS and not looking.is_alive():
                looked_at = time.monotonic()
                looking = threading.Thread(target=signer.look_around, args=(credentials,), daemon=True)
                looking.start()


def _marks_beside(journal: Path) -> Path:
    """Where the PIN marks are kept: one file a signer, as the journal is."""
    own = journal.stem.removeprefix("signing-journal")
    return journal.with_name(f"pin-marks{own}.json")


def _live(descriptor: int) -> None:
    """Signs of life for the keeper: a call that holds the interpreter while it hangs stops them too."""
    while True:
        try:
            os.write(descriptor, b".")
        except OSError:
            return
        time.sleep(1.0)
