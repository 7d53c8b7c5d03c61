"""Chunks that travel smaller than they are (PROTOCOL.md §4.3): which ones, and how they are read.

Owns the form (raw DEFLATE, RFC 1951, one stream for a chunk) and the probe. A chunk is deflated by itself, so ranges,
revisions, receipts and sticks know the file's own bytes only. Measured: of signed archive copies a fifth is saved, as
much in chunks of 2 KiB as of the whole file, for it is in signatures' empty room and in hexadecimal; of scans as they
come from a scanner often nothing. So it is tried, and given up for a document while it does not help.
"""

from __future__ import annotations

import zlib
from collections.abc import Container

from sync.protocol.codec import CodecError

DEFLATE = 1
"""The flag of a chunk, and the bit of a have that says that such chunks are understood."""
_LEAST_SHARE = 32
"""A 32nd of the content must be saved, or it goes as it is: less would not pay for the work at the other end."""
_FRUITLESS_MOST, _AGAIN_EVERY = 8, 8


def deflated(content: bytes) -> bytes:
    """The whole content as one stream."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush()


def inflated(stream: bytes, most: int) -> bytes:
    """What a stream holds, 1 to `most` bytes. Raises CodecError for more, for less, and for anything after its end."""
    reader = zlib.decompressobj(-15)
    try:
        content = reader.decompress(stream, most + 1)
    except zlib.error as error:
        raise CodecError("bad-chunk", "deflate") from error
    if not 0 < len(content) <= most or not reader.eof or reader.unused_data:
        raise CodecError("bad-chunk", "deflate")
    return content


class Shrinking:
    """The probe of one sending end."""

    def __init__(self) -> None:
        self._fruitless: dict[str, int] = {}
        """Chunks in a row that gained nothing, by document."""

    def shrunk(self, document_id: str, content: bytes) -> bytes | None:
        """The content deflated, or None where that saves too little or probably would."""
        fruitless = self._fruitless.get(document_id, 0)
        if fruitless >= _FRUITLESS_MOST and fruitless % _AGAIN_EVERY:
            self._fruitless[document_id] = fruitless + 1
            return None
        small = deflated(content)
        if len(small) > len(content) - len(content) // _LEAST_SHARE - 1:
            self._fruitless[document_id] = fruitless + 1
            return None
        self._fruitless.pop(document_id, None)
        return small

    def keep_only(self, document_ids: Container[str]) -> None:
        """All others are answered, or gone."""
        self._fruitless = {key: count for key, count in self._fruitless.items() if key in document_ids}
