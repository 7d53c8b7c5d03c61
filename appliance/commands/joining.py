"""Joining two scans of one document, and undoing it.

A person asks for it; the worker puts the files together (``pipeline.joining``), and only then, in one transaction, both
papers end and one with the pages of both takes their place, or nothing happens. Both originals are kept. Undoing it, as
long as nobody has decided, brings back two papers from the very files that came. Parts of one batch are joined by
undoing their cut (``recutting.join_parts``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from appliance.commands.attaching import refuse_with_appendices
from appliance.commands.deciding import CommandRefused, decide
from appliance.commands.recutting import join_parts
from appliance.domain.documents import Document, replaced_by
from appliance.domain.pages import trouble_joining
from appliance.domain.states import TRANSITIONS, Event, State
from appliance.ids import new_id
from appliance.store import Store, arrivals, batches, documents, texts
from appliance.store.blobs import Blob
from scanner_intake.batches import as_ranges

FAILED = "join-failed"
"""Event and warning of a paper that could not be joined."""


def join_next(store: Store, first_id: str, second_id: str, by: str, now: datetime) -> Document:
    """Ask the box to put the pages of the second paper behind those of the first; parts of one batch at once.

    Raises:
        CommandRefused: no-such-document, changed-meanwhile, the codes of ``domain.pages.CannotCut``, and for parts
            those of ``recutting.join_parts``.
    """
    if store.read(lambda db: _are_parts(db, first_id, second_id)):
        return join_parts(store, second_id, by, now)

    def decision(db: Any, first: Document) -> Document:
        second = _found(db, second_id)
        if trouble := _trouble(db, first, second):
            raise CommandRefused(trouble)
        if first.joins or batches.asked_to_join(db, first.id) or batches.asked_to_join(db, second.id) or second.joins:
            raise CommandRefused("join-asked")
        asked = replace(first, joins=second.id, policy="person")
        after = _beside(asked, now)
        detail = {"other": second.id, "name": second.original_name}
        documents.save(db, first, after, by, "join-asked", detail)
        return after

    return decide(store, first_id, decision)


def become_one(
    db: Any, first: Document, second: Document, blob: Blob, pages: tuple[int, int], by: str, now: datetime
) -> None:
    """Both papers end and one with the file ``blob`` takes their place; called by the worker in its transaction.

    Raises:
        CommandRefused: something was decided about one of them meanwhile.
        ChangedMeanwhile: as above, noticed by the save.
    """
    if first.joins != second.id:
        raise CommandRefused("join-decided")
    if trouble := _trouble(db, first, second):
        raise CommandRefused(trouble)
    whole = Document(
        id=new_id(),
        kind=first.kind,
        state=State.RECEIVED,
        version=1,
        original_sha256=blob.sha256,
        original_name=first.original_name,
        media_type="",
        folder=first.folder,
        policy="person",
        received_at=first.received_at,
        updated_at=now,
        current_size=blob.size,
        fields=first.fields,
        dossier=first.dossier,
        supersedes=first.supersedes,
        joined_of=(first.id, second.id),
        joined_pages=pages,
    )
    detail = {"sha256": blob.sha256, "size": blob.size, "name": whole.original_name, "folder": whole.folder}
    documents.insert(db, whole, by, detail | {"joined": [first.id, second.id]})
    for one in (first, second):
        _forget(db, one.id)
        after = replace(replaced_by(one, "joined", now), part_of=whole.id)
        documents.save(db, one, after, by, Event.REPLACED, {"count": 1, "code": "joined", "into": whole.id})
        batches.adopt(db, one.id, whole.id)


def give_up(db: Any, first: Document, code: str, by: str, now: datetime) -> None:
    """The pages could not be put together: the paper stays as it was, and says so."""
    warnings = tuple(sorted({*first.warnings, FAILED}))
    after = _beside(replace(first, joins="", warnings=warnings), now)
    documents.save(db, first, after, by, FAILED, {"code": code})


def unjoin(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """Take a joining back: one that was only asked for, or, before anybody decided, one that was done. Then two papers
    from the files that came take the place of the joined one; they are digitized anew.

    Returns the first paper.

    Raises:
        CommandRefused: not-joined, cut-decided, batch-gone, attached-to-main, has-appendices, no-such-document.
    """

    def decision(db: Any, before: Document) -> Document:
        if before.joins and before.state is State.DIGITIZED:
            after = _beside(replace(before, joins=""), now)
            documents.save(db, before, after, by, "join-taken-back", {})
            return after
        if not before.joined_of:
            raise CommandRefused("not-joined")
        refuse_with_appendices(db, before)
        if (before.state, Event.REPLACED) not in TRANSITIONS or batches.stays_alone(db, before):
            raise CommandRefused("cut-decided")
        fresh = tuple(_again(store, db, before, place, now) for place in range(len(before.joined_of)))
        _forget(db, before.id)
        detail = {"count": len(fresh), "code": "split"}
        documents.save(db, before, replaced_by(before, "split", now), by, Event.REPLACED, detail)
        for one in fresh:
            told = {"sha256": one.original_sha256, "name": one.original_name, "folder": one.folder}
            documents.insert(db, one, by, told | {"batch": before.id, "pages": one.part_pages})
        return fresh[0]

    return decide(store, document_id, decision)


def _again(store: Store, db: Any, joined: Document, place: int, now: datetime) -> Document:
    """One of the two papers as it came. It belongs to the joined paper's family, whose file has its pages, too."""
    once = documents.load(db, joined.joined_of[place])
    path = store.blobs.path(once.original_sha256)
    if not path.is_file():
        raise CommandRefused("batch-gone")
    begin = 1 + sum(joined.joined_pages[:place])
    return Document(
        id=new_id(),
        kind=joined.kind,
        state=State.RECEIVED,
        version=1,
        original_sha256=once.original_sha256,
        original_name=once.original_name,
        media_type="",
        folder=once.folder,
        policy="person",
        received_at=once.received_at,
        updated_at=now,
        current_size=path.stat().st_size,
        part_of=joined.id,
        part_number=place + 1,
        part_pages=as_ranges(range(begin, begin + joined.joined_pages[place])),
        dossier=once.dossier,
        supersedes=once.supersedes,
    )


def _trouble(db: Any, first: Document, second: Document) -> str:
    if trouble := trouble_joining(first, second):
        return trouble
    return "join-attached" if any(batches.stays_alone(db, one) for one in (first, second)) else ""


def _are_parts(db: Any, first_id: str, second_id: str) -> bool:
    second = _found(db, second_id)
    before = batches.neighbour_before(db, second) if second.part_of else None
    return before is not None and before.id == first_id


def _found(db: Any, document_id: str) -> Document:
    try:
        return documents.load(db, document_id)
    except documents.NoSuchDocument:
        raise CommandRefused("no-such-document", document_id=document_id) from None


def _beside(document: Document, now: datetime) -> Document:
    """A fact beside the state: next version, failures forgotten."""
    return replace(
        document, version=document.version + 1, updated_at=now, attempts=0, next_attempt_at=None, last_error=""
    )


def _forget(db: Any, document_id: str) -> None:
    texts.forget(db, document_id)
    arrivals.forget(db, document_id)
