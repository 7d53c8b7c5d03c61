"""When is a file in the drop folder ready to be taken? Pure: facts and moments come in, the next step comes out.

Owns the settle rule (digitizing rules 4): quiet for a while *and* whole by content; never failed on the first look.
Also which names are never looked at. It refuses to touch files or clocks: all moments are seconds of one monotonic
clock given by the caller.

Invariants: `Step.CLAIM` is only ever given for a file whose content was found whole after it had been quiet; a change
of size, time or inode starts the waiting anew; the time between two looks at a file that is not whole grows.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from enum import Enum

OWN_FOLDER = ".commune-box"
HELD_FOLDER = "cach-ly"
_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini", "@eadir", ".stfolder", HELD_FOLDER})
_IGNORED_STARTS = (".", "~$", "._")
_IGNORED_ENDS = (".part", ".tmp", ".partial", ".crdownload", ".filepart")
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class Step(Enum):
    """What to do with a file now."""

    WAIT = "wait"
    LOOK = "look"
    CLAIM = "claim"
    HOLD = "hold"


@dataclass(frozen=True)
class Shape:
    """What `stat` says: a file with the same shape is taken as unchanged."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class Sighting:
    """What is known of one file: its shape, since when it has it, and the result of the last look at its content."""

    shape: Shape
    since: float
    looked_at: float | None = None
    pause: float = _FIRST_PAUSE
    whole: bool = False
    code: str = ""


def ignored(name: str) -> bool:
    """Whether a name is never a paper: dot files, Office and transfer leftovers, folders of file servers, our own
    folders.
    """
    plain = unicodedata.normalize("NFC", name).casefold()
    return plain in _IGNORED_NAMES or plain.startswith(_IGNORED_STARTS) or plain.endswith(_IGNORED_ENDS)


def seen(previous: Sighting | None, shape: Shape, now: float) -> Sighting:
    """The sighting after the file was seen with this shape at `now`."""
    if previous is None or previous.shape != shape or now < previous.since:
        return Sighting(shape, now)
    return previous


def looked(sighting: Sighting, whole: bool, code: str, now: float) -> Sighting:
    """The sighting after the content was examined; a file that is not whole is examined again ever more rarely."""
    pause = sighting.pause if sighting.looked_at is None else min(sighting.pause * 2, _LONGEST_PAUSE)
    return replace(sighting, looked_at=now, pause=pause, whole=whole, code=code)


def step(sighting: Sighting, now: float, quiet_seconds: float, patience_seconds: float) -> Step:
    """The next step for a file; HOLD only after a look that found it not whole and no change for the whole patience."""
    if now - sighting.since < quiet_seconds:
        return Step.WAIT
    if sighting.looked_at is None:
        return Step.LOOK
    if sighting.whole:
        return Step.CLAIM
    if now - sighting.since >= max(patience_seconds, quiet_seconds):
        return Step.HOLD
    return Step.LOOK if now - sighting.looked_at >= sighting.pause else Step.WAIT


def due(sighting: Sighting, quiet_seconds: float, patience_seconds: float) -> float:
    """The moment at which `step` can first answer something else than WAIT."""
    settled = sighting.since + quiet_seconds
    if sighting.looked_at is None or sighting.whole:
        return settled
    end = sighting.since + max(patience_seconds, quiet_seconds)
    return max(settled, min(end, sighting.looked_at + sighting.pause))
