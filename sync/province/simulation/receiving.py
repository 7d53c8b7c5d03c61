"""The province in a simulation: the real core over rows in memory, with a check that takes its time.

Owns what a store would: open transfers, answers, the last receipt of each box. Keeps no bytes: contents are zeros, and
what matters is which ranges arrived. A receiver that restarts loses what was not durable.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from sync.protocol.cose import Sign, Verify
from sync.protocol.messages import Base, Manifest
from sync.protocol.province import ProvinceCore
from sync.protocol.receipt import Result
from sync.protocol.records import CheckOutcome, OpenRecord, Verdict
from sync.protocol.step import (
    Change,
    CheckPart,
    CommitReceipt,
    MakeDurable,
    OpenTransfer,
    Publish,
    ResetPart,
    Step,
    WriteChunk,
)

_ANSWERS_KEPT = 20_000
"""Of one province: a repeated offer older than that does not occur in a simulation."""


@dataclass
class Rows:
    """`sync.protocol.records.Records` in memory."""

    opened: dict[tuple[str, bytes], OpenRecord] = field(default_factory=dict)
    answers: OrderedDict[tuple[str, bytes, bytes], bytes] = field(default_factory=OrderedDict)
    held: set[tuple[str, bytes]] = field(default_factory=set)
    last: dict[str, bytes] = field(default_factory=dict)
    number: int = 0

    def open_transfer(self, box: str, tid: bytes) -> OpenRecord | None:
        """See the port."""
        return self.opened.get((box, tid))

    def open_alike(self, box: str, begin: bytes) -> list[bytes]:
        """See the port."""
        return [tid for name, tid in self.opened if name == box and tid.startswith(begin)]

    def answer(self, box: str, tid: bytes, manifest_hash: bytes) -> bytes | None:
        """See the port."""
        return self.answers.get((box, tid, manifest_hash))

    def stored(self, box: str, tid: bytes) -> bool:
        """See the port."""
        return (box, tid) in self.held

    def holds_base(self, box: str, base: Base) -> bool:
        """Nothing is revised in a simulation."""
        return False

    def last_receipt(self, box: str) -> bytes | None:
        """See the port."""
        return self.last.get(box)

    def last_number(self) -> int:
        """See the port."""
        return self.number


class Receiving:
    """One province's receiver: `hears` a message at a moment and gives what it says, and checks to be done."""

    def __init__(self, kid: str, sign: Sign, verify: Verify) -> None:
        self._kid, self._sign, self._verify = kid, sign, verify
        self.rows = Rows()
        self.checks: list[tuple[str, bytes, bytes]] = []
        self.stored = 0
        self.written = 0
        """Bytes of chunks that were new."""
        self.core = self._fresh()

    def _fresh(self) -> ProvinceCore:
        return ProvinceCore(self._kid, self._sign, self._verify, self.rows, epoch=1)

    def restart(self) -> list[tuple[str, bytes, bytes]]:
        """Lose memory; returns checks to begin anew, of the transfers that were whole."""
        self.core, self.checks = self._fresh(), []
        return [
            (box, tid, record.manifest.digest)
            for (box, tid), record in self.rows.opened.items()
            if record.ranges and record.ranges[0] == (0, record.manifest.size)
        ]

    def does(self, step: Step) -> tuple[Publish, ...]:
        """Carry out a step; returns what is said."""
        for change in step.changes:
            self._carry_out(change)
        return step.outbound

    def checked(self, box: str, tid: bytes, manifest_hash: bytes, now: object) -> tuple[Publish, ...]:
        """The end of a check: simulated documents are good."""
        return self.does(self.core.on_checked(box, tid, manifest_hash, CheckOutcome(Verdict.ACCEPT), now))  # type: ignore[arg-type]

    def _carry_out(self, change: Change) -> None:
        match change:
            case OpenTransfer(box, tid, manifest, _):
                known = self.rows.opened.get((box, tid))
                self.rows.opened[box, tid] = OpenRecord(manifest, known.ranges if known else ())
            case ResetPart(box, tid, resets):
                self.rows.opened[box, tid] = OpenRecord(self._manifest(box, tid), (), resets)
            case WriteChunk(_, _, _, content):
                self.written += len(content)
            case MakeDurable(box, tid, ranges):
                self.rows.opened[box, tid] = OpenRecord(self._manifest(box, tid), ranges)
            case CheckPart(box, tid, manifest):
                self.checks.append((box, tid, manifest.digest))
            case CommitReceipt():
                self._commit(change)

    def _manifest(self, box: str, tid: bytes) -> Manifest:
        return self.rows.opened[box, tid].manifest

    def _commit(self, change: CommitReceipt) -> None:
        rows, key = self.rows, (change.box, change.tid)
        if change.receipt.result is Result.STORED:
            if key in rows.held:
                raise AssertionError(f"{change.box} {change.tid.hex()} stored twice")
            rows.held.add(key)
            self.stored += 1
        rows.opened.pop(key, None)
        rows.answers[change.box, change.tid, change.manifest.digest] = change.envelope
        rows.last[change.box] = change.envelope
        rows.number = change.receipt.number
        if len(rows.answers) > _ANSWERS_KEPT:
            rows.answers.popitem(last=False)
