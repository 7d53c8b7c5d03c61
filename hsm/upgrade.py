"""One step of long-term proof on a copy of one signed file: a time stamp, or evidence and a time stamp in one revision.

Order, never varied: copy, append the revision, ask the time-stamp service, fill, check, fsync, rename. The check is
strict: the old file is the beginning of the new one, every signature is as sound as before, the stamp covers the last
byte and is trusted; after evidence, everything must be provable in ten years if renewals go on. So a crash, a full disk
or a lying service at any moment leaves no target or a whole, better one. The source is never written.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError

from hsm.gathering import EvidenceError, Gatherer, signed_in
from hsm.longterm_check import proofs_if_kept_up
from hsm.stamping import Prepared, TokenTooLarge, fill, prepare
from hsm.trust import Trust
from hsm.tsa import Stamp
from hsm.verify import Verification, verify_file

FAR_AHEAD = timedelta(days=3653)
"""Ten years: how far a file with evidence must remain provable if it is renewed in time (signing.md 6.4), or to the
end of the authority that issued the signers' certificates."""
_PIECE = 1 << 20
Ask = Callable[[bytes], Stamp]


class Step(StrEnum):
    """What one step adds."""

    STAMP = "stamp"
    EVIDENCE = "evidence"


class UpgradeRefused(Exception):
    """The step was not made, and no target was written. Codes: upgrade-unreadable, upgrade-not-sound, upgrade-prefix,
    upgrade-self-check, upgrade-not-maintainable, stamp-too-large."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Upgraded:
    """The new file. `stamped_at` is the new time stamp's moment, `stamp_not_after` until when its certificate holds."""

    step: Step
    sha256: str
    size: int
    stamped_at: datetime
    stamp_not_after: datetime


