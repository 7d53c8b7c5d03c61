"""The province's rows and files: reopening, refusing what must not be, recovering."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest

from sync.province.store import (
    Box,
    NewerDatabase,
    OutOfStep,
    Presence,
    ProvinceStore,
    Receipt,
    Refusal,
    StoredDocument,
    Transfer,
)
from sync.province.store.schema import MIGRATIONS

BOX = "commune-27007"
CONTENT = b"%PDF-1.7 content"
SHA = hashlib.sha256(CONTENT).hexdigest()
NOW = 1_800_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> ProvinceStore:
    made = ProvinceStore(tmp_path / "store")
    made.fleet.enrol(Box(BOX, "UBND xã Tân Phú", bytes(32), "ab", NOW))
    return made


def receipt(rid: int, tid: str = "11" * 8, previous: bytes = bytes(32), result: str = "stored") -> Receipt:
    cose = f"receipt {rid}".encode()
    return Receipt(
        rid, BOX, tid, hashlib.sha256(tid.encode()).digest(), f"doc-{tid}", SHA, len(CONTENT), rid, result, "", NOW,
        previous, hashlib.sha256(cose).digest(), cose,
    )  # fmt: skip


def document(rid: int, tid: str = "11" * 8) -> StoredDocument:
    return StoredDocument(
        BOX, f"doc-{tid}", tid, SHA, len(CONTENT), rid, "outgoing", "application/pdf", {"subject": "Về việc đó"},
        {"verdict": "valid"}, b"envelope", NOW, rid,
    )  # fmt: skip


def transfer(tid: str = "11" * 8) -> Transfer:
    return Transfer(BOX, tid, f"doc-{tid}", SHA, len(CONTENT), 1, "outgoing", b"m", b"e", (), 0, NOW, NOW)


def test_everything_is_there_after_reopening(store: ProvinceStore) -> None:
    key = (BOX, "11" * 8)
    store.transfers.open(transfer())
    store.parts.write(key, 0, CONTENT)
    store.parts.flush([key])
    store.transfers.save_intervals({key: ((0, 5), (7, 16))}, NOW)
    store.fleet.note_presence(Presence(BOX, True, NOW, NOW, 3, 900, NOW - 60, 0.5, 10**9, "0.1"))
    epoch = store.epoch()
    store.close()
    again = ProvinceStore(store.root)
    found = again.transfers.find(key)
    assert found is not None
    assert (found.intervals, found.held, found.complete) == (((0, 5), (7, 16)), 14, False)
    assert again.fleet.presences()[BOX].waiting == 3
    assert again.epoch() == epoch
    assert again.connection.check() == "ok"


def test_an_answer_ends_the_transfer_in_the_same_transaction(store: ProvinceStore) -> None:
    store.transfers.open(transfer())
    store.answers.commit(receipt(1), document(1))
    assert store.transfers.every() == []
    held = store.reading.document("doc-" + "11" * 8)
    assert held is not None
    assert (held.commune, held.meta["subject"], held.rid) == ("UBND xã Tân Phú", "Về việc đó", 1)
    assert store.answers.last_number() == 1
    assert store.answers.last_receipt(BOX) == b"receipt 1"
    assert store.reading.document(SHA[:12]) == held


def test_an_answer_is_kept_whole_or_not_at_all(store: ProvinceStore) -> None:
    store.answers.commit(receipt(1), document(1))
    store.transfers.open(transfer("22" * 8))
    first = store.reading.receipt(1)
    assert first is not None
    with pytest.raises(sqlite3.IntegrityError):  # a second document row under the same id
        store.answers.commit(receipt(2, "22" * 8, first.digest), document(2))
    assert store.answers.last_number() == 1
    assert len(store.transfers.every()) == 1


def test_the_tables_refuse_a_second_answer_a_fork_and_a_step_back(store: ProvinceStore) -> None:
    store.answers.commit(receipt(5), document(5))
    last = store.reading.receipt(5)
    assert last is not None
    with pytest.raises(sqlite3.IntegrityError):  # the same manifest again
        store.answers.commit(receipt(6, previous=last.digest))
    with pytest.raises(sqlite3.IntegrityError):  # a second receipt after the same one
        store.answers.commit(receipt(6, "22" * 8))
    with pytest.raises(OutOfStep):
        store.answers.commit(receipt(5, "22" * 8, last.digest))


def test_a_refusal_keeps_identity_and_reason_only(store: ProvinceStore) -> None:
    store.transfers.open(transfer())
    refusal = Refusal(BOX, "doc-1", SHA, "secret", "Văn bản có dấu chỉ độ mật", NOW, 1)
    store.answers.commit(receipt(1, result="refused"), None, refusal)
    assert store.reading.refusals() == [refusal]
    assert store.reading.documents() == []
    assert not store.answers.stored(BOX, "11" * 8)


def test_a_part_becomes_a_blob_and_doing_it_again_changes_nothing(store: ProvinceStore) -> None:
    key = (BOX, "11" * 8)
    store.parts.write(key, 8, CONTENT[8:])
    store.parts.write(key, 0, CONTENT[:8])
    store.parts.flush([key])
    store.parts.close(key)
    for _ in range(2):
        store.blobs.adopt(store.parts.path(key), SHA)
    assert store.blobs.path(SHA).read_bytes() == CONTENT
    assert list(store.parts.every()) == []
    with pytest.raises(FileNotFoundError):
        store.blobs.adopt(store.parts.path(key), "0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "ab" * 31, "AB" * 32])
def test_only_digests_and_transfer_keys_become_paths(store: ProvinceStore, name: str) -> None:
    with pytest.raises(ValueError, match="sha256"):
        store.blobs.path(name)
    with pytest.raises(ValueError, match="transfer"):
        store.parts.path((BOX, name))


def test_more_open_parts_than_descriptors(store: ProvinceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.province.store.blobs.OPEN_PARTS", 3)
    keys = [(BOX, f"{number:016x}") for number in range(10)]
    for offset in (0, 1):
        for key in keys:
            store.parts.write(key, offset, b"x")
    store.parts.flush(keys)
    assert all(store.parts.path(key).read_bytes() == b"xx" for key in keys)


def test_recovery_puts_files_and_rows_in_step(store: ProvinceStore) -> None:
    known, lost = (BOX, "11" * 8), (BOX, "22" * 8)
    for key in (known, lost):
        store.transfers.open(transfer(key[1]))
    store.transfers.save_intervals({known: ((0, 16),), lost: ((0, 4),)}, NOW)
    store.parts.write(known, 0, CONTENT)
    store.parts.write((BOX, "33" * 8), 0, b"of a transfer that ended")
    store.parts.flush([known])
    orphan = store.parts.path((BOX, "44" * 8))
    orphan.write_bytes(b"orphan")
    store.blobs.adopt(orphan, "0" * 64)
    assert store.recover() == [lost]
    assert list(store.parts.every()) == [known]
    assert list(store.blobs.every()) == []
    found = store.transfers.find(lost)
    assert found is not None
    assert found.intervals == ()


def test_a_newer_database_is_not_opened(store: ProvinceStore) -> None:
    with store.connection.writing() as raw:
        raw.execute("INSERT INTO migrations VALUES ('9999-later', 0)")
    store.close()
    with pytest.raises(NewerDatabase, match="9999-later"):
        ProvinceStore(store.root)


def test_the_tables_are_strict_and_writes_survive_power_cuts(store: ProvinceStore) -> None:
    tables = store.connection.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    assert len(tables) >= 9
    assert all("STRICT" in row["sql"] for row in tables)
    with store.connection.writing() as raw:
        assert raw.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert raw.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert raw.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_migrations_are_named_in_order_and_only_grow() -> None:
    names = [name for name, _ in MIGRATIONS]
    assert names == sorted(names)
    assert names[0] == "0001-first"


def test_two_processes_may_open_and_write_at_once(tmp_path: Path) -> None:
    stores = [ProvinceStore(tmp_path / "store") for _ in range(2)]
    stores[0].fleet.enrol(Box(BOX, "UBND xã Tân Phú", bytes(32), "ab", NOW))
    failures: list[BaseException] = []

    def write(store: ProvinceStore) -> None:
        try:
            for number in range(25):
                store.fleet.observe(BOX, "malformed", "x", NOW + number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stores[0].fleet.observations()[0].count == 50


def test_presence_forgets_nothing_a_last_will_does_not_know(store: ProvinceStore) -> None:
    store.fleet.note_presence(Presence(BOX, True, NOW, NOW, 3, 900, NOW - 60, 0.5, 10**9, "0.1"))
    store.fleet.note_gone(BOX, NOW + 100)
    gone = store.fleet.presences()[BOX]
    assert (gone.online, gone.waiting, gone.last_seen, gone.changed_at) == (False, 3, NOW, NOW + 100)
    store.fleet.note_presence(Presence(BOX, True, NOW - 500, NOW - 500))  # an old retained message
    assert store.fleet.presences()[BOX].last_seen == NOW


def test_a_store_is_closed_while_others_read_and_they_are_refused(tmp_path: Path) -> None:
    """Closing a connection in use would end the whole process."""
    store = ProvinceStore(tmp_path / "store")
    long = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c"
    reading, refused = threading.Barrier(4), []

    def read() -> None:
        reading.wait(30)
        try:
            while True:
                store.connection.rows(long)
        except sqlite3.ProgrammingError:
            refused.append(1)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    reading.wait(30)
    store.close()
    for thread in threads:
        thread.join(30)
    assert refused == [1, 1, 1]
    with pytest.raises(sqlite3.ProgrammingError):
        store.fleet.boxes()
