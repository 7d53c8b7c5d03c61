"""Case dossiers of the one-door desk."""

from __future__ import annotations

from typing import Any


def m021_cases(db: Any) -> None:
    db.execute("""
        CREATE TABLE cases (
            code TEXT PRIMARY KEY,
            procedure TEXT NOT NULL,
            applicant TEXT NOT NULL,
            contact TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'refused', 'returned')),
            version INTEGER NOT NULL,
            opened_at TEXT NOT NULL,
            received TEXT NOT NULL,
            follows TEXT NOT NULL,
            year INTEGER NOT NULL,
            number INTEGER NOT NULL,
            accepted_at TEXT,
            due TEXT,
            reason TEXT NOT NULL,
            ended_at TEXT,
            returned_how TEXT NOT NULL,
            CHECK (state NOT IN ('accepted', 'returned') OR (number > 0 AND due IS NOT NULL)),
            CHECK (state != 'refused' OR trim(reason) != '')
        ) STRICT
    """)
    db.execute("CREATE INDEX cases_by_state ON cases (state, opened_at DESC)")
    db.execute("CREATE UNIQUE INDEX cases_by_number ON cases (year, number) WHERE number > 0")


def m027_case_ways(db: Any) -> None:
    # Which office handed a dossier on (liên thông; empty: handed in here), and how its result goes back.
    db.execute("ALTER TABLE cases ADD COLUMN handed_on_by TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE cases ADD COLUMN by_post INTEGER NOT NULL DEFAULT 0 CHECK (by_post IN (0, 1))")
    db.execute("ALTER TABLE cases ADD COLUMN tracking TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX cases_handed_on ON cases (year, number) WHERE handed_on_by != '' AND number > 0")
