"""The same receiver on every broker that installs here: mosquitto, RabbitMQ (MQTT 3.1.1), ejabberd (MQTT 5)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.protocol import topics
from sync.protocol.messages import Presence, ProvinceState
from sync.protocol.receipt import Result
from sync.protocol.step import Publish
from sync.protocol.topics import PROVINCE_STATE, Kind
from sync.province.auditing import audit
from sync.transport import LinkConfig, Received
from tests.fakes.erlang_brokers import Ejabberd, Node, Rabbit
from tests.fakes.patient import deliver_patiently
from tests.fixtures_province import Installation

BOX, OTHER = "commune-27007", "commune-00001"


class Mosquitto(Node):
    """The default, as `init` sets it up."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        """As the site starts it."""
        return ["mosquitto", "-c", str(self.site.folder.mosquitto_conf)], {}

    def prepare(self, names: list[str]) -> None:
        """Nothing: `init` wrote it."""

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.site.start_broker()

    def kill(self) -> None:
        """kill -9."""
        if self.site._broker is not None:
            self.site._broker.kill()
            self.site._broker.wait()


BROKERS = {"mosquitto": (Mosquitto, 5), "rabbitmq": (Rabbit, 4), "ejabberd": (Ejabberd, 5)}


@pytest.fixture(params=BROKERS)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Node]:
    """A running broker, two boxes enrolled."""
    made = BROKERS[request.param][0](Installation(tmp_path))
    made.site.box(BOX)
    made.site.box(OTHER)
    made.prepare([BOX, OTHER])
    try:
        made.start()
        yield made
    finally:
        made.site.close()
        made.close()


def test_documents_travel_and_survive_a_kill_of_the_broker(node: Node, request: pytest.FixtureRequest) -> None:
    site = node.site
    store, _ = site.receive()
    box, other = site._boxes
    box.until(lambda: box.link.connected, 30)
    assert box.link.version == BROKERS[request.node.callspec.params["node"]][1]
    assert deliver_patiently(box, os.urandom(100_000), "doc-1", 1).result is Result.STORED
    again = deliver_patiently(other, b"x" * 5_000, "doc-1", 1)
    assert again.result is Result.STORED

    box.say(Presence(True, 1, int(time.time()), waiting=4))
    box.until(lambda: BOX in store.fleet.presences() and store.fleet.presences()[BOX].waiting == 4)
    assert said_at_once(node) is True, "a box that connects hears that the province is there"

    content = os.urandom(600_000)
    manifest = box.manifest(content, "doc-2", 2)
    box.haves.clear()
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    box.send(manifest, content, 0, 400_000)
    box.until(lambda: box.haves[-1].ranges and box.haves[-1].ranges[0][1] > 200_000)
    node.kill()
    node.start()
    assert deliver_patiently(box, content, "doc-2", 2).result is Result.STORED
    assert said_at_once(node) is True

    problems = {problem.code for problem in audit(site.folder, site.config, store, time.time())}
    assert problems <= {"verify-command-missing", "trust-roots-missing"}
    assert len(store.reading.documents()) == 3
    assert len(store.reading.chain(BOX)) == 2


@pytest.mark.parametrize("node", ["mosquitto", pytest.param("rabbitmq", marks=pytest.mark.soak)], indirect=True)
def test_a_box_reaches_its_own_topics_only(node: Node) -> None:
    store, _ = node.site.receive()
    box, other = node.site._boxes
    assert deliver_patiently(other, b"y" * 5_000, "mine", 1).result is Result.STORED
    for topic in (topics.presence(OTHER), topics.upward(OTHER, Kind.MANIFEST), topics.downward(OTHER, Kind.RECEIPT)):
        box.until(lambda: box.link.connected, 20)
        box.link.publish(Publish(topic, Presence(True, 9, 1, waiting=99).encode(), 1, False))
        for _ in range(5):
            box.turn(0.1)  # RabbitMQ ends the connection for it
    assert deliver_patiently(box, b"z" * 5_000, "doc-1", 1).result is Result.STORED
    assert OTHER not in {seen.box for seen in store.fleet.observations()}
    assert store.fleet.presences()[OTHER].waiting == 0
    assert len(other.receipts) == 1


def said_at_once(node: Node) -> bool | None:
    """What a client that connects now is told of the province: the retained state, or None."""
    files = node.site._root / OTHER
    link = MqttLink(
        LinkConfig(
            OTHER, "127.0.0.1", node.site.port, files / "ca.pem", files / "client.pem", files / "client.key",
            subscriptions=((PROVINCE_STATE, 1),), session_expiry=0, backoff_most=0.3,
        )
    )  # fmt: skip
    end = time.monotonic() + 20
    try:
        while time.monotonic() < end:
            for event in link.poll(0.1):
                if isinstance(event, Received) and event.topic == PROVINCE_STATE:
                    return ProvinceState.decode(event.payload).online
    finally:
        link.close()
    return None
