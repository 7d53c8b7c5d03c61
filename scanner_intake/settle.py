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
from enum import Enum, StrEnum

OWN_FOLDER = ".commune-box"


class Place(StrEnum):
    """The folders inside a drop folder where a person finds what was not taken, by the name they see. The only table
    of these names.
    """

    QUARANTINE = "cach-ly"
    FAILED = "loi"
    DUPLICATE = "trung-lap"
    PASSWORD = "can-mat-khau"


PLACES_OF_CODES = {"unsupported-type": Place.FAILED, "duplicate": Place.DUPLICATE, "needs-password": Place.PASSWORD}
"""Where a file with this finding is laid; every other one in the quarantine."""

# Left by file servers, file systems, recycle bins and picture viewers, in any letter case.
_IGNORED_NAMES = frozenset(
    {
        "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "pspbrwse.jbf", "icon\r",
        "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "$recycle.bin", "recycler",
        "system volume information", "lost+found", "__macosx", "network trash folder", "temporary items",
        *(place.value for place in Place),
    }
)  # fmt: skip
# Dot files are also how vsftpd, proftpd, rsync, samba and NFS name what is not finished or already deleted.
_IGNORED_STARTS = (".", "~$", "~syncthing~")
_IGNORED_ENDS = (
    ".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload", ".aria2", ".!ut", ".!sync", ".!tc",
    ".incomplete", ".inprogress", ".writing", ".ftp-tmp", ".tmp", ".temp", ".lock", ".lck", ".swp", ".swx", "~",
)  # fmt: skip
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_MOST_WAITS = 4.0


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
    """What is known of one file: its shape, since when it has it, and the result of the last look at its content.

    `waits` stretches the quiet time of a file that changed after it had seemed quiet: a scanner that rests between two
    pages, a copy over a slow line.
    """

    shape: Shape
    since: float
    looked_at: float | None = None
    pause: float = _FIRST_PAUSE
    whole: bool = False
    code: str = ""
    waits: float = 1.0


def ignored(name: str) -> bool:
    """Whether a name is never a paper: hidden, temporary or partial by name, of a file server, or our own folder."""
    plain = unicodedata.normalize("NFC", name).casefold()
    return plain in _IGNORED_NAMES or plain.startswith(_IGNORED_STARTS) or plain.endswith(_IGNORED_ENDS)


def seen(previous: Sighting | None, shape: Shape, now: float) -> Sighting:
    """The sighting after the file was seen with this shape at `now`."""
    if previous is None:
        return Sighting(shape, now)
    if previous.shape != shape or now < previous.since:
        return (
            again(previous, shape, now)
            if previous.looked_at is not None
            else Sighting(shape, now, waits=previous.waits)
        )
    return previous


def again(previous: Sighting, shape: Shape, now: float) -> Sighting:
    """The sighting of a file that proved not to be ready after it had been quiet: it must be quiet longer this time."""
    return Sighting(shape, now, waits=min(previous.waits * 2, _MOST_WAITS))


def looked(sighting: Sighting, whole: bool, code: str, now: float) -> Sighting:
    """The sighting after the content was examined; a file that is not whole is examined again ever more rarely."""
    pause = sighting.pause if sighting.looked_at is None else min(sighting.pause * 2, _LONGEST_PAUSE)
    return replace(sighting, looked_at=now, pause=pause, whole=whole, code=code)


def step(sighting: Sighting, now: float, quiet_seconds: float, patience_seconds: float) -> Step:
    """The next step for a file; HOLD only after a look that found it not whole and no change for the whole patience."""
    quiet_seconds *= sighting.waits
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
    quiet_seconds *= sighting.waits
    settled = sighting.since + quiet_seconds
    if sighting.looked_at is None or sighting.whole:
        return settled
    end = sighting.since + max(patience_seconds, quiet_seconds)
    return max(settled, min(end, sighting.looked_at + sighting.pause))
