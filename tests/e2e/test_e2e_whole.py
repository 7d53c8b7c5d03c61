"""A whole installation seen through a browser: real scans, OCR, tokens, broker and province behind the pages.

What the other modules here show with a worker of the tests, shown once with every process of an office and of its
province: people sign in with their passwords, type their PINs, and the receipt stands on both sides.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import tomlkit

from appliance.demo.accounts import make_people
from appliance.demo.installation import PROVINCE_PERSON, Installation, install
from appliance.demo.papers import DemoFile, demo_papers, many_papers
from appliance.demo.processes import Running
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.services.clock import utc_now
from appliance.store import Store, documents, open_store
from tests.e2e.test_e2e_desk import focus_by_tab, typed_by_composition
from tests.e2e.test_e2e_web import CHROMIUM, QUIET, playwright_api

PATIENCE = 90_000
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(400),
]


@dataclass
class Whole:
    """One office and its province, running, and a browser."""

    made: Installation
    store: Store
    people: dict[str, dict[str, str]]
    browser: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def box(self) -> str:
        return f"http://127.0.0.1:{self.made.web_port}"

    @property
    def province(self) -> str:
        return f"http://127.0.0.1:{self.made.province_port}"

    def pin(self, slot: str) -> str:
        """What the owner of a token types."""
        return (self.made.root / "pins" / f"pin.{slot}").read_text(encoding="ascii")

    async def window(self) -> Any:
        context = await self.browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    async def signed_in(self, login: str) -> Any:
        """The window of one of the office's people, in by name and password."""
        page = await self.window()
        await page.goto(f"{self.box}/sign-in")
        await page.locator("#login").fill(login)
        await page.locator("#password").fill(self.people[login]["password"])
        await page.locator("#password").press("Enter")
        await page.wait_for_url(lambda address: "/sign-in" not in address)
        return page

    def drop(self, file: DemoFile) -> None:
        """As a scanner does: written under a hidden name, then renamed."""
        folder = self.made.drop_folder(file.folder)
        file.write(folder / ".part")
        (folder / ".part").rename(folder / file.name)

    def of(self, kind: Kind) -> Document:
        """The only paper of its kind."""
        (found,) = [one for one in self.store.read(lambda db: documents.listed(db)) if one.kind is kind]
        return found


def prepared(root: Path) -> Installation:
    """Nothing is approved by policy and no PIN lies ready: each signature needs its person."""
    made = install(root, utc_now())
    settings = tomlkit.parse(made.box_config.read_text(encoding="utf-8"))
    for folder in settings["folders"]:  # type: ignore[union-attr]
        folder["approve"] = "person"
    for key in settings["signer"]["keys"]:  # type: ignore[index,union-attr]
        key.pop("credential", None)
    made.box_config.write_text(tomlkit.dumps(settings), encoding="utf-8")
    made.credentials.rename(root / "pins")
    made.credentials.mkdir()
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    for name in ("mosquitto", "tesseract", "softhsm2-util"):
        if shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
            pytest.skip(f"{name} is not installed: ./box test installs it")
    made = await asyncio.to_thread(prepared, tmp_path_factory.mktemp("whole") / "demo")
    with Running(made, typing=False) as running:
        await asyncio.to_thread(running.wait_for_pages, 120)
        store = open_store(made.box_config.parent / "state" / "box.db", made.box_config.parent / "state" / "blobs")
        people = {one["login"]: one for one in make_people(store, utc_now())}
        async with playwright_api.async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            yield Whole(made, store, people, browser)
            await browser.close()
        store.close()


async def typed_pin(page: Any, field_id: str, pin: str) -> None:
    """Typed into the field by keys alone."""
    await focus_by_tab(page, field_id)
    await page.keyboard.type(pin)
    await page.keyboard.press("Enter")


async def delivered(page: Any, whole: Whole, document: Document) -> str:
    """Wait for the receipt on the box's page; its number."""
    await page.goto(f"{whole.box}/papers/{document.id}")
    await page.locator(".chip-delivered").wait_for()
    number = page.locator("dt", has_text="Biên nhận số").locator("xpath=following-sibling::dd")
    return str(await number.first.text_content()).strip()


