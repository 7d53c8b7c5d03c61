"""Splitting and joining, stopped after every single effect, reopened and run to the end."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

from appliance import commands
from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.domain.steps import Step
from appliance.pipeline.collating import Collating
from appliance.pipeline.runner import Runner
from appliance.store import Store, batches, documents, open_store
from appliance.store.upkeep import verify
from scanner_intake.digitized import Limits
from tests.fakes.batches import arrived, pages_in, splitting, together
from tests.fault.test_fault_crash_matrix import Crash, CrashingStore, Effects
from tests.fixtures_store import NOW, Clock

PAGES = "a|b|S|_|c|X|d|Sk|e"


def opened(root: Path) -> Store:
    return open_store(root / "box.db", root / "blobs")


def live(root: Path, batch: Document, effects: Effects) -> None:
    """Split the batch, undo the second cut, digitize everything: until nothing is left to do."""
    real = opened(root)
    store = CrashingStore(real, effects)
    try:
        store.write(lambda db: documents.end_leases(db, "worker:"))
        runner = Runner(store, {Step.DIGITIZE: splitting(store, root / "work")}, Clock())
        while runner.once([Step.DIGITIZE]):
            pass
        parts = real.read(lambda db: batches.parts(db, batch.id))
        second = [one for one in parts if one.part_pages == "7"]
        if second:
            commands.join_parts(store, second[0].id, "clerk", NOW)
        while runner.once([Step.DIGITIZE]):
            pass
    finally:
        real.close()


def check(root: Path, batch: Document) -> list[list[str]]:
    """Whenever somebody looks: every page of the batch is in exactly one paper that stands, or the batch stands."""
    store = opened(root)
    verdict = verify(store)
    assert verdict.sound, verdict
    whole = store.read(lambda db: documents.load(db, batch.id))
    parts = store.read(lambda db: batches.parts(db, batch.id))
    assert pages_in(store.blobs.existing(whole.original_sha256)) == PAGES.split("|")
    assert whole.replaced is bool(parts)
    pages = []
    for one in parts:
        waits = one.original_sha256 == whole.original_sha256
        pages.append([] if waits else pages_in(store.blobs.existing(one.original_sha256)))
        assert one.state in (State.RECEIVED, State.DIGITIZED)
    if parts and [] not in pages:
        said = [page for one in pages for page in one]
        assert [page for page in said if page != "X"] == ["a", "b", "c", "d", "e"], said
    store.close()
    return pages


def live_through(root: Path, migrated_file: Path, stops: list[int]) -> list[str]:
    root.mkdir()
    (root / "box.db").write_bytes(migrated_file.read_bytes())
    store = opened(root)
    batch = arrived(store, root, PAGES)
    store.close()
    for stop in [*stops, 0]:
        effects = Effects(stop)
        try:
            live(root, batch, effects)
        except Crash:
            pass
        check(root, batch)
    assert check(root, batch) == [["a", "b"], ["c", "X", "d"], ["e"]]
    store = opened(root)
    store.blobs.sweep(store.read(documents.referenced_digests), float("inf"))
    verdict = verify(store)
    assert (verdict.orphans, verdict.missing, verdict.documents) == ((), (), 6)
    store.close()
    return effects.seen


def test_a_crash_after_every_single_effect(ground: Path, migrated_file: Path) -> None:
    count = len(live_through(ground / "day", migrated_file, []))
    assert count > 20
    for stop in range(1, count + 1):
        try:
            live_through(ground / f"{stop}", migrated_file, [stop])
        except AssertionError as error:
            raise AssertionError(f"crash after effect {stop}") from error


def test_the_matrix_finds_a_split_in_two_transactions(ground: Path, migrated_file: Path, monkeypatch: Any) -> None:
    """The control: parts in a transaction of their own would come twice, or the batch would stand beside them."""
    from appliance.pipeline import splitting as product

    real = product._replace_batch

    def apart(db: Any, batch: Document, plan: Any, blobs: Any, pictures: Any, now: Any) -> None:
        fewer = dataclasses.replace(plan, parts=plan.parts[:-1])  # a part that did not make it
        real(db, batch, fewer, blobs[:-1], pictures, now)

    monkeypatch.setattr(product, "_replace_batch", apart)
    try:
        live_through(ground / "wrong", migrated_file, [])
    except AssertionError:
        return
    raise AssertionError("the matrix would let a lost part through")


def sides_live_through(root: Path, migrated_file: Path, stop: int) -> list[str]:
    """Fronts and backs become one paper, with a crash after effect ``stop``."""
    root.mkdir()
    (root / "box.db").write_bytes(migrated_file.read_bytes())
    store = opened(root)
    given = [arrived(store, root, "1|3"), arrived(store, root, "4|2", received_at=NOW + timedelta(seconds=9))]
    store.close()
    for crash in (stop, 0):
        effects = Effects(crash)
        real = opened(root)
        broken = CrashingStore(real, effects)
        try:
            broken.write(lambda db: documents.end_leases(db, "worker:"))
            work = root / "work"
            step = Collating(broken, work, Limits(), {"den"}, splitting(broken, work), together)
            runner = Runner(broken, {Step.DIGITIZE: step}, Clock())
            while runner.once([Step.DIGITIZE]):
                pass
        except Crash:
            pass
        assert verify(real).sound
        ended = {real.read(lambda db, one=one: documents.load(db, one.id)).replaced for one in given}
        assert len(ended) == 1, "one stack ended without the other"
        real.close()
    store = opened(root)
    standing = [one for one in store.read(documents.listed) if not one.replaced]
    assert [pages_in(store.blobs.existing(one.original_sha256)) for one in standing] == [["1", "2", "3", "4"]]
    store.close()
    return effects.seen


def test_two_sides_after_every_single_effect(ground: Path, migrated_file: Path) -> None:
    for stop in range(1, len(sides_live_through(ground / "day", migrated_file, 0)) + 1):
        sides_live_through(ground / f"{stop}", migrated_file, stop)
