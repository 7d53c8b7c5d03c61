"""Notices: durable, in order, each once, whatever the line does (PROTOCOL.md §4.7, §5.5)."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field, replace

import pytest

from sync.notices import NoticeLine
from sync.protocol.codec import CodecError
from sync.protocol.cose import seal
from sync.protocol.messages import Manifest
from sync.protocol.notices import CODES, Heard, Notice, Voice, batch, clean, may_follow, may_say, unbatch
from sync.protocol.receipt import Receipt
from sync.protocol.step import Now, Publish
from sync.protocol.topics import Direction, Kind, downward, upward
from sync.wire_identity import SigningKey, verifier

BOX, OTHER, KID = "commune-00001", "commune-00002", "tinh-1"
DEVICE, PROVINCE, STRANGER = (SigningKey.generate() for _ in range(3))
STREAM = bytes(range(8))
GOLDEN = Notice(BOX, STREAM, 7, Direction.DOWN, b"\x01" * 8, "den-1", "03", 1790000000, "", "Nguyễn Thị Văn Thư")


def box_voice() -> Voice:
    return Voice(BOX, Direction.UP, BOX, DEVICE.sign, verifier({KID: PROVINCE.public}))


def province_voice() -> Voice:
    return Voice(BOX, Direction.DOWN, KID, PROVINCE.sign, verifier({BOX: DEVICE.public}))


@dataclass
class Book:
    """A book in memory; `said` and `taken` are what a disk would keep."""

    speaks: Direction
    stream: bytes
    said: list[Notice] = field(default_factory=list)
    heard_to: int = 0
    taken: list[Notice] = field(default_factory=list)

    def say(self, code: str, way: Direction, document: str = "d", reason: str = "") -> None:
        self.said.append(Notice(BOX, self.stream, len(self.said) + 1, way, b"\x02" * 8, document, code, 1, reason))

    def unheard(self, limit: int) -> list[Notice]:
        return [one for one in self.said if one.number > self.heard_to][:limit]

    def heard(self, stream: bytes, number: int) -> None:
        if stream == self.stream:
            self.heard_to = min(number, len(self.said))

    def last(self, stream: bytes) -> int:
        return max((one.number for one in self.taken if one.stream == stream), default=0)

    def take(self, notice: Notice, envelope: bytes) -> None:
        self.taken.append(notice)


def test_golden_bytes() -> None:
    """§4.7: the bytes another implementation must make and read."""
    assert GOLDEN.encode().hex() == (
        "ac000101666e6f74696365026d636f6d6d756e652d30303030310348000102030405060704070501064801010101010101010765"
        "64656e2d310803091a6ab13b800a600b78184e677579e1bb856e205468e1bb8b2056c4836e205468c6b0"
    )
    assert Heard(BOX, STREAM, 7).encode().hex() == (
        "a500010165686561726402 6d636f6d6d756e652d3030303031 0348 0001020304050607 0407".replace(" ", "")
    )
    assert Notice.decode(GOLDEN.encode()) == GOLDEN


def test_unknown_fields_are_kept_and_unknown_codes_and_versions_refused() -> None:
    """§3.1"""
    newer = replace(GOLDEN, extra={20: "x"})
    assert Notice.decode(newer.encode()) == newer
    with pytest.raises(CodecError, match="unsupported-version"):
        Notice.decode(replace(GOLDEN, code="14").encode())
    with pytest.raises(CodecError, match="unsupported-version"):
        Notice.decode(GOLDEN.encode().replace(b"\xac\x00\x01", b"\xac\x00\x02"))


def test_no_message_signed_by_an_end_can_be_taken_for_another() -> None:
    """One key signs manifests, receipts and notices: none reads as another."""
    for encoded in (GOLDEN.encode(), Heard(BOX, STREAM, 7).encode()):
        for other in (Manifest, Receipt):
            with pytest.raises(CodecError):
                other.decode(encoded)
    with pytest.raises(CodecError):
        Heard.decode(GOLDEN.encode())
    manifest = Manifest(BOX, "d", 1, 1, bytes(32), 0)
    for kind in (Notice, Heard):
        with pytest.raises(CodecError):
            kind.decode(manifest.encode())


def test_who_got_a_document_says_everything_but_that_it_is_wanted_back() -> None:
    for code in CODES:
        for way in Direction:
            getter = Direction.UP if way is Direction.DOWN else Direction.DOWN
            assert may_say(getter, way, code) is (code != "13")
            assert may_say(way, way, code) is (code == "13")


def test_stages_follow_each_other() -> None:
    assert may_follow("01", "03")
    assert may_follow("01", "02")
    assert may_follow("05", "04")
    for before, after in (("01", "06"), ("02", "03"), ("06", "05"), ("03", "01"), ("03", "02"), ("05", "03")):
        assert not may_follow(before, after)


def test_only_the_other_ends_word_about_this_box_is_believed() -> None:
    voice = province_voice()
    good = seal(BOX, GOLDEN.encode(), DEVICE.sign)
    assert voice.notice(good) == GOLDEN
    for envelope in (
        seal(BOX, GOLDEN.encode(), STRANGER.sign),
        seal(KID, GOLDEN.encode(), PROVINCE.sign),
        seal(BOX, replace(GOLDEN, box=OTHER).encode(), DEVICE.sign),
        seal(BOX, replace(GOLDEN, way=Direction.UP).encode(), DEVICE.sign),
        seal(BOX, replace(GOLDEN, code="13").encode(), DEVICE.sign),
        seal(BOX, Heard(BOX, STREAM, 1).encode(), DEVICE.sign),
    ):
        with pytest.raises(CodecError):
            voice.notice(envelope)
    with pytest.raises(CodecError):
        box_voice().notice(good)


class Wire:
    """Both ends and a line between them that may do what lines do."""

    def __init__(self) -> None:
        self.books = {Direction.UP: Book(Direction.UP, b"BOXSTREA"), Direction.DOWN: Book(Direction.DOWN, b"PROVSTRE")}
        self.voices = {Direction.UP: box_voice(), Direction.DOWN: province_voice()}
        self.lines = {way: NoticeLine(self.voices[way], self.books[way]) for way in Direction}
        self.under_way: deque[tuple[Direction, Publish]] = deque()
        self.mono = 0.0

    @property
    def now(self) -> Now:
        return Now(self.mono, 1_790_000_000)

    def restart(self, way: Direction) -> None:
        """The process ends; its book stays."""
        self.lines[way] = NoticeLine(self.voices[way], self.books[way])
        self.send(way, self.lines[way].on_connected(self.now))

    def send(self, way: Direction, messages: list[Publish]) -> None:
        self.under_way.extend((way, message) for message in messages)

    def deliver(self, index: int = 0, times: int = 1) -> None:
        if not self.under_way:
            return
        way, message = self.under_way[index % len(self.under_way)]
        del self.under_way[index % len(self.under_way)]
        other = Direction.DOWN if way is Direction.UP else Direction.UP
        for _ in range(times):
            self.send(other, self.lines[other].on_message(message.topic, message.payload, self.now))

    def turn(self, seconds: float) -> None:
        self.mono += seconds
        for way, line in self.lines.items():
            self.send(way, line.on_turn(self.now))


@pytest.mark.parametrize("seed", range(60))
def test_every_notice_is_taken_once_and_in_order(seed: int) -> None:
    dice, wire = random.Random(seed), Wire()
    for way in Direction:
        wire.restart(way)
    for number in range(150):
        match dice.randrange(6):
            case 0 | 1:
                way = dice.choice(list(Direction))
                about = Direction.DOWN if way is Direction.UP else Direction.UP
                wire.books[way].say(dice.choice(["01", "03", "05"]), about, f"d{number}")
            case 2 | 3:
                wire.deliver(dice.randrange(5), dice.choice([0, 1, 1, 2]))
            case 4:
                wire.turn(dice.choice([0.5, 2.0, 20.0]))
            case 5 if dice.random() < 0.2:
                wire.under_way.clear()
                wire.restart(dice.choice(list(Direction)))
    for _ in range(200):
        while wire.under_way:
            wire.deliver()
        wire.turn(5.0)
    for way in Direction:
        other = Direction.DOWN if way is Direction.UP else Direction.UP
        assert wire.books[other].taken == wire.books[way].said
        assert wire.books[way].unheard(1) == []


def test_silence_costs_little() -> None:
    wire = Wire()
    wire.books[Direction.UP].say("01", Direction.DOWN)
    wire.restart(Direction.UP)
    for _ in range(3600):
        wire.turn(1.0)
    assert len(wire.under_way) < 20, "an hour without an answer"
    wire.under_way.clear()
    quiet = Wire()
    quiet.restart(Direction.UP)
    for _ in range(3600):
        quiet.turn(1.0)
    assert not quiet.under_way


def test_a_gap_is_not_jumped_and_a_forged_word_of_hearing_loses_nothing() -> None:
    book = Book(Direction.DOWN, b"PROVSTRE")
    line = NoticeLine(province_voice(), book)
    second = replace(GOLDEN, number=2)
    (answer,) = line.on_message(upward(BOX, Kind.NOTICE), batch([seal(BOX, second.encode(), DEVICE.sign)]), Now(0.0, 0))
    assert book.taken == []
    assert box_voice().heard(answer.payload).number == 0
    mine = Book(Direction.UP, b"BOXSTREA")
    mine.say("01", Direction.DOWN)
    ours = NoticeLine(box_voice(), mine)
    forged = seal(KID, Heard(BOX, b"BOXSTREA", 9).encode(), STRANGER.sign)
    own = seal(BOX, Heard(BOX, b"BOXSTREA", 9).encode(), DEVICE.sign)
    for envelope in (forged, own):
        ours.on_message(downward(BOX, Kind.HEARD), envelope, Now(0.0, 0))
    assert len(mine.unheard(9)) == 1


def test_an_end_that_lost_its_memory_is_told_everything_anew() -> None:
    wire = Wire()
    for way in Direction:
        wire.restart(way)
    for code in ("01", "03", "05"):
        wire.books[Direction.UP].say(code, Direction.DOWN)
        wire.turn(2.0)
        while wire.under_way:
            wire.deliver()
    assert len(wire.books[Direction.DOWN].taken) == 3
    wire.books[Direction.DOWN].taken.clear()
    wire.books[Direction.UP].say("06", Direction.DOWN)
    for turn in range(20):
        wire.turn(5.0)
        count = 0
        while wire.under_way:
            wire.deliver()
            count += 1
            assert count < 20, f"the ends do not come to rest, turn {turn}"
    assert [one.code for one in wire.books[Direction.DOWN].taken] == ["01", "03", "05", "06"]


def test_long_reasons_travel_in_as_many_messages_as_they_need() -> None:
    wire = Wire()
    for way in Direction:
        wire.restart(way)
    for _ in range(20):
        wire.books[Direction.UP].say("02", Direction.DOWN, reason="ế" * 2000)
    longest = 0
    for _ in range(60):
        wire.turn(2.0)
        while wire.under_way:
            longest = max(longest, len(wire.under_way[0][1].payload))
            wire.deliver()
    assert wire.books[Direction.DOWN].taken == wire.books[Direction.UP].said
    assert longest < 40_000


def test_words_are_made_fit_to_travel() -> None:
    """A clerk's word with a non-breaking space or a control character must not hold up the stream."""
    odd = "không\u00a0thuộc\x00 thẩm quyền\r\n" + "x" * 3000
    fit = clean(odd, 2000)
    assert fit.startswith("không thuộc  thẩm quyền \nxxx")
    assert len(fit) == 2000
    said = replace(GOLDEN, reason=fit, code="02")
    assert Notice.decode(said.encode()) == said


def test_batches_are_bounded() -> None:
    assert unbatch(batch([b"x"])) == [b"x"]
    with pytest.raises(CodecError):
        unbatch(batch([b"x"] * 17))
