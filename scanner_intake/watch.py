"""The drop folders under watch: events are hints, the rescan is the truth.

Owns the loop that brings files from the drop folders into custody: recovery of left claims, scanning, settling,
claiming, setting aside. The only importer of watchdog. It refuses to interpret papers and to write any sentence for
people (`note_for` does).

Invariants: a file is unlinked only after `Custodian.accept` returned; nothing a file or a custodian does ends the
loop; a watcher that died (a share that blinked, inotify limits) is started again and meanwhile the rescan does its
work.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from scanner_intake import claim as claiming
from scanner_intake.container import inspect
from scanner_intake.custody import Claim, Clock, Custodian, DropFolder, HeldFile
from scanner_intake.held import HeldFolder
from scanner_intake.settle import Sighting, Step, due, ignored, looked, seen, step

_log = logging.getLogger(__name__)
_REST = 0.2  # seconds: events come in storms (opened, attrib, modified); one scan answers them all


class _Hint(FileSystemEventHandler):
    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in ("opened", "closed_no_write"):
            self._wake.set()


class Intake:
    """Watches drop folders until told to stop."""

    def __init__(
        self,
        folders: Sequence[DropFolder],
        custodian: Custodian,
        clock: Clock,
        rescan_seconds: float = 15.0,
        note_for: Callable[[HeldFile], str] | None = None,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._folders = tuple(folders)
        self._custodian = custodian
        self._clock = clock
        self._rescan = rescan_seconds
        self._new_id = new_id
        self._wake = threading.Event()
        self._sightings: dict[Path, Sighting] = {}
        self._held = {folder.path: HeldFolder(folder, custodian, note_for) for folder in folders}
        self._waiting: dict[str, Claim] = {}
        self._observer: BaseObserver | None = None
        self._watched: set[Path] = set()

    def run(self, stop: threading.Event) -> None:
        """Recovers what a killed process left, then scans at events and every `rescan_seconds`, until `stop` is set."""
        try:
            self.recover()
            while not stop.is_set():
                self._keep_watching()
                pause = self.scan()
                self._pause(stop, pause)
        finally:
            self._stop_watching()

    def wake(self) -> None:
        """Asks for a scan soon (a browser delivered a file, a person asked)."""
        self._wake.set()

    def recover(self) -> None:
        """Hands over claims that were in the spool when the process died."""
        for folder in self._folders:
            try:
                for taken in claiming.left_claims(folder):
                    self._waiting[taken.id] = taken
            except OSError:
                _log.exception("spool of %s cannot be read", folder.name)

    def scan(self) -> float:
        """Looks at every folder once; returns the seconds until something can next become ready."""
        started = self._clock.monotonic()
        self._hand_over()
        present: set[Path] = set()
        for folder in self._folders:
            try:
                present |= self._scan_folder(folder)
            except OSError as error:
                _log.warning("drop folder %s cannot be scanned: %s", folder.name, error.strerror)
        for path in set(self._sightings) - present:
            del self._sightings[path]
        return self._until_due(started)

    def _scan_folder(self, folder: DropFolder) -> set[Path]:
        present = set()
        with os.scandir(folder.path) as entries:
            paths = [Path(entry.path) for entry in entries if not ignored(entry.name)]
        for path in paths:
            self._consider(path, folder, self._hold)
            present.add(path)
        held = self._held[folder.path]
        for path in held.files():
            self._consider(path, folder, held.keep)
            present.add(path)
        held.forget_missing()
        return present

    def _consider(self, path: Path, folder: DropFolder, aside: Callable[[Path, DropFolder, str], None]) -> None:
        shape = claiming.shape_of(path)
        if shape is None:
            return
        now = self._clock.monotonic()
        sighting = seen(self._sightings.get(path), shape, now)
        self._sightings[path] = sighting
        following = step(sighting, now, folder.quiet_seconds, folder.patience_seconds)
        if following is Step.LOOK:
            finding = inspect(path)
            sighting = looked(sighting, finding.whole, finding.code, now)
            self._sightings[path] = sighting
            following = step(sighting, now, folder.quiet_seconds, folder.patience_seconds)
        if following is Step.CLAIM:
            self._claim(path, folder, sighting)
        elif following is Step.HOLD:
            aside(path, folder, sighting.code)

    def _claim(self, path: Path, folder: DropFolder, sighting: Sighting) -> None:
        try:
            taken = claiming.claim(path, folder, sighting.shape, self._new_id(), self._clock.now())
        except claiming.NotClaimable as reason:
            _log.info("%s not claimed: %s", folder.name, reason.code)
            self._sightings.pop(path, None)
            return
        except OSError as error:
            _log.warning("a file in %s cannot be claimed: %s", folder.name, error.strerror)
            self._sightings[path] = Sighting(sighting.shape, self._clock.monotonic())  # settle anew before the next try
            return
        self._sightings.pop(path, None)
        self._held[folder.path].released(path)
        self._waiting[taken.id] = taken
        self._hand_over()

    def _hold(self, path: Path, folder: DropFolder, code: str) -> None:
        try:
            self._held[folder.path].add(path, code, self._clock.now())
        except OSError as error:
            _log.warning("a file in %s cannot be set aside: %s", folder.name, error.strerror)
        self._sightings.pop(path, None)

    def _hand_over(self) -> None:
        """Gives every claim in the spool to the custodian; one that fails stays in the spool and comes again."""
        for taken in list(self._waiting.values()):
            try:
                self._custodian.accept(taken)
                claiming.release(taken)
            except Exception:  # the custodian's failures (full disk, locked store) are not ours to know
                _log.exception("claim %s stays in the spool", taken.id)
                continue
            del self._waiting[taken.id]

    def _until_due(self, started: float) -> float:
        """A moment that was due before the scan and still is changes nothing by being waited for: it is left out."""
        now = self._clock.monotonic()
        nearest = now + self._rescan
        for path, sighting in self._sightings.items():
            folder = next((each for each in self._folders if each.path in path.parents), None)
            if folder is not None:
                moment = due(sighting, folder.quiet_seconds, folder.patience_seconds)
                nearest = min(nearest, moment) if moment > started else nearest
        return max(0.05, nearest - now)

    def _pause(self, stop: threading.Event, seconds: float) -> None:
        """Waits for an event, the next due moment or the end; `stop` is noticed within half a second."""
        until = self._clock.monotonic() + seconds
        while not stop.is_set() and (left := until - self._clock.monotonic()) > 0:
            if self._wake.wait(min(left, 0.5)):
                stop.wait(_REST)
                self._wake.clear()
                return

    def _keep_watching(self) -> None:
        """Starts the watcher, or starts it anew when a thread of it died or a folder came back."""
        present = {folder.path for folder in self._folders if folder.path.is_dir()}
        alive = (
            self._observer is not None
            and self._observer.is_alive()
            and all(emitter.is_alive() for emitter in self._observer.emitters)
        )
        if alive and present == self._watched:
            return
        self._stop_watching()
        observer = Observer()
        try:
            for path in present:
                observer.schedule(_Hint(self._wake), str(path), recursive=False)
            observer.start()
        except OSError as error:
            _log.warning("no events from the drop folders (%s); the rescan goes on", error.strerror)
            return
        self._observer, self._watched = observer, present

    def _stop_watching(self) -> None:
        if self._observer is None:
            return
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)
        self._observer = None
        self._watched = set()
