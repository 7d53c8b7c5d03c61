"""Takes an accepted document to where it will stay, still beside the receiving thread.

Owns the order check, then copy: a file that is refused never leaves this disk. Refuses to hold the receiving thread up:
a store of bytes that is far or away costs an examining thread its time, and the document is examined again later, as
with every fault of the province's own. What `secure` copied, `adopt` need not copy again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sync.province.checking import CheckUnavailable, DocumentCheck, Finding
from sync.province.store import BlobDamaged, BlobsAway, ProvinceStore, digest_of
from sync.province.store.engines import FOLDER

Secure = Callable[[Path, str], None]


class ArchivingCheck:
    """A `DocumentCheck` around another one."""

    def __init__(self, check: DocumentCheck, secure: Secure) -> None:
        self._check, self._secure = check, secure

    def check(self, path: Path, kind: str) -> Finding:
        """Judge the file; an accepted one is durable in its store on return. Raises CheckUnavailable."""
        found = self._check.check(path, kind)
        if found.accepted:
            try:
                self._secure(path, digest_of(path)[0])
            except (BlobsAway, BlobDamaged) as error:
                raise CheckUnavailable(error.code, str(error)[:200]) from error
        return found


def archiving(check: DocumentCheck, store: ProvinceStore) -> DocumentCheck:
    """The check as this store needs it: where blobs are a folder, adopting is a rename and nothing is to be copied."""
    return check if store.engines.blobs == FOLDER else ArchivingCheck(check, store.blobs.secure)
