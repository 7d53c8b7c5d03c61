"""Cutting a digitized paper anew by hand: parting it before a page, leaving a page out.

Each is one decision in one transaction: the paper ends (``replaced``), and papers with its pages take its place. They
are cut out of the file that the paper came from - its batch's, or its own - by the worker, with the file's own page
streams, and digitized anew (``pipeline.splitting``). Undone by ``commands.join_parts`` as any cut. Refuses what
somebody has decided about, and a file that arrived signed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from appliance.commands import CommandRefused
from appliance.domain.documents import Document, replaced_by
from appliance.domain.pages import CannotCut, parted, trouble_cutting, without
from appliance.domain.states import Event, IllegalTransition, State
from appliance.ids import new_id
from appliance.store import ChangedMeanwhile, NoSuchDocument, Store, arrivals, documents, texts
from appliance.store.standing import may_be_recut
from scanner_intake.batches import as_ranges, from_ranges

Groups = Callable[[Document], tuple[tuple[int, ...], ...]]


def part_before(store: Store, document_id: str, page: int, by: str, now: datetime) -> tuple[Document, ...]:
    """End a paper in front of shown page ``page`` (from 2 on); two papers with its pages take its place.

    Raises:
        CommandRefused: cut-decided, batch-gone, changed-meanwhile, no-such-document and the codes
            of ``domain.pages.CannotCut``.
    """
    return _recut(store, document_id, lambda document: parted(document, page), "split", by, now)


def leave_out(store: Store, document_id: str, page: int, by: str, now: datetime) -> tuple[Document, ...]:
    """A paper without its shown page ``page`` takes the place of this one; the file keeps the page.

    Raises:
        CommandRefused: as ``part_before``.
    """
    return _recut(store, document_id, lambda document: (without(document, page),), "joined", by, now)


def _recut(store: Store, document_id: str, groups: Groups, reason: str, by: str, now: datetime) -> tuple[Document, ...]:
    def decision(db: Any) -> tuple[Document, ...]:
        before = documents.load(db, document_id)
        if trouble := trouble_cutting(before):
            raise CommandRefused(trouble)
        if not may_be_recut(before):
            raise CommandRefused("cut-decided")
        found = groups(before)
        whole = documents.load(db, before.part_of) if before.part_of else before
        if not store.blobs.path(whole.original_sha256).is_file():
            raise CommandRefused("batch-gone")
        own = from_ranges(before.part_pages)  # pages of the part, as the batch's file counts them
        fresh = tuple(
            _fresh(before, whole, place, [own[number - 1] for number in group] if own else group, now)
            for place, group in enumerate(found)
        )
        texts.forget(db, before.id)
        arrivals.forget(db, before.id)
        ended = replaced_by(before, reason, now)
        documents.save(db, before, ended, by, Event.REPLACED, {"count": len(fresh), "code": reason, "reason": ""})
        for one in fresh:
            detail = {"sha256": one.original_sha256, "name": one.original_name, "folder": one.folder}
            documents.insert(db, one, by, detail | {"batch": whole.id, "pages": one.part_pages})
        return fresh

    try:
        return store.write(decision)
    except NoSuchDocument:
        raise CommandRefused("no-such-document", document_id=document_id) from None
    except IllegalTransition as error:
        raise CommandRefused("not-in-this-state", state=error.state.value) from None
    except CannotCut as error:
        raise CommandRefused(error.code) from None
    except ChangedMeanwhile:
        raise CommandRefused("changed-meanwhile") from None


def _fresh(
    before: Document, whole: Document, place: int, pages: list[int] | tuple[int, ...], now: datetime
) -> Document:
    """A received paper still with the whole file: the worker cuts its pages out."""
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
        part_pages=as_ranges(pages),
        dossier=before.dossier,
    )
