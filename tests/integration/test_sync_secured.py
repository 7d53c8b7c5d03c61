"""TLS over many dials: a session is resumed where it can be, and never stands in the way where it cannot."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.mqtt import MqttLink
from sync.protocol.step import Publish
from sync.protocol.topics import PROVINCE_STATE, Kind, downward, upward
from sync.secured import Secured
from sync.transport import Connected, Disconnected, Published, Received
from tests.contract.transport_suite import connected, of, quiet, until
from tests.fakes.tcp_proxy import TcpProxy
from tests.fixtures_broker import RECEIVER, Authority, Broker

BOX = "commune-00001"
pytestmark = pytest.mark.integration


@pytest.fixture
def line(own_broker: Broker) -> Iterator[TcpProxy]:
    with TcpProxy(own_broker.port) as proxy:
        yield proxy


@pytest.fixture
def link(own_broker: Broker, line: TcpProxy) -> Iterator[Callable[..., MqttLink]]:
    made: list[MqttLink] = []

    def make(**changes: object) -> MqttLink:
        made.append(MqttLink(own_broker.link_config(BOX, port=line.port, **changes), chance=lambda: 0.0))
        return made[-1]

    yield make
    for each in made:
        each.close()


def again(box: Any) -> None:
    """Until it is connected after a loss."""
    until([box], lambda events: bool(of(Disconnected, events) and of(Connected, events)))


def resumed(box: Any) -> bool:
    found = box._client.socket().session_reused
    assert isinstance(found, bool)
    return found


def test_a_second_connection_goes_on_with_the_session_of_the_first(
    link: Callable[..., MqttLink], line: TcpProxy
) -> None:
    box = connected(link())
    assert not resumed(box)
    for _ in range(2):
        line.cut()
        again(box)
        assert resumed(box)
        assert box.publish(Publish(upward(BOX, Kind.CHUNK), b"x", qos=1)) is not None
        assert of(Published, until([box], lambda events: bool(of(Published, events))))[0].ok, "known by its certificate"


def test_a_broker_that_has_forgotten_shakes_hands_in_full(
    link: Callable[..., MqttLink], own_broker: Broker, line: TcpProxy
) -> None:
    box = connected(link())
    own_broker.stop()
    own_broker.start()
    again(box)
    assert not resumed(box)
    line.cut()
    again(box)
    assert resumed(box)


def test_subscriptions_stand_over_cuts_and_are_made_anew_at_a_broker_that_was_started_again(
    link: Callable[..., MqttLink], own_broker: Broker, line: TcpProxy
) -> None:
    """PROTOCOL.md 3: nine filters cost 0.3 kB at every cut; what a new broker restored may be older than they are."""
    have = downward(BOX, Kind.HAVE)
    receiver = connected(MqttLink(own_broker.link_config(RECEIVER)))
    box = link(subscriptions=((have, 0), (PROVINCE_STATE, 1)))
    (first,) = of(Connected, until([box], lambda events: bool(of(Connected, events))))
    assert not first.standing
    quiet([box], 0.2)

    def hears(topic: str) -> None:
        for _ in range(20):  # a subscription under way hears what comes after it
            receiver.publish(Publish(topic, b"x", qos=1))
            if any(event.topic == topic for event in of(Received, quiet([receiver, box], 0.4))):
                return
        raise AssertionError(f"{topic} is not heard")

    hears(have)  # so the broker's answer to the subscriptions was heard before
    line.cut()
    receiver.publish(Publish(PROVINCE_STATE, b"away", qos=1, retain=True))
    events = until([box, receiver], lambda events: bool(of(Received, events)))
    assert of(Connected, events)[0].standing
    assert [(event.payload, event.retained) for event in of(Received, events)] == [(b"away", False)], "as news"
    hears(have)
    own_broker.kill()
    own_broker.start()
    (third,) = of(Connected, until([box], lambda events: bool(of(Connected, events))))
    assert not third.standing
    until([receiver], lambda _events: receiver.connected)
    quiet([box], 0.2)
    hears(have)
    receiver.close()


def test_another_certificate_begins_without_a_session(
    link: Callable[..., MqttLink], own_broker: Broker, line: TcpProxy, tmp_path: Path
) -> None:
    held = own_broker.authority.issue(BOX)
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    shutil.copy(held.certificate, certificate)
    shutil.copy(held.key, key)
    box = connected(link(certificate=certificate, key=key))
    shutil.copy(held.certificate, tmp_path / "renewed.pem")
    os.replace(tmp_path / "renewed.pem", certificate)
    line.cut()
    again(box)
    assert not resumed(box)


def test_a_resumed_handshake_does_not_reach_a_server_of_another_authority(own_broker: Broker, tmp_path: Path) -> None:
    """The session is of no use to who does not have the broker's secrets: it is verified as if there were none."""
    files = own_broker.authority.issue(BOX)
    secured = Secured(own_broker.authority.ca, files.certificate, files.key)

    def dialled(port: int) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", port), 10)
        sock = secured.context().wrap_socket(raw, server_hostname="127.0.0.1")
        sock.sendall(b"\x10\x19\x00\x04MQTT\x04\x02\x00\x3c\x00\x0d" + BOX.encode())
        assert sock.recv(4)
        return sock

    with dialled(own_broker.port) as first:
        secured.remember(first)
    with dialled(own_broker.port) as second:
        assert second.session_reused
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").issue("broker")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(stranger.certificate, stranger.key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            taken, _ = server.accept()
            with taken, pytest.raises(ssl.SSLError):
                context.wrap_socket(taken, server_side=True)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ssl.SSLCertVerificationError):
            dialled(server.getsockname()[1])
        thread.join(10)


def test_a_session_is_offered_to_the_name_that_gave_it_and_to_no_other(own_broker: Broker) -> None:
    """A resumed handshake brings no certificate whose name could be looked at; the same broker has two names here."""
    files = own_broker.authority.issue(BOX)
    secured = Secured(own_broker.authority.ca, files.certificate, files.key)

    def reused(name: str) -> bool:
        with socket.create_connection(("127.0.0.1", own_broker.port), 10) as raw:
            sock = secured.context().wrap_socket(raw, server_hostname=name)
            sock.sendall(b"\x10\x19\x00\x04MQTT\x04\x02\x00\x3c\x00\x0d" + BOX.encode())
            assert sock.recv(4)
            secured.remember(sock)
            return bool(sock.session_reused)

    assert [reused(name) for name in ("127.0.0.1", "127.0.0.1", "localhost", "localhost", "127.0.0.1")] == [
        False, True, False, True, False
    ]  # fmt: skip


def test_after_faults_no_session_is_offered(own_broker: Broker) -> None:
    files = own_broker.authority.issue(BOX)
    secured = Secured(own_broker.authority.ca, files.certificate, files.key)
    context = secured.context()
    for codes, kept in ((["link-lost"], True), (["link-lost"] * 3, False), (["tls-failed"], False)):
        context.offered = object()  # type: ignore[attr-defined]
        secured._failures = 0
        for code in codes:
            secured.failed(code)
        assert (context.offered is not None) is kept  # type: ignore[attr-defined]
