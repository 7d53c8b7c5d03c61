"""Text of the pages, page by page. What a search needs of it lies with `search_index`."""

from __future__ import annotations

from typing import Any

from appliance.store import search_index


def keep(db: Any, document_id: str, pages: tuple[str, ...]) -> None:
    """Replace the stored text of a document."""
    db.execute("DELETE FROM page_texts WHERE document_id = ?", [document_id])
    for number, text in enumerate(pages, 1):
        db.execute("INSERT INTO page_texts (document_id, page, text) VALUES (?,?,?)", [document_id, number, text])
    search_index.read(db, document_id, pages)


def forget(db: Any, document_id: str) -> None:
    """Remove every trace of a document's text."""
    keep(db, document_id, ())


def of_document(db: Any, document_id: str) -> tuple[str, ...]:
    """The stored text, page by page."""
    rows = db.execute("SELECT text FROM page_texts WHERE document_id = ? ORDER BY page", [document_id])
    return tuple(row[0] for row in rows.fetchall())
