"""What the first days of an office keep: tried drop folders, and who has seen the tour."""

from __future__ import annotations

from typing import Any


def m025_scan_tests(db: Any) -> None:
    db.execute("""
        CREATE TABLE scan_tests (
            id TEXT PRIMARY KEY,
            folder TEXT NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('waiting', 'arrived', 'read', 'given-up', 'thrown-away', 'taken-in')),
            asked_by TEXT NOT NULL,
            asked_at TEXT NOT NULL,
            until TEXT NOT NULL,
            claim TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(claim)),
            claim_id TEXT GENERATED ALWAYS AS (json_extract(claim, '$.id')) VIRTUAL,
            sha256 TEXT NOT NULL DEFAULT '',
            size INTEGER NOT NULL DEFAULT 0,
            arrived_at TEXT,
            facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
            ended_by TEXT NOT NULL DEFAULT '',
            ended_at TEXT,
            CHECK (state IN ('waiting', 'given-up') OR sha256 != '')
        ) STRICT
    """)
    # One at a time in a folder: a file that arrives must be known to belong to this one.
    db.execute("""
        CREATE UNIQUE INDEX scan_tests_open ON scan_tests (folder) WHERE state IN ('waiting', 'arrived', 'read')
    """)
    db.execute("CREATE INDEX scan_tests_by_claim ON scan_tests (claim_id) WHERE claim_id IS NOT NULL")


def m026_tours(db: Any) -> None:
    db.execute("""
        CREATE TABLE tours (
            account TEXT NOT NULL REFERENCES accounts (id),
            tour TEXT NOT NULL,
            step INTEGER NOT NULL CHECK (step >= 0),
            ended_at TEXT,
            PRIMARY KEY (account, tour)
        ) STRICT
    """)
