"""Carries out what the protocol decided, and answers what it asks about the past.

Owns the step from protocol values to rows and files (`Records` and every province change). Decides nothing, sends
nothing. Invariants: a document's bytes are in the blob folder before its row exists; a refused document leaves only
identity and reason (but `REVISABLE`); `settle()` makes every promised range durable before anybody may say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sync.protocol.messages import Base, Manifest
from sync.protocol.messages import Presence as SaidPresence
from sync.protocol.receipt import Result
from sync.protocol.records import OpenRecord
from sync.protocol.step import (
    AccountSaid,
    BoxSeen,
    Change,
    CommitReceipt,
    Finding,
    MakeDurable,
    OpenTransfer,
    ResetPart,
    SeedPart,
    WriteChunk,
)
from sync.province.store import Interval, PartKey, Presence, ProvinceStore, Receipt, Refusal, StoredDocument, Transfer
from sync.province.store.account_rows import AccountRows

_RESULTS = {Result.STORED: "stored", Result.DUPLICATE: "duplicate", Result.REFUSED: "refused"}
_OBSERVED = {
    "bad-signature": "unverifiable",
    "foreign-manifest": "foreign-box",
    "foreign-topic": "foreign-box",
    "digest-mismatch": "digest-mismatch",
}
"""Finding of the protocol -> observation of the fleet; every other code means a malformed message."""


REVISABLE = frozenset({"signature-invalid", "signature-untrusted", "signature-missing"})
"""Refusals after which the box sends the same paper with other signatures: its bytes are kept for a while. Of every
other refusal, of a suspected secret above all, nothing but identity and reason stays."""


def kind_of(manifest: Manifest) -> str:
    """The kind of document that the box declares."""
    return str(manifest.meta.get("kind", ""))


class Keeper:
    """The store as the protocol sees it. Called from the receiving thread only."""

    def __init__(self, store: ProvinceStore) -> None:
        self.store = store
        self._promised: dict[PartKey, tuple[Interval, ...]] = {}
        self._signatures: dict[PartKey, Mapping[str, Any]] = {}

    # -- Records: what the protocol may ask ---------------------------------------------------------------------

    def open_transfer(self, box: str, tid: bytes) -> OpenRecord | None:
        """The open transfer as the last `MakeDurable` left it, or None."""
        found = self.store.transfers.find((box, tid.hex()))
        return OpenRecord(Manifest.decode(found.manifest), found.intervals, found.resets) if found else None

    def open_alike(self, box: str, begin: bytes) -> list[bytes]:
        """The open transfers of a box that begin so."""
        return [bytes.fromhex(tid) for tid in self.store.transfers.alike(box, begin.hex())]

    def answer(self, box: str, tid: bytes, manifest_hash: bytes) -> bytes | None:
        """The receipt or refusal given for exactly this manifest, or None."""
        return self.store.answers.answer(box, tid.hex(), manifest_hash)

    def stored(self, box: str, tid: bytes) -> bool:
        """These bytes of this document are held."""
        return self.store.answers.stored(box, tid.hex())

    def holds_base(self, box: str, base: Base) -> bool:
        """The bytes of an earlier version that this box sent are at hand."""
        return self.store.base(box, base.sha256.hex(), base.size) is not None

    def last_receipt(self, box: str) -> bytes | None:
        """The newest answer to this box, or None."""
        return self.store.answers.last_receipt(box)

    def last_number(self) -> int:
        """The greatest receipt number given."""
        return self.store.answers.last_number()

    def device_key(self, kid: str) -> bytes | None:
        """The public key under which this box's manifests are believed; None when unknown or revoked."""
        box = self.store.fleet.box(kid)
        return box.device_key if box and box.revoked_at is None else None

    # -- changes ------------------------------------------------------------------------------------------------

    def carry_out(self, change: Change, now: float) -> None:
        """Do one change. Durable on return, but for written chunks and promised ranges: those wait for `settle`."""
        match change:
            case OpenTransfer():
                self._open(change, now)
            case WriteChunk(box, tid, offset, content):
                self.store.parts.write((box, tid.hex()), offset, content)
            case SeedPart(box, tid, sha256, length):
                source = self.store.base(box, sha256.hex(), length)
                if source is None:
                    raise FileNotFoundError(sha256.hex())
                self.store.parts.seed((box, tid.hex()), source, length)
            case MakeDurable(box, tid, ranges):
                self._promised[box, tid.hex()] = ranges
            case ResetPart(box, tid, resets):
                self._reset((box, tid.hex()), resets)
            case CommitReceipt():
                self._commit(change, now)
            case BoxSeen():
                self._seen(change, now)
            case AccountSaid(box, said):
                AccountRows(self.store.connection).note(box, said, now)
            case Finding(code, box, params):
                detail = " ".join(f"{name}={value}" for name, value in sorted(params.items()))
                self.store.fleet.observe(box, _OBSERVED.get(code, "malformed"), f"{code} {detail}", now)

    def settle(self, now: float) -> None:
        """Make every range promised in this round durable, bytes first, rows after; one transaction for all."""
        if self._promised:
            self.store.parts.flush(self._promised)
            self.store.transfers.save_intervals(self._promised, now)
            self._promised.clear()

    def drop_promises(self) -> None:
        """Forget promises whose round failed: nothing was said, the rows tell the truth."""
        self._promised.clear()

    def note_signatures(self, key: PartKey, signatures: Mapping[str, Any]) -> None:
        """Remember what the check found until the document is committed."""
        self._signatures[key] = signatures

    def whole_file(self, key: PartKey, sha256: str) -> Path:
        """Where the bytes to check are: the part, or the blob if a kill came between the rename and the commit."""
        part = self.store.parts.path(key)
        return part if part.exists() else self.store.blobs.path(sha256)

    def _open(self, change: OpenTransfer, now: float) -> None:
        manifest = change.manifest
        self.store.transfers.open(
            Transfer(
                box=change.box,
                tid=change.tid.hex(),
                document_id=manifest.document_id,
                sha256=manifest.sha256.hex(),
                size=manifest.size,
                sequence=manifest.sequence,
                kind=kind_of(manifest),
                manifest=manifest.encode(),
                envelope=change.envelope,
                intervals=(),
                resets=0,
                opened_at=now,
                touched_at=now,
            )
        )
        self.store.fleet.touch(change.box, now)

    def _reset(self, key: PartKey, resets: int) -> None:
        # Rows first: after a kill in between, nothing is promised and the old bytes are simply written over.
        self._promised.pop(key, None)
        self.store.transfers.restart(key, resets)
        self.store.parts.remove(key)

    def _commit(self, change: CommitReceipt, now: float) -> None:
        key = (change.box, change.tid.hex())
        self._promised.pop(key, None)
        receipt = _receipt(change)
        document = refusal = None
        if change.receipt.result is Result.STORED:
            transfer = self.store.transfers.find(key)
            envelope = transfer.envelope if transfer else b""
            document = _document(change, self._signatures.pop(key, {}), envelope, now)
            self.store.parts.flush([key])
            self.store.parts.close(key)
            self.store.blobs.adopt(self.store.parts.path(key), document.sha256)
        elif change.receipt.result is Result.REFUSED:
            self._signatures.pop(key, None)
            said = change.receipt
            refusal = Refusal(
                change.box, said.document_id, receipt.sha256, said.code, said.text, receipt.issued_at, said.number
            )
        self.store.answers.commit(receipt, document, refusal)
        if refusal is not None and refusal.code in REVISABLE:
            self.store.keep_refused(key, refusal.sha256)
        if document is None:
            self.store.parts.remove(key)
        self.store.fleet.touch(change.box, now)

    def _seen(self, change: BoxSeen, now: float) -> None:
        if self.store.fleet.box(change.box) is None:
            self.store.fleet.observe(change.box, "unknown-box", "presence", now)
            return
        said = change.presence
        if not said.wall and not said.online:  # a last will: the broker speaks, not the box
            self.store.fleet.note_gone(change.box, now)
            return
        # A retained message was said earlier; the box's clock may be wrong, but not in our future.
        heard = min(now, float(said.wall)) if change.retained else now
        self.store.fleet.note_presence(_presence(change.box, said, heard, None if change.retained else now))


