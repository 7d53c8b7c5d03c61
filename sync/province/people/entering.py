"""The way in: a name and a password become a session, or a reason why not.

Owns the order of questions. Invariants: while a name is locked its password is not even tried; a name that nobody has
is answered like a wrong password, in the same time, and locked the same way; every entry and every lock is a deed
(without the name, where nobody has it); a password that is changed while it is compared lets nobody in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sync.province.people import passwords
from sync.province.people.rows import People, Session
from sync.province.people.rules import SEEN_EVERY, alive, locked_for, name_of, password_of


@dataclass(frozen=True)
class Entered:
    """Somebody is in; `secret` goes into the cookie and nowhere else."""

    secret: str
    name: str


@dataclass(frozen=True)
class NotEntered:
    """Nobody is in. `code`: `wrong` or `locked`; `until` in seconds since 1970."""

    code: str
    until: float = 0.0


def enter(people: People, typed_name: str, typed_password: str, now: float) -> Entered | NotEntered:
    """Try a name and a password. Costs an Argon2id unless the name is locked."""
    name = name_of(typed_name)
    if name is None:
        passwords.fits(typed_password, passwords.of_nobody())
        return NotEntered("wrong")
    failures, until = people.wrong(name)
    if until > now:
        return NotEntered("locked", until)
    person = people.find(name)
    kept = person.password if person is not None else passwords.of_nobody()
    fits = passwords.fits(password_of(typed_password), kept)
    if not fits or person is None or person.blocked:
        wait = locked_for(failures + 1)
        people.note_wrong(name, failures + 1, now + wait if wait else 0.0, now)
        if wait:
            known = name if person is not None else ""  # people type passwords into the wrong field
            people.note_deed(known, "locked", known, f"{failures + 1}", now)
            return NotEntered("locked", now + wait)
        return NotEntered("wrong")
    secret = secrets.token_urlsafe(32)
    if not people.begin(secret, name, now, person.password):
        return NotEntered("wrong")
    people.note_deed(name, "signed-in", name, "", now)
    return Entered(secret, name)


def who(people: People, secret: str, now: float, used: bool = True) -> Session | None:
    """The living session of a secret, or None. `used`: this very question keeps it alive."""
    session = people.session(secret)
    if session is None or session.person.blocked or not alive(session.begun_at, session.seen_at, now):
        return None
    if used and now - session.seen_at >= SEEN_EVERY:
        people.seen(session.digest, now)
    return session
