"""Reading the file itself (pdf.js): a page coded as our archive copies are, its words, and pictures where it fails."""

from __future__ import annotations

import asyncio
import io
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest

from appliance.config import Config
from appliance.domain.kinds import Kind
from scanner_intake.jbig2 import Stencil, encode
from tests.e2e.test_e2e_desk import Site, browser, site
from tests.e2e.test_e2e_web import CHROMIUM, PATIENCE
from tests.fixtures_web import CLERK, LEADER, office_config

__all__ = ["browser", "site"]  # fixtures of the desks: one browser for a file, an office for each test
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing"),
    pytest.mark.asyncio(loop_scope="module"),
]
# What the newest Chrome of Windows 7 and 8 (109) has not and a newer one has.
YOUNGER = """for (const [of, names] of [
  [Promise, 'withResolvers try'],
  [URL, 'parse canParse'],
  [Array.prototype, 'toSorted toReversed toSpliced with'],
  [Array, 'fromAsync'],
  [Object, 'groupBy'],
  [Map, 'groupBy'],
  [Map.prototype, 'getOrInsertComputed'],
  [Set.prototype, 'union difference intersection isSubsetOf'],
  [Math, 'sumPrecise'],
  [Uint8Array, 'fromBase64'],
  [Uint8Array.prototype, 'toBase64 toHex'],
  [ArrayBuffer.prototype, 'transfer transferToFixedLength resize'],
  [RegExp, 'escape'],
  [AbortSignal, 'any'],
  [String.prototype, 'isWellFormed'],
  [Response.prototype, 'bytes'],
  [Blob.prototype, 'bytes'],
  [ReadableStream, 'from'],
  [ReadableStream.prototype, 'values'],
  [Error, 'isError'],
  [globalThis, 'Iterator ImageDecoder'],
]) for (const name of names.split(' ')) delete of[name];
delete ReadableStream.prototype[Symbol.asyncIterator];
"""
READ = "figure:first-child[data-read=yes]"
WIDTH = "document.querySelector('.face canvas').width"
INK = """() => { const canvas = document.querySelector('.face canvas'), at = canvas.getContext('2d');
    const of = (x, y) => at.getImageData(canvas.width * x, canvas.height * y, 1, 1).data[0];
    return [of(0.25, 0.25), of(0.75, 0.25), of(0.5, 0.8)]; }"""


@pytest.fixture
def office(tmp_path: Path) -> Config:
    return office_config(tmp_path)


def archive(pages: int) -> bytes:
    """A PDF as the box makes it: a picture in JBIG2, its upper left quarter black; the words invisible over it."""
    made, target = pikepdf.new(), io.BytesIO()
    black = np.zeros((1170, 827), np.uint8)
    black[100:585, 80:414] = 255
    stencil: Stencil = encode(black, 100)
    assert stencil.filter == "JBIG2Decode", "./box compiles the coder"
    for number in range(pages):
        image = pikepdf.Stream(made, stencil.coded)
        image.Type, image.Subtype, image.ImageMask = pikepdf.Name.XObject, pikepdf.Name.Image, True
        image.Width, image.Height, image.BitsPerComponent = stencil.width, stencil.height, 1
        image.Filter, image.Decode = pikepdf.Name.JBIG2Decode, [0, 1]
        words = f"BT 3 Tr /F 14 Tf 60 700 Td (Quyet dinh so 215 trang {number + 1}) Tj ET"
        content = f"q 595 0 0 842 0 0 cm /P Do Q {words}".encode()
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=[0, 0, 595, 842],
            Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=image), Font=pikepdf.Dictionary(F=font)),
            Contents=pikepdf.Stream(made, content),
        )
        made.pages.append(pikepdf.Page(page))
    made.save(target)
    return target.getvalue()


async def in_an_old_browser(page: Any) -> list[str]:
    """Take what a browser of 2022 has not from the page and from the worker of pdf.js; the addresses of the latter."""
    await page.add_init_script(YOUNGER)
    workers: list[str] = []

    async def worker(route: Any) -> None:
        workers.append(route.request.url)
        answer = await route.fetch()
        await route.fulfill(response=answer, body=YOUNGER + await answer.text())

    await page.route("**/pdf.worker.min.mjs", worker)
    return workers


