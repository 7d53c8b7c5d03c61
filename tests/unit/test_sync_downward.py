"""Documents that come down: the same cores the other way round (PROTOCOL.md §5.3)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sync.protocol.chunk import Chunk
from sync.protocol.cose import seal
from sync.protocol.downward import CREDIT_LEAST, CREDIT_MOST, DownwardCore
from sync.protocol.messages import Have, Manifest, Query
from sync.protocol.receipt import chain_breaks, read_receipt
from sync.protocol.records import CheckOutcome, Verdict
from sync.protocol.step import Finding, Now, Step
from sync.protocol.topics import Direction, Kind, parse
from sync.wire_identity import SigningKey, verifier
from tests.fakes.province_store import FakeProvinceStore
from tests.fakes.sync_down_pair import DownPair
from tests.fakes.sync_pair import BOX, KID, Died

DEVICE, PROVINCE, STRANGER = (SigningKey.generate() for _ in range(3))


def paper(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_a_document_comes_down_and_the_receipt_is_the_boxs_own() -> None:
    pair = DownPair(DEVICE, PROVINCE)
    content = paper(300_000)
    pair.add("den-1", content, kind="electronic")
    pair.settle()
    assert list(pair.store.files.values()) == [content]
    receipt = read_receipt(pair.outbox.receipts["den-1"], verifier({BOX: DEVICE.public}))
    assert (receipt.box, receipt.document_id, receipt.size) == (BOX, "den-1", 300_000)


def test_all_of_it_travels_on_topics_of_its_own() -> None:
    pair = DownPair(DEVICE, PROVINCE)
    pair.add("den-1", paper(50_000), priority=3)
    pair.connect()
    heard: set[tuple[Kind, bool]] = set()
    for _ in range(40):
        moved = pair.send_chunk()
        for queue in (pair.up, [(None, message) for message in pair.down]):
            for _, message in queue:
                topic = parse(message.topic)
                heard.add((topic.kind, topic.down))
        while pair.up:
            pair.province_hears()
        while pair.store.checks:
            pair.check()
        while pair.down:
            topic = parse(pair.down[0].topic)
            heard.add((topic.kind, topic.down))
            pair.box_hears()
        pair.pass_time(0.05 if moved else 0.7)
    assert heard == {(Kind.MANIFEST, True), (Kind.EXPRESS, True), (Kind.HAVE, False), (Kind.RECEIPT, False)}


def test_an_urgent_document_goes_before_what_is_left_of_a_bulky_one() -> None:
    pair = DownPair(DEVICE, PROVINCE)
    pair.add("bulk", paper(400_000))
    pair.connect()
    while pair.store.bytes_written < 40_000:
        pair.send_chunk()
        while pair.up:
            pair.province_hears()
        while pair.down:
            pair.box_hears()
        pair.pass_time(0.3)
    pair.add("urgent", paper(2_000, 2), priority=3)
    for _ in range(6):
        pair.send_chunk()
        while pair.up:
            pair.province_hears()
        while pair.store.checks:
            pair.check()
        while pair.down:
            pair.box_hears()
        pair.pass_time(0.3)
    assert "urgent" in pair.outbox.receipts
    assert "bulk" not in pair.outbox.receipts


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_wire_does_a_receipt_means_the_same_bytes_at_the_box(seed: int) -> None:
    """Drops, repetitions, overtaking, and the death of either end after any change."""
    dice = random.Random(seed)
    pair = DownPair(DEVICE, PROVINCE)
    pair.connect()
    for number in range(3):
        pair.add(f"d{number}", paper(dice.choice((1, 5_000, 120_000)), seed * 10 + number), dice.randrange(4))
    for _ in range(120):
        if dice.random() < 0.04:
            pair.die_after = {dice.choice(("box", "province")): dice.randrange(3)}
        try:
            match dice.randrange(7):
                case 0 | 1:
                    pair.send_chunk()
                case 2:
                    pair.province_hears(lose=dice.random() < 0.2, repeat=dice.random() < 0.2, index=dice.randrange(9))
                case 3:
                    pair.box_hears(lose=dice.random() < 0.2, repeat=dice.random() < 0.2, index=dice.randrange(9))
                case 4:
                    pair.check()
                case 5:
                    pair.pass_time(dice.choice((0.1, 1.0, 10.0)))
                case 6 if dice.random() < 0.2:
                    pair.connect(lose=dice.random() < 0.5)
        except Died as died:
            pair.die_after.clear()
            if str(died) == "box":
                pair.box_starts()
                pair.connect()
            else:
                pair.province_starts()
    pair.settle()
    pair.assert_promise()
    assert len(pair.store.files) == 3
    assert chain_breaks(pair.store.chain[BOX], verifier({BOX: DEVICE.public})) == []


def test_the_box_refuses_with_a_reason_and_the_province_believes_it() -> None:
    pair = DownPair(DEVICE, PROVINCE)
    pair.store.verdict = CheckOutcome(Verdict.REFUSE, "signature-invalid", "Chữ ký số không hợp lệ.")
    pair.add("den-1", paper(9_000))
    pair.settle()
    code, text, _ = pair.outbox.refusals["den-1"]
    assert (code, text) == ("signature-invalid", "Chữ ký số không hợp lệ.")
    assert not pair.store.files


class Taker:
    """A box's taking core with a store in memory, fed by hand."""

    def __init__(self) -> None:
        self.store = FakeProvinceStore()
        self.core = DownwardCore(BOX, DEVICE.sign, verifier({KID: PROVINCE.public}), self.store, epoch=7)
        self.now = Now(100.0, 1_800_000_000)

    def hear(self, box: str, kind: Kind, payload: bytes) -> Step:
        step = self.core.on_message(Direction.DOWN.forward(box, kind), payload, self.now)
        for change in step.changes:
            self.store.carry_out(change)
        return step

    def offer(self, manifest: Manifest, key: SigningKey, kid: str = KID, box: str = BOX) -> Step:
        return self.hear(box, Kind.MANIFEST, Query(1, "1", (seal(kid, manifest.encode(), key.sign),)).encode())


