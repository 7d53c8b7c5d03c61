"""Two scans of one document become one paper: nothing is lost, it can be undone, a secret takes every copy along."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance import bookkeeping, commands
from appliance.commands import CommandRefused, recutting
from appliance.domain.documents import Document, FieldValue
from appliance.domain.kinds import Kind
from appliance.domain.pages import trouble_joining
from appliance.domain.states import State
from appliance.domain.steps import Step, next_step
from appliance.pipeline.digitizing import Digitizing
from appliance.pipeline.joining import Joining
from appliance.pipeline.runner import StepFailed
from appliance.store import Store, batches, documents, events, queues, texts
from appliance.store.standing import Role, Situation, possible_actions, situation_of
from appliance.store.upkeep import verify
from scanner_intake.cutting import CutFailed
from scanner_intake.digitized import Digitized, Field, Limits
from tests.fakes.batches import append, arrived, pages_in, splitting, work_off
from tests.fixtures_store import NOW, in_state, loaded
from tests.fixtures_web import LEADER, Papers, Visitor

BY = "Lan (văn thư)"
Together = Callable[..., tuple[Path, int, int]]


def scan(store: Store, scratch: Path, pages: str, **changes: Any) -> Document:
    """A digitized scan of words; each comes a minute after the one before."""
    count = len(store.read(documents.listed))
    came = {"received_at": NOW + timedelta(minutes=count), "folder": "di"}
    one = arrived(store, scratch, pages, **(came | changes))
    work_off(store, splitting(store, scratch / "work"))
    return loaded(store, one.id)


def join(store: Store, scratch: Path, first: Document, second: Document, together: Together = append) -> Document:
    """Ask, let the worker do it, digitize; the paper that stands now."""
    asked = commands.join_next(store, first.id, second.id, BY, NOW)
    Joining(store, scratch / "work", Limits(), together)(asked, NOW)
    ended = loaded(store, first.id)
    if ended.part_of:
        work_off(store, splitting(store, scratch / "work"))
    return loaded(store, ended.part_of or first.id)


def pages_of(store: Store, document: Document) -> list[str]:
    return pages_in(store.blobs.existing(loaded(store, document.id).original_sha256))


def told(store: Store, document: Document) -> list[str]:
    return [entry.event for entry in store.read(lambda db: list(events.entries(db, document.id)))]


def waiting(store: Store) -> list[str]:
    return [row.document.id for row in store.read(lambda db: queues.queue(db, Role.CLERK)).rows]


def every_byte(store: Store) -> bytes:
    return b"".join(file.read_bytes() for file in store.blobs.folder.rglob("*") if file.is_file())


def test_two_scans_become_one_paper_and_both_originals_stay(store: Store, tmp_path: Path) -> None:
    first, second = scan(store, tmp_path, "a|b"), scan(store, tmp_path, "c")
    one = join(store, tmp_path, first, second)
    assert (one.state, pages_of(store, one)) == (State.DIGITIZED, ["a", "b", "c"])
    assert (one.joined_of, one.joined_pages, one.received_at) == ((first.id, second.id), (2, 1), first.received_at)
    for ended in (loaded(store, first.id), loaded(store, second.id)):
        assert (ended.replaced, ended.reason_code, ended.part_of) == (True, "joined", one.id)
        assert store.blobs.intact(ended.original_sha256), "the originals stay"
        assert store.read(lambda db, id=ended.id: texts.of_document(db, id)) == ()  # type: ignore[misc]
    assert waiting(store) == [one.id]
    assert told(store, first)[-2:] == ["join-asked", "replaced"] and told(store, second)[-1] == "replaced"
    assert verify(store).sound and verify(store).orphans == ()


def test_while_the_box_joins_nobody_decides_about_either(store: Store, tmp_path: Path) -> None:
    first, second, third = (scan(store, tmp_path, pages) for pages in ("a", "b", "c"))
    asked = commands.join_next(store, first.id, second.id, BY, NOW)
    assert situation_of(asked) is Situation.JOINING and next_step(asked) is Step.JOIN
    assert waiting(store) == [third.id]
    for other in (first, second):
        with pytest.raises(CommandRefused, match="join-asked"):
            commands.approve(store, other.id, BY, NOW)
    with pytest.raises(CommandRefused, match="join-asked"):
        commands.join_next(store, second.id, third.id, BY, NOW)
    with pytest.raises(CommandRefused, match="join-asked"):
        commands.join_next(store, third.id, first.id, BY, NOW)
    assert [action.name for action in possible_actions(asked)] == ["unjoin", "mark-secret"]
    back = commands.unjoin(store, first.id, BY, NOW)
    assert back.joins == "" and waiting(store) == [first.id, second.id, third.id]
    commands.approve(store, second.id, BY, NOW)


def test_undone_the_very_files_that_came_are_two_papers(store: Store, tmp_path: Path) -> None:
    first, second = scan(store, tmp_path, "a|b"), scan(store, tmp_path, "c|d")
    one = join(store, tmp_path, first, second)
    commands.unjoin(store, one.id, BY, NOW)
    assert loaded(store, one.id).reason_code == "split"
    work_off(store, splitting(store, tmp_path / "work"))
    alone = store.read(lambda db: batches.parts(db, one.id))
    assert [each.original_sha256 for each in alone] == [first.original_sha256, second.original_sha256]
    assert [(each.part_pages, each.state) for each in alone] == [("1-2", State.DIGITIZED), ("3-4", State.DIGITIZED)]
    assert store.read(lambda db: batches.joinable_after(db, alone[0])) == alone[1]
    again = commands.join_next(store, alone[0].id, alone[1].id, BY, NOW)
    work_off(store, splitting(store, tmp_path / "work"))
    assert pages_of(store, again) == ["a", "b", "c", "d"], "joined anew, as parts of one file"
    assert verify(store).sound and verify(store).orphans == ()


def test_it_is_undone_until_somebody_decides(store: Store, tmp_path: Path) -> None:
    one = join(store, tmp_path, scan(store, tmp_path, "a"), scan(store, tmp_path, "b"))
    assert "unjoin" in [action.name for action in possible_actions(one)]
    commands.approve(store, one.id, BY, NOW)
    assert "unjoin" not in [action.name for action in possible_actions(loaded(store, one.id))]
    with pytest.raises(CommandRefused, match="cut-decided"):
        commands.unjoin(store, one.id, BY, NOW)
    commands.withdraw(store, one.id, BY, NOW)  # its number stays with it
    with pytest.raises(CommandRefused, match="cut-decided"):
        commands.unjoin(store, one.id, BY, NOW)
    with pytest.raises(CommandRefused, match="not-joined"):
        commands.unjoin(store, scan(store, tmp_path, "z").id, BY, NOW)


def test_a_joined_paper_is_cut_like_any_other(store: Store, tmp_path: Path) -> None:
    one = join(store, tmp_path, scan(store, tmp_path, "a|b"), scan(store, tmp_path, "c"))
    (rest,) = recutting.leave_out(store, one.id, 2, BY, NOW)
    work_off(store, splitting(store, tmp_path / "work"))
    assert pages_of(store, rest) == ["a", "c"] and verify(store).sound


@pytest.mark.parametrize("undone", (False, True))
def test_a_secret_in_one_of_three_scans_takes_every_copy(store: Store, tmp_path: Path, undone: bool) -> None:
    first, second, third = (scan(store, tmp_path, pages) for pages in ("a|nội dung mật", "b", "c"))
    one = join(store, tmp_path, join(store, tmp_path, first, second), third)
    assert pages_of(store, one) == ["a", "nội dung mật", "b", "c"]
    if undone:
        one = commands.unjoin(store, one.id, BY, NOW)
        work_off(store, splitting(store, tmp_path / "work"))
    commands.mark_secret(store, one.id, BY, NOW)
    assert first.original_sha256 in store.read(documents.withheld_digests), "no copy of it is in a backup"
    commands.send_back(store, one.id, BY, NOW, "chuyển bộ phận bảo mật")
    assert "nội dung mật".encode() not in every_byte(store)
    assert verify(store).sound
    if undone:
        (other,) = [each for each in store.read(documents.listed) if each.state is State.DIGITIZED]
        assert pages_of(store, other) == ["c"], "the scan beside it stays whole"


@pytest.mark.parametrize("which", (0, 1))
def test_a_file_that_cannot_be_joined_leaves_both_as_they_were(store: Store, tmp_path: Path, which: int) -> None:
    pages = ["a", "b"]
    pages[which] = "ký"
    first, second = (scan(store, tmp_path, page) for page in pages)
    after = join(store, tmp_path, first, second)
    assert after.id == first.id and after.joins == "" and "join-failed" in after.warnings
    assert waiting(store) == [first.id, second.id] and told(store, first)[-1] == "join-failed"
    assert loaded(store, second.id).version == second.version and verify(store).sound


def test_a_busy_box_tries_again_before_it_gives_up(store: Store, tmp_path: Path) -> None:
    def busy(*_given: object) -> tuple[Path, int, int]:
        raise CutFailed("timeout")

    first, second = scan(store, tmp_path, "a"), scan(store, tmp_path, "b")
    asked = commands.join_next(store, first.id, second.id, BY, NOW)
    step = Joining(store, tmp_path / "work", Limits(), busy)
    with pytest.raises(StepFailed, match="timeout"):
        step(asked, NOW)
    assert loaded(store, first.id).joins
    step(dataclasses.replace(asked, attempts=2), NOW)
    assert loaded(store, first.id).joins == ""


@pytest.mark.parametrize("meanwhile", ("secret", "sent back"))
def test_what_somebody_decides_meanwhile_counts(store: Store, tmp_path: Path, meanwhile: str) -> None:
    first, second = scan(store, tmp_path, "a"), scan(store, tmp_path, "b")

    def while_it_works(*given: Any) -> tuple[Path, int, int]:
        if meanwhile == "secret":
            commands.mark_secret(store, second.id, BY, NOW)
        else:
            commands.send_back(store, second.id, BY, NOW, "mờ")
        return append(*given)

    after = join(store, tmp_path, first, second, while_it_works)
    assert after.id == first.id and after.state is State.DIGITIZED and after.joins == ""
    assert loaded(store, second.id).state in (State.QUARANTINED, State.DISCARDED)
    assert verify(store).sound


def test_the_first_being_stopped_ends_the_asking(store: Store, tmp_path: Path) -> None:
    first, second = scan(store, tmp_path, "a"), scan(store, tmp_path, "b")
    commands.join_next(store, first.id, second.id, BY, NOW)
    commands.mark_secret(store, first.id, BY, NOW)
    held = loaded(store, first.id)
    assert held.joins == "" and next_step(held) is None and waiting(store) == [first.id, second.id]
    commands.release(store, first.id, BY, NOW, "không mật")
    work_off(store, splitting(store, tmp_path / "work"))
    assert next_step(loaded(store, first.id)) is None, "it is not joined after all"


def test_what_cannot_be_joined(store: Store, tmp_path: Path) -> None:
    def refused(first: Document, second: Document) -> str:
        with pytest.raises(CommandRefused) as caught:
            commands.join_next(store, first.id, second.id, BY, NOW)
        return caught.value.code

    one, other, draft = (
        scan(store, tmp_path, "a"), scan(store, tmp_path, "b"), scan(store, tmp_path, "c", kind=Kind.OUTGOING),
    )  # fmt: skip
    assert refused(one, one) == "join-itself" and refused(one, draft) == "join-kind"
    part, _rest = recutting.part_before(store, scan(store, tmp_path, "x|y").id, 2, BY, NOW)
    work_off(store, splitting(store, tmp_path / "work"))
    assert refused(one, loaded(store, part.id)) == "join-of-batch"
    appendix = scan(store, tmp_path, "d")
    commands.attach(store, appendix.id, other.id, BY, NOW)
    assert refused(one, other) == refused(other, one) == "join-attached"
    assert refused(one, appendix) == "join-kind", "an appendix is of another kind"
    given = scan(store, tmp_path, "e")
    bookkeeping.use(store, bookkeeping.reserve(store, "den", "giữ", BY, NOW), given.id, BY, NOW)
    assert refused(one, given) == "join-attached"
    done = scan(store, tmp_path, "f")
    commands.approve(store, done.id, BY, NOW)
    assert refused(one, done) == refused(done, one) == "join-decided"
    with pytest.raises(CommandRefused, match="no-such-document"):
        commands.join_next(store, one.id, "nobody", BY, NOW)


@pytest.mark.parametrize("state", tuple(State))
def test_only_papers_that_wait_are_joined(state: State) -> None:
    free, one = in_state(State.DIGITIZED), in_state(state)
    assert (trouble_joining(free, one) == "") is (trouble_joining(one, free) == "") is (state is State.DIGITIZED)
    signed = dataclasses.replace(free, id="signed", warnings=("signed-kept",))
    assert trouble_joining(free, signed) == "signed-not-cut"


def test_the_next_scan_of_the_same_kind_is_offered(store: Store, tmp_path: Path) -> None:
    first, draft, second = (
        scan(store, tmp_path, "a"), scan(store, tmp_path, "b", kind=Kind.OUTGOING), scan(store, tmp_path, "c"),
    )  # fmt: skip

    def offered(document: Document) -> str:
        found = store.read(lambda db: batches.joinable_after(db, loaded(store, document.id)))
        return found.id if found else ""

    assert offered(first) == second.id and offered(draft) == "" and offered(second) == ""
    commands.approve(store, second.id, BY, NOW)
    assert offered(first) == ""


def test_the_same_file_again_is_no_new_paper(store: Store, tmp_path: Path) -> None:
    first, second = scan(store, tmp_path, "a"), scan(store, tmp_path, "b")
    join(store, tmp_path, first, second)
    for one in (first, second):
        known = store.read(lambda db, sha256=one.original_sha256: documents.first_with_original(db, sha256))  # type: ignore[misc]
        assert known is not None and known.id == one.id
    (whole,) = [each for each in store.read(documents.listed) if each.state is State.DIGITIZED]
    commands.send_back(store, whole.id, BY, NOW, "quét lại")
    assert store.read(lambda db: documents.first_with_original(db, first.original_sha256)) is None


def test_what_the_first_said_is_kept_and_the_second_fills_the_gaps(store: Store, tmp_path: Path) -> None:
    def read(*_given: Any, **_more: Any) -> Digitized:
        found = {"subject": Field("đọc lại", 0.5, 1, None), "signer_name": Field("Lò Văn Pín", 0.9, 3, None)}
        return Digitized("ok", fields=found, pdf=store.blobs.existing(whole.original_sha256), pages=3)

    first, second = scan(store, tmp_path, "a|b"), scan(store, tmp_path, "c")
    typed = dataclasses.replace(
        first, fields={"subject": FieldValue("Đã sửa tay"), "signer_name": FieldValue("")}, version=first.version + 1
    )
    store.write(lambda db: documents.save(db, first, typed, BY, "resubmitted", {}))
    asked = commands.join_next(store, first.id, second.id, BY, NOW)
    Joining(store, tmp_path / "work", Limits(), append)(asked, NOW)
    whole = loaded(store, loaded(store, first.id).part_of)
    Digitizing(store, tmp_path / "work", Limits(), "vie", read)(whole, NOW)
    now = loaded(store, whole.id)
    assert (now.value("subject"), now.value("signer_name")) == ("Đã sửa tay", "Lò Văn Pín")


async def test_the_desk_offers_the_next_scan_and_goes_on(visitor: Visitor, office_papers: Papers) -> None:
    one, other, third = (office_papers.digitized(name=f"SKM_{n}.pdf") for n in range(3))
    _, text = await visitor.get(f"/desk/{one}")
    assert f'name="other" value="{other}"' in text and f"/papers/{other}/pages/1.jpg" in text
    form = {"version": str(office_papers.load(one).version), "other": other, "following": third}
    state, _, text = await visitor.post(f"/desk/{one}/join", form | {"other_version": "99"})
    assert state == 409 and "vừa được người khác thay đổi" in text and office_papers.load(one).joins == ""
    form |= {"other_version": str(office_papers.load(other).version)}
    assert (await visitor.post(f"/desk/{one}/join", {"version": "1"}))[0] == 400
    assert (await visitor.post(f"/desk/{one}/join", form | {"other": "none"}))[0] == 409
    state, where, _ = await visitor.post(f"/desk/{one}/join", form)
    assert (state, where) == (303, f"/desk/{third}?said=join-next")
    assert "Hộp đang nối hai bản quét" in (await visitor.get(where))[1]
    assert office_papers.load(one).joins == other
    state, where, _ = await visitor.post(
        f"/desk/{one}/do/unjoin", {"version": str(office_papers.load(one).version), "following": one}
    )
    assert state == 303 and where.endswith("?said=unjoin")
    assert office_papers.load(one).joins == ""
    await visitor.become(LEADER)
    assert (await visitor.post(f"/desk/{one}/join", form))[0] == 403
