"""What goes without the broker's word: messages right behind CONNECT, no second SUBSCRIBE - and the way back from it.

The broker is a dozen lines here, so that it can withhold its CONNACK until the messages have come.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from sync.mqtt import MqttLink
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, downward, upward
from sync.transport import Connected, Disconnected, LinkConfig, Published
from tests.contract.transport_suite import of, until
from tests.fixtures_broker import HOST, Authority

BOX = "commune-00001"
CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
pytestmark = pytest.mark.integration


class Plain:
    """Speaks just enough MQTT 5.

    `says`: for each connection, whether the session is there and whether CONNACK waits for the next packet.
    """

    def __init__(self, authority: Authority, says: list[tuple[bool, bool]]) -> None:
        files = authority.issue("broker")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.certificate, files.key)
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard: Queue[list[int]] = Queue()
        """Kinds of packets of each connection, until it ended."""
        self._says = says
        self._taken: list[ssl.SSLSocket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def cut(self) -> None:
        """End the newest connection."""
        self._taken[-1].shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Answer nobody any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        for present, withheld in self._says:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            with self._context.wrap_socket(raw, server_side=True) as taken:
                self._taken.append(taken)
                kinds: list[int] = []
                try:
                    self._converse(taken, kinds, present, withheld)
                except (OSError, EOFError):
                    pass
                self.heard.put(kinds)

    def _converse(self, taken: ssl.SSLSocket, kinds: list[int], present: bool, withheld: bool) -> None:
        answered = False
        while True:
            kind, flags, body = _packet(taken)
            kinds.append(kind)
            if kind == CONNECT and withheld:
                continue  # a client that waits now waits for ever
            if not answered:
                taken.sendall(bytes((0x20, 3, int(present), 0, 0)))
                answered = True
            if kind == SUBSCRIBE:
                taken.sendall(bytes((0x90, 4, *body[:2], 0, 0)))
            if kind == PUBLISH and flags & 0b110:
                topic = int.from_bytes(body[:2], "big")
                taken.sendall(bytes((0x40, 2, *body[2 + topic : 4 + topic])))


def _packet(taken: ssl.SSLSocket) -> tuple[int, int, bytes]:
    first, length, shift = _exactly(taken, 1)[0], 0, 0
    while True:
        byte = _exactly(taken, 1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return first >> 4, first & 0x0F, _exactly(taken, length)


def _exactly(taken: ssl.SSLSocket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = taken.recv(count - len(got))
        if not more:
            raise EOFError
        got += more
    return got


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def told(authority: Authority) -> Iterator[tuple[Plain, MqttLink]]:
    """A broker that forgets the session before the third connection."""
    broker = Plain(authority, [(False, False), (True, True), (False, True), (False, False)])
    files = authority.issue(BOX)
    config = LinkConfig(
        BOX, HOST, broker.port, authority.ca, files.certificate, files.key,
        subscriptions=((downward(BOX, Kind.HAVE), 0),), backoff_most=0.3, version=5,
    )  # fmt: skip
    link = MqttLink(config, chance=lambda: 0.0)
    yield broker, link
    link.close()
    broker.close()


def test_messages_follow_the_connect_at_once_and_a_mistake_costs_one_dial(told: tuple[Plain, MqttLink]) -> None:
    broker, link = told

    def sends() -> None:
        assert link.publish(Publish(upward(BOX, Kind.CHUNK), b"x", qos=1)) is not None
        assert of(Published, until([link], lambda events: bool(of(Published, events))))[0].ok

    (first,) = of(Connected, until([link], lambda events: bool(of(Connected, events))))
    assert not first.standing and not first.session_present
    sends()
    broker.cut()
    (second,) = of(Connected, until([link], lambda events: bool(of(Connected, events))))
    assert second.standing, "before the CONNACK, which this broker withholds"
    sends()
    assert broker.heard.get(timeout=10) == [CONNECT, SUBSCRIBE, PUBLISH]
    broker.cut()
    events = until([link], lambda events: bool(of(Connected, events)))
    assert of(Connected, events)[0].standing
    link.publish(Publish(upward(BOX, Kind.CHUNK), b"lost", qos=1))
    events = until([link], lambda events: bool(of(Disconnected, events) and of(Connected, events)))
    assert of(Disconnected, events)[0].code == "session-lost", "the third CONNACK knows no session"
    assert not of(Connected, events)[0].standing
    sends()
    assert broker.heard.get(timeout=10) == [CONNECT, PUBLISH], "no second SUBSCRIBE"
    assert broker.heard.get(timeout=10) == [CONNECT, PUBLISH]
    broker.cut()
    assert broker.heard.get(timeout=10) == [CONNECT, SUBSCRIBE, PUBLISH], "as if for the first time"
