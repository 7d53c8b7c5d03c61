"""What people may do: each command in each state, and what it leaves behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance import commands
from appliance.commands import CommandRefused
from appliance.domain.documents import SUSPECTED, Document, add_signature, advance
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event, State
from appliance.domain.steps import Step
from appliance.pipeline.approving import PolicyApproval
from appliance.store import ChangedMeanwhile, Store, books, documents, events, outbox, searching, texts
from appliance.store.searching import Question
from appliance.store.upkeep import verify
from tests.fixtures_store import NOW, approved, digitized, in_state, keep, loaded, paper, signature

Command = Callable[[Store, str], Document]
COMMANDS: dict[str, tuple[Command, set[State]]] = {
    "approve": (lambda store, one: commands.approve(store, one, "clerk", NOW), {State.DIGITIZED}),
    "consent": (lambda store, one: commands.consent(store, one, Slot.AGENCY, "clerk", NOW), {State.APPROVED}),
    "withdraw": (lambda store, one: commands.withdraw(store, one, "clerk", NOW), {State.APPROVED}),
    "send_back": (
        lambda store, one: commands.send_back(store, one, "clerk", NOW, "quét lại"),
        {State.DIGITIZED, State.REFUSED, State.QUARANTINED},
    ),
    "release": (lambda store, one: commands.release(store, one, "clerk", NOW, "đã xem"), {State.QUARANTINED}),
    "mark_secret": (
        lambda store, one: commands.mark_secret(store, one, "clerk", NOW),
        {State.RECEIVED, State.DIGITIZED},
    ),
    "requeue": (lambda store, one: commands.requeue(store, one, "clerk", NOW), {State.REFUSED}),
}


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(CommandRefused) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_every_state(store: Store, name: str, state: State) -> None:
    command, legal = COMMANDS[name]
    before = keep(store, in_state(state))
    if state in legal:
        assert command(store, before.id) == loaded(store, before.id)
        return
    with pytest.raises(CommandRefused) as caught:
        command(store, before.id)
    assert (caught.value.code, caught.value.params) == ("not-in-this-state", {"state": state.value})
    assert loaded(store, before.id) == before
    assert len(store.read(lambda db: list(events.entries(db)))) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_paper(store: Store, name: str) -> None:
    assert refused(lambda: COMMANDS[name][0](store, "nobody")) == "no-such-document"


def test_a_paper_changed_meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clerks at once: BEGIN IMMEDIATE lets no one in between, so the race is played by a stale row."""
    kept = keep(store, in_state(State.DIGITIZED))
    stale = dataclasses.replace(kept, version=kept.version - 1)
    monkeypatch.setattr(documents, "load", lambda db, document_id: stale)
    assert refused(lambda: commands.approve(store, kept.id, "clerk", NOW)) == "changed-meanwhile"


# --- approve ---------------------------------------------------------------------------------------------------------


def test_approving_confirms_numbers_and_consents(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED))
    after = commands.approve(store, kept.id, "chị Lan", NOW, {"subject": "  Về việc khác ", "code_number": "15"})
    assert after == loaded(store, kept.id)
    assert (after.state, after.version) == (State.APPROVED, kept.version + 1)
    assert (after.register, after.register_year, after.register_number) == ("den", 2026, 1)
    assert [(one.slot, one.by) for one in after.consents] == [(Slot.AGENCY, "chị Lan")]
    assert after.fields["subject"] == dataclasses.replace(kept.fields["subject"], value="Về việc khác", confidence=1.0)
    assert after.value("code_number") == "15"
    entry = store.read(lambda db: list(events.entries(db, kept.id)))[-1]
    assert entry.by == "chị Lan"
    assert entry.detail == {
        "register": "den",
        "year": 2026,
        "number": 1,
        "changed": ["code_number", "subject"],
        "row": store.read(lambda db: books.versions(db, "den", 2026, 1))[0].digest,
        "slot": "agency",
    }


def test_a_confirmed_field_that_did_not_change_is_not_told_as_changed(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED))
    commands.approve(store, kept.id, "clerk", NOW, {"subject": kept.value("subject")})
    assert store.read(lambda db: list(events.entries(db, kept.id)))[-1].detail["changed"] == []


@pytest.mark.parametrize(
    ("kind", "register", "slot"),
    [
        (Kind.INCOMING_SCAN, "den", Slot.AGENCY),
        (Kind.APPENDIX, "den", Slot.AGENCY),
        (Kind.CASE_FILE, "ho-so", Slot.AGENCY),
        (Kind.OUTGOING, "di", Slot.LEADER),
    ],
)
def test_each_kind_has_its_register_and_first_slot(store: Store, kind: Kind, register: str, slot: Slot) -> None:
    after = commands.approve(store, keep(store, in_state(State.DIGITIZED, kind=kind)).id, "person", NOW)
    assert (after.register, [one.slot for one in after.consents]) == (register, [slot])


