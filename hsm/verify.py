"""Strict verification of signed PDF files: the only judge of "valid" in the box and in the province.

Owns the verdict. Decides by: digest and CMS signature, coverage, a policy stricter than pyHanko's own on what may
follow a signature (signing.md 7.3), the last signature covering the file to its last byte, the lock on the agency's
field, the order of signatures, the slots expected, and a chain to a pinned root. Other products call appended attacks
valid; nothing of theirs is asked. A hostile file never crashes it: any fault of a parser is a verdict. Time limits
are the caller's.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DSSCompareRule,
    FormUpdatingRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, enumerate_sig_fields
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel

from hsm.appearance import iso_time
from hsm.pdfa import check_pdfa
from hsm.slots import SLOT_OF_FIELD
from hsm.trust import Trust

# pyHanko tells every faulty file on standard error with a traceback; here a faulty file is an answer, not an event.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_LTA = ModificationLevel.LTA_UPDATES
STRICT = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        ObjectStreamRule().as_qualified(_LTA),
        XrefStreamRule().as_qualified(_LTA),
        DSSCompareRule().as_qualified(_LTA),
    ],
    form_rule=FormUpdatingRule([SigFieldCreationRule(), SigFieldModificationRule()]),
)
"""Without the rules for /Info, XMP and other form fields: whoever writes after a signature must not touch those."""

VERDICTS = ("valid", "untrusted", "changed", "invalid", "unsigned", "unreadable")


@dataclass(frozen=True)
class SignatureFinding:
    """One signature. `signed_at` is the signer's own claim, ISO 8601 +07:00, or "".

    `intact`: the bytes it covers are those that were signed, and the signature is right; `changed_after`: something not
    allowed was added later; `trusted`: its certificate chains to a pinned root and may sign.
    """

    field: str
    slot: str
    signer: str
    signed_at: str
    intact: bool
    trusted: bool
    covers_whole_file: bool
    changed_after: bool
    certificate_sha256: str
    timestamp: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """The verdict on a file, one of `VERDICTS`, and how it came about. `reasons` are stable codes."""

    verdict: str
    signatures: tuple[SignatureFinding, ...]
    pdfa: bool
    reasons: tuple[str, ...] = ()
    sha256: str = ""
    size: int = 0

    def facts(self) -> dict[str, Any]:
        """The verification as JSON values."""
        return asdict(self)


def verify_file(
    path: Path,
    trust: Trust,
    expected_slots: Sequence[str] | None = None,
    now: datetime | None = None,
    with_pdfa: bool = True,
) -> Verification:
    """Judge one file. Never raises for what is in the file; call it from a thread without a running event loop.

    `expected_slots`: signatures that must be there, in this order. `now` defaults to the clock. Raises: OSError when
    the file itself cannot be read.
    """
    content = path.read_bytes()
    digest, size = sha256(content).hexdigest(), len(content)
    del content
    findings: tuple[SignatureFinding, ...] = ()
    try:
        with path.open("rb") as stream:
            findings, faults = asyncio.run(_judge(stream, trust, expected_slots, now))
        verdict, reasons = _verdict(findings, faults, expected_slots)
    except Exception as error:  # Any fault of the parser is a fault of the file; it must become a verdict.
        verdict, reasons = _broken(path), [f"parser-{type(error).__name__}"]
    pdfa = check_pdfa(path).passed if with_pdfa and verdict != "unreadable" else False
    return Verification(verdict, findings, pdfa, tuple(reasons), digest, size)


def _broken(path: Path) -> str:
    # A file without any trace of a signature is just unreadable; one with a signature that breaks the parser is
    # invalid.
    content = path.read_bytes()
    signed = b"%PDF-" in content[:1024] and re.search(rb"/ByteRange|/(FT|Type)\s*/Sig\b", content) is not None
    return "invalid" if signed else "unreadable"


async def _judge(
    stream: Any, trust: Trust, expected: Sequence[str] | None, now: datetime | None
) -> tuple[tuple[SignatureFinding, ...], list[str]]:
    reader = PdfFileReader(stream, strict=True)
    if reader.encrypted:
        raise PdfReadError("encrypted")
    faults: list[str] = []
    filled = [name for name, value, _ in enumerate_sig_fields(reader, filled_status=True) if value is not None]
    embedded = [*reader.embedded_signatures]
    if len(embedded) != len(filled):
        faults.append("signature-unreadable")
    embedded.sort(key=lambda each: each.signed_revision)
    findings = []
    for signature in embedded:
        try:
            findings.append(await _finding(signature, trust, now))
        except Exception as error:  # One broken signature must not hide the others.
            findings.append(_unreadable_finding(signature, error))
    if embedded:
        if not findings[-1].covers_whole_file:
            faults.append("bytes-after-last-signature")
        faults.extend(_lock_faults(embedded))
    return tuple(findings), faults


async def _finding(signature: EmbeddedPdfSignature, trust: Trust, now: datetime | None) -> SignatureFinding:
    context = trust.context(now)
    stamp = signature.sig_object_type == "/DocTimeStamp"
    if stamp:
        status = await async_validate_pdf_timestamp(signature, context, diff_policy=STRICT)
    else:
        status = await async_validate_pdf_signature(
            signature, context, diff_policy=STRICT, key_usage_settings=_KEY_USAGE
        )
    reasons = []
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    covered = status.coverage is not None and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
    if not status.intact:
        reasons.append("digest-mismatch")
    if not status.valid:
        reasons.append("signature-wrong")
    if not covered:
        reasons.append("coverage-unclear")
    changed = not status.docmdp_ok
    if changed:
        reasons.append("changed-after-signing")
    if not status.trusted:
        reasons.append("certificate-untrusted")
    if not getattr(status, "seed_value_ok", True):
        reasons.append("seed-value")
    claimed = signature.self_reported_timestamp
    return SignatureFinding(
        field=str(signature.field_name),
        slot=SLOT_OF_FIELD.get(signature.field_name, ""),
        signer=_common_name(signature),
        signed_at=iso_time(claimed) if claimed is not None and claimed.tzinfo is not None else "",
        intact=bool(status.intact and status.valid and covered),
        trusted=bool(status.trusted),
        covers_whole_file=whole,
        changed_after=changed,
        certificate_sha256=sha256(signature.signer_cert.dump()).hexdigest(),
        timestamp=stamp,
        reasons=tuple(reasons),
    )


_KEY_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)


def _unreadable_finding(signature: EmbeddedPdfSignature, error: Exception) -> SignatureFinding:
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


def _common_name(signature: EmbeddedPdfSignature) -> str:
    names = signature.signer_cert.subject.native
    value = names.get("common_name", "")
    return value if isinstance(value, str) else ", ".join(value)


def _lock_faults(embedded: Iterable[EmbeddedPdfSignature]) -> list[str]:
    # Only a lock on the agency's field stops a white empty field from being laid over the text later (signing.md 7.2).
    for signature in embedded:
        if SLOT_OF_FIELD.get(signature.field_name) != "agency":
            continue
        lock = signature.fieldmdp
        if not isinstance(lock, FieldMDPSpec) or lock.action != FieldMDPAction.ALL:
            return ["agency-lock-missing"]
        level = signature.docmdp_level
        if level is None or level.value != 1:
            return ["agency-lock-missing"]
    return []


def _verdict(
    findings: tuple[SignatureFinding, ...], faults: list[str], expected: Sequence[str] | None
) -> tuple[str, list[str]]:
    if not findings:
        return ("invalid", faults) if faults else ("unsigned", ["no-signature"])
    reasons = list(faults)
    slots = [finding.slot for finding in findings if finding.slot and not finding.timestamp]
    if expected is not None and slots != list(expected):
        reasons.append("slots-not-as-expected")
    if len(set(slots)) != len(slots) or slots == ["agency", "leader"]:
        reasons.append("slots-out-of-order")
    for finding in findings:
        reasons.extend(reason for reason in finding.reasons if reason not in reasons)
    invalid = [reason for reason in reasons if reason not in _CHANGED and reason not in _UNTRUSTED]
    if invalid:
        return "invalid", reasons
    if any(reason in _CHANGED for reason in reasons):
        return "changed", reasons
    return ("untrusted", reasons) if reasons else ("valid", [])


_CHANGED = {"digest-mismatch", "changed-after-signing", "bytes-after-last-signature"}
_UNTRUSTED = {"certificate-untrusted"}
