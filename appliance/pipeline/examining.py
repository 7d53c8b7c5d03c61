"""Is this file from the province what it says, signed as it must be, and no state secret?

Owns the order of the questions and what each answer means for acceptance. Every parser runs in a limited child
(``hsm.judge``, ``scanner_intake.digitize``). Source: Decision 28/2018/QĐ-TTg article 9 and Decree 30/2020/NĐ-CP
article 21: completeness, integrity and authenticity are checked before acceptance, and a refusal carries its reason.
What the box itself cannot do just now is never a reason of refusal (``CannotExamine``).
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scanner_intake.digitize import Digitized
from sync.downlink import CannotExamine
from sync.protocol.messages import Manifest
from sync.protocol.reasons import REASONS
from sync.protocol.records import CheckOutcome, Verdict

Judge = Callable[[Path], dict[str, Any]]
"""The facts of ``hsm.verify.Verification`` about a file, found in a limited child."""
Read = Callable[[Path, Path], Digitized]
"""``scanner_intake.digitize.digitize(source, folder)`` with this box's limits: fields and markings of a file."""
_BY_CONCLUSION = {
    "changed": "changed",
    "invalid": "signature-invalid",
    "untrusted": "signature-untrusted",
    "unsigned": "signature-missing",
    "unreadable": "unreadable",
}
_OURS = frozenset({"timeout", "limits-exceeded", "crashed", "out-of-memory", "bad-result", "ocr-failed", "ocr-missing"})
_ACCEPTED = ("valid", "metadata-only")
GIVE_UP_AFTER = 4


@dataclass(frozen=True)
class Found:
    """What an accepted file showed: facts about its signatures, fields read from it, its pages."""

    signatures: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    pages: int = 0


class Look(Protocol):
    """Whoever judges a whole file: this process's children, or another process that is asked."""

    def judge(self, path: Path, manifest: Manifest) -> tuple[CheckOutcome, Found | None]:
        """The outcome, and what was found when it is acceptance. Raises CannotExamine, OSError."""


class Examination:
    """The box's look at one whole file. Called by one thread at a time; ``work`` is a folder for passing files."""

    def __init__(self, judge: Judge, read: Read, work: Path) -> None:
        self._judge, self._read, self._work = judge, read, work
        self._failures: dict[bytes, int] = {}

    def judge(self, path: Path, manifest: Manifest) -> tuple[CheckOutcome, Found | None]:
        """The outcome, and what was found when it is acceptance. Raises CannotExamine, OSError."""
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").digest() != manifest.sha256:
                return CheckOutcome(Verdict.DAMAGED), None
        facts = self._judge(path)
        if any(str(reason).startswith("child-") for reason in facts.get("reasons") or ()):
            return self._ours(manifest, "child"), None
        conclusion = str(facts.get("conclusion") or facts.get("verdict"))
        if conclusion not in _ACCEPTED:
            return refusal(_BY_CONCLUSION.get(conclusion, "signature-invalid")), None
        return self._look(path, manifest, facts)

    def _look(self, path: Path, manifest: Manifest, facts: dict[str, Any]) -> tuple[CheckOutcome, Found | None]:
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="incoming-", dir=self._work))
        try:
            seen = self._read(path, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if seen.verdict == "suspected-secret":
            return refusal("secret"), None
        if seen.code in _OURS:
            return self._ours(manifest, seen.code), None
        if seen.verdict not in ("ok", "signed-kept"):
            return refusal("unreadable"), None
        self._failures.pop(manifest.sha256, None)
        fields = {name: one.value for name, one in seen.fields.items()}
        return CheckOutcome(Verdict.ACCEPT), Found(facts, fields, seen.pages)

    def _ours(self, manifest: Manifest, code: str) -> CheckOutcome:
        """A failure that a busy or poor box may cause as well as a bad file: tried again before it counts as bad."""
        failures = self._failures.get(manifest.sha256, 0) + 1
        self._failures[manifest.sha256] = failures
        if code == "ocr-missing" or failures < GIVE_UP_AFTER:
            raise CannotExamine(code)
        return refusal("unreadable")


def refusal(code: str) -> CheckOutcome:
    """A refusal with its Vietnamese sentence."""
    return CheckOutcome(Verdict.REFUSE, code, REASONS[code])
