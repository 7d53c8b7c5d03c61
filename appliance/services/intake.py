"""``serve intake``: watches the drop folders and takes custody.

Composition only: one intake for the folders of this machine, one in a thread of its own for each polled share (a share
that hangs must hold up nothing else), and beside them the notes. How the folders are goes to ``config.intake_file``.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from appliance.config import Config, FolderSection
from appliance.ids import new_id
from appliance.pipeline.noting import Noting
from appliance.pipeline.receiving import BoxCustodian
from appliance.services.clock import SystemClock, utc_now
from appliance.services.notify import feed_watchdog, notify, stop_on_signals
from appliance.store import Store, open_store
from appliance.wording import speak, text_of
from scanner_intake.custody import DropFolder, HeldFile, Meaning
from scanner_intake.watch import FolderState, Intake

log = logging.getLogger(__name__)


def drop_folders(config: Config) -> list[DropFolder]:
    """The configured drop folders as the intake wants them."""
    return [
        DropFolder(
            path=folder.path,
            name=folder.shown_name,
            kind=folder.kind,
            policy=folder.approve,
            quiet_seconds=folder.quiet_seconds,
            patience_seconds=folder.patience_seconds,
            watch=folder.watch,
            recursive=folder.recursive,
            subfolders=_meanings(folder),
        )
        for folder in config.folders
    ]


def _meanings(folder: FolderSection) -> dict[str, Meaning]:
    return {
        sub.name: Meaning(sub.kind or folder.kind, sub.approve or folder.approve, sub.urgency) for sub in folder.sub
    }


def note_for(language: str, file: HeldFile) -> str:
    """The note that lies beside a set-aside file: what is wrong and what to do."""
    with speak(language):
        return text_of(file.code, **file.params) + "\n"


class FolderBoard:
    """Keeps the file in which pages and checks read how the drop folders are; written when something changed, and once
    a minute.
    """

    def __init__(self, path: Path, folders: Mapping[str, Path], every: float = 60.0) -> None:
        self._path = path
        self._folders = dict(folders)
        self._every = every
        self._states: dict[str, FolderState] = {}
        self._written_at = 0.0
        self._lock = threading.Lock()
        self._clock = SystemClock()

    def tell(self, states: Mapping[str, FolderState]) -> None:
        """Called by every intake after each scan, from its own thread."""
        with self._lock:
            changed = any(self._code(name) != state.code for name, state in states.items())
            self._states.update(states)
            if changed or self._clock.monotonic() - self._written_at >= self._every:
                self._write()

    def _code(self, name: str) -> str | None:
        return self._states[name].code if name in self._states else None

    def _write(self) -> None:
        facts = {name: asdict(state) | {"path": self._folders[name]} for name, state in self._states.items()}
        part = self._path.with_suffix(".part")
        try:
            part.write_text(json.dumps(facts, ensure_ascii=False, default=str), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            log.warning("the state of the drop folders cannot be told: %s", error)
            return
        self._written_at = self._clock.monotonic()


def intakes(config: Config, store: Store, tell: Callable[[Mapping[str, FolderState]], None]) -> list[Intake]:
    """The intake of this machine's own folders first, then one for each share."""
    folders = drop_folders(config)
    shares = [[folder] for folder in folders if folder.watch == "poll"]
    return [
        Intake(
            group,
            BoxCustodian(store, utc_now),
            clock=SystemClock(),
            rescan_seconds=config.intake.rescan_seconds,
            note_for=lambda file: note_for(config.box.language, file),
            new_id=new_id,
            tell=tell,
        )
        for group in [[folder for folder in folders if folder.watch != "poll"], *shares]
    ]


def serve_intake(config: Config) -> None:
    """Run until SIGTERM."""
    stop = stop_on_signals()
    for folder in config.folders:
        if folder.watch != "poll":  # a share is not ours to make: an empty folder in its place would look like it
            folder.path.mkdir(parents=True, exist_ok=True)
    config.runtime.mkdir(parents=True, exist_ok=True)
    store = open_store(config.database, config.blobs)
    paths = {folder.shown_name: folder.path for folder in config.folders}
    board = FolderBoard(config.intake_file, paths)
    own, *shares = intakes(config, store, board.tell)
    ended = threading.Event()  # not `stop`: only the main loop may tell the watchdog that it turns
    noting = Noting(store, paths, config.box.language)
    threads = [threading.Thread(target=share.run, args=(ended,), daemon=True) for share in shares]
    threads.append(threading.Thread(target=_note, args=(noting, config.intake.rescan_seconds, ended), daemon=True))
    for thread in threads:
        thread.start()
    notify("READY=1")
    feed_watchdog(stop)
    own.run(stop)
    ended.set()
    for thread in threads:
        thread.join(timeout=5)
    if not any(thread.is_alive() for thread in threads):  # one that hangs in a dead share ends with the process
        store.close()


def _note(noting: Noting, every: float, ended: threading.Event) -> None:
    while not ended.wait(min(every, 5.0)):
        try:
            noting.turn(ended.is_set)
        except Exception:  # notes are a courtesy: whatever is wrong with them, papers are still taken
            log.exception("notes in the drop folders wait")
