"""The worker's loop: lease, run the step, and when it fails through no fault of the paper, try later.

One thread per core digitizes; one more does the light steps, so that an urgent paper is signed while a long one is read.
Leases are prolonged while the process lives and given back at its next start (one worker per box, held by a file lock).
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from appliance.domain.documents import Document, failed_attempt
from appliance.domain.steps import Step, next_step
from appliance.store import ChangedMeanwhile, Store, StoreFull, documents

LEASE = timedelta(seconds=60)
Action = Callable[[Document, datetime], None]
log = logging.getLogger(__name__)


class StepFailed(Exception):
    """A step did not work out; ``code`` is stable, ``wait`` says when to try again (None: growing pauses)."""

    def __init__(self, code: str, wait: timedelta | None = None) -> None:
        super().__init__(code)
        self.wait = wait


class Runner:
    """Runs ``actions`` over the store until told to stop."""

    def __init__(
        self,
        store: Store,
        actions: Mapping[Step, Action],
        clock: Callable[[], datetime],
        owner: str = "",
        gates: Mapping[Step, Callable[[], bool]] | None = None,
    ) -> None:
        self._gates = gates or {}
        self._store = store
        self._actions = actions
        self._clock = clock
        self._owner = owner or f"worker:{os.getpid()}"

    def run(self, stop: threading.Event, lock: Path, heavy_threads: int) -> None:
        """Work until ``stop`` is set.

        Raises:
            BlockingIOError: another worker holds ``lock``.
        """
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._store.write(lambda db: documents.end_leases(db, "worker:"))
            light = [step for step in self._actions if step is not Step.DIGITIZE]
            groups = [light, *([[Step.DIGITIZE]] * heavy_threads)]
            threads = [
                threading.Thread(target=self._loop, args=(stop, steps, f"{self._owner}:{index}"), daemon=True)
                for index, steps in enumerate(groups)
            ]
            threads.append(threading.Thread(target=self._renew, args=(stop,), daemon=True))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def once(self, steps: list[Step], owner: str = "") -> bool:
        """Lease and run one step; False when nothing waits, or nothing whose gate is open (a token, for signing)."""
        steps = [step for step in steps if step not in self._gates or self._gates[step]()]
        if not steps:
            return False
        now = self._clock()
        name = owner or self._owner
        document = self._store.write(lambda db: documents.lease(db, name, now, LEASE, steps))
        if document is None:
            return False
        self._attempt(document, steps)
        return True

    def _attempt(self, document: Document, steps: list[Step]) -> None:
        action = next(self._actions[step] for step in steps if _waits_for(document, step))
        try:
            action(document, self._clock())
        except ChangedMeanwhile:
            log.info("document %s was changed by somebody else meanwhile", document.id)
        except StepFailed as failure:
            self._later(document, str(failure), failure.wait)
        except StoreFull:
            self._later(document, "store-full", timedelta(seconds=30))
        except Exception as error:
            log.exception("step failed for document %s", document.id)
            self._later(document, f"unexpected: {type(error).__name__}: {error}", None)

    def _later(self, document: Document, error: str, wait: timedelta | None) -> None:
        now = self._clock()
        after = failed_attempt(document, error, now, wait)
        with suppress(ChangedMeanwhile, StoreFull):  # a full disk cannot even note the failure: the lease ends by itself
            self._store.write(lambda db: documents.note_attempt(db, document, after))

    def _loop(self, stop: threading.Event, steps: list[Step], owner: str) -> None:
        seen, idle = -1, 0
        while not stop.is_set():
            version = self._store.data_version()
            if version == seen and idle < 5:
                idle += 1
                stop.wait(0.2)
                continue
            seen, idle = version, 0
            try:
                while not stop.is_set() and self.once(steps, owner):
                    pass
            except StoreFull:
                stop.wait(5)
            stop.wait(0.1)

    def _renew(self, stop: threading.Event) -> None:
        while not stop.wait(LEASE.total_seconds() / 3):
            with suppress(StoreFull):
                self._store.write(lambda db: documents.renew(db, self._owner, self._clock() + LEASE))


def _waits_for(document: Document, step: Step) -> bool:
    return next_step(document) is step
