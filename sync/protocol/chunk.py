"""The chunk: 20 bytes of header, then bytes of the file (PROTOCOL.md §4.3).
 Owns the binary form `version u8 · flags u8 · tid 8 · offset u48 · crc32 u32`, big-endian. The checksum covers the
first 16 header bytes and what follows the header; it finds accidents, not forgery - that is the whole-file digest's
part. Flag 1: what follows is the content deflated. Refuses flags it does not know: they would change what bytes mean.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from zlib import crc32

from sync.protocol.codec import MAX_MESSAGE, CodecError
from sync.protocol.deflate import DEFLATE, inflated
from sync.protocol.fields import VERSION

HEADER_SIZE = 20
MAX_CONTENT = MAX_MESSAGE - HEADER_SIZE
ALIGNMENT = 1024
_HEADER = struct.Struct(">BB8sHI")
_CHECKSUM = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Chunk:
    """`content` stands at byte `offset` of the file of transfer `tid`."""

    tid: bytes
    offset: int
    content: bytes

    def encode(self, shrunk: bytes | None = None) -> bytes:
        """Return the payload of topics `c` and `x`; `shrunk`: the content deflated, which then travels instead.

        Raises CodecError.
        """
        if not 0 < len(self.content) <= MAX_CONTENT or not 0 <= self.offset < 2**48 or len(self.tid) != 8:
            raise CodecError("bad-chunk")
        flags, carried = (0, self.content) if shrunk is None else (DEFLATE, shrunk)
        header = _HEADER.pack(VERSION, flags, self.tid, self.offset >> 32, self.offset & 0xFFFFFFFF)
        return header + _CHECKSUM.pack(crc32(carried, crc32(header))) + carried

    @classmethod
    def decode(cls, payload: bytes) -> Chunk:
        """Read the payload of topics `c` and `x`. Raises CodecError."""
        if not HEADER_SIZE < len(payload) <= MAX_MESSAGE:
            raise CodecError("bad-chunk", f"{len(payload)} bytes")
        version, flags, tid, high, low = _HEADER.unpack_from(payload)
        if version != VERSION or flags & ~DEFLATE:
            raise CodecError("unsupported-version", f"chunk {version}/{flags}")
        content = payload[HEADER_SIZE:]
        (expected,) = _CHECKSUM.unpack_from(payload, _HEADER.size)
        if crc32(content, crc32(payload[: _HEADER.size])) != expected:
            raise CodecError("bad-chunk", "checksum")
        return cls(tid, high << 32 | low, inflated(content, MAX_CONTENT) if flags else content)
