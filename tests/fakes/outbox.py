"""The box's outbox in memory: port `sync.uplink.Outbox`."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import BinaryIO

from sync.protocol.choosing import Parcel


class FakeOutbox:
    """Holds parcels and their bytes; remembers every answer in order."""

    def __init__(self) -> None:
        self._parcels: dict[str, Parcel] = {}
        self._bytes: dict[str, bytes] = {}
        self.next_sequence = 1
        self.receipts: dict[str, bytes] = {}
        self.refusals: dict[str, tuple[str, str, bytes]] = {}
        self.calls: list[str] = []

    def add(self, document_id: str, content: bytes, priority: int = 0, base: bytes = b"", **meta: object) -> Parcel:
        """Queue a document; `base` is an earlier version that the province may hold."""
        digest = hashlib.sha256(content).hexdigest()
        named = (hashlib.sha256(base).hexdigest(), len(base)) if base else None
        parcel = Parcel(document_id, self.next_sequence, digest, len(content), priority, meta, named)
        self.next_sequence += 1
        self._parcels[document_id] = parcel
        self._bytes[document_id] = content
        return parcel

    def alter(self, document_id: str, content: bytes) -> None:
        """Change the stored bytes behind the outbox's back, as a dying disk does."""
        self._bytes[document_id] = content

    def pending(self, limit: int) -> list[Parcel]:
        """Most urgent first, then oldest."""
        return sorted(self._parcels.values(), key=lambda parcel: (-parcel.priority, parcel.sequence))[:limit]

    def open(self, parcel: Parcel) -> BinaryIO:
        """The bytes of a parcel."""
        return BytesIO(self._bytes[parcel.document_id])

    def accepted(self, document_id: str, receipt: bytes) -> None:
        """Delivered; a repetition changes nothing."""
        self.calls.append(f"accepted {document_id}")
        if self._parcels.pop(document_id, None) is not None:
            self.receipts[document_id] = receipt

    def refused(self, document_id: str, code: str, text: str, refusal: bytes) -> None:
        """Refused; a repetition changes nothing."""
        self.calls.append(f"refused {document_id}")
        if self._parcels.pop(document_id, None) is not None:
            self.refusals[document_id] = (code, text, refusal)
