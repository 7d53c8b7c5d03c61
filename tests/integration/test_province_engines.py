"""One suite for every pair of engines that may hold the province's rows and bytes (issue: "Engines behind ports")."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.protocol.account import Account, CaseState, CaseWord, Docket, code_digest
from sync.province.alerting import Acknowledgement, Silence
from sync.province.overview import as_facts, survey
from sync.province.people.rows import People
from sync.province.people.rules import Role
from sync.province.store import (
    STAMP_WITHIN,
    Backlog,
    BadEngines,
    Box,
    Engines,
    NewerDatabase,
    OutOfStep,
    Presence,
    Proof,
    ProvinceStore,
    Receipt,
    Refusal,
    StoredDocument,
    Transfer,
)
from sync.province.store.account_rows import AccountRows, CaseAt
from sync.province.store.alert_rows import AlertRows
from sync.province.store.digest_rows import DigestRows, Down
from sync.province.store.engines import load, save
from sync.province.store.expected import PROFILE, Expected
from sync.province.store.fleet_rows import TURNS_KEPT_SECONDS
from sync.province.store.following import Followed
from sync.province.store.lookup import Lookup, Wanted
from sync.province.store.outgoing import Outgoing, SentBefore
from sync.province.store.samples import COARSE, FINE, KEPT, Sample
from sync.province.store.tallies import day_of
from sync.province.watching import look, watch
from tests.fixtures_engines import every_pair

BOX, OTHER = "commune-27007", "commune-00001"
CONTENT = b"%PDF-1.7 " + os.urandom(70_000)
SHA = hashlib.sha256(CONTENT).hexdigest()
NOW = 1_800_000_000.0
pytestmark = every_pair


class Site:
    """A folder whose store can be opened again and again."""

    def __init__(self, root: Path, engines: Engines) -> None:
        self.root = root
        root.mkdir()
        save(root, engines)
        self.stores: list[ProvinceStore] = []

    def open(self) -> ProvinceStore:
        """Open it once more, as another process would."""
        self.stores.append(ProvinceStore(self.root))
        return self.stores[-1]


@pytest.fixture
def site(tmp_path: Path, engines: Engines) -> Iterator[Site]:
    made = Site(tmp_path / "store", engines)
    yield made
    for store in made.stores:
        store.close()


@pytest.fixture
def store(site: Site) -> ProvinceStore:
    made = site.open()
    for box in (BOX, OTHER):
        made.fleet.enrol(Box(box, "UBND xã Tân Phú", bytes(32), "ab", NOW))
    return made


def receipt(
    rid: int, tid: str = "11" * 8, previous: bytes = bytes(32), result: str = "stored", box: str = BOX
) -> Receipt:
    cose = f"receipt {rid}".encode()
    return Receipt(
        rid, box, tid, hashlib.sha256(tid.encode()).digest(), f"doc-{tid}", SHA, len(CONTENT), rid, result, "", NOW,
        previous, hashlib.sha256(cose).digest(), cose,
    )  # fmt: skip


def document(rid: int, tid: str = "11" * 8, box: str = BOX, received_at: float = NOW) -> StoredDocument:
    meta = {"subject": "Về việc đó 😀", "odd": "a\0b"}
    return StoredDocument(
        box, f"doc-{tid}", tid, SHA, len(CONTENT), rid, "outgoing", "application/pdf", meta, {"verdict": "valid"},
        b"\0envelope\xff", received_at, rid,
    )  # fmt: skip


def transfer(tid: str = "11" * 8, box: str = BOX) -> Transfer:
    return Transfer(box, tid, f"doc-{tid}", SHA, len(CONTENT), 1, "outgoing", b"m", b"e", (), 0, NOW, NOW)


def write_part(store: ProvinceStore, tid: str = "11" * 8, content: bytes = CONTENT) -> Path:
    key = (BOX, tid)
    store.parts.write(key, 0, content)
    store.parts.flush([key])
    store.parts.close(key)
    return store.parts.path(key)


def test_everything_is_there_after_reopening(site: Site, store: ProvinceStore) -> None:
    key = (BOX, "11" * 8)
    store.transfers.open(transfer())
    write_part(store)
    store.transfers.save_intervals({key: ((0, 5), (7, 16))}, NOW)
    store.fleet.note_presence(Presence(BOX, True, NOW, NOW, 3, 900, NOW - 60, 0.5, 10**10, "0.1"))
    epoch = store.epoch()
    store.close()
    again = site.open()
    box, tid = key
    assert again.transfers.alike(box, tid[:4]) == [tid]
    assert again.transfers.alike(box, "0000") == again.transfers.alike("commune-99999", tid[:4]) == []
    found = again.transfers.find(key)
    assert found is not None
    assert (found.intervals, found.manifest, found.opened_at) == (((0, 5), (7, 16)), b"m", NOW)
    presence = again.fleet.presences()[BOX]
    assert (presence.waiting, presence.disk_free, presence.online, presence.clock_skew) == (3, 10**10, True, 0.5)
    assert again.fleet.changes_of_link(BOX, 0) == [(NOW, True)]
    assert again.epoch() == epoch > 0
    assert again.connection.check() == "ok"
    assert again.recover() == []


def test_an_answer_ends_the_transfer_in_the_same_transaction(store: ProvinceStore) -> None:
    store.transfers.open(transfer())
    store.answers.commit(receipt(1), document(1))
    assert store.transfers.every() == []
    held = store.reading.document("doc-" + "11" * 8)
    assert held is not None
    assert (held.commune, held.envelope, held.rid) == ("UBND xã Tân Phú", b"\0envelope\xff", 1)
    assert held.meta == {"subject": "Về việc đó 😀", "odd": "a\0b"}
    assert store.answers.answer(BOX, "11" * 8, hashlib.sha256(b"11" * 8).digest()) == b"receipt 1"
    assert store.answers.last_receipt(BOX) == b"receipt 1"
    assert store.answers.stored(BOX, "11" * 8)
    assert store.answers.stored_digest(BOX, held.document_id) == SHA
    assert store.reading.document(SHA[:12]) == held
    assert store.reading.digests() == {SHA: len(CONTENT)}
    assert store.reading.documents(before_rid=1) == []
    counts = store.reading.counts(NOW - 1)[BOX]
    assert (counts["refused"], counts["transfers"], counts["last_rid"]) == (0, 0, 1)
    tally = store.tallies.sums()[BOX]
    assert (tally.stored, tally.bytes, tally.took_count, tally.within_hour) == (1, len(CONTENT), 1, 1)
    assert all(value is None or type(value) in (int, float) for value in dataclasses.asdict(tally).values()), (
        "plain numbers"
    )
    assert all(value is None or type(value) in (int, float, str) for value in counts.values()), "plain numbers"
    assert store.reading.sent_by(BOX, SHA)
    assert not store.reading.sent_by(OTHER, SHA)


def test_an_answer_is_kept_whole_or_not_at_all(store: ProvinceStore) -> None:
    store.answers.commit(receipt(1), document(1))
    store.transfers.open(transfer("22" * 8))
    first = store.reading.receipt(1)
    assert first is not None
    with pytest.raises(sqlite3.IntegrityError):  # a second document row under the same id
        store.answers.commit(receipt(2, "22" * 8, first.digest), document(2))
    assert [kept.rid for kept in store.reading.receipts()] == [1]
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
    with pytest.raises((OutOfStep, sqlite3.IntegrityError)):  # another box's number
        store.answers.commit(receipt(5, "33" * 8, box=OTHER))
    with pytest.raises(sqlite3.IntegrityError):  # nobody enrolled it
        store.answers.commit(receipt(9, "33" * 8, box="commune-99999"))
    assert [kept.rid for kept in store.reading.chain(BOX)] == [5]


def test_the_next_number_is_greater_than_any_given(store: ProvinceStore) -> None:
    first = store.answers.last_number() + 1
    store.answers.commit(receipt(first), document(first))
    assert store.answers.last_number() >= first


def test_a_refusal_keeps_identity_and_reason_only(store: ProvinceStore) -> None:
    store.transfers.open(transfer())
    refusal = Refusal(BOX, "doc-1", SHA, "secret", "Văn bản có dấu chỉ độ mật", NOW, 1)
    store.answers.commit(receipt(1, result="refused"), None, refusal)
    assert store.reading.refusals(BOX) == [refusal]
    assert store.reading.documents() == []
    assert not store.answers.stored(BOX, "11" * 8)
    counts = store.reading.counts(NOW - 1)
    assert (counts[BOX]["refused"], counts[BOX]["code"], counts[OTHER]["last_rid"]) == (1, "secret", None)
    assert (store.tallies.sums()[BOX].refused, store.tallies.sums()[BOX].stored) == (1, 0)


def test_a_repeated_offer_keeps_the_intervals_and_a_restart_forgets_them(store: ProvinceStore) -> None:
    key = (BOX, "11" * 8)
    store.transfers.open(transfer())
    store.transfers.save_intervals({key: ((0, 9),)}, NOW)
    store.transfers.postpone(key, NOW + 5, "no\0command")
    store.transfers.open(transfer())
    held = store.transfers.find(key)
    assert held and (held.intervals, held.attempts, held.next_check_at) == (((0, 9),), 1, NOW + 5)
    store.transfers.restart(key, 2)
    held = store.transfers.find(key)
    assert held and (held.intervals, held.resets, held.last_error) == ((), 2, "")


def test_presence_and_observations(store: ProvinceStore) -> None:
    store.fleet.note_presence(Presence(BOX, True, NOW, NOW, 3, 900, NOW - 60, 0.5, 10**9, "0.1", {"boot_sequence": 4}))
    store.fleet.note_gone(BOX, NOW + 100)
    gone = store.fleet.presences()[BOX]
    assert (gone.online, gone.waiting, gone.last_seen, gone.changed_at) == (False, 3, NOW, NOW + 100)
    store.fleet.note_presence(Presence(BOX, True, NOW - 500, NOW - 500))  # an old retained message
    assert store.fleet.presences()[BOX].last_seen == NOW
    store.fleet.touch(BOX, NOW + 200)
    store.fleet.touch(OTHER, NOW)
    assert store.fleet.presences()[BOX].last_seen == NOW + 200
    for _ in range(3):
        store.fleet.observe("", "malformed", "topic \ud800", NOW)
    (noticed,) = store.fleet.observations()
    assert (noticed.code, noticed.count) == ("malformed", 3)
    assert store.fleet.revoke(BOX, NOW)
    assert not store.fleet.revoke("commune-99999", NOW)
    assert [box.revoked_at for box in store.fleet.boxes()] == [None, NOW]


def test_long_term_proof(store: ProvinceStore) -> None:
    store.answers.commit(receipt(1), document(1))
    wanting = store.proofs.wanting(NOW)
    assert wanting is not None and (wanting.sha256, wanting.better) == (SHA, False)
    store.proofs.failed(wanting, "tsa-away", NOW + 60, NOW)
    assert store.proofs.wanting(NOW + 30) is None
    assert store.proofs.backlog(NOW + 30) == Backlog(1, 0, 0, 0, NOW + STAMP_WITHIN)
    again = store.proofs.wanting(NOW + 61)
    assert again is not None and again.attempts == 1
    store.proofs.raised(again, Proof("B-T", "cd" * 32, 9, NOW + 100, NOW + 200, NOW + 300))
    assert store.proofs.best(BOX, "doc-" + "11" * 8) == ("B-T", "cd" * 32)
    assert store.proofs.levels() == {"B-T": 1}
    raised = store.proofs.wanting(NOW + 101)
    assert raised is not None and (raised.sha256, raised.better, raised.attempts) == ("cd" * 32, True, 0)
    assert store.proofs.backlog(NOW + 50) == Backlog(0, 0, 0, 0, None)
    assert store.proofs.backlog(NOW + 250) == Backlog(1, 1, 1, 0, NOW + 200)
    assert store.proofs.backlog(NOW + 300) == Backlog(0, 0, 0, 1, None)
    store.proofs.failed(raised, "evidence-revoked", None, NOW + 250)
    assert store.proofs.backlog(NOW + 250).lost == 1


def test_pages_and_commands_say_the_same(store: ProvinceStore) -> None:
    store.answers.commit(receipt(1), document(1, received_at=NOW))
    store.fleet.note_presence(Presence(BOX, True, NOW, NOW, 3, 900, NOW - 60, 0.5, 10**10, "0.1"))
    fleet = survey(store, NOW + 5)
    told = {facts["box"]: facts for facts in json.loads(json.dumps([as_facts(view, NOW + 5) for view in fleet.boxes]))}
    assert (told[BOX]["documents"], told[BOX]["online"], told[OTHER]["documents"]) == (1, True, 0)


def test_what_goes_down_to_boxes(store: ProvinceStore) -> None:
    outgoing = Outgoing(store)
    sent = outgoing.queue_all((BOX, OTHER), "down-1", SHA, 9, 3, {"subject": "Công văn"}, NOW)
    outgoing.queue(BOX, "down-2", SHA, 9, 0, {}, NOW)
    assert [document.sequence for document in sent] == [1, 1]
    with pytest.raises(SentBefore):
        outgoing.queue_all((OTHER, BOX), "down-2", SHA, 9, 0, {}, NOW)
    assert [document.document_id for document in outgoing.waiting(OTHER, 5)] == ["down-1"], "for all or for none"
    assert [document.document_id for document in outgoing.waiting(BOX, 5)] == ["down-1", "down-2"]
    assert outgoing.answered(BOX, "down-1", "accepted", b"receipt", NOW)
    assert not outgoing.answered(BOX, "down-1", "refused", b"other", NOW)
    (kept,) = outgoing.find("down-1", BOX)
    assert (kept.answer, kept.receipt, kept.meta) == ("accepted", b"receipt", {"subject": "Công văn"})
    assert sorted(outgoing.boxes_waiting()) == [OTHER, BOX]


def test_a_part_becomes_a_blob_and_doing_it_again_changes_nothing(site: Site, store: ProvinceStore) -> None:
    part = write_part(store)
    for _ in range(2):
        assert store.blobs.adopt(part, SHA).read_bytes() == CONTENT
    assert list(store.parts.every()) == []
    assert store.blobs.holds(SHA)
    assert list(site.open().blobs.every()) == [SHA]
    assert store.blobs.measured(SHA) == (SHA, len(CONTENT))
    with pytest.raises(FileNotFoundError):
        store.blobs.adopt(part, "0" * 64)
    with pytest.raises(FileNotFoundError):
        store.blobs.fetch("0" * 64)
    with pytest.raises(FileNotFoundError):
        store.blobs.measured("0" * 64)
    assert not store.blobs.path("0" * 64).exists()
    store.blobs.remove(SHA)
    assert (store.blobs.holds(SHA), list(store.blobs.every())) == (False, [])


def test_blobs_and_proofs_are_apart(store: ProvinceStore) -> None:
    store.better.adopt(write_part(store), SHA)
    assert not store.blobs.holds(SHA)
    assert list(store.better.every()) == [SHA]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "ab" * 31, "AB" * 32])
def test_only_digests_become_names(store: ProvinceStore, name: str) -> None:
    for ask in (store.blobs.path, store.blobs.fetch, store.blobs.holds, store.blobs.remove, store.blobs.measured):
        with pytest.raises(ValueError, match="sha256"):
            ask(name)


def test_the_earlier_version_of_a_document_is_at_hand(site: Site, store: ProvinceStore) -> None:
    store.blobs.adopt(write_part(store), SHA)
    store.answers.commit(receipt(1), document(1))
    again = site.open()
    held = again.base(BOX, SHA, len(CONTENT))
    assert held is not None and held.read_bytes() == CONTENT
    assert again.base(BOX, SHA, len(CONTENT) - 1) is None
    assert again.base(OTHER, SHA, len(CONTENT)) is None


def test_recovery_puts_files_and_rows_in_step(store: ProvinceStore) -> None:
    known, lost = (BOX, "11" * 8), (BOX, "22" * 8)
    for key in (known, lost):
        store.transfers.open(transfer(key[1]))
    store.transfers.save_intervals({known: ((0, 16),), lost: ((0, 4),)}, NOW)
    write_part(store)
    write_part(store, "33" * 8)
    assert store.recover() == [lost]
    assert list(store.parts.every()) == [known]
    found = store.transfers.find(lost)
    assert found is not None
    assert found.intervals == ()


def test_a_kill_between_the_blob_and_its_row_loses_nothing(site: Site, store: ProvinceStore) -> None:
    key = (BOX, "11" * 8)
    store.transfers.open(transfer())
    store.transfers.save_intervals({key: ((0, len(CONTENT)),)}, NOW)
    store.blobs.adopt(write_part(store), SHA)
    store.close()
    again = site.open()
    assert again.recover() == []
    assert again.blobs.path(SHA).read_bytes() == CONTENT, "there to be checked and answered"


def test_a_newer_database_is_not_opened(site: Site, store: ProvinceStore) -> None:
    with store.connection.writing() as raw:
        raw.execute("INSERT INTO migrations VALUES ('9999-later', 0)")
    store.close()
    with pytest.raises(NewerDatabase, match="9999-later"):
        site.open()


def test_every_table_is_known_by_name(store: ProvinceStore) -> None:
    names = store.connection.tables()
    assert {"boxes", "transfers", "receipts", "documents", "refusals", "proofs", "epochs"} <= set(names)
    assert names.index("boxes") < names.index("receipts") < names.index("documents") < names.index("proofs")
    assert all(store.connection.rows(f"SELECT * FROM {name} LIMIT 1") is not None for name in names)


def test_the_change_mark_moves_with_a_commit_and_rests_without(site: Site, store: ProvinceStore) -> None:
    other = site.open()
    before = other.connection.change_mark()
    assert other.connection.change_mark() == before
    store.fleet.observe(BOX, "malformed", "x", NOW)
    after = other.connection.change_mark()
    assert after != before
    assert other.connection.change_mark() == after


def test_two_processes_may_write_at_once(site: Site, store: ProvinceStore) -> None:
    stores, failures = [store, site.open()], []
    assert stores[0].epoch() == stores[1].epoch()

    def write(of: ProvinceStore) -> None:
        try:
            for number in range(25):
                of.fleet.observe(BOX, "malformed", "x", NOW + number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(of,)) for of in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stores[0].fleet.observations()[0].count == 50


def test_the_folder_says_which_engines_it_uses(site: Site, store: ProvinceStore, engines: Engines) -> None:
    assert load(site.root) == store.engines == engines
    (site.root / "engines.toml").write_text("rows = 'sqlite'\nblobz = 'folder'\n")
    with pytest.raises(BadEngines, match="blobz"):
        site.open()


def test_signs_of_life_are_thinned_and_the_worst_is_kept(store: ProvinceStore) -> None:
    begin = NOW - NOW % COARSE
    for minute, waiting in ((0, 3), (5, 9), (10, 1), (20, 2)):
        at = begin + 60 * minute
        oldest = at - 100 * waiting
        free = 10**9 - minute
        store.fleet.note_presence(
            Presence(BOX, True, at, at, waiting, 0, oldest, 0.5 * minute, free, "", {"scanned": minute})
        )
    assert store.samples.of_box(BOX, begin) == [
        Sample(begin, FINE, 9, 900, 10**9 - 10, 5.0, 10, 3),
        Sample(begin + FINE, FINE, 2, 200, 10**9 - 20, 10.0, 20, 1),
    ]
    (coarse,) = store.samples.of_box(BOX, begin, COARSE)
    assert (coarse.waiting, coarse.heard, coarse.disk_free) == (9, 4, 10**9 - 20)
    later = begin + KEPT[FINE] + FINE
    store.fleet.note_presence(Presence(BOX, True, later, later))
    assert [s.at for s in store.samples.of_box(BOX, 0)] == [begin + FINE, later], "a week of the fine ones"
    assert [s.at for s in store.samples.of_box(BOX, 0, COARSE)] == [begin, later - later % COARSE]


def test_a_link_that_came_and_went_is_remembered(store: ProvinceStore) -> None:
    for step, online in enumerate((True, True, False, True)):
        if online:
            store.fleet.note_presence(Presence(BOX, True, NOW + step, NOW + step, 3))
        else:
            store.fleet.note_gone(BOX, NOW + step)
            store.fleet.note_gone(BOX, NOW + step + 0.5)
    assert store.fleet.changes_of_link(BOX, 0) == [(NOW, True), (NOW + 2, False), (NOW + 3, True)]
    assert store.fleet.changes_of_link(BOX, NOW + 2.5) == [(NOW + 2, False), (NOW + 3, True)], "and how it was before"
    turns = store.connection.rows("SELECT at FROM heartbeats WHERE box = ? ORDER BY at", (BOX,))
    assert [row["at"] for row in turns] == [NOW, NOW + 2, NOW + 3], "a row for each turn, not for each sign of life"
    late = NOW + TURNS_KEPT_SECONDS + 100
    store.fleet.note_presence(Presence(BOX, True, late, late, 3))
    assert store.fleet.changes_of_link(BOX, 0) == [(NOW + 3, True)], "the week begins with the last turn before it"


def test_answers_are_counted_by_day_and_missing_numbers_followed(site: Site, store: ProvinceStore) -> None:
    previous = bytes(32)
    for rid, tid in ((1, "11" * 8), (2, "22" * 8), (5, "33" * 8)):
        made = receipt(rid, tid, previous)
        store.answers.commit(made, document(rid, tid))
        previous = made.digest
    today = day_of(NOW)
    assert store.tallies.sums(today, today)[BOX].stored == 3
    assert store.tallies.sums(today + 1) == {}
    followed = Followed(store.connection)
    assert sorted(followed.look()[BOX].missing) == [3, 4]
    followed.keep()
    late = dataclasses.replace(receipt(6, "44" * 8, previous), sequence=3)
    store.answers.commit(late, document(6, "44" * 8))
    again = Followed(site.open().connection)
    assert sorted(again.look()[BOX].missing) == [4], "goes on from what was kept"
    view = next(view for view in survey(store, NOW + 5).boxes if view.box.box == BOX)
    assert ("missing-numbers", 1) in [(found.code, found.params.get("count")) for found in view.findings]
    assert (view.documents, view.today) == (4, 4)


def test_people_sessions_and_deeds(site: Site, store: ProvinceStore) -> None:
    people = People(store.connection)
    assert people.add("lan", "Trần Thị Lan", Role.VAN_HANH, "phc", NOW)
    assert not people.add("lan", "Khác", Role.GIAM_SAT, "phc", NOW)
    people.begin("s" * 43, "lan", NOW)
    again = People(site.open().connection)
    session = again.session("s" * 43)
    assert session is not None
    assert (session.person.role, session.person.blocked, session.begun_at) == (Role.VAN_HANH, False, NOW)
    again.note_wrong("lan", 5, NOW + 60, NOW)
    again.note_wrong("khong.co", 1, 0.0, NOW)
    assert people.wrong("lan") == (5, NOW + 60)
    again.note_wrong("lan", 6, NOW + 120, NOW + 5000)
    assert people.wrong("khong.co") == (0, 0.0), "a name of nobody is forgotten sooner"
    for number in range(3):
        people.note_deed("lan", "silenced", BOX, f"{number}", NOW + number)
    assert [deed.detail for deed in again.deeds(BOX)] == ["2", "1", "0"]
    assert people.set_blocked("lan", True, NOW)
    assert again.session("s" * 43) is None
    assert again.every()[0].blocked


def test_alerts_begin_are_taken_on_and_end(site: Site, store: ProvinceStore) -> None:
    rows = AlertRows(store.connection)
    store.fleet.note_presence(Presence(BOX, True, NOW, NOW, 3, 9, NOW - 6 * 3600))
    for _ in range(2):
        watch(store, look(store, NOW), NOW)
    alert = next(one for one in rows.standing() if one.box == BOX)
    assert (alert.code, alert.since, alert.params["count"]) == ("waiting-long", NOW, 3)
    rows.acknowledge(Acknowledgement(alert.number, alert.gravity, "lan", "đã gọi", NOW, NOW + 60))
    rows.silence(Silence("", "never-seen", "lan", "mới", NOW, NOW + 60))
    quiet = {view.box.box: view.quiet for view in look(site.open(), NOW + 5).boxes}
    assert quiet == {BOX: {"waiting-long", "never-seen"}, OTHER: {"never-seen"}}
    assert rows.end_silence(rows.silences(NOW)[0].number, NOW + 6)
    store.fleet.note_presence(Presence(BOX, True, NOW + 900, NOW + 900))
    watch(store, look(store, NOW + 900), NOW + 900)
    assert [one.number for one in rows.ended(NOW)] == [alert.number]
    assert [code for code, _ in rows.acknowledgements_of_box(BOX, NOW)] == ["waiting-long"]


def test_papers_are_looked_up(site: Site, store: ProvinceStore) -> None:
    held = dataclasses.replace(document(1), meta={"code": "215/UBND-LĐTBXH"})
    store.answers.commit(receipt(1), held)
    assert Lookup(store.connection).follow() == 1
    lookup = Lookup(site.open().connection)
    assert lookup.follow() == 0
    for wanted in (Wanted(code="215/ubnd"), Wanted(code="ldtb"), Wanted(digest=SHA[:8]), Wanted(box=BOX, since=NOW)):
        assert [found.rid for found in lookup.find(wanted)] == [1], wanted
    assert lookup.find(Wanted(code="215", until=NOW)) == []
    previous = hashlib.sha256(b"receipt 1").digest()
    for rid in (9, 8) if store.connection.shared else (8, 9):  # where several write, numbers become visible out of turn
        tid = f"{rid:016x}"
        made = receipt(rid, tid, previous, box=BOX if rid == 8 else OTHER)
        store.answers.commit(made, document(rid, tid, made.box))
        assert lookup.follow() == 1, rid


def test_a_survey_asks_as_often_for_many_boxes_as_for_few(
    store: ProvinceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("rows", "row"):
        real = getattr(store.connection, name)
        monkeypatch.setattr(store.connection, name, lambda sql, *v, real=real: (asked.append(sql), real(sql, *v))[1])
    look(store, NOW)
    few = len(asked)
    for number in range(40):
        store.fleet.enrol(Box(f"commune-{number + 100:05}", "UBND xã", bytes(32), "ab", NOW))
    asked.clear()
    assert len(look(store, NOW).boxes) == 42
    assert len(asked) == few < 24


def test_what_offices_tell_is_kept_newest_first_and_a_digest_as_it_was_told(site: Site, store: ProvinceStore) -> None:
    rows, code = AccountRows(store.connection), code_digest("27007.261104.K7Q4M9")
    for wall, count in ((100, 1), (300, 3), (200, 2)):
        rows.note(BOX, Account(BOX, wall, "2026", {"in.total": count}), NOW)
        rows.note(BOX, Docket(BOX, wall, (CaseWord(code, CaseState(count), 20_000 + count),)), NOW)
    rows.note(OTHER, Account(OTHER, 100, "2026-11", {}), NOW)
    again = AccountRows(site.open().connection)
    assert {box: told.figures for box, told in again.of_period("2026").items()} == {BOX: {"in.total": 3}}
    assert again.of_period("2026", OTHER) == {}
    assert again.case(BOX, code) == CaseAt(CaseState.RETURNED, 20_003, 0)
    assert again.sent() == {BOX: (0, 0)}
    rows.note(BOX, Account(BOX, 100, "2027", {"sent.total": 7, "sent.waiting": 2}), NOW)
    assert again.sent() == {BOX: (7, 2)}, "of the latest year that a box speaks of"
    digests = DigestRows(store.connection)
    assert digests.keep(20_000, NOW, [(BOX, {"stored": 3}), (OTHER, {"stored": 0})]) == 2
    assert digests.keep(20_000, NOW, [(BOX, {"stored": 9})]) == 0
    assert digests.of_week(20_000, BOX) == {BOX: {"stored": 3}}
    down = Outgoing(store)
    down.queue(BOX, "a", "ab" * 32, 9, 0, {}, NOW)
    down.answered(BOX, "a", "accepted", b"r", NOW + 5)
    assert digests.down(NOW, NOW + 10) == {BOX: Down(1, 1, 0)}
    assert digests.down(NOW + 1, NOW + 10) == {BOX: Down(0, 1, 0)}
    assert digests.refused(0, NOW) == digests.alerts(0, NOW) == {}
    Expected(store.connection).say(PROFILE, "ab", "lan", NOW)
    Expected(store.connection).say(PROFILE, "cd", "lan", NOW)
    assert Expected(site.open().connection).value(PROFILE) == "cd"
