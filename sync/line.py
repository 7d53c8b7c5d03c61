"""One TCP line as the kernel and the acknowledgements show it: socket options, unsent tail, stall.

Owns what `sync.mqtt` knows about the socket under it. Refuses to close anything: it answers questions. Values are those
measured on emulated 2G, 3G, ADSL and satellite links; every option is tried and left out where the kernel lacks it.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
from collections import deque

from sync.proxy import ProxyRefused
from sync.tunnel import Tunnelled, tcp_of
from sync.websocket import WebSocketRefused

LOWAT, _LOWAT_LEAST = 16 * 1024, 2 * 1024
"""Bytes that may wait unsent in the kernel in front of an urgent message: at most, and on a slow line."""
_LOWAT_SECONDS = 0.05
_TCP_NOTSENT_LOWAT = 25
_TCP_INFO_SIZE, _NOTSENT_OFFSET = 232, 144
_RATE_SECONDS = 4.0
_UNKNOWN_RATE = 2048.0
"""Bytes per second assumed before the first acknowledgement: half of the slowest 2G."""
_STALL_FACTOR = 2.5


def tune_socket(sock: socket.socket | Tunnelled) -> None:
    """Set what a bad line needs: no Nagle, dead peers noticed in 20 s sending, short unsent tail, BBR.

    An idle line is probed by MQTT's own PINGREQ; TCP's probes come later, because each costs what a ping costs.
    """
    kernels, tcp = tcp_of(sock), socket.IPPROTO_TCP
    options = (
        (tcp, socket.TCP_NODELAY, 1),
        (tcp, socket.TCP_USER_TIMEOUT, 20_000),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (tcp, socket.TCP_KEEPIDLE, 300),
        (tcp, socket.TCP_KEEPINTVL, 10),
        (tcp, socket.TCP_KEEPCNT, 3),
        (tcp, _TCP_NOTSENT_LOWAT, LOWAT),
        (tcp, socket.TCP_CONGESTION, b"bbr"),
    )
    for level, option, setting in options:
        with contextlib.suppress(OSError):  # an older kernel or a container without BBR: slower, not wrong
            kernels.setsockopt(level, option, setting)


class Line:
    """Unacknowledged messages of one connection and the pace at which they drain."""

    def __init__(self, stall_floor: float) -> None:
        self._floor = stall_floor
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Start a new connection at `now`."""
        self._unacked: dict[int, tuple[int, float]] = {}
        self._acked: deque[tuple[float, int]] = deque()
        self._moved_at = now
        self._quickest: float | None = None
        """Seconds the fastest answer of this connection took."""
        self._lowat = LOWAT

    @property
    def unacked(self) -> int:
        """Number of QoS 1 messages the broker has not answered."""
        return len(self._unacked)

    def sent(self, token: int, length: int, now: float) -> None:
        """Note a QoS 1 message handed to the socket."""
        if not self._unacked:
            self._moved_at = max(self._moved_at, now)
        self._unacked[token] = (length, now)

    def acknowledged(self, token: int, now: float) -> None:
        """Note the broker's answer."""
        length, sent_at = self._unacked.pop(token, (0, now))
        took = now - sent_at
        self._quickest = took if self._quickest is None else min(self._quickest, took)
        self._moved_at = now
        self._acked.append((now, length))
        while self._acked[0][0] < now - _RATE_SECONDS:
            self._acked.popleft()

    def stalled(self, now: float) -> bool:
        """Say whether the line is dead: no answer for 2.5 times what the next one needs, at least the floor.

        While answers flow the next one is due a round trip and the oldest message's own length of line after the last;
        before the first, all that is under way may have to drain.
        """
        if not self._unacked:
            return False
        rate = max(self._rate(), _UNKNOWN_RATE)
        if self._quickest is None:
            due = sum(length for length, _ in self._unacked.values()) / rate
        else:
            oldest, _ = next(iter(self._unacked.values()))
            due = self._quickest + oldest / rate
        return now - self._moved_at > max(self._floor, _STALL_FACTOR * due)

    def drained(self, sock: socket.socket | Tunnelled) -> bool:
        """Say whether so little waits unsent in the kernel that an urgent message would leave soon.

        The mark is 0.05 s of line; true where the kernel cannot tell.
        """
        kernels, lowat = tcp_of(sock), LOWAT
        if len(self._acked) >= 4:
            lowat = min(LOWAT, max(_LOWAT_LEAST, int(self._rate() * _LOWAT_SECONDS) // 1024 * 1024))
        if lowat != self._lowat:
            self._lowat = lowat
            with contextlib.suppress(OSError):
                kernels.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, lowat)
        try:
            tcp_info = kernels.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
        except OSError:
            return True
        if len(tcp_info) < _NOTSENT_OFFSET + 4:
            return True
        (unsent,) = struct.unpack_from("=I", tcp_info, _NOTSENT_OFFSET)
        return bool(unsent <= lowat)

    def _rate(self) -> float:
        """Return bytes per second acknowledged over the last 4 s of acknowledgements."""
        return sum(length for _, length in self._acked) / _RATE_SECONDS


def dial_error_code(error: Exception) -> str:
    """Return the stable code of what went wrong with a dial or a socket."""
    match error:
        case ssl.SSLCertVerificationError():
            return "server-certificate-untrusted"
        case ssl.SSLError():
            return "tls-failed"
        case socket.gaierror():
            return "name-not-resolved"
        case ProxyRefused():
            return "proxy-refused"
        case WebSocketRefused():
            return "websocket-refused"
        case ConnectionRefusedError():
            return "connection-refused"
        case TimeoutError():
            return "connect-timeout"
        case FileNotFoundError() | PermissionError():
            return "credentials-unreadable"
        case ConnectionError():
            return "link-lost"
        case OSError():
            return "network-unreachable"
    return "link-failed"


def kebab(name: str) -> str:
    """Return an MQTT reason name in our spelling: 'Session taken over' is `session-taken-over`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
