"""Both ends on one hostile wire: accepted at most once, a receipt means durable and identical, progress when kind."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.protocol.chunk import Chunk
from sync.protocol.messages import Have, ProvinceState, Query
from sync.protocol.records import CheckOutcome, ProvinceLimits, Verdict
from sync.protocol.topics import Kind, parse
from sync.wire_identity import SigningKey
from tests.fakes.province_store import FakeProvinceStore
from tests.fakes.sync_pair import Died, SyncPair, delivered

DEVICE, RECEIPT = SigningKey.generate(), SigningKey.generate()
SMALL = ProvinceLimits(have_bytes=6000, credit=20_000)


def paper(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def pair(limits: ProvinceLimits | None = None) -> SyncPair:
    return SyncPair(DEVICE, RECEIPT, limits)


ACTIONS = st.one_of(
    st.tuples(st.just("chunk")),
    st.tuples(st.just("chunk")),
    st.tuples(st.sampled_from(["up", "down"]), st.booleans(), st.booleans(), st.integers(0, 3)),
    st.tuples(st.sampled_from(["up", "down"]), st.just(False), st.just(False), st.just(0)),
    st.tuples(st.just("go"), st.integers(1, 3)),
    st.tuples(st.just("go"), st.integers(1, 3)),
    st.tuples(st.just("check")),
    st.tuples(st.just("time"), st.sampled_from([0.1, 1.1, 9.0, 130.0])),
    st.tuples(st.just("connect"), st.booleans()),
    st.tuples(st.just("restart"), st.sampled_from(["box", "province"])),
    st.tuples(st.just("die"), st.sampled_from(["box", "province"]), st.integers(0, 3)),
    st.tuples(st.just("add"), st.integers(1, 30_000), st.integers(0, 3)),
)  # fmt: skip


def act(pair: SyncPair, action: tuple) -> None:  # type: ignore[type-arg]
    match action:
        case ("chunk",):
            pair.send_chunk()
        case ("up", lose, repeat, index):
            pair.province_hears(lose, repeat, index)
        case ("down", lose, repeat, index):
            pair.box_hears(lose, repeat, index)
        case ("go", rounds):
            for _ in range(rounds):
                pair.box_hears()
                pair.send_chunk()
                pair.province_hears()
        case ("check",):
            pair.check()
        case ("time", seconds):
            pair.pass_time(seconds)
        case ("connect", lose):
            pair.connect(lose)
        case ("restart", "box"):
            pair.box_starts()
        case ("restart", "province"):
            pair.province_starts()
        case ("die", end, after):
            pair.die_after[end] = after
        case ("add", size, priority):
            number = len(pair.contents)
            if number < 4:
                pair.add(f"doc-{number}", paper(size, number), priority)


def guarded(pair: SyncPair, action: tuple) -> None:  # type: ignore[type-arg]
    """Do it; an end that dies on the way starts again."""
    try:
        act(pair, action)
    except Died as death:
        pair.die_after.clear()
        if death.args[0] == "box":
            pair.box_starts()
        else:
            pair.province_starts()


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=60))
def test_whatever_happens_on_the_wire_each_paper_arrives_once_and_whole(actions: list) -> None:  # type: ignore[type-arg]
    wire = pair(SMALL)
    wire.add("first", paper(25_000, 99))
    wire.connect()
    for action in actions:
        guarded(wire, action)
        wire.assert_promise()
    wire.settle()
    wire.assert_promise()
    assert delivered(wire, wire.contents)
    assert sorted(wire.store.files.values()) == sorted(wire.contents.values())


@pytest.mark.parametrize("end", ["box", "province"])
def test_death_after_every_single_change_loses_nothing(end: str) -> None:
    """The crash matrix: cut the runner after change n, for every n there is, reopen, finish."""
    for after in range(200):
        wire = pair(SMALL)
        wire.add("a", paper(15_000), 0)
        wire.die_after[end] = after
        died = False
        try:
            _kind_run(wire)
        except Died:
            died = True
            wire.box_starts() if end == "box" else wire.province_starts()
        wire.settle()
        wire.assert_promise()
        assert delivered(wire, ["a"])
        if not died:
            assert after > 3
            return
    raise AssertionError("it died 200 times")


def _kind_run(wire: SyncPair) -> None:
    wire.connect()
    for _ in range(200):
        wire.send_chunk()
        while wire.up:
            wire.province_hears()
        while wire.store.checks:
            wire.check()
        while wire.down:
            wire.box_hears()
        wire.pass_time(0.3)
        if not wire.outbox.pending(1):
            return


def test_after_a_reconnect_only_what_the_province_lacks_travels() -> None:
    wire = pair(ProvinceLimits(have_bytes=16 * 1024))
    wire.add("a", paper(300_000))
    wire.connect()
    for _ in range(40):
        wire.box_hears()
        wire.send_chunk()
        wire.province_hears()
        wire.pass_time(0.05)
        if wire.store.bytes_written > 150_000:
            break
    before = wire.store.bytes_written
    held = sum(stop - start for part in wire.store.parts.values() for start, stop in part.ranges)
    assert held > 100_000
    wire.settle()
    assert delivered(wire, ["a"])
    lost = before - held
    assert wire.store.bytes_written <= 300_000 + lost, "bytes sent again that were durable already"


def test_hoa_toc_goes_between_two_chunks_of_anything() -> None:
    wire = pair()
    wire.add("bulk", paper(400_000, 1), 0)
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    wire.box_hears()
    assert wire.send_chunk()
    wire.add("urgent", paper(2_000, 2), 3)
    topics = []
    for _ in range(6):
        wire.province_hears()
        wire.box_hears()
        wire.pass_time(0.05)
        before = len(wire.up)
        wire.send_chunk()
        topics += [parse(message.topic).kind for _, message in list(wire.up)[before:]]
    assert Kind.EXPRESS in topics
    assert topics.index(Kind.EXPRESS) <= 3
    wire.settle()
    order = [call for call in wire.outbox.calls if call.startswith("accepted")]
    assert order == ["accepted urgent", "accepted bulk"]


def test_stored_bytes_are_not_sent_twice_for_a_new_offer_of_the_same_document() -> None:
    """Same document, same bytes, queued again: receipt `duplicate` for the new manifest, no chunk travels."""
    wire = pair()
    content = paper(9_000)
    wire.add("a", content)
    wire.settle()
    sent = wire.store.bytes_written
    wire.add("a", content)
    wire.outbox.receipts.clear()
    wire.settle()
    assert delivered(wire, ["a"])
    assert wire.store.bytes_written == sent
    assert len(wire.store.files) == 1


def test_refusal_reaches_the_box_with_its_reason_and_stays_the_same() -> None:
    wire = pair()
    wire.store.verdict = CheckOutcome(Verdict.REFUSE, "bad-signature", "Chữ ký của cơ quan không hợp lệ.")
    wire.add("a", paper(5_000))
    wire.settle()
    code, text, first = wire.outbox.refusals["a"]
    assert (code, text) == ("bad-signature", "Chữ ký của cơ quan không hợp lệ.")
    assert not wire.store.files
    assert wire.store.chain["commune-00001"] == [first]


def refused_first(wire: SyncPair, content: bytes) -> None:
    """The province refused a version of the paper; `bytes_written` counts from here."""
    wire.store.verdict = CheckOutcome(Verdict.REFUSE, "signature-invalid", "Chữ ký số không hợp lệ.")
    wire.add("a", content)
    wire.settle()
    assert "a" in wire.outbox.refusals
    wire.store.verdict = CheckOutcome(Verdict.ACCEPT)
    wire.store.bytes_written = 0


def test_of_a_revision_only_the_tail_travels() -> None:
    """PROTOCOL.md 5.2 rule 2: an incremental update begins with the bytes that the province has."""
    wire, scan = pair(), paper(300_000)
    refused_first(wire, scan)
    wire.add("a", scan + paper(4_000, 2), base=scan)
    wire.settle()
    wire.assert_promise()
    assert delivered(wire, ["a"])
    assert wire.store.bytes_written == 4_000


def test_what_was_refused_and_is_offered_again_does_not_travel_again() -> None:
    wire, scan = pair(), paper(30_000)
    refused_first(wire, scan)
    wire.add("a", scan)
    wire.settle()
    assert delivered(wire, ["a"]) and wire.store.bytes_written == 0
    assert list(wire.store.files.values()) == [scan]


@pytest.mark.parametrize("claim", ["not the beginning", "never sent", "of another box"])
def test_a_base_that_does_not_hold_costs_bytes_and_nothing_else(claim: str) -> None:
    wire, scan = pair(), paper(30_000)
    refused_first(wire, scan)
    whole = paper(20_000, 3) if claim == "not the beginning" else scan
    if claim == "of another box":
        kept = dict(wire.store.refused)
        wire.store.refused = {("commune-00002", tid): file for (_, tid), file in kept.items()}
    base = scan[:-1] if claim == "never sent" else scan
    wire.add("a", whole + paper(14_000, 2), base=base)
    wire.settle()
    wire.assert_promise()
    assert delivered(wire, ["a"])
    assert wire.store.bytes_written >= len(whole) + 14_000 - (4_000 if claim == "not the beginning" else 0)


def test_death_while_a_revision_begins_loses_nothing() -> None:
    for after in range(60):
        wire, scan = pair(SMALL), paper(15_000)
        refused_first(wire, scan)
        wire.add("a", scan + paper(3_000, 2), base=scan)
        wire.die_after["province"] = after
        try:
            _kind_run(wire)
        except Died:
            wire.province_starts()
            wire.settle()
            wire.assert_promise()
            assert delivered(wire, ["a"])
            continue
        assert after > 3
        return
    raise AssertionError("it died 60 times")


def test_damaged_bytes_are_asked_for_again_and_refused_the_third_time() -> None:
    wire = pair()
    wire.add("a", paper(5_000))
    wire.contents["a"] = paper(5_000, seed=2)  # what travels is not what the manifest says
    wire.settle()
    assert wire.outbox.refusals["a"][0] == "digest-mismatch"
    assert wire.store.bytes_written == 15_000
    assert not wire.store.files


def test_damage_that_happens_once_is_repaired() -> None:
    wire = pair()
    wire.add("a", paper(5_000))
    good = wire.contents["a"]
    wire.contents["a"] = paper(5_000, seed=2)
    wire.connect()
    for _ in range(10):
        wire.box_hears()
        wire.send_chunk()
        wire.province_hears()
        wire.check()
    wire.contents["a"] = good
    wire.settle()
    wire.assert_promise()
    assert delivered(wire, ["a"])


def test_a_silent_province_is_asked_ever_more_rarely_and_memory_stands_still() -> None:
    wire = pair()
    wire.add("a", paper(5_000))
    wire.box_starts()
    wire.connect()
    wire.box_hears()
    asked = 0
    for _ in range(3600):  # an hour of seconds, nobody answers
        wire.pass_time(1.0)
        asked += len(wire.up)
        wire.up.clear()
    assert 25 <= asked <= 40
    assert len(wire.box._transfers) == 1
    wire.settle()
    assert delivered(wire, ["a"])


def test_offline_the_box_does_nothing_at_all() -> None:
    wire = pair()
    for number in range(4):
        wire.add(f"d{number}", paper(4_000, number))
    for _ in range(500):
        wire.pass_time(60.0)
        assert not wire.send_chunk()
    assert not wire.up
    assert wire.box.on_tick(wire.now).deadline is None


def test_nothing_travels_while_the_receiver_is_away() -> None:
    wire = pair()
    wire.add("a", paper(5_000))
    wire.connect()
    wire.down.clear()
    away = wire.province.state(False, wire.now)
    wire.box_does(wire.box.on_message(away.topic, away.payload, wire.now))
    assert [parse(message.topic).kind for _, message in wire.up] == [Kind.MANIFEST], "the question of the connect"
    wire.up.clear()
    wire.pass_time(100.0)
    assert not wire.up
    assert not wire.send_chunk()


def connected_with_bulk() -> SyncPair:
    """A bulky paper is under way."""
    wire = pair()
    wire.add("bulk", paper(400_000, 1), 0)
    wire.connect()
    for _ in range(3):
        wire.box_hears()
        wire.province_hears()
    assert wire.send_chunk()
    return wire


def test_the_question_of_a_connect_does_not_wait_for_the_provinces_word_and_is_not_repeated_after_it() -> None:
    """PROTOCOL.md 5.1 rule 2: a round trip less at every reconnect; bytes of documents do wait."""
    wire = pair()
    wire.add("a", paper(5_000))
    wire.connect()
    assert [parse(message.topic).kind for _, message in wire.up] == [Kind.MANIFEST]
    wire.province_hears()
    wire.down.rotate(1)
    wire.box_hears()  # the have before the state
    assert not wire.send_chunk()
    wire.box_hears()
    assert not wire.up and wire.send_chunk()


def test_with_subscriptions_that_stand_the_provinces_last_word_holds() -> None:
    """PROTOCOL.md 5.1 rule 1: what is retained does not come again; what changed meanwhile does."""
    wire = under_way()
    wire.connect(standing=True)
    assert wire.box.ready and not wire.down
    assert [parse(message.topic).kind for _, message in wire.up] == [Kind.MANIFEST]
    away = wire.province.state(False, wire.now)
    wire.box_does(wire.box.on_message(away.topic, away.payload, wire.now))
    wire.connect(standing=True)
    assert not wire.box.ready and not wire.up, "it was away, and nothing else was heard"
    wire.province_starts()
    wire.box_hears()
    assert [parse(message.topic).kind for _, message in wire.up] == [Kind.MANIFEST]
    wire.settle(redial=False)
    assert delivered(wire, ["a"])


def test_a_province_that_comes_up_after_the_connect_is_asked_again() -> None:
    """Nobody heard the first question: the broker had no session of the receiver's."""
    wire = pair()
    wire.add("a", paper(5_000))
    wire.connect()
    wire.up.clear()
    wire.down.clear()
    wire.province_starts()
    wire.box_hears()
    assert [parse(message.topic).kind for _, message in wire.up] == [Kind.MANIFEST]


