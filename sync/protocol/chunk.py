"""The chunk: a header, then bytes of the file (PROTOCOL.md §4.3).

Owns the binary form `version u8 · flags u8 · tid 8 · offset u48 · crc32 u32`, big-endian. The checksum covers the
first 16 header bytes and what follows the header; it finds accidents, not forgery - that is the whole-file digest's
part. Flag 1: what follows is the content deflated. Flag 4: the header is short, `version · flags · first 2 bytes of
tid · offset u32 · crc32`, with the checksum of the long one, so that it fits one transfer only: 8 bytes less, which on
a 2G line that is cut every 20 s are 0.4 % of all. Refuses flags it does not know: they would change what bytes mean.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from sync.protocol.codec import MAX_MESSAGE, CodecError
from sync.protocol.deflate import DEFLATE, inflated
from sync.protocol.fields import VERSION

HEADER_SIZE = 20
MAX_CONTENT = MAX_MESSAGE - HEADER_SIZE
ALIGNMENT = 1024
SHORT = 4
"""The flag of a chunk with a short header, and the bit of a have that says that such are understood."""
PREFIX_SIZE = 2
_SHORT_SIZE = 12
_HEADER = struct.Struct(">BB8sHI")
_SHORT = struct.Struct(">BB2sI")
_CHECKSUM = struct.Struct(">I")


class NoSuchTransfer(CodecError):
    """A short header of which no open transfer is meant: a late repetition."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`content` stands at byte `offset` of the file of transfer `tid`."""

    tid: bytes
    offset: int
    content: bytes

    def encode(self, shrunk: bytes | None = None, short: bool = False) -> bytes:
        """Return the payload of topics `c` and `x`.

        `shrunk`: the content deflated, which then travels instead. `short`: with a short header if the offset fits.
        Raises CodecError.
        """
        if not 0 < len(self.content) <= MAX_CONTENT or not 0 <= self.offset < 2**48 or len(self.tid) != 8:
            raise CodecError("bad-chunk")
        flags, carried = (0, self.content) if shrunk is None else (DEFLATE, shrunk)
        header = _header(flags, self.tid, self.offset)
        checksum = _CHECKSUM.pack(crc32(carried, crc32(header)))
        if short and self.offset < 2**32:
            header = _SHORT.pack(VERSION, flags | SHORT, self.tid[:PREFIX_SIZE], self.offset)
        return header + checksum + carried

    @classmethod
    def decode(cls, payload: bytes, tids: Iterable[bytes] = ()) -> Chunk:
        """Read the payload of topics `c` and `x`; `tids`: the transfers that a short header may mean.

        Raises CodecError, NoSuchTransfer.
        """
        if not _SHORT_SIZE < len(payload) <= MAX_MESSAGE:
            raise CodecError("bad-chunk", f"{len(payload)} bytes")
        version, flags = payload[:2]
        if version != VERSION or flags & ~(DEFLATE | SHORT):
            raise CodecError("unsupported-version", f"chunk {version}/{flags}")
        if flags & SHORT:
            tid, offset, content = _of_short(payload, flags, tids)
        else:
            tid, offset, content = _of_long(payload)
        return cls(tid, offset, inflated(content, MAX_CONTENT) if flags & DEFLATE else content)


def prefix(payload: bytes) -> bytes | None:
    """How the transfer of a chunk with a short header begins; None for any other message."""
    return payload[2 : 2 + PREFIX_SIZE] if len(payload) > _SHORT_SIZE and payload[1] & SHORT else None


def _header(flags: int, tid: bytes, offset: int) -> bytes:
    return _HEADER.pack(VERSION, flags, tid, offset >> 32, offset & 0xFFFFFFFF)


def _of_long(payload: bytes) -> tuple[bytes, int, bytes]:
    if len(payload) <= HEADER_SIZE:
        raise CodecError("bad-chunk", f"{len(payload)} bytes")
    _, _, tid, high, low = _HEADER.unpack_from(payload)
    content = payload[HEADER_SIZE:]
    (expected,) = _CHECKSUM.unpack_from(payload, _HEADER.size)
    if crc32(content, crc32(payload[: _HEADER.size])) != expected:
        raise CodecError("bad-chunk", "checksum")
    return tid, high << 32 | low, content


def _of_short(payload: bytes, flags: int, tids: Iterable[bytes]) -> tuple[bytes, int, bytes]:
    _, _, begin, offset = _SHORT.unpack_from(payload)
    (expected,) = _CHECKSUM.unpack_from(payload, _SHORT.size)
    content = payload[_SHORT_SIZE:]
    for tid in tids:
        if tid.startswith(begin) and crc32(content, crc32(_header(flags & ~SHORT, tid, offset))) == expected:
            return tid, offset, content
    raise NoSuchTransfer("bad-chunk", "no transfer")
