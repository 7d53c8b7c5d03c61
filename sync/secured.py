"""TLS of one link over all its dials: one context, and the session of the connection before it.

On a line that is cut every 20 s a tenth of what travels may be handshakes. A resumed one (RFC 8446 §2.2, RFC 5077)
carries no certificates: 1.0 KiB up and down instead of 1.6 and 2.7 (measured with mosquitto, which gives tickets and
knows the client by them). Owns the settings of TLS. Invariants: a session goes only to the broker that gave it, within
the context that verified it; other files make another context and begin without one, and so does a dial after faults.
"""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import Any

_PADDING = 0x10
"""SSL_OP_TLSEXT_PADDING: 270 bytes of nothing, for a load balancer's fault of 2013."""
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, all of its forward-secret AEAD ones; a longer list is only more bytes."""
_FAULTS = frozenset({"tls-failed", "server-certificate-untrusted"})
_MOST_FAILURES = 3


class _Context(ssl.SSLContext):
    """Offers the session that it was given to every connection it makes to the host that gave it: in a resumed
    handshake no certificate comes, so that nobody would look at its name."""

    offered: ssl.SSLSession | None = None
    given_by: str | None = None

    def wrap_socket(self, sock: Any, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        """As the original; paho has no way to name a session."""
        return super().wrap_socket(sock, *arguments, **self._offering(named))

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """The same, where TLS goes through a tunnel."""
        return super().wrap_bio(*arguments, **self._offering(named))

    def _offering(self, named: dict[str, Any]) -> dict[str, Any]:
        return {"session": self.offered if named.get("server_hostname") == self.given_by else None, **named}


class Secured:
    """What a link needs to dial, from its files."""

    def __init__(self, ca: Path, certificate: Path, key: Path) -> None:
        self._files = (ca, certificate, key)
        self._version: list[tuple[int, int, int]] = []
        self._context: _Context | None = None
        self._failures = 0

    def context(self) -> ssl.SSLContext:
        """The context for the next dial. Raises OSError (ssl.SSLError among them) where the files cannot be used."""
        version = [(held.st_ino, held.st_size, held.st_mtime_ns) for held in (path.stat() for path in self._files)]
        if self._context is None or version != self._version:
            self._context, self._version = self._made(), version
        return self._context

    def remember(self, sock: Any) -> None:
        """The broker accepted this connection: the next one may go on with its session."""
        self._failures = 0
        if (
            self._context is not None
            and isinstance(sock, ssl.SSLSocket | ssl.SSLObject)
            and sock.context is self._context
        ):
            with contextlib.suppress(ValueError):
                self._context.offered, self._context.given_by = sock.session, sock.server_hostname

    def failed(self, code: str) -> None:
        """A dial ended before the broker accepted it. A line that was cut is no reason to begin anew, but whatever it
        is, an old session shall not break every dial: after three of them, or a fault of TLS, none is offered."""
        self._failures += 1
        if self._context is not None and (code in _FAULTS or self._failures >= _MOST_FAILURES):
            self._context.offered = None

    def _made(self) -> _Context:
        ca, certificate, key = map(str, self._files)
        context = _Context(ssl.PROTOCOL_TLS_CLIENT)  # asks for a certificate, and for the name it was issued to
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options &= ~_PADDING
        context.set_ciphers(_CIPHERS)
        context.load_verify_locations(ca)
        context.load_cert_chain(certificate, key)
        return context
