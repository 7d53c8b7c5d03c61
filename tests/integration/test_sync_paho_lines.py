"""More traps of paho 2.2, those about the line under it: threads, stops, sessions, handshakes, socket options.

Numbers are those of the list in `sync/PROTOCOL.md` §7; the others are in `test_sync_paho_traps.py`.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, downward, upward
from sync.transport import Connected, Disconnected, LinkEvent, Received
from tests.contract.transport_suite import connected, of, until
from tests.fakes.tcp_proxy import TcpProxy
from tests.fixtures_broker import RECEIVER, Broker

BOX = "commune-00001"
CHUNK = Publish(upward(BOX, Kind.CHUNK), b"x" * 1000, qos=1)
_NOTSENT_LOWAT = 25


@pytest.fixture
def links() -> Iterator[list[MqttLink]]:
    made: list[MqttLink] = []
    yield made
    for link in made:
        link.close()


@pytest.fixture
def link(own_broker: Broker, links: list[MqttLink]) -> Callable[..., MqttLink]:
    def make(name: str = BOX, **changes: object) -> MqttLink:
        links.append(MqttLink(own_broker.link_config(name, **changes)))
        return links[-1]

    return make


def test_8_no_thread_but_ours_drives_paho(link: Callable[..., MqttLink]) -> None:
    """Two threads and an application's lock deadlock with paho's own; here there is one, also after a publish."""
    before = set(threading.enumerate())
    box = link()
    connected(box)
    box.publish(CHUNK)
    until([box], lambda events: not box._line.unacked)
    assert set(threading.enumerate()) - before == set(), "the dial has ended, and nothing else runs"
    assert box._client._thread is None


def test_9_close_is_bounded_with_a_message_unanswered(own_broker: Broker, link: Callable[..., MqttLink]) -> None:
    """`loop_stop` waits for ever for an answer that does not come."""
    with TcpProxy(own_broker.port) as line:
        box = link(port=line.port, stall_floor=60.0)
        connected(box)
        line.hold_down = line.hold_up = True
        for _ in range(20):
            box.publish(Publish(CHUNK.topic, b"x" * 60_000, qos=1))
        began = time.monotonic()
        box.close()
        assert time.monotonic() - began < 5.0


def test_11_a_session_without_its_subscriptions_gets_them(link: Callable[..., MqttLink]) -> None:
    """The link broke between CONNACK and SUBSCRIBE once: the session is there, the subscription is not."""
    first = link(subscriptions=())
    connected(first)
    first.close()
    topic = downward(BOX, Kind.RECEIPT)
    box, province = link(subscriptions=((topic, 1),)), link(RECEIVER)
    seen = until([box], lambda events: bool(of(Connected, events)))
    assert of(Connected, seen)[0].session_present
    connected(province)
    until([province, box], lambda _events: province.publish(Publish(topic, b"receipt", 1)) is not None)
    seen = until([province, box], lambda events: bool(of(Received, events)))
    assert of(Received, seen)[0].payload == b"receipt"


class _Silent:
    """Accepts and never says a word, as a captive portal or a dead load balancer does."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def close(self) -> None:
        self._listener.close()


def test_14_a_server_that_says_nothing_ends_the_dial_in_time(link: Callable[..., MqttLink]) -> None:
    silent = _Silent()
    box = link(port=silent.port, connect_timeout=0.4)
    began = time.monotonic()
    seen: list[LinkEvent] = until([box], lambda events: bool(of(Disconnected, events)))
    assert of(Disconnected, seen)[0].code == "connect-timeout"
    assert time.monotonic() - began < 5.0
    silent.close()


def test_16_the_socket_is_made_for_a_bad_line(link: Callable[..., MqttLink]) -> None:
    box = link()
    connected(box)
    sock, tcp = box._client.socket(), socket.IPPROTO_TCP
    asked = {
        "no Nagle": sock.getsockopt(tcp, socket.TCP_NODELAY) != 0,
        "dead while sending after 20 s": sock.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == 20_000,
        "keepalive": sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0,
        "probes": [
            sock.getsockopt(tcp, name) for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        ] == [300, 10, 3],
        "short unsent tail": 0 < sock.getsockopt(tcp, _NOTSENT_LOWAT) <= 16 * 1024,
    }  # fmt: skip
    offered = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().split()
    if "bbr" in offered:
        asked["BBR"] = sock.getsockopt(tcp, socket.TCP_CONGESTION, 16).rstrip(b"\0") == b"bbr"
    assert [name for name, holds in asked.items() if not holds] == []
