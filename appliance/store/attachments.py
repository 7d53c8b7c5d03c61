"""Which papers are attached to which: the questions about main papers and their appendices."""

from __future__ import annotations

from typing import Any

from appliance.domain.attaching import trouble_attaching
from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.domain.steps import Step
from appliance.store import documents, registers

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
    mains = {row[0] for row in db.execute("SELECT DISTINCT attached_to FROM documents WHERE attached_to != ''")}
    fit = [
        one
        for one in documents.listed(db, [State.DIGITIZED], 500)
        if not trouble_attaching(one, main) and one.id not in mains and registers.held_for(db, one.id) is None
    ]
    place = (main.received_at, main.id)
    fit.sort(key=lambda one: ((one.received_at, one.id) < place, abs(one.received_at - main.received_at), one.id))
    return tuple(fit[:MOST_OFFERED])


def wake(db: Any, main_id: str) -> None:
    """The main paper is on its way: its signed appendices wait for nothing more."""
    db.execute(
        "UPDATE documents SET next_attempt_at = NULL WHERE attached_to = ? AND attached_to != '' AND step = ?",
        [main_id, Step.ENQUEUE.value],
    )
