"""Which way to the broker a dial takes, where there is more than one. Decides only; dials nothing, reads no clock.

The first way is the wanted one; another is tried when that one was tried often enough. A way over which the broker
answered stays until it fails as often. What says nothing of a way (no line at all, unreadable files) is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sync.websocket import WebSocketWay

_DIALS = 3
_SAYS_NOTHING = frozenset({"name-not-resolved", "network-unreachable", "credentials-unreadable"})


TRANSPORTS = ("auto", "mqtt", "websocket")


def ways_of(transport: str, port: int, path: str = "/mqtt", ca: Path | None = None) -> tuple[WebSocketWay | None, ...]:
    """The ways that a configuration asks for; `port` 0: the province has no address for WebSocket.

    Raises ValueError for another transport, a WebSocket without a port, a path that is none.
    """
    if transport not in TRANSPORTS:
        raise ValueError(" | ".join(TRANSPORTS))
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", path):
        raise ValueError("/mqtt")
    if transport == "mqtt" or (transport == "auto" and not port):
        return (None,)
    if not 0 < port < 65536:
        raise ValueError("websocket_port")
    way = WebSocketWay(port, path, ca)
    return (way,) if transport == "websocket" else (None, way)


class Carriers:
    """The plan of one link. A way is None (MQTT in TLS and nothing between) or a WebSocket."""

    def __init__(self, ways: Sequence[WebSocketWay | None]) -> None:
        self._ways = tuple(ways)
        self._at = self._failures = 0
        self._answered = False

    @property
    def way(self) -> WebSocketWay | None:
        """The way of the connection there is, or of the next dial."""
        return self._ways[self._at]

    def port(self, plain: int) -> int:
        """The broker's port on this way; `plain` is that without WebSocket."""
        return plain if self.way is None else self.way.port

    def keepalive(self, plain: int) -> int:
        """Seconds after which a silent connection is used on this way."""
        return plain if self.way is None else min(plain, self.way.keepalive)

    def answered(self) -> None:
        """The broker accepted a connection."""
        self._failures, self._answered = 0, True

    def failed(self, code: str) -> None:
        """A dial ended before the broker accepted it. The way in the second place gets one dial for three of the
        first, or three once it was of use."""
        if code in _SAYS_NOTHING:
            return
        self._failures += 1
        if self._failures >= (_DIALS if self._answered or self._at == 0 else 1):
            self._at, self._failures, self._answered = (self._at + 1) % len(self._ways), 0, False
