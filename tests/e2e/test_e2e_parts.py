"""What changes a part of a page instead of leaving it: searching while one types, moving a seal; and its fall-back."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from appliance import commands
from appliance.config import Config, SignerSection
from appliance.domain.kinds import Kind
from appliance.services.clock import utc_now
from tests.data.signing_pages import make_page, make_seal, make_signature
from tests.e2e.test_e2e_desk import Site, browser, site
from tests.e2e.test_e2e_web import CHROMIUM, scanned_pdf
from tests.fixtures_web import CLERK, office_config

__all__ = ["browser", "site"]  # fixtures of the desks: one browser for a file, an office for each test
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest.fixture
def office(tmp_path: Path) -> Config:
    """An office with pictures of a signature and a seal."""
    leader, seal = tmp_path / "leader.png", tmp_path / "seal.png"
    leader.write_bytes(make_signature())
    seal.write_bytes(make_seal())
    return dataclasses.replace(office_config(tmp_path), signer=SignerSection(leader_image=leader, seal_image=seal))


async def test_searching_while_one_types_leaves_the_field_and_the_address_follows(site: Site) -> None:
    wanted = site.papers.digitized(pdf=scanned_pdf(), pages=2)
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/search")
    words = page.locator("#words")
    await words.press_sequentially("kế hoạch không có đâu cả")
    await page.get_by_text("Không tìm thấy “kế hoạch không có đâu cả”.").wait_for()
    assert await page.evaluate("document.activeElement.id") == "words"
    held = asyncio.Event()

    async def later_one(route: Any) -> None:  # an answer that a newer question overtakes is no error of the page
        await held.wait()
        await route.continue_()

    await page.route("**/search?q=ch%E1%BA%ADm*", later_one)
    async with page.expect_request("**/search?q=ch%E1%BA%ADm*"):
        await words.fill("chậm")
    await words.fill("")
    await words.press_sequentially("215")
    await page.locator(f"#live-lists a[href='/papers/{wanted}']").first.wait_for()
    await page.wait_for_url("**/search?q=215*")
    held.set()
    # What comes in later joins the list that is shown now, not the one the page began with.
    later = site.papers.digitized(name="sau.pdf", pdf=scanned_pdf() + b"%\n", pages=2)
    await page.locator(f"#live-lists a[href='/papers/{later}']").first.wait_for()
    assert await words.input_value() == "215"


async def test_a_search_waits_until_the_word_is_composed(site: Site) -> None:
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/search")
    await page.locator("#words").focus()
    session = await page.context.new_cdp_session(page)
    asked = len(site.asked)
    await session.send("Input.imeSetComposition", {"text": "vie", "selectionStart": 3, "selectionEnd": 3})
    await page.wait_for_timeout(700)
    assert not [url for url in site.asked[asked:] if "/search" in url], "half a word is not searched for"
    await session.send("Input.insertText", {"text": "việt"})
    await page.get_by_text("Không tìm thấy “việt”.").wait_for()


async def test_a_register_is_filtered_while_one_types_and_printed_as_it_is_shown(site: Site) -> None:
    for name in ("Một.pdf", "Hai.pdf"):
        paper = site.papers.digitized(name=name, pdf=scanned_pdf() + name.encode(), pages=2)
        commands.approve(site.store, paper, "Trần Thị Lan (văn thư)", utc_now())
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/registers/den")
    await page.locator("#shown tbody tr").nth(1).wait_for()
    await page.locator("#f-q").press_sequentially("chẳng có")
    await page.locator("#shown .empty").wait_for()
    await page.locator("#exports input[name=q][value='chẳng có']").wait_for(state="attached")
    await page.wait_for_url("**/registers/den?*q=ch*")
    assert await page.evaluate("document.activeElement.id") == "f-q"
    await page.locator("#f-q").fill("")
    await page.locator("#shown tbody tr").nth(1).wait_for()


async def test_moving_a_seal_keeps_the_scan_where_it_is(site: Site, tmp_path: Path) -> None:
    pdf = make_page(tmp_path / "letter.pdf", "letter").read_bytes()
    letter = site.papers.digitized(kind=Kind.OUTGOING, pdf=pdf)
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/papers/{letter}")
    planned = page.locator("#marks-1 rect.planned[data-mark=agency]")
    await planned.wait_for(state="attached")
    before = float(await planned.get_attribute("x"))
    await page.locator("#live-nudge summary").click()
    await page.locator("#sheets").evaluate("each => { each.scrollTop = 120; each.dataset.mine = 'yes'; }")
    await page.locator("#right-agency").fill("4")
    await page.locator("#nudge-agency-go").click()
    await page.locator("#said .notice-good").wait_for()
    moved = page.locator(f"#marks-1 rect.planned[data-mark=agency]:not([x='{before:g}'])")
    await moved.wait_for(state="attached")
    assert float(await moved.get_attribute("x")) - before == pytest.approx(4 * 72 / 25.4, abs=0.01)
    assert await page.locator("#sheets[data-mine=yes]").count() == 1, "the page was not left"
    assert await page.locator("#live-nudge details[open]").count() == 1
    assert site.papers.load(letter).nudges == {"agency": (4.0, 0.0)}


async def test_a_refused_move_is_told_with_its_reason(site: Site, tmp_path: Path) -> None:
    pdf = make_page(tmp_path / "letter.pdf", "letter").read_bytes()
    letter = site.papers.digitized(kind=Kind.OUTGOING, pdf=pdf)
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/papers/{letter}")
    await page.locator("#live-nudge summary").click()
    await page.locator("#right-leader").fill("59")
    await page.locator("#nudge-leader-go").click()
    await page.locator("#trouble").wait_for()
    assert not site.papers.load(letter).nudges
    site.complaints.clear()  # the browser tells of every answer of 400 and above
