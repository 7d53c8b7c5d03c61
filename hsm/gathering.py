"""Revocation data of everything that is signed in a file, gathered while it can still be had, for its DSS.

Owns which answers are asked for (OCSP where the certificate names a responder, else the list of revoked certificates)
and whether they say enough: an answer about a signer must be younger than the oldest document time stamp, else a
revocation before that moment could still be hidden by it (signing.md 6.2). pyHanko's own fetching is not used: its
validation moment is fixed before the answers arrive, and a slow responder then silently loses against an old list (F11,
6.3). Here everything is fetched first, and the moment of validation follows from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko.sign.validation.errors import ValidationInfoReadingError
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    PathBuildingError,
    PathValidationError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath

from hsm.exchange import ExchangeError
from hsm.fields import QuietWriter
from hsm.revocation_sources import Answers, ask_responder, fetch_list, list_urls
from hsm.trust import Trust

TOLERANCE = timedelta(minutes=5)
_EVER = datetime.min.replace(tzinfo=UTC)
log = logging.getLogger(__name__)
Lists = Callable[[x509.Certificate, datetime], bytes | None]


class EvidenceError(Exception):
    """No evidence now, or never. `final`: no later attempt can succeed. Codes: evidence-unreachable,
    evidence-too-old, evidence-revoked, evidence-expired, evidence-untrusted, evidence-incomplete, evidence-no-stamp.
    """

    def __init__(self, code: str, detail: str = "", final: bool = False) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.final = final


@dataclass(frozen=True)
class Signed:
    """One signature or document time stamp: its certificate, and the others in its CMS. `at`: a stamp's own moment."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    at: datetime | None = None

    @property
    def stamp(self) -> bool:
        """Whether it is a document time stamp."""
        return self.at is not None


@dataclass
class Evidence:
    """What goes into the DSS: validated paths, and the context that holds certificates, lists and answers."""

    paths: list[ValidationPath]
    context: ValidationContext

    def add_to(self, writer: QuietWriter) -> None:
        """Put all of it into the file's DSS; roots too, or nothing can be proven later (signing.md 6.4)."""
        DocumentSecurityStore.supply_dss_in_writer(
            writer, None, paths=self.paths, validation_context=self.context, embed_roots=True
        )


@dataclass
class Gatherer:
    """Gathers evidence. `lists` may give a list of revoked certificates that the box already has for a certificate."""

    trust: Trust
    stamp_trust: Trust
    patience: float = 30.0
    lists: Lists = lambda certificate, after: None

    def gather(self, path: Path, now: datetime) -> Evidence:
        """Everything about the signatures and time stamps in `path`. Raises: EvidenceError; OSError, PdfError."""
        everyone = list(signed_in(path))
        proven_at = proven_moment(everyone)
        if proven_at is None:
            raise EvidenceError("evidence-no-stamp")
        held = _held(path)
        wanted = [one for one in everyone if one is everyone[-1] or _lacking(one, held, proven_at)]
        by_list: set[bytes] = set()
        while True:
            try:
                return self._gather(everyone, wanted, proven_at, now, by_list)
            except _RevokedLater as error:
                by_list.add(error.certificate.sha256)

    def _gather(
        self,
        everyone: Sequence[Signed],
        wanted: Sequence[Signed],
        proven_at: datetime,
        now: datetime,
        by_list: set[bytes],
    ) -> Evidence:
        found, known = Answers(), set[bytes]()
        for one in wanted:
            chain = list(self._chain(one, now if one.stamp else proven_at))
            for issuer, certificate in pairwise(chain):
                if certificate.sha256 not in known:
                    known.add(certificate.sha256)
                    self._ask(certificate, issuer, proven_at, found, certificate.sha256 in by_list)
        context = self._context(found.moment(now), everyone, found)
        paths = [self._validate(one, context, proven_at, by_list) for one in wanted]
        for one in wanted:
            if not one.stamp and _lacking(one, found, proven_at):
                newest = found.newest(one.certificate)
                raise EvidenceError("evidence-too-old", newest.isoformat() if newest else "")
        return Evidence(paths, context)

    def _trust(self, one: Signed) -> Trust:
        return self.stamp_trust if one.stamp else self.trust

    def _chain(self, one: Signed, moment: datetime) -> ValidationPath:
        context = self._trust(one).context(moment, [other.dump() for other in one.others])
        return _usable(one, context)

    def _context(
        self,
        moment: datetime,
        everyone: Sequence[Signed],
        found: Answers,
    ) -> ValidationContext:
        roots = {*self.trust.roots, *self.stamp_trust.roots}
        known = {*self.trust.intermediates, *self.stamp_trust.intermediates}
        known |= {extra.dump() for one in everyone for extra in one.others}
        return ValidationContext(
            trust_roots=[x509.Certificate.load(root) for root in sorted(roots)],
            other_certs=[x509.Certificate.load(one) for one in sorted(known - roots)],
            moment=moment,
            crls=found.lists,
            ocsps=found.answers,
            allow_fetching=False,
            revocation_mode="require",
            time_tolerance=TOLERANCE,
        )

    def _validate(
        self, one: Signed, context: ValidationContext, proven_at: datetime, by_list: set[bytes]
    ) -> ValidationPath:
        try:
            return _usable(one, context)
        except EvidenceError as error:
            cause = error.__cause__
            if not isinstance(cause, RevokedError) or one.stamp or cause.revocation_dt <= proven_at:
                raise
        # Revoked after the proven moment: the signature stands, and what says so is its evidence.
        if one.certificate.sha256 not in by_list:
            raise _RevokedLater(one.certificate)
        return self._chain(one, proven_at)

    def _ask(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        proven_at: datetime,
        found: Answers,
        by_list: bool,
    ) -> None:
        if certificate.ocsp_no_check_value is not None:
            return
        faults = []
        for url in [] if by_list else certificate.ocsp_urls:
            try:
                found.answers.append(ask_responder(url, certificate, issuer, self.patience))
            except (ExchangeError, ValueError) as error:
                faults.append(str(error))
            else:
                return
        # Of a signer, a list at hand that is young enough saves the line; of an authority, whose list may be older than
        # the stamp, it stands in where the certificate names no address or the address is silent.
        if not certificate.ca and self._at_hand(certificate, proven_at, found):
            return
        for url in list_urls(certificate):
            try:
                found.lists.append(fetch_list(url, self.patience))
            except (ExchangeError, ValueError) as error:
                faults.append(str(error))
            else:
                return
        if certificate.ca and self._at_hand(certificate, _EVER, found):
            return
        raise EvidenceError("evidence-unreachable", "; ".join(faults)[:300] or certificate.subject.human_friendly)

    def _at_hand(self, certificate: x509.Certificate, after: datetime, found: Answers) -> bool:
        held = self.lists(certificate, after)
        if held is not None:
            found.lists.append(crl.CertificateList.load(held))
        return held is not None


