"""Search the Vietnamese way; held files; deliveries in the outbox; backup and self-check."""

from __future__ import annotations

import sqlite3
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.documents import SUSPECTED
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.store import Store, documents, held, open_store, outbox, searching, texts
from appliance.store.folding import fold
from appliance.store.searching import Question
from appliance.store.upkeep import backup, verify
from tests.fixtures_store import NOW, in_state, keep, paper

# --- texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ủy ban nhân dân xã Đường Lâm", "uy ban nhan dan xa duong lam"),
        ("ĐỘC LẬP – TỰ DO – HẠNH PHÚC", "doc lap – tu do – hanh phuc"),
        ("ưỡn ẹo, ỡm ờ, ĩ ị, ỷ ỹ", "uon eo, om o, i i, y y"),
        ("Số: 15/QĐ-UBND", "so: 15/qd-ubnd"),
        ("đ Đ ð", "d d ð"),
        ("", ""),
    ],
)
def test_folding(written: str, folded: str) -> None:
    assert fold(written) == folded
    assert fold(unicodedata.normalize("NFD", written)) == folded


def test_what_was_written_is_found_without_marks(store: Store) -> None:
    first = keep(store, paper())
    second = keep(store, paper())
    store.write(lambda db: texts.keep(db, first.id, ("Ủy ban nhân dân xã Đường Lâm", "Trang hai: trợ cấp")))
    store.write(lambda db: texts.keep(db, second.id, ("Công văn số 15/QĐ-UBND về việc đường giao thông",)))

    def found(question: str) -> set[str]:
        return set(store.read(lambda db: searching.found(db, Question(question))).ids)

    assert found("duong") == {first.id, second.id}
    assert found("uy ban") == found("ỦY BAN duo") == {first.id}
    assert found("tro cap") == {first.id}
    assert found("15/qd-ubnd") == {second.id}
    assert found("khong co") == found("") == found('" OR *') == set()
    assert store.read(lambda db: texts.of_document(db, first.id)) == (
        "Ủy ban nhân dân xã Đường Lâm",
        "Trang hai: trợ cấp",
    )


def test_a_forgotten_text_leaves_no_trace(store: Store) -> None:
    kept = keep(store, paper())
    store.write(lambda db: texts.keep(db, kept.id, ("tuyệt mật",)))
    store.write(lambda db: texts.forget(db, kept.id))
    assert store.read(lambda db: searching.found(db, Question("mat"))).ids == ()
    assert store.read(lambda db: texts.of_document(db, kept.id)) == ()


def test_keeping_again_replaces(store: Store) -> None:
    kept = keep(store, paper())
    for words in (("một", "hai"), ("ba",)):
        store.write(lambda db, words=words: texts.keep(db, kept.id, words))  # type: ignore[misc]
    assert store.read(lambda db: texts.of_document(db, kept.id)) == ("ba",)
    assert store.read(lambda db: searching.found(db, Question("hai"))).ids == ()


# --- held files ------------------------------------------------------------------------------------------------------


def test_held_files_are_remembered_replaced_and_forgotten(store: Store) -> None:
    first = held.Held("/den/cach-ly/a.pdf", "den", "a.pdf", "truncated", {"size": 9}, NOW)
    second = held.Held("/den/cach-ly/b.tif", "den", "b.tif", "damaged", {}, NOW + timedelta(seconds=1))
    for one in (first, second, first):
        store.write(lambda db, one=one: held.hold(db, one))  # type: ignore[misc]
    assert store.read(held.listed) == [second, first]
    store.write(lambda db: held.unhold(db, first.path))
    store.write(lambda db: held.unhold(db, "/never/there"))
    assert store.read(held.listed) == [second]


# --- outbox rows -----------------------------------------------------------------------------------------------------


def queue(store: Store, priority: int = 0) -> str:
    kept = keep(store, in_state(State.SIGNED))
    store.write(lambda db: outbox.enqueue(db, kept.id, kept.current_sha256, 9, priority, {"kind": "x"}, NOW))
    return kept.id


def test_the_urgent_are_sent_first_then_the_old(store: Store) -> None:
    ids = [queue(store, priority) for priority in (0, 3, 0, 3, 1)]
    waiting = store.read(lambda db: outbox.waiting(db, 10))
    assert [one.document_id for one in waiting] == [ids[1], ids[3], ids[4], ids[0], ids[2]]
    assert len(store.read(lambda db: outbox.waiting(db, 2))) == 2
    assert store.read(outbox.backlog) == (5, 45, NOW)


def test_a_paper_waits_once(store: Store) -> None:
    document_id = queue(store)
    with pytest.raises(sqlite3.IntegrityError):
        store.write(lambda db: outbox.enqueue(db, document_id, "a" * 64, 9, 0, {}, NOW))


def test_an_answer_counts_once_and_is_kept(store: Store) -> None:
    document_id = queue(store)

    def answer(word: str, signed: bytes) -> bool:
        return store.write(lambda db: outbox.answered(db, document_id, word, signed, NOW))

    assert answer("accepted", b"receipt") is True
    assert answer("refused", b"late") is False
    kept = store.read(lambda db: outbox.latest(db, document_id))
    assert kept and (kept.answer, kept.answer_bytes, kept.answered_at) == ("accepted", b"receipt", NOW)
    assert store.read(outbox.backlog) == (0, 0, None)
    assert store.read(lambda db: outbox.latest(db, "nobody")) is None


def test_sequences_only_grow(store: Store) -> None:
    for _ in range(3):
        queue(store)
    rows = store.read(lambda db: outbox.waiting(db, 10))
    assert [row.sequence for row in rows] == [1, 2, 3]


