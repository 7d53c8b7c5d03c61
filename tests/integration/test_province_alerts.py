"""Alerts from the first finding to the page: taken on, silenced, heard again."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync.province.alerting import evaluate
from sync.province.cli import main
from sync.province.config import Config, Folder, render
from sync.province.people.rows import People
from sync.province.people.rules import Role
from sync.province.store import Presence
from sync.province.store.alert_rows import AlertRows
from sync.province.store.ordering import Orders
from sync.province.watching import look, watch
from tests.fixtures_province_web import Visitor, visiting
from tests.integration.test_province_web import BOX, filled


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    store = filled(tmp_path / "store")
    early = time.time() - 3600
    watch(store, look(store, early), early)
    async with visiting(store, Role.VAN_HANH) as made:
        yield made
    store.close()


def standing(visitor: Visitor, code: str = "waiting-long") -> int:
    (alert,) = [one for one in AlertRows(visitor.store.connection).standing() if (one.box, one.code) == (BOX, code)]
    return alert.number


async def loud(visitor: Visitor) -> int:
    """How many boxes the wall wants looked at."""
    page = await visitor.text("/?show=loud")
    return page.count("<tr id=")


async def test_an_alert_taken_on_is_quiet_on_the_wall_and_says_who_until_when_and_why(visitor: Visitor) -> None:
    assert await loud(visitor) == 2
    number = standing(visitor)
    path = f"/alerts/{number}/acknowledge"
    assert (await visitor.post(path, {"why": " ", "hours": "4"})).status == 422
    assert (await visitor.post(path, {"why": "đã gọi", "hours": "9999"})).status == 422
    assert (await visitor.post("/alerts/999/acknowledge", {"why": "đã gọi", "hours": "4"})).status == 404
    answer = await visitor.post(path, {"why": "đã gọi <b>xã</b>", "hours": "4", "back": "box"})
    assert (answer.status, answer.headers["Location"]) == (303, f"/box/{BOX}")
    assert await loud(visitor) == 1
    for page in ("/alerts", f"/box/{BOX}"):
        text = await visitor.text(page)
        assert "van_hanh.thu nhận xử lý đến" in text
        assert "đã gọi &lt;b&gt;xã" in text
    (deed,) = People(visitor.store.connection).deeds(BOX)
    assert (deed.person, deed.deed) == ("van_hanh.thu", "alert-acknowledged")
    assert 'code="waiting-long",quiet="true"' in await visitor.text("/metrics")


async def test_it_speaks_again_when_it_gets_graver(visitor: Visitor) -> None:
    await visitor.post(f"/alerts/{standing(visitor)}/acknowledge", {"why": "đã gọi", "hours": "24"})
    assert await loud(visitor) == 1
    store, now = visitor.store, time.time()
    store.fleet.note_presence(Presence(BOX, True, now, now, 2, 9, now - 2 * 86_400, 0.0, 10**10, "0.1.0"))
    watch(store, look(store, now), now)
    found = {view.box.box: view for view in look(store, now).boxes}
    assert found[BOX].urgency.first is not None
    assert found[BOX].urgency.first.code == "waiting-long"


async def test_a_silence_is_seen_ends_and_can_be_ended(visitor: Visitor) -> None:
    for fields in (
        {"box": "", "code": "", "why": "x", "hours": "1"},
        {"box": "commune-99999", "code": "", "why": "x", "hours": "1"},
        {"box": BOX, "code": "no-such", "why": "x", "hours": "1"},
        {"box": BOX, "code": "", "why": "", "hours": "1"},
    ):
        assert (await visitor.post("/silences", fields)).status == 422
    every_box = {"box": "", "code": "waiting-long", "why": "bão", "hours": "1"}
    assert (await visitor.post("/silences", every_box)).status == 303
    assert await loud(visitor) == 1
    page = await visitor.text("/alerts")
    assert "bão" in page
    assert (await visitor.post("/silences/1/end")).status == 303
    assert await loud(visitor) == 2
    assert (await visitor.post("/silences/1/end")).status == 404


async def test_an_alert_ends_and_stays_in_the_past(visitor: Visitor) -> None:
    store, now = visitor.store, time.time()
    store.fleet.note_presence(Presence(BOX, True, now, now, 0, 0, None, 0.0, 10**10, "0.1.0"))
    watch(store, look(store, now), now)
    rows = AlertRows(store.connection)
    assert [one.code for one in rows.standing() if one.box == BOX] == []
    assert [one.code for one in rows.ended(now - 60)] == ["waiting-long"]
    assert "Hết cảnh báo: Văn bản chờ lâu." in await visitor.text(f"/box/{BOX}")
    watch(store, look(store, now), now)
    assert len(rows.ended(now - 60)) == 1


async def test_two_that_evaluate_at_once_make_one_alert(visitor: Visitor) -> None:
    store, now = visitor.store, time.time()
    before = len(AlertRows(store.connection).standing())
    store.fleet.note_presence(Presence(BOX, True, now, now, 2, 9, now - 7 * 3600, 900.0, 10**10, "0.1.0"))
    fleet = look(store, now)
    findings = {view.box.box: view.findings for view in fleet.boxes}
    turns = [evaluate(findings, AlertRows(store.connection).standing(), now) for _ in range(2)]
    for turn in turns:
        AlertRows(store.connection).keep(turn, now)
    assert len(AlertRows(store.connection).standing()) == before + 1


async def test_a_log_is_asked_for_by_a_signed_order(visitor: Visitor) -> None:
    answer = await visitor.post(f"/box/{BOX}/log")
    assert answer.status == 303
    (order,) = Orders(visitor.store).open()
    assert (order.box, order.verb, order.params) == (BOX, "log", {"lines": 200})
    page = await visitor.text(f"/box/{BOX}")
    assert "Gửi lệnh “xin nhật ký” cho hộp." in page
    assert "xin nhật ký của hộp." in page
    assert (await visitor.post("/box/commune-99999/log")).status == 404


def test_the_commands_tell_and_silence(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "tinh")
    folder.root.mkdir()
    folder.settings.write_text(render(Config()), "utf-8")
    store = filled(folder.rows)
    early = time.time() - 3600
    watch(store, look(store, early), early)
    store.close()
    run = CliRunner()

    def asked(*words: str) -> tuple[int, dict]:
        found = run.invoke(main, [*words, "--dir", str(folder.root), "--json"])
        return found.exit_code, json.loads(found.stdout) if found.stdout.startswith("{") else {}

    state, told = asked("alerts")
    assert (state, told["loud"]) == (8, 2)
    found = {(one["box"], one["code"]) for one in told["alerts"]}
    assert found == {(BOX, "waiting-long"), ("commune-00001", "never-seen")}
    quiet = ("--hours", "4", "--by", "lan", "--why", "mất điện")
    assert asked("silence", *quiet)[0] == 3
    assert asked("silence", "--box", "commune-99999", *quiet)[0] == 3
    assert asked("silence", "--box", BOX, *quiet)[0] == 0
    assert asked("silence", "--code", "never-seen", *quiet)[0] == 0
    state, told = asked("alerts")
    assert (state, told["loud"], told["alerts"][0]["silenced"]["why"]) == (0, 0, "mất điện")


def test_an_alert_is_taken_on_and_a_silence_ended_by_command(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "tinh")
    folder.root.mkdir()
    folder.settings.write_text(render(Config()), "utf-8")
    store, early = filled(folder.rows), time.time() - 3600
    watch(store, look(store, early), early)
    run = CliRunner()

    def asked(*words: str) -> tuple[int, dict]:
        found = run.invoke(main, [*words, "--dir", str(folder.root), "--json"])
        return found.exit_code, json.loads(found.stdout) if found.stdout.startswith("{") else {}

    told = asked("alerts")[1]
    number = next(str(one["number"]) for one in told["alerts"] if one["code"] == "waiting-long")
    given = ("--hours", "24", "--by", "lan", "--why", "đã gọi xã")
    assert asked("acknowledge", "999", *given)[0] == 3
    assert asked("acknowledge", number, "--hours", "24", "--by", "lan", "--why", " ")[0] == 3
    assert asked("acknowledge", number, "--hours", "9999", "--by", "lan", "--why", "x")[0] == 2, "30 days at most"
    state, done = asked("acknowledge", number, *given)
    assert (state, done["box"], done["code"]) == (0, BOX, "waiting-long")
    state, told = asked("alerts")
    assert (state, told["loud"]) == (8, 1)
    taken = next(one for one in told["alerts"] if one["code"] == "waiting-long")["acknowledged"]
    assert (taken["person"], taken["why"]) == ("lan", "đã gọi xã")
    assert asked("silence", "--code", "never-seen", *given)[0] == 0
    state, told = asked("alerts")
    assert (state, [one["code"] for one in told["silences"]]) == (0, ["never-seen"])
    text = run.invoke(main, ["alerts", "--dir", str(folder.root)]).stdout
    assert "Đang tắt tiếng số 1: mọi hộp, never-seen" in text
    assert asked("end-silence", "1", "--by", "lan") == (0, {"number": 1})
    assert asked("end-silence", "1", "--by", "lan")[0] == 3
    assert asked("alerts")[1]["loud"] == 1
    people = People(store.connection)
    assert [(deed.person, deed.deed) for deed in people.deeds()] == [
        ("lan", "silence-ended"), ("lan", "silenced"), ("lan", "alert-acknowledged"),
    ]  # fmt: skip
    store.close()
