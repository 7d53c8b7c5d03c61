"""What every `Transport` must do, whether it is paho over TLS or a fake in memory.

A test class inherits `TransportContract` and provides the fixture `net`: `net.link(name, **changes)` makes a link,
`net.kill()` ends the broker without a word, `net.restart()` brings it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from sync.protocol.step import Publish
from sync.protocol.topics import Kind, broker_access_list, downward, presence, receiver_filters, upward
from sync.transport import Connected, Disconnected, LinkEvent, Published, Received, Transport

BOX, OTHER, RECEIVER = "commune-00001", "commune-00002", "province-receiver"
_Event = TypeVar("_Event")


class Net(Protocol):
    """A broker and the way to it."""

    def link(self, name: str, **changes: object) -> Transport: ...

    def kill(self) -> None: ...

    def restart(self) -> None: ...


def until(links: list[Transport], done: Callable[[list[LinkEvent]], bool], seconds: float = 8.0) -> list[LinkEvent]:
    """Poll all links in turn until `done` says yes of all events seen; fails after `seconds`."""
    seen: list[LinkEvent] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for link in links:
            seen += link.poll(0.02)
        if done(seen):
            return seen
    raise AssertionError(f"not within {seconds} s; seen: {seen}")


def of(kind: type[_Event], events: list[LinkEvent]) -> list[_Event]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def connected(link: Transport) -> Transport:
    """Poll until connected and the subscriptions have surely arrived."""
    until([link], lambda events: bool(of(Connected, events)))
    quiet([link], 0.05)
    return link


def quiet(links: list[Transport], seconds: float = 0.4) -> list[LinkEvent]:
    """Everything that happens within `seconds`."""
    seen: list[LinkEvent] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for link in links:
            seen += link.poll(0.02)
    return seen


class TransportContract:
    """The suite."""

    def test_publishes_and_receives_and_names_the_answer_by_token(self, net: Net) -> None:
        receiver = connected(net.link(RECEIVER, subscriptions=receiver_filters()))
        box = connected(net.link(BOX))
        token = box.publish(Publish(upward(BOX, Kind.CHUNK), b"\x00\xff" * 5000, qos=1))
        assert token is not None
        seen = until([box, receiver], lambda events: bool(of(Published, events) and of(Received, events)))
        assert of(Published, seen) == [Published(token, True, "")]
        got = of(Received, seen)[0]
        assert (got.topic, got.payload, got.qos) == (upward(BOX, Kind.CHUNK), b"\x00\xff" * 5000, 1)

    def test_takes_nothing_while_down_and_sends_nothing_old_later(self, net: Net) -> None:
        receiver = connected(net.link(RECEIVER, subscriptions=receiver_filters(), session_expiry=60))
        box = net.link(BOX)
        assert not box.connected
        assert not box.can_send()
        assert box.publish(Publish(upward(BOX, Kind.CHUNK), b"early", qos=1)) is None
        connected(box)
        net.kill()
        until([box], lambda events: bool(of(Disconnected, events)))
        for _ in range(50):
            assert box.publish(Publish(upward(BOX, Kind.CHUNK), b"lost", qos=1)) is None
        net.restart()
        connected(receiver)
        connected(box)
        assert not of(Received, quiet([box, receiver]))

    def test_unacknowledged_message_comes_again_and_acknowledged_does_not(self, net: Net) -> None:
        receiver = connected(net.link(RECEIVER))
        box = connected(net.link(BOX, subscriptions=((downward(BOX, Kind.RECEIPT), 1),)))
        for payload in (b"one", b"two"):
            receiver.publish(Publish(downward(BOX, Kind.RECEIPT), payload, qos=1))
        first = of(Received, until([receiver, box], lambda events: len(of(Received, events)) == 2))
        assert [event.payload for event in first] == [b"one", b"two"]
        box.acknowledge(first[0])
        quiet([box], 0.1)
        box.close()
        again = net.link(BOX, subscriptions=((downward(BOX, Kind.RECEIPT), 1),))
        seen = until([again, receiver], lambda events: bool(of(Received, events)))
        assert [event.payload for event in of(Received, seen + quiet([again]))] == [b"two"]

    def test_session_keeps_what_came_while_away(self, net: Net) -> None:
        box = connected(net.link(BOX, subscriptions=((downward(BOX, Kind.RECEIPT), 1),)))
        quiet([box], 0.1)
        box.close()
        receiver = connected(net.link(RECEIVER))
        receiver.publish(Publish(downward(BOX, Kind.RECEIPT), b"receipt", qos=1))
        until([receiver], lambda events: bool(of(Published, events)))
        again = net.link(BOX, subscriptions=((downward(BOX, Kind.RECEIPT), 1),))
        seen = until([again], lambda events: bool(of(Received, events)))
        assert of(Connected, seen)[0].session_present

    def test_will_speaks_for_a_lost_client_and_not_for_a_polite_one(self, net: Net) -> None:
        will = Publish(presence(BOX), b"gone", qos=1, retain=True)
        receiver = connected(net.link(RECEIVER, subscriptions=receiver_filters()))
        box = connected(net.link(BOX, will=will))
        connected(net.link(BOX))  # takes the session over: the old connection ends without a goodbye
        seen = until([receiver, box], lambda events: bool(of(Disconnected, events)))
        box.close()
        polite = connected(net.link(OTHER, will=Publish(presence(OTHER), b"gone", qos=1, retain=True)))
        polite.close()
        seen += quiet([receiver])
        assert presence(OTHER) not in [event.topic for event in of(Received, seen)]

    def test_retained_state_reaches_who_comes_later(self, net: Net) -> None:
        receiver = connected(net.link(RECEIVER))
        receiver.publish(Publish("commune/v1/p/state", b"here", qos=1, retain=True))
        until([receiver], lambda events: bool(of(Published, events)))
        box = net.link(BOX, subscriptions=(("commune/v1/p/state", 1),))
        seen = until([box], lambda events: bool(of(Received, events)))
        assert of(Received, seen)[0].retained

    def test_a_box_reaches_no_topic_of_another(self, net: Net) -> None:
        """Issue 2, must show 4: neither write nor read."""
        receiver = connected(net.link(RECEIVER, subscriptions=receiver_filters()))
        victim = connected(net.link(BOX, subscriptions=((downward(BOX, Kind.RECEIPT), 1),)))
        thief = connected(net.link(OTHER, subscriptions=(("commune/v1/d/+/+", 1), ("#", 1), ("commune/v1/u/#", 1))))
        quiet([thief], 0.1)
        denied = [
            thief.publish(Publish(topic, b"forged", qos=1))
            for topic in (
                upward(BOX, Kind.MANIFEST),
                upward(BOX, Kind.CHUNK),
                presence(BOX),
                downward(BOX, Kind.RECEIPT),
                downward(OTHER, Kind.RECEIPT),
                "commune/v1/p/state",
            )
        ]
        receiver.publish(Publish(downward(BOX, Kind.RECEIPT), b"private", qos=1))
        victim.publish(Publish(upward(BOX, Kind.MANIFEST), b"mine", qos=1))
        seen = until([thief, victim, receiver], lambda events: len(of(Published, events)) >= len(denied) + 2)
        answers = {event.token: event.ok for event in of(Published, seen) if event.token in denied and not event.ok}
        assert len(answers) == len(denied)
        got = [(event.topic, event.payload) for event in of(Received, seen + quiet([victim, receiver]))]
        assert sorted(got) == [(downward(BOX, Kind.RECEIPT), b"private"), (upward(BOX, Kind.MANIFEST), b"mine")]
        assert not of(Received, quiet([thief]))

    def test_wake_ends_a_poll(self, net: Net) -> None:
        box = connected(net.link(BOX))
        quiet([box], 0.1)
        box.wake()
        started = time.monotonic()
        box.poll(5.0)
        assert time.monotonic() - started < 1.0

    def test_closed_stays_closed(self, net: Net) -> None:
        box = connected(net.link(BOX))
        box.close()
        assert not box.connected
        assert box.publish(Publish(upward(BOX, Kind.CHUNK), b"late", qos=1)) is None
        assert box.poll(0.05) == []


def test_access_list_of_the_suite_is_the_products() -> None:
    """The fake's list says in code what the product's list says to mosquitto."""
    text = broker_access_list(RECEIVER)
    assert "pattern write commune/v1/u/+/%u/+\npattern write commune/v1/st/%u\n" in text
    assert "pattern read commune/v1/d/%u/+\npattern read commune/v1/p/state\n" in text
