"""Tables of alerts. Append-only, like `schema`: a released step is never edited. One alert of a code stands per box."""

from __future__ import annotations

ALERTS = """
CREATE TABLE alerts (
    number INTEGER PRIMARY KEY,
    box TEXT NOT NULL REFERENCES boxes(box),
    code TEXT NOT NULL,
    gravity INTEGER NOT NULL,
    since REAL NOT NULL,
    params TEXT NOT NULL,
    ended_at REAL
) STRICT;
CREATE UNIQUE INDEX alerts_standing ON alerts (box, code) WHERE ended_at IS NULL;
CREATE INDEX alerts_of ON alerts (box, since);
CREATE INDEX alerts_ended ON alerts (ended_at);

CREATE TABLE acknowledgements (
    number INTEGER PRIMARY KEY,
    alert INTEGER NOT NULL REFERENCES alerts(number),
    gravity INTEGER NOT NULL,
    person TEXT NOT NULL,
    why TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL NOT NULL
) STRICT;
CREATE INDEX acknowledgements_of ON acknowledgements (alert);

CREATE TABLE silences (
    number INTEGER PRIMARY KEY,
    box TEXT NOT NULL,
    code TEXT NOT NULL,
    person TEXT NOT NULL,
    why TEXT NOT NULL,
    begins_at REAL NOT NULL,
    until REAL NOT NULL
) STRICT;
CREATE INDEX silences_until ON silences (until);
"""
