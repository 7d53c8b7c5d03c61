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
from dataclasses import dataclass

from aiohttp import web

from sync.province.digests import due_week, tell
from sync.province.fleet_views import BoxView, Figures, Fleet
from sync.province.overview import Memory
from sync.province.store import ProvinceStore
from sync.province.store.lookup import Lookup
from sync.province.watching import EVERY_SECONDS, look, watch
from sync.province.web.memory import give_back
from sync.province.web.rows import Row, markup, row_of, titles_of
from sync.province.wording import LANGUAGES, Wording

REST_SECONDS, LONGEST_REST, REST_FOR_WORK = 1.0, 10.0, 10.0
FRESH_SECONDS = 1.5 * EVERY_SECONDS
"""A page is given what is there when it is so young; what changed since comes to it by the stream."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is kept: its markup, what the filters ask for, and since which version it says this.

    Thousands of these stay in memory, so a row's words do not: `words` is their hash.
    """

    box: str
    commune: str
    tier: int
    online: bool
    waits: bool
    text: str
    words: int
    version: int


@dataclass(frozen=True)
class Shown:
    """The wall in one language at one moment; `rows` in the order in which they stand."""

    version: int
    figures: Figures
    at: float
    rows: tuple[Line, ...]

    def since(self, version: int) -> list[tuple[str, str, str]]:
        """(box, the box before it, markup) of every row that changed after a version, in order."""
        changed, before = [], ""
        for line in self.rows:
            if line.version > version:
                changed.append((line.box, before, line.text))
            before = line.box
        return changed


class Board:
    """Keeps the wall current."""

    def __init__(self, store: ProvinceStore, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._memory, self._lookup = Memory(store), Lookup(store.connection)
        self._fleet: Fleet | None = None
        self._mark: int | None = None
        self._at = self._looked = self._whole = 0.0
        self._rest = REST_SECONDS
        self._told = 0
        """The week whose digests are known to be made."""
        self._kept: dict[str, dict[str, Line]] = {language: {} for language in LANGUAGES}
        self._seen: dict[str, dict[str, BoxView]] = {language: {} for language in LANGUAGES}
        self._shown: dict[str, Shown] = {}
        self.first = self.version = int(clock() * 1000)
        """Versions begin at the moment of the start, so that a page from before a restart is not taken for current."""

    def fleet(self) -> Fleet:
        """Every box, as of a second ago at most. Raises RowsAway."""
        with self._lock:
            return self._survey()

    def view(self, box: str) -> BoxView | None:
        """One box, as somebody saw it a moment ago; None when nobody enrolled it. Raises RowsAway."""
        fleet = self._fleet
        if fleet is None or self._mark is None or self._clock() - self._at >= FRESH_SECONDS:
            fleet = self.fleet()
        return next((view for view in fleet.boxes if view.box.box == box), None)

    def shown(self, language: str) -> Shown:
        """The wall in a language, as it is. Raises RowsAway."""
        with self._lock:
            began = time.thread_time()
            fleet = self._survey()
            shown = self._shown.get(language)
            if shown is None or shown.at != self._at:
                shown = self._shown[language] = self._render(language, fleet)
                spent = time.thread_time() - began
                self._rest = min(LONGEST_REST, max(REST_SECONDS, REST_FOR_WORK * spent))
            return shown

    def at_hand(self, language: str) -> Shown:
        """The wall in a language as somebody saw it a moment ago, so that nobody waits for it. Raises RowsAway."""
        shown = self._shown.get(language)
        return shown if shown is not None and self._clock() - shown.at < FRESH_SECONDS else self.shown(language)

    def turn(self) -> None:
        """What is due every `EVERY_SECONDS`: alerts begin and end, a week's digests are made, and the wall is at hand.

        Raises RowsAway.
        """
        with self._lock:
            self._looked, now = 0.0, self._clock()
            if (week := due_week(now).number) != self._told:  # before the survey, which then uses what this gave back
                tell(self._store, now)
                self._told = week
                give_back()
            fleet = self._survey()
            watch(self._store, fleet, self._at)
            self._memory.followed.keep()
            self._lookup.follow()
        for language in tuple(self._shown) or LANGUAGES[:1]:
            self.shown(language)
        give_back()

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
            self._fleet = None  # the one before is let go first: two of them at once would double the memory
            if now - self._whole >= EVERY_SECONDS:  # ages grew in every view; in between only what changed is made anew
                self._memory.forget_views()
                for seen in self._seen.values():
                    seen.clear()
                self._whole = now
            self._fleet, self._mark, self._at = look(self._store, now, self._memory), mark, now
        return self._fleet

    def _render(self, language: str, fleet: Fleet) -> Shown:
        kept, seen, w = self._kept[language], self._seen[language], Wording(language)
        titles, version, at = titles_of(w), self.version + 1, self._at
        rows, changed = [], False
        for view in fleet.boxes:
            name = view.box.box
            if seen.get(name) is view:
                rows.append(kept[name])
                continue
            seen[name], row = view, row_of(view, w, at)
            before = kept.get(name)
            if before is None or before.words != hash(row):
                before = kept[name] = _line(row, markup(row, titles), version)
                changed = True
            rows.append(before)
        if changed:
            self.version = version
        return Shown(self.version, fleet.figures(), at, tuple(rows))


def _line(row: Row, text: str, version: int) -> Line:
    waits = bool(row.cells[1].text)
    return Line(row.box, row.commune, row.tier, row.state == "on", waits, text, hash(row), version)


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
