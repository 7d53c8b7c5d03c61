"""The client's end of the signer sockets: a SigningService for any process but the signer itself.

One connection per request and one absolute deadline for all of it, in seconds. Whatever the socket does becomes a
SigningError: nobody there or gone in the middle is CRASH, silence is HANG. A signature is never repeated here, and
a PIN never shown twice to a token: a login is sent again only when no module process was there to see it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path

from hsm import frames
from hsm.api import FaultClass, KeyState, SignerState, SigningError, SigningService

_NOBODY_SAW_IT = ("device-given-up", "device-restarting", "signer-starting")
"""Answers given in place of a module process, which therefore got no PIN."""


class SocketSigner:
    """SigningService over the unix socket at `path`; `deadline` in seconds must exceed the signer's own."""

    def __init__(self, path: Path, deadline: float = 35.0) -> None:
        self._path = path
        self._deadline = deadline

    def state(self) -> SignerState:
        """See SigningService.state."""
        try:
            return frames.unpack_state(self._ask({"op": "state"}))
        except frames.FrameError as error:
            raise SigningError(FaultClass.CONFIG, "signer-protocol", str(error)) from error

    def login(self, slot: str, pin: str, documents: int = 0) -> None:
        """See SigningService.login; the PIN goes straight to the socket.

        A person who logs in asks for a new attempt too: a signer that gave up, or pauses after a fault, starts at once.
        """
        request: dict[str, object] = {"op": "login", "slot": slot, "pin": pin, "documents": documents}
        end = time.monotonic() + self._deadline
        asked = False
        while True:
            try:
                self._ask(request)
                return
            except SigningError as error:
                resting = error.code in _NOBODY_SAW_IT and error.code != "signer-starting"
                if error.code not in _NOBODY_SAW_IT or (resting and asked) or time.monotonic() > end:
                    raise
            if resting:
                self.retry()
                asked = True
            time.sleep(0.05)

    def retry(self) -> None:
        """Ask a signer that gave up on its device to try again."""
        self._ask({"op": "retry"})

    def logout(self, slot: str) -> None:
        """See SigningService.logout."""
        self._ask({"op": "logout", "slot": slot})

    def sign(self, slot: str, signed_attributes: bytes, document_id: str) -> bytes:
        """See SigningService.sign."""
        request: dict[str, object] = {
            "op": "sign",
            "slot": slot,
            "attributes": frames.pack(signed_attributes),
            "document_id": document_id,
        }
        try:
            return frames.unpack(self._ask(request), "signature")
        except frames.FrameError as error:
            raise SigningError(FaultClass.CONFIG, "signer-protocol", str(error)) from error

    def _ask(self, request: dict[str, object]) -> dict[str, object]:
        end = time.monotonic() + self._deadline
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
                connection.settimeout(self._deadline)
                connection.connect(str(self._path))
                connection.sendall(frames.encode(request))
                length = frames.payload_length(_receive(connection, frames.HEADER_SIZE, end))
                reply = frames.decode(_receive(connection, length, end))
            frames.raise_failure(reply)
        except TimeoutError as error:
            raise SigningError(FaultClass.HANG, "signer-silent", f"no answer in {self._deadline:g} s") from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise SigningError(FaultClass.CRASH, "signer-not-running", str(self._path)) from error
        except PermissionError as error:
            raise SigningError(FaultClass.CONFIG, "peer-not-allowed", str(self._path)) from error
        except frames.FrameError as error:
            raise SigningError(FaultClass.CONFIG, "signer-protocol", str(error)) from error
        except OSError as error:
            raise SigningError(FaultClass.CRASH, "signer-died", str(error)) from error
        return reply


class RoutedSigner:
    """SigningService over several signers, one process a module: each slot's requests go to its own signer.

    `state` tells of every slot whatever happens to one signer: a key whose signer does not answer is not present and
    says why (`KeyState.problem`). Only when none answers is that an error.
    """

    def __init__(self, signers: Mapping[str, SigningService]) -> None:
        self._signers = dict(signers)

    def state(self) -> SignerState:
        """See SigningService.state."""
        modules: list[str] = []
        keys: list[KeyState] = []
        faults: list[SigningError] = []
        for signer in dict.fromkeys(self._signers.values()):
            slots = [slot for slot, owner in self._signers.items() if owner is signer]
            try:
                state = signer.state()
            except SigningError as error:
                faults.append(error)
                keys += [_unknown(slot, error.code) for slot in slots]
            else:
                modules.append(state.module)
                keys += [key for key in state.keys if key.slot in slots]
        if faults and not modules:
            raise faults[0]
        order = list(self._signers)
        return SignerState(", ".join(modules), tuple(sorted(keys, key=lambda key: order.index(key.slot))))

    def login(self, slot: str, pin: str, documents: int = 0) -> None:
        """See SigningService.login."""
        self._signer(slot).login(slot, pin, documents)

    def logout(self, slot: str) -> None:
        """See SigningService.logout."""
        self._signer(slot).logout(slot)

    def sign(self, slot: str, signed_attributes: bytes, document_id: str) -> bytes:
        """See SigningService.sign."""
        return self._signer(slot).sign(slot, signed_attributes, document_id)

    def _signer(self, slot: str) -> SigningService:
        try:
            return self._signers[slot]
        except KeyError:
            raise SigningError(FaultClass.CONFIG, "slot-unknown", slot) from None


def _unknown(slot: str, problem: str) -> KeyState:
    return KeyState(slot, "", "", "", None, logged_in=False, present=False, problem=problem)


def _receive(connection: socket.socket, size: int, end: float) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionResetError("the signer closed the connection")
        parts += part
    return bytes(parts)
