"""Roles, names, lengths of sessions, and how a wrong password slows the next try down.

Owns the figures. Pure. Source: knowledge base, operations §7.3 (idle 30 minutes, 12 hours at most, lock-out with
back-off), OWASP (no composition rules, length counts).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from sync.province.folding import folded


class Role(StrEnum):
    """What a person may do on the province's pages."""

    GIAM_SAT = "giam_sat"
    """Supervisor: looks."""
    VAN_HANH = "van_hanh"
    """Operator: looks and acts."""


IDLE_SECONDS, LONGEST_SECONDS = 30 * 60.0, 12 * 3600.0
SEEN_EVERY = 60.0
"""A session's last use is written at most so often."""
FREE_TRIES = 5
FIRST_LOCK, LONGEST_LOCK = 60.0, 3600.0
FORGOTTEN_AFTER = 86_400.0
SHORTEST, LONGEST = 10, 200
"""Characters of a password."""
_COMMON = ("matkhau", "password", "qwerty", "123456", "654321", "abcdef", "111111", "000000", "vietnam", "vanthu")
"""What a guesser tries first; a password that is little more than one of these is refused."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


def may(role: Role, needed: Role) -> bool:
    """Whether somebody of this role may do what needs the other: an operator may do all that a supervisor may."""
    return role is needed or role is Role.VAN_HANH


def name_of(typed: str) -> str | None:
    """A person's name for signing in as it is kept, or None where it cannot be one."""
    name = unicodedata.normalize("NFC", typed).strip().lower()
    return name if _NAME.fullmatch(name) else None


def password_of(typed: str) -> str:
    """A typed password as it is hashed: one form of each letter, so that keyboards that compose differently agree."""
    return unicodedata.normalize("NFC", typed)


def password_fault(password: str, name: str) -> str:
    """Why a new password is refused: `too-short`, `too-long`, `is-the-name`, `too-plain`, or ""."""
    if len(password) < SHORTEST:
        return "too-short"
    if len(password) > LONGEST:
        return "too-long"
    if name in folded(password) and len(password) < len(name) + 6:
        return "is-the-name"
    letters = re.sub(r"[^a-z0-9]", "", folded(password))
    common = any(word in letters and len(letters.replace(word, "")) < 4 for word in _COMMON)
    return "too-plain" if common or len(set(password)) < 5 else ""


def locked_for(failures: int) -> float:
    """Seconds for which nothing is tried after so many wrong passwords in a row."""
    over = failures - FREE_TRIES
    return 0.0 if over < 0 else min(LONGEST_LOCK, FIRST_LOCK * 2.0 ** min(over, 30))


def alive(begun_at: float, seen_at: float, now: float) -> bool:
    """Whether a session is still good."""
    return now - seen_at < IDLE_SECONDS and now - begun_at < LONGEST_SECONDS
