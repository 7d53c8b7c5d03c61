"""The link's bytes inside WebSocket frames (RFC 6455), for an office whose proxy lets nothing through but HTTPS.

Owns the opening request and the framing over a TLS socket that is open already; looks like that socket to `sync.mqtt`.
MQTT's packets may lie across frames in any way (MQTT 5 §6.0), so what comes is one stream of bytes. paho 2.2 has a
wrapper of its own, which this replaces: it answers 0 to a frame that the kernel took half of, whereupon paho forgets
the packet and counts the rest for the next one; it hides the kernel's unsent tail and the TLS session; it reads an
opening answer of any length.
Invariants: a frame is sent whole or `send` raises BlockingIOError and is asked for the same bytes again; what the other
side sends against the protocol ends the connection.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import ssl
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from sync.http_head import HeadEndless, answer_number, fields, read_head

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x2, 0x8, 0x9, 0xA
_MOST_CONTROL = 125
_PIECE = 64 * 1024


class WebSocketRefused(OSError):
    """The other side answered, but not by becoming a WebSocket; `number` is that of HTTP, 0 for no sound answer."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no WebSocket: {number}")
        self.number = number


@dataclass(frozen=True, slots=True)
class WebSocketWay:
    """How the broker is reached over WebSocket."""

    port: int = 443
    path: str = "/mqtt"
    ca: Path | None = None
    """Whom the outer TLS believes (PEM), an office's inspecting proxy for one; None: the province's own CA."""
    keepalive: int = 55
    """Seconds; proxies commonly end what was silent for 60. Costs about 420 KiB a day, where plain MQTT costs 150."""


def request(host: str, port: int, path: str, key: str) -> bytes:
    """The opening request (RFC 6455 §4.1); `key` is 16 random bytes in base64."""
    name = f"[{host}]" if ":" in host else host
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {name}" if port == 443 else f"Host: {name}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: mqtt",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def check_answer(head: bytes, key: str) -> None:
    """Refuse an answer that does not open exactly the WebSocket asked for. Raises WebSocketRefused."""
    number = answer_number(head)
    if number != 101:
        raise WebSocketRefused(number)
    said = fields(head)
    accept = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()  # RFC 6455 §4.2.2
    if (
        said.get("upgrade", "").lower() != "websocket"
        or "upgrade" not in said.get("connection", "").lower()
        or said.get("sec-websocket-accept") != accept
        or said.get("sec-websocket-protocol") != "mqtt"
    ):
        raise WebSocketRefused(0)


def frame(opcode: int, content: bytes, mask: bytes) -> bytes:
    """One whole frame of a client: masked by 4 bytes (RFC 6455 §5.3)."""
    length = len(content)
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
    whole = int.from_bytes((mask * (length // 4 + 1))[:length], "little")
    return head + mask + (int.from_bytes(content, "little") ^ whole).to_bytes(length, "little")


class Frames:
    """A server's frames, from bytes in pieces of any size. What messages hold passes through; nothing of it is kept."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._opcode = _BINARY
        self._left = 0
        self._control = bytearray()
        self._inside = False
        """Between the first and the last frame of a message."""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return (opcode, content) of whole control frames and (2, piece) of messages. Raises WebSocketRefused."""
        told: list[tuple[int, bytes]] = []
        at = 0
        while at < len(data) or (self._left == 0 and self._opcode >= _CLOSE):
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                if self._opcode < _CLOSE:
                    told.append((_BINARY, piece))
                    continue
                self._control += piece
            elif self._opcode < _CLOSE:
                self._head.append(data[at])
                at += 1
                self._begin()
                continue
            if self._left == 0:
                told.append((self._opcode, bytes(self._control)))
                self._control.clear()
                self._opcode = _BINARY
        return told

    def _begin(self) -> None:
        """Take the head of a frame when it is whole."""
        head = self._head
        if len(head) < 2:
            return
        final, opcode, length = head[0] & 0x80, head[0] & 0x0F, head[1] & 0x7F
        more = {126: 2, 127: 8}.get(length, 0)
        if head[0] & 0x70 or head[1] & 0x80 or opcode not in (_CONTINUATION, _BINARY, _CLOSE, _PING, _PONG):
            raise WebSocketRefused(0)  # extensions nobody asked for, a masked frame of a server, text
        if opcode >= _CLOSE and (length > _MOST_CONTROL or not final):
            raise WebSocketRefused(0)
        if opcode < _CLOSE and (opcode == _BINARY) == self._inside:
            raise WebSocketRefused(0)
        if len(head) < 2 + more:
            return
        if more:
            length = int.from_bytes(head[2:], "big")
        if length >> 63:
            raise WebSocketRefused(0)
        if opcode < _CLOSE:
            self._inside = not final
        self._opcode = opcode if opcode >= _CLOSE else _BINARY
        self._left = length
        head.clear()


class WebSocket:
    """A TLS socket that speaks WebSocket; not blocking once it was opened."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self.tls = sock
        self._frames = Frames()
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._promised = 0
        """Bytes of the packet that `_outbox` ends with and whose sending was not yet told."""

    @classmethod
    def open(cls, sock: ssl.SSLSocket, host: str, way: WebSocketWay, seconds: float) -> WebSocket:
        """Ask for the WebSocket, within `seconds`. Closes the socket where that fails.

        Raises WebSocketRefused, TimeoutError, OSError.
        """
        end = time.monotonic() + seconds
        key = base64.b64encode(os.urandom(16)).decode()
        try:
            sock.settimeout(seconds)
            sock.sendall(request(host, way.port, way.path, key))
            try:
                check_answer(read_head(sock, end), key)
            except HeadEndless as error:
                raise WebSocketRefused(0) from error
        except BaseException:
            with contextlib.suppress(OSError):
                sock.close()
            raise
        return cls(sock)

    def send(self, data: bytes | bytearray) -> int:
        """Send the bytes as one frame; all of them, or raise BlockingIOError and be asked again with the same ones."""
        if not self._promised:
            self._outbox += frame(_BINARY, bytes(data), os.urandom(4))
            self._promised = len(data)
        self._flush()
        if self._outbox:
            raise BlockingIOError
        done, self._promised = self._promised, 0
        return done

    def recv(self, most: int) -> bytes:
        """Return content of messages, at least a byte; b"" at the end. Raises BlockingIOError, WebSocketRefused."""
        while not self._inbox:
            data = self.tls.recv(_PIECE)
            if not data:
                return b""
            for opcode, content in self._frames.feed(data):
                if opcode == _BINARY:
                    self._inbox += content
                elif opcode == _PING:
                    self._answer(_PONG, content)
                elif opcode == _CLOSE:
                    self._answer(_CLOSE, content[:2])
                    return b""
        piece = bytes(self._inbox[:most])
        del self._inbox[:most]
        return piece

    def pending(self) -> int:
        """Bytes that wait here or in TLS, of which the kernel would not tell."""
        return len(self._inbox) + self.tls.pending()

    def _answer(self, opcode: int, content: bytes) -> None:
        """Behind what is under way; where the kernel takes nothing now it goes with the next packet."""
        self._outbox += frame(opcode, content, os.urandom(4))
        with contextlib.suppress(OSError):
            self._flush()

    def _flush(self) -> None:
        while self._outbox:
            sent = self.tls.send(self._outbox)
            del self._outbox[:sent]
