"""Tables of what the wall and the reports show. Append-only, like `schema`: a released step is never edited.

`samples`: signs of life thinned to spans of time. `tallies`: what was answered, by box and Vietnamese day, so that no
page and no report ever counts documents one by one. `number_gaps` and `followed`: the numbers of each box that no
answer speaks of, and up to which receipt the answers were followed.
"""

from __future__ import annotations

WALL = """
CREATE TABLE samples (
    box TEXT NOT NULL REFERENCES boxes(box),
    width INTEGER NOT NULL CHECK (width > 0),
    slot INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    oldest_seconds INTEGER NOT NULL,
    disk_free INTEGER,
    clock_skew REAL,
    scanned INTEGER,
    heard INTEGER NOT NULL,
    PRIMARY KEY (box, width, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE tallies (
    box TEXT NOT NULL REFERENCES boxes(box),
    day INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    took_count INTEGER NOT NULL,
    took_seconds REAL NOT NULL,
    took_most REAL NOT NULL,
    within_hour INTEGER NOT NULL,
    within_day INTEGER NOT NULL,
    last_at REAL NOT NULL,
    PRIMARY KEY (box, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX tallies_by_day ON tallies (day);

INSERT INTO tallies
SELECT box, (CAST(issued_at AS INTEGER) + 25200) / 86400,
    SUM(CASE WHEN result = 'stored' THEN 1 ELSE 0 END), SUM(CASE WHEN result = 'duplicate' THEN 1 ELSE 0 END),
    SUM(CASE WHEN result = 'refused' THEN 1 ELSE 0 END), SUM(CASE WHEN result = 'stored' THEN size ELSE 0 END),
    0, 0, 0, 0, 0, MAX(issued_at)
FROM receipts GROUP BY box, (CAST(issued_at AS INTEGER) + 25200) / 86400;

CREATE TABLE number_gaps (
    box TEXT PRIMARY KEY REFERENCES boxes(box),
    highest INTEGER NOT NULL,
    missing TEXT NOT NULL
) STRICT;

CREATE TABLE followed (
    what TEXT PRIMARY KEY,
    rid INTEGER NOT NULL
) STRICT;

CREATE INDEX refusals_by_time ON refusals (refused_at);
"""
