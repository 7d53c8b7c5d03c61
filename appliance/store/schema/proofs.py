"""What proves a paper: its manifest, arrived signatures, parts sent, proof over time."""

from __future__ import annotations

from typing import Any


def m008_manifest(db: Any) -> None:
    db.execute("""
        CREATE TABLE manifest (
            sequence INTEGER PRIMARY KEY,
            document_id TEXT NOT NULL REFERENCES documents (id),
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            signatures INTEGER NOT NULL,
            level TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX manifest_by_document ON manifest (document_id, sequence)")
    for act in ("UPDATE", "DELETE"):
        db.execute(f"""
            CREATE TRIGGER manifest_{act.lower()} BEFORE {act} ON manifest
            BEGIN SELECT RAISE(ABORT, 'the manifest is append-only'); END
        """)
    # What was signed before there was a manifest: every signature's own file, then the present one.
    db.execute("""
        INSERT INTO manifest (document_id, sha256, size, signatures, level, at)
            SELECT documents.id, json_extract(one.value, '$.sha256'), json_extract(one.value, '$.size'), one.key + 1,
                   'B-B', documents.updated_at
            FROM documents, json_each(documents.facts, '$.signatures') AS one ORDER BY documents.id, one.key
    """)
    db.execute("""
        INSERT INTO manifest (document_id, sha256, size, signatures, level, at)
            SELECT id, current_sha256, current_size, json_array_length(facts, '$.signatures'),
                   CASE json_array_length(facts, '$.signatures') WHEN 0 THEN '' ELSE 'B-B' END, updated_at
            FROM documents WHERE current_sha256 != '' AND NOT EXISTS
                (SELECT 1 FROM manifest WHERE document_id = documents.id AND sha256 = documents.current_sha256)
            ORDER BY id
    """)


def m009_arrived_signatures(db: Any) -> None:
    db.execute("""
        CREATE TABLE arrived_signatures (
            document_id TEXT PRIMARY KEY REFERENCES documents (id),
            sha256 TEXT NOT NULL,
            verdict TEXT NOT NULL,
            facts TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT
    """)


def m010_outbox_base(db: Any) -> None:
    db.execute("ALTER TABLE outbox ADD COLUMN base_sha256 TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE outbox ADD COLUMN base_size INTEGER NOT NULL DEFAULT 0")


def m011_longterm(db: Any) -> None:
    db.execute("""
        CREATE TABLE longterm (
            document_id TEXT PRIMARY KEY REFERENCES documents (id),
            level TEXT NOT NULL CHECK (level IN ('B-B', 'B-T', 'B-LT', 'B-LTA')),
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            signed_at TEXT NOT NULL,
            signers_end TEXT NOT NULL,
            step TEXT NOT NULL CHECK (step IN ('stamp', 'evidence')),
            not_before TEXT NOT NULL,
            deadline TEXT NOT NULL,
            lost_after TEXT NOT NULL,
            list_until TEXT,
            proven_at TEXT,
            stamped_at TEXT,
            stamp_ends TEXT,
            attempts INTEGER NOT NULL,
            next_attempt_at TEXT,
            last_error TEXT NOT NULL,
            given_up INTEGER NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX longterm_by_deadline ON longterm (given_up, deadline)")


def m012_longterm_due(db: Any) -> None:
    # What is due now is few among what is not: found by its own moment, then put in order by deadline.
    db.execute("CREATE INDEX longterm_due ON longterm (given_up, not_before)")
