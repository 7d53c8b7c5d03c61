"""Who may ask for what: every route, every role, nobody, and requests forged by another site."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sync.province import web
from sync.province.people.rows import People
from sync.province.people.rules import IDLE_SECONDS, LONGEST_SECONDS, Role, may
from sync.province.store import ProvinceStore
from sync.province.web.access import ROUTES, Route
from tests.fixtures_province_web import SCRAPER, Visitor, visiting
from tests.integration.test_province_web import BOX, DOCUMENT, filled

LOOK, ACT = Role.GIAM_SAT, Role.VAN_HANH
DOOR = {"anonymous": 200, "giam_sat": 303, "van_hanh": 303}
LOOKS = {"anonymous": 303, "giam_sat": 200, "van_hanh": 200}
ACTS = {"anonymous": 401, "giam_sat": 403, "van_hanh": 303}
# method, address asked for -> what comes back to whom; every route of the product must be here
EXPECTED: dict[tuple[str, str], tuple[str, dict[str, int]]] = {
    ("GET", "/sign-in"): ("/sign-in", DOOR),
    ("POST", "/sign-in"): ("/sign-in", {"anonymous": 401, "giam_sat": 401, "van_hanh": 401}),
    ("GET", "/lookup"): ("/lookup", {"anonymous": 200, "giam_sat": 200, "van_hanh": 200}),
    ("GET", "/lookup/{code}"): ("/lookup/x", {"anonymous": 404, "giam_sat": 404, "van_hanh": 404}),
    ("GET", "/healthz"): ("/healthz", {"anonymous": 200, "giam_sat": 200, "van_hanh": 200}),
    ("GET", "/static"): ("/static/province.css", {"anonymous": 200, "giam_sat": 200, "van_hanh": 200}),
    ("POST", "/sign-out"): ("/sign-out", {"anonymous": 401, "giam_sat": 303, "van_hanh": 303}),
    ("GET", "/password"): ("/password", LOOKS),
    ("POST", "/password"): ("/password", {"anonymous": 401, "giam_sat": 422, "van_hanh": 422}),
    ("GET", "/"): ("/", LOOKS),
    ("GET", "/events"): ("/events?wall=0", LOOKS),
    ("GET", "/box/{box}"): (f"/box/{BOX}", LOOKS),
    ("GET", "/document/{box}/{document}"): (f"/document/{BOX}/{DOCUMENT}", LOOKS),
    ("GET", "/receipt/{rid}"): ("/receipt/1", LOOKS),
    ("GET", "/metrics"): ("/metrics", LOOKS),
    ("GET", "/alerts"): ("/alerts", LOOKS),
    ("GET", "/documents"): ("/documents", LOOKS),
    ("GET", "/reports"): ("/reports", LOOKS),
    ("GET", "/reports/file/{kind}"): ("/reports/file/csv", LOOKS),
    ("GET", "/reports/reminder/{box}"): (f"/reports/reminder/{BOX}", LOOKS),
    ("GET", "/reports/books"): ("/reports/books", LOOKS),
    ("GET", "/reports/books/{box}"): (f"/reports/books/{BOX}", LOOKS),
    ("GET", "/reports/week"): ("/reports/week", LOOKS),
    ("GET", "/reports/week/{box}"): (f"/reports/week/{BOX}", {**LOOKS, "giam_sat": 404, "van_hanh": 404}),
    ("POST", "/alerts/{number}/acknowledge"): ("/alerts/1/acknowledge", {**ACTS, "van_hanh": 422}),
    ("POST", "/silences"): ("/silences", {**ACTS, "van_hanh": 422}),
    ("POST", "/silences/{number}/end"): ("/silences/1/end", {**ACTS, "van_hanh": 404}),
    ("POST", "/box/{box}/log"): (f"/box/{BOX}/log", ACTS),
}
WRITES = [route for route in ROUTES if route.method == "POST"]
FORGED = {
    "another origin": {"Origin": "https://evil.example"},
    "a null origin": {"Origin": "null"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "another scheme": {"Origin": "https://127.0.0.1"},
    "cross-site": {"Sec_Fetch_Site": "cross-site"},
    "same site, another origin": {"Sec_Fetch_Site": "same-site"},
    "typed by a person": {"Sec_Fetch_Site": "none"},
    "neither said": {"Origin": "", "Sec_Fetch_Site": ""},
    "cross-site without an origin": {"Origin": "", "Sec_Fetch_Site": "cross-site"},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    made = filled(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture(params=["anonymous", "giam_sat", "van_hanh"])
async def visitor(request: pytest.FixtureRequest, store: ProvinceStore) -> AsyncIterator[Visitor]:
    role = None if request.param == "anonymous" else Role(request.param)
    async with visiting(store, role) as made:
        made.who = request.param  # type: ignore[attr-defined]
        yield made


def address(route: Route) -> str:
    return EXPECTED[route.method, route.path][0]


def rows_of(store: ProvinceStore) -> dict[str, list[tuple]]:
    """Everything a request may change."""
    by_itself = {
        "wrong_passwords",
        "alerts",
        "followed",
        "number_gaps",
        "document_codes",
        "digests",
    }  # written by the wall's own turns
    tables = [name for name in store.connection.tables() if name not in by_itself]
    return {name: [tuple(row) for row in store.connection.rows(f"SELECT * FROM {name}")] for name in tables}


def test_the_table_has_every_route_and_no_other(store: ProvinceStore) -> None:
    app = web.build(store, "Tỉnh thử", ())
    built = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    assert (
        {key for key in built if key[0] != "HEAD"} == {(route.method, route.path) for route in ROUTES} == set(EXPECTED)
    )


async def test_every_route_for_everybody(visitor: Visitor) -> None:
    last = ("POST", "/sign-out")
    found = {}
    for key, (path, _) in sorted(EXPECTED.items(), key=lambda entry: entry[0] == last):
        method = visitor.get if key[0] == "GET" else visitor.post
        answer = await method(path)
        found[key] = answer.status
        answer.close()
    assert found == {key: by_role[visitor.who] for key, (_, by_role) in EXPECTED.items()}  # type: ignore[attr-defined]


async def test_nothing_is_done_for_another_site(visitor: Visitor) -> None:
    before = rows_of(visitor.store)
    for route in WRITES:
        for name, headers in FORGED.items():
            answer = await visitor.post(address(route), {"name": "giam_sat.thu", "password": "x"}, **headers)
            assert answer.status == 403, (route.path, name)
    assert rows_of(visitor.store) == before
    assert await visitor.get("/healthz")


async def test_nothing_is_done_without_the_sessions_own_token(visitor: Visitor) -> None:
    before = rows_of(visitor.store)
    for route in WRITES:
        if route.needed is None:
            continue
        for token in ("", "0" * 64, "é" * 64):
            answer = await visitor.post(address(route), token=token)
            assert answer.status == (401 if visitor.who == "anonymous" else 403), route.path  # type: ignore[attr-defined]
    assert rows_of(visitor.store) == before


async def test_a_session_ends(store: ProvinceStore) -> None:
    async with visiting(store, LOOK) as visitor:
        assert (await visitor.get("/")).status == 200
        people, now = People(store.connection), time.time()

        def aged(begun: float, seen: float) -> None:
            with store.connection.writing() as raw:
                raw.execute("UPDATE sessions SET begun_at = ?, seen_at = ?", (now - begun, now - seen))

        for begun, seen, expected in (
            (IDLE_SECONDS, IDLE_SECONDS - 5, 200),
            (IDLE_SECONDS, IDLE_SECONDS + 5, 303),
            (LONGEST_SECONDS - 5, 1, 200),
            (LONGEST_SECONDS + 5, 1, 303),
        ):
            aged(begun, seen)
            assert (await visitor.get("/")).status == expected, (begun, seen)
        aged(0, 0)
        people.set_blocked("giam_sat.thu", True, now)
        assert (await visitor.get("/")).status == 303
        people.set_blocked("giam_sat.thu", False, now)
        assert (await visitor.get("/")).status == 303, "the session is gone, not asleep"


async def test_a_scraper_reads_figures_and_nothing_else(store: ProvinceStore) -> None:
    async with visiting(store, None) as visitor:
        for said, expected in ((f"Bearer {SCRAPER}", 200), ("Bearer x", 401), (SCRAPER, 401), ("", 401)):
            answer = await visitor.get("/metrics", headers={"Authorization": said, "Accept": "*/*"})
            assert answer.status == expected, said
        answer = await visitor.get("/", headers={"Authorization": f"Bearer {SCRAPER}", "Accept": "*/*"})
        assert answer.status == 401
        assert b"0" not in await (await visitor.get("/healthz")).read(), "no figure for everybody"


def test_an_operator_may_do_what_a_supervisor_may() -> None:
    assert [(role, needed) for role in Role for needed in Role if not may(role, needed)] == [(LOOK, ACT)]
