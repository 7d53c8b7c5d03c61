"""A worker's end of the broker, and the herald's."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from sync.mqtt import MqttLink
from sync.protocol import topics
from sync.protocol.messages import ProvinceState
from sync.protocol.step import Publish
from sync.protocol.topics import PROVINCE_STATE, Kind
from sync.province.sharing import Herald, ShardLink, sharing
from sync.transport import Connected, LinkConfig, LinkEvent, Published, Received
from tests.fixtures_broker import RECEIVER, Broker

MINE, OTHER = "commune-27007", "commune-00001"


class Inner:
    """A transport that gives what it was told to give and notes what it is asked."""

    connected = True

    def __init__(self, *events: LinkEvent) -> None:
        self.events = list(events)
        self.published: list[Publish] = []
        self.acknowledged: list[int] = []

    def poll(self, timeout: float, bulk: bool = False) -> list[LinkEvent]:
        events, self.events = self.events, []
        return events

    def publish(self, message: Publish) -> int | None:
        self.published.append(message)
        return len(self.published)

    def acknowledge(self, message: Received) -> None:
        self.acknowledged.append(message.handle)

    def can_send(self) -> bool:
        return True

    def progressed(self) -> None: ...

    def wake(self) -> None: ...

    def close(self) -> None: ...


def received(topic: str, handle: int) -> Received:
    return Received(topic, b"", 1, False, handle)


def test_messages_of_other_workers_boxes_are_acknowledged_and_dropped() -> None:
    own = [received(topics.upward(MINE, Kind.MANIFEST), 1), received(topics.presence(MINE), 2), Connected(False, 1, 5)]
    stray = received("commune/v1/what", 9)
    others = [received(topics.upward(OTHER, Kind.CHUNK), 3), received(topics.presence(OTHER), 4)]
    inner = Inner(*own, *others, stray)
    link = ShardLink(inner, lambda box: box == MINE)
    assert link.poll(0) == [*own, stray], "what is nobody's is the core's to report"
    assert inner.acknowledged == [3, 4]


def test_a_worker_does_not_speak_for_the_province() -> None:
    inner = Inner()
    link = ShardLink(inner, lambda box: True)
    token = link.publish(Publish(PROVINCE_STATE, b"x", 1, True))
    said = Publish(topics.downward(MINE, Kind.HAVE), b"h", 0)
    link.publish(said)
    assert inner.published == [said]
    assert link.poll(0) == [Published(token or 0, True)], "whoever waits for the answer gets one"
    assert link.poll(0) == []


def test_a_worker_has_a_name_and_no_last_will(own_broker: Broker) -> None:
    configs: list[LinkConfig] = []

    def connect(config: LinkConfig) -> Inner:
        configs.append(config)
        return Inner()

    will = Publish(PROVINCE_STATE, b"gone", 1, True)
    sharing(connect, "host-1", lambda box: True)(own_broker.link_config(RECEIVER, will=will, session_expiry=3600))
    (config,) = configs
    assert (config.client_id, config.will, config.session_expiry) == (f"{RECEIVER}-host-1", None, 0)


def test_boxes_hear_of_the_first_herald_and_of_the_last_ones_end(own_broker: Broker) -> None:
    heard: list[bool] = []
    config = own_broker.link_config("commune-27007", subscriptions=((PROVINCE_STATE, 1),), session_expiry=0)
    observer = MqttLink(config)

    def until(true: Callable[[], object]) -> None:
        end = time.monotonic() + 20
        while not true():
            assert time.monotonic() < end, heard
            for event in observer.poll(0.1):
                if isinstance(event, Received):
                    heard.append(ProvinceState.decode(event.payload).online)
                    observer.acknowledge(event)

    until(lambda: observer.connected)
    link = own_broker.link_config(RECEIVER, session_expiry=3600, will_delay=60)
    stops = [threading.Event(), threading.Event()]
    made: list[MqttLink] = []

    def connect(config: LinkConfig) -> MqttLink:
        made.append(MqttLink(config))
        return made[-1]

    threads = [threading.Thread(target=Herald(link, connect, 7).run, args=(stop,), daemon=True) for stop in stops]
    threads[0].start()
    until(lambda: heard == [True])
    made[0]._redial.due = float("inf")  # it never dials again: as good as dead
    made[0]._redial._chance = lambda: float("inf")
    made[0]._client.socket().shutdown(socket.SHUT_RDWR)
    threads[1].start()
    until(lambda: len(heard) == 2)
    assert heard == [True, True], "the second resumed the first one's session, so no box was told to stop"
    stops[1].set()
    until(lambda: len(heard) == 3)
    assert heard[-1] is False
    stops[0].set()
    for thread in threads:
        thread.join(10)
    observer.close()
