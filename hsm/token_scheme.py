"""How each signature policy is asked of a token: mechanism, parameters, and who hashes (signing.md 5.3).

Which of a policy's two mechanisms serves is chosen at enrolment from what the token offers, never at the moment of
signing. With a bare mechanism this process hashes, so it has always seen the signed attributes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set

import pkcs11
from asn1crypto import x509
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as p11
from pkcs11.util.ec import encode_ecdsa_signature

from hsm.api import FaultClass, SigningError

_HASHING = {
    "rsa-v15": Mechanism.SHA256_RSA_PKCS,
    "rsa-pss": Mechanism.SHA256_RSA_PKCS_PSS,
    "ecdsa-p256": Mechanism.ECDSA_SHA256,
}
_BARE = {"rsa-v15": Mechanism.RSA_PKCS, "rsa-pss": Mechanism.RSA_PKCS_PSS, "ecdsa-p256": Mechanism.ECDSA}
_PSS = (Mechanism.SHA256, pkcs11.MGF.SHA256, 32)
"""Salt as long as the digest; the greatest possible salt, which some tools take, is not what verifiers expect."""
_DIGEST_HEADER = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256, which bare CKM_RSA_PKCS expects to be given whole."""
_KEY_TYPES = {"rsa-v15": KeyType.RSA, "rsa-pss": KeyType.RSA, "ecdsa-p256": KeyType.EC}


def who_hashes(policy: str, offered: Set[object]) -> str:
    """ "token" or "signer", by the mechanisms a token offers. Raises: SigningError (CONFIG, `mechanism-missing`)."""
    # ECDSA bare first: tokens that hash for ECDSA are the rarer and less tried ones.
    order = ("signer", "token") if policy == "ecdsa-p256" else ("token", "signer")
    for who in order:
        if (_HASHING if who == "token" else _BARE)[policy] in offered:
            return who
    raise SigningError(FaultClass.CONFIG, "mechanism-missing", policy)


def policies(offered: Set[object]) -> tuple[str, ...]:
    """The policies a token can serve by its mechanisms."""
    return tuple(name for name in _BARE if _BARE[name] in offered or _HASHING[name] in offered)


def sign(key: pkcs11.PrivateKey, policy: str, who: str, content: bytes, pin: str | None = None) -> bytes:
    """The signature over `content` as CMS wants it; `pin` for keys that ask at every signature.

    Raises: pkcs11's errors, and SigningError when the token answers with something that is no signature.
    """
    bare = who == "signer"
    mechanism = (_BARE if bare else _HASHING)[policy]
    given = hashlib.sha256(content).digest() if bare else content
    if policy == "rsa-v15" and bare:
        given = _DIGEST_HEADER + given
    parameters = _PSS if policy == "rsa-pss" else None
    signature: bytes = key.sign(given, mechanism=mechanism, mechanism_param=parameters, pin=pin)
    if policy != "ecdsa-p256":
        return signature
    if len(signature) != 64:
        raise SigningError(FaultClass.DEVICE, "device-fault", f"{len(signature)} bytes are no P-256 signature")
    return bytes(encode_ecdsa_signature(signature))


def check_key(session: pkcs11.Session, key: pkcs11.PrivateKey, policy: str, certificate: bytes) -> None:
    """Compare the key on the token with the enrolled certificate: type, then modulus or point.

    An EC private key does not know its own point; where the token holds no public key beside it, enrolment's trial
    signature and the verification of every signature stand for it. Raises: SigningError (CONFIG).
    """
    public = x509.Certificate.load(certificate).public_key
    fits = key.key_type == _KEY_TYPES[policy] and public.algorithm == ("ec" if policy == "ecdsa-p256" else "rsa")
    found = public_value(session, key) if fits else None
    if not fits or (found is not None and found != certificate_value(public)):
        raise SigningError(FaultClass.CONFIG, "key-certificate-mismatch", str(key.label or ""))


def certificate_value(public: object) -> bytes:
    """What two public keys are compared by: the modulus (RSA) or the uncompressed point (EC)."""
    info: x509.keys.PublicKeyInfo = public
    if info.algorithm == "rsa":
        modulus: int = info["public_key"].parsed["modulus"].native
        return modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    return bytes(info["public_key"].native)


def public_value(session: pkcs11.Session, key: pkcs11.PrivateKey) -> bytes | None:
    """The same of a private key on a token; None where the token does not tell."""
    if key.key_type == KeyType.RSA:
        try:
            return bytes(key[Attribute.MODULUS]).lstrip(b"\0")
        except (p11.AttributeTypeInvalid, p11.AttributeSensitive):
            pass
    query = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: key.id}
    return next(
        (told_value(other) for other in list(session.get_objects(query)) if other.key_type == key.key_type), None
    )


def told_value(key: pkcs11.PublicKey) -> bytes | None:
    """The same of a public key object; None for other kinds of keys and where the token does not tell."""
    try:
        if key.key_type == KeyType.RSA:
            return bytes(key[Attribute.MODULUS]).lstrip(b"\0")
        if key.key_type != KeyType.EC:
            return None
        point = bytes(key[Attribute.EC_POINT])
    except (p11.AttributeTypeInvalid, p11.AttributeSensitive):
        return None
    # An OCTET STRING by the standard (04 41 04 …); some modules leave the wrapping out.
    return point[2:] if len(point) == 67 and point[:2] == b"\x04\x41" else point


def asks_each_time(key: pkcs11.PrivateKey) -> bool:
    """Whether the key wants the PIN at every signature (CKA_ALWAYS_AUTHENTICATE)."""
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except p11.PKCS11Error:
        return False