def test_a_small_hoa_toc_paper_follows_its_question_at_once_and_travels_once() -> None:
    """PROTOCOL.md 5.1 rule 4: without waiting for the have, which then does not count the bytes lost."""
    wire = connected_with_bulk()
    wire.up.clear()
    wire.add("urgent", paper(2_000, 2), 3)
    assert wire.send_chunk()
    kinds = [parse(message.topic).kind for _, message in wire.up]
    assert kinds == [Kind.MANIFEST, Kind.EXPRESS]
    before = wire.store.bytes_written
    wire.province_hears()  # the question ...
    wire.box_hears()  # ... its have, with nothing in it
    while wire.send_chunk():
        pass
    assert [parse(message.topic).kind for _, message in wire.up].count(Kind.EXPRESS) == 1
    wire.province_hears()
    assert wire.store.bytes_written == before + 2_000
    wire.settle()
    assert delivered(wire, ["urgent"])


def test_an_eager_paper_that_was_lost_is_asked_for_and_not_eager_again() -> None:
    wire = connected_with_bulk()
    wire.up.clear()
    wire.add("urgent", paper(2_000, 2), 3)
    assert wire.send_chunk()
    wire.province_hears()
    while wire.down:
        wire.box_hears()
    wire.up.clear()  # the chunk is gone, though acknowledged
    wire.pass_time(8.1)
    questions = [parse(message.topic).kind for _, message in wire.up]
    assert Kind.MANIFEST in questions and Kind.EXPRESS not in questions
    tid = next(t.tid for t in wire.box._transfers.values() if t.parcel.document_id == "urgent")
    assert wire.box._transfers[tid].next_range() is None, "it waits for the answer this time"
    wire.settle()
    assert delivered(wire, ["urgent"])


