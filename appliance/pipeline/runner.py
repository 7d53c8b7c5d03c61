"""The worker's loop: lease, run the step, and when it fails through no fault of the paper, try later.

One thread per core digitizes; one more does the light steps, so that an urgent paper is signed while a long one is
read. A lease is prolonged while a thread is at the paper, ends by itself when even a failure could not be noted (a full
disk), and is given back at the worker's next start (one worker per box, held by a file lock).
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from appliance.domain.documents import Document, failed_attempt, parked
from appliance.domain.steps import Step, next_step
from appliance.store import ChangedMeanwhile, Store, StoreFull, documents

HEAVY = frozenset({Step.DIGITIZE, Step.JOIN})
"""Steps that open a paper's file; they keep the light ones waiting for nothing."""
LEASE = timedelta(seconds=60)
PAUSE_AFTER_FAILURE = 5.0
PARKED_FOR = timedelta(minutes=10)
"""A parked paper is looked at again this often, should nobody have woken it."""
Action = Callable[[Document, datetime], None]
log = logging.getLogger(__name__)


class StepFailed(Exception):
    """A step did not work out; ``code`` is stable, ``wait`` says when to try again (None: growing pauses)."""

    def __init__(self, code: str, wait: timedelta | None = None) -> None:
        super().__init__(code)
        self.wait = wait


class StepParked(StepFailed):
    """The step waits for something outside, told by ``code``; this is no attempt of the paper, however often."""


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
        self._turned_at = time.monotonic()
        self._store = store
        self._actions = actions
        self._clock = clock
        self._owner = owner or f"worker:{os.getpid()}"
        self._at_work: dict[str, str] = {}

    def run(
        self, stop: threading.Event, lock: Path, heavy_threads: int, at_start: Callable[[], None] = lambda: None
    ) -> None:
        """Work until ``stop`` is set; ``at_start`` runs once, when no other worker can be at work any more.

        Raises:
            BlockingIOError: another worker holds ``lock``.
        """
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._store.write(lambda db: documents.end_leases(db, "worker:"))
            at_start()
            heavy = [step for step in self._actions if step in HEAVY]
            light = [step for step in self._actions if step not in HEAVY]
            groups = [light, *([heavy] * heavy_threads)]
            threads = [
                threading.Thread(target=self._loop, args=(stop, steps, f"{self._owner}:{index}"), daemon=True)
                for index, steps in enumerate(groups)
            ]
            threads.append(threading.Thread(target=self._renew, args=(stop,), daemon=True))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def turned_within(self, seconds: float) -> bool:
        """Whether the loop of the light steps began a turn in the last ``seconds``; the watchdog asks.

        A long paper keeps only its own thread busy, bounded by the child's limits, and says nothing about health.
        """
        return time.monotonic() - self._turned_at < seconds

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
        self._at_work[name] = document.id
        try:
            self._attempt(document, steps)
        finally:
            del self._at_work[name]
        return True

    def _attempt(self, document: Document, steps: list[Step]) -> None:
        try:
            action = next(self._actions[step] for step in steps if _waits_for(document, step))
            action(document, self._clock())
        except ChangedMeanwhile:
            log.info("document %s was changed by somebody else meanwhile", document.id)
        except StepParked as waiting:
            self._park(document, str(waiting), waiting.wait or PARKED_FOR)
        except StepFailed as failure:
            self._later(document, str(failure), failure.wait)
        except StoreFull:
            self._later(document, "store-full", timedelta(seconds=30))
        except Exception as error:
            log.exception("step failed for document %s", document.id)
            self._later(document, f"unexpected: {type(error).__name__}: {error}", None)

    def _later(self, document: Document, error: str, wait: timedelta | None) -> None:
        now = self._clock()
        self._note(document, failed_attempt(document, error, now, wait))

    def _park(self, document: Document, reason: str, wait: timedelta) -> None:
        now = self._clock()
        self._note(document, parked(document, reason, now, now + wait))

    def _note(self, document: Document, after: Document) -> None:
        with suppress(ChangedMeanwhile, StoreFull):  # a full disk cannot note even this: the lease ends by itself
            self._store.write(lambda db: documents.note_attempt(db, document, after))

    def _loop(self, stop: threading.Event, steps: list[Step], owner: str) -> None:
        seen, idle = -1, 0
        while not stop.is_set():
            if not HEAVY & set(steps):
                self._turned_at = time.monotonic()
            try:
                version = self._store.data_version()
                if version == seen and idle < 5:
                    idle += 1
                    stop.wait(0.2)
                    continue
                seen, idle = version, 0
                while not stop.is_set() and self.once(steps, owner):
                    pass
            except StoreFull:
                seen = -1
                stop.wait(PAUSE_AFTER_FAILURE)
            except Exception:  # a thread that ended here would stop the box's work while the process looks alive
                log.exception("%s could not take up work", owner)
                seen = -1
                stop.wait(PAUSE_AFTER_FAILURE)
            stop.wait(0.1)

    def _prolong(self, document_ids: list[str]) -> None:
        until = self._clock() + LEASE
        self._store.write(lambda db: documents.renew(db, self._owner, until, document_ids))

    def _renew(self, stop: threading.Event) -> None:
        while not stop.wait(LEASE.total_seconds() / 3):
            try:
                self._prolong(list(self._at_work.values()))
            except Exception:  # the next round tries again long before the leases end
                log.exception("leases could not be prolonged")


def _waits_for(document: Document, step: Step) -> bool:
    return next_step(document) is step
