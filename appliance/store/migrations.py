"""The schema, as an append-only set of migrations. A migration that has shipped is never edited.

Each runs together with the record that it ran; ``migrate`` runs inside the writer's BEGIN IMMEDIATE, so that two
processes that start at once cannot both apply one.
"""

from __future__ import annotations

from typing import Any

from sqlite_utils.migrations import Migrations

MIGRATIONS = Migrations("commune-box")


@MIGRATIONS()
def m001_documents(db: Any) -> None:
    db.execute("""
        CREATE TABLE documents (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('received', 'digitized', 'approved', 'signed', 'queued', 'delivered',
                                                 'refused', 'quarantined', 'discarded')),
            version INTEGER NOT NULL,
            kind TEXT NOT NULL,
            folder TEXT NOT NULL,
            policy TEXT NOT NULL,
            original_sha256 TEXT NOT NULL,
            original_name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            pages INTEGER NOT NULL,
            archive_sha256 TEXT NOT NULL,
            current_sha256 TEXT NOT NULL,
            current_size INTEGER NOT NULL,
            facts TEXT NOT NULL,
            register TEXT NOT NULL,
            register_year INTEGER NOT NULL,
            register_number INTEGER NOT NULL,
            supersedes TEXT NOT NULL,
            reason_code TEXT NOT NULL,
            reason_text TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_attempt_at TEXT,
            last_error TEXT NOT NULL,
            received_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            priority INTEGER NOT NULL,
            step TEXT,
            lease_owner TEXT,
            lease_until TEXT
        ) STRICT
    """)
    db.execute("CREATE INDEX documents_by_step ON documents (step, priority DESC, received_at) WHERE step IS NOT NULL")
    db.execute("CREATE INDEX documents_by_original ON documents (original_sha256)")
    db.execute("CREATE INDEX documents_by_time ON documents (received_at DESC)")
    db.execute("CREATE INDEX documents_by_state ON documents (state, received_at)")


@MIGRATIONS()
def m002_events(db: Any) -> None:
    db.execute("""
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY,
            document_id TEXT NOT NULL,
            at TEXT NOT NULL,
            by TEXT NOT NULL,
            event TEXT NOT NULL,
            detail TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE
        ) STRICT
    """)
    db.execute("CREATE INDEX events_by_document ON events (document_id, sequence)")


@MIGRATIONS()
def m003_registers(db: Any) -> None:
    db.execute("""
        CREATE TABLE register_numbers (
            register TEXT NOT NULL,
            year INTEGER NOT NULL,
            number INTEGER NOT NULL,
            document_id TEXT NOT NULL UNIQUE REFERENCES documents (id),
            allocated_at TEXT NOT NULL,
            PRIMARY KEY (register, year, number)
        ) STRICT
    """)


@MIGRATIONS()
def m004_outbox(db: Any) -> None:
    db.execute("""
        CREATE TABLE outbox (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            document_id TEXT NOT NULL REFERENCES documents (id),
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            meta TEXT NOT NULL,
            queued_at TEXT NOT NULL,
            answer TEXT CHECK (answer IN ('accepted', 'refused')),
            answer_bytes BLOB,
            answered_at TEXT
        ) STRICT
    """)
    db.execute("CREATE UNIQUE INDEX outbox_waiting ON outbox (document_id) WHERE answer IS NULL")
    db.execute("CREATE INDEX outbox_by_document ON outbox (document_id, sequence)")


@MIGRATIONS()
def m005_texts(db: Any) -> None:
    db.execute("""
        CREATE TABLE page_texts (
            document_id TEXT NOT NULL REFERENCES documents (id),
            page INTEGER NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (document_id, page)
        ) STRICT
    """)
    db.execute("CREATE VIRTUAL TABLE page_search USING fts5 (folded, document_id UNINDEXED, tokenize = 'unicode61')")


@MIGRATIONS()
def m006_held_files(db: Any) -> None:
    db.execute("""
        CREATE TABLE held_files (
            path TEXT PRIMARY KEY,
            folder TEXT NOT NULL,
            name TEXT NOT NULL,
            code TEXT NOT NULL,
            params TEXT NOT NULL,
            since TEXT NOT NULL
        ) STRICT
    """)


@MIGRATIONS()
def m007_batches(db: Any) -> None:
    db.execute("ALTER TABLE documents ADD COLUMN part_of TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE documents ADD COLUMN part_number INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE documents ADD COLUMN part_pages TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE documents ADD COLUMN dossier TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX documents_by_batch ON documents (part_of, part_number) WHERE part_of != ''")
    db.execute("""
        CREATE TABLE batch_cuts (
            batch_id TEXT NOT NULL REFERENCES documents (id),
            part_number INTEGER NOT NULL,
            pages TEXT NOT NULL,
            read INTEGER NOT NULL,
            picture_sha256 TEXT NOT NULL,
            PRIMARY KEY (batch_id, part_number)
        ) STRICT
    """)


@MIGRATIONS()
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


@MIGRATIONS()
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


