"""Whether a certificate was revoked: what lists and answers at hand say about it at one moment.

Owns the reading of CRLs and OCSP responses (given by the caller, or kept in the file's own security store) and the
rule by which they speak. Fetches nothing. A piece that cannot be read, is not signed by the certificate's issuer, or
is only a part of a list (delta, indirect, some reasons) says nothing at all; one signed with SHA-1 is believed
when it says "revoked" and never when it says "good".

The rule, for a certificate and the moment of its signature: revoked, if a piece dates the revocation at or before
the moment, or at any time while nobody has proven the moment (whoever holds a stolen key writes any date); good, if a
piece was issued after the moment, or covers it with thisUpdate and nextUpdate; else unknown, since the newest piece
(signing.md, decision D4 and 6.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError

from hsm.findings import Revocation
from hsm.times import iso_time

TOLERANCE = timedelta(minutes=5)
"""How far the clocks of a signer and of a list's issuer may stand apart."""
FOR_EVER = datetime(9999, 12, 30, tzinfo=UTC)
"""What never ends is dated 9999-12-31T23:59:59Z (RFC 5280, 4.1.2.5), beyond which there is no arithmetic."""
_FALLBACK_VALIDITY = timedelta(minutes=30)
"""An OCSP answer without nextUpdate speaks for about its own moment."""
_UNREADABLE = (ValueError, TypeError, KeyError, NotImplementedError, x509.UnsupportedGeneralNameType)
"""What `cryptography` raises for evidence of a form it cannot read. NotImplementedError is its own, for kinds that its
parser leaves out (an OCSP response type other than basic, a general name it has no class for): nothing of ours."""


@dataclass(frozen=True)
class _Word:
    """What one authentic piece says of one certificate; times in UTC."""

    source: str
    issued: datetime
    until: datetime
    weak: bool
    revoked: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """Pieces of revocation evidence (DER) and certificates that came with them."""

    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            (*self.crls, *other.crls), (*self.ocsps, *other.ocsps), (*self.certificates, *other.certificates)
        )

    def about(self, certificate: bytes, issuer: bytes, moment: datetime, proven: bool) -> Revocation:
        """The revocation of `certificate` (DER) issued by `issuer`, for a signature of `moment` (aware)."""
        try:
            subject, authority = x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(issuer)
        except _UNREADABLE:
            return Revocation("unknown", iso_time(moment))
        words = [*_listed(self.crls, subject, authority), *_answered(self.ocsps, subject, authority)]
        return _judged(words, subject, moment.astimezone(UTC), proven)


