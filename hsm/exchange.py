"""One bounded HTTP exchange with a time-stamp service, an OCSP responder or a list of revoked certificates.

Owns the limits: one deadline for everything after the name is resolved (connect, TLS, a server that drips), the largest
answer, and no redirect of a request that has a body (a Wi-Fi portal answers so). Refuses other schemes than http and
https, proxies of the environment and cookies. What comes back is a stranger's bytes until its signature was checked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from urllib.parse import urljoin, urlsplit

_PIECE = 1 << 16
_MOST_REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)


class ExchangeError(Exception):
    """No usable answer. Codes: net-address, net-unreachable, net-timeout, net-refused, net-size, net-content."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def fetch(url: str, *, patience: float, largest: int) -> bytes:
    """GET: the body of a 200 answer, at most `largest` bytes, within `patience` seconds. Raises: ExchangeError."""
    for _ in range(_MOST_REDIRECTS):
        answer = _Exchange(url, patience, largest).run("GET", None, {})
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer.url)
    raise ExchangeError("net-refused", f"{url}: redirected too often")


def post(url: str, body: bytes, *, content_type: str, answer_type: str, patience: float, largest: int) -> bytes:
    """POST: the body of a 200 answer whose type is `answer_type`; never follows a redirect. Raises: ExchangeError."""
    headers = {"Content-Type": content_type, "Accept": answer_type}
    answer = _Exchange(url, patience, largest, answer_type).run("POST", body, headers)
    if isinstance(answer, bytes):
        return answer
    raise ExchangeError("net-refused", f"{url}: redirected to {answer.url}")


class _Moved:
    def __init__(self, url: str) -> None:
        self.url = url


class _Exchange:
    def __init__(self, url: str, patience: float, largest: int, answer_type: str = "") -> None:
        self._url, self._patience, self._largest, self._answer_type = url, patience, largest, answer_type
        self._late = False
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ExchangeError("net-address", url) from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ExchangeError("net-address", url)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection = (
            http.client.HTTPSConnection(parts.hostname, port, timeout=patience, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(parts.hostname, port, timeout=patience)
        )

    def run(self, verb: str, body: bytes | None, headers: dict[str, str]) -> bytes | _Moved:
        # The timeout of a socket begins anew with every byte: only the alarm ends a server that drips.
        alarm = threading.Timer(self._patience, self._end)
        alarm.daemon = True
        alarm.start()
        try:
            self._connection.request(verb, self._target, body, {"User-Agent": "commune-box", **headers})
            return self._read(self._connection.getresponse())
        except ExchangeError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._late or isinstance(error, TimeoutError):
                raise ExchangeError("net-timeout", f"{self._url}: {self._patience:g} s") from error
            raise ExchangeError("net-unreachable", f"{self._url}: {error}") from error
        finally:
            alarm.cancel()
            self._connection.close()

    def _read(self, answer: http.client.HTTPResponse) -> bytes | _Moved:
        if answer.status in _MOVED and (place := answer.getheader("Location")):
            return _Moved(place)
        if answer.status != 200:
            raise ExchangeError("net-refused", f"{self._url}: HTTP {answer.status}")
        told = (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        if self._answer_type and told != self._answer_type:
            raise ExchangeError("net-content", f"{self._url}: {told or 'no type'}")
        body = bytearray()
        while piece := answer.read1(_PIECE):
            body += piece
            if len(body) > self._largest:
                raise ExchangeError("net-size", f"{self._url}: more than {self._largest} bytes")
        if self._late:  # what the alarm cut off looks like a whole answer of a server that gave no length
            raise ExchangeError("net-timeout", f"{self._url}: {self._patience:g} s")
        return bytes(body)

    def _end(self) -> None:
        self._late = True
        raw = self._connection.sock
        if raw is not None:
            try:
                raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has already ended
