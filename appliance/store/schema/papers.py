"""Papers: documents, their history, numbers, outbox, texts, held files, batches."""

from __future__ import annotations

from typing import Any


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
