"""The answer of a verification: the verdict on a file, and what is known of each of its signatures.

Owns the words (verdicts, conclusions, stable codes) and nothing else; plain values that become JSON. Every time is
ISO 8601 with +07:00, or "" where it is not known.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

VERDICTS = ("valid", "untrusted", "changed", "invalid", "unsigned", "unreadable")
CONCLUSIONS = (*VERDICTS, "metadata-only")
"""What is told to people: the verdict, or that a "changed" file was changed in nothing that a reader sees."""

METADATA_CHANGED = "metadata-changed-after-signing"
TAIL = "bytes-after-last-signature"
CHANGED = frozenset({"digest-mismatch", "changed-after-signing", TAIL, METADATA_CHANGED})
UNTRUSTED = frozenset(
    {
        "certificate-untrusted",
        "certificate-expired",
        "certificate-not-yet-valid",
        "certificate-revoked",
        "issuer-revoked",
        "algorithm-weak",
        "timestamp-untrusted",
    }
)
"""Reasons that leave a signature right but not to be relied upon. Any reason in neither set makes a file "invalid"."""


@dataclass(frozen=True)
class Revocation:
    """What the evidence at hand says about one certificate's revocation.

    `state`: "good", "revoked" or "unknown"; `at`: the moment it is about; `known_at`: when the newest usable evidence
    was issued (of an "unknown" state: since then nothing is known; "" means never); `source`: "crl", "ocsp" or "".
    """

    state: str
    at: str = ""
    known_at: str = ""
    source: str = ""
    revoked_at: str = ""
    reason: str = ""


@dataclass(frozen=True)
class CertificateFacts:
    """A signer's certificate as people compare it: hexadecimal serial, validity, issuer, key ("RSA 2048")."""

    sha256: str = ""
    organization: str = ""
    issuer: str = ""
    serial: str = ""
    valid_from: str = ""
    valid_to: str = ""
    key: str = ""


@dataclass(frozen=True)
class SignatureFinding:
    """One signature or document timestamp.

    `signed_at` is the signer's own claim; `proven_at` the time by which a trusted timestamp (`proven_by`:
    "document-timestamp" or "signature-timestamp") has seen the signature, "" when none has. `intact`: the bytes it
    covers are those that were signed, and the signature is right; `changed_after`: something that the strict policy
    does not allow was added later; `later_changes`: what kinds of change follow it in the file ("signatures",
    "validation-data", "metadata", "structure", "content", "loose-bytes"); `trusted`: its certificate chains to a
    pinned root and could sign at the proven time (without one: now).
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
    proven_at: str = ""
    proven_by: str = ""
    later_changes: tuple[str, ...] = ()
    algorithm: str = ""
    certificate: CertificateFacts = CertificateFacts()
    revocation: Revocation = Revocation("unknown")


@dataclass(frozen=True)
class Verification:
    """The verdict on a file, one of `VERDICTS`, and how it came about. `reasons` are stable codes.

    `level`: the PAdES level of the file's structure, "B-B", "B-T", "B-LT", "B-LTA" or "" without a signature;
    `size` in bytes.
    """

    verdict: str
    signatures: tuple[SignatureFinding, ...]
    pdfa: bool
    reasons: tuple[str, ...] = ()
    sha256: str = ""
    size: int = 0
    level: str = ""
    conclusion: str = ""

    def facts(self) -> dict[str, Any]:
        """The verification as JSON values."""
        return asdict(self)


def conclude(verdict: str, findings: tuple[SignatureFinding, ...], reasons: tuple[str, ...]) -> str:
    """The conclusion for people, one of `CONCLUSIONS`.

    "metadata-only" says that every signature is right and that nothing a reader sees was changed after it: later
    revisions hold only file properties (/Info, XMP), validation data, or the catalogue as it was, beside further
    signatures. Tools of the field
    rewrite the properties whenever they sign (signing.md F7), so such a file is not "valid" by the own policy, but to
    call it forged would be untrue.
    """
    harmless = {"signatures", "validation-data", "metadata", "structure"}
    if (
        verdict == "changed"
        and findings
        and set(reasons) <= {METADATA_CHANGED, TAIL, *UNTRUSTED}
        and all(finding.intact and set(finding.later_changes) <= harmless for finding in findings)
        and "signatures" not in findings[-1].later_changes
    ):
        return "metadata-only"
    return verdict
