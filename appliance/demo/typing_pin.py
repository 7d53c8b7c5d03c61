"""The demo plays the leader at the PIN question: types the demo token's own PIN whenever the signer asks for it.

A real leader's PIN is never stored (hsm/config.py refuses a credential for it), so the demo has to have a hand, too.
Never types a second time after a refusal: `pin_flags` would show it.
"""

from __future__ import annotations

import threading
from pathlib import Path

from hsm.api import SigningError
from hsm.client import SocketSigner

LOOK_SECONDS = 0.5


def type_when_asked(socket: Path, slot: str, pin: str, stop: threading.Event) -> None:
    """Log ``slot`` in over ``socket`` whenever nobody is, until ``stop`` is set or a try was spent."""
    signer = SocketSigner(socket, deadline=20.0)
    while not stop.wait(LOOK_SECONDS):
        try:
            key = signer.state().key(slot)
            if key.pin_flags:
                return
            if key.present and not key.logged_in:
                signer.login(slot, pin)
        except SigningError:
            continue  # not running yet, or just killed: the demo kills it on purpose
