"""The rules about login names, passwords, locks and sessions: values in, values out; no clock, no chance, no I/O."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

from appliance.store.standing import Role

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 128
LONGEST_NAME = 80
_LOGIN = re.compile(r"[a-z][a-z0-9]*([.\-_][a-z0-9]+)*")
_COMMON = ("matkhau", "password", "qwerty", "123456", "654321", "abcdef", "111111", "000000", "vietnam", "vanthu")
"""What a guesser tries first; a password that is little more than one of these is refused."""

FREE_TRIES = 4
"""Wrong passwords without any consequence: people mistype, and an input method is left on."""
FIRST_LOCK, LONGEST_LOCK = timedelta(seconds=30), timedelta(minutes=30)
"""The fifth wrong password locks for half a minute, each further one twice as long: at most some 60 tries a day."""

IDLE, LEADER_IDLE, WHOLE = timedelta(minutes=30), timedelta(minutes=10), timedelta(hours=12)
"""How long a session lasts without use, a leader's, and any from its beginning (operations.md 7.3)."""


class AccountRefused(Exception):
    """Not possible; ``code`` and ``params`` become a sentence in ``appliance.wording``."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def login_of(text: str) -> str:
    """A login name as it is kept: small letters, no marks, as nobody thinks of them when signing in.

    Raises:
        AccountRefused: ``login-bad``.
    """
    login = folded(text.strip())
    if len(login) > 32 or not _LOGIN.fullmatch(login):
        raise AccountRefused("login-bad")
    return login


def name_of(text: str) -> str:
    """A person's full name on one line, NFC. Raises: AccountRefused (``name-missing``)."""
    kept = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", text))
    name = " ".join(kept.split())[:LONGEST_NAME].strip()
    if not name:
        raise AccountRefused("name-missing")
    return name


def role_of(text: str) -> Role:
    """The role with this identifier. Raises: AccountRefused (``role-unknown``)."""
    try:
        return Role(text)
    except ValueError:
        raise AccountRefused("role-unknown") from None


def password_of(text: str) -> str:
    """A password as it is hashed: NFKC, so that the same keys give the same bytes on every keyboard (RFC 8265)."""
    return unicodedata.normalize("NFKC", text)


def check_password(text: str, *known: str) -> None:
    """Refuse what is guessed first: short, of few signs, a known one, or made of ``known`` words (login, names).

    No rule about kinds of letters: they make passwords that people write on the scanner (NIST SP 800-63B, 5.1.1.2).

    Raises:
        AccountRefused: ``password-short``, ``password-long``, ``password-plain``, ``password-own-name``.
    """
    password = password_of(text)
    if len(password) < SHORTEST_PASSWORD:
        raise AccountRefused("password-short", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise AccountRefused("password-long", most=LONGEST_PASSWORD)
    plain = re.sub(r"[^a-z0-9]", "", folded(password))
    if len(set(password)) < 5 or any(len(plain.replace(word, "")) < 4 and word in plain for word in _COMMON):
        raise AccountRefused("password-plain")
    for word in known:
        own = re.sub(r"[^a-z0-9]", "", folded(word))
        if len(own) >= 4 and own in plain and len(plain.replace(own, "")) < 6:
            raise AccountRefused("password-own-name")


def folded(text: str) -> str:
    """Small letters without marks; đ is d."""
    parted = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


def lock_after(failed: int, now: datetime) -> datetime | None:
    """Until when nobody may try after ``failed`` wrong passwords in a row, or None."""
    over = failed - FREE_TRIES
    if over <= 0:
        return None
    doublings: int = 2 ** min(over - 1, 20)
    return now + min(FIRST_LOCK * doublings, LONGEST_LOCK)


def session_ends(role: Role, created_at: datetime, last_seen: datetime) -> datetime:
    """When a session ends by itself."""
    return min(last_seen + idle_of(role), created_at + WHOLE)


def idle_of(role: Role) -> timedelta:
    """How long a session of this role lasts without use: a leader's desk stands open to visitors."""
    return LEADER_IDLE if role is Role.LEADER else IDLE
