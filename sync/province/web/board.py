"""The wall as it is now: one survey and one set of rows for everybody who looks.

Owns the snapshot and the version of every row. However many people look, the rows are asked once: at most once a second
when something was written, and every 20 seconds because ages grow. Any thread may call; they take turns.
Invariant: a row that says the same keeps its version and its place among other rows that say the same, so whoever knows
version N becomes current by the rows with greater versions, put in order one after the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from sync.province.overview import Fleet, Memory, survey
from sync.province.store import ProvinceStore
from sync.province.web.rows import Row, markup, row_of, titles_of
from sync.province.wording import LANGUAGES, Wording

REST_SECONDS, AGE_SECONDS = 1.0, 20.0


@dataclass
class _Kept:
    """One language's rows by box: words, markup, version."""

    rows: dict[str, tuple[Row, str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """The wall in one language at one moment; `rows` in the order in which they stand: (row, markup, version)."""

    version: int
    fleet: Fleet
    at: float
    rows: tuple[tuple[Row, str, int], ...]

    def since(self, version: int) -> list[tuple[str, str, str]]:
        """(box, the box before it, markup) of every row that changed after a version, in order."""
        changed, before = [], ""
        for row, text, changed_at in self.rows:
            if changed_at > version:
                changed.append((row.box, before, text))
            before = row.box
        return changed


class Board:
    """Keeps the wall current."""

    def __init__(self, store: ProvinceStore, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._memory = Memory(store)
        self._fleet: Fleet | None = None
        self._mark: int | None = None
        self._at = self._looked = 0.0
        self._kept = {language: _Kept() for language in LANGUAGES}
        self._shown: dict[str, Shown] = {}
        self.first = self.version = int(clock() * 1000)
        """Versions begin at the moment of the start, so that a page from before a restart is not taken for current."""

    def fleet(self) -> Fleet:
        """Every box, as of a second ago at most. Raises RowsAway."""
        with self._lock:
            return self._survey()

    def shown(self, language: str) -> Shown:
        """The wall in a language. Raises RowsAway."""
        with self._lock:
            fleet = self._survey()
            shown = self._shown.get(language)
            if shown is None or shown.fleet is not fleet:
                shown = self._shown[language] = self._render(language, fleet)
            return shown

    def _survey(self) -> Fleet:
        now = self._clock()
        if self._fleet is not None and now - self._looked < REST_SECONDS:
            return self._fleet
        mark = self._store.connection.change_mark()
        self._looked = now
        if self._fleet is None or mark != self._mark or now - self._at >= AGE_SECONDS:
            self._fleet, self._mark, self._at = survey(self._store, now, self._memory), mark, now
        return self._fleet

    def _render(self, language: str, fleet: Fleet) -> Shown:
        kept, w = self._kept[language].rows, Wording(language)
        titles, version, at = titles_of(w), self.version + 1, self._at
        rows, changed = [], False
        for view in fleet.boxes:
            row = row_of(view, w, at)
            before = kept.get(row.box)
            if before is None or before[0] != row:
                before = kept[row.box] = (row, markup(row, titles), version)
                changed = True
            rows.append(before)
        if changed:
            self.version = version
        return Shown(self.version, fleet, at, tuple(rows))


BOARD: web.AppKey[Board] = web.AppKey("board", Board)
