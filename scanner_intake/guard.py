"""Whether a drop folder is there, is the same as before, and is ours alone.

Owns the lock `<drop>/.commune-box/intake.lock` and the names of what can be wrong with a folder. It refuses to make a
drop folder: a share that went away must not be made anew as an empty folder on the box's own disk.

Invariant: of two intakes on one folder only one gets past `check`; the lock ends with the process that held it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import BinaryIO

from scanner_intake.settle import OWN_FOLDER

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_HELD = frozenset({errno.EWOULDBLOCK, errno.EACCES})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS})


class FolderTrouble(Exception):
    """A drop folder cannot be read now; `code`: drop-folder-missing, -unreachable, -closed, -full, -taken."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def trouble_of(error: OSError) -> FolderTrouble:
    """What an error of the operating system means for the folder; ESTALE, EIO and the like: a share without answer."""
    code = "drop-folder-unreachable"
    for numbers, known in ((_GONE, "missing"), (_CLOSED, "closed"), (_FULL, "full")):
        if error.errno in numbers:
            code = f"drop-folder-{known}"
    return FolderTrouble(code, error.strerror or "")


class Guard:
    """Watches over one drop folder for as long as one intake runs on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._was_mount = False
        self._lock: BinaryIO | None = None
        self.identity: tuple[int, int] = (0, 0)

    def check(self) -> None:
        """Returns when the folder is there and locked by this intake. Raises: FolderTrouble."""
        try:
            found = self._path.stat()
            mount = os.path.ismount(self._path)
            if self._was_mount and not mount:
                raise FolderTrouble("drop-folder-missing")  # only the empty place where the share was
            self._was_mount = mount
            self.identity = (found.st_dev, found.st_ino)
            self._hold_lock()
        except OSError as error:
            self.release()
            raise trouble_of(error) from error
        except FolderTrouble:
            self.release()
            raise

    def release(self) -> None:
        """Lets another intake take the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self.identity = (0, 0)

    def _hold_lock(self) -> None:
        place = self._path / OWN_FOLDER
        name = place / "intake.lock"
        if self._lock is not None and _same_file(self._lock, name):
            return
        place.mkdir(exist_ok=True)
        lock = name.open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                lock.close()
                raise FolderTrouble("drop-folder-taken") from error
            if error.errno not in _NO_LOCKS:
                lock.close()
                raise
        if self._lock is not None:
            self._lock.close()
        self._lock = lock


def _same_file(held: BinaryIO, name: Path) -> bool:
    """A share that came back, or a folder that was made anew, has another lock file than the one still open."""
    try:
        return os.path.samestat(os.fstat(held.fileno()), name.stat())
    except OSError:
        return False
