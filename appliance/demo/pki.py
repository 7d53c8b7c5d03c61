"""A small PKI for demonstrations and tests: root, issuing CA, and certificates for public keys that stay on their
token.

Owns key material of the two authorities for the length of a call only; refuses to be used for anything real (the names
say so). Shape as in the field: CN of the signer in Vietnamese, keyUsage digitalSignature + nonRepudiation, path
length 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey


@dataclass(frozen=True)
class Authority:
    """A certificate and the key that signs with it."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pki:
    """Root and issuing authority of one demonstration."""

    root: Authority
    issuing: Authority

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write root.pem and issuing.pem below `folder`; returns both paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / "root.pem", folder / "issuing.pem"
        for path, authority in zip(paths, (self.root, self.issuing), strict=True):
            path.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
        return paths


def make_pki(now: datetime, organization: str = "CA thử nghiệm", root_name: str = "CA gốc thử nghiệm") -> Pki:
    """A root (25 years) and an issuing CA below it (15 years, path length 0), valid from a day before `now`."""
    root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = _name(root_name, organization)
    root = _authority(name, name, root_key, root_key, (now, 25), None)
    issuing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuing = _authority(_name("CA cấp phát thử nghiệm", organization), name, issuing_key, root_key, (now, 15), 0)
    return Pki(Authority(root, root_key), Authority(issuing, issuing_key))


def issue_certificate(
    pki: Pki, public_key_pem: bytes, common_name: str, organization: str, not_before: datetime, not_after: datetime
) -> bytes:
    """A signer certificate (PEM) for a public key exported from a token. Raises: ValueError for an unusable key."""
    public = serialization.load_pem_public_key(public_key_pem)
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("not an RSA or EC public key")
    certificate = (
        _base(_name(common_name, organization), pki.issuing.certificate.subject, public, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(_authority_id(pki.issuing.key), critical=False)
        .sign(pki.issuing.key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _authority(
    name: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer_key: rsa.RSAPrivateKey,
    validity: tuple[datetime, int],
    path_length: int | None,
) -> x509.Certificate:
    start, years = validity
    return (
        _base(name, issuer, key.public_key(), start - timedelta(days=1), start + timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(_authority_id(issuer_key), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _base(
    subject: x509.Name, issuer: x509.Name, public: PublicKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _authority_id(key: rsa.RSAPrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(**granted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names})


def _name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
