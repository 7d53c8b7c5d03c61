"""Reading integer-keyed maps: typed, bounded, and keeping what a newer peer added (PROTOCOL.md §3.1).

Owns the rules every CBOR message shares: key 0 is the version and must be one we speak, a known key must have its
type, an unknown integer key is kept in `extra` and travels on unchanged. Refuses with CodecError, never with KeyError
or TypeError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sync.protocol.codec import CodecError, decode

VERSION = 1
_T = TypeVar("_T")


class Fields:
    """One decoded message whose keys are taken out one after another; what remains is `extra`."""

    def __init__(self, encoded: bytes) -> None:
        """Decode `encoded`. Raises CodecError `unsupported-version` when key 0 is not this version.

        `not-a-map` otherwise.
        """
        decoded = decode(encoded)
        if not isinstance(decoded, dict):
            raise CodecError("not-a-map")
        self._left: dict[object, object] = dict(decoded)
        if self.take(0, int) != VERSION:
            raise CodecError("unsupported-version", repr(decoded.get(0))[:40])

    def take(self, key: int, kind: type[_T]) -> _T:
        """Take a required field out. Raises CodecError."""
        value = self._left.pop(key, None)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise CodecError("bad-field", f"key {key}")
        return value

    def optional(self, key: int, kind: type[_T], default: _T) -> _T:
        """Take a field out that may be missing. Raises CodecError when it is there with another type."""
        return self.take(key, kind) if key in self._left else default

    def count(self, key: int, default: int | None = None, most: int = 2**63 - 1) -> int:
        """Take an unsigned integer out, at most `most`. Raises CodecError."""
        value = self.take(key, int) if default is None else self.optional(key, int, default)
        if not 0 <= value <= most:
            raise CodecError("bad-field", f"key {key} out of range")
        return value

    def text(self, key: int, most: int, default: str | None = None) -> str:
        """Take a text of at most `most` characters out. Raises CodecError."""
        value = self.take(key, str) if default is None else self.optional(key, str, default)
        if len(value) > most:
            raise CodecError("bad-field", f"key {key} too long")
        return value

    def words(self, key: int, most: int) -> str:
        """Take a text for people out: printable, but for line ends and tabs. Raises CodecError."""
        value = self.text(key, most)
        if not all(letter.isprintable() or letter in "\n\t" for letter in value):
            raise CodecError("bad-field", f"key {key} is not printable")
        return value

    def moment(self, key: int) -> int:
        """Take Unix seconds out, up to the year 9999. Raises CodecError."""
        return self.count(key, most=253402300799)

    def digest(self, key: int) -> bytes:
        """Take a 32-byte digest out. Raises CodecError."""
        value = self.take(key, bytes)
        if len(value) != 32:
            raise CodecError("bad-field", f"key {key} is no digest")
        return value

    def extra(self) -> dict[int, object]:
        """Return what no one took.

        The fields of a newer minor version. Raises CodecError on a key that is not an integer.
        """
        if not all(isinstance(key, int) for key in self._left):
            raise CodecError("bad-field", "a key is not an integer")
        return {key: value for key, value in self._left.items() if isinstance(key, int)}


def with_extra(known: dict[int, object], extra: Mapping[int, object]) -> dict[int, object]:
    """Return the map to encode: version, known fields and whatever else the message carried."""
    return {**extra, 0: VERSION, **known}