@dataclass
class Upgrader:
    """Performs steps. `ask` gets a time stamp for a digest (the network, or an answer that was carried here)."""

    trust: Trust
    stamp_trust: Trust
    ask: Ask
    gatherer: Gatherer | None = None

    @property
    def both(self) -> Trust:
        """For the strict verification, which judges signatures and time stamps alike."""
        return Trust(
            tuple(dict.fromkeys((*self.trust.roots, *self.stamp_trust.roots))),
            tuple(dict.fromkeys((*self.trust.intermediates, *self.stamp_trust.intermediates))),
        )

    def stamp(self, source: Path, target: Path, now: datetime) -> Upgraded:
        """A document time stamp alone: B-T for every signature before it.

        Raises: UpgradeRefused; whatever `ask` raises; OSError.
        """
        return self._perform(Step.STAMP, source, target, now)

    def evidence(self, source: Path, target: Path, now: datetime) -> Upgraded:
        """Revocation data and a further time stamp; repeated, it is the archival step and every renewal.

        Raises: UpgradeRefused; EvidenceError; whatever `ask` raises; OSError.
        """
        return self._perform(Step.EVIDENCE, source, target, now)

    def finish(self, step: Step, source: Path, work: Path, target: Path, ready: Prepared, now: datetime) -> Upgraded:
        """Stamp, check and publish a revision that `work` already has; `work` is gone afterwards. Raises as above."""
        return self._finish(step, source, work, target, ready, self._sound(source, now), now)

    def _perform(self, step: Step, source: Path, target: Path, now: datetime) -> Upgraded:
        before = self._sound(source, now)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".upgrading-", suffix=".pdf")
        os.close(handle)
        work = Path(name)
        try:
            shutil.copyfile(source, work)
            ready = self._prepare(step, source, work, now)
            return self._finish(step, source, work, target, ready, before, now)
        finally:
            work.unlink(missing_ok=True)

    def _finish(
        self,
        step: Step,
        source: Path,
        work: Path,
        target: Path,
        ready: Prepared,
        before: Verification,
        now: datetime,
    ) -> Upgraded:
        stamp = self.ask(ready.digest)
        try:
            fill(work, ready, stamp.token)
        except TokenTooLarge as error:
            raise UpgradeRefused(error.code, str(error)) from error
        self.check(source, work, before, step, stamp, now)
        digest, size = make_durable(work, target)
        return Upgraded(step, digest, size, stamp.at, stamp.certificate_not_after)

    def _sound(self, source: Path, now: datetime) -> Verification:
        found = verify_file(source, self.both, None, now, with_pdfa=False)
        # An expired certificate makes a file of the past "untrusted" today; what it proves is judged by its stamps.
        if found.verdict not in ("valid", "untrusted"):
            code = "upgrade-unreadable" if found.verdict == "unreadable" else "upgrade-not-sound"
            raise UpgradeRefused(code, f"{found.verdict}: {', '.join(found.reasons)}"[:300])
        return found

    def _prepare(self, step: Step, source: Path, work: Path, now: datetime) -> Prepared:
        try:
            if step is Step.STAMP:
                return prepare(work)
            if self.gatherer is None:
                raise EvidenceError("evidence-unreachable")
            return prepare(work, self.gatherer.gather(source, now).add_to)
        except (PdfError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise UpgradeRefused("upgrade-unreadable", f"{type(error).__name__}: {error}"[:300]) from error

    def check(self, source: Path, work: Path, before: Verification, step: Step, stamp: Stamp, now: datetime) -> None:
        """Whether `work` may take the place of `source`. Raises: UpgradeRefused."""
        if not begins_with(work, source):
            raise UpgradeRefused("upgrade-prefix")
        # The stamp's own moment is later than a slow clock says.
        moment = max(now, stamp.at)
        found = verify_file(work, self.both, None, moment, with_pdfa=False)
        faults = set(found.reasons) - set(before.reasons)
        newest = found.signatures[-1] if found.signatures else None
        if found.verdict not in ("valid", before.verdict) or faults:
            raise UpgradeRefused("upgrade-self-check", f"{found.verdict}: {', '.join(found.reasons)}"[:300])
        if newest is None or not (newest.timestamp and newest.covers_whole_file and newest.trusted):
            raise UpgradeRefused("upgrade-self-check", "the stamp does not cover the whole file")
        if [one.field for one in found.signatures[:-1]] != [one.field for one in before.signatures]:
            raise UpgradeRefused("upgrade-self-check", "the signatures are not those of before")
        if step is Step.EVIDENCE:
            self._check_proofs(work, moment)

    def _check_proofs(self, work: Path, now: datetime) -> None:
        kept = proofs_if_kept_up(work, self.trust, self.stamp_trust, self._horizon(work, now), now)
        weak = [f"{one.slot or one.field} {one.indication}" for one in kept if not one.proven]
        if weak or not kept:
            raise UpgradeRefused("upgrade-not-maintainable", ", ".join(weak))

    def _horizon(self, work: Path, now: datetime) -> datetime:
        # pyHanko ends with "chain general failure" once an authority between root and signer has expired, whatever
        # is proven: its simulation says nothing beyond that day.
        authorities = {x509.Certificate.load(one) for one in self.both.intermediates}
        authorities |= {other for one in signed_in(work) for other in one.others if other.ca}
        ends = [one.not_valid_after - timedelta(days=1) for one in authorities]
        return min([now + FAR_AHEAD, *(end for end in ends if end > now)])


def begins_with(longer: Path, beginning: Path) -> bool:
    """Whether the bytes of `beginning` are the first bytes of `longer`, which has more."""
    if longer.stat().st_size <= beginning.stat().st_size:
        return False
    with longer.open("rb") as new, beginning.open("rb") as old:
        while piece := old.read(_PIECE):
            if new.read(len(piece)) != piece:
                return False
    return True


def make_durable(work: Path, target: Path) -> tuple[str, int]:
    """fsync `work`, let it take the target's place, fsync the folder; (SHA-256 in hex, size in bytes)."""
    digest, size = sha256(), 0
    with work.open("rb") as stream:
        os.fsync(stream.fileno())
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    work.chmod(0o640)
    work.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return digest.hexdigest(), size
