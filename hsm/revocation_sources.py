"""What authorities say about certificates: OCSP answers and lists of revoked certificates, fetched and read.

Owns the questions and the reading of what comes back. Decides nothing: whether an answer is signed by the right
authority and young enough is for whoever asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from asn1crypto import algos, crl, ocsp, pem, x509

from hsm.exchange import fetch, post

LARGEST_LIST = 64 << 20
LARGEST_ANSWER = 1 << 20
FURTHEST_AHEAD = timedelta(days=1)
"""How far an answer's own time may move the moment of validation past the box's clock, which may be slow."""


@dataclass
class Answers:
    """OCSP answers and lists of revoked certificates."""

    answers: list[ocsp.OCSPResponse] = field(default_factory=list)
    lists: list[crl.CertificateList] = field(default_factory=list)

    def newest(self, certificate: x509.Certificate) -> datetime | None:
        """When the youngest word about a certificate was issued."""
        told = [at for answer in self.answers for serial, at in _words(answer) if serial == certificate.serial_number]
        told += [issued(one) for one in self.lists if one.issuer == certificate.issuer]
        return max(told, default=None)

    def moment(self, now: datetime) -> datetime:
        """The box's clock, or the youngest answer when the clock is slow."""
        told = [at for answer in self.answers for _, at in _words(answer)] + [issued(one) for one in self.lists]
        return max([now, *(moment for moment in told if moment <= now + FURTHEST_AHEAD)])


def ask_responder(
    url: str, certificate: x509.Certificate, issuer: x509.Certificate, patience: float
) -> ocsp.OCSPResponse:
    """An OCSP responder's answer about one certificate. Raises: ExchangeError, ValueError."""
    body = post(
        url,
        ocsp_request(certificate, issuer).dump(),
        content_type="application/ocsp-request",
        answer_type="application/ocsp-response",
        patience=patience,
        largest=LARGEST_ANSWER,
    )
    try:
        answer = ocsp.OCSPResponse.load(body, strict=True)
        if answer["response_status"].native != "successful":
            raise ValueError(f"{url}: {answer['response_status'].native}")
        answer.response_data.native  # noqa: B018 - parsing all of it is the check
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error
    return answer


def fetch_list(url: str, patience: float) -> crl.CertificateList:
    """A list of revoked certificates. Raises: ExchangeError, ValueError."""
    return parse_list(fetch(url, patience=patience, largest=LARGEST_LIST))


def ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPRequest:
    """The question about one certificate. SHA-1 only names the issuer here, as RFC 5019 wants it."""
    identity = ocsp.CertId(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha1"}),
            "issuer_name_hash": issuer.subject.sha1,
            "issuer_key_hash": issuer.public_key.sha1,
            "serial_number": certificate.serial_number,
        }
    )
    return ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": identity}]}})


def list_urls(certificate: x509.Certificate) -> list[str]:
    """Where a certificate says its issuer's list of revoked certificates lies (http and https only)."""
    return [url for point in certificate.crl_distribution_points if (url := point.url) and url.startswith("http")]


def parse_list(content: bytes) -> crl.CertificateList:
    """A list of revoked certificates from DER or PEM. Raises: ValueError."""
    if pem.detect(content):
        _, _, content = pem.unarmor(content)
    try:
        found = crl.CertificateList.load(content, strict=True)
        found["tbs_cert_list"]["this_update"].native  # noqa: B018 - parsing is the check
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from error
    return found


def issued(found: crl.CertificateList) -> datetime:
    moment: datetime = found["tbs_cert_list"]["this_update"].native
    return moment


def _words(answer: ocsp.OCSPResponse) -> Iterator[tuple[int, datetime]]:
    for single in answer.response_data["responses"]:
        yield single["cert_id"]["serial_number"].native, single["this_update"].native


def matching(lists: Iterable[bytes], certificate: x509.Certificate, after: datetime) -> bytes | None:
    """The list (DER) of a certificate's issuer that was issued after a moment, or None."""
    for der in lists:
        found = crl.CertificateList.load(der)
        if found.issuer == certificate.issuer and issued(found) >= after:
            return der
    return None
