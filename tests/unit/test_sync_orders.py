"""Orders: signed, fenced by device and counter, obeyed once, told (PROTOCOL.md §4.8, §5.6)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from appliance.pipeline.ordering import StoreOrders, ordered_hours
from appliance.store import Store, events, orders, upkeep
from sync.orders import OrderLine
from sync.protocol.codec import CodecError
from sync.protocol.cose import seal
from sync.protocol.messages import Manifest
from sync.protocol.notices import Heard, Notice
from sync.protocol.orders import Order, Outcome, read_order, read_outcome
from sync.protocol.receipt import Receipt
from sync.protocol.step import Now, Publish
from sync.protocol.topics import Kind, downward, upward
from sync.wire_identity import SigningKey, verifier
from tests.fixtures_store import NOW

BOX, OTHER, KID = "commune-00001", "commune-00002", "tinh-1"
DEVICE, PROVINCE, STRANGER = (SigningKey.generate() for _ in range(3))
GOLDEN = Order(BOX, 41, "log", {"lines": 3}, 1790000000)
WALL = Now(0.0, 1_790_000_100)


def line(store: Store, found: list[str] | None = None) -> OrderLine:
    told = found if found is not None else []
    book = StoreOrders(store, BOX, lambda: NOW)
    keys = verifier({KID: PROVINCE.public})
    return OrderLine(BOX, DEVICE.sign, keys, book, lambda finding: told.append(finding.code))


def give(at: OrderLine, order: Order, key: SigningKey = PROVINCE, kid: str = KID) -> list[Publish]:
    return at.on_message(downward(BOX, Kind.ORDER), seal(kid, order.encode(), key.sign), WALL)


def outcome(messages: list[Publish]) -> Outcome:
    (message,) = messages
    assert (message.topic, message.qos) == (upward(BOX, Kind.OUTCOME), 1)
    return read_outcome(message.payload, BOX, verifier({BOX: DEVICE.public}))


def test_golden_bytes() -> None:
    """§4.8"""
    assert GOLDEN.encode().hex() == (
        "a800010165" + "6f72646572" + "026d" + b"commune-00001".hex() + "031829" + "0463" + "6c6f67"
        + "05a1656c696e657303" + "061a6ab13b80" + "0700"
    )  # fmt: skip
    assert Order.decode(GOLDEN.encode()) == GOLDEN
    done = Outcome(BOX, 41, bytes(range(32)), "done", "", "x", 1790000001, 41)
    assert done.encode().hex() == (
        "aa000101676f7574636f6d65" + "026d" + b"commune-00001".hex() + "031829" + "045820" + bytes(range(32)).hex()
        + "0564646f6e65" + "0660" + "076178" + "081a6ab13b81" + "091829"
    )  # fmt: skip
    assert Outcome.decode(done.encode()) == done


def test_unknown_fields_are_kept_and_another_version_refused() -> None:
    newer = replace(GOLDEN, extra={20: 1})
    assert Order.decode(newer.encode()) == newer
    with pytest.raises(CodecError, match="unsupported-version"):
        Order.decode(GOLDEN.encode().replace(b"\xa8\x00\x01", b"\xa8\x00\x02"))


def test_an_order_reads_as_no_other_message() -> None:
    for other in (Manifest, Receipt, Notice, Heard, Outcome):
        with pytest.raises(CodecError):
            other.decode(GOLDEN.encode())
    with pytest.raises(CodecError):
        Order.decode(Heard(BOX, bytes(8), 1).encode())


def test_an_order_is_obeyed_once_and_the_same_again_gets_the_same_outcome(store: Store) -> None:
    first = outcome(give(line(store), GOLDEN))
    assert (first.result, first.last, first.order) == ("done", 41, hashlib.sha256(GOLDEN.encode()).digest())
    again = outcome(give(line(store), GOLDEN))
    assert again == first
    assert [entry.event for entry in store.read(lambda db: list(events.entries(db)))] == ["ordered"]
    assert upkeep.verify(store).sound


def test_an_old_counter_and_another_boxs_order_are_refused_and_told(store: Store) -> None:
    found: list[str] = []
    at = line(store, found)
    give(at, GOLDEN)
    for order, code in (
        (replace(GOLDEN, counter=40), "old-counter"),
        (replace(GOLDEN, params={"lines": 4}), "old-counter"),
        (replace(GOLDEN, box=OTHER, counter=99), "foreign-device"),
        (replace(GOLDEN, counter=50, expires=1_790_000_099), "expired"),
    ):
        told = outcome(give(at, order))
        assert (told.result, told.code, told.last) == ("refused", code, 41)
        assert told.order == order.digest
    assert found == ["replayed-order", "replayed-order", "foreign-order"]
    assert len(store.read(orders.listed)) == 1


def test_the_counter_survives_the_process(store: Store) -> None:
    give(line(store), GOLDEN)
    assert outcome(give(line(store), replace(GOLDEN, counter=41, verb="configure"))).code == "old-counter"


def test_who_is_not_the_province_orders_nothing(store: Store) -> None:
    found: list[str] = []
    at = line(store, found)
    for key, kid in ((STRANGER, KID), (DEVICE, BOX), (STRANGER, "tinh-2")):
        assert give(at, GOLDEN, key, kid) == []
    assert found == ["bad-signature"] * 3
    assert store.read(orders.listed) == []
    with pytest.raises(CodecError):
        read_order(seal(BOX, GOLDEN.encode(), DEVICE.sign), BOX, verifier({BOX: DEVICE.public}))


def test_only_the_boxs_own_outcome_counts() -> None:
    keys = verifier({BOX: DEVICE.public, OTHER: STRANGER.public})
    done = Outcome(BOX, 41, GOLDEN.digest, "done")
    for envelope in (
        seal(BOX, done.encode(), STRANGER.sign),
        seal(OTHER, done.encode(), STRANGER.sign),
        seal(BOX, replace(done, box=OTHER).encode(), DEVICE.sign),
    ):
        with pytest.raises(CodecError):
            read_outcome(envelope, BOX, keys)
    assert read_outcome(seal(BOX, done.encode(), DEVICE.sign), BOX, keys) == done


def test_the_log_tells_of_events_and_of_no_content(store: Store) -> None:
    for number in range(9):
        store.write(lambda db, n=number: events.append(db, f"d{n}", NOW, "Văn thư", "noted", {"subject": "MẬT"}))  # type: ignore[misc]
    report = outcome(give(line(store), GOLDEN)).report
    assert [row.split()[3] for row in report.splitlines()] == ["d6", "d7", "d8"]
    assert "MẬT" not in report
    assert "Văn thư" not in report


def test_hours_hold_once_they_were_ordered_and_nonsense_never(store: Store) -> None:
    at = line(store)
    wrong: tuple[dict[str, object], ...] = (
        {"hours": [["07:30", "25:00", 64]]},
        {"hours": [["07:30", "17:00", -1]]},
        {"hours": [["07:30", "17:00", True]]},
        {"hours": "all"},
        {"hours": [], "ca": "/etc/x"},
        {},
    )
    for number, params in enumerate(wrong, 100):
        told = outcome(give(at, Order(BOX, number, "configure", params)))
        assert (told.result, told.code) == ("refused", "bad-params"), params
    assert store.read(ordered_hours) == []
    assert outcome(give(at, Order(BOX, 200, "configure", {"hours": [["07:30", "17:00", 64]]}))).result == "done"
    assert store.read(ordered_hours) == [("07:30", "17:00", 64)]
    give(at, Order(BOX, 201, "configure", {"hours": []}))
    assert store.read(ordered_hours) == []


def test_an_unknown_order_is_refused_and_noted(store: Store) -> None:
    at = line(store)
    assert outcome(give(at, Order(BOX, 1, "format-disk"))).code == "unknown-order"
    assert (
        outcome(give(at, Order(BOX, 2, "offer-update", {"version": "2.0; rm", "sha256": "0" * 64}))).code
        == "bad-params"
    )
    assert outcome(give(at, Order(BOX, 3, "offer-update", {"version": "2.0", "sha256": "0" * 64}))).result == "done"
    assert [one.result for one in store.read(orders.listed)] == ["done", "refused", "refused"]
