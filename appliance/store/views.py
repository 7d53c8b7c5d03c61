"""Read models of the pages: what is open today, one paper with all that is known of it, and what a search finds.

Owns the questions that pages ask, so that no page knows a table or a state. Refuses to change anything. Invariant: the
fields, text and pictures of a suspected secret never leave this module; it keeps its file name and its history only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.domain.chain import Entry
from appliance.domain.documents import Document, slot_to_sign
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import IN_CUSTODY, Event, State
from appliance.store import arrivals, attachments, batches, documents, events, held, notices, outbox, searching, texts
from appliance.store.standing import (
    Action,
    Rendition,
    Situation,
    Turn,
    approver_of,
    conceals,
    possible_actions,
    renditions,
    shown,
    situation_of,
    turn_of,
)
from sync.protocol.notices import AGREED, KEPT, RECALL
from sync.protocol.topics import Direction

_STATE_CHANGES = ("received", *(event.value for event in Event if event is not Event.SIGNATURE_APPLIED))


@dataclass(frozen=True)
class Row:
    """One line of a list. ``document`` is already concealed where it must be; ``since`` is when the state began."""

    document: Document
    situation: Situation
    turn: Turn
    since: datetime

    @property
    def title(self) -> str:
        """The paper's subject, or the file's name while nothing was read."""
        return self.document.value("subject") or self.document.original_name


FIGURES: dict[str, frozenset[State]] = {
    "approve": frozenset({State.DIGITIZED}),
    "sign": frozenset({State.APPROVED}),
    "send": frozenset({State.SIGNED, State.QUEUED}),
    "refused": frozenset({State.REFUSED}),
    "quarantine": frozenset({State.QUARANTINED}),
}
"""The figures that matter on the first page, and the states each counts."""


@dataclass(frozen=True)
class Home:
    """Today's papers and everything still open, with the figures that matter; ``more`` were left off the rows."""

    rows: tuple[Row, ...]
    more: int
    figures: dict[str, int]
    held: tuple[held.Held, ...]
    waiting: int
    waiting_since: datetime | None


@dataclass(frozen=True)
class Paper:
    """Everything one page tells about one paper."""

    row: Row
    actions: tuple[Action, ...]
    renditions: tuple[Rendition, ...]
    history: tuple[Entry, ...]
    text: tuple[str, ...]
    delivery: outbox.Delivery | None
    concealed: bool
    previous: str
    next: str
    batch: Document | None
    parts: tuple[Document, ...]
    cut: batches.CutShown | None
    arrived: arrivals.Arrival | None
    words: tuple[notices.Word, ...]
    main: Document | None
    appendices: tuple[Document, ...]

    @property
    def document(self) -> Document:
        return self.row.document

    @property
    def may_be_recalled(self) -> bool:
        """Whether the province may be asked to give it back: it has it, has not done so, and no question is open."""
        asked = sum(word.ours and word.code == RECALL for word in self.words)
        answers = [word.code for word in self.words if not word.ours and word.code in (AGREED, KEPT)]
        return self.document.state is State.DELIVERED and AGREED not in answers and asked <= len(answers)


def home(db: Any, day_start: datetime, figure: str = "", limit: int = 300) -> Home:
    """Everything in custody and whatever came or ended since ``day_start``, or only what one of ``FIGURES`` counts.

    Urgent papers first, then the newest; at most ``limit`` rows, while the figures count everything.
    """
    states = [state.value for state in FIGURES.get(figure, IN_CUSTODY)]
    where, values = f"state IN ({', '.join('?' * len(states))})", [*states]
    if figure not in FIGURES:
        where, values = f"{where} OR received_at >= ? OR updated_at >= ?", [*states, *[day_start.isoformat()] * 2]
    (total,) = db.execute(f"SELECT count(*) FROM documents WHERE {where}", values).fetchone()
    found = db.execute(
        f"SELECT * FROM documents WHERE {where} ORDER BY priority DESC, received_at DESC, id LIMIT ?", [*values, limit]
    )
    rows = rows_of(db, [documents.document_of(row) for row in _dicts(found)])
    counts = documents.counts(db)
    unanswered, _size, oldest = outbox.backlog(db)
    return Home(
        rows=rows,
        more=total - len(rows),
        figures={name: sum(counts[state] for state in states) for name, states in FIGURES.items()},
        held=tuple(held.listed(db)),
        waiting=unanswered,
        waiting_since=oldest,
    )


