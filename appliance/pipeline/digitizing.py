"""RECEIVED → DIGITIZED: the limited child makes the PDF/A, its text and fields; markings stop a suspected secret.

A verdict about the *paper* is an event; a failure of the box (no memory, no space, no program) is an attempt.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.domain.documents import SUSPECTED, Document, FieldValue, advance, without_content
from appliance.domain.states import Event
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.runner import StepFailed
from appliance.pipeline.underway import Underway
from appliance.store import Store, arrivals, books, documents, texts
from scanner_intake.digitize import Digitized, Limits, digitize

GIVE_UP_AFTER = 4
MAYBE_OURS = frozenset({"timeout", "limits-exceeded", "crashed", "out-of-memory", "bad-result", "ocr-failed"})
"""Failures that a busy or poor box may cause as well as a bad file: tried again before the paper is set aside."""
RELEASED_AS_NOT_SECRET = "released-as-not-secret"
WRONG_PASSWORD = "password-wrong"
"""A person typed a password for the paper, and it does not open it."""
Engine = Callable[..., Digitized]
"""``scanner_intake.digitize.digitize``, or what stands in for it."""
Judge = Callable[[Path], dict[str, Any]]
"""Verifies a file that arrived signed, in a limited child: the facts of ``hsm.verify.Verification``."""


class Digitizing:
    """The step; ``work`` is a folder for passing files on any file system."""

    def __init__(
        self,
        store: Store,
        work: Path,
        limits: Limits,
        language: str,
        engine: Engine = digitize,
        clock: Callable[[], datetime] | None = None,
        passwords: Passwords | None = None,
        underway: Underway | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._engine = engine
        self._judge = judge
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._underway = underway or Underway()
        self._store = store
        self._work = work
        self._limits = limits
        self._language = language

    def __call__(self, document: Document, now: datetime) -> None:
        """Digitize one leased document and save what came of it."""
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{document.id}.", dir=self._work))
        try:
            released = RELEASED_AS_NOT_SECRET in document.warnings
            source = self._store.blobs.existing(document.original_sha256)
            result = self._engine(
                source,
                folder,
                self._limits,
                self._language,
                ignore_markings=released,
                passwords=self._passwords.of(document),
                on_page=lambda page, of: self._underway.began(document.id, page, of),
            )
            self._save(
                document, result, self._clock() if self._clock else now
            )  # it took its time: history says when done
            self._passwords.forget(document.id)  # not after a failure of the box, which tries again
        finally:
            self._underway.ended(document.id)
            shutil.rmtree(folder, ignore_errors=True)

    def _save(self, before: Document, result: Digitized, now: datetime) -> None:
        if result.verdict == "suspected-secret":
            code = "marking-unreadable" if result.code == "marking-unreadable" else "suspected-secret"
            self._end(before, Event.SUSPECTED_SECRET, code, result, now)
        elif result.verdict in ("ok", "signed-kept"):
            self._keep(before, result, now)
        elif result.code == "ocr-missing":
            raise StepFailed(result.code, timedelta(minutes=1))
        elif result.code in MAYBE_OURS and _tries(before) < GIVE_UP_AFTER:
            raise StepFailed(result.code)
        elif result.code in MAYBE_OURS:
            self._end(before, Event.GAVE_UP, result.code, result, now)
        elif result.verdict == "needs-password" and self._passwords.has_typed(before.id):
            self._end(before, Event.UNREADABLE, WRONG_PASSWORD, result, now)
        else:
            self._end(before, Event.UNREADABLE, result.code or result.verdict, result, now)

    def _keep(self, before: Document, result: Digitized, now: datetime) -> None:
        # A file that is signed already is kept as it came: any other bytes would break its signatures.
        blob = self._store.blobs.put(result.pdf or self._store.blobs.existing(before.original_sha256))
        arrived = self._arrived(blob.sha256) if result.verdict == "signed-kept" else None
        doubtful = arrived is not None and arrived["conclusion"] in arrivals.BAD
        after = advance(
            before,
            Event.DIGITIZED,
            now,
            pages=result.pages,
            hidden=result.hidden_pages,
            media_type=result.media_type,
            archive_sha256=blob.sha256,
            current_sha256=blob.sha256,
            current_size=blob.size,
            fields=_brought_along(before)
            | {
                name: FieldValue(f.value, f.confidence, f.page, f.box or (0.0, 0.0, 0.0, 0.0))
                for name, f in result.fields.items()
                if not f.guess or before.policy == "person"  # a guess is for a person to confirm, never for a policy
            }
            | _of_the_first(before),
            markings=tuple(sorted({f"{m.kind}:{m.value}" for m in result.markings if m.kind != "seal"})),
            warnings=tuple(sorted({*before.warnings, *result.warnings})),
            # Điều 21 NĐ 30/2020: a person decides about a paper whose signatures do not hold.
            policy="person" if doubtful else before.policy,
        )

        def change(db: Any) -> None:
            texts.keep(db, before.id, result.text)
            arrivals.forget(db, before.id)
            if arrived is not None:
                arrivals.keep(db, before.id, arrived, now)
            documents.save(db, before, after, "worker", Event.DIGITIZED, {"sha256": blob.sha256, "pages": result.pages})

        self._store.write(change)

    def _arrived(self, sha256: str) -> dict[str, Any] | None:
        return self._judge(self._store.blobs.existing(sha256)) if self._judge else None

    def _end(self, before: Document, event: Event, code: str, result: Digitized, now: datetime) -> None:
        after = advance(before, event, now, reason_code=code, media_type=result.media_type, pages=result.pages)
        if event is Event.SUSPECTED_SECRET:  # nothing of a secret's content is kept beside the original
            after = advance(without_content(before), event, now, reason_code=code, markings=(SUSPECTED,))

        def change(db: Any) -> None:
            texts.forget(db, before.id)
            arrivals.forget(db, before.id)
            if after.secret:
                books.wipe(db, before.id)
            documents.save(db, before, after, "worker", event, {"code": code})

        self._store.write(change)


def _brought_along(document: Document) -> dict[str, FieldValue]:
    """The urgency that the paper's sub-folder said (no page was read for it); what the paper itself says wins."""
    urgency = document.fields.get("urgency")
    return {"urgency": urgency} if urgency and urgency.page == 0 else {}


def _of_the_first(document: Document) -> dict[str, FieldValue]:
    """What the first of two joined papers said (its pages stand where they stood): the second's only fill the gaps."""
    return {name: found for name, found in document.fields.items() if found.value} if document.joined_of else {}


def _tries(document: Document) -> int:
    """How often the child has now failed at this paper; failures of the box before (a full disk) do not count."""
    return document.attempts + 1 if document.last_error in MAYBE_OURS else 1
