"""Passwords as Argon2id PHC strings (RFC 9106, OWASP's 19 MiB / 2 / 1): made, compared, and never two dozen at once."""

from __future__ import annotations

import os
import threading

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from appliance.accounts.rules import password_of

MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
_SALT, _LENGTH = 16, 32
_COST = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"
_TURNS = threading.BoundedSemaphore(2)
"""At most two at once in a process: 2 × 19 MiB, and a core stays free for the papers."""


def hashed(password: str) -> str:
    """``password`` as a PHC string with a salt of its own (some 40 ms)."""
    with _TURNS:
        made = Argon2id(salt=os.urandom(_SALT), length=_LENGTH, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB)
        return made.derive_phc_encoded(password_of(password).encode())


def fits(password: str, phc: str) -> bool:
    """Whether ``password`` is the one that ``phc`` keeps; False for a string that is no PHC string of ours."""
    if not phc.startswith("$argon2id$"):
        return False
    with _TURNS:
        try:
            Argon2id.verify_phc_encoded(password_of(password).encode(), phc)
        except (InvalidKey, ValueError):
            return False
    return True


def outdated(phc: str) -> bool:
    """Whether a string was made with other costs than today's, so that the next good sign-in should renew it."""
    return not phc.startswith(_COST)


_NOBODY = ""


def waste(password: str) -> None:
    """Take as long as ``fits`` would: an unknown login name must not be answered sooner than a known one."""
    global _NOBODY
    if not _NOBODY:
        _NOBODY = hashed("nobody has this password")
    fits(password, _NOBODY)
