"""Reaches the province through an office's HTTP proxy: CONNECT (RFC 9110 §9.3.6), then TLS as ever.

Owns the one request and its answer. Refuses to trust the proxy with anything: it sees a host name and TLS records, and
the province's name is resolved by it, as an office without DNS of its own needs.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from sync.http_head import HeadEndless, answer_number, read_head


class ProxyRefused(OSError):
    """The proxy answered, but not by opening the way; `number` is that of HTTP, 0 for an answer not of HTTP."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the proxy answered {number}")
        self.number = number


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, and who we are there."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Read `http://[user:password@]host:port`, percent-encoded. Raises ValueError without the secret in it."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise ValueError("not http://host:port")
        if parts.port is None:  # itself a ValueError where it is no number
            raise ValueError("the proxy's port is missing")
        return cls(parts.hostname, parts.port, unquote(parts.username or ""), unquote(parts.password or ""))

    def dial(self, host: str, port: int, timeout: float) -> socket.socket:
        """Return a socket whose other end is `host`:`port`, within `timeout` seconds. Raises ProxyRefused, OSError."""
        end = time.monotonic() + timeout
        sock = socket.create_connection((self.host, self.port), timeout)
        try:
            sock.sendall(self._request(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))
            try:
                number = answer_number(read_head(sock, end))
            except HeadEndless as error:
                raise ProxyRefused(0) from error
            if not 200 <= number < 300:
                raise ProxyRefused(number)
            sock.settimeout(timeout)
        except BaseException:
            with contextlib.suppress(OSError):
                sock.close()
            raise
        return sock

    def _request(self, target: str) -> bytes:
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.user:
            secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {secret}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()
