"""A draft that the leader gives back: with words, to the clerk, and before the leader again when the clerk says so."""

from __future__ import annotations

import dataclasses

import pytest

from appliance import commands
from appliance.commands import CommandRefused
from appliance.domain.documents import hand_back
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, IllegalTransition, State
from appliance.domain.steps import next_step
from appliance.store import Store, documents, events, queues, standing, views
from appliance.store.queues import Errand
from appliance.store.standing import Role, Situation, Turn
from appliance.store.upkeep import verify
from tests.fixtures_store import NOW, in_state, keep, loaded
from tests.fixtures_web import Papers

CLERK, LEADER = "Lan (văn thư)", "Thuận (lãnh đạo)"
WORDS = "Bổ sung căn cứ pháp lý"


def actions(store: Store, paper: str) -> dict[str, Role | None]:
    return {each.name: each.role for each in standing.possible_actions(loaded(store, paper))}


def test_a_draft_goes_to_the_clerk_and_back_to_the_leader(store: Store, office_papers: Papers) -> None:
    paper = office_papers.digitized(kind=Kind.OUTGOING)
    assert actions(store, paper)["hand-back"] is Role.LEADER
    commands.hand_back(store, paper, LEADER, NOW, f"  {WORDS} ")
    back = loaded(store, paper)
    assert (back.state, back.returned, back.policy) == (State.DIGITIZED, WORDS, "person")
    assert standing.turn_of(back) is Turn.CLERK and standing.situation_of(back) is Situation.RETURNED
    assert "approve" not in actions(store, paper) and actions(store, paper)["resubmit"] is Role.CLERK
    clerks = store.read(lambda db: queues.queue(db, Role.CLERK))
    assert clerks.numbers == {Errand.RETURNED: 1}
    assert store.read(lambda db: queues.queue(db, Role.LEADER)).rows == ()

    commands.resubmit(store, paper, CLERK, NOW, {"subject": "Về việc sửa cầu Nà Lũng"})
    again = loaded(store, paper)
    assert again.returned == "" and again.value("subject") == "Về việc sửa cầu Nà Lũng"
    assert standing.turn_of(again) is Turn.LEADER
    told = [(one.event, one.by, one.detail) for one in store.read(lambda db: list(events.entries(db, paper)))][-2:]
    assert told == [
        ("handed-back", LEADER, {"reason": WORDS}),
        ("resubmitted", CLERK, {"changed": ["subject"]}),
    ]
    assert verify(store).sound, "the chain and the histories still explain every state"


def test_only_a_draft_is_given_back_and_only_with_words(store: Store, office_papers: Papers) -> None:
    draft = office_papers.digitized(kind=Kind.OUTGOING)
    with pytest.raises(CommandRefused, match="reason-needed"):
        commands.hand_back(store, draft, LEADER, NOW, " ")
    with pytest.raises(CommandRefused, match="not-in-this-state"):
        commands.resubmit(store, draft, CLERK, NOW)
    commands.hand_back(store, draft, LEADER, NOW, WORDS)
    with pytest.raises(CommandRefused, match="not-in-this-state"):
        commands.hand_back(store, draft, LEADER, NOW, WORDS)
    assert "hand-back" not in actions(store, office_papers.digitized()), "a scan is the clerk's own"


@pytest.mark.parametrize("state", [state for state in State if state is not State.DIGITIZED])
def test_in_no_other_state(state: State) -> None:
    with pytest.raises(IllegalTransition):
        hand_back(in_state(state), WORDS, NOW)


def test_a_policy_does_not_approve_what_a_leader_gave_back(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED, kind=Kind.OUTGOING, policy="policy"))
    assert next_step(kept) is not None
    assert next_step(hand_back(kept, WORDS, NOW)) is None


def test_the_words_end_with_an_approval_and_with_a_secret(store: Store, office_papers: Papers) -> None:
    first, second = (office_papers.digitized(kind=Kind.OUTGOING) for _ in range(2))
    for paper in (first, second):
        commands.hand_back(store, paper, LEADER, NOW, WORDS)
    commands.approve(store, first, LEADER, NOW)
    office_papers.quarantine(second, Event.SUSPECTED_SECRET, "suspected-secret")
    assert loaded(store, first).returned == loaded(store, second).returned == ""


def test_a_draft_given_back_is_no_neighbour_of_those_that_wait(store: Store, office_papers: Papers) -> None:
    given_back, waiting = (office_papers.digitized(kind=Kind.OUTGOING) for _ in range(2))
    commands.hand_back(store, given_back, LEADER, NOW, WORDS)
    paper = store.read(lambda db: views.paper(db, waiting))
    assert (paper.previous, paper.next) == ("", "")


def test_rows_without_words_read_as_before(store: Store, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    (facts,) = store.read(lambda db: db.execute("SELECT facts FROM documents").fetchone())
    assert "returned" not in facts
    assert dataclasses.replace(loaded(store, paper), returned="x") != store.read(lambda db: documents.load(db, paper))