def under_way() -> SyncPair:
    """A large paper of which the province has said that it holds a beginning; two chunks are on the line."""
    wire = pair()
    wire.add("a", paper(2_000_000))
    wire.connect()
    for _ in range(6):
        while wire.down:
            wire.box_hears()
        wire.send_chunk()
        while wire.up:
            wire.province_hears()
        wire.pass_time(1.0)
    assert wire.send_chunk() and wire.send_chunk()
    return wire


def send_all(wire: SyncPair) -> None:
    """Until the box sends no more, though the broker acknowledges everything at once."""
    while wire.send_chunk():
        token, _ = wire.up[-1]
        assert token is not None
        wire.box_does(wire.box.on_published(token, True, wire.now))


def offsets(wire: SyncPair) -> list[int]:
    tids = [transfer.tid for transfer in wire.box._transfers.values()]
    return [
        Chunk.decode(message.payload, tids).offset for _, message in wire.up if parse(message.topic).kind is Kind.CHUNK
    ]


def test_after_a_cut_what_was_never_sent_follows_the_question_at_once() -> None:
    """PROTOCOL.md 5.1 rule 4: neither the state of the province nor the have is waited for; what may be lost is."""
    wire = under_way()
    last = max(offsets(wire))
    wire.connect()
    (transfer,) = wire.box._transfers.values()
    never = transfer.next_range()
    assert never is not None and never[0] > last
    send_all(wire)
    early = offsets(wire)
    assert early[0] == never[0] and 16 * 1024 <= transfer.since_asked.count() <= 24 * 1024
    written = wire.store.bytes_written
    while wire.up:
        wire.province_hears()
    assert wire.store.bytes_written == written + transfer.since_asked.count(), "all of it was missing"
    wire.box_hears()
    wire.box_hears()
    assert wire.send_chunk() and offsets(wire)[0] < never[0], "now what the cut had taken"
    wire.settle(redial=False)
    assert delivered(wire, ["a"])


