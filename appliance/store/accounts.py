"""Rows of accounts, sessions, recovery codes and the first run's code. Owns the SQL of four tables; decides nothing.

Secrets never come here: a password is an Argon2id PHC string, a session's id and a code are SHA-256 in hexadecimal.
What happened to an account is told in the box's one chain of events, under ``account:<id>``: names that lead to no
document.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.store import events
from appliance.store.standing import Role

OFFICE = "accounts"
"""The name in the chain under which stands what belongs to no known account."""


@dataclass(frozen=True)
class Account:
    """One person who may sign in. ``failed`` counts tries since the last good one; ``locked_until`` follows from it."""

    id: str
    login: str
    name: str
    role: Role
    password: str
    must_change: bool
    active: bool
    failed: int
    locked_until: datetime | None
    created_at: datetime
    last_sign_in: datetime | None


@dataclass(frozen=True)
class Session:
    """One browser that signed in; ``csrf_key``: 32 random bytes."""

    id_sha256: str
    account: str
    csrf_key: bytes
    created_at: datetime
    last_seen: datetime


_COLUMNS = (
    "id, login, name, role, password, must_change, active, failed, locked_until, created_at, last_sign_in"
)  # fmt: skip


def note(db: Any, account_id: str, at: datetime, by: str, event: str, **detail: object) -> None:
    """Tell the chain what happened to an account (``""``: to none that exists)."""
    events.append(db, f"account:{account_id}" if account_id else OFFICE, at, by, event, detail)


def told(db: Any, account_id: str) -> list[tuple[datetime, str, str, dict[str, Any]]]:
    """What happened to an account, oldest first: when, by whom, event, detail."""
    found = events.entries(db, f"account:{account_id}" if account_id else OFFICE)
    return [(datetime.fromisoformat(one.at), one.by, one.event, one.detail) for one in found]


def recent(db: Any, limit: int = 20) -> list[tuple[datetime, str, str, str, dict[str, Any]]]:
    """What happened to any account, newest first: when, whose name ("" for none), by whom, event, detail."""
    rows = db.execute(  # "+": read the chain from its end, not all that ever happened to an account
        """SELECT events.at, coalesce(accounts.name, ''), events.by, events.event, events.detail FROM events
            LEFT JOIN accounts ON events.document_id = 'account:' || accounts.id
            WHERE +events.document_id >= 'account' AND +events.document_id < 'accounu'
            ORDER BY events.sequence DESC LIMIT ?""",
        [limit],
    ).fetchall()
    return [(datetime.fromisoformat(row[0]), row[1], row[2], row[3], events.detail_of(row[4])) for row in rows]


def last_told(db: Any, account_id: str) -> datetime | None:
    """When something was last told of an account, or (``""``) of none that exists."""
    name = f"account:{account_id}" if account_id else OFFICE
    row = db.execute("SELECT at FROM events WHERE document_id = ? ORDER BY sequence DESC LIMIT 1", [name]).fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def insert(db: Any, account: Account) -> None:
    """Add a row. Raises: sqlite3.IntegrityError (the login name is taken)."""
    db.execute(
        f"INSERT INTO accounts ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        [
            account.id, account.login, account.name, account.role.value, account.password, int(account.must_change),
            int(account.active), account.failed, _text(account.locked_until), account.created_at.isoformat(),
            _text(account.last_sign_in),
        ],
    )  # fmt: skip


def save(db: Any, account: Account) -> None:
    """Write everything of an account but its id and login name."""
    db.execute(
        """UPDATE accounts SET name = ?, role = ?, password = ?, must_change = ?, active = ?, failed = ?,
               locked_until = ?, last_sign_in = ? WHERE id = ?""",
        [
            account.name, account.role.value, account.password, int(account.must_change), int(account.active),
            account.failed, _text(account.locked_until), _text(account.last_sign_in), account.id,
        ],
    )  # fmt: skip


def find(db: Any, account_id: str) -> Account | None:
    """The account with this id, or None."""
    return _one(db, "id = ?", account_id)


def named(db: Any, login: str) -> Account | None:
    """The account with this login name (already folded), or None."""
    return _one(db, "login = ?", login)


def listed(db: Any) -> list[Account]:
    """All accounts by login name."""
    return [_account(row) for row in db.execute(f"SELECT {_COLUMNS} FROM accounts ORDER BY login").fetchall()]


def count(db: Any) -> int:
    """How many accounts there are, blocked ones included."""
    return int(db.execute("SELECT count(*) FROM accounts").fetchone()[0])


def administrators(db: Any) -> list[str]:
    """Ids of the administrators who are not blocked."""
    rows = db.execute("SELECT id FROM accounts WHERE active = 1 AND role = ?", [Role.ADMINISTRATOR.value]).fetchall()
    return [str(row[0]) for row in rows]


def open_session(db: Any, session: Session) -> None:
    """Add a session."""
    db.execute(
        "INSERT INTO sessions (id_sha256, account, csrf_key, created_at, last_seen) VALUES (?,?,?,?,?)",
        [
            session.id_sha256, session.account, session.csrf_key, session.created_at.isoformat(),
            session.last_seen.isoformat(),
        ],
    )  # fmt: skip


def session(db: Any, id_sha256: str) -> tuple[Session, Account] | None:
    """A session with its account, or None; whether it still holds is not decided here."""
    row = db.execute(
        "SELECT id_sha256, account, csrf_key, created_at, last_seen FROM sessions WHERE id_sha256 = ?", [id_sha256]
    ).fetchone()
    account = find(db, row[1]) if row else None
    if account is None:
        return None
    return Session(row[0], row[1], row[2], datetime.fromisoformat(row[3]), datetime.fromisoformat(row[4])), account


def touch(db: Any, id_sha256: str, seen: datetime) -> None:
    """Note that a session was used."""
    db.execute("UPDATE sessions SET last_seen = ? WHERE id_sha256 = ?", [seen.isoformat(), id_sha256])


def end_session(db: Any, id_sha256: str) -> None:
    """Forget one session."""
    db.execute("DELETE FROM sessions WHERE id_sha256 = ?", [id_sha256])


def end_sessions(db: Any, account_id: str, but: str = "") -> int:
    """Forget the sessions of an account (``but``: except this one); how many there were."""
    return int(db.execute("DELETE FROM sessions WHERE account = ? AND id_sha256 != ?", [account_id, but]).rowcount)


def end_old_sessions(db: Any, created_before: datetime) -> None:
    """Forget every session that began before this moment."""
    db.execute("DELETE FROM sessions WHERE created_at < ?", [created_before.isoformat()])


def give_codes(db: Any, account_id: str, digests: list[str]) -> None:
    """Replace the recovery codes of an account."""
    db.execute("DELETE FROM recovery_codes WHERE account = ?", [account_id])
    for digest in digests:
        db.execute("INSERT INTO recovery_codes (code_sha256, account) VALUES (?,?)", [digest, account_id])


def spend_code(db: Any, account_id: str, digest: str, at: datetime) -> bool:
    """Use up a recovery code; whether it was one of this account's and not used."""
    done = db.execute(
        "UPDATE recovery_codes SET used_at = ? WHERE account = ? AND code_sha256 = ? AND used_at IS NULL",
        [at.isoformat(), account_id, digest],
    )
    return bool(done.rowcount == 1)


