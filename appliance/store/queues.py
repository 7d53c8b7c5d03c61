"""What waits for one person's hand, in the order of work: urgent papers first, then those that came first.

Owns the question "what is mine to do" and the kinds of errand that it sorts papers by. Refuses to change anything, and
shows nothing of a concealed paper (``views.rows_of``). A queue is cut at ``MOST`` papers; its numbers count all of
those.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.store import documents, views
from appliance.store.standing import Role, Situation, situation_of, turn_of

MOST = 2000
_STATES = (State.DIGITIZED, State.APPROVED, State.REFUSED, State.QUARANTINED)
"""The only states in which a person can have the next word."""


class Errand(StrEnum):
    """Why a paper waits for a person, as the desks sort it."""

    SUSPECT = "suspect"
    REFUSED = "refused"
    RETURNED = "returned"
    APPROVE = "approve"
    SIGN = "sign"
    ISSUE = "issue"
    UNLOCK = "unlock"
    ASIDE = "aside"


_ERRANDS = {
    Situation.SUSPECTED_SECRET: Errand.SUSPECT,
    Situation.REFUSED: Errand.REFUSED,
    Situation.RETURNED: Errand.RETURNED,
    Situation.TO_APPROVE: Errand.APPROVE,
    Situation.TO_ISSUE: Errand.ISSUE,
    Situation.QUARANTINED: Errand.ASIDE,
}


@dataclass(frozen=True)
class Queue:
    """The papers that wait for one role: ``rows`` of the chosen errand, ``numbers`` of every errand."""

    rows: tuple[views.Row, ...]
    numbers: dict[Errand, int]

    @property
    def total(self) -> int:
        """How many papers wait, of all errands."""
        return sum(self.numbers.values())

    def around(self, document_id: str) -> tuple[str, str]:
        """Ids before and after a paper; of a paper that is not in the queue the first comes next. Empty: none."""
        ids = [row.document.id for row in self.rows]
        if document_id not in ids:
            return "", ids[0] if ids else ""
        index = ids.index(document_id)
        return (ids[index - 1] if index else ""), (ids[index + 1] if index + 1 < len(ids) else "")


def errand_of(document: Document) -> Errand:
    """What a person is asked to do with a paper that waits for one."""
    found = _ERRANDS.get(situation_of(document))
    if found:
        return found
    slot = document.open_slot
    consented = slot is not None and any(consent.slot is slot for consent in document.consents)
    return Errand.UNLOCK if consented else Errand.SIGN


def queue(db: Any, role: Role, errand: str = "") -> Queue:
    """What waits for ``role``; only the papers of ``errand`` as rows when it is the name of one."""
    waiting = [one for one in _in_order(db) if turn_of(one).value == role.value]
    numbers: dict[Errand, int] = {}
    for one in waiting:
        numbers[errand_of(one)] = numbers.get(errand_of(one), 0) + 1
    chosen = [one for one in waiting if errand == errand_of(one).value] if errand in set(Errand) else waiting
    return Queue(views.rows_of(db, chosen), numbers)


def numbers(db: Any) -> dict[Role, dict[Errand, int]]:
    """How many papers wait for each of the two who decide, by errand: one look for both, and no rows."""
    found: dict[Role, dict[Errand, int]] = {Role.CLERK: {}, Role.LEADER: {}}
    for one in _in_order(db):
        for role, counts in found.items():
            if turn_of(one).value == role.value:
                counts[errand_of(one)] = counts.get(errand_of(one), 0) + 1
    return found


def _in_order(db: Any) -> list[Document]:
    names = [state.value for state in _STATES]
    found = db.execute(
        f"""SELECT * FROM documents WHERE state IN ({", ".join("?" * len(names))})
            AND (attached_to = '' OR state != 'digitized') -- an appendix waits with its main paper
            AND id NOT IN (SELECT json_extract(facts, '$.joins') FROM documents WHERE step = 'join')
            ORDER BY priority DESC, received_at, id LIMIT ?""",
        [*names, MOST],
    )
    columns = [column[0] for column in found.description]
    return [documents.document_of(dict(zip(columns, row, strict=True))) for row in found.fetchall()]


def electronic_waiting(db: Any) -> int:
    """How many electronic documents nobody has taken up yet."""
    (count,) = db.execute(
        "SELECT count(*) FROM incoming_documents WHERE stage = '01' AND recalled_at IS NULL"
    ).fetchone()
    return int(count)


def recalls_waiting(db: Any) -> int:
    """How many electronic documents the province wants back without an answer (``notices.recall_asked`` for all)."""
    (count,) = db.execute(
        """SELECT count(*) FROM incoming_documents AS held WHERE recalled_at IS NULL AND
               (SELECT count(*) FROM notices_taken WHERE document_id = held.document_id AND way = 'down'
                AND code = '13') >
               (SELECT count(*) FROM notices_said WHERE document_id = held.document_id AND way = 'down'
                AND code IN ('15', '16'))"""
    ).fetchone()
    return int(count)
