"""What the leader's desk keeps: who may sign in whose place, and until when."""

from __future__ import annotations

from typing import Any


def m019_delegations(db: Any) -> None:
    db.execute("""
        CREATE TABLE delegations (
            id TEXT PRIMARY KEY,
            form TEXT NOT NULL CHECK (form IN ('KT.', 'TL.', 'TUQ.')),
            signer TEXT NOT NULL CHECK (trim(signer) != ''),
            principal TEXT NOT NULL CHECK (trim(principal) != ''),
            begins TEXT NOT NULL,
            ends TEXT NOT NULL CHECK (ends >= begins),
            decision TEXT NOT NULL,
            given_by TEXT NOT NULL,
            given_at TEXT NOT NULL,
            ended_by TEXT,
            ended_at TEXT
        ) STRICT
    """)
    # What was given is never changed: who signed under it would have signed under something else.
    db.execute("""
        CREATE TRIGGER delegations_only_end BEFORE UPDATE ON delegations
        WHEN OLD.ended_at IS NOT NULL OR NEW.id != OLD.id OR NEW.form != OLD.form OR NEW.signer != OLD.signer
            OR NEW.principal != OLD.principal OR NEW.begins != OLD.begins OR NEW.ends != OLD.ends
            OR NEW.decision != OLD.decision OR NEW.given_by != OLD.given_by OR NEW.given_at != OLD.given_at
        BEGIN SELECT raise(ABORT, 'a delegation only ends'); END
    """)
    db.execute("""
        CREATE TRIGGER delegations_stay BEFORE DELETE ON delegations
        BEGIN SELECT raise(ABORT, 'a delegation stays in the record'); END
    """)
