"""Keys and certificates of a small provincial installation.

Owns the CA and the certificates of the broker, the receiver and the boxes; Ed25519 keys are `sync.wire_identity`'s.
Refuses any box name but `commune-` and five digits: a certificate for the name `+` or `#` would match other
boxes' topics. Private keys are written 0600 and never overwritten in silence.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sync.protocol.topics import SENDER

BOX_NAME = re.compile(r"commune-[0-9]{5}")
CA_DAYS, SERVER_DAYS, CLIENT_DAYS = 3650, 825, 397
CLOCK_SLACK = dt.timedelta(days=1)
RECEIVER = "province-receiver"

_SERVER = ExtendedKeyUsageOID.SERVER_AUTH
_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


class BadBoxName(ValueError):
    """The name is not `commune-` and five digits; correct it and enrol again. Code: `bad-box-name`."""

    code = "bad-box-name"


@dataclass(frozen=True)
class Authority:
    """The CA: its certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with the private key made for it, both PEM."""

    certificate: bytes
    key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER certificate, hex."""
        return x509.load_pem_x509_certificate(self.certificate).fingerprint(hashes.SHA256()).hex()


def checked_box_name(box: str) -> str:
    """The name, if it is one. Raises BadBoxName."""
    if not BOX_NAME.fullmatch(box):
        raise BadBoxName(box)
    return box


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def new_authority(title: str, now: dt.datetime, names: x509.NameConstraints | None = None) -> Authority:
    """A self-signed P-256 CA that may sign end certificates only (path length 0), and only for `names` where given."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(title))
        .issuer_name(_name(title))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + dt.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certifies=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=True)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def _key_usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certifies,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _issue(
    authority: Authority, common_name: str, usage: x509.ObjectIdentifier, days: int, now: dt.datetime, hosts: list[str]
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certifies=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), False)
    return Issued(builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM), private_pem(key))


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def server_certificate(authority: Authority, hosts: list[str], now: dt.datetime) -> Issued:
    """The broker's certificate for these host names and addresses."""
    return _issue(authority, hosts[0], _SERVER, SERVER_DAYS, now, hosts)


def receiver_certificate(authority: Authority, now: dt.datetime) -> Issued:
    """The receiver's client certificate; its name alone may read every box's topics."""
    return _issue(authority, RECEIVER, _CLIENT, SERVER_DAYS, now, [])


def sender_certificate(authority: Authority, now: dt.datetime) -> Issued:
    """The sending end's client certificate; its name may write to every box, and answer nothing."""
    return _issue(authority, SENDER, _CLIENT, SERVER_DAYS, now, [])


def box_certificate(authority: Authority, box: str, now: dt.datetime) -> Issued:
    """A box's client certificate, CN = box. Raises BadBoxName."""
    return _issue(authority, checked_box_name(box), _CLIENT, CLIENT_DAYS, now, [])


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The private key as PEM (PKCS#8, without a password: the file's mode guards it)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def key_id(public: bytes) -> str:
    """The short name (kid) under which a receipt key is pinned: 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def load_authority(certificate: Path, key: Path) -> Authority:
    """Read the CA back. Raises ValueError when the key is not the CA's."""
    loaded = load_pem_private_key(key.read_bytes(), None)
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.public_key() != found.public_key():
        raise ValueError("the key does not belong to the CA certificate")
    return Authority(found, loaded)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file only its owner may read. Raises FileExistsError rather than replace a key."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
