"""What a module shows of itself and its tokens, for enrolment: slots, mechanisms, certificates, keys, a trial
signature.

Loads the module into this process: run it as a process of its own (`python -m hsm.inspect`). Refuses to log in
where a try would be dear, and to choose a key by anything but a certificate whose public key fits it.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from hashlib import sha256

import pkcs11
from asn1crypto import x509
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as p11

from hsm import token_scheme
from hsm.api import FaultClass, SigningError
from hsm.token_faults import classify
from hsm.token_presence import has_pin_pad, load_library, pin_flags, refuse_risky, serial_of, token_in, tokens_of


@dataclass(frozen=True)
class Wish:
    """What the person asked for; "" and b"" leave it to what the token has."""

    token: str = ""
    certificate: bytes = b""
    key_id: str = ""
    policy: str = ""
    each_signature: bool = False


def show(module: str) -> dict[str, object]:
    """Slots, tokens and public objects, without any login. Raises: SigningError."""
    library = load_library(module)
    try:
        slots = [_slot(slot) for slot in library.get_slots()]
    except p11.PKCS11Error as error:
        raise classify(error, "open") from error
    return {"module": module, "library": f"{library.manufacturer_id} {library.library_description}", "slots": slots}


def try_key(module: str, pin: str, wish: Wish) -> dict[str, object]:
    """Log in once, choose the key by its certificate and make a trial signature over fresh random bytes.

    Returns key_id, certificate (base64 DER), policy, hashed_by, pin_each_signature, pin_pad, token_label, token_serial,
    trial and signature (base64), candidates. Raises: SigningError.
    """
    library = load_library(module)
    token = _the_token(library, wish.token)
    refuse_risky(token)
    pad = has_pin_pad(token)
    try:
        session = token.open(user_pin=pkcs11.PROTECTED_AUTH if pad else pin)
    except (p11.PKCS11Error, ValueError) as error:
        raise classify(error, "login") from error
    try:
        return _tried(session, token, pin, pad, wish)
    except p11.PKCS11Error as error:
        raise classify(error, "sign") from error
    finally:
        _close(session)


def _tried(session: pkcs11.Session, token: pkcs11.Token, pin: str, pad: bool, wish: Wish) -> dict[str, object]:
    key, certificate = _choose(session, wish)
    public = x509.Certificate.load(certificate).public_key
    policy = wish.policy or ("ecdsa-p256" if public.algorithm == "ec" else "rsa-v15")
    token_scheme.check_key(session, key, policy, certificate)
    who = token_scheme.who_hashes(policy, token.slot.get_mechanisms())
    each = wish.each_signature or token_scheme.asks_each_time(key)
    trial = b"commune-box enrolment " + os.urandom(32)
    signature = token_scheme.sign(key, policy, who, trial, ("" if pad else pin) if each else None)
    return {
        "key_id": key.id.hex(),
        "certificate": base64.b64encode(certificate).decode("ascii"),
        "policy": policy,
        "hashed_by": who,
        "pin_each_signature": each,
        "pin_pad": pad,
        "token_label": token.label,
        "token_serial": serial_of(token),
        "trial": base64.b64encode(trial).decode("ascii"),
        "signature": base64.b64encode(signature).decode("ascii"),
    }


def _choose(session: pkcs11.Session, wish: Wish) -> tuple[pkcs11.PrivateKey, bytes]:
    """The one private key that fits a certificate: the given one, or one on the token. Of several certificates of the
    same key the one that is valid longest."""
    keys = [key for key in _objects(session, ObjectClass.PRIVATE_KEY) if not wish.key_id or key.id.hex() == wish.key_id]
    certificates = [wish.certificate] if wish.certificate else _certificates(session)
    pairs: dict[str, tuple[pkcs11.PrivateKey, bytes]] = {}
    for key in keys:
        value = token_scheme.public_value(session, key)
        for der in sorted(certificates, key=_not_after, reverse=True):
            public = x509.Certificate.load(der).public_key
            if public.algorithm not in ("rsa", "ec") or (value is None and len(keys) > 1):
                continue  # a key that tells nothing of itself can only be proven when it is the only one
            same_type = key.key_type == (KeyType.RSA if public.algorithm == "rsa" else KeyType.EC)
            if same_type and value in (None, token_scheme.certificate_value(public)):
                pairs.setdefault(key.id.hex(), (key, der))
    if not pairs:
        code = "enrol-no-key" if not keys else "enrol-no-certificate" if not certificates else "enrol-no-match"
        raise SigningError(FaultClass.CONFIG, code, wish.key_id or f"{len(keys)}")
    if len(pairs) > 1:
        raise SigningError(FaultClass.CONFIG, "enrol-several-keys", ", ".join(sorted(pairs)))
    return next(iter(pairs.values()))


def _the_token(library: pkcs11.lib, wanted: str) -> pkcs11.Token:
    found = tokens_of(library)
    fitting = [token for token in found if not wanted or wanted in (serial_of(token), token.label)]
    if not fitting:
        raise SigningError(FaultClass.TOKEN_LOST, "token-absent", wanted)
    if len(fitting) > 1:
        raise SigningError(FaultClass.CONFIG, "token-ambiguous", ", ".join(serial_of(token) for token in fitting))
    return fitting[0]


def _slot(slot: pkcs11.Slot) -> dict[str, object]:
    told: dict[str, object] = {"slot": slot.slot_id, "description": slot.slot_description, "token": None}
    token = token_in(slot)
    if token is None:
        return told
    told["token"] = {
        "label": token.label,
        "serial": serial_of(token),
        "maker": token.manufacturer_id,
        "model": token.model,
        "pin_flags": list(pin_flags(token)),
        "pin_pad": has_pin_pad(token),
    }
    try:
        offered = slot.get_mechanisms()
        certificates, keys = _public_objects(token)
    except p11.PKCS11Error as error:
        return told | {"problem": classify(error, "find").code}
    served = token_scheme.policies(offered)
    return told | {
        "problem": "",
        "mechanisms": sorted(_mechanism(one) for one in offered),
        "policies": {policy: token_scheme.who_hashes(policy, offered) for policy in served},
        "certificates": certificates,
        "keys": keys,
    }


def _public_objects(token: pkcs11.Token) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Certificates, each with the CKA_IDs of the public keys that are its own, and public keys, each with whether a
    certificate is there for it. Without a login private keys do not show; a public key stands beside its own."""
    session = token.open()
    try:
        values = [(key, token_scheme.told_value(key)) for key in _objects(session, ObjectClass.PUBLIC_KEY)]
        found = [(der, _value_in(der)) for der in _certificates(session)]
        certified = {value for _der, value in found}
        certificates = [
            _described(der) | {"key_ids": [key.id.hex() for key, own in values if own is not None and own == value]}
            for der, value in found
        ]
        keys = [
            {
                "key_id": key.id.hex(),
                "type": str(key.key_type.name).lower(),
                "label": key.label,
                "certified": value in certified if value is not None else None,
            }
            for key, value in values
        ]
        return certificates, keys
    finally:
        _close(session)


