"""Telling the people at the scanner: a note in the drop folder for every paper that was accepted and then not read.

Owns the notes in `loi/`, `can-mat-khau/` and `cach-ly/` about *documents*; the notes beside set-aside files are the
intake's. The scan itself stays in custody: only a note named after it lies there, and it goes when the paper is
released, ended, or corrected by another file. It never blocks custody: it runs beside the intake, and what cannot be
written now is written at the next turn.

What was told once is remembered in `.commune-box/notes/<document id>`, written after the note: a kill in between writes
the same note again under the same name, and a note that a person took away does not come back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.domain.documents import Document
from appliance.domain.zone import VIETNAM
from appliance.store import Store, corrections, standing
from appliance.wording import speak, text_of
from scanner_intake.names import NOTE, free_name, laid_name, make_place, write_note
from scanner_intake.settle import OWN_FOLDER, Place

log = logging.getLogger(__name__)
_LONGEST_NOTE = 8192


def place_of(document: Document) -> Place:
    """Where the note about a quarantined document lies."""
    if document.secret:
        return Place.QUARANTINE
    return Place.PASSWORD if standing.waits_for_password(document) else Place.FAILED


class Noting:
    """Brings the notes in the drop folders to what the store says now; ``turn`` may be called as often as one likes."""

    def __init__(self, store: Store, folders: Mapping[str, Path], language: str) -> None:
        self._store = store
        self._folders = dict(folders)
        self._language = language

    def turn(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """One comparison of wanted and present notes; a folder that cannot be written is left for the next turn."""
        wanted: dict[str, dict[str, Document]] = {name: {} for name in self._folders}
        for document in self._store.read(corrections.unread):
            if document.folder in wanted:
                wanted[document.folder][document.id] = document
        for name, folder in self._folders.items():
            if stopping():
                return
            try:
                self._settle(folder, wanted[name])
            except OSError as error:
                log.warning("notes in %s wait: %s", name, error.strerror)

    def _settle(self, folder: Path, wanted: Mapping[str, Document]) -> None:
        told = _told(folder)
        for document_id in told.keys() - wanted.keys():
            self._take_back(folder, document_id, told[document_id])
        for document_id in [each for each in wanted if each not in told]:
            self._tell(folder, wanted[document_id])

    def _tell(self, folder: Path, document: Document) -> None:
        if not (folder / OWN_FOLDER).is_dir():
            raise FileNotFoundError(2, "the intake has not been there yet")  # or the share is away
        text = self._text(document)
        place = folder / place_of(document)
        make_place(place)
        note = _note_path(place, laid_name(document.original_name), document.id)
        write_note(note, text)
        memory = folder / OWN_FOLDER / "notes"
        memory.mkdir(exist_ok=True)
        write_note(memory / document.id, f"{place.name}/{note.name}")

    def _take_back(self, folder: Path, document_id: str, where: str) -> None:
        note = folder / where
        if note.parent.parent == folder and note.suffix == NOTE and _speaks_of(note, document_id):
            note.unlink(missing_ok=True)
        (folder / OWN_FOLDER / "notes" / document_id).unlink(missing_ok=True)

    def _text(self, document: Document) -> str:
        # Who may see the shared folder is not known: a suspected secret is not called one there.
        with speak(self._language):
            what = text_of("kept-for-a-look" if document.secret else document.reason_code, name=document.original_name)
            arrived = document.received_at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")
            facts = {"name": document.original_name, "arrived": arrived, "what": what, "document_id": document.id}
            code = "note-kept" if document.secret else "note-not-read"
            return text_of(code, **facts) + "\n"


def _told(folder: Path) -> dict[str, str]:
    """Document id → where its note was written, of all that were told."""
    memory = folder / OWN_FOLDER / "notes"
    if not memory.is_dir():
        return {}
    return {each.name: each.read_text("utf-8-sig") for each in memory.iterdir() if not each.name.startswith(".")}


def _note_path(place: Path, name: str, document_id: str) -> Path:
    """The note's name: the scan's, numbered when another note or file has it; the same again for the same document."""
    candidate = place / (name + NOTE)
    number = 1
    while not _speaks_of(candidate, document_id) and candidate != free_name(candidate):
        number += 1
        stem, ending = Path(name).stem, Path(name).suffix
        candidate = place / f"{stem} ({number}){ending}{NOTE}"
    return candidate


def _speaks_of(note: Path, document_id: str) -> bool:
    """Whether a note there is about this document: it names it."""
    try:
        with note.open("rb") as file:
            return document_id.encode() in file.read(_LONGEST_NOTE)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
