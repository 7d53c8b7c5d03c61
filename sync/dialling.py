"""One dial after another: a fresh paho client, connected in a thread beside the one that drives the link.

Names, TCP, proxies and TLS block, and the box must stay able to stop. Owns how a paho client is made and what its
CONNECT says. Invariants: a client belongs to the dial until `outcome` hands it over, and is nobody's when the link was
closed meanwhile; a dial under way leaves no thread behind once its outcome was taken.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sync.carrier import Carriers
from sync.line import tune_socket
from sync.secured import Secured
from sync.transport import LinkConfig
from sync.tunnel import Outer, open_tunnel


class Dialling:
    """The dials of one link; `stir` wakes whoever waits for an outcome."""

    def __init__(
        self, config: LinkConfig, secured: Secured, outer: Outer, carriers: Carriers, stir: Callable[[], None]
    ) -> None:
        self._config, self._secured, self._outer, self._carriers = config, secured, outer, carriers
        self._stir = stir
        self._outcomes: SimpleQueue[mqtt.Client | Exception] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def under_way(self) -> bool:
        """Whether an outcome is awaited."""
        return self._thread is not None

    def begin(self, version: int, listen: Callable[[mqtt.Client], None]) -> None:
        """Dial with MQTT 5 or 4 (3.1.1); `listen` sets the callbacks of the new client."""
        client = self._made(version)
        listen(client)
        self._thread = threading.Thread(target=self._dial, args=(client, version), name="mqtt-dial", daemon=True)
        self._thread.start()

    def outcome(self) -> mqtt.Client | Exception | None:
        """The client whose CONNECT has left, or why there is none; None while the dial goes on."""
        try:
            outcome = self._outcomes.get_nowait()
        except Empty:
            return None
        if self._thread is not None:
            self._thread.join()  # it has said its last word; what it held goes with it
            self._thread = None
        return outcome

    def close(self) -> None:
        """What is still connecting is ended as soon as it is connected."""
        self._closed = True

    def _dial(self, client: mqtt.Client, version: int) -> None:
        config = self._config
        port, keepalive = self._carriers.port(config.port), self._carriers.keepalive(config.keepalive)
        try:
            client.tls_set_context(self._secured.context())
            if version == 5:
                properties = Properties(PacketTypes.CONNECT)
                properties.SessionExpiryInterval = config.session_expiry
                properties.ReceiveMaximum = config.receive_maximum
                properties.MaximumPacketSize = config.max_packet
                clean = not config.session_expiry
                client.connect(config.host, port, keepalive, clean_start=clean, properties=properties)
            else:
                client.connect(config.host, port, keepalive)
        except Exception as error:  # whatever it was, the driving thread must hear of it
            self._outcomes.put(error)
        else:
            if self._closed:
                shut(client)
            self._outcomes.put(client)
        self._stir()

    def _made(self, version: int) -> mqtt.Client:
        config = self._config
        arguments: dict[str, Any] = {"protocol": mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311}
        if version != 5:
            arguments["clean_session"] = not config.session_expiry
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=config.client_id,
            reconnect_on_failure=False,
            manual_ack=True,
            **arguments,
        )
        client.connect_timeout = config.connect_timeout
        if (proxy := config.proxy) is not None:  # paho's own way needs another package and knows no time limit
            port = self._carriers.port(config.port)
            client._create_socket_connection = lambda: proxy.dial(config.host, port, config.connect_timeout)
        if (way := self._carriers.way) is not None:
            client._create_socket = lambda: open_tunnel(
                client._create_socket_connection(), self._outer, self._secured.context(), config.host, way,
                config.connect_timeout,
            )  # fmt: skip
        client.max_inflight_messages = config.receive_maximum
        if (will := config.will) is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retain, self._delay(version))
        client.on_socket_open = lambda _client, _user, sock: tune_socket(sock)
        return client

    def _delay(self, version: int) -> Properties | None:
        if version != 5:
            return None
        properties = Properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = self._config.will_delay
        return properties


def secured_socket(client: Any) -> Any:
    """The socket with the broker's TLS, also where that goes inside another carrier; None without a connection."""
    sock = client.socket()
    return getattr(sock, "secured", sock)


def shut(client: mqtt.Client) -> None:
    """End the connection of a client, however it stands."""
    sock = client.socket()
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            sock.close()