def manifest_for(box: str, content: bytes = b"%PDF-1.7") -> Manifest:
    from hashlib import sha256

    return Manifest(box, "den-1", 1, len(content), sha256(content).digest(), 0)


def codes(step: Step) -> list[str]:
    return [change.code for change in step.changes if isinstance(change, Finding)]


def test_a_forged_manifest_opens_nothing() -> None:
    """§5.3.1: neither a stranger's key, nor a stranger's name, nor this very box's own key."""
    taker = Taker()
    for key, kid in ((STRANGER, KID), (STRANGER, "tinh-2"), (DEVICE, BOX)):
        step = taker.offer(manifest_for(BOX), key, kid)
        assert codes(step) == ["bad-signature"]
        assert not step.outbound
    assert not taker.store.parts


def test_a_manifest_for_another_box_opens_nothing_whichever_topic_it_comes_on() -> None:
    """§5.3.1: a document for one commune, replayed to another."""
    taker = Taker()
    assert codes(taker.offer(manifest_for("commune-00002"), PROVINCE)) == ["foreign-manifest"]
    assert codes(taker.offer(manifest_for("commune-00002"), PROVINCE, box="commune-00002")) == ["foreign-manifest"]
    assert not taker.store.parts


def test_a_document_of_this_box_that_went_up_cannot_be_sent_back_to_it() -> None:
    taker = Taker()
    step = taker.offer(manifest_for(BOX), DEVICE, BOX)
    assert codes(step) == ["bad-signature"]


def test_chunks_of_what_was_never_offered_are_ignored() -> None:
    taker = Taker()
    step = taker.hear(BOX, Kind.CHUNK, Chunk(manifest_for(BOX).tid, 0, b"%PDF-1.7").encode())
    assert step == Step()


def test_offers_on_the_upward_topics_say_nothing_to_a_box() -> None:
    taker = Taker()
    envelope = seal(KID, manifest_for(BOX).encode(), PROVINCE.sign)
    step = taker.core.on_message(
        Direction.UP.forward(BOX, Kind.MANIFEST), Query(1, "1", (envelope,)).encode(), taker.now
    )
    assert step == Step()


def test_the_credit_follows_the_line() -> None:
    """§5.3.3: what stands in the broker cannot be taken back when something urgent comes."""
    taker = Taker()
    content = paper(3_000_000)
    manifest = replace(manifest_for(BOX, content))
    step = taker.offer(manifest, PROVINCE)
    credits = [Have.decode(step.outbound[0].payload).credit]
    for offset in range(0, 2_000_000, 20_000):
        taker.now = Now(taker.now.mono + 0.1, taker.now.wall)
        step = taker.hear(BOX, Kind.CHUNK, Chunk(manifest.tid, offset, content[offset : offset + 20_000]).encode())
        credits += [Have.decode(message.payload).credit for message in step.outbound]
    assert credits[0] == CREDIT_LEAST
    assert 500_000 < credits[-1] <= CREDIT_MOST, "200 KB a second, four seconds of it"
    taker.now = Now(taker.now.mono + 60.0, taker.now.wall)
    step = taker.offer(manifest, PROVINCE)
    assert Have.decode(step.outbound[-1].payload).credit == CREDIT_LEAST, "a line that was silent is not known any more"
