"""COSE_Sign1 with EdDSA (RFC 9052 §4.2), the form of every signed message (PROTOCOL.md §3.2).

Owns the envelope: protected header {1: -8 (EdDSA), 4: kid}, empty unprotected header, payload, signature over the
Sig_structure. Refuses to hold keys or do arithmetic: signing and verifying come in as callables. An envelope with any
other header, algorithm or attached parameter is refused, so one payload under one key has exactly one byte form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sync.protocol.codec import CodecError, decode, encode

TAG = 18
_EDDSA = -8
_ALGORITHM, _KID = 1, 4

Sign = Callable[[bytes], bytes]
"""Signs a message with the one key of this end; returns the 64-byte Ed25519 signature."""

Verify = Callable[[str, bytes, bytes], bool]
"""`verify(kid, message, signature)`: whether the key known under `kid` signed `message`; False for an unknown kid."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """An opened envelope; nothing in it may be believed before `verified_by` said yes."""

    kid: str
    payload: bytes
    signature: bytes

    def verified_by(self, verify: Verify) -> bool:
        """Say whether the key named by `kid` signed exactly this payload."""
        return verify(self.kid, _to_be_signed(self.kid, self.payload), self.signature)


def seal(kid: str, payload: bytes, sign: Sign) -> bytes:
    """Return the tagged COSE_Sign1 of `payload`."""
    signature = sign(_to_be_signed(kid, payload))
    return encode([_protected(kid), {}, payload, signature], tag=TAG)


def unseal(envelope: bytes) -> Sign1:
    """Open an envelope without believing it. Raises CodecError."""
    match decode(envelope, tag=TAG):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)] if not unprotected:
            pass
        case _:
            raise CodecError("not-cose", "not a COSE_Sign1 of four parts")
    match decode(protected):
        case {1: -8, 4: bytes(kid), **others} if not others:
            pass
        case _:
            raise CodecError("not-cose", "protected header")
    if len(signature) != 64 or not 0 < len(kid) <= 64:
        raise CodecError("not-cose", "signature or kid length")
    try:
        return Sign1(kid.decode("ascii"), payload, signature)
    except UnicodeDecodeError as error:
        raise CodecError("not-cose", "kid") from error


def _protected(kid: str) -> bytes:
    return encode({_ALGORITHM: _EDDSA, _KID: kid.encode("ascii")})


def _to_be_signed(kid: str, payload: bytes) -> bytes:
    return encode(["Signature1", _protected(kid), b"", payload])