def _receipt(change: CommitReceipt) -> Receipt:
    said = change.receipt
    return Receipt(
        rid=said.number,
        box=change.box,
        tid=change.tid.hex(),
        manifest_hash=said.manifest_hash,
        document_id=said.document_id,
        sha256=said.sha256.hex(),
        size=said.size,
        sequence=said.sequence,
        result=_RESULTS[said.result],
        code=said.code,
        issued_at=float(said.wall),
        previous=said.previous,
        digest=hashlib.sha256(change.envelope).digest(),
        cose=change.envelope,
    )


def _document(change: CommitReceipt, signatures: Mapping[str, Any], envelope: bytes, now: float) -> StoredDocument:
    manifest = change.manifest
    return StoredDocument(
        box=change.box,
        document_id=manifest.document_id,
        tid=change.tid.hex(),
        sha256=manifest.sha256.hex(),
        size=manifest.size,
        sequence=manifest.sequence,
        kind=kind_of(manifest),
        media_type=manifest.content_type,
        meta=manifest.meta,
        signatures=signatures,
        envelope=envelope,
        received_at=now,
        rid=change.receipt.number,
    )


VITALS = ("token_ends", "link_ends", "scanned_at", "scanned")
"""What of a sign of life has no column of its own: kept with the last one, and only where the box knows it."""


def _presence(box: str, said: SaidPresence, heard: float, now: float | None) -> Presence:
    return Presence(
        box=box,
        online=said.online,
        last_seen=heard,
        changed_at=heard,
        waiting=said.waiting,
        waiting_bytes=said.waiting_bytes,
        oldest_waiting_at=heard - said.oldest_age if said.waiting else None,
        clock_skew=float(said.wall) - now if now is not None and said.wall else None,
        disk_free=said.disk_free or None,
        software=said.software,
        said={
            "boot_sequence": said.boot_sequence,
            **{name: value for name in VITALS if (value := int(getattr(said, name)))},
            **({"profile": said.profile.hex()} if said.profile else {}),
        },
    )
