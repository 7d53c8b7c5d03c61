"""DIGITIZED with a paper to join → both end, one begins: the limited child puts the files together.

Owns the files and the failures; what joining means is ``commands.joining``. Invariants: the joined file is durable
before the transaction that ends the two papers; whatever goes wrong, both stay as they were and the first says so.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from appliance.commands import CommandRefused
from appliance.commands.joining import become_one, give_up
from appliance.domain.documents import Document
from appliance.domain.pages import CannotCut
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.runner import StepFailed
from appliance.pipeline.splitting import BOX_FAULTS, TRIES
from appliance.store import ChangedMeanwhile, Store, documents
from scanner_intake.cutting import CutFailed, files_together
from scanner_intake.digitized import Limits


class Joining:
    """The step; ``work`` is a folder for passing files."""

    def __init__(
        self,
        store: Store,
        work: Path,
        limits: Limits,
        together: Callable[..., tuple[Path, int, int]] = files_together,
        passwords: Passwords | None = None,
    ) -> None:
        self._store = store
        self._work = work
        self._limits = limits
        self._together = together
        self._passwords = passwords or Passwords()

    def __call__(self, first: Document, now: datetime) -> None:
        """Put one leased paper together with the one that it shall join."""
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{first.id}.join.", dir=self._work))
        try:
            second = self._store.read(lambda db: documents.load(db, first.joins))
            files = [self._store.blobs.existing(one.original_sha256) for one in (first, second)]
            known = tuple(dict.fromkeys((*self._passwords.of(first), *self._passwords.of(second))))
            made, ahead, behind = self._together(*files, folder, self._limits, known)
            blob = self._store.blobs.put(made)
            self._store.write(lambda db: become_one(db, first, second, blob, (ahead, behind), "worker", now))
        except CutFailed as failure:
            if failure.code in BOX_FAULTS and first.attempts + 1 < TRIES:
                raise StepFailed(failure.code) from failure
            self._give_up(first, failure.code, now)
        except (CommandRefused, CannotCut) as refused:
            self._give_up(first, refused.code, now)
        except ChangedMeanwhile:
            self._give_up(first, "changed-meanwhile", now)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _give_up(self, first: Document, code: str, now: datetime) -> None:
        """Raises: ChangedMeanwhile, when it was the first paper that changed; then nobody waits for this any more."""
        self._store.write(lambda db: give_up(db, first, code, "worker", now))
