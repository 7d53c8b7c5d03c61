"""axe-core finds nothing serious on any page of the box (issue 6: accessibility), at a desk and on a phone.

Pages without a number in their address are taken from the table of access, so that a new one is judged from its first
day; those of one paper come from the gallery's office, where papers stand in every situation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from appliance.services.clock import utc_now
from appliance.store.standing import Role
from appliance.web.access import NOBODY, RULES
from appliance.web.site import make_site
from tests.browser.office import LEADERS_PAGES, Gallery, office
from tests.e2e.test_e2e_web import CHROMIUM, QUIET, playwright_api
from tests.fixtures_web import ADMINISTRATOR, CLERK, LEADER, cookie_for

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing"),
    pytest.mark.asyncio(loop_scope="module"),
]
NO_PAGES = ("/events", "/healthz", "/sign-out", "/ca.crt", "/me/here")
"""What answers a GET with no page of its own."""
GRAVE = ("serious", "critical")


@dataclass
class Judged:
    """An office with papers in every situation, a browser, and who looks."""

    gallery: Gallery
    address: str
    browser: Any


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Judged]:
    gallery = Gallery(tmp_path_factory.mktemp("office"))
    gallery.fill()
    async with office(gallery) as address, playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield Judged(gallery, address, browser)
        await browser.close()
    gallery.store.close()


def plain_pages(app: web.Application) -> list[str]:
    """Addresses of the pages that need no number."""
    return sorted(
        path for path, rule in app[RULES].items() if rule.read != NOBODY and "{" not in path and path not in NO_PAGES
    )


async def complaints(judged: Judged, person: Any, paths: list[str], width: int) -> list[str]:
    """What axe holds against pages, one line a rule and page; pages as one person sees them."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    context = await judged.browser.new_context(viewport={"width": width, "height": 900}, locale="vi-VN")
    if person is not None:
        await context.add_cookies([cookie_for(judged.gallery.store, judged.address, person, utc_now())])
    page = await context.new_page()
    found = []
    for path in paths:
        answer = await page.goto(judged.address + path)
        assert answer.status < 500 and "text/html" in answer.headers["content-type"], f"{path}: {answer.status}"
        await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        await page.evaluate(axe)
        result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            f"{path} ({width} px): {rule['id']}: {rule['nodes'][0]['html'][:120]}"
            for rule in result["violations"]
            if rule["impact"] in GRAVE
        ]
    await context.close()
    return found


async def test_pages_of_the_office(judged: Judged) -> None:
    site = make_site(judged.gallery.config, judged.gallery.store, utc_now)
    pages = plain_pages(site)
    assert {"/", "/desk", "/search", "/registers", "/reports", "/users"} <= set(pages)
    left, found = set(pages), []
    for person in (ADMINISTRATOR, CLERK, LEADER):
        mine = [path for path in pages if path in left and Role(person["role"]) in (site[RULES][path].read or Role)]
        left -= set(mine)
        found += await complaints(judged, person, mine, 1280)
    assert not found and not left


async def test_pages_of_papers(judged: Judged) -> None:
    pages = judged.gallery.pages()
    theirs = [path for name, path in pages.items() if name in LEADERS_PAGES]
    found = await complaints(judged, LEADER, theirs, 1280)
    found += await complaints(judged, CLERK, [path for path in pages.values() if path not in theirs], 360)
    assert not found


async def test_the_door(judged: Judged) -> None:
    assert not await complaints(judged, None, ["/sign-in"], 360)
