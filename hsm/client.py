"""The client's end of the signer socket: a SigningService for any process but the signer itself.

One connection per request and one absolute deadline for all of it, in seconds. Whatever the socket does becomes a
SigningError: nobody there or gone in the middle is CRASH, silence is HANG. Nothing is ever repeated here.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

from hsm import frames
from hsm.api import FaultClass, SignerState, SigningError


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

    def login(self, slot: str, pin: str) -> None:
        """See SigningService.login; the PIN goes straight to the socket."""
        self._ask({"op": "login", "slot": slot, "pin": pin})

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
