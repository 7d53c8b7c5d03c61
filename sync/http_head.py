"""The head of an HTTP answer, read from a socket whose next byte belongs to somebody else (RFC 9112 §2).

Owns the bounds: a length, and a moment after which nothing is waited for. Decides nothing about what the answer means.
"""

from __future__ import annotations

import re
import socket
import time

MOST = 16 * 1024
_FIRST_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")


class HeadEndless(OSError):
    """More than 16 KiB without an end, or the other side hung up in the middle: not an answer of HTTP."""


def read_head(sock: socket.socket, end: float) -> bytes:
    """Read to the empty line and not a byte further, until `end` (monotonic seconds).

    Raises HeadEndless, TimeoutError, ConnectionResetError (hung up before the first byte), OSError of the socket.
    """
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer of HTTP in time")
        sock.settimeout(left)
        byte = sock.recv(1)
        if not byte and not head:
            raise ConnectionResetError("hung up instead of an answer of HTTP")
        head += byte
        if not byte or len(head) > MOST:
            raise HeadEndless("not an answer of HTTP")
    return bytes(head)


def answer_number(head: bytes) -> int:
    """The number of HTTP in a head; 0 where it is none."""
    found = _FIRST_LINE.match(head)
    return int(found.group(1)) if found else 0


def fields(head: bytes) -> dict[str, str]:
    """The header fields, names in small letters; a later one of a name wins."""
    found = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found