def waiting(db: Any) -> int:
    """How many deliveries have no answer from the province yet."""
    return outbox.backlog(db)[0]


def to_sign(db: Any, slot: Slot) -> int:
    """How many papers somebody has consented to sign for `slot` and the token has not signed yet."""
    return sum(slot_to_sign(each) is slot for each in documents.listed(db, [State.APPROVED], 1000))


def shown_document(db: Any, document_id: str) -> Document:
    """One paper's document as pages may see it, for whoever needs nothing of what surrounds it.

    Raises:
        NoSuchDocument: nothing has this id.
    """
    return shown(documents.load(db, document_id))


def paper(db: Any, document_id: str) -> Paper:
    """One paper with its history, text, delivery and neighbours.

    Raises:
        NoSuchDocument: nothing has this id.
    """
    document = documents.load(db, document_id)
    concealed = conceals(document)
    before, after = _neighbours(db, document)
    return Paper(
        row=rows_of(db, [document])[0],
        actions=possible_actions(document),
        renditions=renditions(document),
        history=tuple(events.entries(db, document_id)),
        text=() if concealed else texts.of_document(db, document_id),
        delivery=outbox.latest(db, document_id),
        concealed=concealed,
        previous=before,
        next=after,
        batch=shown(documents.load(db, document.part_of)) if document.part_of else None,
        parts=tuple(shown(part) for part in batches.parts(db, document.id)) if document.replaced else (),
        cut=None if concealed else batches.cut_shown(db, document),
        arrived=None if concealed else arrivals.of_document(db, document_id),
        main=shown(main) if (main := attachments.main_of(db, document)) else None,
        appendices=tuple(shown(one) for one in attachments.of_main(db, document_id)),
        words=tuple(word for word in notices.of_document(db, document_id) if word.way == Direction.UP.value),
    )


def search(db: Any, question: searching.Question, limit: int = searching.PAGE) -> tuple[tuple[Row, ...], str]:
    """The papers that answer the question, and what asks for those after them ("" when there are no more)."""
    answer = searching.found(db, question, limit)
    return rows_of(db, [documents.load(db, document_id) for document_id in answer.ids]), answer.next


def showable_digests(db: Any) -> set[str]:
    """Digests whose page pictures may be kept in the cache: none of a concealed paper, none that was taken back."""
    found = db.execute("SELECT * FROM documents WHERE archive_sha256 != ''")
    every = [documents.document_of(row) for row in _dicts(found)]
    electronic = db.execute("SELECT sha256 FROM incoming_documents WHERE recalled_at IS NULL").fetchall()
    papers = {rendition.sha256 for each in every for rendition in renditions(each) if rendition.name != "original"}
    return papers | {row[0] for row in electronic}


def _neighbours(db: Any, document: Document) -> tuple[str, str]:
    """The papers before and after this one that wait for the same person's approval, most urgent first."""
    kinds = [kind.value for kind in Kind if approver_of(kind) is approver_of(document.kind)]
    rows = db.execute(
        f"""SELECT id FROM documents WHERE state = ? AND step IS NULL AND attached_to = ''
            AND kind IN ({", ".join("?" * len(kinds))}) AND json_extract(facts, '$.returned') IS NULL
            ORDER BY priority DESC, received_at, id LIMIT 500""",
        [State.DIGITIZED.value, *kinds],
    )
    ids = [row[0] for row in rows.fetchall()]
    if document.id not in ids:
        return "", ids[0] if ids else ""
    index = ids.index(document.id)
    return (ids[index - 1] if index else ""), (ids[index + 1] if index + 1 < len(ids) else "")


def rows_of(db: Any, found: list[Document]) -> tuple[Row, ...]:
    """Documents as lines of a list, concealed where they must be, each with when its state began."""
    since: dict[str, str] = {}
    for start in range(0, len(found), 400):
        ids = [document.id for document in found[start : start + 400]]
        since |= dict(
            db.execute(
                f"""SELECT document_id, max(at) FROM events WHERE document_id IN ({", ".join("?" * len(ids))})
                    AND event IN ({", ".join("?" * len(_STATE_CHANGES))}) GROUP BY document_id""",
                [*ids, *_STATE_CHANGES],
            ).fetchall()
        )
    return tuple(
        Row(
            document=shown(document),
            situation=situation_of(document),
            turn=turn_of(document),
            since=datetime.fromisoformat(since[document.id]) if document.id in since else document.updated_at,
        )
        for document in found
    )


def _dicts(cursor: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