def test_the_year_is_the_one_in_vietnam(store: Store) -> None:
    new_year_there = datetime(2026, 12, 31, 17, 0, 1, tzinfo=UTC)
    after = commands.approve(store, keep(store, in_state(State.DIGITIZED)).id, "clerk", new_year_there)
    assert (after.register_year, after.register_number) == (2027, 1)


def test_a_number_stays_with_its_paper_over_the_new_year(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED))
    commands.approve(store, kept.id, "clerk", NOW)
    commands.withdraw(store, kept.id, "clerk", NOW)
    again = commands.approve(store, kept.id, "clerk", NOW.replace(year=2027))
    assert (again.register_year, again.register_number) == (2026, 1)


# --- policy ----------------------------------------------------------------------------------------------------------


def test_a_policy_approves_a_scan_by_name(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED, policy="policy"))
    PolicyApproval(store)(kept, NOW)
    after = loaded(store, kept.id)
    assert (after.state, after.consents[0].by, after.register_number) == (State.APPROVED, "policy", 1)
    assert store.read(lambda db: list(events.entries(db, kept.id)))[-1].by == "policy"


def test_a_policy_never_speaks_for_the_leader(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED, kind=Kind.OUTGOING, policy="policy"))
    PolicyApproval(store)(kept, NOW)
    after = loaded(store, kept.id)
    assert (after.state, after.consents) == (State.APPROVED, ())
    assert commands.consent(store, kept.id, Slot.LEADER, "chủ tịch", NOW).consents[0].by == "chủ tịch"


def test_a_policy_that_a_person_outran_gives_way(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED, policy="policy"))
    commands.send_back(store, kept.id, "clerk", NOW, "mờ")
    with pytest.raises(ChangedMeanwhile):
        PolicyApproval(store)(kept, NOW)


# --- consent and withdraw --------------------------------------------------------------------------------------------


def leader_signed(store: Store) -> Document:
    first = approved(paper(Kind.OUTGOING))
    return keep(store, add_signature(first, signature(first, Slot.LEADER), NOW))


def test_the_clerk_issues_what_the_leader_signed(store: Store) -> None:
    kept = leader_signed(store)
    after = commands.consent(store, kept.id, Slot.AGENCY, "clerk", NOW)
    assert [one.slot for one in after.consents] == [Slot.LEADER, Slot.AGENCY]
    leased = store.write(lambda db: documents.lease(db, "w", NOW, NOW - NOW, [Step.SIGN]))
    assert leased == after


def test_a_second_consent_changes_nothing(store: Store) -> None:
    kept = leader_signed(store)
    first = commands.consent(store, kept.id, Slot.AGENCY, "clerk", NOW)
    assert commands.consent(store, kept.id, Slot.AGENCY, "other", NOW) == first
    assert len(store.read(lambda db: list(events.entries(db)))) == 2


def test_the_agency_is_not_asked_before_the_leader(store: Store) -> None:
    kept = keep(store, in_state(State.APPROVED, kind=Kind.OUTGOING))
    assert refused(lambda: commands.consent(store, kept.id, Slot.AGENCY, "clerk", NOW)) == "not-in-this-state"


def test_withdrawing_needs_an_empty_slot(store: Store) -> None:
    kept = leader_signed(store)
    assert refused(lambda: commands.withdraw(store, kept.id, "clerk", NOW)) == "slot-filled"
    assert loaded(store, kept.id) == kept


def test_a_withdrawn_approval_waits_for_a_person(store: Store) -> None:
    kept = keep(store, in_state(State.DIGITIZED, policy="policy"))
    commands.approve(store, kept.id, "policy", NOW)
    after = commands.withdraw(store, kept.id, "clerk", NOW)
    assert (after.state, after.consents, after.policy, after.register_number) == (State.DIGITIZED, (), "person", 1)


# --- send back, release, requeue -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_sending_back_needs_a_reason(store: Store, reason: str) -> None:
    kept = keep(store, in_state(State.DIGITIZED))
    assert refused(lambda: commands.send_back(store, kept.id, "clerk", NOW, reason)) == "reason-needed"


def test_a_paper_sent_back_keeps_its_blobs(store: Store, tmp_path: Path) -> None:
    kept = with_bytes(store, tmp_path, in_state(State.DIGITIZED))
    after = commands.send_back(store, kept.id, "clerk", NOW, " quét lại ")
    assert (after.state, after.reason_code, after.reason_text) == (State.DISCARDED, "sent-back", "quét lại")
    assert set(store.blobs.digests()) == kept.digests
    assert verify(store).missing == ()