def from_file(reader: PdfFileReader) -> Evidence:
    """What the file's own security store (/DSS) holds; nothing when there is none or it is broken."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
        return Evidence(
            tuple(each.get_object().data for each in store.crls),
            tuple(each.get_object().data for each in store.ocsps),
            tuple(each.get_object().data for each in store.certs.values()),
        )
    except (NoDSSFoundError, PdfError, ValueError, TypeError, KeyError, AttributeError):
        return Evidence()


def _judged(words: Sequence[_Word], subject: x509.Certificate, moment: datetime, proven: bool) -> Revocation:
    at = iso_time(moment)
    withdrawn = [word for word in words if word.revoked and (not proven or word.revoked <= moment)]
    if withdrawn:
        word = min(withdrawn, key=lambda each: each.revoked or each.issued)
        return Revocation(
            "revoked", at, iso_time(word.issued), word.source, iso_time(word.revoked or word.issued), word.reason
        )
    # A list need not name a certificate that has expired, so one issued after the expiry proves nothing.
    sound = [word for word in words if not word.weak and word.issued <= subject.not_valid_after_utc]
    if not sound:
        return Revocation("unknown", at)
    newest = max(sound, key=lambda each: each.issued)
    covering = any(moment - TOLERANCE <= word.issued or moment <= word.until + TOLERANCE for word in sound)
    return Revocation("good" if covering else "unknown", at, iso_time(newest.issued), newest.source)


def _listed(lists: Iterable[bytes], subject: x509.Certificate, authority: x509.Certificate) -> Iterable[_Word]:
    for data in lists:
        try:
            found = x509.load_der_x509_crl(data)
            if not _speaks(found, subject, authority):
                continue
            entry = found.get_revoked_certificate_by_serial_number(subject.serial_number)
            yield _Word(
                "crl",
                found.last_update_utc,
                min(found.next_update_utc or found.last_update_utc, FOR_EVER),
                _weak(found.signature_hash_algorithm),
                entry.revocation_date_utc if entry else None,
                _reason_of(entry) if entry else "",
            )
        except _UNREADABLE:
            continue


def _speaks(found: x509.CertificateRevocationList, subject: x509.Certificate, authority: x509.Certificate) -> bool:
    if found.issuer != subject.issuer or not _may_sign_lists(authority):
        return False
    for extension in found.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            return False
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            if not _scope_fits(extension.value, subject):
                return False
        elif extension.critical:
            return False
    key = authority.public_key()
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and found.is_signature_valid(key)


def _may_sign_lists(authority: x509.Certificate) -> bool:
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _scope_fits(scope: x509.IssuingDistributionPoint, subject: x509.Certificate) -> bool:
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
        return False
    if (scope.only_contains_ca_certs and not _is_authority(subject)) or (
        scope.only_contains_user_certs and _is_authority(subject)
    ):
        return False
    if scope.full_name is None:
        return scope.relative_name is None
    try:
        points = subject.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return False
    return any(set(point.full_name or ()) & set(scope.full_name) for point in points)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _reason_of(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return ""


def _answered(answers: Iterable[bytes], subject: x509.Certificate, authority: x509.Certificate) -> Iterable[_Word]:
    for data in answers:
        try:
            found = ocsp.load_der_ocsp_response(data)
            if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL or not _authentic(found, authority):
                continue
            for single in found.responses:
                word = _single(single, found, subject, authority)
                if word:
                    yield word
        except _UNREADABLE:
            continue


def _single(
    single: ocsp.OCSPSingleResponse, found: ocsp.OCSPResponse, subject: x509.Certificate, authority: x509.Certificate
) -> _Word | None:
    # The digests in a certificate's name here identify it and prove nothing; SHA-1 is usual and harmless.
    request = ocsp.OCSPRequestBuilder().add_certificate(subject, authority, single.hash_algorithm).build()
    named = (single.serial_number, single.issuer_name_hash, single.issuer_key_hash)
    if named != (request.serial_number, request.issuer_name_hash, request.issuer_key_hash):
        return None
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return None
    reason = single.revocation_reason
    return _Word(
        "ocsp",
        single.this_update_utc,
        min(single.next_update_utc or single.this_update_utc + _FALLBACK_VALIDITY, FOR_EVER),
        _weak(found.signature_hash_algorithm),
        single.revocation_time_utc,
        reason.value if reason else "",
    )


def _authentic(found: ocsp.OCSPResponse, authority: x509.Certificate) -> bool:
    """Signed by the issuer itself, or by a responder to whom this issuer gave that task (RFC 6960, 4.2.2.2)."""
    if _signed_by(found, authority):
        return True
    for responder in found.certificates:
        try:
            usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            responder.verify_directly_issued_by(authority)
        except (x509.ExtensionNotFound, InvalidSignature, *_UNREADABLE):
            continue
        in_time = responder.not_valid_before_utc <= found.produced_at_utc <= responder.not_valid_after_utc
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and in_time and _signed_by(found, responder):
            return True
    return False


def _signed_by(found: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, digest = signer.public_key(), found.signature_hash_algorithm
    if digest is None:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _weak(digest: hashes.HashAlgorithm | None) -> bool:
    return digest is None or digest.name not in ("sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512")
