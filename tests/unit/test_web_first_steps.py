"""The page of the first setting up: each step's true state, from rows and findings, and where it is done."""

from __future__ import annotations

import dataclasses
import re
import shutil

import pytest

from appliance import clock_check
from appliance.accounts import acts
from appliance.config import Config
from appliance.domain.kinds import Kind
from appliance.store import Store
from appliance.store import accounts as rows
from tests.fixtures_store import Clock
from tests.fixtures_web import ADMINISTRATOR, CLERK, LEADER, Papers, Visitor, signed_in, visiting


def steps(text: str) -> dict[str, tuple[bool, str]]:
    """Name of a step → whether it is shown as done, and its whole text."""
    found = {}
    for item in re.findall(r'<li class="card step.*?</li>', text, re.S):
        name = re.search(r"</span> ([^<]+)</h2>", item)
        assert name, item
        found[name.group(1)] = ("step-done" in item, item)
    return found


async def shown(visitor: Visitor) -> dict[str, tuple[bool, str]]:
    await visitor.become(ADMINISTRATOR)
    state, text = await visitor.get("/setup")
    assert state == 200
    return steps(text)


async def test_people_count_when_they_are_there_and_not_blocked(
    stranger: Visitor, store: Store, web_clock: Clock
) -> None:
    before = await shown(stranger)
    assert not before["Người dùng"][0] and "văn thư, lãnh đạo" in before["Người dùng"][1]
    for who in (CLERK, LEADER):
        signed_in(store, who, web_clock())
    assert (await shown(stranger))["Người dùng"][0]
    leader = next(one for one in store.read(rows.listed) if one.name == LEADER["person"])
    acts.block(store, leader.id, "x", web_clock())
    after = await shown(stranger)
    assert not after["Người dùng"][0] and "Chưa có: lãnh đạo" in after["Người dùng"][1]


async def test_recovery_codes_count_while_enough_are_left(stranger: Visitor, store: Store, web_clock: Clock) -> None:
    assert not (await shown(stranger))["Mã khôi phục của quản trị"][0]
    (administrator,) = store.read(rows.administrators)
    acts.give_recovery_codes(store, administrator, "x", web_clock())
    done, text = (await shown(stranger))["Mã khôi phục của quản trị"]
    assert done and "còn 10 mã" in text


async def test_a_folder_counts_when_a_scan_came_through_it_and_not_while_it_is_away(
    stranger: Visitor, office: Config, office_papers: Papers
) -> None:
    done, text = (await shown(stranger))["Thư mục nhận bản quét"]
    assert not done and "Chưa thử: Văn bản đến, Văn bản đi" in text
    office_papers.received()
    done, text = (await shown(stranger))["Thư mục nhận bản quét"]
    assert not done and "Chưa thử: Văn bản đi" in text
    office_papers.received(kind=Kind.OUTGOING)
    assert (await shown(stranger))["Thư mục nhận bản quét"][0]
    shutil.rmtree(office.folders[0].path)
    done, text = (await shown(stranger))["Thư mục nhận bản quét"]
    assert not done and "Không có thư mục nhận bản quét" in text


async def test_a_wrong_clock_is_said(stranger: Visitor, web_clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_check, "kept_by", lambda: ("unknown", None))  # not this machine's
    assert (await shown(stranger))["Đồng hồ"][0]
    web_clock.now = web_clock.now.replace(year=2020)
    await stranger.become({})
    done, text = (await shown(stranger))["Đồng hồ"]
    assert not done and "Đồng hồ của hộp sai" in text


async def test_what_the_configuration_lacks_is_said_with_the_command(
    stranger: Visitor, store: Store, office: Config, web_clock: Clock
) -> None:
    found = await shown(stranger)
    assert not found["Ghi danh với tỉnh"][0] and "commune-box enrol" in found["Ghi danh với tỉnh"][1]
    assert not found["Thiết bị ký số"][0] and "Chữ ký của lãnh đạo" in found["Thiết bị ký số"][1]
    assert not found["Tên xã, tên tỉnh"][0]
    named = dataclasses.replace(office, box=dataclasses.replace(office.box, province="UBND tỉnh Thượng Giang"))
    async with visiting(named, store, web_clock) as other:
        assert (await shown(other))["Tên xã, tên tỉnh"][0]
