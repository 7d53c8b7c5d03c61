"""The rows that a search reads: they follow every document as it is saved, and the text of its pages.

Owns the tables `search_*`. Papers are numbered in the order in which they came. Invariant: of a concealed paper
(`standing.conceals`) nothing but its file's name is kept, not even a word that no other paper has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from appliance.domain.documents import Document
from appliance.store.folding import fold, words
from appliance.store.standing import conceals, shown

_ISSUERS = ("issuer", "parent_issuer")


def follow(db: Any, document: Document) -> None:
    """Note what can be found of a document's facts; called with every save. A concealed one loses its text as well."""
    facts, issuer, facets = _findable(document)
    row = db.execute("SELECT number FROM search_rows WHERE document_id = ?", [document.id]).fetchone()
    if row is None:
        cursor = db.execute(
            "INSERT INTO search_rows (document_id, received_at) VALUES (?, ?)",
            [document.id, document.received_at.isoformat()],
        )
        db.execute(
            "INSERT INTO search_words (rowid, facts, issuer, pages, facets) VALUES (?, ?, ?, '', ?)",
            [cursor.lastrowid, facts, issuer, facets],
        )
        db.execute(
            "INSERT INTO search_facts (rowid, facts, issuer, facets) VALUES (?, ?, ?, ?)",
            [cursor.lastrowid, facts, issuer, facets],
        )
        _exchange(db, (), (facts, issuer))
        return
    noted = db.execute("SELECT facts, issuer, facets FROM search_words WHERE rowid = ?", [row[0]]).fetchone()
    if noted != (facts, issuer, facets):
        for table in ("search_words", "search_facts"):
            db.execute(
                f"UPDATE {table} SET facts = ?, issuer = ?, facets = ? WHERE rowid = ?", [facts, issuer, facets, row[0]]
            )
        _exchange(db, noted[:2], (facts, issuer))
    if conceals(document):
        read(db, document.id, ())


def read(db: Any, document_id: str, pages: Iterable[str]) -> None:
    """Note the text of a document's pages, or with none of them forget it."""
    row = db.execute(
        "SELECT rowid, pages FROM search_words WHERE rowid = (SELECT number FROM search_rows WHERE document_id = ?)",
        [document_id],
    ).fetchone()
    text = fold("\n".join(pages))
    if row is not None and row[1] != text:
        db.execute("UPDATE search_words SET pages = ? WHERE rowid = ?", [text, row[0]])
        _exchange(db, [row[1]], [text])


def _exchange(db: Any, before: Iterable[str], after: Iterable[str]) -> None:
    """Know the new words, so that an unfinished one can be completed, and forget those that no paper has any more.

    What was a state secret leaves not even one.
    """
    old, new = ({word for text in texts for word in words(text)} for texts in (before, after))
    for word in new - old:
        db.execute("INSERT OR IGNORE INTO search_terms VALUES (?)", [word])
    for word in old - new:
        if not db.execute("SELECT 1 FROM search_words WHERE search_words MATCH ? LIMIT 1", [f'"{word}"']).fetchone():
            db.execute("DELETE FROM search_terms WHERE term = ?", [word])


def stale(db: Any, limit: int) -> list[str]:
    """Ids of documents whose facts a migration has not filled in."""
    found = db.execute(
        "SELECT document_id FROM search_rows WHERE stale = 1 AND number > 0 ORDER BY number LIMIT ?", [limit]
    )
    return [row[0] for row in found.fetchall()]


def refreshed(db: Any, document: Document) -> None:
    """Fill in a stale document's facts, and learn the words of its text."""
    follow(db, document)
    (pages,) = db.execute(
        "SELECT pages FROM search_words WHERE rowid = (SELECT number FROM search_rows WHERE document_id = ?)",
        [document.id],
    ).fetchone()
    _exchange(db, (), [pages])
    db.execute("UPDATE search_rows SET stale = 0 WHERE document_id = ?", [document.id])


def _findable(document: Document) -> tuple[str, str, str]:
    """What may be found of a document's facts: words, its issuer's words, and marks for its kind and type."""
    seen = shown(document)
    values = {name: value.value for name, value in seen.fields.items()}
    issuer = fold(" ".join(values.pop(name, "") for name in _ISSUERS))
    number = str(seen.register_number or "")
    facts = fold(" ".join((*values.values(), number, seen.original_name)))
    return facts, issuer.strip(), " ".join(marks(seen.kind.value, values.get("type_name", "")))


def marks(kind: str, type_name: str) -> Iterator[str]:
    """Words that stand for a kind and a type of document, and for nothing that is written on paper."""
    if kind:
        yield "xk" + "".join(words(kind))
    if type_name:
        yield "xt" + "".join(words(type_name))
