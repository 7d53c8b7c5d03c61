"""The link through WebSocket to a real mosquitto: the same contract, behind proxies, and where a port is shut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, downward, upward
from sync.proxy import Proxy
from sync.transport import Connected, Disconnected, Published, Received, Transport
from sync.websocket import WebSocketWay
from tests.contract.transport_suite import BOX, OTHER, RECEIVER, TransportContract, connected, of, until
from tests.fakes.http_proxy import HttpProxy
from tests.fixtures_broker import HOST, Authority, Broker
from tests.fixtures_tunnel import TunnelDoor

pytestmark = pytest.mark.integration


class _WebNet:
    def __init__(self, broker: Broker, way: WebSocketWay) -> None:
        self.broker, self.way = broker, way
        self.links: list[Transport] = []

    def link(self, name: str, **changes: object) -> MqttLink:
        link = MqttLink(self.broker.link_config(name, **({"ways": (self.way,), "version": 5} | changes)))
        self.links.append(link)
        return link

    def kill(self) -> None:
        self.broker.kill()

    def restart(self) -> None:
        self.broker.start()


@pytest.fixture
def net(own_broker: Broker) -> Iterator[_WebNet]:
    server = own_broker.authority.issue("broker")
    with TunnelDoor(server.certificate, server.key, own_broker.port) as way:
        net = _WebNet(own_broker, way)
        yield net
        for link in net.links:
            link.close()


class TestTunnel(TransportContract):
    """The whole contract of the transport, with TLS inside WebSocket inside TLS."""


def test_the_largest_packets_both_ways_and_only_the_certificate_says_who_somebody_is(net: _WebNet) -> None:
    """Packets of 64 KiB go and come in pieces; the kernel's unsent tail is seen through all layers."""
    box = connected(net.link(BOX, subscriptions=((downward(BOX, Kind.CHUNK), 1),)))
    receiver = connected(net.link(RECEIVER, subscriptions=((upward(BOX, Kind.CHUNK), 1),)))
    assert box.can_send()
    large = bytes(range(256)) * 250
    for number in range(8):
        assert box.publish(Publish(upward(BOX, Kind.CHUNK), large + bytes((number,)), qos=1)) is not None
        assert receiver.publish(Publish(downward(BOX, Kind.CHUNK), bytes((number,)) + large, qos=1)) is not None
    seen: list[Received] = []
    while len(seen) < 16:
        for message in of(Received, until([box, receiver], lambda events: bool(of(Received, events)))):
            seen.append(message)
            (box if message.topic.startswith("commune/v1/d/") else receiver).acknowledge(message)
    wanted = [bytes((n,)) + large for n in range(8)] + [large + bytes((n,)) for n in range(8)]
    assert sorted(message.payload for message in seen) == sorted(wanted)
    thief = connected(net.link(OTHER))
    denied = thief.publish(Publish(upward(BOX, Kind.CHUNK), b"forged", qos=1))
    answers = of(Published, until([thief], lambda events: bool(of(Published, events))))
    assert [(answer.token, answer.ok) for answer in answers] == [(denied, False)]


def test_a_dead_line_is_noticed_as_without_it(net: _WebNet) -> None:
    """The stall watchdog counts MQTT's answers, whatever carries them."""
    box = connected(net.link(BOX, stall_floor=0.5))
    net.broker.pause()
    try:
        assert box.publish(Publish(upward(BOX, Kind.CHUNK), b"x" * 1000, qos=1)) is not None
        seen = until([box], lambda events: bool(of(Disconnected, events)))
    finally:
        net.broker.go_on()
    assert of(Disconnected, seen)[0].code == "stalled"


def test_through_a_proxy_that_lets_only_the_port_of_https_pass(net: _WebNet) -> None:
    """`auto`: the broker's own port is refused three times, the WebSocket is let through."""
    way = net.way
    with HttpProxy(only={way.port}) as proxy:
        box = net.link(BOX, ways=(None, way), proxy=Proxy("127.0.0.1", proxy.port))
        seen = until([box], lambda events: bool(of(Connected, events)))
        assert [event.code for event in of(Disconnected, seen)] == ["proxy-refused"] * 3
        assert [head.split()[1] for head in proxy.heads] == [f"{HOST}:{net.broker.port}"] * 3 + [f"{HOST}:{way.port}"]
        assert box.publish(Publish(upward(BOX, Kind.CHUNK), b"x" * 30_000, qos=1)) is not None
        assert of(Published, until([box], lambda events: bool(of(Published, events))))[0].ok


def test_an_address_that_is_no_websocket_is_told(net: _WebNet) -> None:
    box = net.link(BOX, ways=(replace(net.way, path="/another"),))
    seen = until([box], lambda events: bool(of(Disconnected, events)))
    assert of(Disconnected, seen)[0].code == "websocket-refused"


def test_a_proxy_that_reads_https_sees_a_web_socket_and_cannot_be_the_broker(net: _WebNet, tmp_path: Path) -> None:
    """One that ends the outer TLS with a CA of its own: believed for the way, and for nothing else."""
    office = Authority(tmp_path)
    inspecting = office.issue("proxy")
    with TunnelDoor(inspecting.certificate, inspecting.key, net.broker.port) as way:
        refused = net.link(BOX, ways=(way,))
        seen = until([refused], lambda events: bool(of(Disconnected, events)))
        assert of(Disconnected, seen)[0].code == "server-certificate-untrusted"
        box = connected(net.link(BOX, ways=(replace(way, ca=office.ca),)))
        assert box.publish(Publish(upward(BOX, Kind.CHUNK), b"x", qos=1)) is not None
        assert of(Published, until([box], lambda events: bool(of(Published, events))))[0].ok
        liar = net.link(OTHER, ways=(replace(way, ca=office.ca),), ca=office.ca)
        seen = until([liar], lambda events: bool(of(Disconnected, events)))
        assert of(Disconnected, seen)[0].code == "server-certificate-untrusted"
