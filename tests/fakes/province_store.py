"""The province's store in memory: carries out the changes of `ProvinceCore` and answers `Records`.

`volatile` holds what a power cut takes (bytes written but not made durable); everything else survives `power_cut`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from sync.protocol.messages import Base, Manifest
from sync.protocol.receipt import Receipt, Result
from sync.protocol.records import CheckOutcome, OpenRecord, Verdict
from sync.protocol.step import (
    BoxSeen,
    Change,
    CheckPart,
    CommitReceipt,
    Finding,
    MakeDurable,
    OpenTransfer,
    ResetPart,
    SeedPart,
    WriteChunk,
)

Key = tuple[str, bytes]


@dataclass
class _Part:
    manifest: Manifest
    durable: bytearray
    ranges: tuple[tuple[int, int], ...] = ()
    resets: int = 0


@dataclass
class FakeProvinceStore:
    """See the module."""

    parts: dict[Key, _Part] = field(default_factory=dict)
    volatile: dict[Key, bytearray] = field(default_factory=dict)
    files: dict[Key, bytes] = field(default_factory=dict)
    refused: dict[Key, bytes] = field(default_factory=dict)
    answers: dict[tuple[str, bytes, bytes], bytes] = field(default_factory=dict)
    chain: dict[str, list[bytes]] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seen: list[BoxSeen] = field(default_factory=list)
    checks: list[CheckPart] = field(default_factory=list)
    bytes_written: int = 0
    verdict: CheckOutcome = field(default_factory=lambda: CheckOutcome(Verdict.ACCEPT))

    # --- Records ------------------------------------------------------------------------------------------------------

    def open_transfer(self, box: str, tid: bytes) -> OpenRecord | None:
        part = self.parts.get((box, tid))
        return None if part is None else OpenRecord(part.manifest, part.ranges, part.resets)

    def open_alike(self, box: str, begin: bytes) -> list[bytes]:
        return [tid for name, tid in self.parts if name == box and tid.startswith(begin)]

    def answer(self, box: str, tid: bytes, manifest_hash: bytes) -> bytes | None:
        return self.answers.get((box, tid, manifest_hash))

    def stored(self, box: str, tid: bytes) -> bool:
        return (box, tid) in self.files

    def holds_base(self, box: str, base: Base) -> bool:
        return self._base(box, base.sha256, base.size) is not None

    def _base(self, box: str, sha256: bytes, size: int) -> bytes | None:
        kept = [file for (owner, _), file in {**self.refused, **self.files}.items() if owner == box]
        return next((file for file in kept if len(file) == size and hashlib.sha256(file).digest() == sha256), None)

    def last_receipt(self, box: str) -> bytes | None:
        return self.chain[box][-1] if self.chain.get(box) else None

    def last_number(self) -> int:
        return self.receipts[-1].number if self.receipts else 0

    # --- changes ------------------------------------------------------------------------------------------------------

    def carry_out(self, change: Change) -> None:
        """Do one change."""
        match change:
            case OpenTransfer(box, tid, manifest, _):
                if (box, tid) in self.parts:
                    self.parts[box, tid].manifest = manifest
                else:
                    self.parts[box, tid] = _Part(manifest, bytearray(manifest.size))
                    self.volatile[box, tid] = bytearray(manifest.size)
            case ResetPart(box, tid, resets):
                part = self.parts[box, tid]
                part.ranges, part.resets = (), resets
                part.durable = bytearray(part.manifest.size)
                self.volatile[box, tid] = bytearray(part.manifest.size)
            case WriteChunk(box, tid, offset, content):
                self.volatile[box, tid][offset : offset + len(content)] = content
                self.bytes_written += len(content)
            case SeedPart(box, tid, sha256, length):
                base = self._base(box, sha256, length)
                assert base is not None, "seeded from nothing"
                self.volatile[box, tid][:length] = base
            case MakeDurable(box, tid, ranges):
                part = self.parts[box, tid]
                part.durable = bytearray(self.volatile[box, tid])
                part.ranges = ranges
            case CheckPart():
                self.checks.append(change)
            case CommitReceipt(box, tid, manifest, receipt, envelope):
                assert receipt.number > self.last_number(), "receipt numbers must grow"
                if receipt.result is Result.STORED:
                    assert (box, tid) not in self.files, "stored twice"
                    self.files[box, tid] = bytes(self.parts[box, tid].durable)
                elif receipt.result is Result.REFUSED and (box, tid) in self.parts:
                    self.refused[box, tid] = bytes(self.parts[box, tid].durable)
                self.parts.pop((box, tid), None)
                self.volatile.pop((box, tid), None)
                self.answers[box, tid, manifest.digest] = envelope
                self.chain.setdefault(box, []).append(envelope)
                self.receipts.append(receipt)
            case Finding():
                self.findings.append(change)
            case BoxSeen():
                self.seen.append(change)

    def check(self, change: CheckPart) -> CheckOutcome:
        """Hash the durable part; a right one gets `verdict`."""
        digest = hashlib.sha256(self.parts[change.box, change.tid].durable).digest()
        return self.verdict if digest == change.manifest.sha256 else CheckOutcome(Verdict.DAMAGED)

    def power_cut(self) -> None:
        """Lose what was not made durable, and every check under way."""
        self.checks.clear()
        for key, part in self.parts.items():
            self.volatile[key] = bytearray(part.durable)
