"""The judgement on each signature of an opened file: right, untouched, trusted, since when, and what followed it.

Owns the order of questions; the rules are in `hsm.policy`, times in `hsm.proving`, revocation in `hsm.standing`. Asks
nobody outside the file and the trust it was given. One broken signature never hides the others.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from asn1crypto import x509
from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, enumerate_sig_fields
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator.path import ValidationPath

from hsm.findings import METADATA_CHANGED, CertificateFacts, Revocation, SignatureFinding
from hsm.policy import GAP_MOST, KEY_USAGE, LENIENT, STRICT, allowed, gap_is_clean, key_name, weak
from hsm.proving import Stamp, is_timestamp, proven_before
from hsm.slots import SLOT_OF_FIELD
from hsm.standing import FOR_EVER, Evidence
from hsm.times import iso_time
from hsm.trust import Trust, standings


async def judged_signature(
    signature: EmbeddedPdfSignature, trust: Trust, evidence: Evidence, stamps: dict[int, Stamp], now: datetime
) -> SignatureFinding:
    """The finding on one embedded signature or document timestamp. Whatever breaks is a finding too."""
    try:
        if is_timestamp(signature):
            return _timestamp(signature, stamps[signature.signed_revision])
        return await _signature(signature, trust, evidence, stamps, now)
    except Exception as error:  # Hostile input: any fault of the parser is a fault of this signature.
        return _unreadable(signature, error)


async def _signature(
    signature: EmbeddedPdfSignature, trust: Trust, evidence: Evidence, stamps: dict[int, Stamp], now: datetime
) -> SignatureFinding:
    proven, proven_by = proven_before(signature.signed_revision, stamps), "document-timestamp"
    context = trust.context(proven or now, evidence.certificates)
    clock = trust.for_stamps().context(now, evidence.certificates)
    status = await async_validate_pdf_signature(
        signature, context, clock, diff_policy=STRICT, key_usage_settings=KEY_USAGE
    )
    own = status.timestamp_validity
    if own is not None and own.intact and own.valid and own.trusted and own.timestamp <= (proven or now):
        # A timestamp within the signature (tools of the field add one): the chain is judged at that time.
        proven, proven_by = own.timestamp, "signature-timestamp"
        status = await async_validate_pdf_signature(
            signature,
            trust.context(proven, evidence.certificates),
            clock,
            key_usage_settings=KEY_USAGE,
            skip_diff=True,
        )
    reasons, kinds = _integrity(signature, status.intact, status.valid)
    claimed = _claimed(signature)
    moment = proven or claimed or now
    if status.trusted and status.validation_path is not None:
        judged = _standings(status.validation_path, evidence, moment, proven is not None)
    else:
        judged = []
    trouble = await _distrust(signature, status, judged, trust, evidence, proven or now)
    if not getattr(status, "seed_value_ok", True):
        reasons.append("seed-value")
    return _finding(
        signature,
        reasons + trouble,
        kinds,
        intact=bool(status.intact and status.valid),
        trusted=not trouble,
        claimed=claimed,
        proven=proven,
        proven_by=proven_by if proven else "",
        revocation=judged[-1] if judged else Revocation("unknown", iso_time(moment)),
    )


def _timestamp(signature: EmbeddedPdfSignature, stamp: Stamp) -> SignatureFinding:
    reasons, kinds = _integrity(signature, stamp.status.intact, stamp.status.valid)
    if stamp.reason and stamp.reason != "timestamp-wrong":
        reasons.append(stamp.reason)
    return _finding(
        signature,
        reasons,
        kinds,
        intact=bool(stamp.status.intact and stamp.status.valid),
        trusted=stamp.trusted,
        claimed=stamp.time,
        proven=stamp.time if stamp.trusted else None,
        proven_by="document-timestamp" if stamp.trusted else "",
        revocation=stamp.revocation,
    )


def _finding(
    signature: EmbeddedPdfSignature,
    reasons: list[str],
    kinds: tuple[str, ...],
    *,
    intact: bool,
    trusted: bool,
    claimed: datetime | None,
    proven: datetime | None,
    proven_by: str,
    revocation: Revocation,
) -> SignatureFinding:
    certificate = signature.signer_cert
    return SignatureFinding(
        field=str(signature.field_name),
        slot=SLOT_OF_FIELD.get(str(signature.field_name), ""),
        signer=_name(certificate.subject, "common_name"),
        signed_at=iso_time(claimed) if claimed else "",
        intact=intact and "coverage-unclear" not in reasons and "gap-not-clean" not in reasons,
        trusted=trusted,
        covers_whole_file=signature.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        changed_after="changed-after-signing" in reasons or METADATA_CHANGED in reasons,
        certificate_sha256=sha256(certificate.dump()).hexdigest(),
        timestamp=is_timestamp(signature),
        reasons=tuple(reasons),
        proven_at=iso_time(proven) if proven else "",
        proven_by=proven_by,
        later_changes=kinds,
        algorithm=f"{signature.md_algorithm.upper()}, {key_name(certificate)}",
        certificate=_facts(certificate),
        revocation=revocation,
    )


def _integrity(signature: EmbeddedPdfSignature, intact: bool, valid: bool) -> tuple[list[str], tuple[str, ...]]:
    """What is wrong with the bytes, and the kinds of change that follow the signature."""
    reasons = []
    coverage = signature.coverage
    if not intact:
        reasons.append("digest-mismatch")
    if not valid:
        reasons.append("signature-wrong")
    if coverage is None or coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return [*reasons, "coverage-unclear", "changed-after-signing"], ("content",)
    if not _gap_clean(signature):
        reasons.append("gap-not-clean")
    kinds, change = _later(signature)
    return ([*reasons, change] if change else reasons), kinds


def _gap_clean(signature: EmbeddedPdfSignature) -> bool:
    start, end = int(signature.byte_range[1]), int(signature.byte_range[2])
    if not 0 < end - start <= GAP_MOST:
        return False
    stream = signature.reader.stream
    stream.seek(start)
    return gap_is_clean(stream.read(end - start))


def _later(signature: EmbeddedPdfSignature) -> tuple[tuple[str, ...], str]:
    """Kinds of change after the signature, and the reason code if the strict policy does not allow one of them."""
    if signature.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return (), ""
    if signature.signed_revision == signature.reader.xrefs.total_revisions - 1:
        return ("loose-bytes",), ""  # bytes that belong to no revision: the tail's reason tells them
    if _blank_field_laid(signature):
        return ("content",), "changed-after-signing"
    result = signature.diff_result
    if result is not None and allowed(result, signature.docmdp_level):
        return _kinds(signature, result), ""
    lenient = signature.evaluate_modifications(LENIENT)
    if allowed(lenient, signature.docmdp_level):
        return ("metadata", *(kind for kind in _kinds(signature, lenient) if kind != "structure")), METADATA_CHANGED
    return ("content",), "changed-after-signing"


def _blank_field_laid(signature: EmbeddedPdfSignature) -> bool:
    """Whether an unsigned field that takes room on a page was made after the signature: its appearance may hide text
    (signing.md 7.1). Without a lock the comparison of revisions allows it, also below a later signature."""
    reader = signature.reader
    for _, value, field in enumerate_sig_fields(reader):
        made = reader.xrefs.get_introducing_revision(field.reference) if isinstance(field, IndirectObject) else None
        if value is not None or (made is not None and made <= signature.signed_revision):
            continue
        rectangle = [float(part) for part in field.get_object().get("/Rect", (0, 0, 0, 0))]
        if rectangle[0] != rectangle[2] and rectangle[1] != rectangle[3]:
            return True
    return False


def _kinds(signature: EmbeddedPdfSignature, result: object) -> tuple[str, ...]:
    """What allowed changes there are: their level tells of fields, the file itself of stamps and validation data."""
    kinds = []
    if isinstance(result, DiffResult) and result.modification_level is ModificationLevel.FORM_FILLING:
        kinds.append("signatures")
    later = [each for each in signature.reader.embedded_signatures if each.signed_revision > signature.signed_revision]
    if any(is_timestamp(each) for each in later) or _store_written(signature.reader) > signature.signed_revision:
        kinds.append("validation-data")
    return tuple(kinds) or ("structure",)


def _store_written(reader: PdfFileReader) -> int:
    """The revision that last wrote the security store; -1 when there is none."""
    try:
        store = reader.root.raw_get("/DSS")
    except KeyError:
        return -1
    reference = getattr(store, "reference", None)
    return reader.xrefs.get_last_change(reference) if reference is not None else reader.xrefs.total_revisions - 1


def _standings(path: ValidationPath, evidence: Evidence, moment: datetime, proven: bool) -> list[Revocation]:
    return standings([each.dump() for each in path.iter_certs(include_root=True)], evidence, moment, proven)


async def _distrust(
    signature: EmbeddedPdfSignature,
    status: PdfSignatureStatus,
    judged: list[Revocation],
    trust: Trust,
    evidence: Evidence,
    moment: datetime,
) -> list[str]:
    """Why the signer is not to be relied upon; empty when nothing speaks against it."""
    found = []
    certificate = signature.signer_cert
    if weak(signature.signer_info, certificate, signature.external_md_algorithm):
        found.append("algorithm-weak")
    if judged and judged[-1].state == "revoked":
        found.append("certificate-revoked")
    if any(each.state == "revoked" for each in judged[:-1]):
        found.append("issuer-revoked")
    if not found and not status.trusted:
        found.append(await _untrusted_because(signature, trust, evidence, moment))
    return found


async def _untrusted_because(
    signature: EmbeddedPdfSignature, trust: Trust, evidence: Evidence, moment: datetime
) -> str:
    """Whether only the time is at fault: the same chain, judged within the certificate's own validity."""
    certificate = signature.signer_cert
    begin, end = certificate.not_valid_before, certificate.not_valid_after
    if begin <= moment <= end:
        return "certificate-untrusted"
    then = await async_validate_pdf_signature(
        signature,
        trust.context(end if moment > end else begin, evidence.certificates),
        key_usage_settings=KEY_USAGE,
        skip_diff=True,
    )
    if not then.trusted:
        return "certificate-untrusted"
    return "certificate-expired" if moment > end else "certificate-not-yet-valid"


