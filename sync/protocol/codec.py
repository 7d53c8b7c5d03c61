"""Deterministic CBOR, and nothing but CBOR (RFC 8949 §4.2.3, PROTOCOL.md §3.1).

Owns the byte form of values built of None, bool, int (64 bit), str, bytes, list and dict. Refuses everything a
hostile peer could smuggle past a schema: floats, tags other than the one asked for, indefinite lengths, duplicate
keys, trailing bytes, deep nesting, and any byte form other than the deterministic one - so equal values always have
equal hashes. The only module that imports cbor2.
"""

from __future__ import annotations

import cbor2

MAX_MESSAGE = 64 * 1024
MAX_DEPTH = 8
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
_LEAVES, _SMALL = frozenset({str, bytes, bool, type(None)}), 2**63


class CodecError(ValueError):
    """These bytes are not a message of this wire; `code` is stable, the text is for a log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


def encode(value: object, tag: int | None = None) -> bytes:
    """Return the deterministic bytes of `value`, wrapped in CBOR tag `tag` (0..23) if given. Raises CodecError."""
    _check(value)
    try:
        return _tag_head(tag) + cbor2.dumps(value, canonical=True)
    except cbor2.CBOREncodeError as error:
        raise CodecError("not-encodable", str(error)) from error


def decode(encoded: bytes, tag: int | None = None) -> object:
    """Return the value in `encoded`, which must carry exactly CBOR tag `tag` (none by default). Raises CodecError."""
    if len(encoded) > MAX_MESSAGE:
        raise CodecError("oversize", f"{len(encoded)} bytes")
    head = _tag_head(tag)
    if not encoded.startswith(head):
        raise CodecError("not-cbor", f"tag {tag} missing")
    try:
        value = cbor2.loads(
            encoded[len(head) :], max_depth=MAX_DEPTH + 1, allow_indefinite=False, allow_duplicate_keys=False
        )
    except Exception as error:  # the decoder's tag converters raise many types; all mean the same here
        raise CodecError("not-cbor", str(error)[:120]) from error
    try:
        same = encode(value, tag) == encoded
    except CodecError as error:
        raise CodecError("not-deterministic", str(error)) from error
    if not same:
        raise CodecError("not-deterministic")
    return value


def _tag_head(tag: int | None) -> bytes:
    return b"" if tag is None else bytes([0xC0 | tag])


def _check(value: object, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise CodecError("not-encodable", "nested too deep")
    # By type first: nearly every value is one of these, and every message passes here twice.
    if type(value) in _LEAVES or (type(value) is int and 0 <= value <= _SMALL):
        return
    if value is None or isinstance(value, bool | str | bytes):
        return
    if isinstance(value, int):
        if not _INT_MIN <= value <= _INT_MAX:
            raise CodecError("not-encodable", "integer out of 64 bits")
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise CodecError("not-encodable", "map key is neither integer nor text")
            _check(item, depth + 1)
    else:
        raise CodecError("not-encodable", type(value).__name__)
