"""Two files of one stack, fronts and backs from a feeder that sees one side, become one paper, or say why not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance import commands
from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.pipeline.collating import WAIT_FOR_BACKS, Collating
from appliance.pipeline.runner import StepFailed
from appliance.store import Store, batches, documents
from appliance.store.upkeep import verify
from scanner_intake.digitized import Limits
from tests.fakes.batches import arrived, pages_in, splitting, together, work_off
from tests.fixtures_store import NOW, loaded


def step_of(store: Store, work: Path) -> Collating:
    return Collating(store, work, Limits(), {"den"}, splitting(store, work), together)


def standing(store: Store) -> list[Document]:
    return [one for one in store.read(documents.listed) if not one.replaced]


def pages_of(store: Store, document: Document) -> list[str]:
    return pages_in(store.blobs.existing(document.original_sha256))


def test_fronts_and_backs_become_one_paper(store: Store, tmp_path: Path) -> None:
    fronts = arrived(store, tmp_path, "1|3|5")
    backs = arrived(store, tmp_path, "6|4|2", received_at=NOW + timedelta(seconds=40))
    work_off(store, step_of(store, tmp_path / "work"))  # type: ignore[arg-type]
    (whole,) = standing(store)
    assert (whole.state, pages_of(store, whole)) == (State.DIGITIZED, ["1", "2", "3", "4", "5", "6"])
    for one in (fronts, backs):
        now = loaded(store, one.id)
        assert (now.replaced, now.reason_code, now.part_of) == (True, "collated", whole.id)
        assert store.blobs.intact(one.original_sha256), "the originals stay"
    assert verify(store).sound and not verify(store).orphans


def test_the_whole_is_then_split_at_its_sheets(store: Store, tmp_path: Path) -> None:
    arrived(store, tmp_path, "1|S|3")
    arrived(store, tmp_path, "4|_|2", received_at=NOW + timedelta(seconds=40))
    work_off(store, step_of(store, tmp_path / "work"))  # type: ignore[arg-type]
    parts = sorted(standing(store), key=lambda one: one.part_number)
    assert [pages_of(store, one) for one in parts] == [["1", "2"], ["3", "4"]]
    assert store.read(lambda db: batches.stacks_waiting(db, "den")) == []


def test_fronts_wait_for_their_backs_and_not_for_ever(store: Store, tmp_path: Path) -> None:
    alone = arrived(store, tmp_path, "1|3")
    step = step_of(store, tmp_path / "work")
    with pytest.raises(StepFailed, match="waits-for-backs"):
        step(alone, NOW)
    step(alone, NOW + WAIT_FOR_BACKS)
    told = loaded(store, alone.id)
    assert told.warnings == ("backs-missing",) and told.state is State.RECEIVED
    step(told, NOW + WAIT_FOR_BACKS)
    assert loaded(store, alone.id).state is State.DIGITIZED


def test_stacks_of_other_sizes_are_told_and_kept_apart(store: Store, tmp_path: Path) -> None:
    arrived(store, tmp_path, "1|3|5")
    arrived(store, tmp_path, "2", received_at=NOW + timedelta(seconds=40))
    work_off(store, step_of(store, tmp_path / "work"))  # type: ignore[arg-type]
    assert [one.warnings for one in standing(store)] == [("sides-do-not-match",)] * 2
    assert {one.state for one in standing(store)} == {State.DIGITIZED}


def test_other_folders_are_not_touched(store: Store, tmp_path: Path) -> None:
    other = arrived(store, tmp_path, "1|3", folder="di")
    step_of(store, tmp_path / "work")(other, NOW)
    assert loaded(store, other.id).state is State.DIGITIZED


def test_a_secret_whole_takes_both_stacks_with_it(store: Store, tmp_path: Path) -> None:
    arrived(store, tmp_path, "1|MẬT 3")
    arrived(store, tmp_path, "4|2", received_at=NOW + timedelta(seconds=40))
    work_off(store, step_of(store, tmp_path / "work"))  # type: ignore[arg-type]
    (whole,) = standing(store)
    commands.send_back(store, whole.id, "clerk", NOW, "mật")
    kept: Any = list(store.blobs.digests())
    assert kept == [] and verify(store).sound
