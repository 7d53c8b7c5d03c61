"""What neither end believes: forged, foreign, replayed, misdirected (PROTOCOL.md §6)."""

from __future__ import annotations

import dataclasses

import pytest

from sync.protocol.chunk import Chunk
from sync.protocol.cose import seal
from sync.protocol.messages import Have, Manifest, Presence, ProvinceState, Query
from sync.protocol.receipt import Receipt, read_receipt
from sync.protocol.records import CheckOutcome, ProvinceLimits, Verdict
from sync.protocol.step import BoxSeen, CommitReceipt, Finding, MakeDurable, WriteChunk
from sync.protocol.topics import Kind, downward, presence, upward
from sync.wire_identity import SigningKey, verifier
from tests.fakes.sync_pair import BOX, KID, SyncPair

DEVICE, RECEIPT, STRANGER = SigningKey.generate(), SigningKey.generate(), SigningKey.generate()
OTHER = "commune-00002"
CONTENT = bytes(range(256)) * 20


@pytest.fixture
def wire() -> SyncPair:
    return SyncPair(DEVICE, RECEIPT)


def offered(wire: SyncPair) -> Manifest:
    """Bring the wire to: offered, everything sent, nothing answered."""
    wire.add("a", CONTENT)
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    wire.box_hears()
    while wire.send_chunk():
        wire.province_hears()
    (manifest,) = [part.manifest for part in wire.store.parts.values()]
    return manifest


def true_receipt(wire: SyncPair, manifest: Manifest) -> Receipt:
    step = wire.province.on_checked(BOX, manifest.tid, manifest.digest, CheckOutcome(Verdict.ACCEPT), wire.now)
    (commit,) = [change for change in step.changes if isinstance(change, CommitReceipt)]
    return commit.receipt


def findings(step) -> list[str]:  # type: ignore[no-untyped-def]
    return [change.code for change in step.changes if isinstance(change, Finding)]


def test_a_forged_receipt_changes_nothing_and_is_reported(wire: SyncPair) -> None:
    receipt = true_receipt(wire, offered(wire))
    for kid, sign in ((KID, STRANGER.sign), (BOX, DEVICE.sign), ("unknown", RECEIPT.sign)):
        step = wire.box.on_message(downward(BOX, Kind.RECEIPT), seal(kid, receipt.encode(), sign), wire.now)
        assert findings(step) == ["bad-signature"]
    assert wire.outbox.pending(1)
    wire.box_does(wire.box.on_message(downward(BOX, Kind.RECEIPT), b"\xd2garbage", wire.now))
    assert wire.outbox.pending(1)


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": bytes(32)},
        {"size": len(CONTENT) + 1},
        {"manifest_hash": bytes(32)},
        {"sequence": 2},
        {"box": OTHER},
    ],
)
def test_a_true_signature_over_other_bytes_says_nothing_about_ours(wire: SyncPair, change: dict[str, object]) -> None:
    receipt = dataclasses.replace(true_receipt(wire, offered(wire)), **change)  # type: ignore[arg-type]
    payload = seal(KID, receipt.encode(), RECEIPT.sign)
    step = wire.box.on_message(downward(BOX, Kind.RECEIPT), payload, wire.now)
    assert findings(step) == ["receipt-mismatch"]
    assert not step.outbound


def test_a_receipt_repeated_or_for_what_left_the_outbox_is_silence(wire: SyncPair) -> None:
    receipt = true_receipt(wire, offered(wire))
    payload = seal(KID, receipt.encode(), RECEIPT.sign)
    wire.box_does(wire.box.on_message(downward(BOX, Kind.RECEIPT), payload, wire.now))
    assert wire.outbox.receipts == {"a": payload}
    step = wire.box.on_message(downward(BOX, Kind.RECEIPT), payload, wire.now)
    assert not step.changes
    foreign = dataclasses.replace(receipt, document_id="never-sent")
    step = wire.box.on_message(downward(BOX, Kind.RECEIPT), seal(KID, foreign.encode(), RECEIPT.sign), wire.now)
    assert not step.changes


def test_the_box_hears_its_own_topics_only(wire: SyncPair) -> None:
    manifest = offered(wire)
    payload = seal(KID, true_receipt(wire, manifest).encode(), RECEIPT.sign)
    for topic in (downward(OTHER, Kind.RECEIPT), "commune/v1/d/x/r", "$SYS/broker", ""):
        assert findings(wire.box.on_message(topic, payload, wire.now)) == ["foreign-topic"]


def query(manifest: Manifest, kid: str = BOX, key: SigningKey = DEVICE) -> bytes:
    return Query(1, "x", (seal(kid, manifest.encode(), key.sign),)).encode()


def a_manifest(box: str = BOX, size: int = 10) -> Manifest:
    return Manifest(box, "doc", 1, size, bytes(32), 0)


