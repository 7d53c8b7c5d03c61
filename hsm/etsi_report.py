"""ETSI TS 119 102-2 validation reports, one for each signature of a file, for whoever has tools that read them.

The words of the standard are kept: without revocation data a signature is "indeterminate" there, where the own verdict
says "valid" and "revocation unknown". The reports take nothing back from and add nothing to `hsm.verify`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.report.tools import generate_report
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import process_legacy_crl_input

from hsm import longterm_check
from hsm.policy import STRICT
from hsm.trust import Trust

assert longterm_check  # with it, document time stamps count in place of one inside each signature (signing.md F6)


def reports(path: Path, trust: Trust, now: datetime | None = None) -> list[dict[str, str]]:
    """For each signature: {"field", "xml"}; {"field", "error"} where pyHanko can make none. Fetches nothing.

    An unreadable file has no report. `now` defaults to the clock.
    """
    try:
        with path.open("rb") as stream:
            embedded = PdfFileReader(stream, strict=True).embedded_regular_signatures
            return asyncio.run(_reported(embedded, trust, now or datetime.now(UTC)))
    except Exception:  # Hostile input: any fault of the parser leaves nothing to report on; the verdict tells it.
        return []


async def _reported(embedded: list[EmbeddedPdfSignature], trust: Trust, now: datetime) -> list[dict[str, str]]:
    found = []
    for signature in embedded:
        try:
            found.append({"field": str(signature.field_name), "xml": await _report(signature, trust, now)})
        except Exception as error:  # One broken signature must not hide the others.
            found.append({"field": str(signature.field_name), "error": f"{type(error).__name__}: {error}"[:300]})
    return found


async def _report(signature: EmbeddedPdfSignature, trust: Trust, now: datetime) -> str:
    signature.compute_integrity_info(diff_policy=STRICT)
    result: Any = await ades.ades_lta_validation(
        signature,
        PdfSignatureValidationSpec(_spec(trust), diff_policy=STRICT),
        timing_info=ValidationTimingInfo(validation_time=now, best_signature_time=now, point_in_time_validation=True),
    )
    return str(generate_report(signature, result))


def _spec(trust: Trust) -> SignatureValidationSpec:
    known = [x509.Certificate.load(each) for each in trust.intermediates]
    return SignatureValidationSpec(
        local_knowledge=LocalKnowledge(known_certs=known, known_crls=process_legacy_crl_input(trust.crls)),
        cert_validation_policy=_policy(trust),
        ts_cert_validation_policy=_policy(trust.for_stamps()),
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
