"""What comes from the province: documents, notices, orders, verdicts on them."""

from __future__ import annotations

from typing import Any


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
