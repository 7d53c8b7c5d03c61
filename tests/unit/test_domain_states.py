"""The transition table against a list written out by hand: every (state, event) pair is legal or raises."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from appliance.domain.states import (
    IN_CUSTODY,
    TERMINAL,
    TRANSITIONS,
    Event,
    IllegalTransition,
    State,
    diagram,
    next_state,
    state_after,
)
from appliance.store import Store

LEGAL = {
    ("received", "digitized"): "digitized",
    ("received", "unreadable"): "quarantined",
    ("received", "suspected-secret"): "quarantined",
    ("received", "gave-up"): "quarantined",
    ("received", "replaced"): "discarded",
    ("digitized", "approved"): "approved",
    ("digitized", "sent-back"): "discarded",
    ("digitized", "suspected-secret"): "quarantined",
    ("digitized", "replaced"): "discarded",
    ("approved", "signature-applied"): "approved",
    ("approved", "signatures-complete"): "signed",
    ("approved", "approval-withdrawn"): "digitized",
    ("approved", "signature-broken"): "quarantined",
    ("signed", "enqueued"): "queued",
    ("queued", "accepted"): "delivered",
    ("queued", "refused"): "refused",
    ("refused", "requeued"): "queued",
    ("refused", "sent-back"): "discarded",
    ("quarantined", "released"): "received",
    ("quarantined", "sent-back"): "discarded",
}
STATES = ["received", "digitized", "approved", "signed", "queued", "delivered", "refused", "quarantined", "discarded"]
ARCHITECTURE = Path(__file__).parents[2] / "appliance" / "ARCHITECTURE.md"


def test_the_states_are_these_and_no_others() -> None:
    assert [state.value for state in State] == STATES
    assert len(Event) == 16


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_every_pair_is_legal_or_raises(state: State, event: Event) -> None:
    wanted = LEGAL.get((state.value, event.value))
    if wanted is not None:
        assert next_state(state, event) == wanted
        return
    with pytest.raises(IllegalTransition) as caught:
        next_state(state, event)
    assert (caught.value.state, caught.value.event) == (state, event)


def test_the_list_above_names_only_real_states_and_events() -> None:
    assert {source for source, _ in LEGAL} | set(LEGAL.values()) == set(STATES)
    assert {event for _, event in LEGAL} == {event.value for event in Event}


def test_terminal_states_have_no_way_out_and_all_others_have_one() -> None:
    sources = {source for source, _ in TRANSITIONS}
    assert sources == IN_CUSTODY
    assert set(State) - sources == TERMINAL == {State.DELIVERED, State.DISCARDED}


def test_only_a_province_receipt_makes_a_paper_delivered() -> None:
    assert [pair for pair, target in TRANSITIONS.items() if target is State.DELIVERED] == [
        (State.QUEUED, Event.ACCEPTED)
    ]


def test_the_sql_check_list_equals_the_enumeration(store: Store) -> None:
    sql = store.read(lambda db: db.execute("SELECT sql FROM sqlite_master WHERE name = 'documents'").fetchone()[0])
    listed = re.search(r"CHECK \(state IN \((.*?)\)\)", sql, re.DOTALL)
    assert listed
    assert set(re.findall(r"'([a-z]+)'", listed[1])) == set(STATES)


def test_sqlite_refuses_a_state_outside_the_list(store: Store) -> None:
    def change(db: object) -> None:
        db.execute("UPDATE documents SET state = 'lost'")  # type: ignore[attr-defined]

    from tests.fixtures_store import keep, paper

    keep(store, paper())
    with pytest.raises(sqlite3.IntegrityError):
        store.write(change)


def test_a_history_leads_to_one_state() -> None:
    way = ["received", "digitized", "duplicate-arrived", "approved", "consented", "signatures-complete", "enqueued"]
    assert state_after(way) is State.QUEUED
    assert state_after([*way, "refused", "requeued", "accepted"]) is State.DELIVERED
    assert state_after([]) is None
    assert state_after(["digitized", "approved"]) is None


def test_a_history_that_contradicts_the_table_raises() -> None:
    with pytest.raises(IllegalTransition):
        state_after(["received", "approved"])


def test_the_diagram_shows_every_transition_once() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): ([\w-]+)$", diagram(), re.MULTILINE)
    assert {(source, event): target for source, target, event in drawn} == LEGAL
    assert len(drawn) == len(LEGAL)
    assert diagram().splitlines()[:2] == ["stateDiagram-v2", "    [*] --> received"]


def test_the_document_shows_the_diagram_of_the_table() -> None:
    found = re.findall(r"```mermaid\n(stateDiagram-v2.*?)\n```", ARCHITECTURE.read_text(encoding="utf-8"), re.DOTALL)
    assert found == [diagram()], "regenerate it: appliance.domain.states.diagram()"