@pytest.mark.parametrize(
    ("topic_box", "payload", "code"),
    [
        (BOX, query(a_manifest(), BOX, STRANGER), "bad-signature"),
        (BOX, query(a_manifest(OTHER)), "foreign-manifest"),
        (BOX, query(a_manifest(), kid=OTHER), "foreign-manifest"),
        (OTHER, query(a_manifest()), "foreign-manifest"),
        (OTHER, query(a_manifest(OTHER), kid=OTHER), "bad-signature"),  # not enrolled
        (BOX, b"\xff\x00", "not-cbor"),
        (BOX, Query(1, "x", (b"junk",)).encode(), "not-cbor"),
    ],
)
def test_the_province_believes_no_box_beyond_its_own_topics(
    wire: SyncPair, topic_box: str, payload: bytes, code: str
) -> None:
    step = wire.province.on_message(upward(topic_box, Kind.MANIFEST), payload, wire.now)
    assert findings(step) == [code]
    assert len(step.changes) == 1
    assert not step.outbound


def test_one_bad_offer_does_not_spoil_the_others_of_a_query(wire: SyncPair) -> None:
    good = seal(BOX, a_manifest().encode(), DEVICE.sign)
    payload = Query(1, "x", (b"junk", good)).encode()
    step = wire.province.on_message(upward(BOX, Kind.MANIFEST), payload, wire.now)
    assert findings(step) == ["not-cbor"]
    assert len(step.outbound) == 1


def test_a_chunk_of_another_box_goes_nowhere(wire: SyncPair) -> None:
    manifest = offered(wire)
    wire.province_starts()
    payload = Chunk(manifest.tid, 0, b"forged").encode()
    step = wire.province.on_message(upward(OTHER, Kind.CHUNK), payload, wire.now)
    assert not [change for change in step.changes if isinstance(change, WriteChunk)]


def test_a_chunk_beyond_the_file_is_reported(wire: SyncPair) -> None:
    wire.province_does(wire.province.on_message(upward(BOX, Kind.MANIFEST), query(a_manifest()), wire.now))
    payload = Chunk(a_manifest().tid, 5, b"sixsix").encode()
    step = wire.province.on_message(upward(BOX, Kind.CHUNK), payload, wire.now)
    assert findings(step) == ["chunk-beyond-file"]


@pytest.mark.parametrize("size", [0, 513 * 2**20])
def test_size_out_of_bounds_is_refused_before_a_byte_is_taken(wire: SyncPair, size: int) -> None:
    step = wire.province.on_message(upward(BOX, Kind.MANIFEST), query(a_manifest(size=size)), wire.now)
    (commit,) = step.changes
    assert isinstance(commit, CommitReceipt)
    assert commit.receipt.code == "size-out-of-bounds"


def test_two_refusals_in_one_query_stand_in_one_chain(wire: SyncPair) -> None:
    offers = tuple(
        seal(BOX, Manifest(BOX, name, number, 0, bytes(32), 0).encode(), DEVICE.sign)
        for number, name in enumerate("abc")
    )
    message = Query(1, "x", offers).encode()
    step = wire.province.on_message(upward(BOX, Kind.MANIFEST), message, wire.now)
    receipts = [change.receipt for change in step.changes if isinstance(change, CommitReceipt)]
    assert [receipt.number for receipt in receipts] == [1, 2, 3]
    wire.province_does(step)
    again = wire.province.on_message(upward(BOX, Kind.MANIFEST), message, wire.now)
    assert not again.changes
    assert [message.payload for message in again.outbound] == wire.store.chain[BOX]
    keys = verifier({KID: RECEIPT.public})
    assert len({read_receipt(envelope, keys).previous for envelope in wire.store.chain[BOX]}) == 3


def test_a_have_promises_only_what_the_same_step_makes_durable(wire: SyncPair) -> None:
    wire.add("a", bytes(range(256)) * 4000)
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    wire.box_hears()
    promised = 0
    for _ in range(200):
        if not wire.send_chunk():
            wire.pass_time(0.1)
        while wire.up:
            token, message = wire.up.popleft()
            step = wire.province.on_message(message.topic, message.payload, wire.now)
            for said in step.outbound:
                have = Have.decode(said.payload)
                durable = [change.ranges for change in step.changes if isinstance(change, MakeDurable)]
                recorded = [part.ranges for part in wire.store.parts.values()]
                assert (durable or recorded)[-1][: len(have.ranges)] == have.ranges
                promised += bool(durable)
                wire.down.append(said)
            for change in step.changes:
                wire.store.carry_out(change)
            if token is not None:
                wire.box_does(wire.box.on_published(token, True, wire.now))
        while wire.down:
            wire.box_hears()
    assert promised >= 4, "every 256 KB or second"


