"""Long-term proof of the box's signed papers: the step with the earliest deadline, one at a time.

Each step is made on a copy, checked, put among the blobs and only then told to the rows; a crash at any moment leaves
the old file or the new one. Never in the way of the pipeline: this runs in the process that reaches the network, and a
paper waits for its first stamp only a short while before it is queued (`StampHold`); the province stamps what comes
without.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from appliance.domain.documents import Document
from appliance.store import BlobMissing, Store, StoreFull
from appliance.store import longterm as rows
from hsm.gathering import EvidenceError
from hsm.longterm import Schedule, due, standing_of
from hsm.revocation import RevocationLists
from hsm.tsa import TsaError
from hsm.upgrade import Step, Upgraded, Upgrader, UpgradeRefused

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)
FULL_PAUSE = 30.0
NOT_READY_PAUSE = 5.0
HOLD_STEP = timedelta(seconds=1)
HELD_BACKLOG = 3
"""With more papers waiting than this, a new one would not have its stamp in time: it is not held for it."""
_NEVER = frozenset({"upgrade-not-sound"})
"""A file that was changed will not become whole; whatever else fails may be a matter of time, memory or the clock."""
log = logging.getLogger(__name__)


def proof_of(
    store: Store, document: Document, schedule: Schedule, list_until: datetime | None = None, file: Path | None = None
) -> rows.Proof:
    """Where a signed paper's present file stands. Raises: OSError, ValueError, pyHanko's PdfError."""
    path = file or store.blobs.existing(document.current_sha256)
    signed_at = max(signature.signed_at for signature in document.signatures)
    return _proof(document.id, path, document.current_sha256, document.current_size, signed_at, list_until, schedule)


def first_proof(
    store: Store, document: Document, certificate: bytes, file: Path, lists: RevocationLists | None
) -> rows.Proof | None:
    """Where a paper stands that has just got its last signature, by ``certificate`` (DER), in ``file``.

    None if that cannot be told now: the time-stamping thread tells it later (`Upgrading.adopt`).
    """
    try:
        issuer = x509.load_der_x509_certificate(certificate).issuer.rfc4514_string()
        until = next((one.until for one in lists.kept() if one.issuer == issuer), None) if lists else None
        return proof_of(store, document, Schedule(), until, file)
    except Exception:  # a signature that is made and checked must not be lost over this
        log.exception("long-term proof of %s cannot begin yet", document.id)
        return None


def _proof(
    document_id: str,
    path: Path,
    sha256: str,
    size: int,
    signed_at: datetime,
    list_until: datetime | None,
    schedule: Schedule,
) -> rows.Proof:
    standing = standing_of(path, signed_at, list_until)
    following = due(standing, schedule)
    return rows.Proof(
        document_id=document_id,
        level=standing.level.value,
        sha256=sha256,
        size=size,
        signed_at=signed_at,
        signers_end=standing.signers_end,
        step=following.step.value,
        not_before=following.not_before,
        deadline=following.deadline,
        lost_after=following.lost_after,
        list_until=list_until,
        stamped_at=standing.stamped_at,
        stamp_ends=standing.stamp_ends,
    )


class Upgrading:
    """Makes the steps. `work` is a folder for passing files."""

    def __init__(
        self,
        store: Store,
        work: Path,
        upgrader: Upgrader,
        clock: Callable[[], datetime],
        schedule: Schedule,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """`ready` says whether a time-stamp service may be asked now; while none may, no evidence is gathered."""
        self._store, self._work, self._upgrader, self._clock = store, work, upgrader, clock
        self._schedule, self._ready = schedule, ready

    def adopt(self) -> int:
        """Begin rows for papers that were signed before there were any; returns how many."""
        found = 0
        for document in self._store.read(rows.unknown):
            try:
                proof = proof_of(self._store, document, self._schedule)
            except Exception:  # whatever is wrong with one old file must not stop the others
                log.exception("long-term proof of %s cannot begin", document.id)
                continue
            self._begin(proof)
            found += 1
        return found

    def _begin(self, proof: rows.Proof) -> None:
        self._store.write(lambda db: rows.begin(db, proof))

    def once(self) -> float | None:
        """Make the step with the earliest deadline. Seconds to wait before the next, 0 after a step, None: none waits.

        A service that cannot be reached is nobody's fault and noted with no paper.
        """
        now = self._clock()
        waiting = self._store.read(lambda db: rows.waiting(db, now))
        if not waiting:
            return None
        if not self._ready():
            return NOT_READY_PAUSE
        proof = waiting[0]
        try:
            return self._step(proof, now)
        except TsaError as error:
            return max(error.wait, 1.0)
        except EvidenceError as error:
            self._failed(proof, error.code, error.final)
        except UpgradeRefused as error:
            self._failed(proof, str(error), error.code in _NEVER)
        except StoreFull:
            return FULL_PAUSE
        except BlobMissing as error:
            self._failed(proof, f"blob-missing: {error}", False)
        except OSError as error:
            log.error("long-term proof: %s", error)
            return FULL_PAUSE
        except Exception as error:  # one paper's odd file must not end the thread that serves all of them
            log.exception("long-term proof of %s", proof.document_id)
            self._failed(proof, f"unexpected: {type(error).__name__}: {error}", False)
        return 0.0

    def apply(self, proof: rows.Proof, upgraded: Upgraded, file: Path) -> bool:
        """Take a checked, better file over; False when the paper has moved on meanwhile. Raises: StoreFull, OSError."""
        blob = self._store.blobs.put(file)
        if blob.sha256 != upgraded.sha256:
            raise OSError("the file changed while it was copied")
        after = _proof(
            proof.document_id, file, blob.sha256, blob.size, proof.signed_at, proof.list_until, self._schedule
        )
        after = replace(after, proven_at=proof.proven_at or upgraded.stamped_at)
        taken = self._store.write(lambda db: rows.raise_level(db, proof, after, "longterm", self._clock()))
        log.info("%s: %s -> %s", proof.document_id, proof.level, after.level)
        return taken

    def _step(self, proof: rows.Proof, now: datetime) -> float:
        source = self._store.blobs.existing(proof.sha256)
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{proof.document_id}.proof.", dir=self._work))
        try:
            target = folder / "better.pdf"
            make = self._upgrader.stamp if proof.step == Step.STAMP else self._upgrader.evidence
            self.apply(proof, make(source, target, now), target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return 0.0

    def _failed(self, proof: rows.Proof, error: str, final: bool) -> None:
        log.warning("long-term proof of %s: %s", proof.document_id, error)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(proof.attempts, 10))
        again = None if final else self._clock() + pause
        self._store.write(lambda db: rows.note_failure(db, proof, error, again))


class StampHold:
    """How long a signed paper waits for its first stamp before it is queued: not at all without a line."""

    def __init__(self, store: Store, state_file: Path, patience: timedelta) -> None:
        self._store, self._file, self._patience = store, state_file, patience

    def __call__(self, document: Document, now: datetime) -> timedelta | None:
        """The time until the paper is looked at again, or None: it need not wait."""
        if not self._patience:
            return None
        proof = self._store.read(lambda db: rows.find(db, document.id))
        if proof is None or proof.level != "B-B" or proof.given_up:
            return None
        if not proof.signed_at <= now < proof.signed_at + self._patience or not self._services_answer(now):
            return None
        return HOLD_STEP

    def _services_answer(self, now: datetime) -> bool:
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            young = timedelta(0) <= now - datetime.fromisoformat(told["at"]) < timedelta(minutes=1)
            return bool(told["ready"]) and int(told["waiting"]) <= HELD_BACKLOG and young
        except (OSError, ValueError, KeyError, TypeError):
            return False
