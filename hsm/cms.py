"""The CMS of one PAdES signature, as DER: signed attributes to be signed, and SignedData around the signature.

Written out here and not by a library's encoder: the structure is fixed (RFC 5652, RFC 5035, ETSI EN 319 122-1 for
baseline B), only four values vary, and a general encoder spends half of a signature's time on it. Exactly three
attributes, as the signer process demands (`hsm.signed_attributes`); the certificate chain stands in it once, the leaf
included, because receivers often know the root alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from asn1crypto import algos, x509

_CONTENT_OID = bytes.fromhex("06092a864886f70d010701")
_SIGNED_OID = bytes.fromhex("06092a864886f70d010702")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")
_SHA256 = bytes.fromhex("300b0609608648016503040201")
_VERSION_1 = bytes.fromhex("020101")


def signed_attributes(certificate: bytes, digest: bytes) -> bytes:
    """The DER SET of attributes for a document's `digest` (SHA-256), naming the signer's `certificate` (DER)."""
    issuer, serial = _issuer_and_serial(certificate)
    named = _tlv(0x30, _tlv(0x30, _tlv(0xA4, issuer)), serial)
    certificate_id = _tlv(0x30, _tlv(0x04, sha256(certificate).digest()), named)
    return _tlv(
        0x31,
        *sorted(
            (
                _attribute(_CONTENT_TYPE, _CONTENT_OID),
                _attribute(_MESSAGE_DIGEST, _tlv(0x04, digest)),
                _attribute(_SIGNING_CERTIFICATE_V2, _tlv(0x30, _tlv(0x30, certificate_id))),
            )
        ),
    )


def detached(
    certificate: bytes,
    intermediates: Sequence[bytes],
    attributes: bytes,
    signature: bytes,
    algorithm: algos.SignedDigestAlgorithm,
) -> bytes:
    """ContentInfo with detached SignedData: one signer, the certificates (DER, each once), no unsigned attributes."""
    signer = _tlv(
        0x30,
        _VERSION_1,
        _tlv(0x30, *_issuer_and_serial(certificate)),
        _SHA256,
        b"\xa0" + attributes[1:],  # [0] IMPLICIT: the same SET under another tag
        algorithm.dump(),
        _tlv(0x04, signature),
    )
    content = _tlv(
        0x30,
        _VERSION_1,
        _tlv(0x31, _SHA256),
        _tlv(0x30, _CONTENT_OID),
        _tlv(0xA0, *sorted({certificate, *intermediates})),
        _tlv(0x31, signer),
    )
    return _tlv(0x30, _SIGNED_OID, _tlv(0xA0, content))


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    leaf = x509.Certificate.load(certificate)
    return leaf.issuer.dump(), leaf["tbs_certificate"]["serial_number"].dump()


def _attribute(name: bytes, value: bytes) -> bytes:
    return _tlv(0x30, name, _tlv(0x31, value))


def _tlv(tag: int, *parts: bytes) -> bytes:
    size = sum(map(len, parts))
    if size < 0x80:
        length = bytes([size])
    else:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(digits)]) + digits
    return b"".join((bytes([tag]), length, *parts))
