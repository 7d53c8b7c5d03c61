"""Frames and the opening of WebSocket, and which way to the broker a dial takes; no broker."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.carrier import Carriers, ways_of
from sync.http_head import HeadEndless
from sync.websocket import Frames, WebSocket, WebSocketRefused, WebSocketWay, check_answer, frame, request

KEY = base64.b64encode(b"the sample nonce").decode()
SOUND = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
)
"""The answer of RFC 6455 §1.3."""


def served(opcode: int, content: bytes, final: bool = True) -> bytes:
    """A frame as a server sends it: not masked."""
    length = len(content)
    head = bytes((opcode | 0x80 * final,))
    if length < 126:
        return head + bytes((length,)) + content
    if length < 65536:
        return head + b"\x7e" + length.to_bytes(2, "big") + content
    return head + b"\x7f" + length.to_bytes(8, "big") + content


@given(
    messages=st.lists(
        st.one_of(
            st.tuples(st.just(2), st.sampled_from((0, 1, 125, 126, 65535, 65536)).map(bytes)),
            st.tuples(st.just(2), st.binary(max_size=300)),
            st.tuples(st.sampled_from((9, 10)), st.binary(max_size=125)),
        ),
        max_size=6,
    ),
    cuts=st.integers(1, 70_000),
)
def test_content_comes_whole_however_the_bytes_are_cut(messages: list[tuple[int, bytes]], cuts: int) -> None:
    wire, reader = b"".join(served(*message) for message in messages), Frames()
    told = [each for at in range(0, len(wire), cuts) for each in reader.feed(wire[at : at + cuts])]
    assert b"".join(content for opcode, content in told if opcode == 2) == b"".join(c for o, c in messages if o == 2)
    assert [each for each in told if each[0] != 2] == [each for each in messages if each[0] != 2]


def test_a_message_in_parts_with_a_ping_between_them() -> None:
    wire = served(2, b"one", final=False) + served(9, b"?") + served(0, b"two", final=False) + served(0, b"three")
    assert Frames().feed(wire) == [(2, b"one"), (9, b"?"), (2, b"two"), (2, b"three")]


LENGTHS = st.one_of(st.binary(max_size=300), st.sampled_from((125, 126, 65535, 65536)).map(bytes))


@given(LENGTHS, st.binary(min_size=4, max_size=4))
def test_what_a_client_sends_unmasks_to_itself(content: bytes, mask: bytes) -> None:
    sent = frame(2, content, mask)
    at = len(sent) - len(content)
    assert sent[at - 4 : at] == mask
    assert bytes(byte ^ mask[index % 4] for index, byte in enumerate(sent[at:])) == content
    assert sent[1] & 0x80


def test_the_frame_of_the_specification() -> None:
    """RFC 6455 §5.7: a masked "Hello", there as text."""
    assert frame(2, b"Hello", bytes.fromhex("37fa213d")) == bytes.fromhex("828537fa213d7f9f4d5158")


@pytest.mark.parametrize(
    "wire",
    [b"\xc2\x01x", b"\x82\x81abcdx", b"\x81\x01x", b"\x83\x00", b"\x80\x01x", b"\x02\x01x\x82\x01x", b"\x09\x00",
     b"\x89\x7e", b"\x82\x7f\xff" + b"\0" * 7],
    ids=["extension", "masked", "text", "reserved", "continues-nothing", "begins-inside", "ping-in-parts", "long-ping",
         "endless"],
)  # fmt: skip
def test_what_no_server_may_send_ends_it(wire: bytes) -> None:
    with pytest.raises(WebSocketRefused):
        Frames().feed(wire)


def test_the_opening_says_whom_it_wants() -> None:
    said = request("mqtt.tinh.example", 8443, "/mqtt", KEY).decode().split("\r\n")
    assert said[:2] == ["GET /mqtt HTTP/1.1", "Host: mqtt.tinh.example:8443"]
    assert "Sec-WebSocket-Protocol: mqtt" in said
    assert b"Host: [2001:db8::1]\r\n" in request("2001:db8::1", 443, "/", KEY)
    check_answer(SOUND.encode(), KEY)


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (("101 Switching Protocols", "403 Forbidden"), 403),
        (("HTTP/1.1 101", "SSH-2.0 101"), 0),
        (("s3pPLM", "s3pPLN"), 0),
        (("Upgrade: WebSocket", "Upgrade: h2c"), 0),
        (("keep-alive, Upgrade", "close"), 0),
        (("Protocol: mqtt", "Protocol: chat"), 0),
    ],
)
def test_any_other_answer_is_refused(change: tuple[str, str], number: int) -> None:
    assert change[0] in SOUND
    with pytest.raises(WebSocketRefused) as refused:
        check_answer(SOUND.replace(*change).encode(), KEY)
    assert refused.value.number == number


class _Tls:
    """A TLS socket whose kernel takes `room` bytes at a time, then asks to wait."""

    def __init__(self, answers: bytes = b"", room: int = 10**9) -> None:
        self.answers, self.room, self.taken = bytearray(answers), room, bytearray()

    def send(self, data: bytes) -> int:
        if not self.room:
            raise ssl.SSLWantWriteError
        count = min(self.room, len(data))
        self.room -= count
        self.taken += data[:count]
        return count

    def recv(self, most: int) -> bytes:
        if not self.answers:
            raise ssl.SSLWantReadError
        piece = bytes(self.answers[:most])
        del self.answers[:most]
        return piece

    def sendall(self, data: bytes) -> None:
        self.send(data)

    def settimeout(self, _seconds: float) -> None: ...

    def close(self) -> None:
        self.room = -1

    def pending(self) -> int:
        return len(self.answers)


def test_a_packet_is_sent_whole_or_asked_for_again_never_twice_and_never_half() -> None:
    """paho forgets a packet of which 0 bytes were taken: the full kernel must raise instead."""
    tls = _Tls(room=7)
    sock = WebSocket(tls)  # type: ignore[arg-type]
    for _ in range(3):
        with pytest.raises((BlockingIOError, ssl.SSLWantWriteError)):
            sock.send(b"first packet")
    tls.room = 10**6
    assert sock.send(b"first packet") == 12
    assert sock.send(b"second") == 6
    assert len(tls.taken) == 2 * 6 + 12 + 6
    mask = tls.taken[2:6]
    assert bytes(byte ^ mask[i % 4] for i, byte in enumerate(tls.taken[6:18])) == b"first packet"


def test_what_waits_here_is_told_as_pending_for_the_kernel_will_not_tell_it() -> None:
    sock = WebSocket(_Tls(served(2, b"abcdef") + served(2, b"ghi")))  # type: ignore[arg-type]
    assert sock.recv(1) == b"a"
    assert sock.pending() == 8
    assert sock.recv(99) == b"bcdefghi"
    with pytest.raises(ssl.SSLWantReadError):
        sock.recv(1)


def test_a_ping_is_answered_behind_what_is_under_way_and_a_goodbye_ends_it() -> None:
    tls = _Tls(served(9, b"there?") + served(8, b"\x03\xe8bye"), room=3)
    sock = WebSocket(tls)  # type: ignore[arg-type]
    with pytest.raises((BlockingIOError, ssl.SSLWantWriteError)):
        sock.send(b"data")
    tls.room = 0
    assert sock.recv(10) == b""
    tls.room = 10**6
    assert sock.send(b"data") == 4
    opcodes, at = [], 0
    while at < len(tls.taken):
        opcodes.append(tls.taken[at] & 0xF)
        at += 6 + (tls.taken[at + 1] & 0x7F)
    assert opcodes == [2, 9 + 1, 8]


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 101 x\r\n" + b"X: y\r\n" * 4000, b"HTTP/1.1 101"], ids=["endless", "cut"]
)
def test_an_endless_or_cut_answer_closes_the_socket(answer: bytes) -> None:
    class _Ends(_Tls):
        def recv(self, most: int) -> bytes:
            return super().recv(most) if self.answers else b""

    tls = _Ends(answer)
    with pytest.raises(WebSocketRefused) as refused:
        WebSocket.open(tls, "h", WebSocketWay(), 5.0)  # type: ignore[arg-type]
    assert isinstance(refused.value.__cause__, HeadEndless)
    assert tls.room == -1


def test_a_silent_answer_ends_in_time() -> None:
    tls = _Tls(b"HTTP/1.1 1")
    with pytest.raises(OSError, match="time"):
        WebSocket.open(tls, "h", WebSocketWay(), -1.0)  # type: ignore[arg-type]


WS = WebSocketWay(4430)


def test_one_way_is_never_left() -> None:
    for only in (None, WS):
        plan = Carriers((only,))
        for _ in range(10):
            plan.failed("connect-timeout")
        assert plan.way is only


def test_the_other_way_is_tried_after_three_dials_and_then_the_first_again() -> None:
    plan, taken = Carriers((None, WS)), []
    for _ in range(9):
        taken.append(plan.way is WS)
        plan.failed("connection-refused")
    assert taken == [False, False, False, True] * 2 + [False]


def test_a_way_that_worked_gets_three_dials_and_no_line_at_all_says_nothing() -> None:
    plan = Carriers((None, WS))
    for _ in range(3):
        plan.failed("connect-timeout")
    assert (plan.port(8883), plan.keepalive(140), plan.keepalive(30)) == (4430, 55, 30)
    plan.answered()
    for _ in range(20):
        plan.failed("name-not-resolved")
    for _ in range(2):
        plan.failed("link-lost")
    assert plan.way is WS
    plan.failed("link-lost")
    assert (plan.way, plan.port(8883), plan.keepalive(140)) == (None, 8883, 140)


def test_what_a_configuration_asks_for() -> None:
    assert ways_of("auto", 0) == ways_of("mqtt", 443) == (None,)
    assert ways_of("auto", 443) == (None, WebSocketWay(443))
    assert ways_of("websocket", 8443, "/mqtt/x", Path("ca.pem")) == (WebSocketWay(8443, "/mqtt/x", Path("ca.pem")),)
    for wrong in (
        ("ws", 443),
        ("websocket", 0),
        ("auto", 70_000),
        ("websocket", 443, "mqtt"),
        ("auto", 1, "/a b\r\nX"),
    ):
        with pytest.raises(ValueError):
            ways_of(*wrong)
