"""Text of the pages and its search, folded the Vietnamese way: "uy ban" finds "Ủy ban", "duong" finds "Đường"."""

from __future__ import annotations

import re
import unicodedata
from typing import Any


def fold(text: str) -> str:
    """Lower-case ASCII letters of ``text``: marks dropped, đ as d (FTS5 itself does not fold đ)."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()


def keep(db: Any, document_id: str, pages: tuple[str, ...]) -> None:
    """Replace the stored text of a document."""
    forget(db, document_id)
    for number, text in enumerate(pages, 1):
        db.execute("INSERT INTO page_texts (document_id, page, text) VALUES (?,?,?)", [document_id, number, text])
    db.execute("INSERT INTO page_search (folded, document_id) VALUES (?, ?)", [fold("\n".join(pages)), document_id])


def forget(db: Any, document_id: str) -> None:
    """Remove every trace of a document's text."""
    db.execute("DELETE FROM page_texts WHERE document_id = ?", [document_id])
    db.execute("DELETE FROM page_search WHERE document_id = ?", [document_id])


def of_document(db: Any, document_id: str) -> tuple[str, ...]:
    """The stored text, page by page."""
    rows = db.execute("SELECT text FROM page_texts WHERE document_id = ? ORDER BY page", [document_id])
    return tuple(row[0] for row in rows.fetchall())


def found(db: Any, question: str, limit: int = 50) -> list[str]:
    """Ids of documents whose text has all the words of ``question``, best first."""
    words = re.findall(r"\w+", fold(question))
    if not words:
        return []
    match = " ".join(f'"{word}"*' for word in words)
    rows = db.execute(
        "SELECT document_id FROM page_search WHERE page_search MATCH ? ORDER BY rank LIMIT ?", [match, limit]
    )
    return [row[0] for row in rows.fetchall()]
