"""Taking a file out of the drop folder without ever losing or doubling it.

Owns the spool `<drop>/.commune-box/spool/<uuid>/` (same file system, so that a rename is enough) and the order of
steps: origin.json durable -> rename the file in -> both folders durable -> custody -> unlink. It refuses to look into
the file.

Invariants: at every moment the file exists exactly once, in the drop folder or in the spool, until custody has it;
`left_claims` finds every file a killed process left in the spool; links, pipes and devices are never claimed.
"""

from __future__ import annotations

import json
import os
import stat
import unicodedata
import uuid
from datetime import datetime
from pathlib import Path

from scanner_intake.custody import Claim, DropFolder
from scanner_intake.settle import OWN_FOLDER, Shape

_CONTENT = "content"
_ORIGIN = "origin.json"


class NotClaimable(Exception):
    """The file is not (or no longer) what was examined; `code`: changed, not-a-file, gone."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def spool_of(folder: Path) -> Path:
    """The spool of a drop folder."""
    return folder / OWN_FOLDER / "spool"


def shape_of(path: Path) -> Shape | None:
    """Shape of a regular file with a single name, None for anything else or when it is gone. Links are not followed."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        return None
    return Shape(found.st_size, found.st_mtime_ns, found.st_ino)


def display_name(name: str) -> str:
    """A file name as text to show: NFC, undecodable bytes replaced, no control characters."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(ch for ch in unicodedata.normalize("NFC", text) if unicodedata.category(ch)[0] != "C")


def claim(path: Path, folder: DropFolder, expected: Shape, claim_id: str, now: datetime) -> Claim:
    """Moves `path` into the spool of `folder`.

    Raises: NotClaimable when the file is not the one with the expected shape; OSError when the disk refuses (nothing
    is lost then).
    """
    uuid.UUID(claim_id)
    spool = spool_of(folder.path)
    spool.mkdir(parents=True, exist_ok=True)
    place = spool / claim_id
    place.mkdir(mode=0o700)
    origin = {
        "id": claim_id,
        "original_name": display_name(path.name),
        "folder": folder.name,
        "kind": folder.kind,
        "policy": folder.policy,
        "claimed_at": now.isoformat(),
    }
    content = place / _CONTENT
    try:
        _write_durable(place / _ORIGIN, json.dumps(origin, ensure_ascii=False).encode())
        sync_folder(spool)
        if shape_of(path) != expected:
            raise NotClaimable("changed")
        path.rename(content)
    except FileNotFoundError as error:
        _remove(place)
        raise NotClaimable("gone") from error
    except (OSError, NotClaimable):
        _remove(place)  # the rename is the last step that can fail here, so the file is still in the drop folder
        raise
    if shape_of(content) != expected:
        _put_back(content, path, place)
        raise NotClaimable("changed")
    _sync_file(content)
    sync_folder(place)
    sync_folder(path.parent)
    return _claim(place, origin)


def release(taken: Claim) -> None:
    """Removes a claim from the spool after custody has it; calling it twice changes nothing."""
    _remove(taken.path.parent)


def left_claims(folder: DropFolder) -> list[Claim]:
    """Claims a killed process left in the spool, oldest first; unfinished ones without a file are cleared away."""
    spool = spool_of(folder.path)
    if not spool.is_dir():
        return []
    left = []
    for place in sorted(spool.iterdir()):
        if place.is_symlink() or not place.is_dir():
            continue
        if shape_of(place / _CONTENT) is None:
            _remove(place)  # killed before the rename (the file is still in the drop folder) or after custody
            continue
        left.append(_claim(place, _origin(place, folder)))
    return sorted(left, key=lambda each: each.claimed_at)


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
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
    )


def _origin(place: Path, folder: DropFolder) -> dict[str, str]:
    """The origin as written; if a failing disk lost it, what the folder tells (a paper is never dropped for its
    label).
    """
    try:
        origin = json.loads((place / _ORIGIN).read_bytes())
        names = ("id", "original_name", "folder", "kind", "policy", "claimed_at")
        if origin["id"] == place.name and all(isinstance(origin[name], str) for name in names):
            datetime.fromisoformat(origin["claimed_at"])
            return {name: origin[name] for name in names}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    moved = datetime.fromtimestamp(place.stat().st_mtime).astimezone()
    return {
        "id": place.name,
        "original_name": place.name,
        "folder": folder.name,
        "kind": folder.kind,
        "policy": folder.policy,
        "claimed_at": moved.isoformat(),
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


def free_name(path: Path) -> Path:
    """`path`, or the first of "name (2).pdf", "name (3).pdf" … that does not exist."""
    number = 2
    candidate = path
    while os.path.lexists(candidate):
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return candidate


def _remove(place: Path) -> None:
    """Removes a spool entry: the file first, so that a kill in between leaves an entry that is cleared at the next
    start.
    """
    for name in (_CONTENT, _ORIGIN, "origin.part"):
        (place / name).unlink(missing_ok=True)
    try:
        place.rmdir()
    except FileNotFoundError:
        return
    sync_folder(place.parent)