def code_waits(db: Any, account_id: str, digest: str) -> bool:
    """Whether this is a recovery code of this account that is not used."""
    row = db.execute(
        "SELECT 1 FROM recovery_codes WHERE account = ? AND code_sha256 = ? AND used_at IS NULL", [account_id, digest]
    ).fetchone()
    return row is not None


def codes_left(db: Any, account_id: str) -> int:
    """How many recovery codes of an account are not used."""
    row = db.execute(
        "SELECT count(*) FROM recovery_codes WHERE account = ? AND used_at IS NULL", [account_id]
    ).fetchone()
    return int(row[0])


def offer_first_code(db: Any, digest: str, expires_at: datetime) -> None:
    """Replace the code of the first run."""
    db.execute("DELETE FROM first_codes")
    db.execute("INSERT INTO first_codes (code_sha256, expires_at) VALUES (?,?)", [digest, expires_at.isoformat()])


def first_code_fits(db: Any, digest: str, now: datetime) -> bool:
    """Whether this is the code of the first run, and not out of date."""
    row = db.execute("SELECT expires_at FROM first_codes WHERE code_sha256 = ?", [digest]).fetchone()
    return row is not None and now < datetime.fromisoformat(row[0])


def forget_first_code(db: Any) -> None:
    """The first run is over."""
    db.execute("DELETE FROM first_codes")


def _one(db: Any, where: str, value: str) -> Account | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM accounts WHERE {where}", [value]).fetchone()
    return _account(row) if row else None


def _account(row: Any) -> Account:
    return Account(
        row[0], row[1], row[2], Role(row[3]), row[4], bool(row[5]), bool(row[6]), int(row[7]), _moment(row[8]),
        datetime.fromisoformat(row[9]), _moment(row[10]),
    )  # fmt: skip


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
