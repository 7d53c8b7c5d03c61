"""The drop folders under watch: events are hints, the rescan is the truth.

Owns the loop over the drop folders and the watcher whose events make it quick; what happens within one folder is
`drop`'s. The only importer of watchdog. It refuses to interpret papers and to write any sentence for people (`note_for`
does).

Invariants: nothing a file, a folder or a custodian does ends the loop; a watcher that died (a share that blinked,
inotify limits) or that looks at a folder which was made anew is started again, and meanwhile the rescan does its work;
a polled folder never gets a watcher.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from scanner_intake.custody import Clock, Custodian, DropFolder
from scanner_intake.drop import DropWatch, NoteFor
from scanner_intake.guard import FolderTrouble, Guard
from scanner_intake.settle import OWN_FOLDER

_log = logging.getLogger(__name__)
_REST = 0.2  # seconds: events come in storms (opened, attrib, modified); one scan answers them all
_TELLING = ("created", "modified", "closed", "moved")
_OURS = f"{os.sep}{OWN_FOLDER}{os.sep}"


@dataclass(frozen=True)
class FolderState:
    """How a drop folder is: `code` "" or what is wrong since `since`; `scanned_at` is the last look at all of it.

    Codes: those of `guard.FolderTrouble`, and no-events (the rescan alone finds papers).
    """

    code: str
    since: datetime
    scanned_at: datetime | None = None
    detail: str = ""


class _Hint(FileSystemEventHandler):
    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in _TELLING and _OURS not in os.fsdecode(event.dest_path or event.src_path):
            self._wake.set()


class Intake:
    """Watches drop folders until told to stop; `tell` hears after each scan how every folder is, by its name."""

    def __init__(
        self,
        folders: Sequence[DropFolder],
        custodian: Custodian,
        clock: Clock,
        rescan_seconds: float = 15.0,
        note_for: NoteFor | None = None,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        tell: Callable[[Mapping[str, FolderState]], None] = lambda states: None,
    ) -> None:
        self._drops = [DropWatch(folder, custodian, clock, note_for, new_id) for folder in folders]
        self._guards = {folder.path: Guard(folder.path) for folder in folders}
        self._clock = clock
        self._rescan = rescan_seconds
        self._tell = tell
        self._states: dict[str, FolderState] = {}
        self._wake = threading.Event()
        self._observer: BaseObserver | None = None
        self._watched: dict[str, tuple[int, int]] = {}

    def run(self, stop: threading.Event) -> None:
        """Scans at events and every `rescan_seconds`, until `stop` is set; only folders that no other intake has."""
        try:
            while not stop.is_set():
                ready = [drop for drop in self._drops if self._ready(drop)]
                self._keep_watching(ready)
                pause = self._scan(ready, stop.is_set)
                self._pause(stop, pause)
        finally:
            self._stop_watching()
            for guard in self._guards.values():
                guard.release()

    def wake(self) -> None:
        """Asks for a scan soon (a browser delivered a file, a person asked)."""
        self._wake.set()

    def recover(self) -> None:
        """Finds the claims that were in a spool when a process died; `scan` does so too."""
        for drop in self._drops:
            try:
                drop.recover()
            except OSError as error:
                _log.warning("spool of %s cannot be read: %s", drop.folder.name, error.strerror)

    def scan(self) -> float:
        """Looks at every folder once; returns the seconds until something can next become ready."""
        return self._scan(self._drops, lambda: False)

    def _scan(self, drops: Sequence[DropWatch], stopping: Callable[[], bool]) -> float:
        started = self._clock.monotonic()
        for drop in drops:
            try:
                drop.scan(stopping)
            except FolderTrouble as trouble:
                self._note(drop, trouble.code, trouble.detail)
            except Exception:  # a defect met in one folder must not keep the others waiting
                _log.exception("drop folder %s cannot be scanned", drop.folder.name)
                self._note(drop, "drop-folder-unreachable")
            else:
                watched = drop.folder.watch == "poll" or str(drop.folder.path) in self._watched
                self._note(drop, "" if watched else "no-events", scanned=True)
        self._tell(dict(self._states))
        return self._until_due(started)

    def _ready(self, drop: DropWatch) -> bool:
        try:
            self._guards[drop.folder.path].check()
        except FolderTrouble as trouble:
            self._note(drop, trouble.code, trouble.detail)
            return False
        return True

    def _note(self, drop: DropWatch, code: str, detail: str = "", scanned: bool = False) -> None:
        name, now = drop.folder.name, self._clock.now()
        before = self._states.get(name)
        since = before.since if before and before.code == code else now
        last = now if scanned else before.scanned_at if before else None
        if code != (before.code if before else ""):
            _log.warning("drop folder %s: %s %s", name, code or "is well again", detail)
        self._states[name] = FolderState(code, since, last, detail)

    def _until_due(self, started: float) -> float:
        """A moment that was due before the scan and still is changes nothing by being waited for: it is left out."""
        now = self._clock.monotonic()
        moments = [moment for drop in self._drops if (moment := drop.due(started)) is not None]
        return max(0.05, min([now + self._rescan, *moments]) - now)

    def _pause(self, stop: threading.Event, seconds: float) -> None:
        """Waits for an event, the next due moment or the end; `stop` is noticed within half a second."""
        until = self._clock.monotonic() + seconds
        while not stop.is_set() and (left := until - self._clock.monotonic()) > 0:
            if self._wake.wait(min(left, 0.5)):
                stop.wait(_REST)
                self._wake.clear()
                return

    def _keep_watching(self, ready: Sequence[DropWatch]) -> None:
        """Starts the watcher, or starts it anew when a thread of it died, a folder came back or was made anew."""
        folders = [drop.folder for drop in ready if drop.folder.watch != "poll"]
        wanted = {str(folder.path): self._guards[folder.path].identity for folder in folders}
        alive = self._observer is not None and self._observer.is_alive() and all(map(_lives, self._observer.emitters))
        if wanted == self._watched and (alive or not wanted):
            return
        self._stop_watching()
        if not wanted:
            return
        observer = Observer()
        watched = {}
        try:
            observer.start()
            for folder in folders:
                deep = folder.recursive or bool(folder.subfolders)
                try:
                    observer.schedule(_Hint(self._wake), str(folder.path), recursive=deep)
                except OSError as error:  # no inotify watch left, or the folder has just gone: the others get theirs
                    _log.warning("no events from drop folder %s (%s)", folder.name, error.strerror)
                    continue
                watched[str(folder.path)] = wanted[str(folder.path)]
        except (OSError, RuntimeError) as error:
            _log.warning("no events from the drop folders (%s); the rescan goes on", error)
        self._observer, self._watched = observer, watched

    def _stop_watching(self) -> None:
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)
        self._observer = None
        self._watched = {}


def _lives(emitter: threading.Thread) -> bool:
    return emitter.is_alive()
