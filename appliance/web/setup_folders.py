"""``/setup/folders``: each drop folder, and a test page put through it: it came, how it was scanned, what was read.

Decisions are ``appliance.scan_testing``'s; the intake and the worker do the rest, and the page follows by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from appliance import scan_testing
from appliance.config import Config, FolderSection
from appliance.health import Finding, drop_folders
from appliance.store import Store, held, scan_tests
from appliance.store.held import Held
from appliance.store.scan_tests import ScanTest
from appliance.store.standing import Role
from appliance.web.access import NOBODY, allow, only
from appliance.web.office import OFFICE
from appliance.web.people import ENTERED
from appliance.web.presenting import page, see_other
from appliance.wording.setup import SCAN_COLOURS

DEEDS: dict[str, Callable[[Store, str, str, datetime], object]] = {
    "give-up": scan_testing.give_up,
    "throw-away": scan_testing.throw_away,
    "take-in": scan_testing.take_in,
}


@dataclass(frozen=True)
class Shown:
    """One drop folder: its newest try, whether a page of that still waits for an answer, what is wrong with the folder,
    and files that came since the try began and are not whole."""

    number: int
    folder: FolderSection
    test: ScanTest | None
    waiting: bool
    findings: tuple[Finding, ...]
    held: tuple[Held, ...]

    @property
    def open(self) -> bool:
        """Whether a try is under way."""
        return self.waiting or (self.test is not None and self.test.state in ("arrived", "read"))


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app.add_routes(
        [
            web.get("/setup/folders", show),
            web.post(r"/setup/folders/{number:\d{1,3}}/test", ask),
            web.post("/setup/folders/tests/{id}/{deed}", answer),
        ]
    )
    administrator = only(Role.ADMINISTRATOR)
    allow(app, "/setup/folders", read=administrator, write=NOBODY)
    allow(app, "/setup/folders/{number}/test", read=NOBODY, write=administrator)
    allow(app, "/setup/folders/tests/{id}/{deed}", read=NOBODY, write=administrator)


async def show(request: web.Request) -> web.Response:
    """``GET /setup/folders``."""
    office = request.app[OFFICE]
    shown = await asyncio.to_thread(folders_shown, office.config, office.store, office.clock())
    return await page(request, "setup_folders.html", shown=shown, colours=SCAN_COLOURS)


async def ask(request: web.Request) -> web.StreamResponse:
    """``POST /setup/folders/{number}/test``: expect a test page there. Raises: CommandRefused (scan-test-open)."""
    office, number = request.app[OFFICE], int(request.match_info["number"])
    if number >= len(office.config.folders):
        raise web.HTTPNotFound
    folder, by = office.config.folders[number].shown_name, request[ENTERED].person.by
    await asyncio.to_thread(scan_testing.ask, office.store, folder, by, office.clock())
    return see_other(f"/setup/folders#folder-{number}")


async def answer(request: web.Request) -> web.StreamResponse:
    """``POST /setup/folders/tests/{id}/{deed}``: one of ``DEEDS``. Raises: CommandRefused (of ``scan_testing``)."""
    office, deed = request.app[OFFICE], request.match_info["deed"]
    if deed not in DEEDS:
        raise web.HTTPNotFound
    by = request[ENTERED].person.by
    await asyncio.to_thread(DEEDS[deed], office.store, request.match_info["id"], by, office.clock())
    return see_other(f"/setup/folders?said=scan-test-{deed}")


def folders_shown(config: Config, store: Store, now: datetime) -> list[Shown]:
    """Every drop folder as it stands."""

    def read(db: Any) -> tuple[dict[str, ScanTest | None], list[Held]]:
        return {one.shown_name: scan_tests.last_of(db, one.shown_name) for one in config.folders}, held.listed(db)

    tests, aside = store.read(read)
    return [_shown(number, folder, tests[folder.shown_name], aside, config, now) for number, folder in
            enumerate(config.folders)]  # fmt: skip


def _shown(
    number: int, folder: FolderSection, test: ScanTest | None, aside: list[Held], config: Config, now: datetime
) -> Shown:
    waiting = test is not None and test.state == "waiting" and test.until > now
    found = tuple(one for one in drop_folders(config, now) if one.params.get("path") == folder.path)
    since = test.asked_at if test is not None and waiting else now
    late = tuple(one for one in aside if one.folder == folder.shown_name and one.since >= since)
    return Shown(number, folder, test, waiting, found, late)
