"""The broker's TLS inside a WebSocket inside HTTPS: what an office's proxy looks at is an ordinary https page.

Owns the inner TLS over a carrier of bytes; looks like a socket to `sync.mqtt`. The outer TLS is for the proxy, which
may even be its end (one that inspects, with a CA of its own: `WebSocketWay.ca`); who the broker is, and who the box, is
proved by the inner one alone, end to end, with the same files and the same broker as without a proxy.
Why not the broker's own WebSocket: a mosquitto 2.0.11 that was told to read its lists anew (SIGHUP, at every enrolment)
dies of the next connection to such a listener, resumed sessions get past its list of the revoked, and it gives about
50 KB/s to one client (measured, Debian 12).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from pathlib import Path

from sync.websocket import WebSocket, WebSocketWay

_PIECE = 32 * 1024


class Tunnelled:
    """A TLS connection over a WebSocket."""

    def __init__(self, carrier: WebSocket, context: ssl.SSLContext, host: str) -> None:
        self._carrier = carrier
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.secured = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._sealed = b""
        """Bytes of TLS that the carrier was given and did not take yet."""
        self._promised = 0
        """Bytes of the packet that is sealed and whose sending was not yet told."""
        self._starved = True
        """The inner TLS has used all that came."""

    @property
    def tcp(self) -> socket.socket:
        """The socket that the kernel knows."""
        return self._carrier.tls

    def shake_hands(self, end: float) -> None:
        """Make the inner connection until `end` (monotonic seconds). Raises OSError (ssl.SSLError among them)."""
        while True:
            try:
                self.secured.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError("no handshake in time") from None
                self.tcp.settimeout(left)
                came = self._carrier.recv(_PIECE)
                if not came:
                    raise ConnectionResetError("hung up in the handshake") from None
                self._in.write(came)
            else:
                self._flush()
                return

    # --- what paho asks of a socket -----------------------------------------------------------------------------------

    def send(self, data: bytes | bytearray) -> int:
        """Send all the bytes, or raise BlockingIOError (or of TLS, that it waits) and be asked with them again."""
        if not self._promised:
            self._promised = self.secured.write(data)
        self._flush()
        done, self._promised = self._promised, 0
        return done

    def recv(self, most: int) -> bytes:
        """Return at least a byte; b"" at the end. Raises BlockingIOError or SSLWantReadError when nothing is here."""
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                try:
                    return self.secured.read(most)
                except ssl.SSLZeroReturnError:
                    return b""
            self._starved = True
            came = self._carrier.recv(_PIECE)
            if not came:
                return b""
            self._in.write(came)
            self._starved = False

    def pending(self) -> int:
        """Bytes that wait here or below, of which the kernel would not tell; part of a record is none of them."""
        return self.secured.pending() + (0 if self._starved else self._in.pending) + self._carrier.pending()

    def fileno(self) -> int:
        """As of a socket."""
        return self.tcp.fileno()

    def setblocking(self, flag: bool) -> None:
        """As of a socket."""
        self.tcp.setblocking(flag)

    def shutdown(self, how: int) -> None:
        """As of a socket."""
        self.tcp.shutdown(how)

    def close(self) -> None:
        """As of a socket."""
        self.tcp.close()

    def _flush(self) -> None:
        while self._sealed or self._out.pending:
            self._sealed = self._sealed or self._out.read(_PIECE)
            self._carrier.send(self._sealed)
            self._sealed = b""


class Outer:
    """The TLS that the proxy sees: one context for a link, and the session of the connection before."""

    def __init__(self, ca: Path) -> None:
        self._ca = ca
        self._version = (0, 0, 0)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._session: ssl.SSLSession | None = None

    def wrap(self, raw: socket.socket, host: str) -> ssl.SSLSocket:
        """Shake hands over a connected socket. Raises OSError (ssl.SSLError among them); the socket is closed then."""
        try:
            held = self._ca.stat()
            version = (held.st_ino, held.st_size, held.st_mtime_ns)
            if version != self._version:
                self._context = ssl.create_default_context(cafile=str(self._ca))
                self._context.minimum_version = ssl.TLSVersion.TLSv1_2
                self._version, self._session = version, None
            session, self._session = self._session, None
            return self._context.wrap_socket(raw, server_hostname=host, session=session)
        except BaseException:
            raw.close()
            raise

    def remember(self, sock: object) -> None:
        """The broker accepted a connection over this socket: the next one may go on with its session."""
        if isinstance(sock, ssl.SSLSocket) and sock.context is self._context:
            self._session = sock.session


def open_tunnel(
    raw: socket.socket, outer: Outer, inner: ssl.SSLContext, host: str, way: WebSocketWay, seconds: float
) -> Tunnelled:
    """Make all three layers over a connected socket, within `seconds`; closes it where that fails.

    Raises WebSocketRefused, OSError (ssl.SSLError and TimeoutError among them).
    """
    end = time.monotonic() + seconds
    raw.settimeout(seconds)
    sock = outer.wrap(raw, host)
    carrier = WebSocket.open(sock, host, way, max(0.01, end - time.monotonic()))
    try:
        tunnel = Tunnelled(carrier, inner, host)
        tunnel.shake_hands(end)
    except BaseException:
        with contextlib.suppress(OSError):
            sock.close()
        raise
    return tunnel


def tcp_of(sock: socket.socket | Tunnelled) -> socket.socket:
    """The socket that the kernel knows."""
    return sock.tcp if isinstance(sock, Tunnelled) else sock
