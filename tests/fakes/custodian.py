"""A custodian in memory: keeps the bytes it was given, and fails when told to.

Implements ``scanner_intake.custody.Custodian``; passes the same suite as the real one
(tests/contract/test_intake_custodian.py).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from scanner_intake.custody import Answer, Claim, Duplicate, HeldFile


class FakeCustodian:
    """Remembers accepted claims by id and held files by path."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Claim, bytes]] = {}
        self.held: dict[Path, HeldFile] = {}
        self.calls: list[tuple[str, str]] = []
        self.failures: list[BaseException] = []
        self.answers: list[Answer | Duplicate] = []

    def fail_next(self, *failures: BaseException) -> None:
        """The next calls raise these, one each, before anything is kept."""
        self.failures.extend(failures)

    def answer_next(self, *answers: Answer | Duplicate) -> None:
        """The next claims are answered so, one each, and not kept."""
        self.answers.extend(answers)

    def accept(self, claim: Claim) -> Answer | Duplicate:
        self._call("accept", claim.id)
        if self.answers:
            return self.answers.pop(0)
        if claim.id not in self.kept:
            self.kept[claim.id] = (claim, claim.path.read_bytes())
        return Answer.TAKEN

    def hold(self, file: HeldFile) -> None:
        self._call("hold", str(file.path))
        self.held[file.path] = file

    def unhold(self, path: Path) -> None:
        self._call("unhold", str(path))
        self.held.pop(path, None)

    def held_only(self, folder: str, present: Collection[Path]) -> None:
        for path in [path for path, file in self.held.items() if file.folder == folder and path not in present]:
            del self.held[path]

    def _call(self, verb: str, what: str) -> None:
        self.calls.append((verb, what))
        if self.failures:
            raise self.failures.pop(0)

    @property
    def contents(self) -> list[bytes]:
        """The bytes of everything in custody, in order of arrival."""
        return [content for _claim, content in self.kept.values()]