def asked(wire: SyncPair) -> list[int]:
    """Bytes of each offer on the way up."""
    queries = [message for _, message in wire.up if parse(message.topic).kind is Kind.MANIFEST]
    return [len(offer) for message in queries for offer in Query.decode(message.payload).offers]


def test_after_a_cut_a_mark_stands_for_the_manifest() -> None:
    """PROTOCOL.md 4.1: 16 bytes; what nobody answers, or nobody knows, is asked in full."""
    wire = under_way()
    wire.connect()
    assert asked(wire) == [16]
    send_all(wire)
    wire.up.clear()
    wire.box_hears()
    wire.pass_time(8.1)
    (full,) = asked(wire)
    assert full > 150
    wire.connect(standing=True)
    wire.store = FakeProvinceStore()
    wire.province_starts()
    wire.down.clear()
    assert asked(wire) == [16]
    while wire.up:
        wire.province_hears()
    while wire.down:
        wire.box_hears()
    assert asked(wire) == [full]
    wire.settle(redial=False)
    assert delivered(wire, ["a"])


def test_an_end_that_knows_no_marks_gets_none() -> None:
    wire = under_way()
    wire.connect()
    while wire.up:
        wire.province_hears()
    said = next(message for message in wire.down if parse(message.topic).kind is Kind.HAVE)
    older = dataclasses.replace(Have.decode(said.payload), forms=1)
    wire.box_does(wire.box.on_message(said.topic, older.encode(), wire.now))
    wire.connect()
    (full,) = asked(wire)
    assert full > 150


