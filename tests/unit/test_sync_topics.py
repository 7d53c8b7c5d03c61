"""The topic tree (PROTOCOL.md §2): built and parsed in one place, closed to everything else."""

from __future__ import annotations

from binascii import crc_hqx

import pytest

from sync.protocol import topics
from sync.protocol.topics import Direction, Kind, Topic, TopicError

BOX = "commune-00001"


def test_shard_is_crc16_xmodem() -> None:
    assert crc_hqx(b"123456789", 0) == 0x31C3, "the check value of the variant in the protocol's text"
    assert topics.shard(BOX) == crc_hqx(BOX.encode(), 0) % 16
    shards = {topics.shard(f"commune-{number:05}") for number in range(200)}
    assert shards == set(range(16))


def test_every_topic_reads_back() -> None:
    for kind in topics.UPWARD:
        topic = topics.upward(BOX, kind)
        assert topic == f"commune/v1/u/{topics.shard(BOX)}/{BOX}/{kind.value}"
        assert topics.parse(topic) == Topic(kind, BOX)
    for kind in topics.DOWNWARD:
        topic = topics.downward(BOX, kind)
        assert topic == f"commune/v1/d/{BOX}/{kind.value}"
        assert topics.parse(topic) == Topic(kind, BOX, down=True)
    assert topics.parse(topics.presence(BOX)) == Topic(Kind.PRESENCE, BOX)
    assert topics.parse("commune/v1/p/state") == Topic(Kind.PROVINCE, None)


@pytest.mark.parametrize(
    "stranger",
    [
        "",
        "commune/v1",
        "commune/v2/st/commune-00001",
        "commune/v1/st/commune-1",
        "commune/v1/st/commune-00001/x",
        "commune/v1/st/+",
        "commune/v1/st/commune-0000١",  # an Arabic digit
        "commune/v1/d/commune-00001/t",
        "commune/v1/d/commune-00001/o",
        "commune/v1/d/commune-00001/",
        "commune/v1/p/states",
        f"commune/v1/u/{(topics.shard(BOX) + 1) % 16}/{BOX}/m",
        f"commune/v1/u/0{topics.shard(BOX)}/{BOX}/m",
        f"commune/v1/u/{topics.shard(BOX)}/{BOX}/q",
        f"/commune/v1/st/{BOX}",
    ],
)
def test_strangers_are_refused(stranger: str) -> None:
    with pytest.raises(TopicError):
        topics.parse(stranger)


@pytest.mark.parametrize(
    "box", ["", "commune-1", "commune-000001", "commune-0000a", "+", "#", "a/b", "commune-00001\n"]
)
def test_a_box_identity_cannot_widen_a_topic(box: str) -> None:
    assert not topics.is_box(box)
    for build in (topics.presence, topics.shard, topics.box_filters):
        with pytest.raises(TopicError):
            build(box)
    with pytest.raises(TopicError):
        topics.upward(box, Kind.CHUNK)
    with pytest.raises(TopicError):
        topics.downward(box, Kind.HAVE)


def test_some_kinds_travel_one_way_only() -> None:
    for kind in (Kind.ORDER, Kind.PRESENCE, Kind.PROVINCE):
        with pytest.raises(TopicError):
            topics.upward(BOX, kind)
    for kind in (Kind.HEARTBEAT, Kind.OUTCOME, Kind.PRESENCE, Kind.PROVINCE):
        with pytest.raises(TopicError):
            topics.downward(BOX, kind)


def test_documents_travel_both_ways_by_the_same_kinds() -> None:
    """§2.4: who offers in one direction answers in the other, and nobody hears both as one."""
    assert Direction.UP.forward(BOX, Kind.CHUNK) == Direction.DOWN.forward(BOX, Kind.CHUNK).replace(
        f"/d/{BOX}/", f"/u/{topics.shard(BOX)}/{BOX}/"
    )
    for kind in (Kind.MANIFEST, Kind.CHUNK, Kind.EXPRESS):
        for way, other in ((Direction.UP, Direction.DOWN), (Direction.DOWN, Direction.UP)):
            there = topics.parse(way.forward(BOX, kind))
            assert way.offers(there)
            assert not way.answers(there)
            assert not other.offers(there)
            assert not other.answers(there)
    for kind in (Kind.HAVE, Kind.RECEIPT):
        for way, other in ((Direction.UP, Direction.DOWN), (Direction.DOWN, Direction.UP)):
            there = topics.parse(way.back(BOX, kind))
            assert way.answers(there)
            assert not way.offers(there)
            assert not other.answers(there)


def test_the_sending_end_may_write_offers_and_no_receipt_for_what_boxes_send() -> None:
    """§2.2"""
    lines = topics.broker_access_list("province-receiver").splitlines()
    sending = lines[lines.index(f"user {topics.SENDER}") :]
    assert "topic write commune/v1/d/+/m" in sending
    assert "topic read commune/v1/u/+/+/r" in sending
    assert not [line for line in sending if line.endswith(("d/+/r", "d/+/h", "p/state", "#"))]
    assert not [line for line in sending if "write" in line and "/u/" in line]


def test_a_receiver_may_take_some_shards() -> None:
    assert topics.receiver_filters() == (("commune/v1/u/+/+/+", 1), ("commune/v1/st/+", 1))
    assert topics.receiver_filters(range(2, 4))[:2] == (("commune/v1/u/2/+/+", 1), ("commune/v1/u/3/+/+", 1))
