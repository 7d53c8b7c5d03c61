"""In front of splitting: two files of a two-sided folder, fronts and backs of one stack, become one paper.

Owns the pairing (the older file holds the fronts) and the one transaction in which both end and the whole takes their
place. It refuses to guess: stacks whose numbers of pages cannot belong together, and fronts whose backs never come, go
on as they are, with a warning.

Invariants: both originals stay untouched; the whole is cut from their own page streams; both end and one begins, or
nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.domain.documents import Document, replaced_by
from appliance.domain.states import Event, State
from appliance.ids import new_id
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.runner import Action, StepFailed
from appliance.store import Store, batches, documents
from appliance.store.blobs import Blob
from scanner_intake.cutting import CutFailed, sides_together
from scanner_intake.digitized import Limits

WAIT_FOR_BACKS = timedelta(minutes=15)
LOOK_AGAIN = timedelta(seconds=10)
ALONE = frozenset({"backs-missing", "sides-do-not-match"})


class Collating:
    """Stands in front of ``split``; ``folders`` are the names of the two-sided drop folders."""

    def __init__(
        self,
        store: Store,
        work: Path,
        limits: Limits,
        folders: Collection[str],
        split: Action,
        together: Callable[..., Path] = sides_together,
        passwords: Passwords | None = None,
    ) -> None:
        self._store = store
        self._work = work
        self._limits = limits
        self._folders = frozenset(folders)
        self._split = split
        self._together = together
        self._passwords = passwords or Passwords()

    def __call__(self, document: Document, now: datetime) -> None:
        """Put one leased document together with its other side, or hand it on."""
        if document.folder not in self._folders or document.part_of or ALONE & set(document.warnings):
            return self._split(document, now)
        stacks = self._store.read(lambda db: batches.stacks_waiting(db, document.folder))
        stacks = [one for one in stacks if not ALONE & set(one.warnings)]
        if document.id not in [one.id for one in stacks]:  # it is a whole already
            return self._split(document, now)
        if len(stacks) > 1:
            return self._pair(stacks[0], stacks[1], now)
        if now - document.received_at < WAIT_FOR_BACKS:
            raise StepFailed("waits-for-backs", LOOK_AGAIN)
        return self._alone(document, "backs-missing", now)

    def _pair(self, fronts: Document, backs: Document, now: datetime) -> None:
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{fronts.id}.", dir=self._work))
        try:
            sides = [self._store.blobs.existing(one.original_sha256) for one in (fronts, backs)]
            known = self._passwords.of(fronts)
            blob = self._store.blobs.put(self._together(*sides, folder, self._limits, known))
            self._store.write(lambda db: _become_one(db, fronts, backs, blob, now))
        except CutFailed:  # which of the two is at fault, digitizing will say
            for one in (fronts, backs):
                self._alone(one, "sides-do-not-match", now)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _alone(self, document: Document, code: str, now: datetime) -> None:
        after = replace(
            document,
            warnings=tuple(sorted({*document.warnings, code})),
            version=document.version + 1,
            updated_at=now,
            attempts=0,
            next_attempt_at=None,
            last_error="",
        )
        self._store.write(lambda db: documents.save(db, document, after, "worker", code, {"code": code}))


def _become_one(db: Any, fronts: Document, backs: Document, blob: Blob, now: datetime) -> None:
    whole = Document(
        id=new_id(),
        kind=fronts.kind,
        state=State.RECEIVED,
        version=1,
        original_sha256=blob.sha256,
        original_name=fronts.original_name,
        media_type="",
        folder=fronts.folder,
        policy=fronts.policy,
        received_at=fronts.received_at,
        updated_at=now,
        current_size=blob.size,
        fields=fronts.fields,
    )
    detail = {"sha256": blob.sha256, "size": blob.size, "name": whole.original_name, "folder": whole.folder}
    documents.insert(db, whole, "worker", detail | {"fronts": fronts.id, "backs": backs.id})
    for one in (fronts, backs):
        after = replace(replaced_by(one, "collated", now), part_of=whole.id)
        documents.save(db, one, after, "worker", Event.REPLACED, {"count": 1, "code": "collated"})
