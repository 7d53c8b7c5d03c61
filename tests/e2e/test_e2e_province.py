"""The province's pages in a real browser: the way in by keyboard, a live wall, a filter, and axe on every page."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest
import pytest_asyncio

from sync.protocol.account import CaseState, CaseWord, Docket, code_digest
from sync.province.people import passwords
from sync.province.people.rows import People
from sync.province.people.rules import Role
from sync.province.store import Presence, ProvinceStore
from sync.province.store.account_rows import AccountRows
from sync.province.web.access import PLAIN_COOKIE, ROUTES
from tests.browser.province import BOX, province
from tests.e2e.test_e2e_web import CHROMIUM, QUIET, playwright_api
from tests.fixtures_province_web import let_in

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing"),
    pytest.mark.asyncio(loop_scope="module"),
]
PASSWORD = "mưa rào tháng sáu"
NO_PAGES = {"/events", "/healthz", "/static", "/metrics"}
PAGES = sorted({r.path for r in ROUTES if r.method == "GET" and "{" not in r.path} - NO_PAGES - {"/sign-in"})
PATIENCE = 60_000
GRAVE = ("serious", "critical")


@dataclass
class Room:
    """A served province of 30 boxes, a browser, and what pages asked for and complained of."""

    store: ProvinceStore
    address: str
    browser: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def page(self, role: Role | None = Role.VAN_HANH, width: int = 1280) -> Any:
        """A page of somebody who is in."""
        context = await self.browser.new_context(viewport={"width": width, "height": 900}, locale="vi-VN")
        if role is not None:
            cookie = {"name": PLAIN_COOKIE, "value": let_in(self.store, role), "url": self.address}
            await context.add_cookies([cookie])
        page = await context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        return page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with province(tmp_path_factory.mktemp("tinh")) as served, playwright_api.async_playwright() as playwright:
        People(served.store.connection).add(
            "lan", "Trần Thị Lan", Role.VAN_HANH, passwords.hashed(PASSWORD), time.time()
        )
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield Room(served.store, served.address, browser)
        await browser.close()


async def test_in_by_keyboard_and_out(room: Room) -> None:
    page = await room.page(None)
    await page.goto(room.address + "/")
    await page.locator("input[name=name]:focus").wait_for(timeout=PATIENCE)
    await page.keyboard.type("lan")
    await page.keyboard.press("Tab")
    await page.keyboard.insert_text(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Toàn tỉnh").wait_for(timeout=PATIENCE)
    await page.get_by_role("button", name="Thoát").click()
    await page.get_by_role("heading", name="Đăng nhập").wait_for(timeout=PATIENCE)
    await page.goto(room.address + "/alerts")
    assert page.url.endswith("/sign-in")
    await page.context.close()


async def test_a_change_appears_without_a_reload_and_in_its_place(room: Room) -> None:
    page = await room.page(Role.GIAM_SAT)
    await page.goto(room.address + "/")
    assert await page.locator("#rows tr").count() == 30
    await page.evaluate("window.untouched = true")
    await page.locator("#link:not(.lost)").wait_for(timeout=PATIENCE)
    now, box = time.time(), "commune-00085"
    room.store.fleet.note_presence(Presence(box, True, now, now, 4321, 9, now - 3 * 86_400, 0.0, 10**11))
    await page.locator("#b00085", has_text="4.321").wait_for(timeout=PATIENCE)
    assert await page.evaluate("window.untouched") is True
    shown = await page.evaluate("[...document.querySelectorAll('#rows tr')].map((row) => row.id)")
    fresh = await room.page(Role.GIAM_SAT)
    await fresh.goto(room.address + "/")
    assert shown == await fresh.evaluate("[...document.querySelectorAll('#rows tr')].map((row) => row.id)")
    await fresh.context.close()
    await page.context.close()


async def test_a_box_stays_current_but_not_under_the_hand(room: Room) -> None:
    page = await room.page()
    await page.goto(f"{room.address}/box/{BOX}")
    await page.locator("#link:not(.lost)").wait_for(timeout=PATIENCE)
    await page.evaluate("window.untouched = true")
    link = page.locator("#main a").first
    await link.focus()
    now = time.time()
    room.store.fleet.note_presence(Presence(BOX, True, now, now, 5678, 9, now - 3 * 86_400, 0.0, 10**11))
    await page.locator("#main", has_text="5.678").wait_for(timeout=PATIENCE)
    await page.locator("#main a:focus").wait_for(timeout=PATIENCE)
    await page.locator("#main summary").first.click()
    async with page.expect_response(f"**/box/{BOX}", timeout=PATIENCE):
        room.store.fleet.note_presence(Presence(BOX, True, now, now, 6789, 9, now - 3 * 86_400, 0.0, 10**11))
    assert await page.locator("#main details[open] form").count() > 0, "what somebody opened to act stays open"
    await page.locator("#main summary").first.click()
    room.store.fleet.note_presence(Presence(BOX, True, now, now, 7890, 9, now - 3 * 86_400, 0.0, 10**11))
    await page.locator("#main", has_text="7.890").wait_for(timeout=PATIENCE)
    assert await page.evaluate("window.untouched") is True
    await page.context.close()


async def test_typing_filters_without_asking_and_without_marks(room: Room) -> None:
    page = await room.page()
    await page.goto(room.address + "/")
    names = await page.locator("#rows th a").all_text_contents()
    wanted = [name for name in names if "Mường" in name]
    assert wanted
    await page.locator("#q").fill("muong")
    shown = await page.locator("#rows tr:not([hidden]) th a").all_text_contents()
    assert sorted(shown) == sorted(wanted)
    assert await page.locator("#found").inner_text() == f"{len(wanted)} hộp"
    await page.locator("#q").press("Enter")
    assert page.url == room.address + "/", "nothing was sent"
    await page.locator("a.view", has_text="Ô").click()
    assert await page.locator("#wall.tiles").count() == 1
    await page.context.close()


async def test_an_operator_takes_an_alert_on(room: Room) -> None:
    page = await room.page()
    await page.goto(f"{room.address}/box/{BOX}")
    await page.locator("summary", has_text="Nhận xử lý").first.click()
    await page.get_by_label("Lý do").first.fill("Đã gọi xã, điện về chiều nay")
    await page.get_by_role("button", name="Nhận xử lý").first.click()
    await page.get_by_text("nhận xử lý đến").first.wait_for(timeout=PATIENCE)
    assert await page.get_by_text("Đã gọi xã, điện về chiều nay").count() >= 1
    looks = await room.page(Role.GIAM_SAT)
    await looks.goto(f"{room.address}/box/{BOX}")
    assert await looks.locator("form.quiet, form[action$='/log']").count() == 0, "who only looks sees no forms"
    await looks.context.close()
    await page.context.close()


async def test_anybody_looks_a_dossier_up_on_a_phone_and_axe_finds_nothing_at_all(room: Room) -> None:
    code = "00004.261104.K7Q4M9"
    word = CaseWord(code_digest(code), CaseState.ACCEPTED, 20_761, 20_768)
    AccountRows(room.store.connection).note(BOX, Docket(BOX, 100, (word,)), 100.0)
    page = await room.page(None, width=360)
    await page.goto(room.address + "/lookup")
    await page.get_by_label("Mã hồ sơ trên giấy tiếp nhận").fill(code.lower())
    await page.get_by_role("button", name="Tra cứu").click()
    await page.get_by_text("Đã tiếp nhận, đang giải quyết").wait_for(timeout=PATIENCE)
    assert await page.get_by_text("11/11/2026").count() == 1
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    await page.evaluate(axe)
    result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [rule["id"] for rule in result["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.context.close()


async def test_axe_finds_nothing_serious_and_nothing_leaves_the_phone(room: Room) -> None:
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    desk, phone = ["/?view=rows", "/alerts", f"/box/{BOX}"], [*PAGES, f"/box/{BOX}", "/?view=tiles", "/nowhere"]
    found = []
    for width, paths in ((1280, desk), (360, phone)):
        page = await room.page(width=width)
        for path in paths:
            await page.goto(room.address + path)
            await page.evaluate(axe)
            result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                f"{path} ({width} px): {rule['id']}: {rule['nodes'][0]['html'][:160]}"
                for rule in result["violations"]
                if rule["impact"] in GRAVE
            ]
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{path}: {wide} px wide on {width}")
        await page.context.close()
    door = await room.page(None, width=360)
    await door.goto(room.address + "/sign-in")
    await door.evaluate(axe)
    result = await door.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found += [f"/sign-in: {rule['id']}" for rule in result["violations"] if rule["impact"] in GRAVE]
    await door.context.close()
    assert found == []


async def test_nothing_was_asked_of_anybody_else_and_no_page_complained(room: Room) -> None:
    assert {"/", "/alerts", "/documents", "/reports", "/password"} <= set(PAGES)
    assert room.asked
    assert [url for url in room.asked if not url.startswith(room.address)] == []
    expected = "Failed to load resource: the server responded with a status of 404"
    assert [said for said in room.complaints if not said.startswith(expected)] == []
