"""People and their passwords in a real browser: the first day of a box, a locked account, a desk left alone."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appliance.accounts import acts, hashing
from appliance.pipeline.receiving import BoxCustodian
from appliance.pipeline.scan_tests import ReadsTestPages
from appliance.services.clock import utc_now
from appliance.store import Store
from appliance.store.standing import Role
from appliance.web.site import make_site
from appliance.web.tour_steps import STEPS
from scanner_intake.custody import Claim
from scanner_intake.digitized import Digitized, Limits
from scanner_intake.glance import Glance
from tests.fixtures_web import LEADER, Papers, cookie_for, office_config

playwright_api = pytest.importorskip("playwright.async_api", reason="playwright (Python package) is missing")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 60_000
PASSWORD, OTHER = "con trâu đi trước 7", "cái cày theo sau 9"


@dataclass
class Box:
    """Running pages with a clock that can be put forward, and a browser."""

    store: Store
    papers: Papers
    browser: Any
    address: str = ""
    ahead: timedelta = timedelta()
    asked: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        return utc_now() + self.ahead

    async def page(self, width: int = 1280, **how: Any) -> Any:
        """A page of a new browser window, with its own cookies."""
        context = await self.browser.new_context(viewport={"width": width, "height": 800}, locale="vi-VN", **how)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.asked.append(request.url))
        return page


@pytest.fixture
async def box(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    monkeypatch.setattr(hashing, "MEMORY_KIB", 8)
    monkeypatch.setattr(hashing, "PASSES", 1)
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        made = Box(store, Papers(store, utc_now, tmp_path / "scratch"), browser)
        runner = web.AppRunner(make_site(office_config(tmp_path), store, made.now), shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
        await browser.close()
        await runner.cleanup()
    assert all(url.startswith(made.address) for url in made.asked), "nothing comes from outside"


async def sign_in(page: Any, login: str, password: str) -> None:
    """By keyboard only."""
    await page.locator("#login").fill(login)
    await page.locator("#password").fill(password)
    await page.locator("#password").press("Enter")


async def test_the_first_day(box: Box) -> None:
    page = await box.page()
    await page.goto(box.address + "/")
    assert page.url.endswith("/first-run")
    fields = {"code": acts.offer_first_run(box.store, box.now()), "name": "Hoàng Văn Bình", "login": "binh"}
    for name, value in (fields | {"new-password": PASSWORD, "again": PASSWORD}).items():
        await page.locator(f"#{name}").fill(value)
    await page.locator("#again").press("Enter")
    await page.get_by_role("heading", name="Mã khôi phục").wait_for()
    assert await page.locator(".code-list li").count() == 10
    await page.get_by_role("link", name="Đã in xong, đi tiếp").click()
    await page.get_by_role("heading", name="Thiết lập lần đầu").wait_for()
    await page.get_by_role("link", name="Người dùng", exact=True).click()

    await page.locator("#name").fill("Trần Thị Lan")
    await page.locator("#login").fill("lan")
    await page.get_by_label("văn thư").check()
    await page.get_by_role("button", name="Thêm người dùng").click()
    await page.locator("code.big").first.wait_for()
    first = await page.locator("code.big").nth(1).inner_text()
    await page.get_by_role("button", name="Đăng xuất", exact=True).click()
    await page.get_by_text("Đã đăng xuất.").wait_for()

    await page.goto(box.address + "/hand-in")
    assert "/sign-in?next=/hand-in" in page.url
    await sign_in(page, "lan", first)
    await page.wait_for_url("**/me")
    await page.goto(box.address + "/hand-in")
    assert page.url.endswith("/me"), "the first password is changed before anything else"
    for name, value in (("old", first), ("new-password", OTHER), ("again", OTHER)):
        await page.locator(f"#{name}").fill(value)
    await page.locator("#again").press("Enter")
    await page.get_by_text("Đã đổi mật khẩu.").wait_for()
    await page.goto(box.address + "/hand-in")
    assert page.url.endswith("/hand-in") and await page.get_by_role("link", name="Người dùng", exact=True).count() == 0


async def test_a_locked_account_on_a_phone_without_script(box: Box) -> None:
    acts.add(box.store, "binh", "Hoàng Văn Bình", Role.ADMINISTRATOR, PASSWORD, "test", box.now(), must_change=False)
    lan = acts.add(box.store, "lan", "Trần Thị Lan", Role.CLERK, PASSWORD, "test", box.now(), must_change=False)
    codes = acts.give_recovery_codes(box.store, lan.id, "test", box.now())
    page = await box.page(360, java_script_enabled=False)
    await page.goto(box.address + "/desk")
    for _ in range(5):
        await sign_in(page, "lan", OTHER)
        await page.get_by_role("alert").wait_for()
    said = await page.get_by_role("alert").inner_text()
    assert re.search(r"tạm khóa đến \d\d:\d\d.*quản trị của hộp", said, re.S)
    assert await page.locator("#password").input_value() == ""
    await sign_in(page, "lan", PASSWORD)
    await page.get_by_role("alert").filter(has_text="tạm khóa").wait_for()

    await page.get_by_role("link", name="Quên mật khẩu").click()
    for name, value in (("login", "lan"), ("code", codes[0].lower()), ("new-password", OTHER), ("again", OTHER)):
        await page.locator(f"#{name}").fill(value)
    await page.get_by_role("button", name="Đặt lại mật khẩu").click()
    await page.get_by_text("Hãy gạch mã vừa dùng").wait_for()
    await page.goto(box.address + "/desk")
    assert "/desk" in page.url, "recovered, and signed in"


async def test_a_desk_left_alone_shows_nothing_any_more(box: Box) -> None:
    page = await box.page()
    await page.context.add_cookies([cookie_for(box.store, box.address, LEADER, box.now())])
    await page.goto(box.address + "/")
    await page.get_by_role("heading").first.wait_for()
    await page.evaluate("Date.now = ((now) => () => now() + 180000)(Date.now)")  # three minutes of reading
    box.ahead = timedelta(minutes=9)
    async with page.expect_response("**/me/here") as told:
        await page.mouse.wheel(0, 200)
    assert (await told.value).status == 204
    box.ahead = timedelta(minutes=18)
    assert (await page.request.get(box.address + "/", headers={"X-Commune-Live": "1"})).status == 200, (
        "who reads is there"
    )
    box.ahead = timedelta(minutes=20)
    box.papers.received()  # whatever changes wakes the open page
    await page.locator("#password").wait_for()  # not the address: a second 401 may lead there again meanwhile
    assert "/sign-in?next=" in page.url


async def test_no_page_about_people_is_wider_than_its_screen(box: Box) -> None:
    page = await box.page()

    async def fits(path: str) -> None:
        for language in ("vi", "en"):
            await page.goto(f"{box.address}{path}?lang={language}")
            for width in (360, 1280):
                await page.set_viewport_size({"width": width, "height": 800})
                wide = await page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert wide <= 0, (path, language, width, wide)

    await fits("/first-run")
    now, long_name = box.now(), "Công Tằng Tôn Nữ Hoàng Thị Phương Thảo Nguyên"
    acts.add(box.store, "binh", "Hoàng Văn Bình", Role.ADMINISTRATOR, PASSWORD, "test", now, must_change=False)
    long = acts.add(box.store, "a" * 32, long_name, Role.SCANNER, PASSWORD, "test", now)
    for path in ("/sign-in", "/sign-in/recovery"):
        await fits(path)
    await page.goto(box.address + "/sign-in")
    await sign_in(page, "binh", PASSWORD)
    await page.wait_for_url(box.address + "/")
    steps = ("commune", "clock", "folders", "province", "pages")
    for path in ("/me", "/users", f"/users/{long.id}", "/setup", *(f"/setup/{step}" for step in steps)):
        await fits(path)


async def test_a_clerks_first_sign_in_leads_through_the_desk_once(box: Box) -> None:
    acts.add(box.store, "lan", "Trần Thị Lan", Role.CLERK, PASSWORD, "test", box.now(), must_change=False)
    page = await box.page(360)
    await page.goto(box.address + "/sign-in")
    await sign_in(page, "lan", PASSWORD)
    card = page.locator("#tour")
    for number, step in enumerate(STEPS, 1):
        await card.get_by_text(f"{number}/{len(STEPS)}").wait_for()
        assert step.stands_on(page.url.removeprefix(box.address).partition("?")[0])
        assert await page.locator("body").get_attribute("data-tour") == step.mark
        framed = await page.evaluate(
            "[...document.querySelectorAll('main *, .line, .foot *')]"
            ".some((each) => getComputedStyle(each).outlineStyle === 'solid')"
        )
        assert framed, f"{step.mark} frames nothing"
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, step
        await card.get_by_role("button").first.click()
    await page.get_by_text("Hết hướng dẫn").wait_for()
    assert await card.count() == 0
    await page.goto(box.address + "/")
    await page.get_by_role("link", name="Hướng dẫn", exact=True).click()
    await page.get_by_role("button", name="Bắt đầu").click()
    await card.get_by_role("button", name="Bỏ qua hướng dẫn").click()
    await card.wait_for(state="detached")


async def test_a_drop_folder_is_tried_out_and_the_page_follows_by_itself(box: Box, tmp_path: Path) -> None:
    acts.add(box.store, "binh", "Hoàng Văn Bình", Role.ADMINISTRATOR, PASSWORD, "test", box.now(), must_change=False)
    page = await box.page(360)
    await page.goto(box.address + "/sign-in?next=/setup/folders")
    await sign_in(page, "binh", PASSWORD)
    await page.get_by_role("button", name="Thử thư mục này").first.click()
    await page.get_by_text("bấm quét ngay bây giờ").wait_for()
    await page.evaluate("window.stays = true")

    file = tmp_path / "Quét 01.pdf"
    file.write_bytes(b"%PDF-1.7 a test page")
    claim = Claim("claim-1", file, file.name, "Văn bản đến", "incoming-scan", "person", 20, box.now())
    await asyncio.to_thread(BoxCustodian(box.store, box.now).accept, claim)
    await page.get_by_text("hộp đang đọc").wait_for()
    words = ("Trang thử máy quét của Ủy ban nhân dân xã Đồng Mận, quét hôm nay",)
    reading = ReadsTestPages(
        box.store, tmp_path / "work", Limits(), "vie", lambda *_: Digitized("ok", 1, text=words),
        lambda *_: Glance(1, (300,), ("colour",), ((210, 297),)), clock=box.now,
    )  # fmt: skip
    assert await asyncio.to_thread(reading.turn)
    await page.get_by_text("Trang đã đến và hộp đọc được.").wait_for()
    assert await page.get_by_text("300 dpi").count() == 1
    assert await page.evaluate("window.stays"), "nothing was loaded again"
    await page.get_by_role("button", name="Đúng là trang thử: bỏ đi").click()
    await page.get_by_text("Đã bỏ trang thử; hộp không giữ gì của nó.").wait_for()
    assert list(box.store.blobs.digests()) == []
