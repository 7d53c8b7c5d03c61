"""What the pages show of a batch: where a part came from, its cut, where the batch went, and undoing the cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.store import Store, batches
from tests.fakes.batches import arrived, splitting, work_off
from tests.fixtures_store import loaded
from tests.fixtures_web import Visitor

CLERK = {"person": "Trần Thị Lan", "role": "van_thu"}


@pytest.fixture
def batch(store: Store, tmp_path: Path) -> Document:
    found = arrived(store, tmp_path, "a|S|b|X|c")
    work_off(store, splitting(store, tmp_path / "work"))
    return loaded(store, found.id)


def parts_of(store: Store, batch: Document) -> list[Document]:
    return store.read(lambda db: batches.parts(db, batch.id))


async def test_a_part_shows_its_cut_with_the_pages_beside_it(visitor: Visitor, store: Store, batch: Document) -> None:
    first, second, third = parts_of(store, batch)
    state, text = await visitor.get(f"/papers/{second.id}")
    assert state == 200 and "Tách từ một lô" in text and "lô sáng.tif" in text
    assert f"/papers/{second.id}/cut.jpg" in text and f"/papers/{first.id}/pages/1.jpg" in text
    assert "đọc được mã" in text and "Ghép lại với phần trước" in text
    _, text = await visitor.get(f"/papers/{third.id}")
    assert "chỉ nhận ra qua vạch" in text
    _, text = await visitor.get(f"/papers/{first.id}")
    assert "cut.jpg" not in text and "Ghép lại" not in text
    assert (await visitor.get(f"/papers/{second.id}/cut.jpg"))[0] == 200
    assert (await visitor.get(f"/papers/{first.id}/cut.jpg"))[0] == 404


async def test_the_batch_itself_leads_to_its_papers(visitor: Visitor, store: Store, batch: Document) -> None:
    _, text = await visitor.get(f"/papers/{batch.id}")
    assert "Đã tách, ghép" in text and "Được thay bằng 3 văn bản mới" in text
    assert all(f"/papers/{one.id}" in text for one in parts_of(store, batch))
    assert (await visitor.get(f"/papers/{batch.id}/files/original"))[0] == 404


async def test_the_clerk_undoes_a_cut(visitor: Visitor, store: Store, batch: Document) -> None:
    first, second, third = parts_of(store, batch)
    form = {"version": str(second.version), **CLERK}
    state, where, _ = await visitor.post(f"/papers/{second.id}/do/join", form)
    assert (state, where) == (303, f"/papers/{second.id}?said=join")
    joined = parts_of(store, batch)[0]
    assert (joined.part_pages, joined.state) == ("1, 3", State.RECEIVED)
    assert loaded(store, first.id).replaced and loaded(store, second.id).replaced
    state, text = await visitor.get(f"/papers/{third.id}")
    assert "cut.jpg" not in text, "the joined paper has not passed its gate yet"
    assert (await visitor.get(f"/papers/{third.id}/cut.jpg"))[0] == 404
    state, _, text = await visitor.post(f"/papers/{second.id}/do/join", form)
    assert state == 409


async def test_a_cut_beside_a_suspected_secret_is_not_shown(visitor: Visitor, store: Store, tmp_path: Path) -> None:
    found = arrived(store, tmp_path, "a|S|MẬT")
    work_off(store, splitting(store, tmp_path / "work"))
    for one in parts_of(store, found):
        _, text = await visitor.get(f"/papers/{one.id}")
        assert "cut.jpg" not in text
        assert (await visitor.get(f"/papers/{one.id}/cut.jpg"))[0] == 404
