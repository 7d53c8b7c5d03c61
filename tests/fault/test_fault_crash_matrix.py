"""The whole core path, stopped after every single effect, reopened and run to its end.

An effect is whatever can be seen after a power cut: an fsync, a rename, a commit (and the moment before it, when all is
written and nothing is committed), an unlinked spool file, a paper that the province has stored. The invariants hold at
every reopening and, exactly, at the end.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from appliance import commands
from appliance.domain.documents import Document, Signature, add_signature, consent_of, slot_to_sign
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.domain.steps import Step
from appliance.ids import new_id
from appliance.pipeline.approving import PolicyApproval
from appliance.pipeline.digitizing import Digitizing
from appliance.pipeline.receiving import BoxCustodian
from appliance.pipeline.runner import Runner
from appliance.pipeline.sending import Enqueueing, StoreOutbox
from appliance.store import BlobStore, Store, documents, events, open_store, outbox
from appliance.store.upkeep import verify
from scanner_intake.custody import Claim
from scanner_intake.digitize import Digitized, Field, Limits
from tests.fixtures_store import NOW, Clock, sha256_of

T = TypeVar("T")


class Crash(BaseException):
    """The power is gone. Not an Exception: nothing in the product may catch and survive it."""


@dataclass
class Effects:
    """Counts what would outlive a crash, and crashes after the one numbered ``stop_after``."""

    stop_after: int = 0
    seen: list[str] = field(default_factory=list)

    def happened(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) == self.stop_after:
            raise Crash(f"after effect {self.stop_after}: {name}")


class CrashingStore(Store):
    """The real store, crashing between writing and committing, and after the commit."""

    def __init__(self, real: Store, effects: Effects) -> None:
        def fsync(descriptor: int) -> None:
            os.fsync(descriptor)
            effects.happened("fsync")

        def rename(part: Path, target: Path) -> None:
            part.replace(target)
            effects.happened("rename")

        super().__init__(real.database, BlobStore(real.blobs.folder, fsync, rename))
        self._effects = effects

    def write(self, change: Callable[[Any], T]) -> T:
        def to_the_brink(db: Any) -> T:
            result = change(db)
            self._effects.happened("written, not committed")
            return result

        result = super().write(to_the_brink)
        self._effects.happened("committed")
        return result


@dataclass(frozen=True)
class Dropped:
    """A file in the spool: its claim survives crashes, as the spool folder's name does."""

    id: str
    kind: Kind
    policy: str
    content: bytes


@dataclass
class Province:
    """The other end: what it has stored stays, whatever happens to the box."""

    stored: dict[str, bytes] = field(default_factory=dict)

    def receive(self, document_id: str, content: bytes) -> bytes:
        assert self.stored.get(document_id, content) == content, "one document, two contents"
        self.stored[document_id] = content
        return b"receipt for " + sha256_of(content).encode()


def engine(
    source: Path, out_dir: Path, limits: Limits, language: str, *, ignore_markings: bool, **_: object
) -> Digitized:
    """Stands in for the child: canned, but with a file of its own as the real one has."""
    content = source.read_bytes()
    if b"SECRET" in content:
        return Digitized("suspected-secret", 1, code="secrecy-marking")
    made = out_dir / "made.pdf"
    made.write_bytes(b"PDF/A of " + content)
    fields = {"subject": Field("Về việc chi trả", 0.9, 1, None)}
    return Digitized("ok", 1, made, ("Ủy ban nhân dân",), fields, (), (), "application/pdf")


class Signing:
    """Stands in for the signer: no two signatures have the same bytes, so a step that ran twice would show."""

    def __init__(self, store: Store, work: Path) -> None:
        self._store = store
        self._work = work

    def __call__(self, document: Document, now: datetime) -> None:
        slot = slot_to_sign(document)
        assert slot
        target = self._work / "signed.pdf"
        target.write_bytes(self._store.blobs.existing(document.current_sha256).read_bytes() + os.urandom(8))
        blob = self._store.blobs.put(target)
        after = add_signature(document, Signature(slot, blob.sha256, blob.size, now, "c" * 64), now)
        event = Event.SIGNATURES_COMPLETE if after.state is State.SIGNED else Event.SIGNATURE_APPLIED
        self._store.write(lambda db: documents.save(db, document, after, "worker", event, {"slot": slot}))


