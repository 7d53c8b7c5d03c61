"""In front of digitizing: a batch becomes its papers, a joined paper gets its pages.

Owns the one transaction in which a batch's document ends and its parts take its place, and the cutting of a joined
paper out of the batch's file. It refuses to look into files of folders that take no batches, and into anything that was
cut or joined before.

Invariants: blobs of all parts are durable before the transaction; it ends the batch and begins every part, or nothing;
whatever goes wrong with looking, the paper goes on to digitizing as it is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from appliance.domain.documents import Document, advance, replaced_by
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.ids import new_id
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.runner import Action, StepFailed
from appliance.store import Store, batches, documents
from appliance.store.blobs import Blob
from scanner_intake.batches import Part, Plan, as_ranges, from_ranges
from scanner_intake.cutting import Batch, CutFailed, cut_batch, take_pages
from scanner_intake.digitized import Limits

TRIES = 3
BOX_FAULTS = frozenset({"timeout", "limits-exceeded", "crashed", "out-of-memory", "bad-result"})
NOT_LOOKED = "batch-not-looked-at"
"""Warning of a paper from a batch folder whose file could not be searched for sheets."""


class Splitting:
    """Stands in front of the ``digitize`` action; ``folders`` are the names of the drop folders that take batches."""

    def __init__(
        self,
        store: Store,
        work: Path,
        limits: Limits,
        folders: Collection[str],
        digitize: Action,
        look: Callable[..., Batch] = cut_batch,
        take: Callable[..., Path] = take_pages,
        passwords: Passwords | None = None,
    ) -> None:
        self._store = store
        self._work = work
        self._limits = limits
        self._folders = frozenset(folders)
        self._digitize = digitize
        self._look = look
        self._take = take
        self._passwords = passwords or Passwords()

    def __call__(self, document: Document, now: datetime) -> None:
        """Split, cut or digitize one leased document."""
        if document.part_of:
            whole = self._store.read(lambda db: documents.load(db, document.part_of))
            # Once cut, its size is known; the cut of all pages may be the very same bytes as the whole.
            if document.original_sha256 == whole.original_sha256 and not document.current_size:
                return self._cut_out(document, now)
        elif document.folder in self._folders and NOT_LOOKED not in document.warnings and self._split(document, now):
            return None
        return self._digitize(document, now)

    def _split(self, document: Document, now: datetime) -> bool:
        """Whether the file was a batch, which now is split."""
        folder = self._passing_folder(document)
        try:
            source = self._store.blobs.existing(document.original_sha256)
            found = self._look(source, folder, self._limits, self._passwords.of(document))
            if found.plan.whole or not found.plan.parts:
                return False
            blobs = [self._store.blobs.put(path) for path in found.parts]
            pictures = {number: self._store.blobs.put(path) for number, path in (found.pictures or {}).items()}
            self._store.write(lambda db: _replace_batch(db, document, found.plan, blobs, pictures, now))
            return True
        except CutFailed as failure:
            if failure.code not in BOX_FAULTS:
                return False  # digitizing says what is wrong with the file
            if document.attempts + 1 < TRIES:
                raise StepFailed(failure.code) from failure
            code = failure.code
            self._store.write(lambda db: _go_on_unsplit(db, document, code, now))
            return True
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _cut_out(self, document: Document, now: datetime) -> None:
        folder = self._passing_folder(document)
        pages = from_ranges(document.part_pages)
        try:
            source = self._store.blobs.existing(document.original_sha256)
            blob = self._store.blobs.put(self._take(source, pages, folder, self._limits, self._passwords.of(document)))
            after = _saved_anew(document, now, original_sha256=blob.sha256, current_size=blob.size)
            detail = {"pages": document.part_pages, "sha256": blob.sha256, "of": document.part_of}
            self._store.write(lambda db: documents.save(db, document, after, "worker", "cut-out", detail))
        except CutFailed as failure:
            if failure.code in BOX_FAULTS and document.attempts + 1 < TRIES:
                raise StepFailed(failure.code) from failure
            ended = advance(document, Event.GAVE_UP, now, reason_code="cut-failed")
            detail = {"code": "cut-failed"}
            self._store.write(lambda db: documents.save(db, document, ended, "worker", Event.GAVE_UP, detail))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _passing_folder(self, document: Document) -> Path:
        self._work.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{document.id}.", dir=self._work))


def _replace_batch(
    db: Any, batch: Document, plan: Plan, blobs: list[Blob], pictures: dict[int, Blob], now: datetime
) -> None:
    after = replaced_by(batch, "split", now)
    detail = {"count": len(plan.parts), "reason": "", "code": "split"}
    documents.save(db, batch, after, "worker", Event.REPLACED, detail)
    for part, blob in zip(plan.parts, blobs, strict=True):
        fresh = _part_of(batch, part, plan, blob, now)
        detail = {"sha256": blob.sha256, "size": blob.size, "name": fresh.original_name, "folder": fresh.folder}
        documents.insert(db, fresh, "worker", detail | {"batch": batch.id, "pages": fresh.part_pages})
    for cut in plan.cuts:
        picture = pictures[cut.part].sha256 if cut.part in pictures else ""
        batches.keep_cut(db, batches.CutRow(batch.id, cut.part, as_ranges(cut.pages), cut.read, picture))


def _part_of(batch: Document, part: Part, plan: Plan, blob: Blob, now: datetime) -> Document:
    """A part as a received document. Where a sheet names another kind than the folder's, a person approves it: a sheet
    of paper must not take the leader's signature away under a folder's policy.
    """
    kind = Kind(part.kind) if part.kind else batch.kind
    return Document(
        id=new_id(),
        kind=kind,
        state=State.RECEIVED,
        version=1,
        original_sha256=blob.sha256,
        original_name=part_name(batch.original_name, part.number),
        media_type="",
        folder=batch.folder,
        policy=batch.policy if kind is batch.kind else "person",
        received_at=batch.received_at,
        updated_at=now,
        current_size=blob.size,
        fields=batch.fields,
        warnings=plan.warnings,
        part_of=batch.id,
        part_number=part.number,
        part_pages=as_ranges(part.pages),
        dossier=part.dossier,
    )


def part_name(batch_name: str, number: int) -> str:
    """The name of a batch's part: ``lô sáng.tif`` → ``lô sáng (2).pdf``."""
    return f"{PurePosixPath(batch_name).stem} ({number}).pdf"


def _go_on_unsplit(db: Any, document: Document, code: str, now: datetime) -> None:
    after = _saved_anew(document, now, warnings=tuple(sorted({*document.warnings, NOT_LOOKED})))
    documents.save(db, document, after, "worker", NOT_LOOKED, {"code": code})


def _saved_anew(document: Document, now: datetime, **changes: object) -> Document:
    """The document with other facts in the same state, its failures forgotten."""
    fresh = {"version": document.version + 1, "updated_at": now, "attempts": 0, "next_attempt_at": None}
    return replace(document, **(fresh | {"last_error": ""} | changes))  # type: ignore[arg-type]
