"""A paper parted by hand or with a page left out: no page is lost, secrets take every copy along, and it is undone."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import commands
from appliance.commands import CommandRefused, recutting
from appliance.domain.documents import Document, advance
from appliance.domain.pages import CannotCut, parted, trouble_cutting, without
from appliance.domain.states import Event, State
from appliance.pipeline.splitting import Splitting
from appliance.store import Store, batches, documents, texts
from appliance.store.upkeep import verify
from scanner_intake.digitized import Limits
from tests.fakes.batches import arrived, look, pages_in, splitting, take, work_off
from tests.fixtures_store import NOW, in_state, loaded
from tests.fixtures_web import LEADER, Papers, Visitor


class Hiding:
    """Stands for digitizing that leaves blank pages (``_``) behind the first out of the archive copy."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, document: Document, now: datetime) -> None:
        pages = pages_in(self._store.blobs.existing(document.original_sha256))
        hidden = tuple(number for number, page in enumerate(pages, 1) if page == "_" and number > 1)
        digest, warnings = document.original_sha256, ("blank-pages-hidden",) if hidden else ()
        after = advance(
            document, Event.DIGITIZED, now, pages=len(pages) - len(hidden), hidden=hidden, warnings=warnings,
            archive_sha256=digest, current_sha256=digest,
        )  # fmt: skip
        self._store.write(lambda db: documents.save(db, document, after, "worker", Event.DIGITIZED, {}))


def worker(store: Store, scratch: Path) -> Splitting:
    return Splitting(store, scratch / "work", Limits(), {"den"}, Hiding(store), look=look, take=take)


def digitized(store: Store, scratch: Path, pages: str, **changes: Any) -> Document:
    one = arrived(store, scratch, pages, **({"folder": "di"} | changes))
    work_off(store, worker(store, scratch))
    return loaded(store, one.id)


def pages_of(store: Store, document: Document) -> list[str]:
    return pages_in(store.blobs.existing(loaded(store, document.id).original_sha256))


def family(store: Store, whole: Document) -> list[Document]:
    return store.read(lambda db: batches.parts(db, whole.id))


def test_a_paper_is_parted_before_a_page(store: Store, tmp_path: Path) -> None:
    one = digitized(store, tmp_path, "a|b|c|d")
    first, second = recutting.part_before(store, one.id, 3, "Lan", NOW)
    ended = loaded(store, one.id)
    assert ended.replaced and ended.reason_code == "split"
    work_off(store, worker(store, tmp_path))
    assert pages_of(store, first) == ["a", "b"] and pages_of(store, second) == ["c", "d"]
    assert [(part.part_pages, part.original_name) for part in (first, second)] == [
        ("1-2", "lô sáng.tif"),
        ("3-4", "lô sáng - 2.tif"),
    ]
    assert pages_in(store.blobs.existing(one.original_sha256)) == ["a", "b", "c", "d"], "the file stays as it came"
    assert verify(store).sound and verify(store).orphans == ()
    joined = commands.join_parts(store, second.id, "Lan", NOW)
    work_off(store, worker(store, tmp_path))
    assert pages_of(store, joined) == ["a", "b", "c", "d"], "undone"


def test_hidden_pages_go_with_the_page_in_front_of_them(store: Store, tmp_path: Path) -> None:
    one = digitized(store, tmp_path, "a|_|b|_|c")
    assert (one.pages, one.hidden) == (3, (2, 4))
    first, second = recutting.part_before(store, one.id, 2, "Lan", NOW)
    work_off(store, worker(store, tmp_path))
    assert pages_of(store, first) == ["a", "_"] and pages_of(store, second) == ["b", "_", "c"]
    (rest,) = recutting.leave_out(store, second.id, 1, "Lan", NOW)
    work_off(store, worker(store, tmp_path))
    assert pages_of(store, rest) == ["_", "c"], "only the page that was named is left out"


def test_a_part_of_a_batch_is_parted_again_and_stays_in_its_order(store: Store, tmp_path: Path) -> None:
    batch = arrived(store, tmp_path, "a|S|b|c|d|S|e")
    work_off(store, worker(store, tmp_path))
    batch = loaded(store, batch.id)
    _, middle, _ = family(store, batch)
    first, second = recutting.part_before(store, middle.id, 2, "Lan", NOW)
    work_off(store, worker(store, tmp_path))
    recutting.part_before(store, second.id, 2, "Lan", NOW)
    work_off(store, worker(store, tmp_path))
    assert [pages_of(store, one) for one in family(store, batch)] == [["a"], ["b"], ["c"], ["d"], ["e"]]
    parts = family(store, batch)
    cuts = store.read(lambda db: [batches.cut_before(db, part) for part in parts])
    assert [cut.pages if cut else "" for cut in cuts] == ["", "2", "", "", "6"], "sheets stay where they lay"
    joined = commands.join_parts(store, parts[3].id, "Lan", NOW)
    work_off(store, worker(store, tmp_path))
    assert pages_of(store, joined) == ["c", "d"] and first.part_of == batch.id
    assert verify(store).sound


