"""The desks in a real browser: a scan confirmed by keyboard alone and signed with a PIN, a letter over two people's
sessions, what a hand that types is spared, and a phone. One browser for all tests; each has an office of its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from appliance import commands
from appliance.config import Config, SyncSection
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.domain.steps import Step, next_step
from appliance.domain.zone import VIETNAM
from appliance.services.clock import utc_now
from appliance.store import Store, documents
from appliance.web.site import make_site
from tests.e2e.test_e2e_web import CHROMIUM, PATIENCE, QUIET, playwright_api, scanned_pdf
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_pins import PinSigner
from tests.fixtures_web import CLERK, LEADER, Papers, Worker, cookie_for, write_link

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing"),
    pytest.mark.asyncio(loop_scope="module"),
]


class PinnedWorker(Worker):
    """A worker that signs only with an open token, and a province that refuses the first delivery of a letter."""

    def __init__(self, papers: Papers, config: Config, signer: PinSigner, refuse_once: bool = False) -> None:
        super().__init__(papers, config, scanned_pdf())
        self._signer, self._refuse_once = signer, refuse_once

    def _move(self, document: Document) -> None:
        step = next_step(document)
        if step is Step.SIGN and document.open_slot and not self._signer.keys[document.open_slot.value].logged_in:
            return
        if self._refuse_once and step is Step.ENQUEUE:
            self._refuse_once = False
            self._papers.answer(self._papers.enqueue(document.id), "Thiếu phụ lục 2")
        elif document.state is State.QUEUED:
            self._papers.answer(document.id)
        else:
            super()._move(document)


@dataclass
class Site:
    """A running office, and every browser page opened at it with what went wrong there."""

    address: str
    papers: Papers
    store: Store
    config: Config
    browser: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    async def page_of(self, who: dict[str, str], width: int = 1280, height: int = 900) -> Any:
        """A browser window in which ``who`` is signed in."""
        context = await self.browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN")
        await context.add_cookies([cookie_for(self.store, self.address, who, utc_now())])
        self.contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _hear(self, said: Any) -> None:
        if said.type == "error":
            self.complaints.append(f"{said.text} {said.location['url']}")

    def only(self) -> Document:
        """The one paper of the office."""
        (document,) = self.store.read(lambda db: documents.listed(db))
        return document


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    async with playwright_api.async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site(store: Store, office: Config, tmp_path: Path, browser: Any) -> AsyncIterator[Site]:
    """An office with a line to the province; at the end no page has complained and nothing was asked from elsewhere."""
    nowhere = tmp_path / "not-read-by-pages"
    office = dataclasses.replace(office, sync=SyncSection("province", nowhere, nowhere, nowhere, nowhere))
    runner = web.AppRunner(make_site(office, store, utc_now), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    one = Site(address, Papers(store, utc_now, tmp_path / "scratch"), store, office, browser)
    yield one
    for context in one.contexts:
        await context.close()
    await runner.cleanup()
    assert one.complaints == []
    assert one.asked and all(url.startswith(address) for url in one.asked), "no request leaves the origin"


async def typed_by_composition(page: Any, text: str) -> None:
    """Type as an input method does: each word is composed, and composing it shows it before it is there."""
    session = await page.context.new_cdp_session(page)
    for word in text.split():
        await session.send(
            "Input.imeSetComposition", {"text": word, "selectionStart": len(word), "selectionEnd": len(word)}
        )
        # Enter while composing belongs to the input method: browsers say so with key code 229.
        await session.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Enter", "windowsVirtualKeyCode": 229})
        await session.send("Input.insertText", {"text": f"{word} "})
    await session.detach()


async def every_picture(page: Any) -> None:
    """Wait until no picture is on its way; one in a closed deed is asked for when that is opened."""
    shown = "[...document.images].filter((image) => image.checkVisibility())"
    async with asyncio.timeout(PATIENCE / 1000):
        while not await page.evaluate(f"{shown}.every((image) => image.complete)"):
            await asyncio.sleep(0.1)


async def focus_by_tab(page: Any, selector: str) -> None:
    """Press Tab until ``selector`` has the focus."""
    for _ in range(60):
        if await page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {selector}")


async def test_a_scan_by_keyboard_alone_from_the_folder_to_the_receipt(site: Site, pin_signer: PinSigner) -> None:
    worker = PinnedWorker(site.papers, site.config, pin_signer)
    worker.start()
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/desk")
    await page.get_by_text("Không còn văn bản nào chờ văn thư.").wait_for()
    await page.evaluate("window.sameDocument = true")
    folder = site.config.folders[0].path
    (folder / ".SKM_1.pdf").write_bytes(scanned_pdf())
    (folder / ".SKM_1.pdf").rename(folder / "SKM_1.pdf")
    await page.locator(".queue li a").wait_for()
    assert await page.evaluate("window.sameDocument"), "it appeared without a reload"

    await page.keyboard.press("Alt+ArrowDown")
    await page.wait_for_url("**/desk/*")
    await focus_by_tab(page, "#field-subject")
    assert await page.locator("rect[data-mark=subject].lit").count() == 1, "the place on the scan is shown"
    await page.keyboard.press("Control+a")
    await typed_by_composition(page, "Về việc sửa đường liên thôn Nà Lũng")
    assert site.only().state is State.DIGITIZED, "Enter while composing approves nothing"
    await page.keyboard.press("Alt+Digit2")
    assert await page.locator("#field-type_name").input_value() == "Quyết định"
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/desk?said=approve")
    await page.get_by_text("Đã duyệt. Hộp sẽ ký số rồi gửi lên tỉnh.").wait_for()

    await page.goto(f"{site.address}/desk/many")
    for pin, answer in (("0000", "Mã PIN không đúng"), ("135790", "Đã mở khóa thiết bị ký số.")):
        await focus_by_tab(page, "#pin-only")
        await page.keyboard.type(pin)
        await page.keyboard.press("Enter")
        await page.get_by_text(answer).first.wait_for()
    await page.goto(f"{site.address}/papers/{site.only().id}")
    await page.locator(".chip-delivered").wait_for()
    worker.stop.set()
    worker.join(10)
    document = site.only()
    assert document.state is State.DELIVERED
    assert (document.value("subject"), document.value("type_name")) == (
        "Về việc sửa đường liên thôn Nà Lũng",
        "Quyết định",
    )
    assert [login["pin"] for login in pin_signer.logins] == ["0000", "135790"]
    assert document.consents[0].by == "Trần Thị Lan (văn thư)"


async def test_a_letter_over_two_peoples_sessions_refused_and_sent_again(site: Site, pin_signer: PinSigner) -> None:
    worker = PinnedWorker(site.papers, site.config, pin_signer, refuse_once=True)
    draft = site.papers.digitized(kind=Kind.OUTGOING, pdf=scanned_pdf(), pages=2)
    leader, clerk = await site.page_of(LEADER, 1024, 768), await site.page_of(CLERK)
    await clerk.goto(f"{site.address}/desk")
    await leader.goto(f"{site.address}/approvals")
    await leader.get_by_role("link", name="Đọc").click()
    await leader.locator("#reason").fill("Bổ sung căn cứ")
    await leader.get_by_role("button", name="Trả lại kèm ý kiến").click()
    await leader.get_by_text("Đã trả lại cho văn thư kèm ý kiến.").wait_for()

    await clerk.locator(".queue li a").wait_for()  # live
    await clerk.keyboard.press("Alt+ArrowDown")
    await clerk.get_by_text("Bổ sung căn cứ").wait_for()
    await clerk.wait_for_load_state()  # words are seen before the keys have a meaning
    await clerk.keyboard.press("Control+Enter")
    await clerk.get_by_text("Đã trình lại lãnh đạo.").wait_for()

    await leader.locator("input[name=paper]").check()  # live again
    await leader.locator("#pin-many").fill("24680")
    worker.start()
    await leader.get_by_role("button", name="Duyệt và ký 1 văn bản").click()
    await leader.get_by_text("Đã duyệt 1 văn bản.").wait_for()
    assert pin_signer.logins[0]["documents"] == 1

    await clerk.goto(f"{site.address}/")
    await clerk.get_by_role("link", name="Phát hành").click()
    await clerk.get_by_role("button", name="Đóng dấu, phát hành").click()
    await clerk.get_by_text("Đã đồng ý phát hành.").wait_for()
    await clerk.goto(f"{site.address}/desk/many")
    await clerk.locator("#pin-only").fill("13579")
    await clerk.get_by_role("button", name="Mở khóa và ký").click()
    await clerk.get_by_text("Đã mở khóa thiết bị ký số.").wait_for()
    await clerk.goto(f"{site.address}/desk")
    await clerk.get_by_role("link", name="Bị từ chối").first.wait_for()  # live: the province has refused
    await clerk.keyboard.press("Alt+ArrowDown")
    await clerk.get_by_text("Thiếu phụ lục 2").first.wait_for()
    await clerk.wait_for_load_state()
    await clerk.keyboard.press("Control+Enter")
    await clerk.get_by_text("Đã đưa văn bản vào hàng chờ gửi.").wait_for()
    await clerk.goto(f"{site.address}/papers/{draft}")
    await clerk.locator(".chip-delivered").wait_for()
    worker.stop.set()
    worker.join(10)
    assert [one.by for one in site.papers.load(draft).consents] == [
        "Nông Văn Thuận (lãnh đạo)",
        "Trần Thị Lan (văn thư)",
    ]


async def test_the_hand_that_types_is_not_disturbed_and_the_page_follows_the_keys(site: Site) -> None:
    paper = site.papers.digitized(pdf=scanned_pdf(), pages=2)
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/desk/{paper}")
    await page.locator("#sheets img").first.wait_for()
    await page.locator("#field-subject").fill("Đang gõ dở")
    site.papers.digitized(name="SKM_2.pdf", pdf=scanned_pdf(), pages=2)
    await page.locator(".queue li:nth-child(2)").wait_for()
    assert await page.locator("#field-subject").input_value() == "Đang gõ dở"
    assert await page.evaluate("document.activeElement.id") == "field-subject"

    at = page.locator("[data-view=at]")
    assert await at.text_content() == "1/2"
    await page.keyboard.press("Alt+PageDown")
    await page.get_by_text("2/2", exact=True).first.wait_for()
    await page.keyboard.press("Alt+PageUp")
    wide = await page.locator(".leaf").first.bounding_box()
    await page.keyboard.press("Alt+Equal")
    larger = await page.locator(".leaf").first.bounding_box()
    assert larger["width"] > wide["width"] * 1.2
    await page.keyboard.press("Alt+Minus")
    await page.keyboard.press("Alt+Shift+KeyR")
    turned = await page.locator(".leaf").first.bounding_box()
    assert turned["width"] > turned["height"], "an upright page lies on its side"
    assert await page.evaluate("document.activeElement.id") == "field-subject", "looking takes no focus away"
    assert await page.locator("#field-subject").input_value() == "Đang gõ dở"
    await page.keyboard.press("F2")
    assert await page.evaluate("document.activeElement.id") == "sheets"
    await page.keyboard.press("Alt+PageDown")
    await page.get_by_text("2/2", exact=True).first.wait_for()
    await every_picture(page)  # one that comes after the paper is gone would be told as missing
    await page.keyboard.press("Alt+Shift+KeyP")
    assert await page.evaluate("[document.activeElement.id, document.activeElement.value]") == ["recut-page", "2"]
    await page.keyboard.press("Control+Enter")
    await page.get_by_text("Đã tách.").first.wait_for()
    assert site.papers.load(paper).replaced


async def test_every_rarer_deed_is_done_by_keys_alone(site: Site) -> None:
    papers = [site.papers.digitized(name=f"SKM_{n}.pdf", pdf=scanned_pdf(), pages=2) for n in range(5)]
    blank, back, secret, main, last = papers
    appendix = site.papers.digitized(name="phụ lục.pdf", pdf=scanned_pdf(), pages=2)
    page = await site.page_of(CLERK)

    async def deed(paper: str, key: str, focused: str, done: str, typed: str = "") -> None:
        await page.goto(f"{site.address}/desk/{paper}")
        await every_picture(page)  # one that comes after the paper is gone would be told as missing
        await page.wait_for_load_state()  # keys have a meaning only when the scripts have run
        await page.keyboard.press(f"Alt+Shift+{key}")
        await page.locator(f"{focused}:focus").wait_for()
        if typed:
            await page.keyboard.type(typed)
        await page.keyboard.press("Control+Enter")
        await page.get_by_text(done).first.wait_for()

    await deed(blank, "KeyV", "button[value=drop]", "Đã bỏ trang.")
    assert site.papers.load(blank).reason_code == "joined", "left out, not parted"
    await deed(back, "KeyB", "#reason-send-back", "Đã trả lại.", "Trang 2 mờ")
    assert (site.papers.load(back).state, site.papers.load(back).reason_text) == (State.DISCARDED, "Trang 2 mờ")
    await deed(secret, "KeyM", "details[data-deed=mark-secret] button", "Đã cách ly.")
    assert site.papers.load(secret).secret
    await deed(main, "KeyN", "details[data-deed=join-next] button", "Hộp đang nối hai bản quét")
    assert site.papers.load(main).joins == last
    commands.unjoin(site.store, main, "Trần Thị Lan (văn thư)", utc_now())
    await deed(last, "KeyK", "#attach-paper", "Đã đính kèm phụ lục.")
    assert site.papers.load(appendix).attached_to == last, "what came after it is offered first"


async def test_the_line_is_said_in_words_while_it_goes_and_comes(site: Site) -> None:
    paper = site.papers.digitized(pdf=scanned_pdf())
    commands.approve(site.store, paper, "Trần Thị Lan (văn thư)", utc_now())
    site.papers.enqueue(site.papers.sign(paper))
    page = await site.page_of(CLERK)
    write_link(site.config, True, utc_now())
    await page.goto(f"{site.address}/")
    await page.get_by_text("Đang kết nối tỉnh").wait_for()
    since = utc_now()
    write_link(site.config, False, since, "link-lost")
    told = f"Mất mạng từ {since.astimezone(VIETNAM):%H:%M}"
    await page.get_by_text(told).wait_for()
    assert "1 văn bản chờ gửi" in (await page.locator(".line").text_content() or "")
    write_link(site.config, True, utc_now())
    await page.get_by_text("Đang kết nối tỉnh").wait_for()


async def test_files_dropped_on_any_page_are_handed_in(site: Site) -> None:
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/desk")
    await page.evaluate(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(['%PDF-1.7 scan'], 'Tờ trình.pdf', { type: 'application/pdf' }));
            for (const kind of ['dragenter', 'dragover', 'drop'])
                document.body.dispatchEvent(
                    new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
        }"""
    )
    await page.locator("dialog[open] select[name=folder]").select_option("1")
    await page.get_by_role("button", name="Đưa vào hộp").click()
    await page.get_by_text("đã vào thư mục, hộp sẽ nhận trong vài giây").wait_for()
    assert (site.config.folders[1].path / "Tờ trình.pdf").read_bytes() == b"%PDF-1.7 scan"
    await page.keyboard.press("Escape")
    await page.locator("dialog").wait_for(state="detached")


