"""The traps of paho 2.2 that were reproduced by hand once: we do not fall in (PROTOCOL.md §7)."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, presence, receiver_filters, upward
from sync.transport import Connected, Disconnected, LinkEvent, Published, Received
from tests.contract.transport_suite import connected, of, quiet, until
from tests.fakes.tcp_proxy import TcpProxy
from tests.fixtures_broker import RECEIVER, Authority, Broker

BOX, OTHER = "commune-00001", "commune-00002"
CHUNK = Publish(upward(BOX, Kind.CHUNK), b"x" * 1000, qos=1)


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


def taken(receiver: MqttLink, box: MqttLink, least: int) -> int:
    """How many messages reach the receiver, which acknowledges each: at least `least`, then until it is quiet."""
    arrived, quiet_since, end = 0, time.monotonic(), time.monotonic() + 8.0
    while time.monotonic() < end and (arrived < least or time.monotonic() - quiet_since < 0.5):
        box.poll(0.01)
        for event in of(Received, receiver.poll(0.01)):
            receiver.acknowledge(event)
            arrived, quiet_since = arrived + 1, time.monotonic()
    return arrived


def test_1_and_2_nothing_is_queued_while_offline(own_broker: Broker, link: Callable[..., MqttLink]) -> None:
    receiver = connected(link(RECEIVER, subscriptions=receiver_filters()))
    own_broker.stop()
    box = link()
    for _ in range(300):
        assert box.publish(CHUNK) is None
    own_broker.start()
    connected(box)
    assert not of(Received, quiet([receiver, box]))


def test_3_a_reconnect_resends_nothing(own_broker: Broker, link: Callable[..., MqttLink]) -> None:
    """Answers held back: 60 messages wait for a window of 20; after the reconnect none of them is sent by itself."""
    receiver = connected(link(RECEIVER, subscriptions=receiver_filters()))
    with TcpProxy(own_broker.port) as line:
        box = connected(link(port=line.port, stall_floor=30.0))
        line.hold_down = True
        assert all(box.publish(CHUNK) is not None for _ in range(60))
        assert not box.can_send()
        assert taken(receiver, box, 20) == 20, "the window holds, whatever paho thinks"
        line.cut()
        line.hold_down = False
        until([box], lambda events: bool(of(Disconnected, events) and of(Connected, events)))
        assert taken(receiver, box, 0) == 0
        assert box.can_send()


def test_5_a_refused_publish_is_a_refusal(link: Callable[..., MqttLink]) -> None:
    box = connected(link())
    token = box.publish(Publish(presence(OTHER), b"x", qos=1))
    seen = until([box], lambda events: bool(of(Published, events)))
    assert of(Published, seen) == [Published(token or 0, False, "not-authorized")]


def test_6_packet_limit_of_the_broker_is_told_and_a_poison_packet_dies_with_its_connection(
    tmp_path: Path, links: list[MqttLink]
) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    broker = Broker(folder)
    config = (folder / "mosquitto.conf").read_text().replace("max_packet_size 131072", "max_packet_size 5000")
    (folder / "mosquitto.conf").write_text(config)
    broker.start()
    try:
        box = MqttLink(broker.link_config(BOX))
        links.append(box)
        first = of(Connected, until([box], lambda events: bool(of(Connected, events))))[0]
        assert first.max_packet == 5000
        box.publish(Publish(CHUNK.topic, b"x" * 6000, qos=1))
        seen = until([box], lambda events: bool(of(Disconnected, events) and of(Connected, events)))
        seen += quiet([box], 1.0)
        assert len(of(Disconnected, seen)) == 1
    finally:
        broker.stop()


def test_7_a_fault_in_a_callback_ends_the_connection_not_the_link(
    link: Callable[..., MqttLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = connected(link())
    monkeypatch.setattr(box, "_on_publish", lambda *_: 1 / 0)
    box._client.on_publish = box._on_publish
    box.publish(CHUNK)
    monkeypatch.undo()
    seen = until([box], lambda events: bool(of(Disconnected, events) and of(Connected, events)))
    assert of(Disconnected, seen)[0].code == "link-failed"
    box.publish(CHUNK)
    until([box], lambda events: bool(of(Published, events)))


def test_12_message_ids_may_wrap(link: Callable[..., MqttLink]) -> None:
    box = connected(link())
    box._client._last_mid = 65530
    tokens = [box.publish(CHUNK) for _ in range(15)]
    seen = until([box], lambda events: len(of(Published, events)) == 15)
    assert [event.token for event in of(Published, seen)] == tokens


def test_stall_watchdog_ends_a_line_that_swallows_everything(own_broker: Broker, link: Callable[..., MqttLink]) -> None:
    """A half-open line: paho alone notices after twice the keepalive, here 4 minutes."""
    with TcpProxy(own_broker.port) as line:
        box = connected(link(port=line.port, stall_floor=0.6))
        line.hold_down = line.hold_up = True
        box.publish(CHUNK)
        started = time.monotonic()
        seen = until([box], lambda events: bool(of(Disconnected, events)))
        assert of(Disconnected, seen)[0].code == "stalled"
        assert 0.5 < time.monotonic() - started < 3.0


def test_an_idle_line_is_not_a_stall(own_broker: Broker, link: Callable[..., MqttLink]) -> None:
    with TcpProxy(own_broker.port) as line:
        box = connected(link(port=line.port, stall_floor=0.2))
        assert not of(Disconnected, quiet([box], 1.0))


def test_17_file_descriptors_beyond_1024_do_no_harm(link: Callable[..., MqttLink]) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("the limit of open files is below 2048 here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    spare = [socket.socket()]
    while spare[-1].fileno() < 1100:
        spare.append(socket.socket())
    try:
        box = connected(link())
        box.publish(CHUNK)
        until([box], lambda events: bool(of(Published, events)))
    finally:
        for sock in spare:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_server_of_another_authority_is_not_trusted(
    own_broker: Broker, link: Callable[..., MqttLink], tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    box = link(ca=Authority(folder).ca)
    seen = until([box], lambda events: bool(of(Disconnected, events)))
    assert of(Disconnected, seen)[0].code == "server-certificate-untrusted"


def test_a_certificate_of_another_authority_is_not_let_in(link: Callable[..., MqttLink], tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    files = Authority(folder).issue(BOX)
    box = link(certificate=files.certificate, key=files.key)
    seen = until([box], lambda events: bool(of(Disconnected, events)))
    assert not of(Connected, seen)


def test_backoff_grows_without_progress_and_starts_again_after_it(own_broker: Broker) -> None:
    own_broker.stop()
    now = [0.0]
    box = MqttLink(own_broker.link_config(BOX, backoff_most=64.0), clock=lambda: now[0], chance=lambda: 1.0)
    pauses = []
    for _ in range(8):
        before = now[0]
        while not of(Disconnected, box.poll(0.0)):
            now[0] += 0.25
            time.sleep(0.001 if box._dialling.under_way else 0)
        pauses.append(box._redial.due - now[0])
        assert before <= now[0]
    assert pauses == [0.25, 1, 2, 4, 8, 16, 32, 64]
    box.progressed()
    box._lose("test")
    assert box._redial.due - now[0] == 0.25
    box.close()


class _OldBroker:
    """A TLS server that drops whoever asks for MQTT 5 and answers 3.1.1."""

    def __init__(self, authority: Authority) -> None:
        server = authority.issue("broker")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.certificate, server.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.asked: list[int] = []
        self._context = context
        self._kept: list[ssl.SSLSocket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
                sock = self._context.wrap_socket(raw, server_side=True)
                hello = sock.recv(4096)
            except OSError:
                if self._listener.fileno() < 0:
                    return
                continue
            version = hello[hello.index(b"MQTT") + 4]
            self.asked.append(version)
            if version == 4:
                sock.sendall(b"\x20\x02\x00\x00")
                self._kept.append(sock)
            else:
                sock.close()

    def close(self) -> None:
        self._listener.close()


def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1(tmp_path: Path, own_broker: Broker) -> None:
    old = _OldBroker(own_broker.authority)
    box = MqttLink(own_broker.link_config(BOX, port=old.port))
    seen: list[LinkEvent] = until([box], lambda events: bool(of(Connected, events)))
    assert of(Connected, seen)[0].version == 4
    assert old.asked == [5, 5, 4]
    box.close()
    old.close()


def test_failed_dials_leave_nothing_behind(own_broker: Broker) -> None:
    """Refused, or cut before CONNACK: no descriptor, no thread, no memory stays."""
    own_broker.stop()
    now = [0.0]
    box = MqttLink(own_broker.link_config(BOX), clock=lambda: now[0], chance=lambda: 0.0)

    def dial(times: int) -> None:
        for _ in range(times):
            while not of(Disconnected, box.poll(0.0)):
                time.sleep(0.0005)

    def held() -> int:
        gc.collect()  # a failed handshake's traceback holds its socket in a cycle
        return len(list(Path("/proc/self/fd").iterdir())) + threading.active_count()

    dial(20)
    before = held()
    dial(150)
    end = time.monotonic() + 20.0
    while held() > before and time.monotonic() < end:  # what other tests left behind may come and go meanwhile
        time.sleep(0.1)
    assert held() <= before
    box.close()


def dialled(box: MqttLink) -> MqttLink:
    connected(box)
    return box


def test_4_topics_are_sent_once_and_then_by_the_few_numbers_the_broker_grants(
    own_broker: Broker, link: Callable[..., MqttLink]
) -> None:
    """Trap 4: paho neither makes aliases nor minds the broker's limit; the receiver sees whole topics all the same."""
    receiver = connected(link(RECEIVER, subscriptions=receiver_filters()))
    with TcpProxy(own_broker.port) as line:
        box = dialled(link(port=line.port))
        topics = [upward(BOX, kind) for kind in (Kind.CHUNK, Kind.EXPRESS, Kind.MANIFEST)]
        for _ in range(5):
            for topic in topics:
                box.publish(Publish(topic, b"x" * 1000, qos=1))
        seen: list[LinkEvent] = []
        seen += until([receiver, box], lambda events: len(of(Received, events)) == 15)
        assert [event.topic for event in of(Received, seen)] == topics * 5
        assert box._aliases.known == {topic: number for number, topic in enumerate(topics, 1)}
        line.cut()
        until([box], lambda events: bool(of(Disconnected, events) and of(Connected, events)))
        assert not box._aliases.known, "numbers belong to one connection"
        box._aliases.most = 1  # a broker that grants one
        for topic in topics:
            box.publish(Publish(topic, b"y", qos=1))
        assert box._aliases.known == {topics[0]: 1}
        until([box], lambda events: len(of(Published, events)) == 3)


def test_a_broker_of_3_1_1_gets_whole_topics(link: Callable[..., MqttLink]) -> None:
    receiver = connected(link(RECEIVER, subscriptions=receiver_filters(), version=4))
    box = dialled(link(version=4))
    for _ in range(3):
        box.publish(CHUNK)
    seen = until([receiver, box], lambda events: len(of(Received, events)) == 3)
    assert {event.topic for event in of(Received, seen)} == {CHUNK.topic} and not box._aliases.known
