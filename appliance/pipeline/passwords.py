"""Which passwords are tried on a locked file: those of its drop folder, and the one a person typed for this paper.

Owns the memory of typed passwords: it is this process's memory and nothing else, a typed password serves one paper, and
it is gone when the paper was digitized, when half an hour has passed, or with the process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.domain.documents import Document
from scanner_intake.passwords import BadPasswordFile, load_passwords

KEEP_SECONDS = 1800.0
MOST_WAITING = 1000
log = logging.getLogger(__name__)


class Passwords:
    """``files``: the password file of each drop folder (by the folder's shown name) that has one."""

    def __init__(self, files: Mapping[str, Path] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._files = dict(files or {})
        self._clock = clock
        self._typed: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def typed(self, document_id: str, password: str) -> None:
        """Remember what a person typed for one paper."""
        with self._lock:
            self._forget_old()
            if len(self._typed) >= MOST_WAITING:
                self._typed.pop(next(iter(self._typed)))
            self._typed[document_id] = (password, self._clock() + KEEP_SECONDS)

    def has_typed(self, document_id: str) -> bool:
        """Whether a person typed a password for the paper."""
        with self._lock:
            self._forget_old()
            return document_id in self._typed

    def forget(self, document_id: str) -> None:
        """The paper needs no typed password any more."""
        with self._lock:
            self._typed.pop(document_id, None)

    def of(self, document: Document) -> tuple[str, ...]:
        """The passwords to try on this paper's file: the typed one first. The folder's file is read anew each time, so
        that a change needs no restart; one that cannot be used is told in the log and the paper goes on without it.
        """
        with self._lock:
            self._forget_old()
            typed = self._typed.get(document.id)
        known: tuple[str, ...] = ()
        if path := self._files.get(document.folder):
            try:
                known = load_passwords(path)
            except BadPasswordFile as error:
                log.warning("password file of folder %s is not used: %s", document.folder, error.code)
        return (typed[0], *known) if typed else known

    def _forget_old(self) -> None:
        now = self._clock()
        self._typed = {each: kept for each, kept in self._typed.items() if kept[1] > now}
