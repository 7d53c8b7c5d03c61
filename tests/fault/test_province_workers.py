"""Several workers over one PostgreSQL and one broker: they share the boxes out, and one takes over from another."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.protocol.receipt import Result
from sync.protocol.topics import SHARDS, shard
from sync.province.auditing import audit
from sync.province.config import Config, render
from sync.province.crew import worker_name
from sync.province.store import Engines, ProvinceStore, Receipt
from sync.province.store.engines import save
from sync.province.store.leases import HERALD, Fence, LeaseLost, Leases, ShardShare
from sync.province.store.postgres import PostgresRows
from tests.fakes.patient import deliver_patiently
from tests.fakes.province import ScriptedBox
from tests.fixtures_engines import Postgres
from tests.fixtures_province import Installation

ROOT = Path(__file__).parents[2]
VERIFY = "import json; print(json.dumps({'verdict': 'valid', 'signatures': [{'slot': 'agency'}]}))"
NOW = 1_800_000_000.0


# --- leases ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(postgres: Postgres) -> Iterator[PostgresRows]:
    made = PostgresRows(postgres.room())
    yield made
    made.close()


def test_shards_are_shared_fairly_and_given_back_by_who_has_more(rows: PostgresRows) -> None:
    first, second, third = (Leases(rows, name, 60) for name in ("a", "b", "c"))
    alone = first.beat(frozenset())
    assert (alone.shards, alone.fair) == (frozenset(range(SHARDS)), SHARDS)
    assert HERALD in alone.held
    assert second.beat(frozenset()).shards == frozenset(), "nothing is taken from anybody"
    turn = first.beat(alone.held)
    assert (turn.fair, turn.held) == (8, alone.held)
    halved = first.beat(frozenset({*range(8), HERALD}))
    assert halved.shards == frozenset(range(8))
    assert second.beat(frozenset()).held == frozenset(range(8, 16)), "the herald is somebody else"
    assert third.beat(frozenset()).fair == 6
    assert set(first.holders()) == set(range(SHARDS + 1))
    first.leave()
    assert third.beat(frozenset()).held == frozenset({*range(8), HERALD})


def test_a_lease_that_ran_out_goes_to_another_and_its_old_holder_cannot_write(rows: PostgresRows) -> None:
    slow, quick = Leases(rows, "slow", 0.3), Leases(rows, "quick", 60)
    held = slow.beat(frozenset())
    writing = PostgresRows(rows._address)
    writing.fence = Fence(ShardShare("slow", held.shards))
    with writing.writing() as raw:
        raw.execute("INSERT INTO epochs VALUES (1)")
    time.sleep(0.4)
    with pytest.raises(LeaseLost), writing.writing() as raw:
        raw.execute("INSERT INTO epochs VALUES (2)")
    assert quick.beat(frozenset()).held == held.held
    assert slow.beat(held.held).held == frozenset(), "it hears of its loss"
    with pytest.raises(LeaseLost), writing.writing():
        raise AssertionError("never begun")
    assert [row["epoch"] for row in rows.rows("SELECT epoch FROM epochs")] == [1]
    writing.close()


def test_no_lease_changes_hands_while_its_holder_writes(rows: PostgresRows) -> None:
    slow, quick = Leases(rows, "slow", 0.3), Leases(PostgresRows(rows._address), "quick", 60)
    held = slow.beat(frozenset())
    writing = PostgresRows(rows._address)
    writing.fence = Fence(ShardShare("slow", held.shards))
    took: list[float] = []

    with writing.writing() as raw:
        thread = threading.Thread(target=lambda: took.append(len(quick.beat(frozenset()).held)))
        thread.start()
        time.sleep(0.5)
        assert took == [], "it waits for the transaction, though the lease ran out meanwhile"
        raw.execute("INSERT INTO epochs VALUES (1)")
    thread.join(10)
    assert took == [SHARDS + 1]
    quick._rows.close()
    writing.close()


def test_a_foreign_name_belongs_to_no_worker() -> None:
    share = ShardShare("a", frozenset(range(SHARDS)))
    assert share.owns("commune-27007")
    assert not share.owns("+")


# --- real processes --------------------------------------------------------------------------------------------------


class Shift:
    """Workers as processes over one site, whose rows are in PostgreSQL."""

    def __init__(self, site: Installation, engines: Engines) -> None:
        self.site = site
        save(site.folder.rows, engines)
        site.config = Config(
            broker_port=site.config.broker_port,
            web_port=site.config.web_port,
            verify_command=(sys.executable, "-S", "-c", VERIFY),
        )
        site.folder.settings.write_text(render(site.config), "utf-8")
        site.folder.resolve(site.config.trust_roots).write_text("roots")
        self.store = ProvinceStore(site.folder.rows)
        self.leases = Leases(self.store.connection, "observer")
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start (again) the worker of this name."""
        self.workers[name] = subprocess.Popen(
            [sys.executable, "-m", "sync.province", "work", "--dir", str(self.site.folder.root), "--name", name],
            cwd=ROOT,
            stderr=(self.site.folder.root / f"{name}.log").open("ab"),
        )

    def until(self, true: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something is so. Raises AssertionError with what the workers said."""
        end = time.monotonic() + seconds
        while not true():
            said = "".join(path.read_text()[-1500:] for path in self.site.folder.root.glob("*.log"))
            assert time.monotonic() < end, said
            time.sleep(0.1)

    def shared(self, *names: str) -> bool:
        """All shards are held by these workers, each having some."""
        holders = self.leases.holders()
        return set(holders) >= set(range(SHARDS)) and {holders[number] for number in range(SHARDS)} == set(names)

    def box_of(self, name: str, among: range = range(10_000, 10_400)) -> str:
        """A box that this worker answers for now."""
        mine = {number for number, holder in self.leases.holders().items() if holder == name}
        return next(box for box in (f"commune-{number}" for number in among) if shard(box) in mine)

    def sound(self) -> bool:
        """Bytes, rows and every box's chain fit; nothing is left half done."""
        return audit(self.site.folder, self.site.config, self.store, time.time()) == []

    def close(self) -> None:
        """End what still runs."""
        for worker in self.workers.values():
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()
        self.store.close()


@pytest.fixture
def shift(province_site: Installation, postgres: Postgres) -> Iterator[Shift]:
    made = Shift(province_site, Engines(rows=postgres.room()))
    yield made
    made.close()


def begin(box: ScriptedBox, content: bytes, document_id: str, stop: int) -> int:
    """Send a part of a document; returns how far the province promised to have it."""
    manifest = box.manifest(content, document_id, 1)
    end = time.monotonic() + 60
    while not box.haves:
        assert time.monotonic() < end
        box.ask(box.seal(manifest))
        box.turn(1.0)
    box.send(manifest, content, 0, stop)
    box.until(lambda: box.haves[-1].ranges and box.haves[-1].ranges[0][1] > stop // 2)
    return box.haves[-1].ranges[0][1]


def test_a_worker_killed_in_mid_stream_is_replaced_by_another(shift: Shift) -> None:
    shift.start("a")
    shift.until(lambda: shift.shared("a"))
    shift.start("b")
    shift.until(lambda: shift.shared("a", "b"))
    doomed, other = shift.site.box(shift.box_of("a")), shift.site.box(shift.box_of("b"))
    assert deliver_patiently(other, os.urandom(40_000), "other-1", 1).result is Result.STORED
    assert deliver_patiently(doomed, os.urandom(40_000), "early", 1).result is Result.STORED
    doomed.haves.clear()
    content = os.urandom(900_000)
    promised = begin(doomed, content, "doc-1", 700_000)
    shift.workers["a"].kill()
    shift.workers["a"].wait()
    assert deliver_patiently(other, os.urandom(40_000), "other-2", 2).result is Result.STORED
    shift.until(lambda: shift.shared("b"))
    doomed.haves.clear()
    end = time.monotonic() + 30
    while not doomed.haves:
        assert time.monotonic() < end
        doomed.ask(doomed.seal(doomed.manifest(content, "doc-1", 1)))
        doomed.turn(1.0)
    assert doomed.haves[0].ranges[0][0] == 0
    assert doomed.haves[0].ranges[0][1] >= promised, "what one worker promised, another on this disk keeps"
    assert deliver_patiently(doomed, content, "doc-1", 1).result is Result.STORED
    shift.start("a")
    shift.until(lambda: shift.shared("a", "b"))
    assert deliver_patiently(doomed, os.urandom(40_000), "late", 2).result is Result.STORED
    assert sorted(held.document_id for held in shift.store.reading.documents()) == [
        "doc-1", "early", "late", "other-1", "other-2",
    ]  # fmt: skip
    assert shift.sound()
    for worker in shift.workers.values():
        worker.send_signal(signal.SIGTERM)
    assert [worker.wait(40) for worker in shift.workers.values()] == [0, 0]
    assert shift.leases.holders() == {}, "a polite stop gives the leases back at once"


@pytest.mark.soak
def test_a_worker_that_slept_through_its_lease_writes_nothing_more(shift: Shift) -> None:
    shift.start("a")
    shift.until(lambda: shift.shared("a"))
    box = shift.site.box(shift.box_of("a"))
    assert deliver_patiently(box, os.urandom(40_000), "doc-1", 1).result is Result.STORED
    box.haves.clear()
    content = os.urandom(300_000)
    begin(box, content, "doc-2", 200_000)
    shift.workers["a"].send_signal(signal.SIGSTOP)
    shift.start("b")
    shift.until(lambda: shift.shared("b"))
    assert deliver_patiently(box, content, "doc-2", 1).result is Result.STORED
    shift.workers["a"].send_signal(signal.SIGCONT)
    shift.until(lambda: shift.shared("a", "b"))
    assert deliver_patiently(box, os.urandom(40_000), "doc-3", 3).result is Result.STORED
    assert shift.sound()
    assert all(isinstance(kept, Receipt) for kept in shift.store.reading.chain(box.box))
    assert len(shift.store.reading.chain(box.box)) == 3


def test_postgres_and_the_broker_die_under_the_workers(province_site: Installation, own_postgres: Postgres) -> None:
    shift = Shift(province_site, Engines(rows=own_postgres.database()))
    try:
        shift.start("a")
        shift.until(lambda: shift.shared("a"))
        box = province_site.box("commune-10001")
        content = os.urandom(600_000)
        begin(box, content, "doc-1", 400_000)
        own_postgres.kill()
        own_postgres.start()
        assert deliver_patiently(box, content, "doc-1", 1).result is Result.STORED
        box.haves.clear()
        content = os.urandom(600_000)
        begin(box, content, "doc-2", 400_000)
        assert province_site._broker is not None
        province_site._broker.kill()
        province_site._broker.wait()
        province_site.start_broker()
        assert deliver_patiently(box, content, "doc-2", 2).result is Result.STORED
        assert len(shift.store.reading.documents()) == 2
        assert shift.sound()
    finally:
        shift.close()


def test_serve_keeps_its_workers_and_takes_them_with_it(province_site: Installation, postgres: Postgres) -> None:
    shift = Shift(province_site, Engines(rows=postgres.room()))
    config = dataclasses.replace(shift.site.config, workers=2)
    shift.site.folder.settings.write_text(render(config), "utf-8")
    log = (shift.site.folder.root / "serve.log").open("ab")
    serve = subprocess.Popen(
        [sys.executable, "-m", "sync.province", "serve", "--dir", str(shift.site.folder.root)], cwd=ROOT, stderr=log
    )
    names = (worker_name(1), worker_name(2))
    try:
        shift.until(lambda: shift.shared(*names))
        children = [int(number) for number in children_of(serve.pid)]
        assert len(children) == 2
        box = province_site.box()
        assert deliver_patiently(box, os.urandom(40_000), "doc-1", 1).result is Result.STORED
        os.kill(children[0], signal.SIGKILL)
        shift.until(lambda: len(set(children_of(serve.pid)) - {str(number) for number in children}) == 1)
        assert deliver_patiently(box, os.urandom(40_000), "doc-2", 2).result is Result.STORED
        living = children_of(serve.pid)
        serve.kill()
        serve.wait()
        shift.until(lambda: not any(runs(number) for number in living))
        assert shift.leases.holders() == {}
        assert shift.sound()
    finally:
        serve.kill()
        serve.wait()
        shift.close()


def children_of(pid: int) -> list[str]:
    """The process numbers of a process's children, of all its threads."""
    return [number for path in Path(f"/proc/{pid}/task").glob("*/children") for number in path.read_text().split()]


def runs(number: str) -> bool:
    """A process is there, and not only waiting to be noticed as dead."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
