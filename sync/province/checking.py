"""Looks at a whole document before the province answers for it.

Owns the `DocumentCheck` port, the command that fulfils it, and the reasons of refusal. Refuses to guess: when the
check itself cannot be carried out, that is the province's fault (`CheckUnavailable`), tried again, never a refusal.
Source of the reasons: Decision 28/2018/QĐ-TTg article 9 (completeness, integrity, authenticity), Decree 30/2020.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sync.protocol.reasons import REASONS, field_value, secrecy_marked
from sync.province.command import CommandFailed, answer_of, find_program

EXPECTED_SLOTS: Mapping[str, tuple[str, ...]] = {
    "incoming-scan": ("agency",),
    "outgoing": ("leader", "agency"),
    "appendix": ("agency",),
    "case-file": ("agency",),
}

_VERDICTS: Mapping[str, str] = {
    "changed": "changed",
    "invalid": "signature-invalid",
    "untrusted": "signature-untrusted",
    "unsigned": "signature-missing",
    "unreadable": "unreadable",
}


class CheckUnavailable(Exception):
    """The check could not be carried out (no such command, no time left, no sense in its answer); try again later."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Finding:
    """What the check found: no `code` means the document may be stored."""

    code: str = ""
    signatures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """The document holds what its kind needs."""
        return not self.code


class DocumentCheck(Protocol):
    """Verifies the signatures of one file; called off the receiving thread."""

    def check(self, path: Path, kind: str) -> Finding:
        """Judge the file as a document of this kind. Raises CheckUnavailable, never anything else, for own faults."""
        ...


class DigestOnly:
    """A check that verifies no signature: for a laboratory, never for a province."""

    def check(self, path: Path, kind: str) -> Finding:
        """Accept every known kind."""
        return Finding() if kind in EXPECTED_SLOTS else Finding("unknown-kind")


class CommandCheck:
    """Runs the configured verification command in a child with bounded time, memory and open files."""

    def __init__(self, command: Sequence[str], trust: Path, seconds: float, memory: int) -> None:
        self._command = (find_program(command[0]), *command[1:])
        self._trust = trust
        self._seconds = seconds
        self._memory = memory

    def check(self, path: Path, kind: str) -> Finding:
        """Judge by the command's JSON verdict and the slots this kind needs. Raises CheckUnavailable."""
        slots = EXPECTED_SLOTS.get(kind)
        if slots is None:
            return Finding("unknown-kind")
        return judged(self._run(self._words(path, slots)), slots)

    def facts(self, path: Path) -> dict[str, Any]:
        """What the command says of a file of which nothing is expected. Raises CheckUnavailable."""
        return self._run(self._words(path, ()))

    def _words(self, path: Path, slots: Sequence[str]) -> list[str]:
        words: list[str] = []
        for word in self._command:
            if word == "{expect}":
                words += [part for slot in slots for part in ("--expect", slot)]
            else:
                words.append(word.replace("{trust}", str(self._trust)).replace("{file}", str(path)))
        return words

    def _run(self, words: list[str]) -> dict[str, Any]:
        try:
            return answer_of(words, seconds=self._seconds, memory=self._memory)
        except CommandFailed as error:
            raise CheckUnavailable(error.code, error.detail) from error


def judged(answer: Mapping[str, Any], slots: Sequence[str]) -> Finding:
    """What the facts of a verification mean for a document that needs these slots. Raises CheckUnavailable."""
    verdict = answer.get("verdict")
    if any(str(reason).startswith("child-") for reason in answer.get("reasons") or ()):
        raise CheckUnavailable("check-ended", "the checking child ran out of memory or time")
    facts: dict[str, Any] = {key: answer[key] for key in ("verdict", "signatures", "pdfa") if key in answer}
    if verdict == "valid":
        complete = set(slots) <= _slots_of(answer)
        return Finding("" if complete else "signature-missing", facts)
    if set(slots) <= _slots_of(answer) and _only_others_fall_short(answer):
        return Finding("", facts)
    if isinstance(verdict, str) and verdict in _VERDICTS:
        missing = verdict == "invalid" and not set(slots) <= _slots_of(answer)
        return Finding("signature-missing" if missing else _VERDICTS[verdict], facts)
    raise CheckUnavailable("no-verdict", repr(verdict)[:100])


def _slots_of(answer: Mapping[str, Any]) -> set[str]:
    """The slots that carry a signature, read from the command's answer."""
    found = answer.get("signatures")
    entries = found if isinstance(found, list) else []
    return {str(entry.get("slot")) for entry in entries if isinstance(entry, Mapping)}


def _only_others_fall_short(answer: Mapping[str, Any]) -> bool:
    """Whether the box's own signatures hold, the last of them over the whole file, and what falls short is a stranger's
    signature below: its certificate is not pinned here, or its tool rewrote file properties that no reader sees. The
    agency answers for the file as it is; the facts are kept beside it.
    """
    found = answer.get("signatures")
    entries = [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
    own = [entry for entry in entries if entry.get("slot")]
    return (
        answer.get("conclusion") in ("untrusted", "metadata-only")
        and bool(own)
        and all(entry.get("intact") and entry.get("trusted") and not entry.get("changed_after") for entry in own)
        and not [entry for entry in entries if entry.get("timestamp") and not entry.get("trusted")]
        and bool(entries[-1].get("covers_whole_file"))
        and [entry for entry in entries if not entry.get("timestamp")][-1].get("slot") == own[-1].get("slot")
    )


__all__ = [
    "EXPECTED_SLOTS",
    "REASONS",
    "CheckUnavailable",
    "CommandCheck",
    "DigestOnly",
    "DocumentCheck",
    "Finding",
    "field_value",
    "secrecy_marked",
]
