"""The tables of the province, as append-only migrations.

Owns the shape of the database. Never edits a step that was released: a change is a new step at the end.
Invariants: every table is STRICT; a document carries its receipt's number; no two receipts of a box follow the same
one (the chain cannot fork), and one manifest has one answer: the database itself refuses a second.
"""

from __future__ import annotations

from sync.province.store.account_schema import ACCOUNTS
from sync.province.store.alert_schema import ALERTS
from sync.province.store.digest_schema import DIGESTS
from sync.province.store.down_schema import DOWNWARD, NOTICES, ORDERS
from sync.province.store.expected_schema import EXPECTED
from sync.province.store.lookup_schema import LOOKUP
from sync.province.store.people_schema import PEOPLE
from sync.province.store.wall_schema import WALL

FIRST = """
CREATE TABLE boxes (
    box TEXT PRIMARY KEY,
    commune TEXT NOT NULL,
    device_key BLOB NOT NULL CHECK (length(device_key) = 32),
    certificate_sha256 TEXT NOT NULL,
    enrolled_at REAL NOT NULL,
    revoked_at REAL
) STRICT;

CREATE TABLE epochs (
    epoch INTEGER NOT NULL CHECK (epoch > 0)
) STRICT;

CREATE TABLE transfers (
    box TEXT NOT NULL REFERENCES boxes(box),
    tid TEXT NOT NULL CHECK (length(tid) = 16),
    document_id TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    size INTEGER NOT NULL CHECK (size > 0),
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    manifest BLOB NOT NULL,
    envelope BLOB NOT NULL,
    intervals TEXT NOT NULL DEFAULT '[]',
    resets INTEGER NOT NULL DEFAULT 0,
    opened_at REAL NOT NULL,
    touched_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_check_at REAL NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (box, tid)
) STRICT;

CREATE TABLE receipts (
    rid INTEGER PRIMARY KEY,
    box TEXT NOT NULL REFERENCES boxes(box),
    tid TEXT NOT NULL CHECK (length(tid) = 16),
    manifest_hash BLOB NOT NULL CHECK (length(manifest_hash) = 32),
    document_id TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    size INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('stored', 'duplicate', 'refused')),
    code TEXT NOT NULL DEFAULT '',
    issued_at REAL NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    cose BLOB NOT NULL,
    UNIQUE (box, tid, manifest_hash),
    UNIQUE (box, previous)
) STRICT;
CREATE INDEX receipts_by_box ON receipts (box, rid);

CREATE TABLE documents (
    box TEXT NOT NULL REFERENCES boxes(box),
    document_id TEXT NOT NULL,
    tid TEXT NOT NULL CHECK (length(tid) = 16),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    size INTEGER NOT NULL CHECK (size > 0),
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    media_type TEXT NOT NULL,
    meta TEXT NOT NULL,
    signatures TEXT NOT NULL,
    envelope BLOB NOT NULL,
    received_at REAL NOT NULL,
    rid INTEGER NOT NULL UNIQUE REFERENCES receipts(rid),
    PRIMARY KEY (box, document_id),
    UNIQUE (box, tid)
) STRICT;
CREATE INDEX documents_by_digest ON documents (sha256);
CREATE INDEX documents_by_time ON documents (received_at);

CREATE TABLE refusals (
    rid INTEGER PRIMARY KEY REFERENCES receipts(rid),
    box TEXT NOT NULL REFERENCES boxes(box),
    document_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    refused_at REAL NOT NULL
) STRICT;
CREATE INDEX refusals_by_box ON refusals (box, refused_at);

CREATE TABLE presence (
    box TEXT PRIMARY KEY REFERENCES boxes(box),
    online INTEGER NOT NULL CHECK (online IN (0, 1)),
    last_seen REAL NOT NULL,
    changed_at REAL NOT NULL,
    waiting INTEGER NOT NULL DEFAULT 0,
    waiting_bytes INTEGER NOT NULL DEFAULT 0,
    oldest_waiting_at REAL,
    clock_skew REAL,
    disk_free INTEGER,
    software TEXT NOT NULL DEFAULT '',
    said TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE heartbeats (
    box TEXT NOT NULL REFERENCES boxes(box),
    at REAL NOT NULL,
    online INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    waiting_bytes INTEGER NOT NULL,
    PRIMARY KEY (box, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE observations (
    box TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (box, code)
) STRICT;
"""

PROOFS = """
CREATE TABLE proofs (
    box TEXT NOT NULL,
    document_id TEXT NOT NULL,
    base_sha256 TEXT NOT NULL CHECK (length(base_sha256) = 64),
    level TEXT,
    sha256 TEXT,
    size INTEGER,
    due_at REAL NOT NULL,
    deadline REAL NOT NULL,
    lost_after REAL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    given_up INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (box, document_id),
    FOREIGN KEY (box, document_id) REFERENCES documents (box, document_id)
) STRICT;
CREATE INDEX proofs_by_deadline ON proofs (given_up, deadline);
"""

MIGRATIONS: tuple[tuple[str, str], ...] = (
    ("0001-first", FIRST),
    ("0002-proofs", PROOFS),
    ("0003-downward", DOWNWARD),
    ("0004-notices", NOTICES),
    ("0005-orders", ORDERS),
    ("0006-wall", WALL),
    ("0007-people", PEOPLE),
    ("0008-alerts", ALERTS),
    ("0009-lookup", LOOKUP),
    ("0010-digests", DIGESTS),
    ("0011-expected", EXPECTED),
    ("0012-accounts", ACCOUNTS),
)
