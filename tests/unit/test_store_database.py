"""The one writer: immediate transactions, snapshots for readers, migrations under two processes."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.store import Store, StoreFull, documents, open_store, outbox, registers
from appliance.store.database import Database
from appliance.store.migrations import MIGRATIONS
from appliance.store.upkeep import verify
from tests.fixtures_store import NOW, PROCESSES, keep, open_at_once, paper, read_then_write

FROZEN = Path(__file__).parents[1] / "data" / "frozen"


def test_the_file_is_as_durable_as_promised(store: Store) -> None:
    pragmas = store.write(
        lambda db: [
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    )
    assert pragmas == ["wal", 2, 1]


def test_every_table_is_strict(store: Store) -> None:
    tables = store.read(
        lambda db: db.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
    )
    loose = {
        name
        for name, strict in tables
        if not strict and not name.startswith(("sqlite_", "_sqlite", "search_words", "search_facts"))
    }
    assert loose == set()


def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.read(lambda db: db.execute("DELETE FROM documents"))


def test_a_question_sees_one_moment(store: Store) -> None:
    keep(store, paper())

    def question(db: Any) -> tuple[int, int]:
        (first,) = db.execute("SELECT count(*) FROM documents").fetchone()
        keep(store, paper())
        inner = store.read(lambda again: again.execute("SELECT count(*) FROM documents").fetchone()[0])
        return first, inner

    assert store.read(question) == (1, 1)
    assert store.read(lambda db: db.execute("SELECT count(*) FROM documents").fetchone()[0]) == 2


def test_a_failed_question_does_not_spoil_the_next(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError):
        store.read(lambda db: db.execute("SELECT * FROM nowhere"))
    assert store.read(documents.listed) == []


def test_a_failed_change_does_not_spoil_the_next(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError):
        store.write(lambda db: db.execute("DELETE FROM nowhere"))
    with pytest.raises(SystemExit):
        store.write(lambda db: (_ for _ in ()).throw(SystemExit(1)))
    assert keep(store, paper()) in store.read(documents.listed)


def test_the_librarys_own_transaction_is_a_savepoint_in_ours(store: Store) -> None:
    kept = paper()

    def change(db: Any) -> None:
        documents.insert(db, kept, "test", {})
        with pytest.raises(ZeroDivisionError), db.atomic():
            db.execute("DELETE FROM documents")
            raise ZeroDivisionError

    store.write(change)
    assert store.read(documents.listed) == [kept]


def test_a_change_within_a_change_is_refused_and_not_waited_for(store: Store) -> None:
    with pytest.raises(RuntimeError, match="second transaction"):
        store.write(lambda db: store.write(lambda again: None))


def test_a_closed_database_says_so(tmp_path: Path) -> None:
    opened = Database(tmp_path / "box.db")
    opened.write(lambda db: None)
    opened.close()
    opened.close()
    with pytest.raises(RuntimeError, match="closed"):
        opened.write(lambda db: None)


def test_a_full_database_is_told_apart_by_its_code(store: Store) -> None:
    """max_page_count makes SQLite answer SQLITE_FULL without a full disk."""
    before = keep(store, paper())

    def change(db: Any) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
        for _ in range(2000):
            documents.insert(db, paper(), "test", {})

    with pytest.raises(StoreFull):
        store.write(change)
    assert store.read(documents.listed) == [before]


def test_commits_of_others_are_noticed(store: Store) -> None:
    seen = store.data_version()
    assert store.data_version() == seen
    keep(store, paper())
    assert store.data_version() != seen


def test_two_processes_that_read_and_then_write_never_fail(store: Store, ground: Path) -> None:
    """With a deferred transaction this ends in SQLITE_BUSY_SNAPSHOT at once (architecture.md, section 5)."""
    store.write(lambda db: db.execute("CREATE TABLE counter (value INTEGER) STRICT"))
    store.write(lambda db: db.execute("INSERT INTO counter VALUES (0)"))
    answers = PROCESSES.Queue()
    workers = [PROCESSES.Process(target=read_then_write, args=(ground, 60, answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert [answers.get(timeout=30) for _ in workers] == ["ok", "ok"]
    for worker in workers:
        worker.join(10)
    assert store.read(lambda db: db.execute("SELECT value FROM counter").fetchone()[0]) == 120


def test_a_deferred_transaction_does_fail_like_that(store: Store) -> None:
    """The control: what the test above would show if BEGIN IMMEDIATE were dropped."""
    keep(store, paper())
    other = sqlite3.connect(store.database.path, timeout=5, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM documents").fetchone()
    keep(store, paper())
    with pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("DELETE FROM page_texts")
    other.close()
    assert caught.value.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT"


# --- migrations ------------------------------------------------------------------------------------------------------


def schema(path: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT GLOB 'search_[wf]*_*'").fetchall()
    connection.close()
    return {(name, " ".join((sql or "").split())) for name, sql in rows}


@pytest.mark.parametrize("frozen", sorted(FROZEN.glob("*.sql")), ids=lambda path: path.stem)
def test_a_database_of_an_older_version_opens_and_keeps_its_papers(frozen: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "box.db") as old:
        old.executescript(frozen.read_text(encoding="utf-8"))
    old.close()
    opened = open_store(tmp_path / "box.db", tmp_path / "blobs")
    verdict = verify(opened)
    assert (verdict.integrity, verdict.chain_broken_at, verdict.unexplained) == ("ok", None, ())
    assert verdict.rolled_back == ()
    held = opened.read(documents.listed)
    assert {one.state for one in held} >= {State.RECEIVED, State.QUEUED, State.DELIVERED, State.QUARANTINED}
    assert {one.kind for one in held} == {Kind.INCOMING_SCAN, Kind.OUTGOING}
    assert opened.read(lambda db: len(outbox.waiting(db, 10))) == 1
    opened.close()
    open_store(tmp_path / "fresh.db", tmp_path / "blobs").close()
    assert schema(tmp_path / "box.db") == schema(tmp_path / "fresh.db")


def test_there_is_a_frozen_database_to_upgrade() -> None:
    assert (FROZEN / "v001.sql").is_file()


def test_the_shipped_migrations_keep_their_names_and_order(store: Store) -> None:
    applied = store.read(lambda db: [one.name for one in MIGRATIONS.applied(db)])
    assert applied[:6] == [
        "m001_documents",
        "m002_events",
        "m003_registers",
        "m004_outbox",
        "m005_texts",
        "m006_held_files",
    ]


def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    start, answers = PROCESSES.Event(), PROCESSES.Queue()
    workers = [PROCESSES.Process(target=open_at_once, args=(tmp_path, start, answers)) for _ in range(4)]
    for worker in workers:
        worker.start()
    start.set()
    assert [answers.get(timeout=30) for _ in workers] == ["ok"] * 4
    for worker in workers:
        worker.join(10)
    opened = open_store(tmp_path / "box.db", tmp_path / "blobs")
    names = opened.read(lambda db: [one.name for one in MIGRATIONS.applied(db)])
    opened.close()
    assert len(names) == len(set(names)) >= 6


# --- registers -------------------------------------------------------------------------------------------------------


def test_numbers_have_no_gaps_under_eight_writers(store: Store) -> None:
    got: list[int] = []

    def take() -> None:
        for _ in range(6):
            kept = paper()

            def change(db: Any, kept=kept) -> int:  # type: ignore[no-untyped-def]
                documents.insert(db, kept, "test", {})
                return registers.allocate(db, "den", 2026, kept.id, NOW)

            got.append(store.write(change))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 49))


def test_a_document_has_one_number_and_registers_count_apart(store: Store) -> None:
    first, second = keep(store, paper()), keep(store, paper())

    def take(register: str, year: int, document_id: str) -> int:
        return store.write(lambda db: registers.allocate(db, register, year, document_id, NOW))

    assert take("den", 2026, first.id) == take("den", 2026, first.id) == take("den", 2027, first.id) == 1
    assert take("di", 2026, second.id) == 1
    third = keep(store, paper())
    assert take("den", 2026, third.id) == 2


def test_a_number_of_a_transaction_that_failed_is_given_again(store: Store) -> None:
    kept = keep(store, paper())

    def change(db: Any) -> None:
        registers.allocate(db, "den", 2026, kept.id, NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(change)
    assert store.write(lambda db: registers.allocate(db, "den", 2026, kept.id, NOW)) == 1
