"""The table by which papers are looked up. Append-only, like `schema`: a released step is never edited."""

from __future__ import annotations

LOOKUP = """
CREATE TABLE document_codes (
    rid INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    notation TEXT NOT NULL
) STRICT;
CREATE INDEX document_codes_by_number ON document_codes (number);
"""
