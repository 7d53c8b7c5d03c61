"""Rows of papers: what is saved comes back, a stale save loses politely, a lease belongs to one."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest

from appliance.domain.documents import FieldValue, advance, failed_attempt
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.domain.steps import Step
from appliance.store import ChangedMeanwhile, NoSuchDocument, Store, documents, events, open_store
from tests.fixtures_store import NOW, PROCESSES, in_state, keep, lease_all, loaded, paper

ALL = list(Step)
MINUTE = timedelta(seconds=60)


@pytest.mark.parametrize("kind", Kind)
def test_a_document_comes_back_as_it_was_saved(store: Store, kind: Kind) -> None:
    for state in State:
        kept = keep(store, in_state(state, kind=kind, supersedes="x", warnings=("mờ",)))
        assert loaded(store, kept.id) == kept


def test_an_unknown_id_raises(store: Store) -> None:
    with pytest.raises(NoSuchDocument):
        loaded(store, "0190aaaa-0000-7000-8000-000000000001")


def test_inserting_twice_changes_nothing(store: Store) -> None:
    first = keep(store, paper())
    again = store.write(lambda db: documents.insert(db, advance(first, Event.UNREADABLE, NOW), "test", {}))
    assert again is False
    assert loaded(store, first.id) == first
    assert len(store.read(lambda db: list(events.entries(db)))) == 1


def test_a_stale_save_loses_politely(store: Store) -> None:
    before = keep(store, in_state(State.DIGITIZED))
    approved, sent_back = advance(before, Event.APPROVED, NOW), advance(before, Event.SENT_BACK, NOW)
    store.write(lambda db: documents.save(db, before, approved, "clerk", "approved", {}))
    with pytest.raises(ChangedMeanwhile):
        store.write(lambda db: documents.save(db, before, sent_back, "other clerk", "sent-back", {}))
    assert loaded(store, before.id) == approved
    assert [entry.event for entry in store.read(lambda db: list(events.entries(db, before.id)))] == [
        "received",
        "approved",
    ]


def test_a_stale_failure_is_not_noted_either(store: Store) -> None:
    before = keep(store, in_state(State.APPROVED))
    noted = failed_attempt(before, "token-absent", NOW)
    store.write(lambda db: documents.note_attempt(db, before, noted))
    assert loaded(store, before.id) == noted
    with pytest.raises(ChangedMeanwhile):
        store.write(lambda db: documents.note_attempt(db, before, noted))


def test_a_save_that_fails_later_in_the_transaction_leaves_nothing(store: Store) -> None:
    before = keep(store, in_state(State.DIGITIZED))

    def change(db: object) -> None:
        documents.save(db, before, advance(before, Event.APPROVED, NOW), "clerk", "approved", {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(change)
    assert loaded(store, before.id) == before
    assert store.read(events.broken_at) is None


def test_listing_and_counting(store: Store) -> None:
    old = keep(store, paper(received_at=NOW - timedelta(days=1)))
    new = keep(store, in_state(State.QUEUED))
    assert [one.id for one in store.read(documents.listed)] == [new.id, old.id]
    assert [one.id for one in store.read(lambda db: documents.listed(db, [State.RECEIVED]))] == [old.id]
    assert store.read(lambda db: documents.listed(db, limit=1))[0].id == new.id
    counted = store.read(documents.counts)
    assert set(counted) == set(State)
    assert (counted[State.RECEIVED], counted[State.QUEUED], sum(counted.values())) == (1, 1, 2)


def test_the_twin_of_a_file_is_the_oldest_that_is_not_discarded(store: Store) -> None:
    discarded = keep(store, in_state(State.DISCARDED, original_sha256="a" * 64))
    assert store.read(lambda db: documents.first_with_original(db, discarded.original_sha256)) is None
    live = keep(store, paper(original_sha256="a" * 64))
    found = store.read(lambda db: documents.first_with_original(db, "a" * 64))
    assert found and found.id == live.id


# --- leases ----------------------------------------------------------------------------------------------------------


def lease(store: Store, owner: str = "worker:1:0", now=NOW, steps=ALL):  # type: ignore[no-untyped-def]
    return store.write(lambda db: documents.lease(db, owner, now, MINUTE, steps))


def test_a_leased_paper_is_not_leased_again_until_the_lease_ends(store: Store) -> None:
    kept = keep(store, paper())
    assert lease(store) == kept
    assert lease(store, "worker:2:0") is None
    assert lease(store, "worker:2:0", NOW + MINUTE) is None
    assert lease(store, "worker:2:0", NOW + MINUTE + timedelta(microseconds=1)) == kept


def test_only_the_wanted_steps_are_leased(store: Store) -> None:
    keep(store, paper())
    assert lease(store, steps=[Step.SIGN, Step.ENQUEUE, Step.APPROVE]) is None
    assert lease(store, steps=[Step.DIGITIZE]) is not None


@pytest.mark.parametrize("state", [State.QUEUED, State.DELIVERED, State.QUARANTINED, State.DISCARDED, State.REFUSED])
def test_what_waits_for_nobody_is_never_leased(store: Store, state: State) -> None:
    keep(store, in_state(state))
    assert lease(store) is None


def test_the_urgent_go_first_then_the_old(store: Store) -> None:
    urgent = {"urgency": FieldValue("hoa-toc")}
    young = keep(store, paper(received_at=NOW + MINUTE))
    old = keep(store, paper())
    first = keep(store, paper(received_at=NOW + 2 * MINUTE, fields=urgent))
    assert [lease(store, f"worker:{n}").id for n in range(3)] == [first.id, old.id, young.id]


def test_a_failed_paper_waits_for_its_next_attempt(store: Store) -> None:
    before = keep(store, paper())
    leased = lease(store)
    store.write(lambda db: documents.note_attempt(db, leased, failed_attempt(leased, "timeout", NOW)))
    assert lease(store, now=NOW + timedelta(seconds=1.9)) is None
    again = lease(store, now=NOW + timedelta(seconds=2))
    assert again and (again.id, again.attempts) == (before.id, 1)


def test_a_save_gives_the_lease_back(store: Store) -> None:
    keep(store, paper(policy="policy"))
    leased = lease(store)
    after = advance(leased, Event.DIGITIZED, NOW)
    store.write(lambda db: documents.save(db, leased, after, "worker", "digitized", {}))
    assert lease(store, "worker:2") == after


def test_leases_of_the_dead_are_given_back(store: Store) -> None:
    keep(store, paper())
    keep(store, paper())
    lease(store, "worker:77:0")
    other = lease(store, "import:1")
    store.write(lambda db: documents.end_leases(db, "worker:"))
    free = lease(store, "worker:78:0")
    assert free and free.id != other.id
    assert lease(store, "worker:78:1") is None


def test_only_leases_at_work_are_prolonged(store: Store) -> None:
    keep(store, paper())
    keep(store, paper())
    busy, forgotten = lease(store, "worker:1:0"), lease(store, "worker:1:1")
    later = NOW + timedelta(seconds=50)
    store.write(lambda db: documents.renew(db, "worker:1", later + MINUTE, [busy.id]))
    free = lease(store, "worker:2", NOW + timedelta(seconds=61))
    assert free and free.id == forgotten.id
    assert lease(store, "worker:2", NOW + timedelta(seconds=61)) is None


def test_four_threads_and_two_processes_never_share_a_paper(store: Store, ground) -> None:  # type: ignore[no-untyped-def]
    ids = [keep(store, paper()).id for _ in range(24)]
    answers = PROCESSES.Queue()
    workers = [PROCESSES.Process(target=lease_all, args=(ground, f"worker:{n}", answers)) for n in (101, 102)]
    got: list[str] = []
    # The children find a paper each to begin with; the threads share the store of this process.
    threads = [threading.Thread(target=_lease_some, args=(store, f"worker:1:{n}", got)) for n in range(4)]
    for worker in [*workers, *threads]:
        worker.start()
    for thread in threads:
        thread.join()
    ended = 0
    while ended < len(workers):
        answer = answers.get(timeout=30)
        ended += answer is None
        got += [answer] if answer else []
    for process in workers:
        process.join(10)
    assert Counter(got) == Counter(ids)


def _lease_some(store: Store, owner: str, got: list[str]) -> None:
    while one := lease(store, owner, steps=[Step.DIGITIZE]):
        got.append(one.id)


# --- what must be there ----------------------------------------------------------------------------------------------


def test_every_blob_of_a_living_paper_is_referenced(store: Store) -> None:
    kept = keep(store, in_state(State.QUEUED, kind=Kind.OUTGOING))
    assert store.read(documents.referenced_digests) == kept.digests
    assert len(kept.digests) == 4


def test_the_original_of_a_wiped_secret_is_not_missed(store: Store) -> None:
    same = "a" * 64
    keep(store, in_state(State.DISCARDED, original_sha256=same, id="old"))
    keep(store, paper(state=State.DISCARDED, reason_code="secret", original_sha256=same, id="secret"))
    assert same not in store.read(documents.referenced_digests)
    keep(store, paper(original_sha256=same, id="came again"))
    assert same in store.read(documents.referenced_digests)


def test_a_store_opens_where_the_path_is_awkward(tmp_path) -> None:  # type: ignore[no-untyped-def]
    root = tmp_path / "Ủy ban #1? 100%"
    opened = open_store(root / "box.db", root / "blobs")
    kept = keep(opened, paper())
    assert loaded(opened, kept.id) == kept
    opened.close()
