"""What may be done with a paper, who has the next word, and what a page may see of it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from appliance import commands
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event, State
from appliance.store import Store, documents, standing, views
from appliance.store.searching import Question
from appliance.store.standing import Reason, Role, Situation, Turn
from appliance.wording import states
from tests.fixtures_store import NOW, Clock, in_state, keep, signature
from tests.fixtures_web import SUBJECT, Papers

EXPECTED = {
    State.RECEIVED: ((), Turn.BOX, Situation.RECEIVED),
    State.DIGITIZED: (("approve", "send-back", "mark-secret"), Turn.CLERK, Situation.TO_APPROVE),
    State.APPROVED: (("withdraw",), Turn.BOX, Situation.TO_SIGN),
    State.SIGNED: ((), Turn.BOX, Situation.SIGNED),
    State.QUEUED: ((), Turn.LINK, Situation.TO_SEND),
    State.DELIVERED: ((), Turn.NOBODY, Situation.DELIVERED),
    State.REFUSED: (("requeue", "send-back"), Turn.CLERK, Situation.REFUSED),
    State.QUARANTINED: (("release", "discard"), Turn.CLERK, Situation.QUARANTINED),
    State.DISCARDED: ((), Turn.NOBODY, Situation.DISCARDED),
}


@pytest.mark.parametrize("state", list(State))
def test_each_state_offers_exactly_what_the_table_allows(state: State) -> None:
    document = in_state(state)
    names, turn, situation = EXPECTED[state]
    assert tuple(action.name for action in standing.possible_actions(document)) == names
    assert standing.turn_of(document) is turn
    assert standing.situation_of(document) is situation


@pytest.mark.parametrize("kind", list(Kind))
def test_the_first_signature_decides_who_approves(kind: Kind) -> None:
    action = standing.possible_actions(in_state(State.DIGITIZED, kind=kind))[0]
    assert action.role is (Role.LEADER if kind is Kind.OUTGOING else Role.CLERK)
    assert action.edits


def test_after_the_leader_signed_the_clerk_issues() -> None:
    from appliance.domain.documents import add_signature

    waiting = in_state(State.APPROVED, kind=Kind.OUTGOING)
    signed = add_signature(waiting, signature(waiting, Slot.LEADER), NOW)
    assert [action.name for action in standing.possible_actions(signed)] == ["issue"]
    assert standing.situation_of(signed) is Situation.TO_ISSUE
    assert standing.turn_of(signed) is Turn.CLERK
    assert standing.slot_to_fill(signed) is Slot.AGENCY


def test_an_outgoing_paper_approved_by_policy_waits_for_the_leader(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED, kind=Kind.OUTGOING, policy="policy"))
    after = commands.approve(store, kept.id, "policy", NOW)
    assert [action.name for action in standing.possible_actions(after)] == ["sign", "withdraw"]
    assert standing.turn_of(after) is Turn.LEADER


@pytest.mark.parametrize("code", ["suspected-secret", "marking-unreadable"])
def test_nothing_of_a_suspected_secret_is_offered(code: str) -> None:
    document = dataclasses.replace(in_state(State.DIGITIZED), state=State.QUARANTINED, reason_code=code)
    assert standing.shown(document).fields == {}
    assert standing.renditions(document) == ()
    assert standing.picture_source(document) == ""
    assert standing.situation_of(document) is Situation.SUSPECTED_SECRET
    release = standing.possible_actions(document)[0]
    assert (release.name, release.reason) == ("release", Reason.NEEDED)


def test_a_file_that_nobody_checked_for_secrecy_cannot_be_fetched() -> None:
    assert standing.renditions(in_state(State.RECEIVED)) == ()
    assert [each.name for each in standing.renditions(in_state(State.DIGITIZED))] == ["archive", "original"]
    assert [each.name for each in standing.renditions(in_state(State.QUEUED))] == ["signed", "archive", "original"]


def test_every_word_of_the_read_models_has_a_name() -> None:
    assert set(states.SITUATIONS) == {situation.value for situation in Situation}
    assert set(states.TURNS) == {turn.value for turn in Turn}
    assert set(states.STATES) == {state.value for state in State}
    assert set(states.ROLES) == {role.value for role in Role}
    assert set(states.KINDS) == {kind.value for kind in Kind}
    assert set(states.SLOTS) == {slot.value for slot in Slot}
    assert {event.value for event in Event} <= set(states._EVENTS)


# --- read models -----------------------------------------------------------------------------------------------------


def test_home_has_what_is_open_and_what_ended_today(store: Store, office_papers: Papers, web_clock: Clock) -> None:
    web_clock.advance(days=-3)
    old_open, old_done = office_papers.digitized(), office_papers.delivered()
    web_clock.advance(days=3)
    done = office_papers.delivered()
    day_start = web_clock() - timedelta(hours=9)
    found = store.read(lambda db: views.home(db, day_start))
    assert {row.document.id for row in found.rows} == {old_open, done}
    assert old_done not in {row.document.id for row in found.rows}
    assert found.figures == {"approve": 1, "sign": 0, "send": 0, "refused": 0, "quarantine": 0}


def test_figures_count_what_the_rows_leave_off(store: Store, office_papers: Papers, web_clock: Clock) -> None:
    for _ in range(4):
        office_papers.digitized()
    office_papers.received()
    found = store.read(lambda db: views.home(db, web_clock(), limit=2))
    assert (len(found.rows), found.more, found.figures["approve"]) == (2, 3, 4)
    chosen = store.read(lambda db: views.home(db, web_clock(), "approve"))
    assert {row.situation for row in chosen.rows} == {Situation.TO_APPROVE} and chosen.more == 0


@pytest.mark.parametrize(
    ("code", "turn"),
    [
        ("pin-needed", Turn.CLERK),
        ("token-absent", Turn.CLERK),
        ("signer-died", Turn.CLERK),
        ("device-given-up", Turn.CLERK),
        ("module-hangs", Turn.CLERK),
        ("signer-silent", Turn.BOX),
        ("x", Turn.BOX),
    ],
)
def test_a_locked_token_is_its_owners_turn(code: str, turn: Turn) -> None:
    document = dataclasses.replace(in_state(State.APPROVED), last_error=code)
    assert standing.turn_of(document) is turn


def test_home_puts_the_urgent_paper_first_and_says_since_when(
    store: Store, office_papers: Papers, web_clock: Clock
) -> None:
    urgent = office_papers.digitized(fields={"urgency": "hoa-toc"})
    web_clock.advance(minutes=5)
    plain = office_papers.digitized()
    web_clock.advance(minutes=5)
    office_papers.fail(plain, "store-full")
    rows = store.read(lambda db: views.home(db, web_clock())).rows
    assert [row.document.id for row in rows] == [urgent, plain]
    assert rows[1].since == web_clock() - timedelta(minutes=5), "a failed attempt is not a new state"


def test_the_neighbours_wait_for_the_same_person(store: Store, office_papers: Papers, web_clock: Clock) -> None:
    first = office_papers.digitized()
    outgoing = office_papers.digitized(kind=Kind.OUTGOING)
    web_clock.advance(minutes=1)
    second = office_papers.digitized()
    page = store.read(lambda db: views.paper(db, first))
    assert (page.previous, page.next) == ("", second)
    commands.approve(store, first, "Lan", web_clock())
    assert store.read(lambda db: views.paper(db, first)).next == second
    assert store.read(lambda db: views.paper(db, outgoing)).next == ""


def test_search_finds_without_marks_and_never_a_secret(store: Store, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    secret = office_papers.digitized(fields={"subject": SUBJECT + " bản mật"})
    office_papers.quarantine(secret, Event.SUSPECTED_SECRET, "suspected-secret")

    def ids(question: str) -> list[str]:
        return [row.document.id for row in store.read(lambda db: views.search(db, Question(question)))[0]]

    assert ids("tro cap xa hoi") == [paper]
    assert ids("215/UBND-LĐTBXH") == [paper]
    assert ids("không có từ này") == []
    assert ids("  ") == []


def test_pictures_of_a_paper_found_secret_later_are_no_longer_showable(store: Store, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    source = standing.picture_source(office_papers.load(paper))
    assert source in store.read(views.showable_digests)
    office_papers.quarantine(paper, Event.SUSPECTED_SECRET, "suspected-secret")
    assert source not in store.read(views.showable_digests)


def test_a_page_of_nothing_says_so(store: Store) -> None:
    with pytest.raises(documents.NoSuchDocument):
        store.read(lambda db: views.paper(db, "none"))
