"""Rows of notices and orders on every pair of engines (PROTOCOL.md §5.5, §5.6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.protocol.notices import Notice
from sync.protocol.orders import Outcome
from sync.protocol.topics import Direction
from sync.province.store import Box, Engines, ProvinceStore
from sync.province.store.engines import save
from sync.province.store.handling import Handling, recall_asked
from sync.province.store.ordering import Orders
from tests.fixtures_engines import every_pair

BOX, OTHER = "commune-27007", "commune-00001"
pytestmark = every_pair


@pytest.fixture
def store(tmp_path: Path, engines: Engines) -> Iterator[ProvinceStore]:
    root = tmp_path / "store"
    root.mkdir()
    save(root, engines)
    made = ProvinceStore(root)
    for box in (BOX, OTHER):
        made.fleet.enrol(Box(box, "UBND xã", bytes(32), "0" * 64, 1.0))
    yield made
    made.close()


def test_each_box_has_a_stream_of_its_own(store: ProvinceStore) -> None:
    rows = Handling(store)
    for number in (1, 2, 3):
        assert rows.say(BOX, Direction.UP, "00" * 8, f"d{number}", "03", "", "Văn thư", 5.5) == number
    assert rows.say(OTHER, Direction.UP, "00" * 8, "d1", "03", "", "", 5.0) == 1
    assert rows.boxes_unheard() in ([BOX, OTHER], [OTHER, BOX])
    rows.heard(BOX, b"12345678", 3)
    assert [one.number for one in rows.unheard(BOX, 9)] == [1, 2, 3], "another memory's stream"
    rows.heard(BOX, rows.stream, 2)
    assert [(one.number, one.document_id, one.by) for one in rows.unheard(BOX, 9)] == [(3, "d3", "Văn thư")]
    rows.heard(BOX, rows.stream, 0)
    assert [one.number for one in rows.unheard(BOX, 2)] == [1, 2], "the box lost its memory"


def test_what_a_box_says_is_kept_once(store: ProvinceStore) -> None:
    rows = Handling(store)
    for stream, number, code in ((b"a" * 8, 1, "13"), (b"a" * 8, 1, "13"), (b"b" * 8, 1, "13")):
        rows.take(Notice(BOX, stream, number, Direction.UP, bytes(8), "d", code, 7, "nhầm"), b"\x01\x02", 9.0)
    assert (rows.last(BOX, b"a" * 8), rows.last(BOX, b"c" * 8), rows.last(OTHER, b"a" * 8)) == (1, 0, 0)
    words = rows.of_document("d", BOX)
    assert [(word.code, word.reason, word.ours) for word in words] == [("13", "nhầm", False)] * 2
    assert recall_asked(words, Direction.UP)
    assert rows.latest(Direction.UP) == {(BOX, "d"): "13"}


def test_a_box_gets_one_order_after_another_and_answers_exactly_that_one(store: ProvinceStore) -> None:
    orders = Orders(store)
    first = orders.issue(BOX, "log", {"lines": 5}, 1_800_000_000)
    second = orders.issue(BOX, "configure", {"hours": [["07:30", "17:00", 64]]}, 1_800_000_000)
    other = orders.issue(OTHER, "log", {"lines": 5}, 1_800_000_000)
    assert first.counter < second.counter
    assert {(one.box, one.counter) for one in orders.open()} == {(BOX, first.counter), (OTHER, other.counter)}
    wrong = Outcome(BOX, first.counter, second.order().digest, "done")
    assert not orders.answered(wrong, b"x", 1.0)
    right = Outcome(BOX, first.counter, first.order().digest, "done", "", "nhật ký")
    assert orders.answered(right, b"x", 1.0)
    assert not orders.answered(right, b"x", 2.0)
    assert {(one.box, one.counter) for one in orders.open()} == {(BOX, second.counter), (OTHER, other.counter)}
    assert [one.report for one in orders.listed(BOX)] == ["", "nhật ký"]
    assert orders.listed(BOX)[0].order().encode() == second.order().encode(), "rows make the same bytes again"
