"""Files of the parcels under way, opened once and believed only after their digest was checked.

Owns the open files. Refuses to hand out a byte of a file whose size or SHA-256 is not what the outbox says: what
would reach the province could never be accepted there, and a paper altered on the disk must be seen here first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import file_digest
from io import SEEK_END
from typing import BinaryIO

from sync.protocol.choosing import Parcel

_MOST_OPEN = 16


class FileFault(Exception):
    """A parcel's file cannot be sent; `code` is `file-unreadable` or `file-altered`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ParcelFiles:
    """Reads ranges of parcels."""

    def __init__(self, open_parcel: Callable[[Parcel], BinaryIO]) -> None:
        self._open_parcel = open_parcel
        self._open: dict[str, tuple[Parcel, BinaryIO]] = {}

    def read(self, parcel: Parcel, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes at `offset`. Raises FileFault."""
        try:
            file = self._file(parcel)
            file.seek(offset)
            content = file.read(length)
        except OSError as error:
            self._drop(parcel.document_id)
            raise FileFault("file-unreadable") from error
        if len(content) != length:
            self._drop(parcel.document_id)
            raise FileFault("file-altered")
        return content

    def keep_only(self, parcels: Iterable[Parcel]) -> None:
        """Close the files of all other parcels."""
        wanted = {parcel.document_id: parcel for parcel in parcels}
        for document_id, (parcel, _) in list(self._open.items()):
            if wanted.get(document_id) != parcel:
                self._drop(document_id)

    def close(self) -> None:
        """Close all files."""
        self.keep_only(())

    def _file(self, parcel: Parcel) -> BinaryIO:
        known = self._open.get(parcel.document_id)
        if known is not None and known[0] == parcel:
            return known[1]
        self._drop(parcel.document_id)
        if len(self._open) >= _MOST_OPEN:
            self._drop(next(iter(self._open)))
        file = self._open_parcel(parcel)
        self._open[parcel.document_id] = (parcel, file)
        size = file.seek(0, SEEK_END)
        file.seek(0)
        if size != parcel.size or file_digest(file, "sha256").hexdigest() != parcel.sha256:  # type: ignore[arg-type]
            self._drop(parcel.document_id)
            raise FileFault("file-altered")
        return file

    def _drop(self, document_id: str) -> None:
        known = self._open.pop(document_id, None)
        if known is not None:
            known[1].close()
