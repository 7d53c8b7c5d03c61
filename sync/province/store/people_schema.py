"""Tables of the province's own people. Append-only, like `schema`: a released step is never edited.

A session's row holds the digest of its secret, never the secret: who reads the database cannot take a session over.
"""

from __future__ import annotations

PEOPLE = """
CREATE TABLE people (
    name TEXT PRIMARY KEY,
    shown TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('giam_sat', 'van_hanh')),
    password TEXT NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1)),
    made_at REAL NOT NULL,
    changed_at REAL NOT NULL
) STRICT;

CREATE TABLE sessions (
    digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
    person TEXT NOT NULL REFERENCES people(name),
    begun_at REAL NOT NULL,
    seen_at REAL NOT NULL
) STRICT;
CREATE INDEX sessions_of ON sessions (person);

CREATE TABLE wrong_passwords (
    name TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at REAL NOT NULL,
    locked_until REAL NOT NULL
) STRICT;

CREATE TABLE deeds (
    number INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    person TEXT NOT NULL,
    deed TEXT NOT NULL,
    about TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX deeds_about ON deeds (about, number);
"""