def _unreadable(signature: EmbeddedPdfSignature, error: Exception) -> SignatureFinding:
    return SignatureFinding(
        field=str(signature.field_name),
        slot=SLOT_OF_FIELD.get(str(signature.field_name), ""),
        signer="",
        signed_at="",
        intact=False,
        trusted=False,
        covers_whole_file=False,
        changed_after=False,
        certificate_sha256="",
        reasons=(f"signature-unreadable-{type(error).__name__}",),
    )


def _claimed(signature: EmbeddedPdfSignature) -> datetime | None:
    claimed = signature.self_reported_timestamp
    return claimed if claimed is not None and claimed.tzinfo is not None else None


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    return CertificateFacts(
        sha256=sha256(certificate.dump()).hexdigest(),
        organization=_name(certificate.subject, "organization_name"),
        issuer=_name(certificate.issuer, "common_name"),
        serial=f"{certificate.serial_number:x}",
        valid_from=iso_time(certificate.not_valid_before),
        valid_to=iso_time(min(certificate.not_valid_after, FOR_EVER)),
        key=key_name(certificate),
    )


def _name(name: x509.Name, part: str) -> str:
    value = name.native.get(part, "")
    return value if isinstance(value, str) else ", ".join(str(each) for each in value)


def lock_faults(embedded: list[EmbeddedPdfSignature]) -> list[str]:
    """An agency's field without its lock: only the lock stops a white empty field from being laid over the text later
    (signing.md 7.2)."""
    for signature in embedded:
        if SLOT_OF_FIELD.get(str(signature.field_name)) != "agency":
            continue
        lock = signature.fieldmdp
        if not isinstance(lock, FieldMDPSpec) or lock.action != FieldMDPAction.ALL:
            return ["agency-lock-missing"]
        level = signature.docmdp_level
        if level is None or level.value != 1:
            return ["agency-lock-missing"]
    return []


def level_of(reader: PdfFileReader, embedded: list[EmbeddedPdfSignature]) -> str:
    """The PAdES level of the file's structure (ETSI EN 319 142-1 in short); says nothing about trust."""
    signatures = [each.signed_revision for each in embedded if not is_timestamp(each)]
    if not signatures:
        return ""
    covering = [
        each.signed_revision for each in embedded if is_timestamp(each) and each.signed_revision > max(signatures)
    ]
    if not covering:
        return "B-B"
    stored = _store_written(reader)
    if stored < 0:
        return "B-T"
    return "B-LTA" if min(covering) < stored <= max(covering) else "B-LT"
