"""The office's day in a real browser: a file handed in, corrected, approved by keyboard, and its way watched live."""

from __future__ import annotations

import asyncio
import io
import shutil
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from PIL import Image, ImageDraw

from appliance import commands
from appliance.config import Config
from appliance.domain.states import State
from appliance.services.clock import utc_now
from appliance.store import Store
from appliance.web.site import make_site
from tests.fixtures_web import CLERK, Papers, Worker, cookie_for, office_config

playwright_api = pytest.importorskip("playwright.async_api", reason="playwright (Python package) is missing")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000


def scanned_pdf(pages: int = 2) -> bytes:
    """A PDF of plain A4 pictures, as a scanner makes it."""
    images = []
    for number in range(pages):
        image = Image.new("RGB", (620, 877), "white")
        ImageDraw.Draw(image).text((80, 100), f"So 215/UBND trang {number + 1}", fill="black")
        images.append(image)
    target = io.BytesIO()
    images[0].save(target, "PDF", resolution=75, save_all=True, append_images=images[1:])
    return target.getvalue()


@dataclass
class Desk:
    """A running site, a browser page at it, and what the page asked for."""

    page: Any
    address: str
    papers: Papers
    store: Store
    config: Config
    context: Any
    asked: list[str]
    complaints: list[str]

    async def open(self, path: str) -> None:
        await self.page.goto(self.address + path)

    async def sees(self, text: str) -> None:
        await self.page.get_by_text(text).first.wait_for(timeout=PATIENCE)


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