class Box:
    """One life of a box, from opening the store to its end or its crash."""

    def __init__(self, root: Path, dropped: list[Dropped], province: Province, effects: Effects) -> None:
        self.root, self.dropped, self.province, self.effects = root, dropped, province, effects
        self.real = open_store(root / "box.db", root / "blobs")
        self.store = CrashingStore(self.real, effects)
        (root / "work").mkdir(exist_ok=True)
        self.clock = Clock()
        actions = {
            Step.DIGITIZE: Digitizing(self.store, root / "work", Limits(), "vie", engine),
            Step.APPROVE: PolicyApproval(self.store),
            Step.SIGN: Signing(self.store, root / "work"),
            Step.ENQUEUE: Enqueueing(self.store),
        }
        self.runner = Runner(self.store, actions, self.clock)

    def live(self) -> None:
        """Everything that the five processes do, until nothing is left to do."""
        self.store.write(lambda db: documents.end_leases(db, "worker:"))
        self.intake()
        while self.runner.once(list(Step)) or self.people() or self.uplink():
            pass

    def intake(self) -> None:
        custodian = BoxCustodian(self.store, self.clock)
        for one in self.dropped:
            path = self.root / "spool" / one.id
            if not path.exists():
                continue
            custodian.accept(Claim(one.id, path, "quét.pdf", "den", one.kind.value, one.policy, len(one.content), NOW))
            path.unlink()
            self.effects.happened("unlinked")

    def people(self) -> bool:
        """The leader approves what is outgoing, the clerk the rest; the clerk issues, and ends the suspected secret."""
        for document in self.real.read(documents.listed):
            if document.state is State.DIGITIZED and document.policy == "person":
                commands.approve(self.store, document.id, "leader", NOW)
            elif (
                document.state is State.APPROVED and document.open_slot and not consent_of(document, document.open_slot)
            ):
                commands.consent(self.store, document.id, document.open_slot, "clerk", NOW)
            elif document.state is State.QUARANTINED:
                commands.send_back(self.store, document.id, "clerk", NOW, "chuyển bộ phận bảo mật")
            else:
                continue
            return True
        return False

    def uplink(self) -> bool:
        box = StoreOutbox(self.store, self.clock)
        for parcel in box.pending(1):
            with box.open(parcel) as file:
                receipt = self.province.receive(parcel.document_id, file.read())
            self.effects.happened("stored by the province")
            box.accepted(parcel.document_id, receipt)
            return True
        return False

    def close(self) -> None:
        self.real.close()


def drop(root: Path) -> list[Dropped]:
    scan, letter = b"%PDF a scan", b"%PDF a letter"
    dropped = [
        Dropped(new_id(1), Kind.INCOMING_SCAN, "policy", scan),
        Dropped(new_id(2), Kind.OUTGOING, "person", letter),
        Dropped(new_id(3), Kind.INCOMING_SCAN, "policy", b"%PDF SECRET"),
        Dropped(new_id(4), Kind.INCOMING_SCAN, "policy", scan),
    ]
    (root / "spool").mkdir()
    for one in dropped:
        (root / "spool" / one.id).write_bytes(one.content)
    return dropped


WAYS = [
    ["received", "duplicate-arrived", "digitized", "approved", "signatures-complete", "enqueued", "accepted"],
    [
        *("received", "digitized", "approved", "signature-applied", "consented"),
        *("signatures-complete", "enqueued", "accepted"),
    ],
    ["received", "suspected-secret", "sent-back"],
]


def check_at_any_moment(root: Path, dropped: list[Dropped], province: Province) -> None:
    """What must hold whenever somebody looks, also right after a crash."""
    store = open_store(root / "box.db", root / "blobs")
    verdict = verify(store)
    assert verdict.sound, verdict
    held = {one.id: one for one in store.read(documents.listed)}
    accepted = [one for one in dropped if not (root / "spool" / one.id).exists()]
    known = {one.original_sha256 for one in held.values()}
    assert all(sha256_of(one.content) in known for one in accepted), "an accepted paper is lost"
    delivered = {one.id for one in held.values() if one.state is State.DELIVERED}
    waiting = store.read(lambda db: {row.document_id for row in outbox.waiting(db, 99)})
    queued = {one.id for one in held.values() if one.state is State.QUEUED}
    assert waiting == queued
    assert not delivered & waiting
    assert delivered <= set(province.stored) <= delivered | waiting
    for one in held.values():
        if one.state is State.DELIVERED:
            assert sha256_of(province.stored[one.id]) == one.current_sha256
    store.close()


