"""Chunks that travel smaller: the form, its bounds, the probe, and two cores that agree on it."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.chunk import MAX_CONTENT, Chunk
from sync.protocol.codec import MAX_MESSAGE, CodecError
from sync.protocol.deflate import DEFLATE, Shrinking, deflated, inflated
from sync.protocol.messages import Have
from sync.protocol.pacing import Pacing

TID = bytes.fromhex("9e730cd292f8c671")
GOLDEN = bytes.fromhex("01019e730cd292f8c67100010000040064851b38530d7071d335d4333318260000")


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 40))
def test_what_was_deflated_is_what_comes_out(content: bytes, times: int) -> None:
    whole = content * times
    whole = whole[:MAX_CONTENT]
    chunk = Chunk(TID, 7, whole)
    assert Chunk.decode(chunk.encode(deflated(whole))) == chunk == Chunk.decode(chunk.encode())


@given(st.binary(max_size=600), st.sampled_from((0, 1, 2, 3, 255)))
def test_no_bytes_of_a_stranger_do_more_than_be_refused(carried: bytes, flags: int) -> None:
    head = bytes((1, flags)) + TID + bytes(6)
    wire = head + zlib.crc32(carried, zlib.crc32(head)).to_bytes(4, "big") + carried
    try:
        content = Chunk.decode(wire).content
    except CodecError:
        return
    assert flags in (0, DEFLATE)
    assert 0 < len(content) <= MAX_CONTENT


@pytest.mark.parametrize(
    "stream",
    [deflated(bytes(MAX_CONTENT + 1)), deflated(bytes(50_000_000)), deflated(b"x") + b"y", deflated(b"abc" * 99)[:-2],
     deflated(b""), b"\xff\xff"],
    ids=["one-too-many", "bomb", "more-behind", "cut", "nothing", "no-stream"],
)  # fmt: skip
def test_a_stream_holds_what_a_chunk_may_hold_and_ends(stream: bytes) -> None:
    with pytest.raises(CodecError) as refused:
        inflated(stream[:MAX_MESSAGE], MAX_CONTENT)
    assert refused.value.code == "bad-chunk"
    assert inflated(deflated(bytes(MAX_CONTENT)), MAX_CONTENT) == bytes(MAX_CONTENT)


def test_golden_bytes_and_a_form_that_is_not_known() -> None:
    assert Chunk.decode(GOLDEN) == Chunk(TID, 0x1_0000_0400, b"%PDF-1.6" + b"0" * 200)
    for flags in (2, 3, 128):
        with pytest.raises(CodecError) as refused:
            Chunk.decode(bytes((1, flags)) + GOLDEN[2:])
        assert refused.value.code == "unsupported-version"


def test_an_end_that_says_no_forms_understands_none_and_says_no_byte_more() -> None:
    plain = Have(TID, 7, ((0, 5),), 100)
    assert Have.decode(plain.encode()).forms == 0
    said = Have(TID, 7, ((0, 5),), 100, forms=DEFLATE)
    assert Have.decode(said.encode()) == said
    assert len(said.encode()) == len(plain.encode()) + 2


def test_it_is_tried_and_given_up_while_it_does_not_help() -> None:
    probe, noise = Shrinking(), random.Random(5).randbytes(4096)
    assert probe.shrunk("a", bytes(4096)) is not None
    gains = [probe.shrunk("a", noise) for _ in range(8)]
    assert gains == [None] * 8
    again = [probe.shrunk("a", bytes(4096)) is not None for _ in range(9)]
    assert again == [True] * 9  # the ninth chunk is tried once more, and helps: the document's end, say
    for _ in range(9):
        probe.shrunk("b", noise)
    assert [probe.shrunk("b", bytes(4096)) is not None for _ in range(8)] == [False] * 7 + [True]
    probe.keep_only(())
    assert probe.shrunk("b", bytes(4096)) is not None


def test_a_thirty_second_must_be_saved() -> None:
    noise = random.Random(6).randbytes(3200)
    assert Shrinking().shrunk("a", noise + bytes(80)) is None
    assert Shrinking().shrunk("a", noise + bytes(400)) is not None


def test_the_line_is_as_fast_as_what_it_carries() -> None:
    """Else five chunks of zeros would make a slow line look fast, and the next chunk too long for hỏa tốc to wait."""
    pacing = Pacing()
    pacing.reset(None, 0.0)
    for token in range(5):
        pacing.sent(token, 8192, float(token))
        pacing.shrunk(token, 800)
        pacing.acknowledged(token, token + 1.0)
    pacing.shrunk(99, 1)
    rate = pacing.rate(5.0)
    assert rate is not None and rate == pytest.approx(800.0)
