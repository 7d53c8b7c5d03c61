"""Whom the box believes: pinned root certificates and the intermediates it ships, nothing from the operating system.

Nothing is fetched. Field signatures often hold the signer's certificate only, so intermediates are kept here
(signing.md 5.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError, ValidationError

from hsm.certificates import read_all


class TrustError(Exception):
    """A certificate is not to be used; `code` says why, `detail` is for the technician."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Trust:
    """Pinned roots and known intermediates, each DER. No root means: nobody is trusted."""

    roots: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()

    @classmethod
    def from_files(cls, roots: Iterable[Path], intermediates: Iterable[Path] = ()) -> Trust:
        """Read PEM (one or several certificates) or DER files. Raises: TrustError (`trust-unreadable`)."""
        return cls(
            tuple(certificate for path in roots for certificate in read_certificates(path)),
            tuple(certificate for path in intermediates for certificate in read_certificates(path)),
        )

    def context(self, moment: datetime | None = None, extra: Sequence[bytes] = ()) -> ValidationContext:
        """A fresh offline validation context; `extra` are further intermediates (DER)."""
        return ValidationContext(
            trust_roots=[x509.Certificate.load(root) for root in self.roots],
            other_certs=[x509.Certificate.load(other) for other in (*self.intermediates, *extra)],
            moment=moment,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )


def read_certificates(path: Path) -> list[bytes]:
    """Every certificate in a PEM or DER file, as DER. Raises: TrustError (`trust-unreadable`)."""
    try:
        return read_all(path)
    except (OSError, ValueError) as error:
        raise TrustError("trust-unreadable", f"{path}: {error}") from error


def check_signer(certificate: bytes, trust: Trust, intermediates: Sequence[bytes], now: datetime) -> None:
    """Check a signer certificate before it signs: validity, key usage, chain to a pinned root (TT 15/2025/TT-BKHCN).

    pyHanko signs blindly with an expired, foreign or unusable certificate (signing.md F3), so this runs before the
    token is touched. Raises: TrustError (`trust-unreadable`, `certificate-expired`, `certificate-not-yet-valid`,
    `certificate-usage`, `certificate-untrusted`).
    """
    try:
        leaf = x509.Certificate.load(certificate, strict=True)
        usage = leaf.key_usage_value
        validity = leaf.not_valid_before, leaf.not_valid_after
    except (ValueError, TypeError) as error:
        raise TrustError("trust-unreadable", str(error)) from error
    if now > validity[1]:
        raise TrustError("certificate-expired", validity[1].isoformat())
    if now < validity[0]:
        raise TrustError("certificate-not-yet-valid", validity[0].isoformat())
    if usage is not None and not {"digital_signature", "non_repudiation"} & usage.native:
        raise TrustError("certificate-usage", ", ".join(sorted(usage.native)))
    validator = CertificateValidator(leaf, validation_context=trust.context(now, intermediates))
    try:
        asyncio.run(validator.async_validate_usage(set()))
    except (PathBuildingError, PathValidationError, ValidationError, ValueError) as error:
        raise TrustError("certificate-untrusted", str(error)) from error