def with_bytes(store: Store, tmp_path: Path, document: Document) -> Document:
    """``document`` kept, with a blob of its own for each of its digests."""
    original, archive = tmp_path / "original", tmp_path / "archive"
    original.write_bytes(b"scan of " + document.id.encode())
    archive.write_bytes(b"archive of " + document.id.encode())
    changes = {"original_sha256": store.blobs.put(original).sha256}
    if document.archive_sha256:
        changes["archive_sha256"] = changes["current_sha256"] = store.blobs.put(archive).sha256
    return keep(store, dataclasses.replace(document, **changes))


SECRETS = [
    pytest.param(lambda: in_state(State.QUARANTINED, reason_code="suspected-secret"), id="just-received"),
    pytest.param(lambda: in_state(State.QUARANTINED, reason_code="marking-unreadable"), id="unreadable-marking"),
    pytest.param(lambda: in_state(State.QUARANTINED, markings=(SUSPECTED,)), id="known-by-its-marking"),
    pytest.param(
        lambda: advance(digitized(paper()), Event.SUSPECTED_SECRET, NOW, reason_code="suspected-secret"),
        id="seen-after-digitizing",
    ),
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_sent_back_is_wiped(store: Store, tmp_path: Path, secret: Callable[[], Document]) -> None:
    other = with_bytes(store, tmp_path, in_state(State.DIGITIZED))
    kept = with_bytes(store, tmp_path, dataclasses.replace(secret()))
    store.write(lambda db: texts.keep(db, kept.id, ("nội dung",)))
    after = commands.send_back(store, kept.id, "clerk", NOW, "chuyển bộ phận bảo mật")
    assert (after.state, after.reason_code, after.fields) == (State.DISCARDED, "secret", {})
    assert set(store.blobs.digests()) == other.digests
    assert store.read(lambda db: searching.found(db, Question("noi dung"))).ids == ()
    assert verify(store).sound or verify(store).unexplained  # kept by hand, so only its history is short
    assert verify(store).missing == ()


def test_a_wiped_secret_that_came_twice_does_not_take_the_other_papers_bytes(store: Store, tmp_path: Path) -> None:
    secret = with_bytes(store, tmp_path, in_state(State.QUARANTINED, reason_code="suspected-secret"))
    living = keep(store, paper(original_sha256=secret.original_sha256))
    commands.send_back(store, secret.id, "clerk", NOW, "lý do")
    assert set(store.blobs.digests()) == {living.original_sha256}


def test_releasing_a_suspected_secret_needs_a_written_reason(store: Store) -> None:
    kept = keep(store, in_state(State.QUARANTINED, reason_code="suspected-secret", markings=(SUSPECTED,)))
    assert refused(lambda: commands.release(store, kept.id, "clerk", NOW, " ")) == "reason-needed"
    after = commands.release(store, kept.id, "chị Lan", NOW, "chữ MẬT trong tên riêng")
    assert (after.state, after.reason_code, after.markings) == (State.RECEIVED, "", ())
    assert after.warnings == ("released-as-not-secret",)
    entry = store.read(lambda db: list(events.entries(db, kept.id)))[-1]
    assert (entry.by, entry.detail["reason"]) == ("chị Lan", "chữ MẬT trong tên riêng")


def test_releasing_an_unreadable_paper_needs_none(store: Store) -> None:
    kept = keep(store, in_state(State.QUARANTINED))
    assert commands.release(store, kept.id, "clerk", NOW, "").state is State.RECEIVED


def test_requeueing_sends_the_same_bytes_again(store: Store) -> None:
    kept = keep(store, in_state(State.QUEUED))
    store.write(lambda db: outbox.answered(db, kept.id, "refused", b"no", NOW))
    refusal = advance(kept, Event.REFUSED, NOW, reason_code="bad-signature")
    store.write(lambda db: documents.save(db, kept, refusal, "province", "refused", {}))
    after = commands.requeue(store, kept.id, "clerk", NOW)
    assert (after.state, after.reason_code) == (State.QUEUED, "")
    (waiting,) = store.read(lambda db: outbox.waiting(db, 10))
    assert (waiting.sequence, waiting.sha256, waiting.size) == (2, kept.current_sha256, kept.current_size)


def test_a_person_who_sees_a_secret_stops_the_paper_and_its_content_is_forgotten(store: Store) -> None:
    kept = keep(store, digitized(paper()))
    store.write(lambda db: texts.keep(db, kept.id, ("nội dung",)))
    commands.mark_secret(store, kept.id, "văn thư", NOW)
    after = loaded(store, kept.id)
    assert after.state is State.QUARANTINED and after.secret
    assert not after.fields and not after.archive_sha256 and not after.current_sha256
    assert store.read(lambda db: texts.of_document(db, kept.id)) == ()
