"""Tables of what the province sends to boxes. Append-only, like `schema`: a released step is never edited."""

from __future__ import annotations

DOWNWARD = """
CREATE TABLE outgoing (
    box TEXT NOT NULL REFERENCES boxes(box),
    document_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    size INTEGER NOT NULL CHECK (size > 0),
    priority INTEGER NOT NULL CHECK (priority IN (0, 1, 2, 3)),
    meta TEXT NOT NULL,
    queued_at REAL NOT NULL,
    answer TEXT NOT NULL DEFAULT '' CHECK (answer IN ('', 'accepted', 'refused')),
    code TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    receipt BLOB,
    answered_at REAL,
    PRIMARY KEY (box, document_id),
    UNIQUE (box, sequence)
) STRICT;
CREATE INDEX outgoing_waiting ON outgoing (answer, box, priority, sequence);
"""
