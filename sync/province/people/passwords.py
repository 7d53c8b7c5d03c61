"""Argon2id of passwords, as `cryptography` gives it.

Owns the cost: 19 MiB, two passes, one lane (OWASP; about 40 ms on the province's machine), at most two at a time so
that many who knock at once cannot take the memory. Raises nothing on a wrong password: it says False.
"""

from __future__ import annotations

import os
import threading
from functools import cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB, PASSES, LANES, LENGTH, SALT = 19 * 1024, 2, 1, 32, 16
_turns = threading.BoundedSemaphore(2)


def hashed(password: str) -> str:
    """The PHC string to keep."""
    with _turns:
        made = Argon2id(salt=os.urandom(SALT), length=LENGTH, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB)
        return made.derive_phc_encoded(password.encode())


def fits(password: str, kept: str) -> bool:
    """Whether the password is the one kept."""
    with _turns:
        try:
            Argon2id.verify_phc_encoded(password.encode(), kept)
        except InvalidKey:
            return False
        return True


@cache
def of_nobody() -> str:
    """A hash that nothing fits: a name that nobody has costs the same time as one with a wrong password."""
    return hashed(os.urandom(32).hex())
