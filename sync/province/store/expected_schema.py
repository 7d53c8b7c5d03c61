"""The table of what is expected of boxes. Append-only, like `schema`: a released step is never edited."""

from __future__ import annotations

EXPECTED = """
CREATE TABLE expected (
    what TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    person TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
"""
