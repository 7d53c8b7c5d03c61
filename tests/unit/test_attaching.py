"""Appendices: who may be attached to whom, that they go the way of their main paper, and that none is sent alone."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from functools import partial

import pytest

from appliance import bookkeeping, commands
from appliance.commands import CommandRefused, recutting
from appliance.domain.attaching import trouble_attaching, waits_for_main
from appliance.domain.documents import SUSPECTED
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event, State
from appliance.domain.steps import Step, next_step
from appliance.pipeline.placing import Looks, stamp_for
from appliance.pipeline.runner import StepParked
from appliance.pipeline.sending import Enqueueing
from appliance.store import attachments, documents, events, outbox, queues, registers, views
from appliance.store.standing import Role, Situation, possible_actions, situation_of
from appliance.store.upkeep import verify
from hsm.stamps import StampText
from sync.protocol.codec import decode, encode
from tests.fixtures_pins import PinSigner
from tests.fixtures_store import Clock, in_state
from tests.fixtures_web import CLERK, LEADER, Papers, Visitor

BY, LEAD = "Trần Thị Lan (văn thư)", "Nông Văn Thuận (lãnh đạo)"


def pair(papers: Papers, kind: Kind = Kind.INCOMING_SCAN) -> tuple[str, str]:
    """A main paper and an appendix attached to it."""
    main, appendix = papers.digitized(kind=kind), papers.digitized(name="phụ lục.pdf", fields={"code": ""})
    commands.attach(papers.store, appendix, main, BY, papers.clock())
    return main, appendix


def refused(papers: Papers, appendix: str, main: str) -> str:
    with pytest.raises(CommandRefused) as caught:
        commands.attach(papers.store, appendix, main, BY, papers.clock())
    return caught.value.code


def told(papers: Papers, paper: str) -> list[str]:
    return [entry.event for entry in papers.store.read(lambda db: list(events.entries(db, paper)))]


def waiting(papers: Papers) -> list[str]:
    return [row.document.id for row in papers.store.read(lambda db: queues.queue(db, Role.CLERK)).rows]


def test_an_appendix_waits_with_its_main_paper_and_can_stand_alone_again(office_papers: Papers) -> None:
    main, appendix = pair(office_papers)
    now = office_papers.load(appendix)
    assert (now.kind, now.attached_to, now.state) == (Kind.APPENDIX, main, State.DIGITIZED)
    assert situation_of(now) is Situation.ATTACHED and waiting(office_papers) == [main]
    assert [action.name for action in possible_actions(now)] == ["detach", "mark-secret"]
    assert [one.id for one in office_papers.store.read(lambda db: views.paper(db, main)).appendices] == [appendix]
    commands.detach(office_papers.store, appendix, BY, office_papers.clock())
    alone = office_papers.load(appendix)
    assert (alone.kind, alone.attached_to, alone.kind_before) == (Kind.INCOMING_SCAN, "", "")
    assert sorted(waiting(office_papers)) == sorted([main, appendix])
    assert told(office_papers, main)[-2:] == ["appendix-attached", "appendix-detached"]
    assert told(office_papers, appendix)[-2:] == ["attached", "detached"]
    assert verify(office_papers.store).sound


def test_a_paper_with_an_appendix_is_approved_by_a_person(office_papers: Papers) -> None:
    main, appendix = office_papers.digitized(), office_papers.digitized()
    plain = office_papers.load(main)
    by_policy = dataclasses.replace(plain, policy="policy", version=plain.version + 1)
    office_papers.store.write(lambda db: documents.save(db, plain, by_policy, "test", "policy-set", {}))
    commands.attach(office_papers.store, appendix, main, BY, office_papers.clock())
    assert next_step(by_policy) is Step.APPROVE and next_step(office_papers.load(main)) is None


def test_nobody_decides_about_an_attached_paper_alone(office_papers: Papers) -> None:
    main, appendix = pair(office_papers)
    store, now = office_papers.store, office_papers.clock()
    for alone in (
        lambda: commands.approve(store, appendix, BY, now),
        lambda: commands.send_back(store, appendix, BY, now, "mờ"),
        lambda: recutting.leave_out(store, appendix, 1, BY, now),
        lambda: commands.hand_back(store, appendix, LEAD, now, "xem lại"),
    ):
        with pytest.raises(CommandRefused) as caught:
            alone()
        assert caught.value.code in ("attached-to-main", "page-not-there")
    taken = bookkeeping.reserve(store, "den", "giữ", BY, now)
    with pytest.raises(CommandRefused, match="not-in-this-state"):
        bookkeeping.use(store, taken, appendix, BY, now)
    assert office_papers.load(main).state is State.DIGITIZED


def test_who_cannot_be_attached_to_whom(office_papers: Papers) -> None:
    main, appendix = pair(office_papers)
    other, third = office_papers.digitized(), office_papers.digitized()
    assert refused(office_papers, main, main) == "attach-to-itself"
    assert refused(office_papers, appendix, other) == "attached-already"
    assert refused(office_papers, third, appendix) == "main-is-appendix"
    assert refused(office_papers, main, other) == "has-appendices"
    secret = office_papers.digitized()
    commands.mark_secret(office_papers.store, secret, BY, office_papers.clock())
    assert refused(office_papers, secret, other) == refused(office_papers, other, secret) == "attach-held"
    commands.approve(office_papers.store, third, BY, office_papers.clock())
    assert refused(office_papers, third, other) == "attach-decided"
    assert refused(office_papers, other, third) == "main-decided"
    office_papers.sign(third)
    assert refused(office_papers, other, third) == "main-decided"
    assert refused(office_papers, other, "nobody") == "no-such-document"
    case = office_papers.digitized(kind=Kind.CASE_FILE)
    assert refused(office_papers, other, case) == refused(office_papers, case, other) == "attach-kind"
    given = office_papers.digitized()
    taken = bookkeeping.reserve(office_papers.store, "den", "giữ", BY, office_papers.clock())
    bookkeeping.use(office_papers.store, taken, given, BY, office_papers.clock())
    assert refused(office_papers, given, other) == "attach-decided", "a reserved number waits for it"
    offered = office_papers.store.read(lambda db: attachments.offered(db, documents.load(db, other)))
    assert [one.id for one in offered] == [], "what cannot be attached is not offered"


@pytest.mark.parametrize("state", tuple(State))
def test_only_a_paper_that_waits_for_approval_is_attached(state: State) -> None:
    free, one = in_state(State.DIGITIZED), in_state(state)
    fits = state is State.DIGITIZED
    assert (trouble_attaching(one, free) == "") is fits and (trouble_attaching(free, one) == "") is fits
    held = dataclasses.replace(free, id="held", markings=(SUSPECTED,))
    assert trouble_attaching(held, one) and trouble_attaching(one, held)


def test_both_are_approved_in_one_decision_under_one_number(office_papers: Papers) -> None:
    main, appendix = pair(office_papers)
    commands.approve(office_papers.store, main, BY, office_papers.clock(), {"code": "9/UBND-VX"})
    one, two = office_papers.load(main), office_papers.load(appendix)
    assert (two.state, two.register, two.register_number) == (State.APPROVED, "den", one.register_number)
    assert two.value("code") == "9/UBND-VX" and [each.by for each in two.consents] == [BY]
    assert office_papers.store.read(lambda db: registers.held_for(db, appendix)) is None, "no number of its own"
    looks = Looks(
        agency="UBND xã",
        leader_image=None,
        seal_image=None,
        font_cache=office_papers.store.blobs.folder,
        seal_size=None,
    )
    stamp = stamp_for(looks, two, Slot.AGENCY, office_papers.clock())
    assert isinstance(stamp, StampText) and stamp.lines[0] == "Kèm theo văn bản số 9/UBND-VX"
    with pytest.raises(CommandRefused, match="attached-to-main"):
        commands.withdraw(office_papers.store, appendix, BY, office_papers.clock())
    with pytest.raises(CommandRefused, match="attach-decided"):
        commands.detach(office_papers.store, appendix, BY, office_papers.clock())
    commands.withdraw(office_papers.store, main, BY, office_papers.clock())
    back = office_papers.load(appendix)
    assert (back.state, back.register_number, back.consents) == (State.DIGITIZED, 0, ())
    commands.detach(office_papers.store, appendix, BY, office_papers.clock())
    commands.approve(office_papers.store, appendix, BY, office_papers.clock())
    assert office_papers.load(appendix).register_number == one.register_number + 1
    assert verify(office_papers.store).sound


def test_a_main_paper_without_a_number_of_its_own_is_asked_for_it(office_papers: Papers) -> None:
    main, appendix = pair(office_papers)
    with pytest.raises(CommandRefused, match="appendix-needs-code"):
        commands.approve(office_papers.store, main, BY, office_papers.clock(), {"code": " "})
    assert {office_papers.load(one).state for one in (main, appendix)} == {State.DIGITIZED}, "both or neither"
    assert office_papers.store.read(lambda db: registers.held_for(db, main)) is None


def test_a_signed_appendix_keeps_the_approval(office_papers: Papers) -> None:
    main, appendix = pair(office_papers)
    commands.approve(office_papers.store, main, BY, office_papers.clock())
    office_papers.sign(appendix)
    with pytest.raises(CommandRefused, match="appendix-signed"):
        commands.withdraw(office_papers.store, main, BY, office_papers.clock())
    assert office_papers.load(main).state is State.APPROVED


def test_the_appendix_of_a_letter_follows_when_it_is_issued(office_papers: Papers) -> None:
    main, appendix = pair(office_papers, Kind.OUTGOING)
    store, now = office_papers.store, office_papers.clock()
    commands.approve(store, main, LEAD, now)
    assert office_papers.load(appendix).state is State.DIGITIZED, "the agency's word comes after the leader's"
    with pytest.raises(CommandRefused, match="main-decided"):
        commands.detach(store, appendix, BY, now)
    office_papers.sign(main)
    commands.consent(store, main, Slot.AGENCY, BY, now)
    issued = office_papers.load(appendix)
    assert issued.state is State.APPROVED and issued.consents[0].slot is Slot.AGENCY
    assert (issued.register, issued.open_slot) == ("di", Slot.AGENCY), "a leader signs no appendix that is a file"


def test_an_appendix_is_sent_after_its_main_paper_and_names_it(office_papers: Papers, web_clock: Clock) -> None:
    main, appendix = pair(office_papers)
    store = office_papers.store
    commands.approve(store, main, BY, web_clock())
    office_papers.sign(appendix)
    send = Enqueueing(store)
    with pytest.raises(StepParked, match="awaiting-main"):
        send(office_papers.load(appendix), web_clock())
    parked = dataclasses.replace(
        office_papers.load(appendix), next_attempt_at=web_clock() + timedelta(hours=1), version=99, last_error="…"
    )
    store.write(lambda db: documents.note_attempt(db, office_papers.load(appendix), parked))
    office_papers.sign(main)
    send(office_papers.load(main), web_clock())
    assert office_papers.load(appendix).next_attempt_at is None, "it is woken"
    send(office_papers.load(appendix), web_clock())
    first, second = (store.read(partial(outbox.latest, document_id=one)) for one in (main, appendix))
    assert first and second and first.sequence < second.sequence
    assert first.meta["appendices"] == [appendix] and "main" not in first.meta
    assert second.meta["main"] == {"id": main, "sha256": first.sha256} and second.meta["kind"] == "appendix"
    assert second.meta["register"] == first.meta["register"]
    assert decode(encode({12: second.meta})) == {12: second.meta}, "the wire carries it as it is"
    assert verify(store).sound


@pytest.mark.parametrize("state", tuple(State))
def test_when_an_appendix_waits_for_its_main_paper(state: State) -> None:
    sent_or_ended = (State.QUEUED, State.DELIVERED, State.REFUSED, State.DISCARDED)
    assert waits_for_main(in_state(state)) is (state not in sent_or_ended)


def test_a_secret_is_attached_to_nothing_any_more(office_papers: Papers) -> None:
    main, appendix = pair(office_papers)
    commands.mark_secret(office_papers.store, appendix, BY, office_papers.clock())
    held = office_papers.load(appendix)
    assert (held.state, held.attached_to, held.secret) == (State.QUARANTINED, "", True)
    assert told(office_papers, main)[-1] == "appendix-detached"
    said = office_papers.store.read(lambda db: list(events.entries(db, main)))[-1].detail
    assert said["name"] == "", "nothing of it is said elsewhere"
    commands.approve(office_papers.store, main, BY, office_papers.clock())
    assert office_papers.load(appendix).state is State.QUARANTINED
    assert verify(office_papers.store).sound


@pytest.mark.parametrize("end", ("secret", "send-back"))
def test_when_the_main_paper_ends_its_appendices_stand_alone(office_papers: Papers, end: str) -> None:
    main, appendix = pair(office_papers)
    if end == "secret":
        commands.mark_secret(office_papers.store, main, BY, office_papers.clock())
    else:
        commands.send_back(office_papers.store, main, BY, office_papers.clock(), "Thiếu trang")
    alone = office_papers.load(appendix)
    assert (alone.attached_to, alone.kind, alone.policy) == ("", Kind.INCOMING_SCAN, "person")
    assert next_step(alone) is None and waiting(office_papers)[-1:] == [appendix]


def test_what_hangs_together_is_not_cut(office_papers: Papers) -> None:
    main, appendix = office_papers.digitized(pages=3), office_papers.digitized()
    commands.attach(office_papers.store, appendix, main, BY, office_papers.clock())
    with pytest.raises(CommandRefused, match="has-appendices"):
        recutting.part_before(office_papers.store, main, 2, BY, office_papers.clock())


def test_a_draft_as_an_appendix_needs_no_leader(office_papers: Papers) -> None:
    main, draft = office_papers.digitized(kind=Kind.OUTGOING), office_papers.digitized(kind=Kind.OUTGOING)
    commands.attach(office_papers.store, draft, main, BY, office_papers.clock())
    leaders = office_papers.store.read(lambda db: queues.queue(db, Role.LEADER))
    assert [row.document.id for row in leaders.rows] == [main]
    commands.detach(office_papers.store, draft, BY, office_papers.clock())
    assert office_papers.load(draft).kind is Kind.OUTGOING


async def test_the_clerk_attaches_and_detaches_at_the_desk(visitor: Visitor, office_papers: Papers) -> None:
    main, appendix = office_papers.digitized(), office_papers.digitized(name="bảng biểu.pdf")
    _, text = await visitor.get(f"/desk/{main}")
    assert f'<option value="{appendix}">' in text and f'action="/desk/{main}/appendices"' in text
    stale = {"version": str(office_papers.load(main).version)}
    state, where, _ = await visitor.post(f"/desk/{main}/appendices", {"paper": appendix})
    assert (state, where) == (303, f"/desk/{main}?said=attach")
    _, text = await visitor.get(where)
    assert "Đã đính kèm phụ lục." in text and f"/desk/{appendix}/do/detach" in text
    state, _, text = await visitor.post(f"/desk/{main}/do/approve", stale)
    assert state == 409 and office_papers.load(main).state is State.DIGITIZED, (
        "the page without it was not what is decided"
    )
    _, text = await visitor.get(f"/desk/{appendix}")
    assert "Là phụ lục của" in text and f'href="/desk/{main}"' in text and "/do/approve" not in text
    await visitor.become(LEADER)
    assert (await visitor.post(f"/desk/{main}/appendices", {"paper": appendix}))[0] == 403
    _, text = await visitor.get(f"/papers/{main}")
    assert "Phụ lục đính kèm" in text and "/appendices" not in text.replace("live-appendices", "")
    form = {"version": str(office_papers.load(appendix).version), **CLERK, "following": main}
    state, where, _ = await visitor.post(f"/desk/{appendix}/do/detach", form)
    assert (state, where) == (303, f"/desk/{main}?said=detach")
    assert office_papers.load(appendix).attached_to == ""


async def test_a_refused_attachment_says_why(visitor: Visitor, office_papers: Papers) -> None:
    main, other = office_papers.digitized(), office_papers.digitized()
    for root in ("/desk", "/papers"):
        state, _, text = await visitor.post(f"{root}/{main}/appendices", {"paper": main})
        assert state == 409 and "phụ lục của chính nó" in text
        state, _, text = await visitor.post(f"{root}/{main}/appendices", {})
        assert state == 422 and "Hãy chọn văn bản làm phụ lục." in text
        assert (await visitor.post(f"{root}/none/appendices", {"paper": other}))[0] == 404
    office_papers.quarantine(main, Event.SUSPECTED_SECRET, "suspected-secret")
    _, text = await visitor.get(f"/desk/{main}")
    assert "/appendices" not in text.replace("live-appendices", "")


async def test_the_leader_sees_what_goes_with_the_draft(visitor: Visitor, office_papers: Papers) -> None:
    main, appendix = pair(office_papers, Kind.OUTGOING)
    await visitor.become(LEADER)
    _, text = await visitor.get(f"/approvals/{main}")
    assert "Phụ lục đính kèm" in text and f'href="/papers/{appendix}"' in text and "do/detach" not in text


async def test_one_pin_is_for_the_appendices_too(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    main, _appendix = pair(office_papers)
    commands.attach(office_papers.store, office_papers.digitized(), main, BY, office_papers.clock())
    alone = office_papers.digitized()
    _, text = await visitor.get("/desk/many")
    assert text.count("phụ lục") == 1 and "2 phụ lục" in text
    chosen = [("paper", f"{one}:{office_papers.load(one).version}") for one in (main, alone)]
    turn = text.split('name="turn" value="', 1)[1].split('"', 1)[0]
    await visitor.post("/desk/many", [*chosen, ("pin", "135790"), ("turn", turn)])
    assert [login["documents"] for login in pin_signer.logins] == [4], "two papers and two appendices"
    assert office_papers.load(main).state is State.APPROVED
