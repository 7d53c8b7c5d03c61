"""Both cores on a wire that drops, repeats, reorders, delays, cuts short and damages, with either end dying anywhere.

The promise (issue 5, must show 1; PROTOCOL.md, head and §5): a document is accepted at most once; whoever holds a
receipt finds the bytes durable and identical at the province; the chain of receipts has no gap; and as soon as the
network is kind, everything is answered. `EXAMPLES` runs are played by default; the nightly run plays 100,000 with
`pytest -m soak tests/unit/test_sync_machine.py` (`COMMUNE_SYNC_EXAMPLES` for another number).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sync.protocol.receipt import FIRST_IN_CHAIN, Result, chain_hash, read_receipt
from sync.protocol.records import CheckOutcome, ProvinceLimits, Verdict
from sync.protocol.step import Publish
from sync.wire_identity import SigningKey, verifier
from tests.fakes.sync_pair import BOX, KID, Died, SyncPair

EXAMPLES = 2_000
NIGHTLY = int(os.environ.get("COMMUNE_SYNC_EXAMPLES", "100000"))
STEPS = 40
DEVICE, RECEIPT = SigningKey.generate(), SigningKey.generate()
LIMITS = ProvinceLimits(have_bytes=3_000, credit=9_000)
VERIFY = verifier({KID: RECEIPT.public})
BYTES = random.Random(5).randbytes(64 * 1024)
MOST_DOCUMENTS = 4
"""More would not make another state, only a slower one."""

ends = st.sampled_from(["box", "province"])
ways = st.sampled_from(["up", "down"])
places = st.integers(0, 3)
cuts = st.one_of(st.just(-1), st.integers(0, 60))
"""Bytes that remain; -1: all, one bit changed."""


def damaged(message: Publish, cut: int, flip: int) -> Publish:
    """Its beginning only, or one bit of it changed."""
    payload = bytearray(message.payload[:cut]) if cut >= 0 else bytearray(message.payload)
    if payload and cut < 0:
        payload[flip % len(payload)] ^= 1 << flip % 8
    return Publish(message.topic, bytes(payload), message.qos, message.retain, message.expiry)


class HostileWire(RuleBasedStateMachine):
    """One step is one thing that can happen to a message, an end, or the time."""

    def __init__(self) -> None:
        super().__init__()
        self.wire = SyncPair(DEVICE, RECEIPT, LIMITS)
        self.versions: dict[str, list[bytes]] = {}
        self.sequences: dict[str, int] = {}
        self.new_line = False

    # --- life ---------------------------------------------------------------------------------------------------------

    @initialize(size=st.integers(1, 14_000), asked=st.booleans())
    def begins(self, size: int, asked: bool) -> None:
        self._guarded(lambda: self._add("first", BYTES[:size], 0, b""))
        self._guarded(self.wire.connect)
        if asked:
            self._flow()

    @precondition(lambda self: len(self.versions) < MOST_DOCUMENTS)
    @rule(size=st.integers(1, 12_000), priority=st.integers(0, 3), at=st.integers(0, 40_000))
    def new_paper(self, size: int, priority: int, at: int) -> None:
        name = f"doc-{len(self.versions)}"
        self._guarded(lambda: self._add(name, BYTES[at : at + size], priority, b""))

    @precondition(lambda self: self.wire.outbox.refusals)
    @rule(tail=st.integers(0, 3_000), which=places, priority=st.integers(0, 3))
    def signed_again(self, tail: int, which: int, priority: int) -> None:
        """A paper that was refused is offered again, with a new tail or unchanged."""
        refused = sorted(self.wire.outbox.refusals)
        name = refused[which % len(refused)]
        before = self.versions[name][-1]
        del self.wire.outbox.refusals[name]
        self._guarded(lambda: self._add(name, before + BYTES[:tail], priority, before))

    @precondition(lambda self: self.wire.outbox.receipts)
    @rule(which=places)
    def offered_again(self, which: int) -> None:
        """A paper that is delivered comes again, unchanged: another answer, no other bytes."""
        name = sorted(self.wire.outbox.receipts)[which % len(self.wire.outbox.receipts)]
        del self.wire.outbox.receipts[name]
        self._guarded(lambda: self._add(name, self.versions[name][-1], 0, b""))

    @rule(end=ends, after=st.integers(0, 4))
    def dies_soon(self, end: str, after: int) -> None:
        """The end is cut off between two of its next changes."""
        self.wire.die_after[end] = after

    @rule(end=ends)
    def starts_again(self, end: str) -> None:
        self._guarded(lambda: self.wire.box_starts() if end == "box" else self.wire.province_starts())

    @rule(lose=st.booleans(), standing=st.booleans())
    def redials(self, lose: bool, standing: bool) -> None:
        """Not losing: what the old half-open connection carried still comes, after what is newer."""
        self._guarded(lambda: self.wire.connect(lose, standing))

    @rule(seconds=st.sampled_from([0.1, 1.1, 9.0, 130.0, 4_000.0]))
    def time_passes(self, seconds: float) -> None:
        self._guarded(lambda: self.wire.pass_time(seconds))

    @rule(refuses=st.booleans())
    def the_province_judges(self, refuses: bool) -> None:
        refusal = CheckOutcome(Verdict.REFUSE, "signature-invalid", "Chữ ký số không hợp lệ.")
        self.wire.store.verdict = refusal if refuses else CheckOutcome(Verdict.ACCEPT)

    @rule(full=st.booleans())
    def its_disk_fills(self, full: bool) -> None:
        self.wire.province.pause(full)

    # --- messages -----------------------------------------------------------------------------------------------------

    @rule(rounds=st.integers(1, 10), checks=st.booleans())
    def all_goes_well(self, rounds: int, checks: bool) -> None:
        for _ in range(rounds):
            self._flow()
            self._guarded(self.wire.send_chunk)
            if checks:
                self._guarded(self.wire.check)

    @rule(chunks=st.integers(1, 3), flows=st.booleans())
    def sends(self, chunks: int, flows: bool) -> None:
        if flows:
            self._flow()
        for _ in range(chunks):
            self._guarded(self.wire.send_chunk)

    @rule(cut=cuts, flip=st.integers(0, 40_000))
    def a_chunk_is_damaged_on_its_way(self, cut: int, flip: int) -> None:
        self._flow()
        self._guarded(self.wire.send_chunk)
        if self.wire.up:
            token, message = self.wire.up[-1]
            self.wire.up[-1] = (token, damaged(message, cut, flip))
            self._flow()

    @rule(end=ends, after=st.integers(0, 6))
    def dies_in_the_middle(self, end: str, after: int) -> None:
        self.wire.die_after[end] = after
        self.all_goes_well(3, True)

    @precondition(lambda self: self.wire.up or self.wire.down)
    @rule(way=ways, index=places, lose=st.booleans(), repeat=st.booleans())
    def arrives(self, way: str, index: int, lose: bool, repeat: bool) -> None:
        """Any waiting message, out of order; lost or twice."""
        hears = self.wire.province_hears if way == "up" else self.wire.box_hears
        self._guarded(lambda: hears(lose, repeat, index))

    @precondition(lambda self: self.wire.up or self.wire.down)
    @rule(way=ways, index=places)
    def is_kept_for_later(self, way: str, index: int) -> None:
        """A copy stays behind and comes at another time."""
        queue = self.wire.up if way == "up" else self.wire.down
        if queue and len(queue) < 40:
            queue.append(queue[index % len(queue)])  # type: ignore[arg-type]

    @precondition(lambda self: self.wire.up or self.wire.down)
    @rule(way=ways, index=places, cut=cuts, flip=st.integers(0, 4_000))
    def is_damaged(self, way: str, index: int, cut: int, flip: int) -> None:
        if way == "up" and self.wire.up:
            token, message = self.wire.up[index % len(self.wire.up)]
            self.wire.up[index % len(self.wire.up)] = (token, damaged(message, cut, flip))
        elif way == "down" and self.wire.down:
            at = index % len(self.wire.down)
            self.wire.down[at] = damaged(self.wire.down[at], cut, flip)

    @precondition(lambda self: any(token is not None for token, _ in self.wire.up))
    @rule(which=places)
    def is_refused_by_the_broker(self, which: int) -> None:
        tokens = [token for token, _ in self.wire.up if token is not None]
        token = tokens[which % len(tokens)]
        self.wire.up = type(self.wire.up)(entry for entry in self.wire.up if entry[0] != token)
        self._guarded(lambda: self.wire.box_does(self.wire.box.on_published(token, False, self.wire.now)))

    @precondition(lambda self: self.wire.store.checks)
    @rule()
    def is_checked(self) -> None:
        self._guarded(self.wire.check)

    # --- what must always hold ----------------------------------------------------------------------------------------

    @invariant()
    def a_receipt_is_a_promise_kept(self) -> None:
        for name, envelope in self.wire.outbox.receipts.items():
            receipt = read_receipt(envelope, VERIFY)
            held = self.wire.store.files[BOX, self._tid(receipt.sha256, name)]
            assert held in self.versions[name], f"{name} has a receipt over bytes nobody offered"
            assert len(held) == receipt.size

    @invariant()
    def an_answer_is_for_what_is_offered_now(self) -> None:
        refusals = {name: refusal[2] for name, refusal in self.wire.outbox.refusals.items()}
        for name, envelope in {**self.wire.outbox.receipts, **refusals}.items():
            assert read_receipt(envelope, VERIFY).sequence == self.sequences[name], f"{name}: an older answer counted"

    @invariant()
    def nothing_is_stored_that_was_not_offered(self) -> None:
        offered = {version for versions in self.versions.values() for version in versions}
        assert all(file in offered for file in self.wire.store.files.values())

    @rule(new_line=st.booleans())
    def ends_kindly(self, new_line: bool) -> None:
        """With or without a new connection: what was lost on a living one is asked for too."""
        self.new_line = new_line

    def teardown(self) -> None:
        """The network is kind from now on: all is answered, and the whole record is sound."""
        self.wire.province.pause(False)
        self.wire.store.verdict = CheckOutcome(Verdict.ACCEPT)
        try:
            self.wire.settle(redial=self.new_line or not self.wire.box.ready)  # `p/state` is QoS 1 and retained
            self._assert_record()
        finally:
            super().teardown()

    def _assert_record(self) -> None:
        outbox, store = self.wire.outbox, self.wire.store
        assert set(outbox.receipts) | set(outbox.refusals) == set(self.versions)
        assert {refusal[0] for refusal in outbox.refusals.values()} <= {"signature-invalid"}
        assert "digest-mismatch" not in {finding.code for finding in store.findings}, "bytes promised were not there"
        stored = [(r.document_id, r.sha256) for r in store.receipts if r.result is Result.STORED]
        assert len(stored) == len(set(stored)) == len(store.files), "accepted more than once"
        assert len({(r.document_id, r.sequence) for r in store.receipts}) == len(store.receipts), "answered twice"
        previous = FIRST_IN_CHAIN
        for number, envelope in enumerate(store.chain.get(BOX, []), 1):
            receipt = read_receipt(envelope, VERIFY)
            assert (receipt.number, receipt.previous) == (number, previous)
            previous = chain_hash(envelope)

    def _flow(self) -> None:
        """All that waits on the wire arrives, in order; what follows from it, too."""
        for _ in range(3):
            for _ in range(min(12, len(self.wire.up))):
                self._guarded(self.wire.province_hears)
            for _ in range(min(12, len(self.wire.down))):
                self._guarded(self.wire.box_hears)

    def _tid(self, digest: bytes, name: str) -> bytes:
        found = [key for key, file in self.wire.store.files.items() if file in self.versions[name]]
        return next(tid for _, tid in found if sha256(self.wire.store.files[BOX, tid]).digest() == digest)

    def _add(self, name: str, content: bytes, priority: int, base: bytes) -> None:
        self.versions.setdefault(name, []).append(content)
        self.sequences[name] = self.wire.outbox.next_sequence  # the box may die while it looks at the new parcel
        self.wire.add(name, content, priority, base if len(base) < len(content) else b"")

    def _guarded(self, does: Callable[[], object]) -> None:
        """Do it; an end that dies on the way starts again, and may die again at once."""
        try:
            does()
        except Died as death:
            restart = self.wire.box_starts if death.args[0] == "box" else self.wire.province_starts
            self._guarded(restart)


def play(examples: int, derandomize: bool) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        HostileWire,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=derandomize,
            database=None,
            suppress_health_check=checks,
        ),
    )


@pytest.mark.timeout(900)
def test_two_thousand_hostile_runs_keep_the_promise() -> None:
    play(EXAMPLES, derandomize=True)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_a_night_of_hostile_runs_keeps_the_promise() -> None:
    play(NIGHTLY, derandomize=False)
