"""The digests of a file and of its signatures' byte ranges, from one reading.

A signature covers the file up to its own hole and then a few bytes behind it, so all of these digests begin alike: one
running digest is copied at every hole. pyHanko would read the file anew for each, in pieces of 4 KiB. What it finds in
`EmbeddedPdfSignature.external_digests` it does not compute again; every rule about ranges stays with it and
`hsm.judging`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import BinaryIO

from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

_PIECE = 1 << 16
"""As quick as more, and a forked child pays for every page that it touches."""


def read_once(stream: BinaryIO, signatures: Sequence[EmbeddedPdfSignature]) -> str:
    """Give each signature over SHA-256 its byte range's digest; returns the file's own (hexadecimal).

    A byte range of another shape than [0, a, b, n] with a <= b and b + n within the file is left to pyHanko.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    buffer = memoryview(bytearray(_PIECE))
    running, at = hashlib.sha256(), 0
    for first, second, length, signature in sorted(_plain(signatures, size), key=lambda each: each[0]):
        _feed(running, stream, at, first - at, buffer)
        own, at = running.copy(), first
        _feed(own, stream, second, length, buffer)
        signature.external_digests["sha256"] = own.digest()
    _feed(running, stream, at, size - at, buffer)
    return running.hexdigest()


def _plain(signatures: Sequence[EmbeddedPdfSignature], size: int) -> list[tuple[int, int, int, EmbeddedPdfSignature]]:
    found = []
    for signature in signatures:
        try:
            parts = [int(part) for part in signature.byte_range]
            usual = signature.external_md_algorithm == "sha256" and len(parts) == 4 and parts[0] == 0
        except Exception:  # Hostile input: whatever breaks is told by the judge, and hides no other signature.
            continue
        if usual and 0 <= parts[1] <= parts[2] and parts[3] >= 0 and parts[2] + parts[3] <= size:
            found.append((parts[1], parts[2], parts[3], signature))
    return found


def _feed(digest: hashlib._Hash, stream: BinaryIO, start: int, length: int, buffer: memoryview) -> None:
    """`length` bytes from `start` into the digest. Raises: OSError when the file has become shorter."""
    stream.seek(start)
    while length:
        count = stream.readinto(buffer[: min(length, len(buffer))])  # type: ignore[attr-defined]
        if not count:
            raise OSError("the file became shorter while it was read")
        digest.update(buffer[:count])
        length -= count