def _value_in(der: bytes) -> bytes | None:
    public = x509.Certificate.load(der).public_key
    return token_scheme.certificate_value(public) if public.algorithm in ("rsa", "ec") else None


def _described(der: bytes) -> dict[str, object]:
    certificate = x509.Certificate.load(der)
    return {
        "sha256": sha256(der).hexdigest(),
        "name": _named(certificate.subject).split(" · ")[0],
        "holder": _named(certificate.subject),
        "authority": _named(certificate.issuer),
        "subject": certificate.subject.human_friendly,
        "issuer": certificate.issuer.human_friendly,
        "not_before": certificate.not_valid_before.isoformat(),
        "not_after": certificate.not_valid_after.isoformat(),
        "usage": sorted(certificate.key_usage_value.native) if certificate.key_usage_value else [],
        "certificate": base64.b64encode(der).decode("ascii"),
    }


def _named(name: x509.Name) -> str:
    """Common name and organization, for people; everything that is said of a name where it has neither."""
    said = [str(name.native[part]) for part in ("common_name", "organization_name") if name.native.get(part)]
    return " · ".join(said) or str(name.human_friendly)


def _certificates(session: pkcs11.Session) -> list[bytes]:
    found = []
    for one in _objects(session, ObjectClass.CERTIFICATE):
        try:
            der = bytes(one[Attribute.VALUE])
            x509.Certificate.load(der, strict=True).public_key.algorithm  # noqa: B018 - parsing is the check
        except (p11.PKCS11Error, ValueError, TypeError):
            continue  # another kind of certificate, or none at all
        found.append(der)
    return found


def _objects(session: pkcs11.Session, kind: ObjectClass) -> list[pkcs11.Object]:
    return list(session.get_objects({Attribute.CLASS: kind}))


def _not_after(der: bytes) -> float:
    return float(x509.Certificate.load(der).not_valid_after.timestamp())


def _mechanism(one: object) -> str:
    return one.name if isinstance(one, Mechanism) else f"0x{int(one):x}"  # type: ignore[call-overload]


def _close(session: pkcs11.Session) -> None:
    try:
        session.close()
    except p11.PKCS11Error:
        pass  # The process ends; a token that is gone is logged out already.
