"""The table of weekly digests. Append-only, like `schema`: a released step is never edited. `week`: the number of its
Monday, as `tallies` counts days."""

from __future__ import annotations

DIGESTS = """
CREATE TABLE digests (
    box TEXT NOT NULL REFERENCES boxes(box),
    week INTEGER NOT NULL,
    made_at REAL NOT NULL,
    figures TEXT NOT NULL,
    PRIMARY KEY (box, week)
) STRICT, WITHOUT ROWID;
CREATE INDEX digests_by_week ON digests (week);
"""
