"""By when a signature is proven to have existed: the chain of document timestamps, newest first.

Only a document timestamp covers every signature before it, so it is what gives the leader's signature a time after the
agency has signed (signing.md F6, 6.1). Each timestamp is judged at the moment that the next newer trusted one proves,
the newest now: so a chain that was renewed in time holds after every certificate in it has expired, and a broken one
proves nothing (ETSI EN 319 102-1, 5.6.3, without online sources).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyhanko.sign.validation import async_validate_pdf_timestamp
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import DocumentTimestampStatus, SignatureCoverageLevel

from hsm.findings import Revocation
from hsm.policy import STRICT, weak
from hsm.standing import Evidence
from hsm.trust import Trust, standings


@dataclass(frozen=True)
class Stamp:
    """One document timestamp as judged: its time, whether it may be relied upon, and why not (a reason code)."""

    signature: EmbeddedPdfSignature
    status: DocumentTimestampStatus
    time: datetime
    trusted: bool
    reason: str
    revocation: Revocation


def is_timestamp(signature: EmbeddedPdfSignature) -> bool:
    """Whether an embedded signature is a document timestamp."""
    return str(signature.sig_object_type) == "/DocTimeStamp"


async def judged_timestamps(
    embedded: Sequence[EmbeddedPdfSignature], trust: Trust, evidence: Evidence, now: datetime
) -> dict[int, Stamp]:
    """Every document timestamp that can be read, by its revision."""
    found: dict[int, Stamp] = {}
    control = now
    for signature in sorted(embedded, key=lambda each: each.signed_revision, reverse=True):
        if not is_timestamp(signature):
            continue
        try:
            stamp = await _judged(signature, trust, evidence, control)
        except Exception:  # Whatever breaks here proves no time; the judge of signatures tells the fault.
            continue
        found[signature.signed_revision] = stamp
        if stamp.trusted:
            control = min(control, stamp.time)
    return found


def proven_before(revision: int, stamps: dict[int, Stamp]) -> datetime | None:
    """The earliest time by which everything of `revision` is proven to have existed, or None."""
    times = [stamp.time for number, stamp in stamps.items() if number > revision and stamp.trusted]
    return min(times, default=None)


async def _judged(signature: EmbeddedPdfSignature, trust: Trust, evidence: Evidence, control: datetime) -> Stamp:
    context = trust.for_stamps().context(control, evidence.certificates)
    status = await async_validate_pdf_timestamp(signature, context, diff_policy=STRICT)
    covered = status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
    revocation = Revocation("unknown")
    reason = ""
    if not (status.intact and status.valid and covered):
        reason = "timestamp-wrong"
    elif weak(signature.signer_info, signature.signer_cert, signature.external_md_algorithm):
        reason = "algorithm-weak"
    elif not status.trusted or status.validation_path is None:
        reason = "timestamp-untrusted"
    else:
        chain = [each.dump() for each in status.validation_path.iter_certs(include_root=True)]
        judged = standings(chain, evidence, control, proven=True)
        revocation = judged[-1] if judged else revocation
        if any(each.state == "revoked" for each in judged):
            reason = "timestamp-untrusted"
    return Stamp(signature, status, status.timestamp, not reason, reason, revocation)
