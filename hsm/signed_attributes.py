"""What the signer process agrees to sign: CMS signed attributes of one document under the enrolled certificate.

A token that signs any bytes handed to it would sign anything. So the process parses the DER, and refuses what is not
exactly a PAdES signature by the enrolled certificate (signing.md 5.2).
"""

from __future__ import annotations

import hashlib

from asn1crypto import cms
from asn1crypto import tsp as _tsp  # importing it teaches `cms` the signing-certificate-v2 attribute

from hsm.api import FaultClass, SigningError

assert _tsp.SigningCertificateV2


def message_digest(attributes: bytes, certificate_der: bytes) -> bytes:
    """The document digest (32 bytes SHA-256) inside acceptable signed attributes.

    Raises: SigningError (CONFIG; `attributes-unreadable`, `attributes-not-acceptable`, `certificate-not-enrolled`).
    """
    if attributes[:1] != b"\x31":
        raise SigningError(FaultClass.CONFIG, "attributes-unreadable", "not a DER SET")
    try:
        found = {}
        for attribute in cms.CMSAttributes.load(attributes, strict=True):
            name = attribute["type"].native
            if name in found or len(attribute["values"]) != 1:
                raise SigningError(FaultClass.CONFIG, "attributes-not-acceptable", f"repeated {name}")
            found[name] = attribute["values"][0]
        return _check(found, certificate_der)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise SigningError(FaultClass.CONFIG, "attributes-unreadable", str(error)) from error


def _check(found: dict, certificate_der: bytes) -> bytes:
    missing = {"content_type", "message_digest", "signing_certificate_v2"} - set(found)
    if missing:
        raise SigningError(FaultClass.CONFIG, "attributes-not-acceptable", f"missing {sorted(missing)}")
    if found["content_type"].native != "data":
        raise SigningError(FaultClass.CONFIG, "attributes-not-acceptable", "content type is not data")
    digest = found["message_digest"].native
    if len(digest) != 32:
        raise SigningError(FaultClass.CONFIG, "attributes-not-acceptable", "message digest is not SHA-256")
    named = found["signing_certificate_v2"]["certs"][0]
    if named["hash_algorithm"]["algorithm"].native != "sha256":
        raise SigningError(FaultClass.CONFIG, "attributes-not-acceptable", "certificate digest is not SHA-256")
    if named["cert_hash"].native != hashlib.sha256(certificate_der).digest():
        raise SigningError(FaultClass.CONFIG, "certificate-not-enrolled", "the attributes name another certificate")
    return bytes(digest)