async def stands_at_the_province(whole: Whole, document: Document, number: str) -> None:
    page = await whole.window()
    await page.goto(whole.province + "/")
    await page.locator("input[name=name]").fill(PROVINCE_PERSON)
    await page.locator("input[name=password]").fill(whole.made.province_password.read_text(encoding="ascii"))
    await page.locator("input[name=password]").press("Enter")
    await page.get_by_role("heading", name="Toàn tỉnh").wait_for()
    await page.goto(f"{whole.province}/documents")
    row = page.locator("tr", has_text=document.value("subject"))
    await row.wait_for()
    assert str(await row.locator("th").text_content()).strip() == number
    await page.context.close()


async def test_a_scan_by_keyboard_alone_until_its_receipt_stands_on_both_sides(whole: Whole) -> None:
    page = await whole.signed_in("van.thu")
    await page.goto(f"{whole.box}/desk")
    await page.get_by_text("Không còn văn bản nào chờ văn thư.").wait_for()
    await page.evaluate("window.sameDocument = true")
    (paper,) = many_papers(1, seed=11)
    await asyncio.to_thread(whole.drop, paper)
    await page.locator(".queue li a").wait_for()
    assert await page.evaluate("window.sameDocument"), "it appeared without a reload"
    await page.keyboard.press("Alt+ArrowDown")
    await page.wait_for_url("**/desk/*")
    await focus_by_tab(page, "#field-subject")
    await page.keyboard.press("Control+a")
    await typed_by_composition(page, "Về việc sửa đường liên thôn Nà Lũng")
    await page.keyboard.press("Control+Enter")
    await page.get_by_text("Đã duyệt. Hộp sẽ ký số rồi gửi lên tỉnh.").wait_for()
    document = whole.of(Kind.INCOMING_SCAN)
    assert document.consents[0].by == "Trần Thị Lan (văn thư)"
    await page.goto(f"{whole.box}/desk/many")
    await typed_pin(page, "#pin-only", whole.pin("agency"))
    await page.get_by_text("Đã mở khóa thiết bị ký số.").first.wait_for()
    number = await delivered(page, whole, document)
    await page.context.close()
    document = whole.of(Kind.INCOMING_SCAN)
    assert document.value("subject") == "Về việc sửa đường liên thôn Nà Lũng"
    await stands_at_the_province(whole, document, number)


async def test_a_letter_over_two_peoples_sessions_with_a_pin_each(whole: Whole) -> None:
    letter = next(file for file in demo_papers() if file.folder == "di")
    await asyncio.to_thread(whole.drop, letter)
    clerk, leader = await whole.signed_in("van.thu"), await whole.signed_in("lanh.dao")
    await leader.goto(f"{whole.box}/approvals")
    await leader.locator("input[name=paper]").wait_for()
    assert await leader.locator(".drafts .trouble").all_text_contents() == []
    await leader.locator("input[name=paper]").check()
    await leader.locator("#pin-many").fill(whole.pin("leader"))
    await leader.get_by_role("button", name="Duyệt và ký 1 văn bản").click()
    await leader.get_by_text("Đã duyệt 1 văn bản.").wait_for()
    await clerk.goto(f"{whole.box}/")
    await clerk.get_by_role("link", name="Phát hành").click()
    await clerk.get_by_role("button", name="Đóng dấu, phát hành").click()
    await clerk.get_by_text("Đã đồng ý phát hành.").wait_for()
    await clerk.goto(f"{whole.box}/desk/many")
    if await clerk.locator("#pin-only").count():  # the clerk's PIN of the test before may still be kept
        await typed_pin(clerk, "#pin-only", whole.pin("agency"))
    document = whole.of(Kind.OUTGOING)
    number = await delivered(clerk, whole, document)
    await stands_at_the_province(whole, document, number)
    consents = whole.of(Kind.OUTGOING).consents
    assert [one.by.rsplit("(", 1)[1] for one in consents] == ["lãnh đạo)", "văn thư)"]
    assert whole.complaints == []
    assert all(url.startswith((whole.box, whole.province)) for url in whole.asked), "no request leaves the origin"