@pytest.fixture
async def desk(store: Store, tmp_path: Path, chromium: Any) -> AsyncIterator[Desk]:
    config = office_config(tmp_path)
    papers = Papers(store, utc_now, tmp_path / "scratch")
    runner = web.AppRunner(make_site(config, store, utc_now), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    address = f"http://127.0.0.1:{port}"
    context = await chromium.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    await context.add_cookies([cookie_for(store, address, CLERK, utc_now())])
    page = await context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console",
        lambda said: complaints.append(f"{said.text} {said.location['url']}") if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Desk(page, address, papers, store, config, context, asked, complaints)
    await context.close()
    await runner.cleanup()


async def test_from_the_browser_to_the_receipt_by_keyboard(desk: Desk, tmp_path: Path) -> None:
    worker = Worker(desk.papers, desk.config, scanned_pdf())
    worker.start()
    scan = tmp_path / "Công văn 215.pdf"
    scan.write_bytes(scanned_pdf())
    await desk.open("/hand-in")
    await desk.page.set_input_files("#file", str(scan))
    await desk.page.get_by_role("button", name="Đưa vào hộp").click()
    await desk.sees("đã vào thư mục, hộp sẽ nhận trong vài giây")

    await desk.open("/")
    await desk.sees("Chờ duyệt")
    await desk.page.locator(".rows .what a").first.focus()
    await desk.page.keyboard.press("Enter")
    await desk.page.wait_for_url("**/papers/*")
    await desk.page.locator("#sheets img").first.wait_for(timeout=PATIENCE)
    assert await desk.page.locator("#sheets figure").count() == 2

    subject = desk.page.locator("#field-subject")
    await subject.fill(unicodedata.normalize("NFD", "Về việc sửa đường liên thôn Nà Lũng"))
    await desk.page.locator("#field-code").focus()
    assert await desk.page.locator("rect[data-mark=code].lit").count() == 1
    await desk.page.keyboard.press("Enter")
    assert await desk.page.evaluate("document.activeElement.id") == "field-issued_date", (
        "Enter moves on, never approves"
    )
    await desk.page.keyboard.press("Control+Enter")
    await desk.sees("Đã duyệt. Hộp sẽ ký số rồi gửi lên tỉnh.")

    await desk.page.locator(".chip-delivered").wait_for(timeout=PATIENCE)
    await desk.sees("Tỉnh đã nhận và ký biên nhận")
    worker.stop.set()
    document = desk.papers.load(desk.page.url.rsplit("/", 1)[1].partition("?")[0])
    assert document.state is State.DELIVERED
    assert document.value("subject") == "Về việc sửa đường liên thôn Nà Lũng"
    assert document.original_name == "Công văn 215.pdf"
    assert document.consents[0].by == "Trần Thị Lan (văn thư)"
    assert all(url.startswith(desk.address) for url in desk.asked), "nothing comes from outside"
    assert desk.complaints == []


async def test_a_form_in_use_is_not_replaced_but_the_rest_stays_current(desk: Desk) -> None:
    paper = desk.papers.digitized(pdf=scanned_pdf(), pages=2)
    await desk.open(f"/papers/{paper}")
    await desk.page.locator("#field-subject").fill("Đang gõ dở")
    commands.approve(desk.store, paper, "Người khác", utc_now())
    await desk.page.locator(".chip-to-sign").wait_for(timeout=PATIENCE)
    assert await desk.page.locator("#field-subject").input_value() == "Đang gõ dở"
    await desk.page.locator("#stale").wait_for(timeout=PATIENCE)


async def test_enter_while_composing_sends_nothing(desk: Desk) -> None:
    paper = desk.papers.digitized(pdf=scanned_pdf(), pages=2)
    await desk.open(f"/papers/{paper}")
    await desk.page.locator("#field-issuer").focus()
    session = await desk.context.new_cdp_session(desk.page)
    await session.send("Input.imeSetComposition", {"text": "việt", "selectionStart": 4, "selectionEnd": 4})
    await session.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Enter", "windowsVirtualKeyCode": 229})
    await asyncio.sleep(0.3)
    assert await desk.page.evaluate("document.activeElement.id") == "field-issuer"
    assert desk.papers.load(paper).state is State.DIGITIZED


async def test_it_works_without_any_script(desk: Desk, chromium: Any) -> None:
    paper = desk.papers.digitized(pdf=scanned_pdf(), pages=2)
    context = await chromium.new_context(java_script_enabled=False, locale="vi-VN")
    await context.add_cookies([cookie_for(desk.store, desk.address, CLERK, utc_now())])
    page = await context.new_page()
    await page.goto(f"{desk.address}/papers/{paper}")
    await page.locator("#field-code").focus()
    await page.keyboard.press("Enter")
    assert desk.papers.load(paper).state is State.DIGITIZED, "Enter in a field does not approve, also without a script"
    await page.get_by_role("button", name="Duyệt", exact=True).click()
    await page.get_by_text("Đã duyệt.").wait_for(timeout=PATIENCE)
    await page.goto(f"{desk.address}/hand-in")
    file = {"name": "Tờ trình.pdf", "mimeType": "application/pdf", "buffer": scanned_pdf()}
    await page.set_input_files("#file", files=[file])
    await page.get_by_role("button", name="Đưa vào hộp").click()
    await page.get_by_text("đã vào thư mục Văn bản đến.").wait_for(timeout=PATIENCE)
    assert (desk.config.folders[0].path / "Tờ trình.pdf").exists()
    await context.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
async def test_no_page_is_wider_than_its_screen(desk: Desk, width: int) -> None:
    long_name = "SKM_C25826030914220" * 6 + ".pdf"
    paper = desk.papers.digitized(name=long_name, pdf=scanned_pdf(), pages=2)
    done = desk.papers.delivered(name=long_name, pdf=scanned_pdf(), pages=2)
    await desk.page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", f"/papers/{paper}", f"/papers/{done}", "/hand-in", "/me", "/search?q=skm"):
        for language in ("vi", "en"):
            await desk.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
            wider = await desk.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wider <= 0, (path, language, wider)


async def test_every_control_has_a_name_and_is_large_enough(desk: Desk) -> None:
    paper = desk.papers.digitized(pdf=scanned_pdf(), pages=2)
    for path in ("/", f"/papers/{paper}", "/hand-in", "/me"):
        await desk.open(path)
        faults = await desk.page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button:not([hidden])')]
                .filter((each) => each.offsetParent !== null)
                .filter((each) => !(each.labels?.length || each.textContent.trim() || each.ariaLabel)
                    || (each.type !== 'radio' && each.getBoundingClientRect().height < 44))
                .map((each) => each.outerHTML.slice(0, 120))"""
        )
        assert faults == [], path
