"""Making a key pair on a token: for the demo, the tests and an office that asks for its own certificate.

Loads the module into this process: call it in a process of its own (`python -m hsm.keygen`).
"""

from __future__ import annotations

import pkcs11
from asn1crypto import keys
from pkcs11 import KeyType
from pkcs11 import exceptions as p11
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from hsm.token_faults import classify

KINDS = ("rsa-2048", "rsa-3072", "p-256")


def generate_key_pair(module: str, token: str, pin: str, key_id: bytes, kind: str = "rsa-2048") -> bytes:
    """Make a key pair that never leaves the token; returns the public key (DER SubjectPublicKeyInfo).

    Raises: SigningError; ValueError for another kind than `KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(kind)
    try:
        found = pkcs11.lib(module).get_token(token_label=token)
        session = found.open(rw=True, user_pin=pin)
    except p11.PKCS11Error as error:
        raise classify(error, "login") from error
    try:
        if kind == "p-256":
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
            public, _ = parameters.generate_keypair(id=key_id, label=token, store=True)
            return bytes(encode_ec_public_key(public))
        bits = int(kind.removeprefix("rsa-"))
        public, _ = session.generate_keypair(KeyType.RSA, bits, id=key_id, label=token, store=True)
        return bytes(keys.PublicKeyInfo.wrap(encode_rsa_public_key(public), "rsa").dump())
    except p11.PKCS11Error as error:
        raise classify(error, "sign") from error
    finally:
        session.close()
