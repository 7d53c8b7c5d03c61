"""The enrolment page in a real browser, with and without script: a leader enrols the key of their own token."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appliance.config import load_config
from appliance.services.clock import utc_now
from appliance.store import Store
from appliance.web.site import make_site
from hsm import enrolment
from tests.fixtures_hsm import NAMES, PIN
from tests.fixtures_unenrolled import Box
from tests.fixtures_web import LEADER, cookie_for

playwright_api = pytest.importorskip("playwright.async_api", reason="playwright (Python package) is missing")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing")
PATIENCE = 60_000
PICTURES = os.environ.get("COMMUNE_BOX_PICTURES", "")
"""A folder for pictures of the pages, for people to look at."""


@pytest.fixture
async def address(enrolment_box: Box, store: Store) -> AsyncIterator[str]:
    runner = web.AppRunner(make_site(load_config(enrolment_box.config), store, utc_now), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def taken(page: Any, name: str) -> None:
    """A picture of the whole page, and no part of it wider than the window."""
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name}: {wide} px to scroll sideways"
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("width", "script"), [(1280, True), (360, False)])
async def test_a_leader_enrols_their_token(
    enrolment_box: Box, store: Store, address: str, width: int, script: bool
) -> None:
    box = enrolment_box
    box.put_certificate("leader")
    complaints: list[str] = []
    asked: list[str] = []
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, locale="vi-VN", java_script_enabled=script
        )
        await context.add_cookies([cookie_for(store, address, LEADER, utc_now())])
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(address + "/certificates")
        await page.get_by_role("link", name="Đăng ký thiết bị ký").click()

        card = page.locator(".verified").filter(has=page.get_by_role("heading", name=NAMES["leader"]))
        await card.first.wait_for()
        await taken(page, f"found-{width}")
        await card.first.get_by_role("link", name="Chọn chứng thư này").click()
        pin = page.locator("#pin")
        assert await pin.get_attribute("type") == "password"
        await pin.fill("000000")
        box.faults.typed += 1
        await page.get_by_role("button", name="Ký thử và đăng ký").click()
        await page.get_by_role("alert").filter(has_text="Mã PIN không đúng").wait_for()
        await taken(page, f"wrong-{width}")
        await page.reload()
        assert len(box.faults.logins()) == 1, "a reload sends no PIN again"
        assert await page.locator("#pin").input_value() == ""
        await page.locator("#pin").fill(PIN["leader"])
        box.faults.typed += 1
        await page.locator("#pin").press("Enter")
        await page.get_by_role("status").filter(has_text=f"Đã đăng ký {NAMES['leader']}").wait_for()
        await taken(page, f"enrolled-{width}")
        await browser.close()
    made = enrolment.load(box.folder / "signing", "leader")
    assert made and made.present.enrolled_by == "Nông Văn Thuận (lãnh đạo)"
    assert complaints == [] and all(url.startswith(address) for url in asked)
    assert not [url for url in asked if PIN["leader"] in url]
