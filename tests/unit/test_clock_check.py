"""The box's clock beside what else tells the time: a time service's mark, the province's receipts, its own history."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance import clock_check, commands
from appliance.clock_check import kept_by, look
from appliance.health import clock_beside_others
from appliance.pipeline.sending import StoreOutbox
from appliance.store import Store, outbox
from appliance.wording import text_of
from sync.protocol.cose import seal
from sync.protocol.receipt import FIRST_IN_CHAIN, Receipt, Result
from tests.fixtures_store import Clock
from tests.fixtures_web import ADMINISTRATOR, Papers, Visitor

Receipted = Callable[[timedelta], None]


@pytest.fixture
def receipted(store: Store, office_papers: Papers, web_clock: Clock) -> Receipted:
    """Makes a paper whose receipt comes now, and says that the province wrote it so much before (by its clock)."""

    def make(earlier: timedelta) -> None:
        paper = office_papers.digitized()
        commands.approve(store, paper, "Lan (văn thư)", web_clock())
        office_papers.enqueue(office_papers.sign(paper))
        sent = store.read(lambda db: outbox.latest(db, paper))
        assert sent
        wall = int((web_clock() - earlier).timestamp())
        receipt = Receipt(
            1, "commune-27007", sent.sequence, paper, bytes.fromhex(sent.sha256), sent.size, bytes(32), Result.STORED,
            wall, FIRST_IN_CHAIN,
        )  # fmt: skip
        StoreOutbox(store, web_clock).accepted(paper, seal("k", receipt.encode(), lambda _message: bytes(64)))

    return make


def codes(store: Store, now: datetime) -> dict[str, bool]:
    return {one.code: one.serious for one in clock_beside_others(store, now)}


def test_without_receipts_nothing_is_said_about_the_province(store: Store, web_clock: Clock) -> None:
    found = store.read(lambda db: look(db, web_clock()))
    assert found.ahead is None and found.behind is None and not found.off


def test_the_fastest_receipt_tells_how_far_the_clock_can_be_ahead(
    store: Store, web_clock: Clock, receipted: Receipted
) -> None:
    for minutes in (300, 9, 45):  # the line was away for hours, for some of them
        receipted(timedelta(minutes=minutes))
    found = store.read(lambda db: look(db, web_clock()))
    assert found.ahead is not None and abs(found.ahead - timedelta(minutes=9)) < timedelta(seconds=2) and found.off
    assert codes(store, web_clock()) == {"clock-early": False}
    receipted(timedelta(seconds=20))
    assert codes(store, web_clock()) == {}


def test_a_receipt_from_the_future_proves_the_clock_slow(store: Store, web_clock: Clock, receipted: Receipted) -> None:
    receipted(timedelta(seconds=3))
    receipted(timedelta(minutes=-7))
    (told,) = clock_beside_others(store, web_clock())
    assert told.code == "clock-late" and told.params == {"minutes": 7} and "7 phút" in text_of(told.code, **told.params)


def test_receipts_of_long_ago_say_nothing(store: Store, web_clock: Clock, receipted: Receipted) -> None:
    receipted(timedelta(minutes=9))
    web_clock.now += timedelta(days=8)
    assert store.read(lambda db: look(db, web_clock())).ahead is None


def test_a_clock_before_the_boxes_own_history_is_serious(store: Store, web_clock: Clock, office_papers: Papers) -> None:
    office_papers.received()
    assert codes(store, web_clock() - timedelta(minutes=1)) == {}
    assert codes(store, web_clock() - timedelta(days=400)) == {"clock-behind": True}


def test_the_time_services_mark_tells_when_it_set_the_clock(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    source, when = kept_by(mark)
    assert source in ("free", "network", "unknown") and when is None  # the kernel's word, whatever it is here
    mark.touch()
    os.utime(mark, (1_790_000_000, 1_790_000_000))
    assert kept_by(mark) == ("network", datetime.fromtimestamp(1_790_000_000, UTC))


async def test_the_page_says_who_keeps_the_time_and_how_it_stands_to_the_province(
    stranger: Visitor, web_clock: Clock, receipted: Receipted, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipted(timedelta(seconds=3))
    monkeypatch.setattr(clock_check, "kept_by", lambda: ("free", None))
    await stranger.become(ADMINISTRATOR)
    _, text = await stranger.get("/setup/clock")
    assert "Không có ai" in text and "không quá 3 giây" in text and "timedatectl" in text
    _, steps = await stranger.get("/setup")
    assert "không có dịch vụ nào giữ giờ" in steps
    monkeypatch.setattr(clock_check, "kept_by", lambda: ("network", web_clock()))
    receipted(timedelta(minutes=-30))
    _, text = await stranger.get("/setup/clock")
    assert "Dịch vụ giờ trên mạng" in text and "Chậm hơn đồng hồ của tỉnh 30 phút" in text
