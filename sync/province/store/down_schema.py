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

NOTICES = """
CREATE TABLE notices_said (
    box TEXT NOT NULL REFERENCES boxes(box),
    number INTEGER NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('up', 'down')),
    tid TEXT NOT NULL CHECK (length(tid) = 16),
    document_id TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    spoken_by TEXT NOT NULL,
    said_at REAL NOT NULL,
    heard INTEGER NOT NULL CHECK (heard IN (0, 1)),
    PRIMARY KEY (box, number)
) STRICT;
CREATE INDEX notices_said_unheard ON notices_said (heard, box, number);
CREATE INDEX notices_said_of ON notices_said (document_id);

CREATE TABLE notices_taken (
    box TEXT NOT NULL REFERENCES boxes(box),
    stream TEXT NOT NULL CHECK (length(stream) = 16),
    number INTEGER NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('up', 'down')),
    tid TEXT NOT NULL CHECK (length(tid) = 16),
    document_id TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    spoken_by TEXT NOT NULL,
    said_at REAL NOT NULL,
    taken_at REAL NOT NULL,
    envelope BLOB NOT NULL,
    PRIMARY KEY (box, stream, number)
) STRICT;
CREATE INDEX notices_taken_of ON notices_taken (document_id);
"""

ORDERS = """
CREATE TABLE orders (
    box TEXT NOT NULL REFERENCES boxes(box),
    counter INTEGER NOT NULL CHECK (counter > 0),
    verb TEXT NOT NULL,
    params TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    result TEXT NOT NULL DEFAULT '' CHECK (result IN ('', 'done', 'refused')),
    code TEXT NOT NULL DEFAULT '',
    report TEXT NOT NULL DEFAULT '',
    outcome BLOB,
    answered_at REAL,
    PRIMARY KEY (box, counter)
) STRICT;
CREATE INDEX orders_open ON orders (result, box, counter);
"""