class _RevokedLater(Exception):
    """A signer was revoked after the proven moment. pyHanko's past validation follows that from a list only."""

    def __init__(self, certificate: x509.Certificate) -> None:
        super().__init__(certificate.subject.human_friendly)
        self.certificate = certificate


def signed_in(path: Path) -> Iterator[Signed]:
    """Every signature and document time stamp of a file, in order. Raises: OSError, PdfError, ValueError."""
    with path.open("rb") as stream:
        for embedded in PdfFileReader(stream, strict=True).embedded_signatures:
            content: cms.SignedData = embedded.signed_data
            found = extract_certificate_info(content)
            stamp = embedded.sig_object_type == "/DocTimeStamp"
            at = content["encap_content_info"]["content"].parsed["gen_time"].native if stamp else None
            yield Signed(found.signer_cert, tuple(found.other_certs), at)


def proven_moment(everyone: Sequence[Signed]) -> datetime | None:
    """The moment of the oldest document time stamp that covers every signature, or None."""
    signatures = [number for number, one in enumerate(everyone) if not one.stamp]
    last = max(signatures, default=-1)
    return min((one.at for one in everyone[last + 1 :] if one.at is not None), default=None)


def _usable(one: Signed, context: ValidationContext) -> ValidationPath:
    validator = CertificateValidator(one.certificate, intermediate_certs=one.others, validation_context=context)
    usage = {"time_stamping"} if one.stamp else set()
    try:
        return asyncio.run(validator.async_validate_usage(set(), extended_key_usage=usage))
    except RevokedError as error:
        raise EvidenceError("evidence-revoked", str(error), final=True) from error
    except ExpiredError as error:
        raise EvidenceError("evidence-expired", str(error)) from error  # or the clock is wrong: not for ever
    except PathValidationError as error:
        raise EvidenceError("evidence-incomplete", str(error)) from error
    except (PathBuildingError, ValidationError, ValueError) as error:
        raise EvidenceError("evidence-untrusted", str(error)) from error


def _lacking(one: Signed, found: Answers, proven_at: datetime) -> bool:
    """Whether `found` says too little: nothing of a certificate, or of a signer only what is older than the proof."""
    newest = found.newest(one.certificate)
    return newest is None or (not one.stamp and newest < proven_at)


def _held(path: Path) -> Answers:
    """What the file's own DSS has. Of an expired signer nothing more can be had; nothing more is needed either."""
    with path.open("rb") as stream:
        try:
            store = DocumentSecurityStore.read_dss(PdfFileReader(stream, strict=True))
        except ValidationInfoReadingError:
            return Answers()
        return Answers(
            [ocsp.OCSPResponse.load(one.get_object().data) for one in store.ocsps],
            [crl.CertificateList.load(one.get_object().data) for one in store.crls],
        )
