"""Cutting a digitized paper anew by hand: parting it before a page, leaving a page out, undoing a cut.

Each is one decision in one transaction: papers end (``replaced``), and papers with their pages take their place. These
are cut out of the file that they came from - a batch's, or the paper's own - by the worker, with the file's own page
streams, and digitized anew (``pipeline.splitting``). Refuses what somebody has decided about, and a file that arrived
signed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from appliance.commands.attaching import refuse_with_appendices
from appliance.commands.deciding import CommandRefused, decide
from appliance.domain.documents import Document, replaced_by
from appliance.domain.pages import parted, trouble_cutting, without
from appliance.domain.states import TRANSITIONS, Event, State
from appliance.ids import new_id
from appliance.store import Store, arrivals, batches, documents, texts
from appliance.store.standing import may_be_recut
from scanner_intake.batches import as_ranges, from_ranges

Groups = Callable[[Document], tuple[tuple[int, ...], ...]]


def part_before(store: Store, document_id: str, page: int, by: str, now: datetime) -> tuple[Document, ...]:
    """End a paper in front of shown page ``page`` (from 2 on); two papers with its pages take its place.

    Raises:
        CommandRefused: cut-decided, batch-gone, changed-meanwhile, no-such-document, attached-to-main, has-appendices
            and the codes of ``domain.pages.CannotCut``.
    """
    return _recut(store, document_id, lambda document: parted(document, page), "split", by, now)


def leave_out(store: Store, document_id: str, page: int, by: str, now: datetime) -> tuple[Document, ...]:
    """A paper without its shown page ``page`` takes the place of this one; the file keeps the page.

    Raises:
        CommandRefused: as ``part_before``.
    """
    return _recut(store, document_id, lambda document: (without(document, page),), "joined", by, now)


def join_parts(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """Undo the cut in front of a part: it and the part before it end, one paper with the pages of both takes their
    place and is digitized anew. Pages of the cut come along where no code proved that they were a sheet.

    Returns the new paper.

    Raises:
        CommandRefused: no-part-before, parts-decided (somebody has decided about one of them), batch-gone (the batch's
            file was wiped with a secret), not-in-this-state, changed-meanwhile.
    """

    def decision(db: Any, part: Document) -> Document:
        first = batches.neighbour_before(db, part)
        if first is None:
            raise CommandRefused("no-part-before")
        batch = documents.load(db, part.part_of)
        _look_for_file(store, batch)
        cut = batches.cut_before(db, part)
        between = [cut.pages] if cut and not cut.read else []
        joined = _fresh(first, batch, ", ".join([first.part_pages, *between, part.part_pages]), now)
        for ended in (first, part):
            if (ended.state, Event.REPLACED) not in TRANSITIONS or ended.register_number:
                raise CommandRefused("parts-decided")
            refuse_with_appendices(db, ended)
            _end(db, ended, "joined", by, now, {"count": 1})
        _begin(db, joined, batch, by)
        return joined

    return decide(store, document_id, decision)


def _recut(store: Store, document_id: str, groups: Groups, reason: str, by: str, now: datetime) -> tuple[Document, ...]:
    def decision(db: Any, before: Document) -> tuple[Document, ...]:
        if trouble := trouble_cutting(before):
            raise CommandRefused(trouble)
        refuse_with_appendices(db, before)
        if not may_be_recut(before):
            raise CommandRefused("cut-decided")
        found = groups(before)
        whole = documents.load(db, before.part_of) if before.part_of else before
        _look_for_file(store, whole)
        own = from_ranges(before.part_pages)  # pages of the part, as the batch's file counts them
        fresh = tuple(
            _fresh(before, whole, as_ranges([own[number - 1] for number in group] if own else group), now, place)
            for place, group in enumerate(found)
        )
        _end(db, before, reason, by, now, {"count": len(fresh), "code": reason, "reason": ""})
        for one in fresh:
            _begin(db, one, whole, by)
        return fresh

    return decide(store, document_id, decision)


def _look_for_file(store: Store, whole: Document) -> None:
    if not store.blobs.path(whole.original_sha256).is_file():
        raise CommandRefused("batch-gone")


def _end(db: Any, document: Document, reason: str, by: str, now: datetime, detail: dict[str, Any]) -> None:
    """The paper is replaced by others; its text is theirs to bring anew."""
    texts.forget(db, document.id)
    arrivals.forget(db, document.id)
    documents.save(db, document, replaced_by(document, reason, now), by, Event.REPLACED, detail)


def _begin(db: Any, fresh: Document, whole: Document, by: str) -> None:
    detail = {"sha256": fresh.original_sha256, "name": fresh.original_name, "folder": fresh.folder}
    documents.insert(db, fresh, by, detail | {"batch": whole.id, "pages": fresh.part_pages})


def _fresh(before: Document, whole: Document, pages: str, now: datetime, place: int = 0) -> Document:
    """A received paper in the place of ``before``, still with the whole file: the worker cuts its pages out."""
    name = before.original_name
    if place:
        path = PurePosixPath(name)
        name = f"{path.stem} - {place + 1}{path.suffix}"
    return Document(
        id=new_id(),
        kind=before.kind,
        state=State.RECEIVED,
        version=1,
        original_sha256=whole.original_sha256,
        original_name=name,
        media_type="",
        folder=before.folder,
        policy="person",
        received_at=before.received_at,
        updated_at=now,
        part_of=whole.id,
        part_number=before.part_number or place + 1,
        part_pages=pages,
        dossier=before.dossier,
    )