def test_a_full_store_pauses_boxes_and_goes_on_later(wire: SyncPair) -> None:
    wire.province.pause(True)
    wire.add("a", CONTENT)
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    wire.box_hears()
    assert not wire.send_chunk()
    wire.pass_time(30.0)
    assert not wire.up, "not before the pause is over"
    wire.province.pause(False)
    wire.settle()
    assert "a" in wire.outbox.receipts


def test_a_stale_check_is_repeated_for_the_manifest_that_counts(wire: SyncPair) -> None:
    manifest = offered(wire)
    step = wire.province.on_checked(BOX, manifest.tid, bytes(32), CheckOutcome(Verdict.ACCEPT), wire.now)
    assert not [change for change in step.changes if isinstance(change, CommitReceipt)]
    assert len(step.changes) == 1


def test_a_lost_change_is_asked_for_again(wire: SyncPair) -> None:
    """ENOSPC: the runner could not write; it forgets the transfer, publishes nothing, and the box asks again."""
    wire.add("a", CONTENT)
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    wire.box_hears()
    assert wire.send_chunk()
    token, message = wire.up.popleft()
    wire.province.on_message(message.topic, message.payload, wire.now)  # its changes fail
    (manifest,) = [part.manifest for part in wire.store.parts.values()]
    wire.province.forget(BOX, manifest.tid)
    assert token is not None
    wire.box_does(wire.box.on_published(token, True, wire.now))
    wire.settle()
    wire.assert_promise()


def test_presence_and_heartbeats_are_noted(wire: SyncPair) -> None:
    life = Presence(True, 3, 100, 2, 700, 60, "0.1.0", 10**9)
    for topic, retained in ((presence(BOX), True), (upward(BOX, Kind.HEARTBEAT), False)):
        step = wire.province.on_message(topic, life.encode(), wire.now, retained)
        assert step.changes == (BoxSeen(BOX, life, wire.now.wall, retained),)


def test_another_epoch_means_everything_is_asked_anew(wire: SyncPair) -> None:
    wire.add("a", CONTENT)
    wire.connect()
    wire.box_hears()
    wire.up.clear()
    topic = wire.province.state(True, wire.now).topic
    same = ProvinceState(True, 5, 7).encode()
    assert not wire.box.on_message(topic, same, wire.now).outbound
    assert len(wire.box.on_message(topic, ProvinceState(True, 5, 8).encode(), wire.now).outbound) == 1


def test_a_refused_publish_pauses_and_the_range_is_missing_again(wire: SyncPair) -> None:
    wire.add("a", CONTENT)
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    wire.box_hears()
    assert wire.send_chunk()
    token, _ = wire.up.popleft()
    assert token is not None
    assert findings(wire.box.on_published(token, False, wire.now)) == ["publish-denied"]
    assert not wire.send_chunk()
    wire.pass_time(31.0)
    wire.settle()
    assert "a" in wire.outbox.receipts


def test_a_parcel_the_province_could_not_read_never_leaves(wire: SyncPair) -> None:
    parcel = wire.outbox.add("a", CONTENT, ratio=0.5)
    step = wire.box.on_outbox([parcel], wire.now)
    assert findings(step) == ["parcel-unusable"]
    assert findings(wire.box.on_outbox([parcel], wire.now)) == [], "said once"
    huge = wire.outbox.add("b", CONTENT, text="x" * 20_000)
    assert findings(wire.box.on_outbox([huge], wire.now)) == ["parcel-unusable"]


def test_idle_transfers_leave_memory_but_not_the_record() -> None:
    wire = SyncPair(DEVICE, RECEIPT, ProvinceLimits(have_bytes=1))
    manifest = offered(wire)
    wire.store.checks.clear()
    wire.province_starts()
    wire.province_does(wire.province.on_message(upward(BOX, Kind.MANIFEST), query(a_manifest()), wire.now))
    assert len(wire.province._open) == 1
    wire.pass_time(4000.0)
    assert not wire.province._open
    assert (BOX, manifest.tid) in wire.store.parts
    wire.settle()
    assert "a" in wire.outbox.receipts


def test_an_overtaken_question_does_not_change_the_echo_but_another_run_of_the_box_does(wire: SyncPair) -> None:
    """PROTOCOL.md §5.2: numbers are compared within one run of the box only - its count may have been lost."""
    offer = seal(BOX, a_manifest().encode(), DEVICE.sign)

    def echo(number: int, boot: str) -> list[int]:
        message = Query(number, boot, (offer,)).encode()
        step = wire.province.on_message(upward(BOX, Kind.MANIFEST), message, wire.now)
        wire.province_does(step)
        return [Have.decode(said.payload).query for said in step.outbound]

    assert echo(9, "run-1") == [9]
    assert echo(8, "run-1") == []
    assert echo(9, "run-1") == [9], "a repetition by the broker is answered like the first"
    assert echo(1, "run-2") == [1]
