"""The wall as it is now: one survey and one set of rows for everybody who looks.

Owns the snapshot and the version of every row. However many people look, the rows are asked once: when something was
written, but with a rest that keeps the asking below a tenth of one core, and every 20 seconds because ages grow and
alerts begin and end by time. Any thread may call; they take turns.
Invariant: a row that says the same keeps its version and its place among other rows that say the same, so whoever knows
version N becomes current by the rows with greater versions, put in order one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aiohttp import web

from sync.province.overview import Fleet, Memory
from sync.province.store import ProvinceStore
from sync.province.watching import EVERY_SECONDS, look, watch
from sync.province.web.rows import Row, markup, row_of, titles_of
from sync.province.wording import LANGUAGES, Wording

REST_SECONDS, LONGEST_REST, REST_FOR_WORK = 1.0, 10.0, 10.0
FRESH_SECONDS = 1.5 * EVERY_SECONDS
"""A page is given what is there when it is so young; what changed since comes to it by the stream."""

log = logging.getLogger(__name__)


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
        self._at = self._looked = self._watched = 0.0
        self._rest = REST_SECONDS
        self._kept = {language: _Kept() for language in LANGUAGES}
        self._shown: dict[str, Shown] = {}
        self.first = self.version = int(clock() * 1000)
        """Versions begin at the moment of the start, so that a page from before a restart is not taken for current."""

    def fleet(self) -> Fleet:
        """Every box, as of a second ago at most. Raises RowsAway."""
        with self._lock:
            return self._survey()

    def shown(self, language: str) -> Shown:
        """The wall in a language, as it is. Raises RowsAway."""
        with self._lock:
            began = time.thread_time()
            fleet = self._survey()
            shown = self._shown.get(language)
            if shown is None or shown.fleet is not fleet:
                shown = self._shown[language] = self._render(language, fleet)
                spent = time.thread_time() - began
                self._rest = min(LONGEST_REST, max(REST_SECONDS, REST_FOR_WORK * spent))
            return shown

    def at_hand(self, language: str) -> Shown:
        """The wall in a language as somebody saw it a moment ago, so that nobody waits for it. Raises RowsAway."""
        shown = self._shown.get(language)
        return shown if shown is not None and self._clock() - shown.at < FRESH_SECONDS else self.shown(language)

    def turn(self) -> None:
        """What is due every `EVERY_SECONDS`: alerts begin and end, and the wall is at hand. Raises RowsAway."""
        with self._lock:
            self._looked = 0.0
            fleet = self._survey()
            watch(self._store, fleet, self._at)
            self._memory.followed.keep()
        for language in tuple(self._shown) or LANGUAGES[:1]:
            self.shown(language)

    def forget(self) -> None:
        """Somebody did something that the wall shows: the next look asks anew."""
        with self._lock:
            self._looked, self._mark = 0.0, None
            self._shown.clear()

    def _survey(self) -> Fleet:
        now = self._clock()
        if self._fleet is not None and now - self._looked < self._rest:
            return self._fleet
        mark = self._store.connection.change_mark()
        self._looked = now
        if self._fleet is None or mark != self._mark or now - self._at >= EVERY_SECONDS:
            self._fleet, self._mark, self._at = look(self._store, now, self._memory), mark, now
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


async def turning(app: web.Application) -> AsyncIterator[None]:
    """The board's turns beside the pages, for as long as they are served."""

    async def turns() -> None:
        while True:
            try:
                await asyncio.to_thread(app[BOARD].turn)
            except (OSError, sqlite3.Error) as error:  # the rows are away: the next turn may find them
                log.warning("the wall could not be turned: %s", error)
            await asyncio.sleep(EVERY_SECONDS)

    beside = asyncio.create_task(turns())
    yield
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)
