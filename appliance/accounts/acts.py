"""What is done to accounts: one decision in one transaction each, and each told to the box's chain of events.

``now`` and ``by`` come from the caller. Passwords are hashed outside the transaction, which would otherwise hold up
every writer of the box. Whatever takes somebody's rights away ends their sessions in the same transaction.
Invariant: while there is an account, there is an administrator who is not blocked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from appliance.accounts import codes, hashing
from appliance.accounts.rules import AccountRefused, check_password, login_of, name_of
from appliance.ids import new_id
from appliance.store import Store
from appliance.store import accounts as rows
from appliance.store.accounts import Account
from appliance.store.standing import Role
from appliance.wording.states import ROLES

FIRST_CODE_HOLDS = timedelta(hours=24)


def by_of(account: Account) -> str:
    """How history names somebody: the role as it is called in the language of the office's records."""
    return f"{account.name} ({ROLES[account.role.value]})"


def add(
    store: Store, login: str, name: str, role: Role, password: str, by: str, now: datetime, *, must_change: bool = True
) -> Account:
    """Make an account. Raises: AccountRefused (``login-bad``, ``login-taken``, ``name-missing``, ``password-…``)."""
    made = _fresh(login, name, role, password, now, must_change)

    def change(db: Any) -> Account:
        _insert(db, made, by, now)
        return made

    return store.write(change)


def offer_first_run(store: Store, now: datetime) -> str:
    """A new code for the page of the first run; the one before it holds no longer.

    Raises:
        AccountRefused: ``first-run-over``.
    """
    code = codes.make_code()

    def change(db: Any) -> None:
        if rows.count(db):
            raise AccountRefused("first-run-over")
        rows.offer_first_code(db, codes.digest_of_code(code), now + FIRST_CODE_HOLDS)

    store.write(change)
    return code


def begin(
    store: Store, code: str, login: str, name: str, password: str, now: datetime
) -> tuple[Account, tuple[str, ...]]:
    """The first run: the code becomes the first administrator and their recovery codes.

    Raises:
        AccountRefused: ``first-run-over``, ``first-code-wrong`` or what ``add`` refuses.
    """
    digest = codes.digest_of_code(code)
    if store.read(rows.count):
        raise AccountRefused("first-run-over")
    if not store.read(lambda db: rows.first_code_fits(db, digest, now)):  # before anything is hashed
        raise AccountRefused("first-code-wrong")
    made, fresh = _fresh(login, name, Role.ADMINISTRATOR, password, now, must_change=False), _fresh_codes()

    def change(db: Any) -> None:
        if rows.count(db):
            raise AccountRefused("first-run-over")
        if not rows.first_code_fits(db, digest, now):
            raise AccountRefused("first-code-wrong")
        rows.forget_first_code(db)
        _insert(db, made, by_of(made), now)
        rows.give_codes(db, made.id, [codes.digest_of_code(one) for one in fresh])
        rows.note(db, made.id, now, by_of(made), "recovery-codes-given", count=len(fresh))

    store.write(change)
    return made, fresh


def change(store: Store, account_id: str, name: str, role: Role, by: str, now: datetime) -> Account:
    """Give somebody another name or role; another role ends their sessions.

    Raises:
        AccountRefused: ``no-such-account``, ``last-administrator``, ``name-missing``.
    """
    said = name_of(name)

    def decide(db: Any, before: Account) -> Account:
        after = replace(before, name=said, role=role)
        if after.role is not before.role:
            rows.end_sessions(db, before.id)
        rows.note(db, before.id, now, by, "account-changed", name=said, role=role.value, before=before.role.value)
        return after

    return _changed(store, account_id, decide)


def block(store: Store, account_id: str, by: str, now: datetime) -> Account:
    """Nobody signs in with this account any more, and who is signed in is out at once.

    Raises:
        AccountRefused: ``no-such-account``, ``last-administrator``.
    """

    def decide(db: Any, before: Account) -> Account:
        ended = rows.end_sessions(db, before.id)
        rows.note(db, before.id, now, by, "account-blocked", sessions_ended=ended)
        return replace(before, active=False)

    return _changed(store, account_id, decide)


