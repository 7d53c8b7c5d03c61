"""A stand-in for the signer's socket, for tests of pages that hand a PIN on: two tokens that a PIN opens.

It notes what it is asked, refuses the PIN "0000" and takes any other; an opened token says so when asked for its state.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from appliance.config import Config
from hsm import frames
from hsm.api import KeyState, SignerState


@dataclass
class PinSigner:
    """What was asked, and the tokens as they are now; tests may change them."""

    keys: dict[str, KeyState]
    opens: bool = True
    """Whether a token that took a PIN says that it is open."""
    asked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def logins(self) -> list[dict[str, Any]]:
        """Every PIN that arrived, with its slot and the number of documents it is for."""
        return [request for request in self.asked if request["op"] == "login"]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request."""
        self.asked.append(request)
        if request["op"] == "state":
            return frames.pack_state(SignerState("module.so", tuple(self.keys.values())))
        if request.get("pin") == "0000":
            return {"ok": False, "fault": "auth-wrong", "code": "pin-wrong", "detail": ""}
        self.keys[request["slot"]] = replace(self.keys[request["slot"]], logged_in=self.opens)
        return {"ok": True}


@pytest.fixture
def pin_signer(office: Config) -> Iterator[PinSigner]:
    """The stand-in on the office's own socket."""
    keys = {slot: KeyState(slot, f"Token {slot}", slot, "01", None, logged_in=False) for slot in ("leader", "agency")}
    signer = PinSigner(keys)
    office.runtime.mkdir(parents=True, exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(office.signer_socket))
    server.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                length = frames.payload_length(_exactly(connection, frames.HEADER_SIZE))
                request = frames.decode(_exactly(connection, length))
                connection.sendall(frames.encode(signer.answer(request)))

    threading.Thread(target=serve, daemon=True).start()
    yield signer
    server.close()


def _exactly(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += connection.recv(size - len(got))
    return got
