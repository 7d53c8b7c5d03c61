"""In whose place a leader signs, number and date at issue, appearances moved by hand: decisions, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from appliance import commands
from appliance.commands import CommandRefused
from appliance.domain.authority import Delegation, DelegationRefused, authority_for, forms_of
from appliance.domain.documents import Document, FieldValue, add_signature
from appliance.domain.kinds import Kind, Slot
from appliance.domain.numbering import given
from appliance.domain.states import State
from appliance.store import Store, documents, events
from tests.fixtures_store import digitized, in_state, keep, loaded, paper, signature

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)  # the 23rd in Vietnam
DEPUTY = "Trần Văn Phó"
KT = Delegation("KT.", DEPUTY, "CHỦ TỊCH", date(2026, 1, 1), date(2026, 11, 23), "QĐ 05/QĐ-UBND")


def draft(authority: str = "", position: str = "CHỦ TỊCH") -> Document:
    one = digitized(paper(Kind.OUTGOING))
    fields = {"signer_authority": FieldValue(authority), "signer_position": FieldValue(position)}
    return replace(one, fields=one.fields | fields)


def refused(call: Callable[[], object]) -> CommandRefused:
    with pytest.raises(CommandRefused) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("authority", "position", "forms"),
    [
        ("", "CHỦ TỊCH", ()),
        ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH", ("TM.",)),
        ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH", ("TM.", "KT.")),
        ("T/M ĐẢNG ỦY", "K/T BÍ THƯ / PHÓ BÍ THƯ", ("TM.", "KT.")),
        ("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG", ("TL.",)),
        ("TUQ. CHỦ TỊCH", "TRƯỞNG PHÒNG KINH TẾ", ("TUQ.",)),
        ("", "KTV TRƯỞNG", ()),
    ],
)
def test_the_form_is_what_the_closing_says(authority: str, position: str, forms: tuple[str, ...]) -> None:
    assert forms_of(draft(authority, position)) == forms


def test_the_head_needs_nobodys_word() -> None:
    assert authority_for(draft("TM. ỦY BAN NHÂN DÂN"), "Ai đó", NOW.date(), ()) is None


@pytest.mark.parametrize(
    ("day", "signer", "code"),
    [
        (date(2026, 1, 1), DEPUTY, ""),
        (date(2026, 11, 23), "TRẦN VĂN  PHÓ", ""),
        (date(2026, 11, 24), DEPUTY, "delegation-ended"),
        (date(2025, 12, 31), DEPUTY, "delegation-not-yet"),
        (date(2026, 5, 1), "Lê Thị Khác", "delegation-missing"),
    ],
)
def test_a_delegation_holds_for_one_person_from_day_to_day(day: date, signer: str, code: str) -> None:
    one = draft("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH")
    if not code:
        assert authority_for(one, signer, day, [KT]) == KT
        return
    with pytest.raises(DelegationRefused) as caught:
        authority_for(one, signer, day, [KT])
    assert (caught.value.code, caught.value.form) == (code, "KT.")


def test_another_form_is_another_power() -> None:
    with pytest.raises(DelegationRefused):
        authority_for(draft("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"), DEPUTY, date(2026, 5, 1), [KT])


def test_the_consent_tells_in_whose_place_and_until_when(store: Store) -> None:
    one = keep(store, draft("", "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH"))
    by = f"{DEPUTY} (lãnh đạo)"
    assert refused(lambda: commands.approve(store, one.id, by, NOW)).code == "delegation-missing"
    assert loaded(store, one.id) == one, "nothing was decided, no number taken"
    after = commands.approve(store, one.id, by, NOW, delegations=[KT])
    (consent,) = after.consents
    assert consent.authority == "KT. CHỦ TỊCH (QĐ 05/QĐ-UBND), 01/01/2026–23/11/2026"
    assert consent.until == date(2026, 11, 23)
    assert loaded(store, one.id) == after
    last = store.read(lambda db: list(events.entries(db)))[-1]
    assert (last.detail["authority"], last.detail["until"]) == (consent.authority, "2026-11-23")


def test_tm_is_recorded_without_a_delegation(store: Store) -> None:
    one = keep(store, draft("TM. ỦY BAN NHÂN DÂN"))
    commands.approve(store, one.id, "Bùi Văn Trưởng (lãnh đạo)", NOW)
    assert store.read(lambda db: list(events.entries(db)))[-1].detail["authority"] == "TM."


def leader_signed(store: Store, blanks: tuple[str, ...]) -> Document:
    one = keep(store, draft())
    approved = commands.approve(store, one.id, "Bùi Văn Trưởng (lãnh đạo)", NOW)
    made = replace(signature(approved, Slot.LEADER), blanks=blanks, notation="QĐ-UBND")
    after = add_signature(approved, made, NOW)
    store.write(lambda db: documents.save(db, approved, after, "worker", "signature-applied", {"slot": Slot.LEADER}))
    return loaded(store, one.id)


def test_number_and_day_are_given_at_issue(store: Store) -> None:
    before = leader_signed(store, ("number", "date"))
    assert before.signatures[0].blanks == ("number", "date")
    after = commands.consent(store, before.id, Slot.AGENCY, "Lò Thị Thư (văn thư)", NOW)
    number = f"{after.register_number:02d}"
    assert (after.value("code"), after.value("code_number")) == (f"{number}/QĐ-UBND", number)
    assert after.value("issued_date") == "2026-11-23", "the day in Vietnam"
    assert given(after) == (after.register_number, date(2026, 11, 23))
    last = store.read(lambda db: list(events.entries(db)))[-1]
    assert last.detail.pop("row"), "the row of the register, by its digest"
    assert last.detail == {"slot": "agency", "numbered": f"{number}/QĐ-UBND", "date": "2026-11-23"}
    assert loaded(store, before.id) == after


def test_a_paper_with_its_own_number_keeps_it(store: Store) -> None:
    before = leader_signed(store, ())
    after = commands.consent(store, before.id, Slot.AGENCY, "Lò Thị Thư (văn thư)", NOW)
    assert (after.fields, given(after)) == (before.fields, None)


def test_a_nudge_is_kept_told_and_taken_back(store: Store) -> None:
    one = keep(store, draft())
    after = commands.nudge(store, one.id, Slot.AGENCY, (3.0, -2.5), "Lò Thị Thư (văn thư)", NOW)
    assert (after.nudges, after.state) == ({"agency": (3.0, -2.5)}, State.DIGITIZED)
    assert loaded(store, one.id) == after
    last = store.read(lambda db: list(events.entries(db)))[-1]
    assert (last.event, last.detail) == ("nudged", {"slot": "agency", "right": 3.0, "down": -2.5})
    assert commands.nudge(store, one.id, Slot.AGENCY, (0.0, 0.0), "clerk", NOW).nudges == {}


@pytest.mark.parametrize("move", [(60.5, 0.0), (0.0, -61.0), (float("nan"), 0.0), (float("inf"), 0.0)])
def test_a_nudge_is_a_correction_and_no_other_place(store: Store, move: tuple[float, float]) -> None:
    one = keep(store, draft())
    assert refused(lambda: commands.nudge(store, one.id, Slot.LEADER, move, "clerk", NOW)).code == "nudge-too-far"
    assert loaded(store, one.id) == one


def test_nothing_moves_after_the_first_signature_nor_where_no_slot_is(store: Store) -> None:
    signed = leader_signed(store, ())
    scan = keep(store, in_state(State.DIGITIZED))
    for document_id, slot in ((signed.id, Slot.AGENCY), (scan.id, Slot.LEADER)):
        code = refused(lambda d=document_id, s=slot: commands.nudge(store, d, s, (1.0, 1.0), "clerk", NOW)).code
        assert code == "not-in-this-state"
