"""The door of the province's pages as a browser gets it: in, out, locked, and one's own password."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sync.province import web
from sync.province.people import passwords
from sync.province.people.rows import People
from sync.province.people.rules import Role
from sync.province.store import ProvinceStore
from sync.province.web.access import PLAIN_COOKIE
from tests.fixtures_province_web import Visitor, visiting

NOW, PASSWORD, NEW = 1_800_000_000.0, "mưa rào tháng sáu", "nắng hạ tháng bảy"


@pytest.fixture(scope="module")
def kept() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
async def visitor(tmp_path: Path, kept: str) -> AsyncIterator[Visitor]:
    store = ProvinceStore(tmp_path / "store")
    People(store.connection).add("lan", "Trần Thị Lan", Role.GIAM_SAT, kept, NOW)
    async with visiting(store, None) as made:
        yield made
    store.close()


async def enter(visitor: Visitor, password: str) -> int:
    answer = await visitor.post("/sign-in", {"name": "Lan", "password": password}, token="")
    if PLAIN_COOKIE in answer.cookies:
        morsel = answer.cookies[PLAIN_COOKIE]
        visitor.secret = morsel.value
        assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Strict", "/")
    return answer.status


async def test_in_and_out_again(visitor: Visitor) -> None:
    answer = await visitor.get("/")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert await enter(visitor, "sai rồi nhé") == 401
    assert await enter(visitor, PASSWORD) == 303
    assert "Trần Thị Lan" in await visitor.text("/")
    old = visitor.secret
    assert (await visitor.post("/sign-out")).status == 303
    visitor.client.session.cookie_jar.update_cookies({PLAIN_COOKIE: old}, (await visitor.get("/sign-in")).url)
    assert (await visitor.get("/")).status == 303, "ended on the server, not only forgotten by the browser"


async def test_each_entry_has_a_fresh_secret(visitor: Visitor) -> None:
    await enter(visitor, PASSWORD)
    first = visitor.secret
    await visitor.post("/sign-out")
    await enter(visitor, PASSWORD)
    assert first != visitor.secret
    assert len(first) >= 43


async def test_many_at_once_find_the_lock_like_one_after_another(visitor: Visitor) -> None:
    states = await asyncio.gather(*(enter(visitor, "sai rồi nhé") for _ in range(9)))
    assert sorted(states) == [401] * 4 + [429] * 5
    assert await enter(visitor, PASSWORD) == 429
    page = await (await visitor.post("/sign-in", {"name": "lan", "password": PASSWORD}, token="")).text()
    assert "bị khóa đến" in page


async def test_a_new_password_needs_the_old_one_and_ends_every_session(visitor: Visitor) -> None:
    await enter(visitor, PASSWORD)
    other = People(visitor.store.connection)
    other.begin("o" * 43, "lan", time.time())
    for fields, state in (
        ({"old": "sai rồi nhé", "new": NEW, "again": NEW}, 401),
        ({"old": PASSWORD, "new": NEW, "again": NEW + "x"}, 422),
        ({"old": PASSWORD, "new": "ngắn", "again": "ngắn"}, 422),
        ({"old": PASSWORD, "new": NEW, "again": NEW}, 303),
    ):
        assert (await visitor.post("/password", fields)).status == state
    assert (await visitor.get("/")).status == 303
    assert other.session("o" * 43) is None
    assert await enter(visitor, PASSWORD) == 401
    assert await enter(visitor, NEW) == 303


async def test_no_password_is_taken_where_it_would_travel_in_the_clear(tmp_path: Path, kept: str) -> None:
    store = ProvinceStore(tmp_path / "store")
    People(store.connection).add("lan", "Lan", Role.GIAM_SAT, kept, NOW)
    app = web.build(store, "Tỉnh", ("10.0.0.5",), "https://tinh.example")
    async with TestClient(TestServer(app)) as client:
        fields = {"name": "lan", "password": PASSWORD}
        clear = {"Host": "10.0.0.5", "Origin": "http://10.0.0.5"}
        answer = await client.post("/sign-in", data=fields, headers=clear, allow_redirects=False)
        assert (answer.status, answer.cookies) in ((403, {}),)
        behind = {"Host": "tinh.example", "Origin": "https://tinh.example"}
        answer = await client.post("/sign-in", data=fields, headers=behind, allow_redirects=False)
        assert answer.status == 303
        assert answer.cookies["__Host-tinh"]["secure"]
        answer = await client.post("/sign-in", data=fields, headers={**behind, "Origin": "http://tinh.example"})
        assert answer.status == 403
    store.close()
