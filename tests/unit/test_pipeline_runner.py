"""The worker's loop: one lease, one step; every failure is an attempt, and no failure stops the loop."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.domain.documents import Document, advance
from appliance.domain.states import Event, State
from appliance.domain.steps import Step
from appliance.pipeline.runner import LEASE, Runner, StepFailed
from appliance.store import ChangedMeanwhile, Store, StoreFull, documents
from tests.fixtures_store import NOW, Clock, in_state, keep, loaded, paper

Action = Callable[[Document, datetime], None]


def raising(error: BaseException) -> Action:
    def action(document: Document, now: datetime) -> None:
        raise error

    return action


def discarding(store: Store) -> Action:
    def action(document: Document, now: datetime) -> None:
        after = advance(document, Event.UNREADABLE, now)
        store.write(lambda db: documents.save(db, document, after, "worker", Event.UNREADABLE, {}))

    return action


def leased_by(store: Store, document: Document) -> str | None:
    return store.read(
        lambda db: db.execute("SELECT lease_owner FROM documents WHERE id = ?", [document.id]).fetchone()[0]
    )


def test_nothing_to_do(store: Store) -> None:
    assert Runner(store, {Step.DIGITIZE: raising(AssertionError())}, Clock()).once([Step.DIGITIZE]) is False


def test_one_step_for_one_paper(store: Store) -> None:
    kept = keep(store, paper())
    runner = Runner(store, {Step.DIGITIZE: discarding(store)}, Clock())
    assert runner.once([Step.DIGITIZE]) is True
    assert loaded(store, kept.id).state is State.QUARANTINED
    assert runner.once([Step.DIGITIZE]) is False


@pytest.mark.parametrize(
    ("error", "noted", "pause"),
    [
        (StepFailed("token-absent"), "token-absent", 2),
        (StepFailed("pin-needed", timedelta(seconds=15)), "pin-needed", 15),
        (StoreFull("full"), "store-full", 30),
        (ValueError("odd"), "unexpected: ValueError: odd", 2),
    ],
)
def test_a_failure_is_an_attempt_and_the_paper_waits(store: Store, error: Exception, noted: str, pause: float) -> None:
    kept, clock = keep(store, paper()), Clock()
    runner = Runner(store, {Step.DIGITIZE: raising(error)}, clock)
    assert runner.once([Step.DIGITIZE]) is True
    after = loaded(store, kept.id)
    assert (after.state, after.attempts, after.last_error) == (State.RECEIVED, 1, noted)
    assert after.next_attempt_at == NOW + timedelta(seconds=pause)
    assert leased_by(store, kept) is None
    assert runner.once([Step.DIGITIZE]) is False
    clock.advance(seconds=pause)
    assert runner.once([Step.DIGITIZE]) is True
    assert loaded(store, kept.id).attempts == 2


def test_a_paper_changed_meanwhile_counts_no_attempt(store: Store) -> None:
    kept = keep(store, paper())
    Runner(store, {Step.DIGITIZE: raising(ChangedMeanwhile(kept.id))}, Clock()).once([Step.DIGITIZE])
    assert loaded(store, kept.id) == kept


def test_a_closed_gate_leases_nothing(store: Store) -> None:
    kept, gate = keep(store, in_state(State.APPROVED)), []
    runner = Runner(store, {Step.SIGN: raising(StepFailed("x"))}, Clock(), gates={Step.SIGN: lambda: bool(gate)})
    assert runner.once([Step.SIGN]) is False
    assert loaded(store, kept.id) == kept
    gate.append(1)
    assert runner.once([Step.SIGN]) is True


def test_a_lease_whose_failure_could_not_be_noted_ends_by_itself(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full: neither the step nor the note of its failure gets through. Prolonging must not keep it."""

    def full(*_: object) -> None:
        raise StoreFull("full")

    kept, clock = keep(store, paper()), Clock()
    runner = Runner(store, {Step.DIGITIZE: raising(StoreFull("full"))}, clock, owner="worker:9")
    monkeypatch.setattr(documents, "note_attempt", full)
    runner.once([Step.DIGITIZE], "worker:9:0")
    assert leased_by(store, kept) == "worker:9:0"
    clock.advance(seconds=50)
    runner._prolong(list(runner._at_work.values()))
    clock.advance(seconds=11)
    assert runner.once([Step.DIGITIZE], "worker:9:1") is True


def test_a_long_step_keeps_its_lease(store: Store) -> None:
    kept, clock = keep(store, paper()), Clock()
    held_until: list[str] = []

    def slow(document: Document, now: datetime) -> None:
        clock.advance(seconds=50)
        runner._prolong(list(runner._at_work.values()))
        held_until.append(
            store.read(lambda db: db.execute("SELECT lease_until FROM documents WHERE id = ?", [kept.id]).fetchone()[0])
        )

    runner = Runner(store, {Step.DIGITIZE: slow}, clock, owner="worker:9")
    runner.once([Step.DIGITIZE], "worker:9:0")
    assert held_until == [(NOW + timedelta(seconds=50) + LEASE).isoformat()]


def run_until(runner: Runner, tmp_path: Path, reached: Callable[[], bool]) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop, tmp_path / "run" / "worker.lock", 1))
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not reached() and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    assert reached()


def test_the_loop_takes_leases_of_the_dead_and_works_on(store: Store, tmp_path: Path) -> None:
    papers = [keep(store, paper()) for _ in range(3)]
    for number in range(3):
        store.write(
            lambda db, number=number: documents.lease(db, f"worker:1:{number}", NOW, LEASE, [Step.DIGITIZE])  # type: ignore[misc]
        )
    runner = Runner(store, {Step.DIGITIZE: discarding(store)}, Clock())
    run_until(runner, tmp_path, lambda: all(loaded(store, one.id).state is State.QUARANTINED for one in papers))


def test_the_loop_outlives_a_failing_store(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that died of one bad moment would leave a worker that looks alive and does nothing."""
    kept, failures = keep(store, paper()), []
    original = documents.lease

    def lease(*arguments: object) -> object:
        if len(failures) < 2:
            failures.append(1)
            raise RuntimeError("a bad moment")
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(documents, "lease", lease)
    monkeypatch.setattr("appliance.pipeline.runner.PAUSE_AFTER_FAILURE", 0.01)
    runner = Runner(store, {Step.DIGITIZE: discarding(store)}, Clock())
    run_until(runner, tmp_path, lambda: loaded(store, kept.id).state is State.QUARANTINED)
    assert failures == [1, 1]


def test_one_worker_a_box(store: Store, tmp_path: Path) -> None:
    lock = tmp_path / "worker.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            Runner(store, {}, Clock()).run(threading.Event(), lock, 1)


def test_a_light_step_that_hangs_is_seen_though_the_other_threads_turn(store: Store, tmp_path: Path) -> None:
    """What the watchdog asks: idle digitizing threads and lease renewal must not speak for a hung light loop."""
    hung, stop = threading.Event(), threading.Event()

    def gate() -> bool:
        hung.wait(20)
        return False

    runner = Runner(
        store, {Step.DIGITIZE: lambda *_: None, Step.SIGN: lambda *_: None}, lambda: NOW, gates={Step.SIGN: gate}
    )
    thread = threading.Thread(target=runner.run, args=(stop, tmp_path / "lock", 1), daemon=True)
    thread.start()
    try:
        assert runner.turned_within(5)
        time.sleep(1.0)
        assert not runner.turned_within(0.8)
        hung.set()
        deadline = time.monotonic() + 10
        while not (turns := runner.turned_within(0.4)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert turns
    finally:
        hung.set()
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
