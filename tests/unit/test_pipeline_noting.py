"""Notes in the drop folder about papers that were accepted and not read: once each, gone when they are over."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from appliance import commands
from appliance.domain.documents import SUSPECTED, Document, advance
from appliance.domain.states import Event
from appliance.pipeline.noting import Noting
from appliance.pipeline.receiving import BoxCustodian
from appliance.store import Store, documents
from tests.fixtures_store import NOW, loaded, paper
from tests.unit.test_intake_claim import killed_at
from tests.unit.test_pipeline_receiving import claim


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "den"
    (folder / ".commune-box").mkdir(parents=True)
    return folder


@pytest.fixture
def noting(store: Store, drop: Path) -> Noting:
    return Noting(store, {"den": drop}, "vi")


def refused(store: Store, code: str, name: str = "quét 001.pdf", event: Event = Event.UNREADABLE) -> Document:
    """A paper that ended in quarantine for this reason."""
    fresh = paper(original_name=name)
    markings = (SUSPECTED,) if event is Event.SUSPECTED_SECRET else ()
    after = advance(fresh, event, NOW, reason_code=code, markings=markings)
    store.write(lambda db: documents.insert(db, fresh, "intake", {}))
    store.write(lambda db: documents.save(db, fresh, after, "worker", event, {"code": code}))
    return after


def notes(drop: Path) -> dict[str, str]:
    found = [each for each in drop.rglob("*.txt") if ".commune-box" not in each.parts]
    return {str(each.relative_to(drop)): each.read_text("utf-8-sig") for each in found}


def test_each_reason_has_its_place_and_says_what_to_do(store: Store, noting: Noting, drop: Path) -> None:
    locked = refused(store, "needs-password", "khóa.pdf")
    broken = refused(store, "too-many-pages", "dày.pdf")
    noting.turn()
    said = notes(drop)
    assert set(said) == {"can-mat-khau/khóa.pdf.txt", "loi/dày.pdf.txt"}
    assert "mật khẩu" in said["can-mat-khau/khóa.pdf.txt"]
    assert locked.id in said["can-mat-khau/khóa.pdf.txt"]
    assert broken.id in said["loi/dày.pdf.txt"]
    assert "09:00 21/11/2026" in said["loi/dày.pdf.txt"], "the office's own time"
    assert sorted(each.name for each in drop.iterdir()) == [".commune-box", "can-mat-khau", "loi"]


@pytest.mark.parametrize("code", ["suspected-secret", "marking-unreadable"])
def test_a_suspected_secret_is_not_called_one_on_a_shared_folder(
    store: Store, noting: Noting, drop: Path, code: str
) -> None:
    refused(store, code, event=Event.SUSPECTED_SECRET)
    noting.turn()
    (text,) = notes(drop).values()
    assert list(notes(drop)) == ["cach-ly/quét 001.pdf.txt"]
    assert "mật" not in text.replace("mật khẩu", "").lower()


def test_a_note_is_written_once_and_goes_when_the_paper_moves_on(store: Store, noting: Noting, drop: Path) -> None:
    one, other, third = (refused(store, "damaged") for _ in range(3))
    noting.turn()
    assert set(notes(drop)) == {f"loi/quét 001{n}.pdf.txt" for n in ("", " (2)", " (3)")}
    commands.send_back(store, one.id, "clerk", NOW, "quét lại")
    commands.release(store, other.id, "clerk", NOW, "thử lại")
    noting.turn()
    (text,) = notes(drop).values()
    assert third.id in text
    (drop / next(iter(notes(drop)))).unlink()
    noting.turn()
    Noting(store, {"den": drop}, "vi").turn()
    assert notes(drop) == {}, "a note that a person took away does not come back, also after a restart"


def test_a_note_that_a_person_replaced_is_not_ours_to_remove(store: Store, noting: Noting, drop: Path) -> None:
    one = refused(store, "damaged")
    noting.turn()
    (drop / "loi" / "quét 001.pdf.txt").write_text("của tôi", encoding="utf-8")
    commands.send_back(store, one.id, "clerk", NOW, "quét lại")
    noting.turn()
    assert list(notes(drop).values()) == ["của tôi"]


@pytest.mark.parametrize("step", range(9))
def test_killed_at_any_step_a_note_lies_there_once(store: Store, noting: Noting, drop: Path, step: int) -> None:
    refused(store, "damaged")
    with killed_at(step):
        noting.turn()
    Noting(store, {"den": drop}, "vi").turn()
    assert list(notes(drop)) == ["loi/quét 001.pdf.txt"]
    assert loaded_notes(drop) == 1


def loaded_notes(drop: Path) -> int:
    return len([each for each in (drop / ".commune-box" / "notes").iterdir() if not each.name.startswith(".")])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.ESTALE, errno.EACCES])
def test_one_folder_that_cannot_be_written_keeps_no_other_from_its_notes(
    store: Store, drop: Path, tmp_path: Path, number: int
) -> None:
    other = tmp_path / "di"
    (other / ".commune-box").mkdir(parents=True)
    refused(store, "damaged")
    mine = paper(original_name="đi.pdf", folder="di")
    after = advance(mine, Event.UNREADABLE, NOW, reason_code="damaged")
    store.write(lambda db: documents.insert(db, mine, "intake", {}))
    store.write(lambda db: documents.save(db, mine, after, "worker", Event.UNREADABLE, {}))
    noting = Noting(store, {"den": drop, "di": other}, "vi")
    write_text = Path.write_text

    def full(self: Path, *arguments: object, **named: object) -> int:
        if drop in self.parents:
            raise OSError(number, "no")
        return write_text(self, *arguments, **named)  # type: ignore[arg-type]

    with patch.object(Path, "write_text", full):
        noting.turn()
    assert (list(notes(drop)), list(notes(other))) == ([], ["loi/đi.pdf.txt"])
    noting.turn()
    assert list(notes(drop)) == ["loi/quét 001.pdf.txt"]


def test_a_share_that_is_away_is_not_made_anew(store: Store, drop: Path) -> None:
    refused(store, "damaged")
    away = drop.rename(drop.with_name("away"))
    noting = Noting(store, {"den": drop}, "vi")
    noting.turn()
    assert not drop.exists()
    away.rename(drop)
    noting.turn()
    assert list(notes(drop)) == ["loi/quét 001.pdf.txt"]


def test_a_corrected_file_ends_the_note(store: Store, noting: Noting, drop: Path) -> None:
    one = refused(store, "needs-password")
    noting.turn()
    taken = claim(drop.parent, b"%PDF without a password")
    BoxCustodian(store, lambda: NOW + timedelta(days=1)).accept(taken)
    assert loaded(store, taken.id).supersedes == one.id
    noting.turn()
    assert notes(drop) == {}
