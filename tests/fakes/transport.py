"""A broker and links in memory: the port `sync.transport.Transport` without a network.

The broker keeps sessions, retained messages, wills and the access list as mosquitto does where tests depend on it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from sync.protocol.step import Publish
from sync.transport import Connected, Disconnected, LinkConfig, LinkEvent, Published, Received

RECEIVER = "province-receiver"


def matches(pattern: str, topic: str) -> bool:
    """MQTT filter matching with + and #."""
    want, have = pattern.split("/"), topic.split("/")
    for index, level in enumerate(want):
        if level == "#":
            return True
        if index >= len(have) or level not in ("+", have[index]):
            return False
    return len(want) == len(have)


@dataclass
class _Session:
    subscriptions: tuple[tuple[str, int], ...] = ()
    queued: deque[tuple[Publish, bool]] = field(default_factory=deque)
    unacked: dict[int, tuple[Publish, bool]] = field(default_factory=dict)
    link: FakeLink | None = None


class FakeBroker:
    """Routes between `FakeLink`s; `up` False refuses connections and ends those there are."""

    def __init__(self) -> None:
        self.sessions: dict[str, _Session] = {}
        self.retained: dict[str, Publish] = {}
        self.up = True
        self.lock = threading.RLock()
        self.published: list[tuple[str, Publish]] = []

    def connect(self, config: LinkConfig) -> FakeLink:
        """Make a link of the client `config.client_id`; it connects at its first poll."""
        return FakeLink(self, config)

    def kill(self) -> None:
        """Die without a word: sessions, retained messages and what was queued are gone."""
        with self.lock:
            self.up = False
            for session in self.sessions.values():
                if session.link is not None:
                    session.link.drop("link-lost", will=False)
            self.sessions.clear()
            self.retained.clear()

    def restart(self) -> None:
        """Accept connections again."""
        self.up = True

    def may(self, client: str, topic: str, write: bool) -> bool:
        """The access list of `sync.protocol.topics.broker_access_list`, in its own words."""
        if client == RECEIVER:
            return topic.startswith("commune/v1/")
        allowed = (
            (f"commune/v1/u/+/{client}/+", f"commune/v1/st/{client}")
            if write
            else (f"commune/v1/d/{client}/+", "commune/v1/p/state")
        )
        return any(matches(pattern, topic) for pattern in allowed)

    def publish(self, client: str, message: Publish) -> bool:
        """Take a message; False if the client may not write there."""
        if not self.may(client, message.topic, write=True):
            return False
        self.published.append((client, message))
        if message.retain:
            self.retained[message.topic] = message
        for name, session in self.sessions.items():
            if not self.may(name, message.topic, write=False):
                continue
            granted = [qos for pattern, qos in session.subscriptions if matches(pattern, message.topic)]
            if granted:
                qos = min(max(granted), message.qos)
                copy = Publish(message.topic, message.payload, qos)
                if session.link is not None or qos:
                    session.queued.append((copy, False))
        return True


class FakeLink:
    """One client's connection to a `FakeBroker`."""

    def __init__(self, broker: FakeBroker, config: LinkConfig) -> None:
        self._broker, self._config = broker, config
        self._events: list[LinkEvent] = []
        self._session: _Session | None = None
        self._next = 1
        self._closed = False
        self._wake = threading.Event()

    @property
    def connected(self) -> bool:
        """Whether the session is attached."""
        return self._session is not None

    def poll(self, timeout: float, bulk: bool = False) -> list[LinkEvent]:
        """Return what happened; waits at most 5 ms, the fake's idea of a quiet network."""
        with self._broker.lock:
            if not self._closed:
                self._connect()
                self._deliver()
            events, self._events = self._events, []
        if not events and timeout > 0:
            self._wake.wait(min(timeout, 0.005))
        self._wake.clear()
        return events

    def publish(self, message: Publish) -> int | None:
        """Route at once; the answer comes with the next poll."""
        with self._broker.lock:
            if self._session is None:
                return None
            token, self._next = self._next, self._next + 1
            ok = self._broker.publish(self._config.client_id, message)
            if message.qos:
                self._events.append(Published(token, ok, "" if ok else "not-authorized"))
            return token

    def can_send(self) -> bool:
        """A fake network always has room."""
        return self.connected

    def acknowledge(self, message: Received) -> None:
        """Forget an unacknowledged message."""
        if self._session is not None:
            self._session.unacked.pop(message.handle, None)

    def progressed(self) -> None:
        """No backoff here."""

    def wake(self) -> None:
        """End a waiting poll."""
        self._wake.set()

    def close(self) -> None:
        """Detach politely."""
        self._closed = True
        self.drop("", will=False)
        self._events.clear()

    def drop(self, code: str, will: bool = True) -> None:
        """Lose the connection; the will goes out if `will`."""
        with self._broker.lock:
            session, self._session = self._session, None
            if session is None:
                return
            session.link = None
            again = [(message, retained) for message, retained in session.unacked.values()]
            session.unacked.clear()
            kept = [entry for entry in session.queued if entry[0].qos]
            session.queued = deque([*again, *kept])
            if not self._config.session_expiry:
                self._broker.sessions.pop(self._config.client_id, None)
            self._events.append(Disconnected(code))
            if will and self._config.will is not None:
                self._broker.publish(self._config.client_id, self._config.will)

    def _connect(self) -> None:
        if self._session is not None:
            return
        if not self._broker.up:
            self._events.append(Disconnected("connection-refused"))
            return
        present = self._config.client_id in self._broker.sessions
        session = self._broker.sessions.setdefault(self._config.client_id, _Session())
        if session.link is not None:
            session.link.drop("session-taken-over", will=False)
        session.link, session.subscriptions = self, self._config.subscriptions
        self._session = session
        self._events.append(Connected(present, 131072, 5))
        for topic, message in self._broker.retained.items():
            reads = self._broker.may(self._config.client_id, topic, write=False)
            if reads and any(matches(pattern, topic) for pattern, _ in session.subscriptions) and message.payload:
                session.queued.append((message, True))

    def _deliver(self) -> None:
        session = self._session
        while session is not None and session.queued and len(session.unacked) < 20:
            message, retained = session.queued.popleft()
            handle, self._next = self._next, self._next + 1
            if message.qos:
                session.unacked[handle] = (message, retained)
            self._events.append(Received(message.topic, message.payload, message.qos, retained, handle))
