"""A province of 30 boxes with trouble, and the list of its pages."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web as aiohttp_web

from sync.protocol.account import Account
from sync.province import days, web
from sync.province.people.rules import Role
from sync.province.store import Presence, ProvinceStore
from sync.province.store.account_rows import AccountRows
from sync.province.store.ordering import Orders
from sync.province.watching import look, watch
from tests.bench.wall_fleet import make_country
from tests.fixtures_province_web import let_in

BOX = "commune-00004"
PAGES = {
    "wall": "/", "wall-tiles": "/?view=tiles", "wall-box": f"/box/{BOX}", "wall-alerts": "/alerts",
    "wall-documents": "/documents", "wall-reports": "/reports", "wall-week": "/reports/week",
    "wall-books": "/reports/books", "wall-lookup": "/lookup",
}  # fmt: skip


@dataclass
class Province:
    """A served province."""

    store: ProvinceStore
    address: str

    def session(self) -> str:
        """The cookie of an operator who has just come in."""
        return let_in(self.store, Role.VAN_HANH)


def tell_books(store: ProvinceStore, now: float) -> None:
    """What most communes tell of their books: every third has something to mend, every seventh tells nothing."""
    year, rows = f"{days.today(now):%Y}", AccountRows(store.connection)
    for number, box in enumerate(store.fleet.boxes()):
        poor, many = number % 3 == 0, 100 + 7 * number
        figures = {
            "den.numbers": 2 * many, "den.gaps": 0, "di.numbers": many, "di.gaps": 2 * poor,
            "ho-so.numbers": 0 if poor else 40, "ho-so.gaps": 0, "in.total": 2 * many, "in.electronic": many,
            "in.same-day": 2 * many - 30 * poor, "out.total": many, "out.leader": many - poor, "out.agency": many,
            "out.both": many - poor, "out.both-online": many - 9 * poor, "due.total": 50, "due.overdue": 9 * poor,
            "case.took": 350, "case.term": 500, "people.all": 10, "people.active": 10 - poor, "sent.total": 3,
        }  # fmt: skip
        if number % 7:
            rows.note(box.box, Account(box.box, int(now), year, figures), now)


@asynccontextmanager
async def province(root: Path) -> AsyncIterator[Province]:
    """The province's pages, listening on this machine."""
    now = time.time()
    store = make_country(root / "store", now, boxes=30, answers=3)
    for age in range(8):
        at = now - 900 * (8 - age)
        store.fleet.note_presence(Presence(BOX, True, at, at, age, 9, at - 6 * 3600 if age else None, 0.1, 9 * 10**9))
    watch(store, look(store, now - 3600), now - 3600)
    Orders(store).issue(BOX, "log", {"lines": 200}, int(now))
    tell_books(store, now)
    runner = aiohttp_web.AppRunner(web.build(store, "Tỉnh thử", ()), shutdown_timeout=0.5)
    await runner.setup()
    await aiohttp_web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Province(store, f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()
    store.close()
