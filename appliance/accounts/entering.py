"""Signing in, being recognised, signing out, and coming back with a recovery code.

A try is counted before the password is looked at: two tries at once cannot both be the last free one. While an account
is locked nothing is hashed and nothing is told to the chain, so that a flood of tries costs neither.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from appliance.accounts import codes, hashing
from appliance.accounts.acts import by_of
from appliance.accounts.rules import (
    WHOLE,
    AccountRefused,
    check_password,
    folded,
    lock_after,
    session_ends,
)
from appliance.store import Store
from appliance.store import accounts as rows
from appliance.store.accounts import Account, Session

TOLD_EVERY = timedelta(minutes=1)
"""Tries with an unknown login name or a wrong recovery code stand in the chain at most this often, and without what
was typed: people type passwords into the wrong field."""


def sign_in(store: Store, login: str, password: str, now: datetime, where: str) -> tuple[str, Account]:
    """A new session's id (for the cookie) and its account; ``where``: the address that it was asked from.

    Raises:
        AccountRefused: ``sign-in-wrong``, ``sign-in-locked`` (``until``), ``sign-in-blocked``.
    """
    account = store.read(lambda db: rows.named(db, folded(login.strip())))
    if account is None:
        hashing.waste(password)
        store.write(lambda db: _told_of_stranger(db, now, where))
        raise AccountRefused("sign-in-wrong")
    store.write(lambda db: _count_try(db, account.id, now))
    if not hashing.fits(password, account.password):
        raise store.write(lambda db: _failed(db, account.id, now, where, "sign-in-wrong"))
    if not account.active:  # said only to who knows the password
        raise store.write(lambda db: _failed(db, account.id, now, where, "sign-in-blocked"))
    renewed = hashing.hashed(password) if hashing.outdated(account.password) else account.password

    def change(db: Any) -> tuple[str, Account]:
        present = rows.find(db, account.id)
        if present is None or present.password != account.password:  # set anew while this one was compared
            raise AccountRefused("sign-in-wrong")
        if not present.active:
            raise AccountRefused("sign-in-blocked")
        entered = replace(present, password=renewed, failed=0, locked_until=None, last_sign_in=now)
        rows.save(db, entered)
        rows.end_old_sessions(db, now - WHOLE)
        rows.note(db, account.id, now, by_of(present), "signed-in", where=where)
        return _opened(db, entered, now), entered

    return store.write(change)


def recover(store: Store, login: str, code: str, password: str, now: datetime, where: str) -> tuple[str, Account]:
    """A recovery code becomes a new password and a session; ends every other session and the lock, never a block.

    Raises:
        AccountRefused: ``recovery-wrong``, ``sign-in-blocked``, ``password-…`` (then the code is not used up).
    """
    account, digest = store.read(lambda db: rows.named(db, folded(login.strip()))), codes.digest_of_code(code)
    if account is None or not store.read(lambda db: rows.code_waits(db, account.id, digest)):
        account_id = account.id if account else ""
        store.write(lambda db: _told_of_bad_code(db, account_id, now, where))
        raise AccountRefused("recovery-wrong")
    check_password(password, account.login, account.name)
    phc = hashing.hashed(password)

    def change(db: Any) -> tuple[str, Account]:
        present = rows.find(db, account.id)
        if present is None or not rows.spend_code(db, account.id, digest, now):
            raise AccountRefused("recovery-wrong")
        if not present.active:
            raise AccountRefused("sign-in-blocked")
        entered = replace(present, password=phc, must_change=False, failed=0, locked_until=None, last_sign_in=now)
        rows.save(db, entered)
        ended, left = rows.end_sessions(db, account.id), rows.codes_left(db, account.id)
        rows.note(
            db,
            account.id,
            now,
            by_of(present),
            "recovery-code-used",
            where=where,
            codes_left=left,
            sessions_ended=ended,
        )
        return _opened(db, entered, now), entered

    return store.write(change)


def recognise(
    store: Store, session_id: str, now: datetime, seen: Callable[[str], datetime | None] = lambda _digest: None
) -> tuple[Session, Account] | None:
    """The session of this cookie and its account; None when it ended, or the account is blocked.

    ``seen`` knows when a session (by its digest) was last used, where that is later than what the row says.
    """
    digest = codes.digest_of_session(session_id)
    found = store.read(lambda db: rows.session(db, digest)) if session_id else None
    if found is None or not found[1].active:
        return None
    session, account = found
    last_seen = max(session.last_seen, seen(digest) or session.last_seen)
    return found if now < session_ends(account.role, session.created_at, last_seen) else None


def sign_out(store: Store, session: Session, account: Account, now: datetime) -> None:
    """End one session."""

    def change(db: Any) -> None:
        rows.end_session(db, session.id_sha256)
        rows.note(db, account.id, now, by_of(account), "signed-out")

    store.write(change)


def _opened(db: Any, account: Account, now: datetime) -> str:
    session_id = codes.make_session_id()
    rows.open_session(db, Session(codes.digest_of_session(session_id), account.id, os.urandom(32), now, now))
    return session_id


def _count_try(db: Any, account_id: str, now: datetime) -> None:
    present = rows.find(db, account_id)
    if present is None:
        raise AccountRefused("sign-in-wrong")
    if present.locked_until and now < present.locked_until:
        raise AccountRefused("sign-in-locked", until=present.locked_until)
    failed = present.failed + 1
    rows.save(db, replace(present, failed=failed, locked_until=lock_after(failed, now)))


def _failed(db: Any, account_id: str, now: datetime, where: str, code: str) -> AccountRefused:
    """Tell the chain of a failed try; what to answer, with the lock that it brought about."""
    present = rows.find(db, account_id)
    if present is None:
        return AccountRefused(code)
    rows.note(db, account_id, now, "sign-in", "sign-in-failed", where=where, failed=present.failed, code=code)
    if code == "sign-in-wrong" and present.locked_until and now < present.locked_until:
        return AccountRefused("sign-in-locked", until=present.locked_until)
    return AccountRefused(code)


def _told_of_stranger(db: Any, now: datetime, where: str) -> None:
    if _silent(db, "", now):
        rows.note(db, "", now, "sign-in", "sign-in-failed", where=where)


def _told_of_bad_code(db: Any, account_id: str, now: datetime, where: str) -> None:
    if _silent(db, account_id, now):
        rows.note(db, account_id, now, "sign-in", "recovery-failed", where=where)


def _silent(db: Any, account_id: str, now: datetime) -> bool:
    last = rows.last_told(db, account_id)
    return last is None or now - last >= TOLD_EVERY