def unblock(store: Store, account_id: str, by: str, now: datetime) -> Account:
    """Take back a block and the lock after wrong passwords. Raises: AccountRefused (``no-such-account``)."""

    def decide(db: Any, before: Account) -> Account:
        rows.note(db, before.id, now, by, "account-unblocked")
        return replace(before, active=True, failed=0, locked_until=None)

    return _changed(store, account_id, decide)


def set_password(store: Store, account_id: str, password: str, by: str, now: datetime) -> Account:
    """Another's new password, to be changed at the first sign-in; ends their sessions and their lock.

    Raises:
        AccountRefused: ``no-such-account``, ``password-…``.
    """
    phc = _hashed_for(store, account_id, password)

    def decide(db: Any, before: Account) -> Account:
        ended = rows.end_sessions(db, before.id)
        rows.note(db, before.id, now, by, "password-set", sessions_ended=ended)
        return replace(before, password=phc, must_change=True, failed=0, locked_until=None)

    return _changed(store, account_id, decide)


def change_own_password(
    store: Store, account_id: str, old: str, new: str, session_digest: str, now: datetime
) -> Account:
    """One's own new password; all other sessions of the account end.

    Raises:
        AccountRefused: ``password-wrong``, ``password-same``, ``password-…``.
    """
    account = _known(store, account_id)
    if not hashing.fits(old, account.password):
        raise AccountRefused("old-password-wrong")
    if old == new:
        raise AccountRefused("password-same")
    phc = _hashed_for(store, account_id, new)

    def decide(db: Any, before: Account) -> Account:
        if before.password != account.password:  # an administrator set another one meanwhile
            raise AccountRefused("old-password-wrong")
        ended = rows.end_sessions(db, before.id, but=session_digest)
        rows.note(db, before.id, now, by_of(before), "password-changed", sessions_ended=ended)
        return replace(before, password=phc, must_change=False)

    return _changed(store, account_id, decide)


def sign_out_everywhere(store: Store, account_id: str, by: str, now: datetime) -> None:
    """End every session of an account. Raises: AccountRefused (``no-such-account``)."""

    def decide(db: Any, before: Account) -> Account:
        rows.note(db, before.id, now, by, "signed-out-everywhere", sessions_ended=rows.end_sessions(db, before.id))
        return before

    _changed(store, account_id, decide)


def give_recovery_codes(store: Store, account_id: str, by: str, now: datetime) -> tuple[str, ...]:
    """Ten new codes, to be printed and shut away; the old ones hold no longer. Raises: AccountRefused."""
    fresh = _fresh_codes()

    def decide(db: Any, before: Account) -> Account:
        rows.give_codes(db, before.id, [codes.digest_of_code(one) for one in fresh])
        rows.note(db, before.id, now, by, "recovery-codes-given", count=len(fresh))
        return before

    _changed(store, account_id, decide)
    return fresh


def _fresh(login: str, name: str, role: Role, password: str, now: datetime, must_change: bool) -> Account:
    login, name = login_of(login), name_of(name)
    check_password(password, login, name)
    return Account(new_id(), login, name, role, hashing.hashed(password), must_change, True, 0, None, now, None)


def _fresh_codes() -> tuple[str, ...]:
    return tuple(codes.make_code() for _ in range(codes.RECOVERY_CODES))


def _insert(db: Any, made: Account, by: str, now: datetime) -> None:
    if rows.named(db, made.login):
        raise AccountRefused("login-taken", login=made.login)
    rows.insert(db, made)
    rows.note(db, made.id, now, by, "account-made", login=made.login, name=made.name, role=made.role.value)


def _known(store: Store, account_id: str) -> Account:
    account = store.read(lambda db: rows.find(db, account_id))
    if account is None:
        raise AccountRefused("no-such-account")
    return account


def _hashed_for(store: Store, account_id: str, password: str) -> str:
    account = _known(store, account_id)
    check_password(password, account.login, account.name)
    return hashing.hashed(password)


def _changed(store: Store, account_id: str, decide: Callable[[Any, Account], Account]) -> Account:
    def change(db: Any) -> Account:
        before = rows.find(db, account_id)
        if before is None:
            raise AccountRefused("no-such-account")
        rows.save(db, after := decide(db, before))
        if before.role is Role.ADMINISTRATOR and before.active and not rows.administrators(db):
            raise AccountRefused("last-administrator")
        return after

    return store.write(change)