async def test_the_leader_reads_the_file_at_an_old_tablet(site: Site) -> None:
    letter = site.papers.digitized(kind=Kind.OUTGOING, pdf=archive(3), pages=3)
    page = await site.page_of(LEADER, width=820, height=1180)
    workers = await in_an_old_browser(page)
    await page.goto(f"{site.address}/approvals/{letter}")
    await page.locator(READ).wait_for()
    left, right, below = await page.evaluate(INK)
    assert left < 40 and right > 215 and below > 215, "the black-and-white page is decoded, without WebAssembly"
    words = page.locator("figure:first-child .words")
    assert "Quyet dinh so 215 trang 1" in (await words.text_content())
    over = await words.locator("span").first.bounding_box()
    leaf = await page.locator("figure:first-child .leaf").bounding_box()
    assert over["x"] - leaf["x"] == pytest.approx(leaf["width"] * 60 / 595, abs=3), "words lie where they are printed"
    assert over["width"] > leaf["width"] / 4
    assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert len(workers) == 1 and not [url for url in site.asked if url.endswith(".wasm")]
    await page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert not [rule["id"] for rule in found["violations"] if rule["impact"] in ("serious", "critical")]


async def test_the_clerk_asks_for_it_finds_words_and_goes_back_to_the_pictures(site: Site) -> None:
    paper = site.papers.digitized(pdf=archive(6), pages=6)
    page = await site.page_of(CLERK)
    await page.goto(f"{site.address}/desk/{paper}")
    button = page.locator("[data-read]:is(button)")
    await button.wait_for()
    assert not [url for url in site.asked if "pdfjs-dist" in url], "nothing is fetched before somebody asks"
    await button.click()
    await page.locator(READ).wait_for()
    narrow = await page.evaluate(WIDTH)
    await page.keyboard.press("Alt+Equal")
    async with asyncio.timeout(PATIENCE / 1000):
        while await page.evaluate(WIDTH) <= narrow:
            await asyncio.sleep(0.05)
    await page.locator("[data-find]").fill("SỐ 215 trang 5")
    await page.keyboard.press("Enter")
    await page.locator("[data-found]").get_by_text("Trang 5").wait_for()
    await page.locator("figure:nth-child(5)[data-read=yes] .found").first.wait_for(state="attached")
    await page.locator("figure:first-child:not([data-read])").wait_for()  # far away: its memory is given back
    await page.locator("[data-find]").fill("không có")
    await page.keyboard.press("Enter")
    await page.locator("[data-found]").get_by_text("không thấy").wait_for()
    await button.click()
    await page.locator("figure:nth-child(5):not([data-read])").wait_for()
    assert await page.locator("canvas").count() == await page.locator(".hiddenCanvasElement").count()
    assert await page.locator("[data-find]").is_hidden()


async def test_where_it_cannot_be_read_the_pictures_stay(site: Site) -> None:
    letter = site.papers.digitized(kind=Kind.OUTGOING, pdf=archive(1), pages=1)
    page = await site.page_of(LEADER, width=360, height=740)
    for library in ("pdf.min.mjs", "htmx.min.js"):
        await page.route(f"**/{library}", lambda route: route.abort())
    await page.goto(f"{site.address}/approvals/{letter}")
    await page.get_by_role("button", name="Không mở được tệp ở đây, đang xem ảnh").wait_for()
    assert await page.locator("#sheets img").count() == 1 and await page.locator("canvas").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    await page.get_by_label("Ý kiến với văn thư").fill("Thiếu căn cứ")
    await page.get_by_role("button", name="Trả lại").first.click()
    await page.wait_for_url(f"{site.address}/approvals?*")
    assert site.papers.load(letter).returned == "Thiếu căn cứ", "the page works, only not by itself"
    assert all("Failed to load resource" in complaint for complaint in site.complaints), site.complaints
    site.complaints.clear()
