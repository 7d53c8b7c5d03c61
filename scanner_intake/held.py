"""Files set aside inside the drop folder: cut off, damaged or empty ones in `cach-ly/`, of other kinds in `loi/`.

Owns those places, the note beside each file (its text comes from the caller, in the people's language) and telling the
custodian. It never deletes a file; a file that becomes whole there, or that a person lays there, is claimed like any
other (the watch does that). A file of a sub-folder is set aside in a sub-folder of the same name, and so keeps its
meaning.

Invariants: the custodian hears of a held file before its note is written; a note that cannot be written (a full disk)
stops nothing and is written later; a file that is gone or claimed is reported as unheld.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from scanner_intake.claim import is_steady, shape_of, sync_folder
from scanner_intake.custody import Custodian, DropFolder, HeldFile
from scanner_intake.listing import papers
from scanner_intake.names import NOTE, display_name, fitting_name, free_name, make_place, note_of, write_note
from scanner_intake.settle import PLACES_OF_CODES, Place, Shape

_log = logging.getLogger(__name__)
_WATCHED = (Place.QUARANTINE, Place.FAILED, Place.PASSWORD)


class HeldFolder:
    """What was set aside in one drop folder."""

    def __init__(self, folder: DropFolder, custodian: Custodian, note_for: Callable[[HeldFile], str] | None) -> None:
        self._folder = folder
        self._custodian = custodian
        self._note_for = note_for
        self._told: dict[Path, Shape] = {}
        self._unnoted: dict[Path, HeldFile] = {}
        self._compared = False

    def files(self) -> Iterator[tuple[Path, Shape]]:
        """Files that lie aside now, without the notes."""
        for place in _WATCHED:
            try:
                found = list(papers(self._folder, self._folder.path / place, []))
            except (FileNotFoundError, NotADirectoryError):
                continue
            # Text files are notes (also orphaned ones), unless this run set them aside itself.
            yield from (each for each in found if each[0].suffix.casefold() != NOTE or each[0] in self._told)

    def add(self, path: Path, code: str, now: datetime) -> None:
        """Moves a file from the drop folder aside and tells the custodian; durable when it returns."""
        place = self._folder.path / PLACES_OF_CODES.get(code, Place.QUARANTINE)
        make_place(place)
        home = place
        for part in self._folder.within(path):
            home /= part
            make_place(home)
        target = free_name(home / fitting_name(path.name), with_note=True)
        path.rename(target)
        sync_folder(home)
        sync_folder(path.parent)
        self._tell(target, code, now)

    def keep(self, path: Path, code: str) -> None:
        """A held file is still not whole: tell the custodian when it does not know it yet (after a restart, a new
        change).
        """
        if self._told.get(path) != self._shape(path):
            moment = datetime.fromtimestamp(path.lstat().st_ctime).astimezone()
            self._tell(path, code, moment)

    def holds(self, path: Path) -> bool:
        """Whether a file lies aside already."""
        return path.relative_to(self._folder.path).parts[0] in set(Place)

    def released(self, path: Path) -> None:
        """A file left its place: its note goes and the custodian forgets it."""
        if not self.holds(path):
            return
        self._told.pop(path, None)
        self._unnoted.pop(path, None)
        try:
            note_of(path).unlink(missing_ok=True)
        except OSError as error:
            _log.warning("a note in %s stays: %s", self._folder.name, error.strerror)
        self._unhold(path)

    def settle(self, present: set[Path]) -> None:
        """After a scan that saw everything: files a person took away are forgotten, missing notes are written."""
        for path in [each for each in self._told if each not in present and self._shape(each) is None]:
            self.released(path)
        for path in list(self._unnoted):
            self._write_note(path)
        if not self._compared:
            self._compare(present | self._told.keys())

    def _compare(self, present: set[Path]) -> None:
        """Once a run: the custodian forgets what left the places while nobody watched."""
        try:
            self._custodian.held_only(self._folder.name, [path for path in present if self.holds(path)])
        except Exception:  # the custodian's own failures; the next scan asks again
            _log.exception("the custodian did not compare the held files of %s", self._folder.name)
            return
        self._compared = True

    def _shape(self, path: Path) -> Shape | None:
        return shape_of(path, is_steady(self._folder))

    def _tell(self, path: Path, code: str, since: datetime) -> None:
        shape = self._shape(path)
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
            self._unnoted[path] = held
            self._write_note(path)

    def _write_note(self, path: Path) -> None:
        assert self._note_for is not None
        try:
            write_note(note_of(path), self._note_for(self._unnoted[path]))
        except OSError as error:
            _log.warning("no note beside a held file in %s: %s", self._folder.name, error.strerror)
            return
        del self._unnoted[path]

    def _unhold(self, path: Path) -> None:
        try:
            self._custodian.unhold(path)
        except Exception:  # as above
            _log.exception("the custodian did not forget a held file in %s", self._folder.name)
