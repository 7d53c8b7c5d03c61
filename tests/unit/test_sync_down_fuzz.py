"""Whatever comes on the topics of a box or of the province's sending end: no message raises, none changes anything."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256

import pytest

from appliance.pipeline.handling import StoreNotices
from appliance.pipeline.ordering import StoreOrders
from appliance.store import Store, notices, orders
from sync.notices import NoticeLine
from sync.orders import OrderLine
from sync.protocol.chunk import Chunk
from sync.protocol.codec import CodecError
from sync.protocol.cose import seal
from sync.protocol.downward import DownwardCore
from sync.protocol.messages import Manifest, Query
from sync.protocol.notices import Notice, Voice, batch
from sync.protocol.orders import Order, Outcome
from sync.protocol.step import Finding, Now
from sync.protocol.topics import Direction, Kind, downward
from sync.wire_identity import SigningKey, verifier
from tests.fakes.province_store import FakeProvinceStore
from tests.fixtures_store import NOW

BOX, KID = "commune-00001", "tinh-1"
DEVICE, PROVINCE = SigningKey.generate(), SigningKey.generate()
KEYS = verifier({KID: PROVINCE.public})
NOTICE = Notice(BOX, b"PROVINCE", 1, Direction.DOWN, bytes(8), "d", "13", 1_790_000_000, "nhầm", "Văn thư")
ORDER = Order(BOX, 5, "log", {"lines": 3}, 1_790_000_000)


def good_messages() -> list[tuple[Kind, bytes]]:
    content = b"%PDF-1.7"
    manifest = Manifest(BOX, "d", 1, len(content), sha256(content).digest(), 0)
    return [
        (Kind.MANIFEST, Query(1, "1", (seal(KID, manifest.encode(), PROVINCE.sign),)).encode()),
        (Kind.CHUNK, Chunk(manifest.tid, 0, content).encode()),
        (Kind.NOTICE, batch([seal(KID, NOTICE.encode(), PROVINCE.sign)])),
        (Kind.ORDER, seal(KID, ORDER.encode(), PROVINCE.sign)),
    ]


def damaged(payload: bytes, dice: random.Random) -> bytes:
    """One of what a bad line, a bad disk or a bad person makes of a message."""
    match dice.randrange(5):
        case 0:
            return dice.randbytes(dice.randrange(200))
        case 1:
            return payload[: dice.randrange(len(payload))]
        case 2:
            return payload + dice.randbytes(1 + dice.randrange(9))
        case 3:
            at = dice.randrange(len(payload))
            return payload[:at] + bytes([payload[at] ^ (1 << dice.randrange(8))]) + payload[at + 1 :]
        case _:
            at, upto = sorted((dice.randrange(len(payload)), dice.randrange(len(payload))))
            return payload[:at] + payload[upto:]


@pytest.mark.parametrize("seed", range(5))
def test_damaged_messages_change_nothing_and_raise_nothing(store: Store, seed: int) -> None:
    dice, found = random.Random(seed), list[str]()
    taken = FakeProvinceStore()
    core = DownwardCore(BOX, DEVICE.sign, KEYS, taken, epoch=1)
    voice = Voice(BOX, Direction.UP, BOX, DEVICE.sign, KEYS)

    def tell(finding: Finding) -> None:
        found.append(finding.code)

    lines = (
        NoticeLine(voice, StoreNotices(store, BOX, lambda: NOW), tell),
        OrderLine(BOX, DEVICE.sign, KEYS, StoreOrders(store, BOX, lambda: NOW), tell),
    )
    good = good_messages()
    for number in range(400):
        kind, payload = dice.choice(good)
        wrong = damaged(payload, dice)
        if wrong == payload:
            continue
        now = Now(float(number), 1_790_000_000)
        for change in core.on_message(downward(BOX, kind), wrong, now).changes:
            taken.carry_out(change)
        for line in lines:
            line.on_message(downward(BOX, kind), wrong, now)
    assert not taken.parts
    assert not taken.receipts
    assert store.read(lambda db: notices.of_document(db, "d")) == []
    assert store.read(orders.listed) == []
    assert found
    assert taken.findings


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[2J", "\u202e"])
def test_what_no_screen_and_no_database_should_get_is_refused(text: str) -> None:
    for wrong in (replace(NOTICE, reason=text), replace(NOTICE, by=text), replace(NOTICE, document_id=text)):
        with pytest.raises(CodecError):
            Notice.decode(wrong.encode())
    with pytest.raises(CodecError):
        Outcome.decode(Outcome(BOX, 1, bytes(32), "done", "", text).encode())
    with pytest.raises(CodecError):
        Order.decode(replace(ORDER, verb=text).encode())


def test_moments_beyond_any_calendar_are_refused() -> None:
    for encoded, kind in (
        (replace(NOTICE, wall=2**60).encode(), Notice),
        (replace(ORDER, issued=2**60).encode(), Order),
        (Outcome(BOX, 1, bytes(32), "done", wall=2**60).encode(), Outcome),
    ):
        with pytest.raises(CodecError):
            kind.decode(encoded)
