"""Strict verification of signed PDF files: the only judge of "valid" in the box and in the province.

Owns the verdict. Decides by: digest and CMS signature, coverage, a policy stricter than pyHanko's own on what may
follow a signature (signing.md 7.3), the last signature covering the file to its last byte, the lock on the agency's
field, the order of signatures, the slots expected, algorithms, a chain to a pinned root at the proven time, and
revocation by the evidence at hand. Other products call appended attacks valid; nothing of theirs is asked. A hostile
file never crashes it: any fault of a parser is a verdict. Memory does not grow with the file; time limits are the
caller's.
"""

from __future__ import annotations

import hashlib
import logging
import mmap
import os
import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from hsm import standing, swift
from hsm.digests import read_once
from hsm.findings import CHANGED, TAIL, UNTRUSTED, VERDICTS, SignatureFinding, Verification, conclude
from hsm.judging import judged_signature, level_of, lock_faults
from hsm.proving import judged_timestamps
from hsm.standing import Evidence
from hsm.trust import Trust

__all__ = ["VERDICTS", "SignatureFinding", "Verification", "verify_file"]

# pyHanko tells every faulty file on standard error with a traceback; here a faulty file is an answer, not an event.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
swift.put_in_place()


def verify_file(
    path: Path,
    trust: Trust,
    expected_slots: Sequence[str] | None = None,
    now: datetime | None = None,
    with_pdfa: bool = True,
) -> Verification:
    """Judge one file. Never raises for what is in the file; call it from a thread without a running event loop.

    `expected_slots`: signatures that must be there, in this order; "agency=<hexadecimal SHA-256>" names the certificate
    too. `now` defaults to the clock. Raises: OSError when the file itself cannot be read.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        findings: tuple[SignatureFinding, ...] = ()
        level = digest = ""
        try:
            judged = _unwaiting(_judge(stream, trust, now or datetime.now(UTC)))
            findings, level, digest = judged.findings, judged.level, judged.digest
            verdict, reasons = _verdict(findings, judged.faults, expected_slots)
        except Exception as error:  # Any fault of the parser is a fault of the file; it must become a verdict.
            verdict, reasons = _broken(stream), [f"parser-{type(error).__name__}"]
        if not digest:
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    pdfa = _is_pdfa(path) if with_pdfa and verdict != "unreadable" else False
    conclusion = conclude(verdict, findings, tuple(reasons))
    return Verification(verdict, findings, pdfa, tuple(reasons), digest, size, level, conclusion)


def _is_pdfa(path: Path) -> bool:
    from hsm.pdfa import check_pdfa  # 5 MiB of libraries that a judge of signatures alone does without

    return check_pdfa(path).passed


def _broken(stream: BinaryIO) -> str:
    # A file without any trace of a signature is just unreadable; one with a signature that breaks the parser is
    # invalid.
    stream.seek(0)
    if b"%PDF-" not in stream.read(1024):
        return "unreadable"
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        signed = re.search(rb"/ByteRange|/(FT|Type)\s*/Sig\b", content)
        return "invalid" if signed else "unreadable"


@dataclass(frozen=True)
class _Judged:
    """The findings, oldest signature first; faults of the file as a whole; its PAdES level; its digest, "" when it was
    not read whole."""

    findings: tuple[SignatureFinding, ...] = ()
    faults: list[str] = field(default_factory=list)
    level: str = ""
    digest: str = ""


def _unwaiting(asked: Coroutine[Any, Any, _Judged]) -> _Judged:
    """What a coroutine returns that waits for nobody: nothing is fetched here, so no event loop is made for it (which
    costs a forked child a fifth of the memory that it touches)."""
    try:
        asked.send(None)
    except StopIteration as ended:
        judged: _Judged = ended.value
        return judged
    asked.close()
    raise RuntimeError("a verification waited for something")


async def _judge(stream: BinaryIO, trust: Trust, now: datetime) -> _Judged:
    reader = PdfFileReader(stream, strict=True)
    if reader.encrypted:
        raise PdfReadError("encrypted")
    faults: list[str] = []
    filled = [name for name, value, _ in enumerate_sig_fields(reader, filled_status=True) if value is not None]
    embedded = [*reader.embedded_signatures]
    if len(embedded) != len(filled):
        faults.append("signature-unreadable")
    if not embedded:
        return _Judged(faults=faults)
    embedded.sort(key=lambda each: each.signed_revision)
    digest = read_once(stream, embedded)
    known = standing.from_file(reader) + Evidence(trust.crls)
    stamps = await judged_timestamps(embedded, trust, known, now)
    findings = tuple([await judged_signature(each, trust, known, stamps, now) for each in embedded])
    if not findings[-1].covers_whole_file:
        faults.append(TAIL)
    return _Judged(findings, [*faults, *lock_faults(embedded)], level_of(reader, embedded), digest)


def _verdict(
    findings: tuple[SignatureFinding, ...], faults: list[str], expected: Sequence[str] | None
) -> tuple[str, list[str]]:
    if not findings or (not faults and all(finding.timestamp and finding.intact for finding in findings)):
        return ("invalid", faults) if faults else ("unsigned", ["no-signature"])
    reasons = list(faults)
    slots = [finding.slot for finding in findings if finding.slot and not finding.timestamp]
    if expected is not None and slots != [each.partition("=")[0] for each in expected]:
        reasons.append("slots-not-as-expected")
    wanted = {slot: digest for slot, _, digest in (each.partition("=") for each in expected or ()) if digest}
    if any(wanted.get(finding.slot, finding.certificate_sha256) != finding.certificate_sha256 for finding in findings):
        reasons.append("signer-not-as-expected")
    if len(set(slots)) != len(slots) or slots == ["agency", "leader"]:
        reasons.append("slots-out-of-order")
    for finding in findings:
        reasons.extend(reason for reason in finding.reasons if reason not in reasons)
    if any(reason not in CHANGED and reason not in UNTRUSTED for reason in reasons):
        return "invalid", reasons
    if any(reason in CHANGED for reason in reasons):
        return "changed", reasons
    return ("untrusted", reasons) if reasons else ("valid", [])
