"""Pictures of every page at desktop and phone width, for people to look at.

``python -m tests.browser.pictures [FOLDER [NAME…]]`` refreshes ``tests/browser/gallery`` (small WebP) or writes PNG to
another folder; with names only the pages whose name holds one of them. Refuses to judge the pictures; that a page
is wider than its screen is told beside its name.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import async_playwright

from appliance.services.clock import utc_now
from sync.province.web.access import PLAIN_COOKIE
from tests.browser.office import WHO_LOOKS, Gallery, office
from tests.browser.province import PAGES, province
from tests.fixtures_web import CLERK, cookie_for

WIDTHS = {"desktop": (1280, 900), "phone": (360, 740)}
KEPT = Path(__file__).parent / "gallery"
_KEPT_SHARE, _KEPT_QUALITY, _LONGEST = 0.6, 45, 3000


class Camera:
    """Takes pictures of pages into a folder."""

    def __init__(self, browser: Any, folder: Path, wanted: list[str]) -> None:
        self._browser, self._folder, self._wanted = browser, folder, wanted

    async def take(self, address: str, pages: dict[str, str], cookie: Any) -> None:
        """All wanted pages at both widths, as one person sees them."""
        pages = {
            name: path for name, path in pages.items() if not self._wanted or any(each in name for each in self._wanted)
        }
        if not pages:
            return
        for size, (width, height) in WIDTHS.items():
            context = await self._browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN")
            if cookie:
                await context.add_cookies([cookie])
            page = await context.new_page()
            page.on("console", lambda said: print("console:", said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: print("error:", error))
            for name, path in pages.items():
                answer = await page.goto(address + path)
                if await page.locator("button[data-read][data-now]").count():  # where the file itself is read at once
                    await page.locator("figure[data-read=yes]").first.wait_for()
                await page.wait_for_timeout(400)
                wider = await page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                print(f"{name}-{size}: {answer.status}{f', {wider} px too wide' if wider > 0 else ''}")
                self._keep(f"{name}-{size}", await page.screenshot(full_page=size == "phone"))
            await context.close()

    def _keep(self, name: str, picture: bytes) -> None:
        if self._folder != KEPT:
            (self._folder / f"{name}.png").write_bytes(picture)
            return
        shown = Image.open(io.BytesIO(picture)).convert("RGB")
        shown = shown.crop((0, 0, shown.width, min(shown.height, _LONGEST)))
        small = shown.resize(
            (round(shown.width * _KEPT_SHARE), round(shown.height * _KEPT_SHARE)), Image.Resampling.LANCZOS
        )
        small.save(self._folder / f"{name}.webp", quality=_KEPT_QUALITY, method=6)


async def take(folder: Path, wanted: list[str]) -> None:
    """Take the pictures of the office, and then those of the province."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory(prefix="gallery.") as root:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            camera = Camera(browser, folder, wanted)
            gallery = Gallery(Path(root))
            gallery.fill()
            pages = gallery.pages()
            others = tuple(name for name in pages if not any(name in theirs for _who, theirs in WHO_LOOKS))
            async with office(gallery) as address:
                for who, theirs in ((CLERK, others), *WHO_LOOKS):
                    cookie = cookie_for(gallery.store, address, who, utc_now()) if who else None
                    await camera.take(address, {name: path for name, path in pages.items() if name in theirs}, cookie)
            gallery.store.close()
            async with province(Path(root)) as tinh:
                cookie = {"name": PLAIN_COOKIE, "value": tinh.session(), "url": tinh.address}
                await camera.take(tinh.address, PAGES, cookie)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]) if len(sys.argv) > 1 else KEPT, sys.argv[2:]))
