"""Takes what the province sends to this box (runner of `sync.protocol.downward` beside the uplink, on its connection).

Owns the order of things - persist, then emit, then let the message be acknowledged - and the thread on which whole
files are examined. Refuses to judge a document: its `Inbox` does, and an examination that could not be carried out is
this box's fault, tried again with growing pauses, never a refusal. Invariants:
- nothing is said before the change it speaks of is durable; a receipt goes out only after its `commit`;
- whatever memory holds may be lost: the province asks again, and the rows answer.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from sync.protocol.cose import Sign, Verify
from sync.protocol.downward import DownwardCore
from sync.protocol.messages import Manifest
from sync.protocol.records import CheckOutcome, Records
from sync.protocol.step import Change, CheckPart, CommitReceipt, Finding, Now, Publish, Step

_LOG = logging.getLogger(__name__)
LONGEST_PAUSE = 300.0
FULL_PAUSE = 30.0
_ORDINARY_LOOK = 3600.0


class NoRoom(Exception):
    """The box's disk is full: nothing was changed, and nothing more is asked for until there is room."""


class AnsweredMeanwhile(Exception):
    """The same document was answered on another way (a stick) a moment ago; the kept answer stands."""


class CannotExamine(Exception):
    """The examination could not be carried out; its text is for the log. Tried again later."""


class Inbox(Records, Protocol):
    """The box's rows and files of what comes down. Every change is durable on return, but for written chunks."""

    def door(self, manifest: Manifest) -> CheckOutcome | None:
        """Return why this offer is refused by its words alone, or None."""

    def carry_out(self, change: Change) -> None:
        """Do one change of the core. Raises NoRoom, AnsweredMeanwhile."""

    def examine(self, manifest: Manifest) -> CheckOutcome:
        """Judge the whole file of a transfer: digest, signatures, secrecy; called on a thread of its own.

        Raises CannotExamine.
        """

    def complete(self) -> list[Manifest]:
        """Return the transfers whose bytes are all durable and that have no answer yet (after a kill)."""


@dataclass
class _Waiting:
    manifest: Manifest
    attempts: int = 0
    due: float = 0.0
    running: bool = False


@dataclass
class _Examined:
    manifest: Manifest
    outcome: CheckOutcome | None
    fault: str = ""


@dataclass
class _Said:
    outbound: list[Publish] = field(default_factory=list)


class Downlink:
    """A `sync.uplink.Companion`. All calls come from the uplink's thread, but for the examining thread's own."""

    def __init__(
        self,
        box: str,
        sign: Sign,
        verify: Verify,
        inbox: Inbox,
        on_finding: Callable[[Finding], None] = lambda _finding: None,
        core: DownwardCore | None = None,
    ) -> None:
        """`sign`: the device key. `verify`: the pinned province keys."""
        self._box, self._inbox, self._on_finding = box, inbox, on_finding
        self._core = core or DownwardCore(box, sign, verify, inbox, epoch=1, door=inbox.door)
        self._wake: Callable[[], None] = lambda: None
        self._todo: queue.SimpleQueue[Manifest | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Examined] = queue.SimpleQueue()
        self._waiting: dict[bytes, _Waiting] = {}
        self._deadline: float | None = None
        self._full_until = 0.0
        self._thread: threading.Thread | None = None

    def begin(self, wake: Callable[[], None]) -> None:
        """Start examining; what was complete when the last process ended is examined first."""
        self._wake = wake
        self._thread = threading.Thread(target=self._work, name="incoming-examination", daemon=True)
        self._thread.start()
        for manifest in self._inbox.complete():
            self._waiting[manifest.tid] = _Waiting(manifest)

    def end(self) -> None:
        """Let the examining thread end; what it is at does not matter any more."""
        self._todo.put(None)

    def on_connected(self, now: Now) -> list[Publish]:
        """Nothing to say: the province offers."""
        return []

    def on_message(self, topic: str, payload: bytes, now: Now) -> list[Publish]:
        """Take one message; durable on return."""
        said = _Said()
        self._carry(self._core.on_message(topic, payload, now), said, now)
        return said.outbound

    def on_turn(self, now: Now) -> list[Publish]:
        """Do what is due: haves, finished examinations, the next ones."""
        said = _Said()
        if self._full_until and now.mono >= self._full_until:
            self._full_until = 0.0
            self._core.pause(False)
        self._collect(said, now)
        if self._deadline is not None and now.mono >= self._deadline:
            self._carry(self._core.on_tick(now), said, now)
        for waiting in self._waiting.values():
            if not waiting.running and waiting.due <= now.mono:
                waiting.running = True
                self._todo.put(waiting.manifest)
        return said.outbound

    def next_due(self, now: Now) -> float:
        """When `on_turn` must be called again at the latest, in monotonic seconds."""
        due = [waiting.due for waiting in self._waiting.values() if not waiting.running]
        due += [moment for moment in (self._deadline, self._full_until or None) if moment is not None]
        return min(due, default=now.mono + _ORDINARY_LOOK)

    def _carry(self, step: Step, said: _Said, now: Now) -> None:
        try:
            for change in step.changes:
                self._do(change)
        except (NoRoom, OSError) as error:
            _LOG.error("no room for what comes down: %s", error)
            self._forget(step.changes)
            self._core.pause(True)
            self._full_until = now.mono + FULL_PAUSE
            self._deadline = step.deadline
            return
        except AnsweredMeanwhile:
            self._forget(step.changes)
            self._deadline = step.deadline
            return
        said.outbound += step.outbound
        self._deadline = step.deadline

    def _do(self, change: Change) -> None:
        match change:
            case Finding():
                _LOG.warning("finding %s %s", change.code, dict(change.params))
                self._on_finding(change)
            case CheckPart(_, tid, manifest):
                self._waiting.setdefault(tid, _Waiting(manifest))
            case CommitReceipt(_, tid, manifest, receipt, _):
                self._inbox.carry_out(change)
                self._waiting.pop(tid, None)
                _LOG.info("answered %s %s %s", manifest.document_id, receipt.result.name.lower(), receipt.code)
            case _:
                self._inbox.carry_out(change)

    def _forget(self, changes: Iterable[Change]) -> None:
        for change in changes:
            tid = getattr(change, "tid", None)
            if isinstance(tid, bytes):
                self._core.forget(self._box, tid)
                self._waiting.pop(tid, None)

    def _collect(self, said: _Said, now: Now) -> None:
        while True:
            try:
                examined = self._done.get_nowait()
            except queue.Empty:
                return
            waiting = self._waiting.get(examined.manifest.tid)
            if waiting is None:
                continue
            if examined.outcome is None:
                waiting.attempts += 1
                waiting.running = False
                waiting.due = now.mono + min(LONGEST_PAUSE, 2.0**waiting.attempts)
                _LOG.error("cannot examine %s: %s", examined.manifest.document_id, examined.fault)
                continue
            del self._waiting[examined.manifest.tid]
            manifest = examined.manifest
            step = self._core.on_checked(self._box, manifest.tid, manifest.digest, examined.outcome, now)
            self._carry(step, said, now)

    def _work(self) -> None:
        while (manifest := self._todo.get()) is not None:
            try:
                self._done.put(_Examined(manifest, self._inbox.examine(manifest)))
            except Exception as error:  # a fault of ours, whatever it is, never costs the sender its document
                self._done.put(_Examined(manifest, None, f"{type(error).__name__}: {error}"))
            self._wake()
