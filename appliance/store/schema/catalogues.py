"""Catalogues that an office imports: administrative procedures with their components, and its certificates."""

from __future__ import annotations

from typing import Any


def m020_catalogues(db: Any) -> None:
    db.execute("""
        CREATE TABLE procedures (
            code TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            field TEXT NOT NULL,
            days INTEGER NOT NULL CHECK (days >= 0),
            components TEXT NOT NULL,
            imported_at TEXT NOT NULL
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE certificate_inventory (
            issuer TEXT NOT NULL,
            serial TEXT NOT NULL,
            holder TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('personal', 'agency', 'device')),
            issued_on TEXT NOT NULL,
            expires_on TEXT NOT NULL,
            revoked_on TEXT,
            imported_at TEXT NOT NULL,
            PRIMARY KEY (issuer, serial)
        ) STRICT
    """)