def test_a_secret_in_a_parted_paper_takes_every_copy_of_its_page(store: Store, tmp_path: Path) -> None:
    one = arrived(store, tmp_path, "a|a2|nội dung mật|c", folder="di")
    work_off(store, splitting(store, tmp_path / "work"))
    first, second = recutting.part_before(store, one.id, 3, "Lan", NOW)
    work_off(store, splitting(store, tmp_path / "work"))
    commands.mark_secret(store, second.id, "Lan", NOW)
    commands.send_back(store, second.id, "Lan", NOW, "chuyển bộ phận bảo mật")
    kept = b"".join(file.read_bytes() for file in store.blobs.folder.rglob("*") if file.is_file())
    assert "nội dung mật".encode() not in kept
    assert pages_of(store, first) == ["a", "a2"] and verify(store).sound
    with pytest.raises(CommandRefused, match="batch-gone"):
        recutting.leave_out(store, first.id, 1, "Lan", NOW)


def test_what_was_read_is_forgotten_with_the_paper(store: Store, tmp_path: Path) -> None:
    one = arrived(store, tmp_path, "a|b", folder="di")
    work_off(store, splitting(store, tmp_path / "work"))
    recutting.part_before(store, one.id, 2, "Lan", NOW)
    assert store.read(lambda db: texts.of_document(db, one.id)) == ()
    assert loaded(store, one.id).fields == {}


@pytest.mark.parametrize("page", [0, 1, 4, 99])
def test_there_must_be_something_on_both_sides(store: Store, tmp_path: Path, page: int) -> None:
    one = digitized(store, tmp_path, "a|b|c")
    with pytest.raises(CommandRefused, match="page-not-there"):
        recutting.part_before(store, one.id, page, "Lan", NOW)
    assert loaded(store, one.id).state is State.DIGITIZED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"warnings": ("signed-kept",)}, "signed-not-cut"),
        ({"warnings": ("blank-pages-hidden",)}, "pages-not-known"),
        ({"hidden": (2,)}, "pages-not-known"),
        ({"pages": 1}, "page-not-there"),
        ({}, ""),
    ],
)
def test_what_cannot_be_cut(changes: dict[str, Any], code: str) -> None:
    document = dataclasses.replace(in_state(State.DIGITIZED), **({"pages": 3} | changes))
    assert trouble_cutting(document) == code
    if code:
        with pytest.raises(CannotCut, match=code):
            without(document, 1)


def test_nothing_that_somebody_decided_about_is_cut(store: Store, tmp_path: Path) -> None:
    one = digitized(store, tmp_path, "a|b")
    commands.approve(store, one.id, "Lan (văn thư)", NOW)
    with pytest.raises(CommandRefused, match="cut-decided"):
        recutting.part_before(store, one.id, 2, "Lan", NOW)
    commands.withdraw(store, one.id, "Lan (văn thư)", NOW)  # its number stays with it
    with pytest.raises(CommandRefused, match="cut-decided"):
        recutting.leave_out(store, one.id, 1, "Lan", NOW)
    with pytest.raises(CommandRefused, match="no-such-document"):
        recutting.part_before(store, "nobody", 2, "Lan", NOW)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.data())
def test_no_page_is_lost_or_told_twice(blank: list[bool], data: st.DataObject) -> None:
    hidden = tuple(number for number, is_blank in enumerate(blank, 1) if is_blank and number > 1)
    shown = len(blank) - len(hidden)
    warnings = ("blank-pages-hidden",) if hidden else ()
    document = dataclasses.replace(in_state(State.DIGITIZED), pages=shown, hidden=hidden, warnings=warnings)
    if shown < 2:
        return
    everything = tuple(range(1, len(blank) + 1))
    first, second = parted(document, data.draw(st.integers(2, shown)))
    assert first + second == everything and first and second and second[0] not in hidden
    page = data.draw(st.integers(1, shown))
    rest = without(document, page)
    (gone,) = set(everything) - set(rest)
    assert gone not in hidden and len([each for each in range(1, gone + 1) if each not in hidden]) == page


async def test_the_desk_offers_it_and_goes_on(visitor: Visitor, office_papers: Papers) -> None:
    single, paper = office_papers.digitized(), office_papers.digitized(pages=3)
    assert f"/desk/{single}/pages" not in (await visitor.get(f"/desk/{single}"))[1]
    assert f"/desk/{paper}/pages" in (await visitor.get(f"/desk/{paper}"))[1]
    state, _, text = await visitor.post(f"/desk/{paper}/pages", {"deed": "part", "page": "x"})
    assert state == 422 and "Hãy ghi số trang." in text
    assert (await visitor.post(f"/desk/{paper}/pages", {"deed": "part", "page": "1"}))[0] == 409
    assert (await visitor.post(f"/desk/{paper}/pages", {"deed": "else", "page": "2"}))[0] == 400
    state, where, _ = await visitor.post(f"/desk/{paper}/pages", {"deed": "part", "page": "2"})
    assert (state, where) == (303, f"/desk/{single}?said=recut-part")
    assert "Đã tách." in (await visitor.get(where))[1]
    assert office_papers.load(paper).replaced
    await visitor.become(LEADER)
    assert (await visitor.post(f"/desk/{single}/pages", {"deed": "part", "page": "2"}))[0] == 403
