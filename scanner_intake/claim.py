"""Taking a file out of the drop folder without ever losing or doubling it.

Owns the spool `<drop>/.commune-box/spool/<uuid>/` (same file system, so that a rename is enough) and the order of
steps: origin.json durable -> rename the file in -> both folders durable -> custody -> unlink. It refuses to look into
the file.

Invariants: at every moment the file exists exactly once, in the drop folder or in the spool, until custody has it;
`left_claims` finds every file a killed process left in the spool; links, pipes and devices are never claimed.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from scanner_intake.custody import Claim, DropFolder
from scanner_intake.names import display_name, free_name, laid_name, make_place, note_of, write_note
from scanner_intake.settle import OWN_FOLDER, Shape

_CONTENT = "content"
_ORIGIN = "origin.json"
_FACTS = ("id", "original_name", "folder", "kind", "policy", "claimed_at", "urgency")
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS})  # SMB and some FUSE mounts


class NotClaimable(Exception):
    """The file is not (or no longer) what was examined; `code`: changed, not-a-file, gone."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def spool_of(folder: Path) -> Path:
    """The spool of a drop folder."""
    return folder / OWN_FOLDER / "spool"


def shape_of(path: Path, steady: bool = True) -> Shape | None:
    """Shape of a regular file with a single name, None for anything else or when it is gone. Links are not followed.

    Not `steady`: a file system whose inode and link numbers mean nothing (SMB); they are left out.
    """
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    return shape_from(found, steady)


def shape_from(found: os.stat_result, steady: bool = True) -> Shape | None:
    """The same from what was already asked of the file system."""
    if not stat.S_ISREG(found.st_mode) or (steady and found.st_nlink != 1):
        return None
    return Shape(found.st_size, found.st_mtime_ns, found.st_ino if steady else 0)


def claim(path: Path, folder: DropFolder, expected: Shape, claim_id: str, now: datetime) -> Claim:
    """Moves `path` into the spool of `folder`.

    Raises: NotClaimable when the file is not the one with the expected shape; OSError when the disk refuses (nothing
    is lost then).
    """
    uuid.UUID(claim_id)
    steady = is_steady(folder)
    meaning = folder.meaning(path)
    spool = spool_of(folder.path)
    spool.parent.mkdir(exist_ok=True)  # never the drop folder itself: a share that is gone must not be made anew
    spool.mkdir(exist_ok=True)
    place = spool / claim_id
    place.mkdir(mode=0o700)
    origin = {
        "id": claim_id,
        "original_name": display_name(path.name),
        "folder": folder.name,
        "kind": meaning.kind,
        "policy": meaning.policy,
        "claimed_at": now.isoformat(),
        "urgency": meaning.urgency,
    }
    content = place / _CONTENT
    try:
        _write_durable(place / _ORIGIN, json.dumps(origin, ensure_ascii=False).encode())
        sync_folder(spool)
        if shape_of(path, steady) != expected:
            raise NotClaimable("changed")
        path.rename(content)
    except FileNotFoundError as error:
        _remove(place)
        raise NotClaimable("gone") from error
    except (OSError, NotClaimable):
        _remove(place)  # the rename is the last step that can fail here, so the file is still in the drop folder
        raise
    if shape_of(content, steady) != expected:
        _put_back(content, path, place)
        raise NotClaimable("changed")
    taken = _claim(place, origin)
    try:
        _sync_file(content)
        sync_folder(place)
        sync_folder(path.parent)
    except OSError as error:  # the share went away after the rename: the spool is read again when it is back
        raise NotClaimable("in-spool") from error
    return taken


def is_steady(folder: DropFolder) -> bool:
    """Whether inode and link numbers of this folder's files can be believed; those of a polled share cannot."""
    return folder.watch != "poll"


def lay_down(taken: Claim, folder: Path, note: str) -> Path:
    """Gives a claimed file back to the people: moved into `folder` with a note beside it, then out of the spool.

    A kill before the move leaves the claim in the spool, and the same call then uses the same name and note again.

    Raises: OSError when the disk refuses; the file is then still in the spool.
    """
    make_place(folder)
    target = free_name(folder / laid_name(taken.original_name))
    write_note(note_of(target), note)
    taken.path.rename(target)
    sync_folder(folder)
    release(taken)
    return target


def release(taken: Claim) -> None:
    """Removes a claim from the spool after custody has it; calling it twice changes nothing."""
    _remove(taken.path.parent)


def left_claims(folder: DropFolder, known: Collection[str] = ()) -> list[Claim]:
    """Claims in the spool, oldest first, without those of `known` ids; unfinished ones without a file are cleared away.

    A killed process leaves such claims, and so does a share that went away after the rename.
    """
    spool = spool_of(folder.path)
    if not spool.is_dir():
        return []
    left = []
    for place in sorted(spool.iterdir()):
        if place.name in known or place.is_symlink() or not place.is_dir():
            continue
        if not _holds_file(place):
            _clear(place)  # killed before the rename (the file is still in the drop folder) or after custody
            continue
        left.append(_claim(place, _origin(place, folder)))
    return sorted(left, key=lambda each: each.claimed_at)


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder durable, where the file system has a way to (a network share has none)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _claim(place: Path, origin: dict[str, str]) -> Claim:
    content = place / _CONTENT
    return Claim(
        id=origin["id"],
        path=content,
        original_name=origin["original_name"],
        folder=origin["folder"],
        kind=origin["kind"],
        policy=origin["policy"],
        size=content.lstat().st_size,
        claimed_at=datetime.fromisoformat(origin["claimed_at"]),
        urgency=origin["urgency"],
    )


def _origin(place: Path, folder: DropFolder) -> dict[str, str]:
    """The origin as written; if a failing disk lost it, what the folder tells (a paper is never dropped for its
    label).
    """
    try:
        origin = json.loads((place / _ORIGIN).read_bytes())
        origin.setdefault("urgency", "")  # not yet written by the first release
        if origin["id"] == place.name and all(isinstance(origin[name], str) for name in _FACTS):
            datetime.fromisoformat(origin["claimed_at"])
            return {name: origin[name] for name in _FACTS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    moved = datetime.fromtimestamp(place.stat().st_mtime).astimezone()
    return {
        "id": place.name,
        "original_name": place.name,
        "folder": folder.name,
        "kind": folder.kind,
        "policy": folder.policy,
        "claimed_at": moved.isoformat(),
        "urgency": "",
    }


def _write_durable(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_back(content: Path, path: Path, place: Path) -> None:
    """Undo a rename that caught something else; if the name is taken again, a free one beside it."""
    target = free_name(path)
    content.rename(target)
    sync_folder(path.parent)
    _remove(place)


def _holds_file(place: Path) -> bool:
    try:
        return stat.S_ISREG((place / _CONTENT).lstat().st_mode)
    except FileNotFoundError:
        return False


def _clear(place: Path) -> None:
    """Removes what an unfinished claim left, and never content: a share that blinks may hide it for a moment."""
    if place / _CONTENT in place.iterdir():
        return
    _remove(place, (_ORIGIN, "origin.part"))


def _remove(place: Path, names: Sequence[str] = (_CONTENT, _ORIGIN, "origin.part")) -> None:
    """Removes a spool entry: the file first, so that a kill in between leaves an entry that the next scan clears.

    Not made durable: an entry that a power cut brings back is offered to custody again, which knows its id.
    """
    for name in names:
        (place / name).unlink(missing_ok=True)
    try:
        place.rmdir()
    except FileNotFoundError:
        pass
