"""Which step of long-term proof a signed file waits for: from when, by when, and when it will be too late.

Owns the schedule of signing.md 6.2 and 6.4 and nothing else: facts and moments in, a moment and a step out. A file goes
from B-B (signatures alone) by a time stamp to B-T, by revocation data and a second stamp to B-LT, by an archival stamp
at a later contact to B-LTA, and from then on is renewed in time for its newest stamp's certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import ValidationInfoReadingError

from hsm.gathering import Signed, signed_in
from hsm.upgrade import Step


class Level(StrEnum):
    """How well a file's signatures can be proven."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


@dataclass(frozen=True)
class Standing:
    """Where one file stands. `signers_end`: when the first of its signers' certificates expires; `stamped_at` and
    `stamp_ends`: the newest time stamp and its certificate's end; `list_until`: how long the list of revoked
    certificates spoke by which the newest signature was checked.
    """

    level: Level
    signed_at: datetime
    signers_end: datetime
    stamped_at: datetime | None = None
    stamp_ends: datetime | None = None
    list_until: datetime | None = None


@dataclass(frozen=True)
class Schedule:
    """Our own terms, shorter than what is possible, so that something can go wrong in between."""

    stamp_within: timedelta = timedelta(days=7)
    evidence_within: timedelta = timedelta(days=1)
    archive_after: timedelta = timedelta(hours=12)
    archive_within: timedelta = timedelta(days=30)
    renew_after: timedelta = timedelta(days=365)
    renew_before_end: timedelta = timedelta(days=90)


@dataclass(frozen=True)
class Due:
    """The next step, from when it may be made, by when it should be, and when it is too late for ever."""

    step: Step
    not_before: datetime
    deadline: datetime
    lost_after: datetime


def due(standing: Standing, schedule: Schedule) -> Due:
    """The next step of a file. `lost_after`: what expires then cannot be made good (signing.md 6.2)."""
    since = standing.stamped_at or standing.signed_at
    stamp_ends = standing.stamp_ends or standing.signers_end
    if standing.level is Level.B_B:
        # A list that has ended says nothing of a revocation between its end and the stamp.
        wanted = min(since + schedule.stamp_within, standing.list_until or datetime.max.replace(tzinfo=since.tzinfo))
        return _due(Step.STAMP, since, max(wanted, since), standing.signers_end)
    if standing.level is Level.B_T:
        # "Adding validation information for expired certificates is not possible."
        lost = min(standing.signers_end, stamp_ends)
        return _due(Step.EVIDENCE, since, since + schedule.evidence_within, lost)
    if standing.level is Level.B_LT:
        return _due(Step.EVIDENCE, since + schedule.archive_after, since + schedule.archive_within, stamp_ends)
    latest = stamp_ends - schedule.renew_before_end
    return _due(Step.EVIDENCE, min(since + schedule.renew_after, latest), latest, stamp_ends)


def _due(step: Step, not_before: datetime, deadline: datetime, lost_after: datetime) -> Due:
    return Due(step, not_before, min(deadline, lost_after), lost_after)


def standing_of(path: Path, signed_at: datetime, list_until: datetime | None = None) -> Standing:
    """Read a file's standing from its bytes; a file without any signature counts from `signed_at`.

    Raises: OSError, pyHanko's PdfError, ValueError.
    """
    everyone = list(signed_in(path))
    signers = [one for one in everyone if not one.stamp]
    if not signers:
        raise ValueError("no signature")
    stamps = _stamps_after(everyone)
    newest = stamps[-1] if stamps else None
    return Standing(
        level=_level(len(stamps), _has_evidence(path)),
        signed_at=signed_at,
        signers_end=min(one.certificate.not_valid_after for one in signers),
        stamped_at=newest.at if newest else None,
        stamp_ends=newest.certificate.not_valid_after if newest else None,
        list_until=list_until,
    )


def _stamps_after(everyone: Sequence[Signed]) -> list[Signed]:
    """The time stamps that cover every signature, in order."""
    stamps: list[Signed] = []
    for one in everyone:
        stamps = [*stamps, one] if one.stamp else []
    return stamps


def _level(stamps: int, evidence: bool) -> Level:
    if not stamps:
        return Level.B_B
    if not evidence or stamps == 1:
        return Level.B_T
    return Level.B_LT if stamps == 2 else Level.B_LTA


def _has_evidence(path: Path) -> bool:
    with path.open("rb") as stream:
        try:
            found = DocumentSecurityStore.read_dss(PdfFileReader(stream, strict=True))
        except ValidationInfoReadingError:
            return False
        return bool(found.crls or found.ocsps)
