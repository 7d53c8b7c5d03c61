"""PostgreSQL is killed with -9, lies, or is away."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sync.province.store import Box, Engines, ProvinceStore, Receipt, RowRefused, RowsAway, UnsafeDatabase
from sync.province.store.postgres import PostgresRows
from tests.fixtures_engines import Postgres

BOX = "commune-27007"
NOW = 1_800_000_000.0


@pytest.fixture
def store(own_postgres: Postgres, tmp_path: Path) -> Iterator[ProvinceStore]:
    made = ProvinceStore(tmp_path / "store", Engines(rows=own_postgres.database()))
    made.fleet.enrol(Box(BOX, "UBND xã Tân Phú", bytes(32), "ab", NOW))
    yield made
    made.close()


def next_receipt(store: ProvinceStore) -> Receipt:
    number, last = store.answers.last_number() + 1, store.answers.last_receipt(BOX)
    tid, cose = f"{number:016x}", f"receipt {number}".encode()
    return Receipt(
        number, BOX, tid, hashlib.sha256(tid.encode()).digest(), f"doc-{tid}", "ab" * 32, 9, number, "duplicate", "",
        NOW, hashlib.sha256(last).digest() if last else bytes(32), hashlib.sha256(cose).digest(), cose,
    )  # fmt: skip


def test_killed_in_mid_stream_it_loses_no_answer_that_was_said(store: ProvinceStore, own_postgres: Postgres) -> None:
    said: list[bytes] = []
    stop = threading.Event()

    def answer() -> None:
        while not stop.is_set():
            try:
                receipt = next_receipt(store)
                store.answers.commit(receipt)
            except RowsAway:
                continue  # the receiver says nothing now, and the box asks again
            said.append(receipt.cose)

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(2):
        enough = len(said) + 25
        while len(said) < enough:
            time.sleep(0.01)
        own_postgres.kill()
        own_postgres.start()
    enough = len(said) + 10
    while len(said) < enough:
        time.sleep(0.01)
    stop.set()
    thread.join(30)
    chain = store.reading.chain(BOX)
    assert set(said) <= {kept.cose for kept in chain}, "what was said is kept"
    previous = bytes(32)
    for kept in chain:
        assert kept.previous == previous, "one chain, also through answers whose commit nobody heard of"
        previous = hashlib.sha256(kept.cose).digest()
    numbers = [kept.rid for kept in chain]
    assert numbers == sorted(set(numbers))


def test_a_round_killed_in_mid_stream_loses_no_answer_that_was_said(
    store: ProvinceStore, own_postgres: Postgres
) -> None:
    """Commits of a round do not wait for the disk one by one: nothing of it is said before the last one has."""
    said: list[bytes] = []
    stop = threading.Event()

    def answer() -> None:
        while not stop.is_set():
            round_of: list[bytes] = []
            try:
                with store.together():
                    for _ in range(7):
                        receipt = next_receipt(store)
                        store.answers.commit(receipt)
                        round_of.append(receipt.cose)
            except RowsAway:
                continue
            said.extend(round_of)

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(2):
        enough = len(said) + 21
        while len(said) < enough:
            time.sleep(0.01)
        own_postgres.kill()
        own_postgres.start()
    enough = len(said) + 14
    while len(said) < enough:
        time.sleep(0.01)
    stop.set()
    thread.join(30)
    chain = store.reading.chain(BOX)
    assert set(said) <= {kept.cose for kept in chain}
    previous = bytes(32)
    for kept in chain:
        assert kept.previous == previous
        previous = hashlib.sha256(kept.cose).digest()
    _lost_in_the_middle(store, own_postgres)


def test_a_round_ends_on_the_servers_disk_and_waits_for_it_once(postgres: Postgres, tmp_path: Path) -> None:
    store = ProvinceStore(tmp_path / "store", Engines(rows=postgres.room()))
    store.fleet.enrol(Box(BOX, "UBND xã Tân Phú", bytes(32), "ab", NOW))

    def flushed() -> tuple[int, int]:
        """How much of the log is written, and how much is on the disk."""
        found = store.connection.rows(
            "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS written, pg_current_wal_flush_lsn() - '0/0' AS kept"
        )[0]
        return int(found["written"]), int(found["kept"])

    def settings() -> set[str]:
        with store.connection.writing() as raw:
            return {str(row["synchronous_commit"]) for row in raw.execute("SHOW synchronous_commit").fetchall()}

    assert settings() == {"on"}
    with store.together():
        assert settings() == {"off"}
        with pytest.raises(RowRefused), store.connection.writing() as raw:  # one that fails takes back itself alone
            raw.execute("INSERT INTO migrations SELECT * FROM migrations")
        for _ in range(20):
            store.answers.commit(next_receipt(store))
        other: list[set[str]] = []
        thread = threading.Thread(target=lambda: other.append(settings()))
        thread.start()
        thread.join(10)
        assert other == [{"on"}], "only the round's own thread has somebody who waits for the end"
        written, _ = flushed()
    assert flushed()[1] >= written
    assert len(store.reading.chain(BOX)) == 20
    assert settings() == {"on"}
    store.close()


def _lost_in_the_middle(store: ProvinceStore, own_postgres: Postgres) -> None:
    """A round ends then, though the server is back for the next transaction: what was committed before may be lost."""
    with pytest.raises(RowsAway), store.together():
        store.answers.commit(next_receipt(store))
        own_postgres.kill()
        own_postgres.start()
        store.answers.commit(next_receipt(store))
    with pytest.raises(RowsAway), store.together():
        store.answers.commit(next_receipt(store))
        own_postgres.kill()
        own_postgres.start()
    with store.together():
        store.answers.commit(next_receipt(store))


def test_a_reader_waits_for_a_server_that_restarts(store: ProvinceStore, own_postgres: Postgres) -> None:
    own_postgres.kill()
    started = threading.Timer(0.5, own_postgres.start)
    started.start()
    assert [box.box for box in store.fleet.boxes()] == [BOX]
    started.join()


def test_a_server_that_stays_away_is_a_failing_disk_and_no_more(own_postgres: Postgres) -> None:
    address = own_postgres.database()
    rows = PostgresRows(address, patience=0.3)
    own_postgres.kill()
    with pytest.raises(OSError) as told:
        rows.rows("SELECT * FROM boxes")
    assert isinstance(told.value, RowsAway)
    with pytest.raises(RowsAway), rows.writing():
        raise AssertionError("never begun")
    with pytest.raises(RowsAway):
        PostgresRows(address, patience=0.0)
    own_postgres.start()
    with rows.writing() as raw:
        raw.execute("INSERT INTO epochs VALUES (?)", (7,))
    assert rows.rows("SELECT * FROM epochs")[0][0] == 7
    rows.close()


def test_a_database_that_may_lose_commits_is_refused(own_postgres: Postgres) -> None:
    address = own_postgres.database()
    with psycopg.connect(own_postgres.address("postgres"), autocommit=True) as raw:
        raw.execute("ALTER SYSTEM SET full_page_writes = off")
        raw.execute("SELECT pg_reload_conf()")
        while True:
            found = raw.execute("SHOW full_page_writes").fetchone()
            if found and found[0] == "off":
                break
            time.sleep(0.02)
    with pytest.raises(UnsafeDatabase, match="full_page_writes=off"):
        PostgresRows(address)


def test_a_commit_waits_for_the_disk_whatever_the_servers_default(own_postgres: Postgres) -> None:
    address = own_postgres.database()
    with psycopg.connect(address, autocommit=True) as raw:
        raw.execute(f"ALTER DATABASE {raw.info.dbname} SET synchronous_commit = off".encode())
    rows = PostgresRows(address)
    with rows.writing() as writer:
        assert writer.execute("SHOW synchronous_commit").fetchone()[0] == "on"
    rows.close()


def test_two_chains_of_one_box_cannot_grow_at_once(store: ProvinceStore) -> None:
    """Two receivers answer the same box by mistake: the second waits for the first, and is refused."""
    first, second = next_receipt(store), next_receipt(store)
    other = ProvinceStore(store.root, store.engines)
    entered, refused = threading.Event(), []

    def commit() -> None:
        entered.set()
        try:
            other.answers.commit(second)
        except Exception as error:
            refused.append(type(error).__name__)

    thread = threading.Thread(target=commit)
    with store.connection.writing(BOX):
        thread.start()
        entered.wait(10)
        time.sleep(0.2)
        assert thread.is_alive(), "one box's answers take turns"
    thread.join(10)
    with pytest.raises(Exception, match=r"box_previous|after"):
        store.answers.commit(first)
    assert refused == []
    assert len(store.reading.chain(BOX)) == 1
    other.close()
