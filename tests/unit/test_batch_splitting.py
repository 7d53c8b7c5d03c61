"""A batch becomes its papers, a cut is undone, and a secret part takes every copy of its page with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance import commands
from appliance.commands import CommandRefused
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.pipeline.receiving import BoxCustodian
from appliance.pipeline.runner import StepFailed
from appliance.pipeline.splitting import NOT_LOOKED, TRIES
from appliance.store import Store, batches, documents, events, texts, views
from appliance.store.standing import Situation, possible_actions
from appliance.store.upkeep import backup, verify
from scanner_intake.custody import Claim
from scanner_intake.cutting import CutFailed
from tests.fakes.batches import arrived, pages_in, splitting, work_off
from tests.fixtures_store import NOW, Clock, loaded


def parts_of(store: Store, batch: Document) -> list[Document]:
    return store.read(lambda db: batches.parts(db, batch.id))


def pages_of(store: Store, document: Document) -> list[str]:
    return pages_in(store.blobs.existing(document.original_sha256))


def split(store: Store, scratch: Path, pages: str, **changes: Any) -> tuple[Document, list[Document]]:
    batch = arrived(store, scratch, pages, **changes)
    work_off(store, splitting(store, scratch / "work"))
    return loaded(store, batch.id), parts_of(store, batch)


def sound(store: Store) -> bool:
    verdict = verify(store)
    return verdict.sound and not verdict.missing


def test_each_part_is_a_paper_of_its_own(store: Store, tmp_path: Path) -> None:
    batch, parts = split(store, tmp_path, "a|b|S|_|c|Sk|d|e")
    assert batch.replaced and batch.state is State.DISCARDED and batch.reason_code == "split"
    assert [pages_of(store, one) for one in parts] == [["a", "b"], ["c"], ["d", "e"]]
    assert [(one.kind, one.dossier, one.part_pages, one.part_number) for one in parts] == [
        (Kind.INCOMING_SCAN, "", "1-2", 1),
        (Kind.INCOMING_SCAN, "", "5", 2),
        (Kind.OUTGOING, "HS-7", "7-8", 3),
    ]
    assert [one.original_name for one in parts] == ["lô sáng (1).pdf", "lô sáng (2).pdf", "lô sáng (3).pdf"]
    assert {one.state for one in parts} == {State.DIGITIZED}
    assert pages_of(store, batch) == ["a", "b", "S", "_", "c", "Sk", "d", "e"], "the batch's own file stays as it came"
    assert sound(store) and verify(store).orphans == ()


def test_a_sheet_cannot_take_the_leaders_signature_away_under_a_policy(store: Store, tmp_path: Path) -> None:
    _, parts = split(store, tmp_path, "a|Sk|b", policy="policy")
    assert [one.policy for one in parts] == ["policy", "person"]


def test_a_paper_without_sheets_is_digitized_as_it_came(store: Store, tmp_path: Path) -> None:
    alone, parts = split(store, tmp_path, "a|_|b")
    assert (alone.state, alone.version, parts) == (State.DIGITIZED, 2, [])


def test_sheets_and_nothing_else_are_left_for_a_person(store: Store, tmp_path: Path) -> None:
    alone, parts = split(store, tmp_path, "S|_|S")
    assert (alone.state, parts) == (State.DIGITIZED, [])


def test_folders_without_batches_never_start_a_look(store: Store, tmp_path: Path) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("looked")

    alone = arrived(store, tmp_path, "a|S|b", folder="di")
    work_off(store, splitting(store, tmp_path / "work", look=never))
    assert loaded(store, alone.id).state is State.DIGITIZED


def test_the_same_batch_again_is_a_duplicate_until_all_of_it_ended(store: Store, tmp_path: Path) -> None:
    batch, parts = split(store, tmp_path, "a|S|b")
    custodian = BoxCustodian(store, Clock())

    def again(claim_id: str) -> int:
        file = tmp_path / "again"
        file.write_bytes(store.blobs.existing(batch.original_sha256).read_bytes())
        custodian.accept(Claim(claim_id, file, "x.pdf", "den", "incoming-scan", "person", 9, NOW))
        return len(store.read(documents.listed))

    assert again("019a0000-0000-7000-8000-0000000000a1") == 3
    for one in parts:
        commands.send_back(store, one.id, "clerk", NOW, "quét lại")
    assert again("019a0000-0000-7000-8000-0000000000a2") == 4


def test_a_file_that_cannot_be_opened_goes_on_to_digitizing(store: Store, tmp_path: Path) -> None:
    def refused(*_: Any) -> Any:
        raise CutFailed("needs-password")

    alone = arrived(store, tmp_path, "a|S|b")
    splitting(store, tmp_path / "work", look=refused)(alone, NOW)
    assert loaded(store, alone.id).state is State.DIGITIZED


def test_a_look_that_keeps_failing_is_told_and_the_paper_goes_on(store: Store, tmp_path: Path) -> None:
    def slow(*_: Any) -> Any:
        raise CutFailed("timeout")

    alone = arrived(store, tmp_path, "a|S|b")
    step = splitting(store, tmp_path / "work", look=slow)
    with pytest.raises(StepFailed):
        step(alone, NOW)
    from dataclasses import replace

    tired = replace(alone, attempts=TRIES - 1)
    step(tired, NOW)
    assert NOT_LOOKED in loaded(store, alone.id).warnings and loaded(store, alone.id).state is State.RECEIVED
    step(loaded(store, alone.id), NOW)
    assert loaded(store, alone.id).state is State.DIGITIZED and sound(store)


# --- undoing a cut ---------------------------------------------------------------------------------------------------


def test_undoing_a_cut_puts_one_paper_in_the_place_of_two(store: Store, tmp_path: Path) -> None:
    batch, (first, second, third) = split(store, tmp_path, "a|S|b|X|c")
    assert [action.name for action in possible_actions(third)] == ["approve", "send-back", "mark-secret", "join"]
    assert "join" not in [action.name for action in possible_actions(first)]
    joined = commands.join_parts(store, third.id, "clerk", NOW)
    assert (joined.part_number, joined.part_pages, joined.state) == (2, "3, 4, 5", State.RECEIVED)
    work_off(store, splitting(store, tmp_path / "work"))
    assert pages_of(store, loaded(store, joined.id)) == ["b", "X", "c"], "bars alone may have been a paper's own page"
    assert [one.id for one in parts_of(store, batch)] == [first.id, joined.id]
    for ended in (second, third):
        now = loaded(store, ended.id)
        assert now.replaced and not now.archive_sha256 and not now.fields
        assert store.read(lambda db, one=ended: texts.of_document(db, one.id)) == ()
    everything = commands.join_parts(store, joined.id, "clerk", NOW)
    work_off(store, splitting(store, tmp_path / "work"))
    assert pages_of(store, loaded(store, everything.id)) == ["a", "b", "X", "c"], "a sheet read by its code stays out"
    assert sound(store)


def test_a_cut_stays_once_somebody_has_decided(store: Store, tmp_path: Path) -> None:
    _, (first, second) = split(store, tmp_path, "a|S|b")
    with pytest.raises(CommandRefused, match="no-part-before"):
        commands.join_parts(store, first.id, "clerk", NOW)
    commands.approve(store, first.id, "clerk", NOW)
    for _ in ("approved", "withdrawn, but with a number in the register"):
        with pytest.raises(CommandRefused, match="parts-decided"):
            commands.join_parts(store, second.id, "clerk", NOW)
        if loaded(store, first.id).state is State.APPROVED:
            commands.withdraw(store, first.id, "clerk", NOW)
    assert loaded(store, second.id) == second


def test_a_paper_that_is_no_part_has_nothing_to_join(store: Store, tmp_path: Path) -> None:
    alone, _ = split(store, tmp_path, "a")
    with pytest.raises(CommandRefused, match="no-part-before"):
        commands.join_parts(store, alone.id, "clerk", NOW)


def test_pages_that_cannot_be_taken_set_the_joined_paper_aside(store: Store, tmp_path: Path) -> None:
    def broken(*_: Any) -> Any:
        raise CutFailed("damaged")

    _, (_, second) = split(store, tmp_path, "a|S|b")
    joined = commands.join_parts(store, second.id, "clerk", NOW)
    splitting(store, tmp_path / "work", take=broken)(joined, NOW)
    aside = loaded(store, joined.id)
    assert (aside.state, aside.reason_code) == (State.QUARANTINED, "cut-failed") and sound(store)


# --- secrets ---------------------------------------------------------------------------------------------------------


def bytes_kept(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_ending_a_secret_part_wipes_every_file_with_its_page(store: Store, tmp_path: Path) -> None:
    batch, (plain, secret) = split(store, tmp_path, "a|S|MẬT b")
    assert secret.state is State.QUARANTINED
    commands.send_back(store, secret.id, "clerk", NOW, "chuyển bộ phận bảo mật")
    assert "MẬT".encode() not in bytes_kept(store.blobs.folder)
    assert pages_of(store, plain) == ["a"], "the other paper has a file of its own"
    assert not store.blobs.path(batch.original_sha256).exists()
    assert sound(store) and verify(store).orphans == ()
    with pytest.raises(CommandRefused):
        commands.join_parts(store, plain.id, "clerk", NOW)


def test_a_secret_found_after_joining_takes_the_joined_parts_with_it(store: Store, tmp_path: Path) -> None:
    _, (_, second, third) = split(store, tmp_path, "a|S|b|S|c")
    joined = commands.join_parts(store, third.id, "clerk", NOW)
    work_off(store, splitting(store, tmp_path / "work"))
    commands.mark_secret(store, joined.id, "clerk", NOW)
    commands.send_back(store, joined.id, "clerk", NOW, "mật")
    left = set(store.blobs.digests())
    assert not left & {second.original_sha256, third.original_sha256, loaded(store, joined.id).original_sha256}
    assert sound(store)


def test_a_backup_has_no_page_of_a_suspected_part(store: Store, tmp_path: Path) -> None:
    _, parts = split(store, tmp_path, "a|S|MẬT b|S|c|X|d")
    backup(store, tmp_path / "copy")
    assert "MẬT".encode() not in bytes_kept(tmp_path / "copy" / "blobs")
    commands.join_parts(store, parts[3].id, "clerk", NOW)  # it waits with the whole batch's file
    backup(store, tmp_path / "second")
    assert "MẬT".encode() not in bytes_kept(tmp_path / "second" / "blobs")
    assert b"c" in bytes_kept(tmp_path / "second" / "blobs")


def test_a_cut_is_shown_only_when_every_part_passed_its_gate(store: Store, tmp_path: Path) -> None:
    _, (_, second) = split(store, tmp_path, "a|S|b")
    seen = store.read(lambda db: views.paper(db, second.id))
    assert seen.cut and seen.cut.before and seen.cut.cut.pages == "2"
    _, (plain, secret) = split(store, tmp_path, "c|S|MẬT d")
    assert store.read(lambda db: views.paper(db, secret.id)).cut is None
    _, (_, after) = split(store, tmp_path, "MẬT e|S|f")
    assert store.read(lambda db: views.paper(db, after.id)).cut is None
    assert store.read(lambda db: views.paper(db, plain.id)).cut is None


def test_the_batchs_page_tells_where_it_went_and_hands_out_nothing(store: Store, tmp_path: Path) -> None:
    batch, parts = split(store, tmp_path, "a|S|b")
    page = store.read(lambda db: views.paper(db, batch.id))
    assert page.row.situation is Situation.REPLACED and not page.renditions and not page.actions
    assert [one.id for one in page.parts] == [one.id for one in parts]
    told = [entry.event for entry in store.read(lambda db: list(events.entries(db, batch.id)))]
    assert told == ["received", "replaced"]