@MIGRATIONS()
def m010_outbox_base(db: Any) -> None:
    db.execute("ALTER TABLE outbox ADD COLUMN base_sha256 TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE outbox ADD COLUMN base_size INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS()
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


@MIGRATIONS()
def m012_longterm_due(db: Any) -> None:
    # What is due now is few among what is not: found by its own moment, then put in order by deadline.
    db.execute("CREATE INDEX longterm_due ON longterm (given_up, not_before)")


@MIGRATIONS()
def m013_incoming(db: Any) -> None:
    db.execute("""
        CREATE TABLE incoming_transfers (
            tid TEXT PRIMARY KEY,
            manifest BLOB NOT NULL,
            envelope BLOB NOT NULL,
            ranges TEXT NOT NULL,
            resets INTEGER NOT NULL,
            opened_at TEXT NOT NULL
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE incoming_answers (
            number INTEGER PRIMARY KEY,
            tid TEXT NOT NULL,
            manifest_hash BLOB NOT NULL,
            document_id TEXT NOT NULL,
            result TEXT NOT NULL CHECK (result IN ('stored', 'duplicate', 'refused')),
            code TEXT NOT NULL,
            previous BLOB NOT NULL UNIQUE,
            cose BLOB NOT NULL,
            at TEXT NOT NULL,
            UNIQUE (tid, manifest_hash)
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE incoming_documents (
            document_id TEXT PRIMARY KEY,
            tid TEXT NOT NULL UNIQUE,
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            media_type TEXT NOT NULL,
            meta TEXT NOT NULL,
            signatures TEXT NOT NULL,
            fields TEXT NOT NULL,
            pages INTEGER NOT NULL,
            envelope BLOB NOT NULL,
            answer INTEGER NOT NULL REFERENCES incoming_answers (number),
            received_at TEXT NOT NULL,
            stage TEXT NOT NULL CHECK (stage IN ('01', '02', '03', '04', '05', '06')),
            stage_at TEXT NOT NULL,
            recalled_at TEXT
        ) STRICT
    """)
    db.execute("CREATE INDEX incoming_by_time ON incoming_documents (received_at DESC)")


@MIGRATIONS()
def m014_notices(db: Any) -> None:
    db.execute("CREATE TABLE notice_stream (stream BLOB NOT NULL CHECK (length(stream) = 8)) STRICT")
    db.execute("INSERT INTO notice_stream SELECT randomblob(8)")
    db.execute("""
        CREATE TABLE notices_said (
            number INTEGER PRIMARY KEY,
            way TEXT NOT NULL CHECK (way IN ('up', 'down')),
            tid TEXT NOT NULL,
            document_id TEXT NOT NULL,
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            by TEXT NOT NULL,
            at TEXT NOT NULL,
            heard INTEGER NOT NULL DEFAULT 0 CHECK (heard IN (0, 1))
        ) STRICT
    """)
    db.execute("CREATE INDEX notices_unheard ON notices_said (number) WHERE heard = 0")
    db.execute("CREATE INDEX notices_said_of ON notices_said (document_id, number)")
    db.execute("""
        CREATE TABLE notices_taken (
            stream BLOB NOT NULL,
            number INTEGER NOT NULL,
            way TEXT NOT NULL CHECK (way IN ('up', 'down')),
            tid TEXT NOT NULL,
            document_id TEXT NOT NULL,
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            by TEXT NOT NULL,
            at TEXT NOT NULL,
            taken_at TEXT NOT NULL,
            envelope BLOB NOT NULL,
            PRIMARY KEY (stream, number)
        ) STRICT
    """)
    db.execute("CREATE INDEX notices_taken_of ON notices_taken (document_id, taken_at)")


@MIGRATIONS()
def m015_orders(db: Any) -> None:
    db.execute("""
        CREATE TABLE orders_obeyed (
            counter INTEGER PRIMARY KEY,
            digest TEXT NOT NULL,
            verb TEXT NOT NULL,
            params TEXT NOT NULL,
            result TEXT NOT NULL CHECK (result IN ('done', 'refused')),
            code TEXT NOT NULL,
            report TEXT NOT NULL,
            issued_at TEXT NOT NULL,
            obeyed_at TEXT NOT NULL
        ) STRICT
    """)


@MIGRATIONS()
def m016_incoming_verdicts(db: Any) -> None:
    db.execute("""
        CREATE TABLE incoming_verdicts (
            tid TEXT PRIMARY KEY,
            sha256 TEXT NOT NULL,
            verdict TEXT NOT NULL CHECK (verdict IN ('accept', 'refuse', 'damaged')),
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            signatures TEXT NOT NULL,
            fields TEXT NOT NULL,
            pages INTEGER NOT NULL,
            at TEXT NOT NULL
        ) STRICT
    """)


def migrate(db: Any) -> None:
    """Apply what is missing; safe to call from several processes at once."""
    MIGRATIONS.apply(db)


def applied(db: Any) -> list[str]:
    """Names of the migrations that this database has, in order."""
    return [migration.name for migration in MIGRATIONS.applied(db)]
