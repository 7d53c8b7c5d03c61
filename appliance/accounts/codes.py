"""Secrets that the box makes up: recovery codes on paper, the code of the first run, a first password, session ids.

Codes and ids have at least 99 random bits, so that a plain SHA-256 keeps them: nothing to guess, nothing to stretch.
"""

from __future__ import annotations

import hashlib
import secrets

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0 O 1 I L: read from paper, typed by hand."""
GROUPS, GROUP = 4, 5
RECOVERY_CODES = 10


def make_code() -> str:
    """Twenty letters in four groups: 99 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def make_password() -> str:
    """A password for somebody's first sign-in: three groups of five, to be changed at once."""
    return "-".join("".join(secrets.choice(LETTERS.lower()) for _ in range(GROUP)) for _ in range(3))


def digest_of_code(typed: str) -> str:
    """SHA-256 of a code as typed: case, spaces and hyphens do not count."""
    kept = "".join(letter for letter in typed.upper() if letter.isalnum())
    return hashlib.sha256(kept.encode()).hexdigest()


def make_session_id() -> str:
    """32 random bytes, for a cookie."""
    return secrets.token_urlsafe(32)


def digest_of_session(session_id: str) -> str:
    """How a session's id is kept: who reads the rows cannot take its place."""
    return hashlib.sha256(session_id.encode()).hexdigest()
