"""One drop folder: look at it, and bring what is ready into custody.

Owns the sightings of its files, the claims in its spool and the order settle -> look -> claim -> custody -> unlink. It
refuses to know events, threads or other folders (`watch` does).

Invariants: a file is unlinked only after `Custodian.accept` answered that it is taken; no file is claimed twice;
nothing a file or a custodian does ends a look, it only makes the next try wait longer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scanner_intake import claim as claiming
from scanner_intake.container import inspect
from scanner_intake.custody import Answer, Claim, Clock, Custodian, DropFolder, Duplicate, HeldFile
from scanner_intake.guard import FolderTrouble, trouble_of
from scanner_intake.held import HeldFolder
from scanner_intake.listing import papers
from scanner_intake.names import laid_name
from scanner_intake.settle import Place, Shape, Sighting, Step, again, due, looked, seen, step

_log = logging.getLogger(__name__)
_LONGEST_WAIT = 60.0
NoteFor = Callable[[HeldFile], str]


@dataclass
class _Waiting:
    """A claim in the spool, and when to offer it to the custodian again."""

    claim: Claim
    at: float = 0.0
    pause: float = 1.0


class DropWatch:
    """What one intake knows of one drop folder."""

    def __init__(
        self,
        folder: DropFolder,
        custodian: Custodian,
        clock: Clock,
        note_for: NoteFor | None,
        new_id: Callable[[], str],
    ) -> None:
        self.folder = folder
        self._custodian = custodian
        self._clock = clock
        self._note_for = note_for
        self._new_id = new_id
        self._held = HeldFolder(folder, custodian, note_for)
        self._sightings: dict[Path, Sighting] = {}
        self._waiting: dict[str, _Waiting] = {}

    def recover(self) -> None:
        """Finds claims in the spool that are not known: of a killed process, or of a share that went away meanwhile."""
        for taken in claiming.left_claims(self.folder, self._waiting.keys()):
            self._waiting[taken.id] = _Waiting(taken)

    def scan(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Looks at everything once; ends early when `stopping`.

        Raises: FolderTrouble when the folder, or a sub-folder, could not be read; nothing is forgotten or lost then.
        """
        skipped: list[OSError] = []
        try:
            self.recover()
            self._hand_over()
            files = list(papers(self.folder, self.folder.path, skipped)) + list(self._held.files())
            for path, shape in files:
                if stopping():
                    return
                self._consider(path, shape)
        except OSError as error:
            self._sightings.clear()  # what comes back must settle anew
            raise trouble_of(error) from error
        present = {path for path, _shape in files}
        for path in self._sightings.keys() - present:
            del self._sightings[path]
        if skipped:
            raise trouble_of(skipped[0]) from skipped[0]
        self._held.settle(present)

    def due(self, after: float) -> float | None:
        """The next moment later than `after` at which something can be ready; one that has been in vain is left out."""
        quiet, patience = self.folder.quiet_seconds, self.folder.patience_seconds
        moments = [due(sighting, quiet, patience) for sighting in self._sightings.values()]
        moments += [each.at for each in self._waiting.values()]
        return min((moment for moment in moments if moment > after), default=None)

    def _consider(self, path: Path, shape: Shape) -> None:
        now = self._clock.monotonic()
        quiet, patience = self.folder.quiet_seconds, self.folder.patience_seconds
        sighting = seen(self._sightings.get(path), shape, now)
        following = step(sighting, now, quiet, patience)
        if following is Step.LOOK:
            finding = inspect(path)
            sighting = looked(sighting, finding.whole, finding.code, now)
            following = step(sighting, now, quiet, patience)
        self._sightings[path] = sighting
        if following is Step.CLAIM:
            self._claim(path, sighting)
        elif following is Step.HOLD:
            self._hold(path, sighting.code)

    def _claim(self, path: Path, sighting: Sighting) -> None:
        try:
            taken = claiming.claim(path, self.folder, sighting.shape, self._new_id(), self._clock.now())
        except claiming.NotClaimable as reason:
            _log.info("%s not claimed: %s", self.folder.name, reason.code)
            self._sightings[path] = again(sighting, sighting.shape, self._clock.monotonic())
            return
        except OSError as error:
            if trouble_of(error).code == "drop-folder-unreachable":
                raise
            _log.warning("a file in %s cannot be claimed: %s", self.folder.name, error.strerror)
            self._sightings[path] = again(sighting, sighting.shape, self._clock.monotonic())
            return
        del self._sightings[path]
        self._held.released(path)
        self._waiting[taken.id] = _Waiting(taken)
        self._offer(self._waiting[taken.id])

    def _hold(self, path: Path, code: str) -> None:
        if self._held.holds(path):
            self._held.keep(path, code)
            return
        try:
            self._held.add(path, code, self._clock.now())
        except OSError as error:
            _log.warning("a file in %s cannot be set aside: %s", self.folder.name, error.strerror)
        self._sightings.pop(path, None)

    def _hand_over(self) -> None:
        """Gives every claim that is due to the custodian; one that fails stays in the spool and comes again, later."""
        now = self._clock.monotonic()
        for each in list(self._waiting.values()):
            if each.at <= now:
                self._offer(each)

    def _offer(self, each: _Waiting) -> None:
        try:
            answer = self._custodian.accept(each.claim)
            if isinstance(answer, Duplicate):
                self._give_back(each.claim, answer)
            elif answer is Answer.TAKEN:
                claiming.release(each.claim)
        except Exception as error:  # the custodian's failures (full disk, locked store) are not ours to know
            if isinstance(error, FileNotFoundError) and self._vanished(each.claim):
                _log.error("claim %s vanished from the spool of %s", each.claim.id, self.folder.name)
                del self._waiting[each.claim.id]
                return
            _log.warning("claim %s stays in the spool: %r", each.claim.id, error)
            answer = Answer.LATER
        if answer is Answer.LATER:
            each.at = self._clock.monotonic() + each.pause
            each.pause = min(each.pause * 2, _LONGEST_WAIT)
            return
        del self._waiting[each.claim.id]

    def _give_back(self, taken: Claim, why: Duplicate) -> None:
        """A file that custody has already goes where people find it, and is told."""
        place = self.folder.path / Place.DUPLICATE
        name = laid_name(taken.original_name)
        params: dict[str, str | int] = {"name": name, "size": taken.size}
        told = HeldFile(place / name, self.folder.name, name, why.code, taken.claimed_at, params | why.params)
        claiming.lay_down(taken, place, self._note_for(told) if self._note_for else "")

    def _vanished(self, taken: Claim) -> bool:
        """Whether the spool is there and this claim's file is not: a person emptied it, or a killed call was done."""
        try:
            return taken.path.parent.parent.is_dir() and not taken.path.exists()
        except OSError:
            return False


__all__ = ["DropWatch", "FolderTrouble", "NoteFor"]
