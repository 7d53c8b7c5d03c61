"""Whom the box believes: pinned roots, intermediates and revocation lists at hand, nothing of the operating system.

Nothing is fetched. Field signatures often hold the signer's certificate only, so intermediates are kept here
(signing.md 5.2).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from asn1crypto import crl, pem, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError, ValidationError

from hsm.certificates import read_all
from hsm.findings import Revocation
from hsm.standing import Evidence


class TrustError(Exception):
    """A certificate is not to be used; `code` says why, `detail` is for the technician."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Trust:
    """Pinned roots, known intermediates and revocation lists at hand, each DER. No root means: nobody is trusted.

    `stamp_roots` are believed for time stamps only, beside `roots`.
    """

    roots: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    stamp_roots: tuple[bytes, ...] = ()

    @classmethod
    def from_files(
        cls,
        roots: Iterable[Path],
        intermediates: Iterable[Path] = (),
        crls: Iterable[Path] = (),
        stamp_roots: Iterable[Path] = (),
    ) -> Trust:
        """Read PEM (one or several certificates) or DER files. Raises: TrustError (`trust-unreadable`)."""
        return cls(
            tuple(certificate for path in roots for certificate in read_certificates(path)),
            tuple(certificate for path in intermediates for certificate in read_certificates(path)),
            tuple(read_crl(path) for path in crls),
            tuple(certificate for path in stamp_roots for certificate in read_certificates(path)),
        )

    def for_stamps(self) -> Trust:
        """Whom to believe about time."""
        return self._of_stamps if self.stamp_roots else self

    @cached_property
    def _of_stamps(self) -> Trust:
        return replace(self, roots=(*self.roots, *self.stamp_roots), stamp_roots=())

    @cached_property
    def _parsed(self) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
        """Roots and intermediates; what their parts are is found out once, and only read from then on."""
        return [_whole(root) for root in self.roots], [_whole(other) for other in self.intermediates]

    def context(self, moment: datetime | None = None, extra: Sequence[bytes] = ()) -> ValidationContext:
        """A fresh offline validation context; `extra` are further intermediates (DER)."""
        roots, intermediates = self._parsed
        return ValidationContext(
            trust_roots=roots,
            other_certs=[*intermediates, *(x509.Certificate.load(other) for other in extra)],
            moment=moment,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )


def _whole(certificate: bytes) -> x509.Certificate:
    """A certificate taken apart to its last field: asn1crypto does that when a field is first asked for, and of two
    threads that ask at the same time one would see half of it."""
    found = x509.Certificate.load(certificate)
    with contextlib.suppress(ValueError, TypeError, KeyError):  # what is wrong with it is told by who uses it
        found.native  # noqa: B018 - parsing is the effect
    return found


def read_certificates(path: Path) -> list[bytes]:
    """Every certificate in a PEM or DER file, as DER. Raises: TrustError (`trust-unreadable`)."""
    try:
        return read_all(path)
    except (OSError, ValueError) as error:
        raise TrustError("trust-unreadable", f"{path}: {error}") from error


def read_crl(path: Path) -> bytes:
    """A revocation list in a PEM or DER file, as DER. Raises: TrustError (`trust-unreadable`)."""
    try:
        content = path.read_bytes()
        if pem.detect(content):
            _, _, content = pem.unarmor(content)
        crl.CertificateList.load(content, strict=True)["tbs_cert_list"].native  # noqa: B018 - parsing is the check
    except (OSError, ValueError, TypeError) as error:
        raise TrustError("trust-unreadable", f"{path}: {error}") from error
    return content


def check_signer(certificate: bytes, trust: Trust, intermediates: Sequence[bytes], now: datetime) -> Revocation:
    """Check a signer certificate before it signs: validity, key usage, chain to a pinned root, revocation by the lists
    at hand (TT 15/2025/TT-BKHCN).

    pyHanko signs blindly with an expired, foreign or unusable certificate (signing.md F3), so this runs before the
    token is touched. Returns what is known of the revocation: "good", or "unknown" since when; an office without a
    line may sign with the latter. Raises: TrustError (`trust-unreadable`, `certificate-expired`,
    `certificate-not-yet-valid`, `certificate-usage`, `certificate-untrusted`, `certificate-revoked`).
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
        path = asyncio.run(validator.async_validate_usage(set()))
    except (PathBuildingError, PathValidationError, ValidationError, ValueError) as error:
        raise TrustError("certificate-untrusted", str(error)) from error
    chain = [each.dump() for each in path.iter_certs(include_root=True)]
    found = standings(chain, Evidence(trust.crls), now, proven=False)
    for revocation in found:
        if revocation.state == "revoked":
            raise TrustError("certificate-revoked", revocation.revoked_at)
    return found[-1] if found else Revocation("unknown")


def standings(chain: Sequence[bytes], evidence: Evidence, moment: datetime, proven: bool) -> list[Revocation]:
    """The revocation of every certificate of a chain (DER, root first) below its root, in that order."""
    return [evidence.about(subject, issuer, moment, proven) for issuer, subject in pairwise(chain)]
