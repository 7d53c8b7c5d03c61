"""The port between a protocol runner and an MQTT connection.

Owns the events a link reports and what may be asked of it; `sync.mqtt` implements it, tests have a fake with the
same contract. Refuses callbacks: the one thread that runs a core also polls the link, so nothing here needs a lock.
Invariants:
- nothing is queued while the link is down: `publish` then returns None, and after a reconnect nothing old is sent by
  itself;
- a received QoS 1 message is acknowledged only by `acknowledge`; unacknowledged ones come again after a reconnect;
- `Published` says that the broker answered, never that anyone received anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sync.protocol.step import Publish
from sync.proxy import Proxy
from sync.websocket import WebSocketWay


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted the connection, and the subscriptions were sent or stand."""

    session_present: bool
    max_packet: int
    """The broker's packet limit in bytes, or our own where it named none."""
    version: int
    """MQTT version in use: 5 or 4 (3.1.1)."""
    standing: bool = False
    """The subscriptions were not sent, because they stand at the broker since the connection before: nothing retained
    comes again, and what changed meanwhile comes as a message."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link was lost, or a dial failed; `code` is stable and kebab-case."""

    code: str


@dataclass(frozen=True, slots=True)
class Received:
    """One message; `handle` belongs to the link."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    handle: int


@dataclass(frozen=True, slots=True)
class Published:
    """The broker answered a QoS 1 publish; `ok` False: it refused it (seen only with MQTT 5)."""

    token: int
    ok: bool
    code: str = ""


LinkEvent = Connected | Disconnected | Received | Published


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """One endpoint and who we are there. TLS with a client certificate always."""

    client_id: str
    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path
    subscriptions: tuple[tuple[str, int], ...] = ()
    """(filter, QoS), renewed at every connect."""
    will: Publish | None = None
    will_delay: int = 90
    """Seconds a broker that speaks MQTT 5 waits before it publishes the will."""
    keepalive: int = 140
    session_expiry: int = 7 * 86400
    """Seconds; 0 asks for a clean session."""
    receive_maximum: int = 20
    max_packet: int = 65536
    version: int | None = None
    """5 or 4 to insist; None tries 5 and falls back to 3.1.1."""
    connect_timeout: float = 10.0
    backoff_most: float = 300.0
    """Longest pause between dials; full jitter below it."""
    proxy: Proxy | None = None
    """The office's HTTP proxy, where the broker is not reached without."""
    ways: tuple[WebSocketWay | None, ...] = (None,)
    """How the broker is reached, the wanted way first; None: MQTT in TLS and nothing between."""
    stall_floor: float = 4.0
    """Seconds without acknowledgement, something being unacknowledged, before the link is taken for dead."""


class Transport(Protocol):
    """What a runner may do with a link; all of it from one thread, but for `wake`."""

    @property
    def connected(self) -> bool:
        """Whether a `Connected` was reported and no `Disconnected` since."""

    def poll(self, timeout: float, bulk: bool = False) -> list[LinkEvent]:
        """Drive the link (dialling included) for at most `timeout` seconds and return what happened.

        With `bulk` it also returns as soon as `can_send` turns true.
        """

    def publish(self, message: Publish) -> int | None:
        """Hand a message to the connection; the token that `Published` will name, or None if it was not taken."""

    def can_send(self) -> bool:
        """Say whether a bulk message would leave at once instead of queueing in front of urgent ones."""

    def acknowledge(self, message: Received) -> None:
        """Acknowledge a QoS 1 message; silently nothing if its connection is gone."""

    def progressed(self) -> None:
        """Say that the peer moved on (have, receipt, message taken): the redial backoff starts from zero again."""

    def wake(self) -> None:
        """Make a running `poll` return; the only call allowed from another thread or a signal."""

    def close(self) -> None:
        """End the connection; politely (no will) if it is up."""


Connect = Callable[[LinkConfig], Transport]
"""Makes a link; `sync.mqtt.MqttLink` or a fake."""