@pytest.mark.parametrize("reason", ["offline", "another run", "no answer before", "lost twice"])
def test_nothing_goes_before_the_answer_when_it_is_not_surely_wanted(reason: str) -> None:
    wire = under_way()
    if reason == "offline":
        wire.box_does(wire.box.on_peer(ProvinceState(False, 0, 7), wire.now))
    if reason == "another run":
        wire.box_starts()
    if reason == "no answer before":
        wire = pair()
        wire.add("a", paper(2_000_000))
        wire.connect()
        send_all(wire)
    wire.connect()
    if reason == "lost twice":
        send_all(wire)
        wire.up.clear()
        wire.box_hears()  # the state of the province, but no have
        wire.pass_time(8.1)
        assert [parse(message.topic).kind for _, message in wire.up] == [Kind.MANIFEST]
    assert not wire.send_chunk()
    wire.settle(redial=False)
    assert delivered(wire, ["a"])


@pytest.mark.parametrize("priority", [0, 3])
def test_the_beginning_of_a_new_paper_follows_its_question_at_once_and_travels_once(priority: int) -> None:
    """PROTOCOL.md 5.1 rule 4: 8 KiB, before the province has said anything at all, and never again."""
    wire = pair()
    wire.add("a", paper(40_000), priority)
    wire.connect()
    send_all(wire)
    (transfer,) = wire.box._transfers.values()
    assert list(transfer.sent) == [(0, 8 * 1024)]
    while wire.up:
        wire.province_hears()
    assert wire.store.bytes_written == 8 * 1024
    while wire.down:
        wire.box_hears()
    assert wire.send_chunk()
    assert wire.up[0][1].topic.endswith("/x" if priority else "/c")
    wire.settle(redial=False)
    assert delivered(wire, ["a"]) and wire.store.bytes_written == 40_000


