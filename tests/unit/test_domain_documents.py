"""Decisions about one paper: consents, signatures in order, attempts; no sequence of them breaks the promise."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain.documents import (
    POLICY,
    ConsentMissing,
    Document,
    FieldValue,
    OutOfOrder,
    add_signature,
    advance,
    consent_of,
    failed_attempt,
    give_consent,
    retry_after,
    slot_to_sign,
    without_content,
)
from appliance.domain.kinds import REGISTERS, SLOTS, Kind, Slot, next_slot
from appliance.domain.states import TRANSITIONS, Event, IllegalTransition, State
from appliance.domain.steps import Step, next_step
from tests.fixtures_store import NOW, approved, digitized, in_state, paper, signature, signed

# --- kinds and slots -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "filled", "wanted"),
    [
        (Kind.INCOMING_SCAN, (), Slot.AGENCY),
        (Kind.INCOMING_SCAN, (Slot.AGENCY,), None),
        (Kind.APPENDIX, (), Slot.AGENCY),
        (Kind.APPENDIX, (Slot.AGENCY,), None),
        (Kind.CASE_FILE, (), Slot.AGENCY),
        (Kind.CASE_FILE, (Slot.AGENCY,), None),
        (Kind.OUTGOING, (), Slot.LEADER),
        (Kind.OUTGOING, (Slot.LEADER,), Slot.AGENCY),
        (Kind.OUTGOING, (Slot.LEADER, Slot.AGENCY), None),
        (Kind.OUTGOING, (Slot.AGENCY,), Slot.LEADER),
    ],
)
def test_next_slot(kind: Kind, filled: tuple[Slot, ...], wanted: Slot | None) -> None:
    assert next_slot(kind, filled) == wanted


def test_every_kind_has_slots_and_a_register() -> None:
    assert set(SLOTS) == set(REGISTERS) == set(Kind)
    assert {kind.value for kind in Kind} == {"incoming-scan", "outgoing", "appendix", "case-file"}


# --- consent and signatures ------------------------------------------------------------------------------------------


def test_a_slot_without_consent_is_not_signed() -> None:
    waiting = advance(digitized(paper()), Event.APPROVED, NOW)
    assert slot_to_sign(waiting) is None
    with pytest.raises(ConsentMissing):
        add_signature(waiting, signature(waiting, Slot.AGENCY), NOW)


def test_the_agency_never_signs_before_the_leader() -> None:
    outgoing = approved(paper(Kind.OUTGOING))
    with pytest.raises(OutOfOrder):
        give_consent(outgoing, Slot.AGENCY, "clerk", NOW)
    with pytest.raises(OutOfOrder):
        add_signature(outgoing, signature(outgoing, Slot.AGENCY), NOW)


def test_the_leaders_consent_does_not_speak_for_the_agency() -> None:
    first = approved(paper(Kind.OUTGOING))
    leader_signed = add_signature(first, signature(first, Slot.LEADER), NOW)
    assert leader_signed.state is State.APPROVED
    assert leader_signed.open_slot is Slot.AGENCY
    assert slot_to_sign(leader_signed) is None


def test_the_last_signature_completes_the_paper() -> None:
    done = signed(paper(Kind.OUTGOING))
    assert done.state is State.SIGNED
    assert done.filled == (Slot.LEADER, Slot.AGENCY)
    assert done.current_sha256 == done.signatures[-1].sha256
    assert done.current_size == done.signatures[-1].size


def test_a_slot_is_not_signed_twice() -> None:
    done = signed(paper())
    with pytest.raises(OutOfOrder):
        add_signature(done, signature(done, Slot.AGENCY), NOW)


def test_consent_is_given_once_and_keeps_the_first_name() -> None:
    first = approved(paper())
    again = give_consent(first, Slot.AGENCY, "somebody else", NOW)
    assert again is first
    consent = consent_of(again, Slot.AGENCY)
    assert consent and consent.by == "clerk"


def test_a_policy_cannot_speak_for_the_leader() -> None:
    waiting = advance(digitized(paper(Kind.OUTGOING)), Event.APPROVED, NOW)
    with pytest.raises(ConsentMissing):
        give_consent(waiting, Slot.LEADER, POLICY, NOW)


@pytest.mark.parametrize("state", [state for state in State if state is not State.APPROVED])
def test_consent_belongs_to_an_approved_paper(state: State) -> None:
    with pytest.raises(IllegalTransition):
        give_consent(in_state(state), Slot.AGENCY, "clerk", NOW)


def test_a_released_paper_keeps_no_signature_of_its_old_file() -> None:
    first = approved(paper(Kind.OUTGOING))
    leader_signed = add_signature(first, signature(first, Slot.LEADER), NOW)
    broken = advance(leader_signed, Event.SIGNATURE_BROKEN, NOW)
    anew = digitized(advance(broken, Event.RELEASED, NOW))
    assert (anew.signatures, anew.consents) == ((), ())
    assert anew.open_slot is Slot.LEADER


def test_an_approval_is_not_withdrawn_from_under_a_signature() -> None:
    first = approved(paper(Kind.OUTGOING))
    with pytest.raises(OutOfOrder):
        advance(add_signature(first, signature(first, Slot.LEADER), NOW), Event.APPROVAL_WITHDRAWN, NOW)
    assert advance(first, Event.APPROVAL_WITHDRAWN, NOW).consents == ()


def test_signatures_are_not_complete_while_a_slot_is_open() -> None:
    with pytest.raises(OutOfOrder):
        advance(approved(paper()), Event.SIGNATURES_COMPLETE, NOW)


def test_nothing_of_a_secret_stays() -> None:
    left = without_content(signed(paper()))
    assert left.digests == {left.original_sha256}
    assert (left.fields, left.signatures, left.consents, left.current_size) == ({}, (), (), 0)


OPERATIONS = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from(Event)),
    st.tuples(st.just("consent"), st.sampled_from(Slot), st.sampled_from(["clerk", "leader", POLICY])),
    st.tuples(st.just("sign"), st.sampled_from(Slot)),
    st.tuples(st.just("fail")),
)
# Random events seldom get far by themselves, so most steps follow the way a paper takes.
FORWARD = st.sampled_from(
    [("advance", Event.DIGITIZED), ("advance", Event.APPROVED), ("advance", Event.ENQUEUED)]
    + [("consent", slot, by) for slot in Slot for by in ("clerk", "leader", POLICY)]
    + [("sign", slot) for slot in Slot]
)


def _do(document: Document, operation: tuple) -> Document:  # type: ignore[type-arg]
    match operation:
        case ("advance", event):
            return advance(document, event, NOW)
        case ("consent", slot, by):
            return give_consent(document, slot, by, NOW)
        case ("sign", slot):
            return add_signature(document, signature(document, slot), NOW)
        case _:
            return failed_attempt(document, "token-absent", NOW)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(Kind), st.lists(st.one_of(FORWARD, FORWARD, OPERATIONS), max_size=40))
def test_no_sequence_of_decisions_breaks_the_promise(kind: Kind, operations: list) -> None:  # type: ignore[type-arg]
    document, consented = paper(kind, id="0190aaaa-0000-7000-8000-000000000001"), set()
    for operation in operations:
        try:
            after = _do(document, operation)
        except (IllegalTransition, OutOfOrder, ConsentMissing):
            continue
        assert after.version == document.version + (after is not document)
        consented |= {consent.slot for consent in after.consents}
        assert after.filled == SLOTS[kind][: len(after.filled)], "slots are filled in order, the leader's first"
        assert set(after.filled) <= {consent.slot for consent in after.consents}, "nothing is signed without consent"
        assert not any(consent.slot is Slot.LEADER and consent.by == POLICY for consent in after.consents)
        if after.state in (State.SIGNED, State.QUEUED, State.DELIVERED, State.REFUSED):
            assert after.filled == SLOTS[kind], "nothing leaves without every signature"
        if after.state in (State.RECEIVED, State.DIGITIZED):
            assert not after.signatures
        document = after


def test_that_search_does_reach_a_delivered_outgoing_paper() -> None:
    way = [
        ("advance", Event.DIGITIZED),
        ("advance", Event.APPROVED),
        ("consent", Slot.LEADER, "leader"),
        ("sign", Slot.LEADER),
        ("consent", Slot.AGENCY, "clerk"),
        ("sign", Slot.AGENCY),
        ("advance", Event.ENQUEUED),
        ("advance", Event.ACCEPTED),
    ]
    document = paper(Kind.OUTGOING)
    for operation in way:
        document = _do(document, operation)
    assert document.state is State.DELIVERED


# --- attempts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 2), (1, 4), (2, 8), (5, 64), (7, 256), (8, 300), (20, 300), (10_000, 300)]
)
def test_pauses_double_up_to_five_minutes(attempts: int, seconds: int) -> None:
    assert retry_after(attempts) == timedelta(seconds=seconds)


def test_a_failed_attempt_leaves_the_state() -> None:
    before = in_state(State.APPROVED)
    after = failed_attempt(before, "token-absent" * 100, NOW)
    assert (after.state, after.attempts, after.version) == (State.APPROVED, 1, before.version + 1)
    assert after.next_attempt_at == NOW + timedelta(seconds=2)
    assert len(after.last_error) == 500
    assert failed_attempt(after, "x", NOW, timedelta(seconds=9)).next_attempt_at == NOW + timedelta(seconds=9)


def test_progress_forgets_the_failures() -> None:
    failed = failed_attempt(in_state(State.APPROVED), "token-absent", NOW)
    after = add_signature(failed, signature(failed, Slot.AGENCY), NOW)
    assert (after.attempts, after.next_attempt_at, after.last_error) == (0, None, "")


# --- what waits for which step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "step"),
    [
        (in_state(State.RECEIVED), Step.DIGITIZE),
        (in_state(State.DIGITIZED), None),
        (in_state(State.DIGITIZED, policy="policy"), Step.APPROVE),
        (in_state(State.APPROVED), Step.SIGN),
        (dataclasses.replace(in_state(State.APPROVED), consents=()), None),
        (in_state(State.SIGNED), Step.ENQUEUE),
        (in_state(State.QUEUED), None),
        (in_state(State.DELIVERED), None),
        (in_state(State.REFUSED), None),
        (in_state(State.QUARANTINED), None),
        (in_state(State.DISCARDED), None),
    ],
)
def test_next_step(document: Document, step: Step | None) -> None:
    assert next_step(document) is step


@pytest.mark.parametrize(
    ("urgency", "priority"), [("", 0), ("khan", 1), ("thuong-khan", 2), ("hoa-toc", 3), ("nonsense", 0)]
)
def test_urgency_is_the_priority_of_edxml(urgency: str, priority: int) -> None:
    assert paper(fields={"urgency": FieldValue(urgency)}).priority == priority


def test_every_state_can_be_reached_by_legal_events() -> None:
    assert {in_state(state).state for state in State} == set(State)
    assert len(TRANSITIONS) == 20
