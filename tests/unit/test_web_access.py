"""Who may use which route: every route of the pages × every role, nobody, a forged origin and a forged form.

``TABLE`` is written by hand and compared with the application: a route that is not here fails, also one that somebody
adds tomorrow. Letters: V văn thư, L lãnh đạo, Q quét, A quản trị, X xem; "*" also who is not signed in; "" nobody.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import FormData, web

from appliance.accounts import hashing
from appliance.config import Config
from appliance.domain.kinds import Kind
from appliance.store import Store
from appliance.store.standing import Role
from appliance.web import enrolling
from appliance.web.access import RULES, allow, unsaid
from appliance.web.admitting import TOKEN_HEADER
from appliance.web.enroller import Seen
from appliance.web.security import guard
from appliance.web.site import make_site
from tests.fixtures_store import Clock
from tests.fixtures_web import (
    ADMINISTRATOR,
    CLERK,
    LEADER,
    SCANNER,
    VIEWER,
    Papers,
    Visitor,
    blank_page,
    signed_in,
    visiting,
)

EVERY = "VLQAX"
WHO = {"V": CLERK, "L": LEADER, "Q": SCANNER, "A": ADMINISTRATOR, "X": VIEWER, "": {}}
TABLE: dict[str, tuple[str, str]] = {
    # who is not signed in
    "/sign-in": ("*", "*"),
    "/sign-in/recovery": ("*", "*"),
    "/first-run": ("*", "*"),
    "/healthz": ("*", ""),
    "/ca": ("*", ""),
    "/ca.crt": ("*", ""),
    "/static/{name}": ("*", ""),
    "/static/libraries/{library}/{name}": ("*", ""),
    # one's own account, and others'
    "/sign-out": ("", EVERY),
    "/me": (EVERY, ""),
    "/me/here": (EVERY, ""),
    "/me/password": ("", EVERY),
    "/me/recovery-codes": ("", EVERY),
    "/users": ("A", "A"),
    "/users/{id}": ("A", ""),
    "/users/{id}/do/{deed}": ("", "A"),
    "/setup": ("A", ""),
    "/setup/commune": ("A", "A"),
    "/setup/clock": ("A", ""),
    "/setup/folders": ("A", ""),
    "/setup/province": ("A", ""),
    "/setup/pages": ("A", ""),
    "/setup/folders/{number}/test": ("", "A"),
    "/setup/folders/tests/{id}/{deed}": ("", "A"),
    "/tour": ("V", ""),
    "/tour/{deed}": ("", "V"),
    # papers
    "/": (EVERY, ""),
    "/search": (EVERY, ""),
    "/events": (EVERY, ""),
    "/papers/{id}": (EVERY, ""),
    "/papers/{id}/signatures": (EVERY, ""),
    "/papers/{id}/pages/{number}.jpg": (EVERY, ""),
    "/papers/{id}/cut.jpg": (EVERY, ""),
    "/papers/{id}/files/{rendition}": (EVERY, ""),
    "/papers/{id}/receipt.json": (EVERY, ""),
    "/papers/{id}/do/{action}": ("", "VL"),
    "/papers/{id}/recall": ("", "V"),
    "/papers/{id}/appendices": ("", "V"),
    "/papers/{id}/nudge": ("", "VL"),
    "/papers/{id}/token/{slot}": ("", "VL"),
    "/papers/{id}/password": ("", "VL"),
    "/hand-in": ("VLQ", "VLQ"),
    "/verify": (EVERY, EVERY),
    # keys
    "/certificates": (EVERY, ""),
    "/enrolment": ("VLA", "VL"),
    # the desks
    "/desk": ("VL", ""),
    "/desk/{id}": ("VL", ""),
    "/desk/{id}/do/{action}": ("", "VL"),
    "/desk/{id}/nudge": ("", "VL"),
    "/desk/{id}/pages": ("", "V"),
    "/desk/{id}/appendices": ("", "V"),
    "/desk/{id}/join": ("", "V"),
    "/desk/{id}/token/{slot}": ("", "VL"),
    "/desk/{id}/password": ("", "VL"),
    "/desk/many": ("VL", "V"),
    "/desk/many/token": ("", "V"),
    "/approvals": ("VL", "L"),
    "/approvals/token": ("", "L"),
    "/approvals/{id}": ("VL", ""),
    "/approvals/delegations": ("VL", "L"),
    "/approvals/delegations/{id}/end": ("", "L"),
    "/approvals/{id}/do/{action}": ("", "L"),
    "/approvals/{id}/nudge": ("", "L"),
    # electronic documents of the province
    "/incoming": (EVERY, ""),
    "/incoming/{id}": (EVERY, ""),
    "/incoming/{id}/pages/{number}.jpg": (EVERY, ""),
    "/incoming/{id}/file": (EVERY, ""),
    "/incoming/{id}/stage": ("", "VL"),
    "/incoming/{id}/recall": ("", "V"),
    # registers and reports
    "/registers": (EVERY, ""),
    "/registers/{book}": (EVERY, ""),
    "/registers/{book}/export.{form}": (EVERY, ""),
    "/registers/{book}/reserve": ("", "V"),
    "/registers/{book}/start": ("", "V"),
    "/registers/{book}/{year}/{number}": (EVERY, ""),
    "/registers/{book}/{year}/{number}/{act}": ("", "V"),
    "/cases": ("VLA", "V"),
    "/cases/procedures": ("", "VA"),
    "/cases/{code}": ("VLA", ""),
    "/cases/{code}/{act}": ("", "V"),
    "/cases/{code}/{slip}.pdf": ("VLA", ""),
    "/lookup": ("*", ""),
    "/lookup/{code}": ("*", ""),
    "/reports": ("VLAX", ""),
    "/reports/export.{form}": ("VLAX", ""),
}
STREAMED = ("/hand-in", "/verify")
VALUES = {
    "number": "1",
    "name": "box.css",
    "book": "den",
    "slip": "receipt",
    "year": "2026",
    "slot": "agency",
    "form": "pdf",
}


def filled(path: str) -> str:
    """An address of a route: what it names need not exist, since nobody gets that far who may not."""
    return re.sub(r"\{(\w+)\}", lambda found: VALUES.get(found.group(1), "none"), path)


def routed(app: web.Application) -> dict[str, set[str]]:
    """Canonical path → methods; HEAD goes with GET."""
    found: dict[str, set[str]] = {}
    for resource in app.router.resources():
        found.setdefault(resource.canonical, set()).update(route.method for route in resource if route.method != "HEAD")
    return found


POSTED = tuple(path for path, (_read, write) in TABLE.items() if write)


@pytest.fixture
def site(office: Config, store: Store, web_clock: Clock) -> web.Application:
    """The application, not running."""
    return make_site(office, store, web_clock, blank_page)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """No price for passwords, no child that looks for tokens: only who gets there is asked."""
    monkeypatch.setattr(hashing, "MEMORY_KIB", 8)
    monkeypatch.setattr(hashing, "PASSES", 1)

    async def seen(_self: object, again: bool = False) -> Seen:
        return Seen()

    monkeypatch.setattr(enrolling.Enroller, "look", seen)


@pytest.fixture
async def browser(store: Store, office: Config, web_clock: Clock) -> AsyncIterator[Visitor]:
    """A browser at the pages of an office that has an administrator."""
    signed_in(store, ADMINISTRATOR, web_clock())
    async with visiting(office, store, web_clock) as one:
        yield one


async def answer(
    browser: Visitor, method: str, path: str, headers: dict[str, str] | None = None, token: str | None = None
) -> int:
    """The state of the answer to one request as our own page would send it; the body is not read."""
    sent = {"Origin": "http://hop", TOKEN_HEADER: browser.token if token is None else token} | (headers or {})
    body: Any = None
    if method == "POST":
        body = {"anything": "1"}
        if path in STREAMED:
            body = FormData()
            body.add_field("file", b"nothing", filename="a.pdf")
    url = f"http://hop{filled(path)}"
    async with browser.session.request(method, url, data=body, headers=sent, allow_redirects=False) as got:
        if got.status == 303 and "/sign-in" in got.headers["Location"] and path not in ("/sign-out", "/first-run"):
            return 401
        return got.status


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_table_has_every_route_and_no_other(site: web.Application) -> None:
    found = routed(site)
    assert set(found) == set(TABLE), "say in TABLE (and by access.allow) who may use a new route"
    for path, (read, write) in TABLE.items():
        assert ("GET" in found[path]) == bool(read), f"GET {path}"
        assert ("POST" in found[path]) == bool(write), f"POST {path}"
        assert found[path] <= {"GET", "POST"}, path


def test_every_route_has_a_rule_and_every_rule_a_route(site: web.Application) -> None:
    assert unsaid(site) == []


@pytest.mark.parametrize("letter", WHO)
async def test_every_route_for_one_role(browser: Visitor, letter: str) -> None:
    who, wrong = WHO[letter], []
    for path, both in TABLE.items():
        for method, allowed in zip(("GET", "POST"), both, strict=True):
            if not allowed:  # no such route, says the first test
                continue
            await browser.become(who)
            state = await answer(browser, method, path)
            if path == "/sign-out":
                await browser.become({})
            if allowed == "*" or (letter and letter in allowed):
                fits = state not in (401, 403)
            else:
                fits = state == (403 if letter else 401)
            if not fits or state >= 500:
                wrong.append(f"{method} {path}: {state}, allowed to {allowed or 'nobody'}")
    assert wrong == []


async def test_pages_offer_nothing_that_is_refused(browser: Visitor, office_papers: Papers) -> None:
    papers = [office_papers.digitized(), office_papers.digitized(kind=Kind.OUTGOING), office_papers.delivered()]
    for letter in EVERY:
        await browser.become(WHO[letter])
        pages = [path for path, (read, _) in TABLE.items() if letter in read and "{" not in path and path != "/events"]
        for page in [*pages, *(f"/papers/{paper}" for paper in papers)]:
            _, text = await browser.get(page)
            links = [("GET", where) for where in re.findall(r'<a [^>]*href="(/[^"?#]*)', text)]
            forms = [("POST", where) for where in re.findall(r'<form [^>]*method="post" action="(/[^"?]*)"', text)]
            if letter in "VL":  # clerk and leader see each other's forms, with the words whose they are
                forms = []
            for method, where in links + forms:
                allowed = TABLE.get(where) or next(may for path, may in TABLE.items() if _leads(where, path))
                offered = allowed[method == "POST"]
                assert offered == "*" or letter in offered, (letter, page, method, where)


def _leads(where: str, path: str) -> bool:
    """Whether an address is one of the route at ``path``."""
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), where) is not None


# --- forms from elsewhere --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "http://hop", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
async def test_no_route_takes_a_form_from_another_origin(browser: Visitor, headers: dict[str, str]) -> None:
    for path in POSTED:
        may = TABLE[path][1]
        await browser.become(WHO["" if may == "*" else may[0]])
        assert await answer(browser, "POST", path, headers) == 403, path


async def test_no_route_takes_a_form_without_the_sessions_own_token(
    browser: Visitor, store: Store, web_clock: Clock
) -> None:
    for path in POSTED:
        may = TABLE[path][1]
        if may == "*":  # nobody is signed in: there is no session whose rights could be used
            continue
        who = WHO[may[0]]
        await browser.become(who)
        _id, of_another_session = signed_in(store, who, web_clock())
        for token in ("", "0" * 64, of_another_session, "ổ"):
            assert await answer(browser, "POST", path, token=token.encode().decode("latin-1")) == 403, (path, token)


async def test_a_token_in_the_form_itself_counts_also_where_the_body_is_streamed(browser: Visitor) -> None:
    await browser.become(CLERK)
    for path in STREAMED:
        for token, expected in ((browser.token, 422), ("0" * 64, 403), (None, 403)):
            form = FormData()
            if token:
                form.add_field("csrf", token)
            form.add_field("folder", "0")
            form.add_field("file", b"no scan", filename="a.txt")
            headers = {"Origin": "http://hop"}
            async with browser.session.post(f"http://hop{path}", data=form, headers=headers) as got:
                assert got.status == expected, (path, token)
        late = FormData()  # a token behind the file would come after the deed
        late.add_field("file", b"%PDF-1.7", filename="a.pdf")
        late.add_field("csrf", browser.token)
        async with browser.session.post(f"http://hop{path}", data=late, headers={"Origin": "http://hop"}) as got:
            assert got.status == 403, path


# --- what is not in the table ----------------------------------------------------------------------------------------


async def test_a_route_that_nobody_was_given_is_refused_to_all(
    store: Store, office: Config, web_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def shown(_request: web.Request) -> web.Response:
        return web.Response(text="secret")

    def with_one_more(*given: Any) -> web.Application:
        app = make_site(*given)
        app.router.add_get("/forgotten", shown)
        return app

    monkeypatch.setattr("tests.fixtures_web.make_site", with_one_more)
    async with visiting(office, store, web_clock) as browser:
        for who in WHO.values():
            await browser.become(who)
            assert (await browser.get("/forgotten"))[0] == 403


def test_a_path_is_said_once(site: web.Application) -> None:
    app = web.Application(middlewares=[guard])
    allow(app, "/x")
    with pytest.raises(ValueError, match="/x"):
        allow(app, "/x")
    assert RULES in site


async def test_a_page_leads_to_the_sign_in_page_and_back_and_nothing_else_does(browser: Visitor) -> None:
    page = {"Accept": "text/html,application/xhtml+xml"}
    for path, onward in (("/", "/sign-in"), ("/papers/none", "/sign-in?next=/papers/none")):
        async with browser.session.get(f"http://hop{path}", headers=page, allow_redirects=False) as got:
            assert (got.status, got.headers["Location"]) == (303, onward)
    for headers in ({"Accept": "text/event-stream"}, page | {"X-Commune-Live": "1"}):
        async with browser.session.get("http://hop/", headers=headers, allow_redirects=False) as got:
            assert got.status == 401


async def test_who_is_not_signed_in_learns_nothing_of_the_office(browser: Visitor) -> None:
    _, text = await browser.get("/sign-in")
    for word in ("/search", "/hand-in", "data-live=", "văn bản chờ", "Hoàng Văn Bình"):
        assert word not in text


def test_the_letters_are_all_roles() -> None:
    assert {who["role"] for who in WHO.values() if who} == {role.value for role in Role}