def test_only_a_paper_that_came_during_this_run_is_new() -> None:
    wire = pair()
    wire.add("a", paper(40_000))
    wire.box_starts()
    wire.connect()
    assert not wire.send_chunk(), "a run before may have sent it"
    wire = pair()
    wire.contents["b"] = paper(40_000)
    first = wire.outbox.add("b", wire.contents["b"])
    based = dataclasses.replace(first, base=("ab" * 32, 30_000))
    wire.box_does(wire.box.on_outbox([based], wire.now))
    wire.connect()
    assert not wire.send_chunk(), "the province has a beginning of it"


def test_a_stale_have_never_moves_anything() -> None:
    wire = pair(SMALL)
    wire.add("a", paper(20_000))
    wire.box_starts()
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    (stale,) = list(wire.down)
    wire.connect()  # the old have is still in the broker
    wire.box_hears()
    wire.down.clear()
    lie = Have.decode(stale.payload)
    claims_all = Have(lie.tid, lie.query, ((0, 20_000),), 10**6)
    for payload in (stale.payload, claims_all.encode()):
        wire.box_does(wire.box.on_message(stale.topic, payload, wire.now))
        assert not wire.send_chunk(), "still waiting for the answer to the newest question"
    wire.province_hears()
    wire.box_hears()
    assert wire.send_chunk(), "the true answer counts"
    wire.settle()
    assert delivered(wire, ["a"])


def test_urgency_is_the_cores_own_order() -> None:
    wire = pair()
    parcels = [wire.outbox.add(f"d{priority}", paper(3_000, priority), priority) for priority in (0, 2, 3, 1)]
    wire.contents |= {f"d{priority}": paper(3_000, priority) for priority in range(4)}
    wire.box_does(wire.box.on_outbox(parcels, wire.now))
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    while wire.down:
        wire.box_hears()
    order = []
    while wire.send_chunk():
        order.append(wire.box._in_flight[max(wire.box._in_flight)][0])
        wire.province_hears()
    names = {transfer.tid: transfer.parcel.document_id for transfer in wire.box._transfers.values()}
    assert [names[tid] for tid in dict.fromkeys(order)] == ["d3", "d2", "d1", "d0"]


def test_an_acknowledgement_of_an_earlier_connection_is_nothing() -> None:
    wire = pair()
    wire.add("a", paper(40_000))
    wire.connect()
    wire.box_hears()
    wire.province_hears()
    wire.box_hears()
    assert wire.send_chunk()
    token, _ = wire.up[-1]
    assert token is not None
    wire.connect(lose=False)
    for ok in (True, False):
        step = wire.box.on_published(token, ok, wire.now)
        assert not step.changes


def test_many_documents_share_queries_and_all_arrive() -> None:
    wire = pair()
    for number in range(20):
        wire.add(f"d{number:02}", paper(600 + number, number), number % 4)
    wire.connect()
    wire.box_hears()
    assert len(wire.up) == 3, "eight documents a query"
    wire.settle()
    assert delivered(wire, wire.contents)
    assert len(wire.store.receipts) == 20