async def test_no_desk_is_wider_than_a_phone_and_every_control_can_be_hit(site: Site) -> None:
    long_name = "SKM_C25826030914220" * 6 + ".pdf"
    scan = site.papers.digitized(name=long_name, pdf=scanned_pdf(), pages=2, sure=0.5)
    draft = site.papers.digitized(kind=Kind.OUTGOING, pdf=scanned_pdf(), fields={"subject": "Dự thảo " + "dài" * 40})
    secret = site.papers.quarantine(site.papers.digitized(), Event.SUSPECTED_SECRET, "suspected-secret")
    back = site.papers.digitized(kind=Kind.OUTGOING, pdf=scanned_pdf())
    commands.hand_back(site.store, back, "Nông Văn Thuận (lãnh đạo)", utc_now(), "Thiếu căn cứ " + "x" * 80)
    sha256, size = site.papers.blob(scanned_pdf())
    one = electronic(1, utc_now(), subject="Công văn điện tử")
    site.store.write(lambda db: take_electronic(db, type(one)(**(one.__dict__ | {"sha256": sha256, "size": size}))))
    shown = {
        "van_thu": ["/", "/desk", f"/desk/{scan}", f"/desk/{secret}", f"/desk/{back}", "/desk/many", "/incoming",
                    f"/incoming/{one.document_id}"],
        "lanh_dao": ["/", "/approvals", f"/approvals/{draft}"],
    }  # fmt: skip
    for who in (CLERK, LEADER):
        page = await site.page_of(who, 360, 740)
        for path in shown[who["role"]]:
            await page.goto(f"{site.address}{path}")
            wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, (path, wider)
            faults = await page.evaluate(
                """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button')]
                    .filter((each) => each.offsetParent !== null)
                    .filter((each) => !(each.labels?.length || each.textContent.trim() || each.ariaLabel)
                        || (!['radio', 'checkbox'].includes(each.type) && each.getBoundingClientRect().height < 44))
                    .map((each) => each.outerHTML.slice(0, 120))"""
            )
            assert faults == [], path