def check_at_the_end(root: Path, dropped: list[Dropped], province: Province) -> None:
    """Everything arrived, exactly once, and nothing is left lying about."""
    check_at_any_moment(root, dropped, province)
    store = open_store(root / "box.db", root / "blobs")
    store.blobs.sweep(store.read(documents.referenced_digests), float("inf"))
    verdict = verify(store)
    assert (verdict.orphans, verdict.missing, verdict.documents) == ((), (), 3)
    assert not list(store.blobs.folder.rglob("*.part"))
    assert not list((root / "spool").iterdir())
    scan, letter, secret = (store.read(lambda db, i=i: documents.load(db, dropped[i].id)) for i in range(3))
    assert [one.state for one in (scan, letter, secret)] == [State.DELIVERED, State.DELIVERED, State.DISCARDED]
    assert set(province.stored) == {scan.id, letter.id}
    assert secret.original_sha256 not in set(store.blobs.digests())
    for one, way in zip((scan, letter, secret), WAYS, strict=True):
        told = [entry.event for entry in store.read(lambda db, one=one: list(events.entries(db, one.id)))]
        assert sorted(told) == sorted(way), told
        assert [event for event in told if event != "duplicate-arrived"] == [
            event for event in way if event != "duplicate-arrived"
        ]
    numbers = store.read(lambda db: db.execute("SELECT register, number FROM register_numbers ORDER BY 1").fetchall())
    assert numbers == [("den", 1), ("di", 1)]
    rows = store.read(lambda db: db.execute("SELECT document_id, answer FROM outbox").fetchall())
    assert sorted(rows) == sorted([(scan.id, "accepted"), (letter.id, "accepted")])
    store.close()


def live_through(root: Path, stops: list[int], box_of: type[Box] = Box) -> list[str]:
    """One office day, with a crash after each of ``stops`` effects (each counted from the last opening)."""
    root.mkdir()
    dropped, province = drop(root), Province()
    for stop in [*stops, 0]:
        effects = Effects(stop)
        box = box_of(root, dropped, province, effects)
        try:
            box.live()
        except Crash:
            pass
        finally:
            box.close()
        check_at_any_moment(root, dropped, province)
    check_at_the_end(root, dropped, province)
    return effects.seen


def test_a_day_without_a_crash(ground: Path) -> None:
    seen = live_through(ground / "day", [])
    assert {"fsync", "rename", "written, not committed", "committed", "unlinked", "stored by the province"} == set(seen)
    assert len(seen) > 100


def test_a_crash_after_every_single_effect(ground: Path) -> None:
    for stop in range(1, len(live_through(ground / "day", [])) + 1):
        try:
            live_through(ground / f"{stop}", [stop])
        except AssertionError as error:
            raise AssertionError(f"crash after effect {stop}") from error


def test_crashes_upon_crashes(ground: Path) -> None:
    chance = random.Random(2026)
    for number in range(25):
        stops = [chance.randint(1, 60) for _ in range(chance.randint(2, 5))]
        try:
            live_through(ground / f"{number}", stops)
        except AssertionError as error:
            raise AssertionError(f"crashes after {stops}") from error


# --- controls: these orders are wrong, and the matrix must say so -----------------------------------------------------


class UnlinksFirst(Box):
    """The order of paperless-ngx: the scanner's file goes before the commit."""

    def intake(self) -> None:
        for one in self.dropped:
            path = self.root / "spool" / one.id
            if path.exists():
                content = path.read_bytes()
                path.unlink()
                self.effects.happened("unlinked")
                copy = self.root / "copy"
                copy.write_bytes(content)
                claim = Claim(one.id, copy, "quét.pdf", "den", one.kind.value, one.policy, len(content), NOW)
                BoxCustodian(self.store, self.clock).accept(claim)


class QueuesApart(Box):
    """The outbox row in a transaction of its own."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)

        def enqueue(document: Document, now: datetime) -> None:
            from appliance.domain.documents import advance

            after = advance(document, Event.ENQUEUED, now)
            self.store.write(lambda db: documents.save(db, document, after, "worker", Event.ENQUEUED, {}))
            self.store.write(
                lambda db: outbox.enqueue(db, document.id, document.current_sha256, document.current_size, 0, {}, now)
            )

        self.runner._actions = dict(self.runner._actions) | {Step.ENQUEUE: enqueue}


@pytest.mark.parametrize("wrong", [UnlinksFirst, QueuesApart])
def test_the_matrix_finds_a_wrong_order(ground: Path, wrong: type[Box]) -> None:
    found = 0
    for stop in range(1, len(live_through(ground / "day", [], wrong)) + 1):
        try:
            live_through(ground / f"{stop}", [stop], wrong)
        except AssertionError:
            found += 1
            if found == 2:
                return
    raise AssertionError("the matrix would let a lost paper through")
