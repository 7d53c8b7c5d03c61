"""A box's request becomes a certificate: once for each code, for the box that the code was given for.

Owns the checks of a request and the order of what follows: certificate in the book → box among the province's rows →
certificates before it revoked → answer. Private keys never come here: the box proves that it holds them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.enrolment import PROOF
from sync.enrolment_code import SECRET, make_code
from sync.province import pki
from sync.province.box_certificates import box_certificate_for
from sync.province.config import Config, Folder
from sync.province.enrol_book import CodeRefused, EnrolBook, noted
from sync.province.revoking import publish_lists, reload_broker
from sync.province.store import Box, ProvinceStore
from sync.wire_identity import KeyFileError, SigningKey, public_key

LASTS = dt.timedelta(hours=48)
_SPKI = PublicFormat.SubjectPublicKeyInfo


class RequestRefused(Exception):
    """The request is not sound; `code` is `request-bad`, `csr-bad`, `proof-bad`, or a code of `CodeRefused`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


@dataclass(frozen=True)
class Request:
    """What a box sends: the code's secret, a CSR (DER) by its TLS key, its device key (32 bytes), and the proof."""

    secret: str
    csr: bytes
    device_key: bytes
    proof: bytes

    @classmethod
    def of(cls, said: Any) -> Request:
        """From the JSON of the wire. Raises RequestRefused."""
        try:
            secret = said["secret"]
            csr, device, proof = (bytes.fromhex(said[name]) for name in ("csr", "device_key", "proof"))
        except (KeyError, TypeError, ValueError) as error:
            raise RequestRefused("request-bad", str(error)) from error
        if not isinstance(secret, str) or len(secret) != SECRET or len(device) != 32:
            raise RequestRefused("request-bad", "lengths")
        return cls(secret, csr, device, proof)


def give_code(folder: Folder, box: str, commune: str, now: dt.datetime, lasts: dt.timedelta = LASTS) -> str:
    """A fresh code for a box, as it is told to people. Raises BadBoxName."""
    pki.checked_box_name(box)
    authority = pki.load_authority(folder.ca, folder.ca_key)
    code = make_code(authority.certificate.public_bytes(Encoding.DER))
    book = EnrolBook(folder.enrolments)
    try:
        book.give(code.secret, box, commune, now.timestamp(), (now + lasts).timestamp())
    finally:
        book.close()
    return str(code)


class Desk:
    """Answers requests; one for a process."""

    def __init__(self, folder: Folder, config: Config, store: ProvinceStore) -> None:
        self._folder, self._config, self._store = folder, config, store
        self._book = EnrolBook(folder.enrolments)

    def redeem(self, request: Request, now: dt.datetime) -> dict[str, Any]:
        """What the box needs to speak with the province. Raises RequestRefused."""
        try:
            key = checked_key(request)
            digest = hashlib.sha256(key.public_bytes(Encoding.DER, _SPKI) + request.device_key).digest()
            given = self._book.find(request.secret, digest, now.timestamp())
            if given.used_at is None:
                authority = pki.load_authority(self._folder.ca, self._folder.ca_key)
                pem = pki.certificate_pem(box_certificate_for(authority, given.box, key, now))
                given = self._book.use(given, digest, noted(given.box, pem, now), now.timestamp())
        except CodeRefused as refused:
            raise RequestRefused(refused.code) from refused
        certificate = x509.load_pem_x509_certificate(given.certificate or b"")
        self._store.fleet.enrol(
            Box(given.box, given.commune, request.device_key, certificate.fingerprint(SHA256()).hex(), now.timestamp())
        )
        self._book.revoke(given.box, now.timestamp(), but=certificate.serial_number)
        publish_lists(self._folder, self._store, self._book, now)
        reload_broker(self._folder)
        return facts_for(self._folder, self._config, given.box, given.commune) | {
            "certificate": (given.certificate or b"").decode(),
            "authority": self._folder.ca.read_text("ascii"),
        }

    def close(self) -> None:
        """Let go of the book."""
        self._book.close()


def facts_for(folder: Folder, config: Config, box: str, commune: str) -> dict[str, Any]:
    """Where the province is and whom to believe: public knowledge for one box."""
    public = SigningKey.load(folder.receipt_key).public
    facts = {
        "host": config.broker_host,
        "port": config.broker_port,
        "ca": "ca.pem",
        "receipt_keys": {pki.key_id(public): public.hex()},
        "box": box,
        "commune": commune,
    }
    return facts | ({"websocket_port": config.websocket_port} if config.websocket_port else {})


def checked_key(request: Request) -> ec.EllipticCurvePublicKey:
    """The TLS key of a request that proves both keys; its names are not looked at: the code says who it is."""
    try:
        csr = x509.load_der_x509_csr(request.csr)
        key = csr.public_key()
        sound = csr.is_signature_valid and isinstance(key, ec.EllipticCurvePublicKey)
    except Exception as error:  # whatever a stranger's bytes make of the parser
        raise RequestRefused("csr-bad", type(error).__name__) from error
    if not sound or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestRefused("csr-bad", "key or signature")
    try:
        public_key(request.device_key).verify(request.proof, PROOF + request.csr)
    except (InvalidSignature, KeyFileError) as error:
        raise RequestRefused("proof-bad") from error
    return key
