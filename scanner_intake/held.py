"""Files set aside in `<drop>/cach-ly/`: cut off, damaged, empty or of a kind that is not taken.

Owns that folder, the note beside each file (its text comes from the caller, in the people's language) and telling the
custodian. It never deletes a file; a file that becomes whole there is claimed like any other (the watch does that).

Invariants: the custodian hears of a held file before its note is written; a file that is gone or claimed is reported
as unheld.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from scanner_intake.claim import display_name, free_name, shape_of, sync_folder
from scanner_intake.custody import Custodian, DropFolder, HeldFile
from scanner_intake.settle import HELD_FOLDER, Shape, ignored

_log = logging.getLogger(__name__)
_NOTE = ".txt"


class HeldFolder:
    """The quarantine of one drop folder."""

    def __init__(self, folder: DropFolder, custodian: Custodian, note_for: Callable[[HeldFile], str] | None) -> None:
        self._folder = folder
        self._custodian = custodian
        self._note_for = note_for
        self.path = folder.path / HELD_FOLDER
        self._told: dict[Path, Shape] = {}

    def files(self) -> list[Path]:
        """Files held now, without the notes."""
        try:
            paths = sorted(self.path.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        # Text files are notes (also orphaned ones), unless this run set them aside itself.
        return [
            path for path in paths if not ignored(path.name) and (path.suffix.casefold() != _NOTE or path in self._told)
        ]

    def add(self, path: Path, code: str, now: datetime) -> None:
        """Moves a file from the drop folder here and tells the custodian; durable when it returns."""
        self.path.mkdir(exist_ok=True)
        target = free_name(self.path / path.name)
        path.rename(target)
        sync_folder(self.path)
        sync_folder(path.parent)
        self._tell(target, code, now)

    def keep(self, path: Path, folder: DropFolder, code: str) -> None:
        """A held file is still not whole: tell the custodian when it does not know it yet (after a restart, a new
        change).
        """
        if self._told.get(path) != shape_of(path):
            moment = datetime.fromtimestamp(path.lstat().st_ctime).astimezone()
            self._tell(path, code, moment)

    def released(self, path: Path) -> None:
        """A file left the quarantine: its note goes and the custodian forgets it."""
        if path.parent != self.path:
            return
        self._note(path).unlink(missing_ok=True)
        self._told.pop(path, None)
        self._unhold(path)

    def forget_missing(self) -> None:
        """Files a person took away."""
        for path in [each for each in self._told if shape_of(each) is None]:
            self.released(path)

    def _note(self, path: Path) -> Path:
        return path.with_name(path.name + _NOTE)

    def _tell(self, path: Path, code: str, since: datetime) -> None:
        shape = shape_of(path)
        size = shape.size if shape else 0
        name = display_name(path.name)
        held = HeldFile(path, self._folder.name, name, code, since, {"name": name, "size": size})
        try:
            self._custodian.hold(held)
        except Exception:  # the custodian's own failures; the next rescan tells it again
            _log.exception("the custodian did not take note of a held file in %s", self._folder.name)
            return
        if shape is not None:
            self._told[path] = shape
        if self._note_for is not None:
            self._note(path).write_text(self._note_for(held), encoding="utf-8-sig")  # Windows editors need the mark

    def _unhold(self, path: Path) -> None:
        try:
            self._custodian.unhold(path)
        except Exception:  # as above
            _log.exception("the custodian did not forget a held file in %s", self._folder.name)
