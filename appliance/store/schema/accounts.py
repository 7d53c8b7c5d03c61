"""Who may use the box's pages: accounts, their sessions, recovery codes, the code of the first run."""

from __future__ import annotations

from typing import Any


def m017_accounts(db: Any) -> None:
    db.execute("""
        CREATE TABLE accounts (
            id TEXT PRIMARY KEY,
            login TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            password TEXT NOT NULL,
            must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
            active INTEGER NOT NULL CHECK (active IN (0, 1)),
            failed INTEGER NOT NULL DEFAULT 0,
            locked_until TEXT,
            created_at TEXT NOT NULL,
            last_sign_in TEXT
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE sessions (
            id_sha256 TEXT PRIMARY KEY,
            account TEXT NOT NULL REFERENCES accounts (id),
            csrf_key BLOB NOT NULL,
            created_at TEXT NOT NULL,
            last_seen TEXT NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX sessions_of ON sessions (account)")
    db.execute("""
        CREATE TABLE recovery_codes (
            code_sha256 TEXT PRIMARY KEY,
            account TEXT NOT NULL REFERENCES accounts (id),
            used_at TEXT
        ) STRICT
    """)
    db.execute("CREATE INDEX recovery_codes_of ON recovery_codes (account)")
    db.execute("""
        CREATE TABLE first_codes (
            code_sha256 TEXT PRIMARY KEY,
            expires_at TEXT NOT NULL
        ) STRICT
    """)
