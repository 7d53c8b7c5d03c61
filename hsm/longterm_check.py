"""Whether signatures can be proven at a given moment, now or in ten years, from what is in the file alone.

The AdES validation of EN 319 102-1 (past signature validation) with document time stamps as evidence records, offline,
with revocation data required. pyHanko refuses the structure that two signers need, a document time stamp instead of one
inside each signature, with "No signature timestamp present"; EN 319 142-1 counts either. So that one refusal, and no
other, is turned into the result it stands in front of (signing.md F6, 6.4); the pin of pyHanko and a test keep watch.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import context as validation_context
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv import poe
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, NonRevokedStatusAssertion
from pyhanko_certvalidator.registry import SimpleTrustManager

from hsm.policy import STRICT
from hsm.slots import SLOT_OF_FIELD
from hsm.trust import Trust

for _name in ("pyhanko.sign.validation", "pyhanko_certvalidator"):
    # It warns with a traceback of everything that is not proven; here that is the answer.
    logging.getLogger(_name).setLevel(logging.ERROR)

_NO_SIGNATURE_STAMP = "No signature timestamp present"
_FAULTS = (PdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What pyHanko raises for a file that is not what it should be."""
_original = ades.ades_with_time_validation


async def _with_document_stamps(*positional: Any, **named: Any) -> Any:
    found = await _original(*positional, **named)
    refused = (
        found.ades_subindic == AdESIndeterminate.SIG_CONSTRAINTS_FAILURE and found.failure_msg == _NO_SIGNATURE_STAMP
    )
    if not refused:
        return found
    return dataclasses.replace(
        found, ades_subindic=found.api_status.trust_problem_indic or AdESPassed.OK, failure_msg=None
    )


ades.ades_with_time_validation = _with_document_stamps

_moment: ContextVar[datetime | None] = ContextVar("moment of validation", default=None)


class _PoesOfTheMoment(POEManager):
    """Takes what it is shown as seen at the asked moment; pyHanko's own asks the clock of the machine, so that a file
    judged "in 2036" would pass by what the machine sees today."""

    def __init__(self, current_dt_override: datetime | None = None) -> None:
        super().__init__(current_dt_override=current_dt_override or _moment.get())


async def _past_validate(*positional: Any, init_control_time: datetime | None = None, **named: Any) -> datetime:
    return await _original_past(*positional, init_control_time=init_control_time or _moment.get(), **named)


_original_past = ades.past_validate
ades.past_validate = _past_validate
for _module in (ades, validation_context, poe):
    _module.POEManager = _PoesOfTheMoment

_original_truncation = ValidationPath.truncate_to_issuer_and_append


def _to_issuer(self: ValidationPath, cert: x509.Certificate) -> ValidationPath:
    # In past validation pyHanko cuts the path off above the signer's issuer, and then finds no place for the issuer
    # itself: a list of revoked certificates would never count, only an OCSP answer.
    try:
        return _original_truncation(self, cert)
    except LookupError:
        authority = self.trust_anchor.authority
        if isinstance(authority, AuthorityWithCert) and authority.certificate.sha256 == cert.sha256:
            return ValidationPath(self.trust_anchor, [], None)
        raise


ValidationPath.truncate_to_issuer_and_append = _to_issuer


@dataclass(frozen=True)
class Proof:
    """What can be said of one signature at the asked moment. `proven_at` is the time of the oldest document time stamp
    after it, or None; `indication` is AdES's own word (PASSED, NO_POE, ...).
    """

    field: str
    slot: str
    proven: bool
    indication: str
    proven_at: datetime | None


def proofs_at(
    path: Path, trust: Trust, stamp_trust: Trust, moment: datetime, newest_stamp_good: bool = False
) -> tuple[Proof, ...]:
    """Every signature (time stamps apart) as a validator would see it at `moment`, without any network.

    `newest_stamp_good`: the caller has found that the certificate of the newest time stamp is not revoked at that
    moment; nothing in the file can say so.
    """

    def check(signature: EmbeddedPdfSignature, spec: PdfSignatureValidationSpec) -> Coroutine[Any, Any, Any]:
        timing = ValidationTimingInfo(validation_time=moment, best_signature_time=moment, point_in_time_validation=True)
        return ades.ades_lta_validation(signature, spec, timing_info=timing)

    known = _good_at(path, moment) if newest_stamp_good else LocalKnowledge()
    return _each(path, _signature_spec(trust, stamp_trust, known), moment, check)


def proofs_if_kept_up(
    path: Path, trust: Trust, stamp_trust: Trust, moment: datetime, now: datetime
) -> tuple[Proof, ...]:
    """The same at `moment`, if renewals go on in time: whether everything that cannot be fetched later is in the
    file."""

    def check(signature: EmbeddedPdfSignature, spec: PdfSignatureValidationSpec) -> Coroutine[Any, Any, Any]:
        return ades.simulate_future_ades_lta_validation(signature, spec, moment, current_reference_time=now)

    return _each(path, _signature_spec(trust, stamp_trust, LocalKnowledge()), now, check)


Check = Callable[[EmbeddedPdfSignature, PdfSignatureValidationSpec], Coroutine[Any, Any, Any]]


def _each(path: Path, policy: SignatureValidationSpec, moment: datetime, check: Check) -> tuple[Proof, ...]:
    spec = PdfSignatureValidationSpec(policy, diff_policy=STRICT)
    with path.open("rb") as stream:
        try:
            embedded = PdfFileReader(stream, strict=True).embedded_regular_signatures
        except _FAULTS:
            return ()
        before = _moment.set(moment)
        try:
            return tuple(asyncio.run(_proof(signature, spec, check)) for signature in embedded)
        finally:
            _moment.reset(before)


async def _proof(signature: EmbeddedPdfSignature, spec: PdfSignatureValidationSpec, check: Check) -> Proof:
    field = str(signature.field_name)
    slot = SLOT_OF_FIELD.get(field, "")
    try:
        found = await check(signature, spec)
    except (SignatureValidationError, *_FAULTS) as error:
        return Proof(field, slot, False, type(error).__name__, None)
    proven_at = found.oldest_evidence_record_timestamp
    status = found.api_status
    sound = status is not None and bool(status.intact and status.valid)
    passed = found.ades_subindic == AdESPassed.OK and sound and proven_at is not None
    return Proof(field, slot, passed, str(found.ades_subindic.standard_name), proven_at)


def _good_at(path: Path, moment: datetime) -> LocalKnowledge:
    with path.open("rb") as stream:
        try:
            newest = PdfFileReader(stream, strict=True).embedded_timestamp_signatures[-1].signer_cert
        except (IndexError, *_FAULTS):
            return LocalKnowledge()
    return LocalKnowledge(nonrevoked_assertions=[NonRevokedStatusAssertion(newest.sha256, at=moment)])


def _signature_spec(trust: Trust, stamp_trust: Trust, known: LocalKnowledge) -> SignatureValidationSpec:
    return SignatureValidationSpec(
        local_knowledge=known,
        cert_validation_policy=_policy(trust),
        ts_cert_validation_policy=_policy(stamp_trust),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
            certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
        ),
    )


def _policy(trust: Trust) -> CertValidationPolicySpec:
    return CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([x509.Certificate.load(root) for root in trust.roots]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=True),
    )