# --- backup and self-check -------------------------------------------------------------------------------------------


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    """Three papers with their true bytes in the blob store."""
    for number in range(3):
        source = tmp_path / f"{number}.pdf"
        source.write_bytes(b"%PDF " + bytes([number]) * 1000)
        blob = store.blobs.put(source)
        keep(store, paper(original_sha256=blob.sha256))
    return store


def test_a_sound_store_is_called_sound(filled: Store) -> None:
    verdict = verify(filled)
    assert verdict.sound
    assert (verdict.documents, verdict.blobs, verdict.orphans) == (3, 3, ())


def first_digest(store: Store) -> str:
    return store.read(documents.listed)[0].original_sha256


def by_hand(store: Store, statement: str) -> None:
    """Somebody with the sqlite3 program and the rights to use it."""
    with sqlite3.connect(store.database.path) as connection:
        connection.execute(statement)
    connection.close()


def test_a_damaged_blob_is_found(filled: Store) -> None:
    path = filled.blobs.path(first_digest(filled))
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1])
    verdict = verify(filled)
    assert (verdict.damaged, verdict.sound) == ((path.name,), False)


def test_a_missing_blob_is_found(filled: Store) -> None:
    digest = first_digest(filled)
    filled.blobs.remove(digest)
    verdict = verify(filled)
    assert (verdict.missing, verdict.sound) == ((digest,), False)


def test_an_orphan_is_told_but_is_no_loss(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"orphan")
    orphan = filled.blobs.put(tmp_path / "x")
    verdict = verify(filled)
    assert (verdict.orphans, verdict.sound) == ((orphan.sha256,), True)


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE events SET by = 'somebody' WHERE sequence = 2", 2),
        ('UPDATE events SET detail = \'{"name": "x"}\' WHERE sequence = 1', 1),
        ("UPDATE events SET detail = 'no JSON' WHERE sequence = 3", 3),
        ("UPDATE events SET at = '2020-01-01T00:00:00+00:00' WHERE sequence = 3", 3),
        ("DELETE FROM events WHERE sequence = 2", 3),
        ("DELETE FROM events WHERE sequence = 1", 2),
        ("UPDATE events SET sequence = -sequence WHERE sequence > 1", -3),
    ],
)
def test_an_edited_event_is_found(filled: Store, statement: str, broken_at: int) -> None:
    by_hand(filled, statement)
    verdict = verify(filled)
    assert (verdict.chain_broken_at, verdict.sound) == (broken_at, False)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE sequence = 3",  # the end cut off: the rest of the chain still fits
        "DELETE FROM documents WHERE rowid = 1",
        "UPDATE documents SET state = 'delivered' WHERE rowid = 2",
    ],
)
def test_a_row_that_its_history_does_not_explain_is_found(filled: Store, statement: str) -> None:
    by_hand(filled, statement)
    verdict = verify(filled)
    assert verdict.chain_broken_at is None
    assert len(verdict.unexplained) == 1
    assert not verdict.sound


def test_a_torn_database_is_told_and_not_a_crash(filled: Store, tmp_path: Path) -> None:
    by_hand(filled, "PRAGMA wal_checkpoint(TRUNCATE)")
    filled.close()
    path = filled.database.path
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    opened = Store(filled.database.__class__(path), filled.blobs)
    verdict = verify(opened)
    opened.close()
    assert not verdict.sound
    assert verdict.integrity != "ok"


def test_a_backup_is_a_whole_store(filled: Store, tmp_path: Path) -> None:
    target = tmp_path / "usb" / "sao-luu"
    backup(filled, target)
    copy = open_store(target / "box.db", target / "blobs")
    verdict = verify(copy)
    assert verdict.sound
    assert (verdict.documents, verdict.blobs) == (3, 3)
    assert copy.read(documents.listed) == filled.read(documents.listed)
    copy.close()


def test_a_backup_under_a_writer_is_consistent(filled: Store, tmp_path: Path) -> None:
    def change(db: Any) -> None:
        for _ in range(20):
            documents.insert(db, paper(original_sha256=first_digest(filled)), "test", {})
        backup(filled, tmp_path / "usb")  # its own connection: what is not committed is not in it

    filled.write(change)
    copy = open_store(tmp_path / "usb" / "box.db", tmp_path / "usb" / "blobs")
    verdict = verify(copy)
    copy.close()
    assert (verdict.sound, verdict.documents) == (True, 3)


def test_a_suspected_secret_is_in_no_backup(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"MAT")
    secret = filled.blobs.put(tmp_path / "secret").sha256
    suspect = keep(
        filled,
        in_state(State.QUARANTINED, original_sha256=secret, reason_code="suspected-secret", markings=(SUSPECTED,)),
    )
    assert filled.read(documents.withheld_digests) == {secret}
    backup(filled, tmp_path / "usb")
    copy = open_store(tmp_path / "usb" / "box.db", tmp_path / "usb" / "blobs")
    verdict = verify(copy)
    copy.close()
    assert (verdict.withheld, verdict.missing, verdict.blobs) == ((secret,), (), 3)
    assert verify(filled).withheld == ()
    keep(filled, paper(original_sha256=suspect.original_sha256))
    assert filled.read(documents.withheld_digests) == set()


def test_a_backup_never_writes_over_another(filled: Store, tmp_path: Path) -> None:
    backup(filled, tmp_path / "usb")
    with pytest.raises(FileExistsError):
        backup(filled, tmp_path / "usb")


def test_an_outgoing_paper_in_the_queue_needs_all_its_renditions(store: Store) -> None:
    kept = keep(store, in_state(State.QUEUED, kind=Kind.OUTGOING), files=False)
    assert verify(store).missing == tuple(sorted(kept.digests))
