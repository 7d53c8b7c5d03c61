"""An MQTT connection over TLS that never decides anything (port `sync.transport.Transport`).

Owns one connection at a time: what paho tells, what is handed to it, the end. Refuses to queue across connections:
every dial uses a fresh paho client, so nothing old is ever sent by itself and a packet the broker chokes on dies with
its connection. The dial is `sync.dialling`'s, the only other importer of paho; when to dial again and in which version
is `sync.redial`'s; stalls are `sync.line`'s. Invariants:
- one thread drives paho (`loop_read`, `loop_write`, `loop_misc`); only the blocking dial runs beside it, with a client
  nobody else touches until it is handed over. No paho callback takes a lock or does more than append an event;
- `publish` hands over only while connected; a QoS 1 message received is acknowledged only by `acknowledge`.
Measured traps of paho 2.2 that this shape avoids are listed with their tests in PROTOCOL.md §7.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from random import random
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from sync.carrier import Carriers
from sync.dialling import Dialling, secured_socket, shut
from sync.line import Line, dial_error_code, kebab
from sync.protocol.step import Publish
from sync.redial import Redial
from sync.secured import Secured
from sync.standing import Limits, Standing
from sync.topic_aliases import TopicAliases
from sync.transport import Connected, Disconnected, LinkConfig, LinkEvent, Published, Received
from sync.tunnel import Outer, tcp_of
from sync.waker import Waker

_LOG = logging.getLogger(__name__)
_MOST_WAITING = 10_000
_LONGEST_WAIT = 5.0
_WATCHED_WAIT = 0.25
_HANDSHAKE_GRACE = 2.0


class MqttLink:
    """One end's connection to the broker; box and receiver use the same class."""

    def __init__(
        self,
        config: LinkConfig,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random,
    ) -> None:
        self._config, self._clock = config, clock
        self._client: Any = None
        self._up = False
        self._events: list[LinkEvent] = []
        self._dialled_at = 0.0
        self._redial = Redial(config.backoff_most, config.version, chance)
        self._secured = Secured(config.ca, config.certificate, config.key)
        self._carriers = Carriers(config.ways)
        self._outer = Outer(next((way.ca for way in config.ways if way and way.ca), config.ca))
        self._standing = Standing(bool(config.session_expiry))
        self._presumed = self._answered = False
        self._refusal = ""
        self._tokens: dict[int, int] = {}
        self._next_token = 1
        self._handles: dict[int, int] = {}
        self._waiting: deque[tuple[int, Publish]] = deque()
        self._line = Line(config.stall_floor)
        self._receive_maximum = config.receive_maximum
        self._aliases = TopicAliases()
        self._woken = False
        self._closed = False
        self._waker = Waker()
        self._dialling = Dialling(config, self._secured, self._outer, self._carriers, self._waker.stir)

    # --- port ---------------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the broker accepted the connection and it is not known to be lost."""
        return self._up

    @property
    def version(self) -> int:
        """The MQTT version spoken now, or tried next: 5 or 4 (3.1.1)."""
        return self._redial.version

    def poll(self, timeout: float, bulk: bool = False) -> list[LinkEvent]:
        """Drive the link for at most `timeout` seconds; return at the first event, `wake`, or chance to send bulk."""
        until = self._clock() + timeout
        while not self._closed:
            left = until - self._clock()
            self._drive(max(0.0, left), bulk)
            if self._events or self._woken or left <= 0 or (bulk and self.can_send()):
                break
        events, self._events, self._woken = self._events, [], False
        return events

    def publish(self, message: Publish) -> int | None:
        """Hand a message over if connected; beyond the broker's window it waits, as long as the connection lives."""
        if self._client is None or not self._up or len(self._waiting) >= _MOST_WAITING:
            return None
        token, self._next_token = self._next_token, self._next_token + 1
        if message.qos and self._line.unacked >= self._receive_maximum:
            self._waiting.append((token, message))
            return token
        return token if self._hand_over(token, message) else None

    def _hand_over(self, token: int, message: Publish) -> bool:
        properties = Properties(PacketTypes.PUBLISH) if self.version == 5 else None
        topic = message.topic
        if properties is not None and message.expiry is not None:
            properties.MessageExpiryInterval = message.expiry
        alias = 0 if message.retain else self._aliases.number(topic)
        if properties is not None and alias:
            properties.TopicAlias = alias
            topic = "" if topic in self._aliases.known else topic
        try:
            sent = self._client.publish(topic, message.payload, message.qos, message.retain, properties)
        except (OSError, ValueError) as error:
            self._lose(dial_error_code(error))
            return False
        if sent.rc != mqtt.MQTT_ERR_SUCCESS:
            return False
        if alias:
            self._aliases.told(message.topic, alias)
        if message.qos and self._up:
            self._tokens[sent.mid] = token
            self._line.sent(token, len(message.payload), self._clock())
        return True

    def can_send(self) -> bool:
        """Say whether a bulk message would leave at once: window open and the kernel's unsent tail short."""
        client = self._client
        if client is None or not self._up or self._line.unacked >= self._receive_maximum:
            return False
        sock = client.socket()
        return sock is not None and not client.want_write() and self._line.drained(sock)

    def acknowledge(self, message: Received) -> None:
        """Send the PUBACK of a QoS 1 message received on this connection."""
        mid = self._handles.pop(message.handle, None)
        if mid is not None and self._client is not None and self._up:
            with contextlib.suppress(OSError, ValueError):  # a lost link shows at the next poll
                self._client.ack(mid, message.qos)

    def progressed(self) -> None:
        """Start the backoff from zero again: the far end, not only the broker, has moved."""
        self._redial.progressed()

    def wake(self) -> None:
        """Make `poll` return; safe from any thread and from a signal."""
        self._woken = True
        self._waker.stir()

    def close(self) -> None:
        """Disconnect politely, so that no last will fires; a link closed stays closed."""
        self._closed = True
        self._dialling.close()
        client, self._client = self._client, None
        up, self._up = self._up, False
        if client is not None and up:
            with contextlib.suppress(OSError, ValueError):
                self._flush(client)
                client.disconnect()
        if client is not None:
            shut(client)
        self._waker.close()

    # --- one turn -----------------------------------------------------------------------------------------------------

    def _drive(self, timeout: float, bulk: bool) -> None:
        if self._closed:
            return
        if self._client is None:
            self._drive_dial(timeout)
            return
        client, sock = self._client, self._client.socket()
        if sock is None:
            self._lose("link-lost")
            return
        pending = getattr(sock, "pending", lambda: 0)()
        watched = not self._up or self._line.unacked
        wait = 0.0 if pending else min(timeout, _WATCHED_WAIT if watched else _LONGEST_WAIT)
        wants = client.want_write() or (bulk and self._line.unacked < self._receive_maximum)
        readable, writable = self._waker.wait(sock.fileno(), wants, wait)
        try:
            if readable or pending:
                client.loop_read()
            if (writable or readable) and self._client is client and client.want_write():
                client.loop_write()  # also what a callback has just queued: the subscriptions, first of all
            if self._client is client:
                client.loop_misc()
        except Exception as error:  # paho surfaces TLS alerts, malformed packets and callback faults as many types
            if not isinstance(error, OSError):
                _LOG.exception("the link failed in a way nobody foresaw")
            if self._client is client:
                self._lose(dial_error_code(error))
        while self._up and self._waiting and self._line.unacked < self._receive_maximum:
            token, message = self._waiting.popleft()
            if not self._hand_over(token, message):
                self._events.append(Published(token, False, "not-sent"))
        if self._client is client:
            self._watch(self._clock())

    def _watch(self, now: float) -> None:
        if not self._answered and now - self._dialled_at > self._config.connect_timeout + _HANDSHAKE_GRACE:
            self._lose("handshake-timeout")
        elif self._up and self._line.stalled(now):
            self._lose("stalled")

    # --- dialling -----------------------------------------------------------------------------------------------------

    def _drive_dial(self, timeout: float) -> None:
        now = self._clock()
        if not self._dialling.under_way and now >= self._redial.due:
            self._dialling.begin(self.version, self._listen)
        wait = timeout if self._dialling.under_way else min(timeout, max(0.0, self._redial.due - now))
        self._waker.wait(None, False, min(wait, _LONGEST_WAIT))
        outcome = self._dialling.outcome()
        if outcome is None:
            return
        self._dialled_at = self._clock()
        if isinstance(outcome, Exception):
            self._lose(dial_error_code(outcome))
        else:
            self._client = outcome
            self._presume()

    def _presume(self) -> None:
        """Go on at once where the broker surely knows this client."""
        limits = self._standing.presumed(self._same_broker())
        self._presumed = limits is not None
        if limits is not None:
            self._begin(limits)
            self._events.append(Connected(True, limits.max_packet, self.version, True))

    def _same_broker(self) -> bool:
        """Whether TLS goes on with the session of a connection before, which only that broker's process can."""
        return getattr(secured_socket(self._client), "session_reused", False) is True

    def _begin(self, limits: Limits) -> None:
        self._receive_maximum = limits.receive_maximum
        self._line.reset(self._clock())
        self._aliases.reset(limits.aliases)
        self._up = True

    def _listen(self, client: Any) -> None:
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    # --- what paho tells (driving thread; client identity guards against an abandoned connection) ---------------------

    def _on_connect(self, client: Any, _user: Any, flags: Any, reason: Any, properties: Any) -> None:
        if client is not self._client:
            return
        if not self._presumed:
            client.drop_out_messages()
        if reason.is_failure:
            self._refusal = kebab(reason.getName())
            return
        self._redial.answered()
        self._carriers.answered()
        self._answered = True
        self._secured.remember(secured_socket(client))
        self._outer.remember(tcp_of(client.socket()))
        limits = Limits(
            min(self._config.max_packet, getattr(properties, "MaximumPacketSize", self._config.max_packet)),
            min(self._config.receive_maximum, getattr(properties, "ReceiveMaximum", 65535)),
            getattr(properties, "TopicAliasMaximum", 0),
        )
        within = limits == self._standing.limits
        stands = self._standing.accepted(limits, bool(flags.session_present), self._same_broker())
        if self._presumed:
            if not (stands and within):
                self._lose("session-lost")
            return
        self._begin(limits)
        if self._config.subscriptions and not stands:
            client.subscribe(self._filters())
        self._events.append(Connected(bool(flags.session_present), limits.max_packet, self.version, stands))

    def _filters(self) -> list[Any]:
        if self.version == 5:
            return [(name, SubscribeOptions(qos=qos)) for name, qos in self._config.subscriptions]
        return list(self._config.subscriptions)

    def _on_subscribe(self, client: Any, _user: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if client is not self._client:
            return
        taken = not any(reason.is_failure for reason in reasons)
        self._standing.subscribed(taken)
        if not taken:
            self._lose("subscription-refused")

    def _on_disconnect(self, client: Any, _user: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if client is self._client:
            name = kebab(reason.getName())
            self._lose(self._refusal or ("link-lost" if name in ("unspecified-error", "success") else name))

    def _on_publish(self, client: Any, _user: Any, mid: int, reason: Any, _properties: Any) -> None:
        token = self._tokens.pop(mid, None) if client is self._client else None
        if token is not None:
            self._line.acknowledged(token, self._clock())
            code = kebab(reason.getName()) if reason.is_failure else ""
            self._events.append(Published(token, not reason.is_failure, code))

    def _on_message(self, client: Any, _user: Any, message: Any) -> None:
        if client is not self._client:
            return
        handle, self._next_token = self._next_token, self._next_token + 1
        if message.qos:
            self._handles[handle] = message.mid
        try:
            topic = str(message.topic)
        except UnicodeDecodeError:
            topic = "?"  # no topic of this wire; the core reports it
        self._events.append(Received(topic, bytes(message.payload), message.qos, bool(message.retain), handle))

    # --- the end of a connection --------------------------------------------------------------------------------------

    def _lose(self, code: str) -> None:
        """End the current connection or dial attempt; everything that belonged to it is forgotten."""
        client, self._client = self._client, None
        self._redial.lost(self._clock(), client is not None and not self._answered, self._refusal)
        if not self._answered:
            self._secured.failed(code)
            self._carriers.failed(code)
            if self._presumed:
                self._standing.mistaken()
        self._up, self._answered, self._presumed, self._refusal = False, False, False, ""
        self._tokens.clear()
        self._handles.clear()
        self._waiting.clear()
        self._line.reset(self._clock())
        if client is not None:
            shut(client)
        self._events.append(Disconnected(code))

    def _flush(self, client: mqtt.Client) -> None:
        until = time.monotonic() + 1.0
        while client.want_write() and time.monotonic() < until and (sock := client.socket()) is not None:
            _, writable = self._waker.wait(sock.fileno(), True, 0.2)
            if writable:
                client.loop_write()
