"""Words of papers for the search: one row for each paper, in the order in which they came."""

from __future__ import annotations

from typing import Any


def m023_search(db: Any) -> None:
    """Facts beside the text, and a row that says which paper a number means; `stale` rows are filled at opening."""
    db.execute("""
        CREATE TABLE search_rows (
            number INTEGER PRIMARY KEY,
            document_id TEXT NOT NULL UNIQUE,
            received_at TEXT NOT NULL,
            stale INTEGER NOT NULL DEFAULT 0
        ) STRICT
    """)
    db.execute("CREATE INDEX search_rows_by_time ON search_rows (received_at)")
    db.execute("CREATE INDEX search_rows_stale ON search_rows (number) WHERE stale = 1")
    db.execute("""
        CREATE VIRTUAL TABLE search_words
        USING fts5 (facts, issuer, pages, facets, tokenize = 'unicode61')
    """)
    db.execute("CREATE VIRTUAL TABLE search_facts USING fts5 (facts, issuer, facets, tokenize = 'unicode61')")
    db.execute("CREATE TABLE search_terms (term TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")
    db.execute("""
        INSERT INTO search_rows (document_id, received_at, stale)
        SELECT id, received_at, 1 FROM documents ORDER BY received_at, id
    """)
    db.execute("""
        INSERT INTO search_words (rowid, facts, issuer, pages, facets)
        SELECT number, '', '',
            coalesce((SELECT folded FROM page_search AS p WHERE p.document_id = r.document_id), ''), ''
        FROM search_rows AS r
    """)
    db.execute("INSERT INTO search_facts (rowid, facts, issuer, facets) SELECT number, '', '', '' FROM search_rows")
    db.execute("DROP TABLE page_search")
