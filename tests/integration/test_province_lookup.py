"""Anybody looks a dossier up at the province: a state and days, nothing else; wrong codes, and asking too often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.protocol.account import CaseState, CaseWord, Docket, code_digest
from sync.province import web
from sync.province.store import Box, ProvinceStore
from sync.province.store.account_rows import AccountRows
from sync.province.web.keys import ADDRESS
from sync.province.web.public import EACH, asker_of
from sync.province.web.throttle import MINUTE, Throttle
from tests.fixtures_province_web import visiting

BOX, OTHER = "commune-27007", "commune-27008"
CODE, REFUSED, FOREIGN = "27007.261104.K7Q4M9", "27007.261105.AAAAAA", "27007.261105.BBBBBB"
NOVEMBER_4, NOVEMBER_11 = 20_761, 20_768


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    made = ProvinceStore(tmp_path / "store")
    rows = AccountRows(made.connection)
    for box in (BOX, OTHER):
        made.fleet.enrol(Box(box, f"UBND xã {box[-1]}", bytes(32), "ab", 0.0))
    told = (
        CaseWord(code_digest(CODE), CaseState.ACCEPTED, NOVEMBER_4, NOVEMBER_11),
        CaseWord(code_digest(REFUSED), CaseState.REFUSED, NOVEMBER_4),
    )
    rows.note(BOX, Docket(BOX, 100, told), 100.0)
    rows.note(OTHER, Docket(OTHER, 100, (CaseWord(code_digest(FOREIGN), CaseState.RETURNED, NOVEMBER_4),)), 100.0)
    yield made
    made.close()


async def test_state_and_days_for_whoever_has_the_code(store: ProvinceStore) -> None:
    async with visiting(store, None) as visitor:
        page = await visitor.text(f"/lookup?code=%20{CODE.lower()}%20")
        shown = re.sub(
            r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split('<section class="case"')[1].split("</section>")[0])
        )
        assert shown.split(">", 1)[1].strip() == (
            f"{CODE} Đã tiếp nhận, đang giải quyết Từ ngày 04/11/2026 Ngày hẹn trả kết quả 11/11/2026"
        )
        assert "UBND xã" not in page, "not even whose dossier it is"
        page = await visitor.text(f"/lookup/{REFUSED}")
        assert "Từ chối tiếp nhận" in page
        assert "Ngày hẹn" not in page
        assert "Look a dossier up" in await visitor.text("/lookup?lang=en")


@pytest.mark.parametrize(
    "code", ["27007.261104.K7Q4M8", "K7Q4M9", "x", FOREIGN, "27009.261104.K7Q4M9", "%00", "'%20OR%201=1", "%3Cb%3E"]
)
async def test_a_wrong_code_is_not_found(store: ProvinceStore, code: str) -> None:
    async with visiting(store, None) as visitor:
        answer = await visitor.get(f"/lookup?code={code}")
        assert answer.status == 404
        page = await answer.text()
        assert "Không có hồ sơ" in page
        assert '<section class="case"' not in page
        assert "<b>" not in page


async def test_who_asks_too_often_waits_and_the_empty_form_costs_nothing(store: ProvinceStore) -> None:
    async with visiting(store, None) as visitor:
        states = [(await visitor.get(f"/lookup/{CODE}")).status for _ in range(EACH)]
        assert states == [200] * EACH
        answer = await visitor.get(f"/lookup/{CODE}")
        assert answer.status == 429
        assert "Hãy đợi một phút" in await answer.text()
        assert (await visitor.get("/lookup")).status == 200


def test_questions_are_counted_by_asker_and_together_for_a_minute() -> None:
    throttle = Throttle(2, 3)
    assert [throttle.allows(who, 0.0) for who in "aaab"] == [True, True, False, True]
    assert not throttle.allows("c", 1.0), "three of everybody"
    assert not throttle.allows("c", MINUTE - 0.1)
    assert [throttle.allows("a", MINUTE) for _ in range(3)] == [True, True, False]


class Asked:
    """What `asker_of` reads of a request."""

    def __init__(self, remote: str, named: str = "", host: str = "tinh.example") -> None:
        self.remote, self.host = remote, host
        self.headers = {"X-Forwarded-For": named} if named else {}
        self.app = {ADDRESS: "https://tinh.example"}


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        (Asked("203.0.113.9"), "203.0.113.9"),
        (Asked("203.0.113.9", "198.51.100.1"), "203.0.113.9"),
        (Asked("127.0.0.1", "10.0.0.1, 198.51.100.1"), "198.51.100.1"),
        (Asked("127.0.0.1", "198.51.100.1", "127.0.0.1"), "127.0.0.1"),
        (Asked("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"),
        (Asked("127.0.0.1", "unknown"), "unknown"),
        (Asked(""), ""),
    ],
    ids=["direct", "a header of his own", "by the proxy", "no proxy", "ipv6", "odd", "no address"],
)
def test_whose_questions_are_counted_together(asked: Asked, who: str) -> None:
    assert asker_of(asked) == who  # type: ignore[arg-type]


def test_the_page_is_everybodys() -> None:
    routes = {(route.path, route.needed) for route in web.ROUTES if route.path.startswith("/lookup")}
    assert routes == {("/lookup", None), ("/lookup/{code}", None)}
