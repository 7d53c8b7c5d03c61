"""Which papers are attached to which: the questions about main papers and their appendices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from appliance.domain.attaching import trouble_attaching
from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.domain.steps import Step
from appliance.store import documents

MOST_OFFERED = 60


def of_main(db: Any, main_id: str) -> tuple[Document, ...]:
    """The appendices of a paper, in the order in which they came."""
    rows = db.execute(
        "SELECT id FROM documents WHERE attached_to = ? AND attached_to != '' ORDER BY received_at, id", [main_id]
    ).fetchall()
    return tuple(documents.load(db, document_id) for (document_id,) in rows)


def main_of(db: Any, document: Document) -> Document | None:
    """The paper that this one is an appendix of, or None."""
    return documents.load(db, document.attached_to) if document.attached_to else None


def offered(db: Any, main: Document) -> tuple[Document, ...]:
    """Papers that may become appendices of ``main``: those that came after it first, as they are scanned."""
    came = main.received_at.isoformat()
    rows = db.execute(
        """SELECT id FROM documents AS paper WHERE state = ? AND attached_to = '' AND register_number = 0 AND id != ?
               AND NOT EXISTS (SELECT 1 FROM documents WHERE attached_to = paper.id AND attached_to != '')
               AND NOT EXISTS (SELECT 1 FROM register_numbers WHERE document_id = paper.id)
           ORDER BY (received_at, id) < (?, ?), abs(julianday(received_at) - julianday(?)), id LIMIT ?""",
        [State.DIGITIZED.value, main.id, came, main.id, came, MOST_OFFERED],
    ).fetchall()
    found = (documents.load(db, document_id) for (document_id,) in rows)
    return tuple(one for one in found if not trouble_attaching(one, main))


def counts(db: Any, main_ids: Iterable[str]) -> dict[str, int]:
    """How many appendices each of these papers has; those without any are left out."""
    wanted = list(main_ids)
    rows = db.execute(
        f"""SELECT attached_to, count(*) FROM documents WHERE attached_to != ''
            AND attached_to IN ({", ".join("?" * len(wanted))}) GROUP BY attached_to""",
        wanted,
    )
    return {str(main): int(count) for main, count in rows.fetchall()}


def wake(db: Any, main_id: str) -> None:
    """The main paper is on its way: its signed appendices wait for nothing more."""
    db.execute(
        "UPDATE documents SET next_attempt_at = NULL WHERE attached_to = ? AND attached_to != '' AND step = ?",
        [main_id, Step.ENQUEUE.value],
    )
