"""Every certificate that this box signs or is trusted by, and how long each still holds.

Owns the thresholds of warning. Reads files and the signer's own answer; decides nothing about signing. A certificate
that has run out stops the office from signing, and renewing one takes days, so it is told long before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from appliance.config import Config
from hsm import enrolment
from hsm.api import KeyState
from hsm.standing import FOR_EVER
from hsm.trust import TrustError, read_certificates

WARN_DAYS = (60, 30, 7)
"""Days left at which the warning grows."""


@dataclass(frozen=True)
class Certificate:
    """One certificate in use. `role`: "leader", "agency" (a key's slot), "issuer" or "root"; times are aware.

    `path` is "" for a certificate that only the token's process told of; `token` and `serial` name the token it is
    enrolled for.
    """

    role: str
    sha256: str
    name: str
    organization: str
    issuer: str
    number: str
    begins: datetime
    ends: datetime
    key: str
    path: str = ""
    token: str = ""
    token_serial: str = ""

    def days_left(self, now: datetime) -> int:
        """Whole days until it runs out; negative when it has."""
        return (self.ends - now).days

    def warning(self, now: datetime) -> int | None:
        """The smallest threshold that has been reached (0: it has run out or not begun), or None."""
        if now < self.begins or now >= self.ends:
            return 0
        left = self.days_left(now)
        return min((days for days in WARN_DAYS if left < days), default=None)


def leaf_ends(file: Path) -> datetime:
    """When the first certificate of a PEM file runs out. Raises: OSError, ValueError (no certificate)."""
    return x509.load_pem_x509_certificates(file.read_bytes())[0].not_valid_after_utc


@dataclass(frozen=True)
class Unreadable:
    """A configured certificate file that cannot be read; `detail` is for the technician."""

    role: str
    path: str
    detail: str


def enrolled(config: Config, keys: Iterable[KeyState] = ()) -> tuple[tuple[Certificate, ...], tuple[Unreadable, ...]]:
    """Signers' certificates first, then issuers and roots; and the files that cannot be read.

    `keys` is what the signer process tells now; a certificate that it has and no file does is told as well.
    """
    found: dict[tuple[str, str], Certificate] = {}
    unreadable: list[Unreadable] = []
    tokens = {key.slot: key for key in keys}
    for role, path in _files(config):
        try:
            read = read_certificates(path)
        except TrustError as error:
            unreadable.append(Unreadable(role, str(path), error.detail))
            continue
        for der in read if role in ("issuer", "root") else read[:1]:
            one = _certificate(der, role, str(path), tokens.get(role))
            found[one.role, one.sha256] = one
    for slot, key in tokens.items():
        if key.certificate_der is not None:
            one = _certificate(key.certificate_der, slot, "", key)
            found.setdefault((one.role, one.sha256), one)
    return tuple(sorted(found.values(), key=lambda one: (_ORDER.get(one.role, 9), one.ends))), tuple(unreadable)


@dataclass(frozen=True)
class Retired:
    """A certificate that a key had before its renewal; `retired` is when another took its place."""

    role: str
    sha256: str
    name: str
    number: str
    token_serial: str
    retired: datetime


def retired(config: Config) -> tuple[Retired, ...]:
    """What enrolment remembers of renewed certificates, the latest first; nothing where it cannot be read (that is a
    fault of the configuration, told when it is loaded)."""
    found = []
    for slot in ("leader", "agency"):
        try:
            known = enrolment.load(config.enrolments, slot)
        except enrolment.EnrolmentError:
            continue
        for one in known.certificates if known else ():
            if one.retired_at:
                when = datetime.fromisoformat(one.retired_at)
                found.append(Retired(slot, one.sha256, one.subject, one.serial_number, one.token_serial, when))
    return tuple(sorted(found, key=lambda one: one.retired, reverse=True))


_ORDER = {"leader": 0, "agency": 1, "issuer": 2, "root": 3}


def _files(config: Config) -> Iterator[tuple[str, Path]]:
    for key in config.signer.keys:
        yield key.slot, key.certificate
    for path in config.signer.intermediates:
        yield "issuer", path
    for path in config.signer.roots:
        yield "root", path


def _certificate(der: bytes, role: str, path: str, key: KeyState | None) -> Certificate:
    read = x509.load_der_x509_certificate(der)
    enrolled_here = key is not None and key.certificate_der in (None, der)
    return Certificate(
        role=role,
        sha256=hashlib.sha256(der).hexdigest(),
        name=_part(read.subject, NameOID.COMMON_NAME),
        organization=_part(read.subject, NameOID.ORGANIZATION_NAME),
        issuer=_part(read.issuer, NameOID.COMMON_NAME),
        number=f"{read.serial_number:x}",
        begins=read.not_valid_before_utc,
        ends=min(read.not_valid_after_utc, FOR_EVER),
        key=_key_name(read),
        path=path,
        token=key.token_label if key and enrolled_here else "",
        token_serial=key.token_serial if key and enrolled_here else "",
    )


def _part(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _key_name(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.key_size}"
    return type(key).__name__.removeprefix("_")
