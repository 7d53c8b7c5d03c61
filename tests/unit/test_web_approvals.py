"""The leader's desk and the clerk's many: what is offered, one PIN for a batch, a wrong PIN, a stale page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from appliance import commands
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import State
from tests.fixtures_pins import PinSigner
from tests.fixtures_store import NOW
from tests.fixtures_web import CLERK, LEADER, VIEWER, Papers, Visitor


def drafts(papers: Papers, count: int, **how: Any) -> list[str]:
    return [papers.digitized(kind=Kind.OUTGOING, **how) for _ in range(count)]


def chosen(text: str) -> list[str]:
    """The papers (``id:version``) that a page has chosen beforehand."""
    return re.findall(r'name="paper" value="([^"]+)" checked', text)


def offered(text: str) -> list[str]:
    return re.findall(r'name="paper" value="([^"]+)"', text)


def turn_in(text: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(turn)" value="([^"]+)">', text))


async def test_many_drafts_are_signed_with_one_pin_for_exactly_them(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    papers = drafts(office_papers, 3)
    before = office_papers.digitized(kind=Kind.OUTGOING)
    commands.approve(office_papers.store, before, "Nông Văn Thuận (lãnh đạo)", NOW)
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    assert sorted(each.partition(":")[0] for each in offered(text)) == sorted(papers)
    assert chosen(text) == [], "a leader chooses what the leader has read"
    form = [("paper", each) for each in offered(text)[:2]] + [("pin", "123456"), *turn_in(text).items()]
    state, where, _ = await visitor.post("/approvals", form)
    assert (state, where) == (303, "/approvals?done=2&left=0")
    (login,) = pin_signer.logins
    assert (login["slot"], login["pin"], login["documents"]) == ("leader", "123456", 3), "two and the one that waited"
    states = sorted(office_papers.load(each).state.value for each in papers)
    assert states == ["approved", "approved", "digitized"]
    _, text = await visitor.get(where)
    assert "Đã duyệt 2 văn bản." in text and "123456" not in text and len(offered(text)) == 1


async def test_a_wrong_pin_decides_nothing_and_is_not_sent_twice(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    papers = drafts(office_papers, 2)
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    form = [("paper", each) for each in offered(text)] + [("pin", "0000"), *turn_in(text).items()]
    assert (await visitor.post("/approvals", form))[1] == "/approvals?pin=pin-wrong"
    assert (await visitor.post("/approvals", form))[1] == "/approvals?pin=login-form-old"
    assert len(pin_signer.logins) == 1
    assert {office_papers.load(each).state for each in papers} == {State.DIGITIZED}
    assert "Mã PIN không đúng" in (await visitor.get("/approvals?pin=pin-wrong"))[1]


async def test_no_pin_is_asked_for_when_nothing_can_be_decided(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    (paper,) = drafts(office_papers, 1)
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    stale = f"{paper}:{office_papers.load(paper).version - 1}"
    form = [("paper", stale), ("paper", "none:1"), ("pin", "123456"), *turn_in(text).items()]
    _, where, _ = await visitor.post("/approvals", form)
    assert where.startswith("/approvals?done=0&left=2") and pin_signer.logins == []
    assert "2 văn bản chưa duyệt được" in (await visitor.get(where))[1]
    _, where, _ = await visitor.post("/approvals", {"pin": "123456"} | turn_in(text))
    assert "Chưa chọn văn bản nào." in (await visitor.get(where))[1] and pin_signer.logins == []


async def test_a_leader_decides_no_scan_and_a_clerk_no_draft(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    (draft,), scan = drafts(office_papers, 1), office_papers.digitized()
    named = [("paper", f"{each}:{office_papers.load(each).version}") for each in (draft, scan)]
    await visitor.become(CLERK)
    assert (await visitor.post("/approvals", named))[0] == 403
    assert (await visitor.post("/desk/many", named))[1].startswith("/desk/many?done=1&left=1")
    assert office_papers.load(draft).state is State.DIGITIZED and office_papers.load(scan).state is State.APPROVED
    await visitor.become(LEADER)
    assert (await visitor.post("/desk/many", named))[0] == 403
    await visitor.become(VIEWER)
    for path in ("/approvals", f"/approvals/{draft}", "/desk", "/desk/many"):
        assert (await visitor.get(path))[0] == 403, path


async def test_one_draft_is_read_signed_and_followed_by_the_next(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    drafts(office_papers, 2)
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    first, second = (each.partition(":")[0] for each in offered(text))
    _, text = await visitor.get(f"/approvals/{first}")
    assert f"/papers/{first}/pages/1.jpg" in text and f'rel="next" href="/approvals/{second}"' in text
    version = office_papers.load(first).version
    form = {"paper": f"{first}:{version}", "from": first, "following": second, **turn_in(text)}
    assert (await visitor.post("/approvals", form | {"pin": "0000"}))[1] == f"/approvals/{first}?pin=pin-wrong"
    _, text = await visitor.get(f"/approvals/{first}?pin=pin-wrong")
    assert "Mã PIN không đúng" in text
    assert (await visitor.post("/approvals", form | turn_in(text) | {"pin": "1"}))[1].startswith(
        f"/approvals/{second}?done=1"
    )
    assert office_papers.load(first).consents[0].by == "Nông Văn Thuận (lãnh đạo)"
    stale = {"paper": f"{second}:{office_papers.load(second).version - 1}", "from": second, "following": first}
    _, where, _ = await visitor.post("/approvals", stale)
    assert where.startswith(f"/approvals/{second}?done=0"), "what could not be decided stays in view"
    assert "vừa được người khác thay đổi" in (await visitor.get(where))[1]


async def test_a_draft_is_given_back_with_words(visitor: Visitor, office_papers: Papers) -> None:
    drafts(office_papers, 2)
    await visitor.become(LEADER)
    first, second = (each.partition(":")[0] for each in offered((await visitor.get("/approvals"))[1]))
    form = {"version": str(office_papers.load(first).version), "following": second}
    state, _, text = await visitor.post(f"/approvals/{first}/do/hand-back", form | {"reason": " "})
    assert state == 422 and "Hãy ghi lý do." in text
    _, where, _ = await visitor.post(f"/approvals/{first}/do/hand-back", form | {"reason": "Thiếu căn cứ"})
    assert where == f"/approvals/{second}?said=hand-back"
    _, text = await visitor.get("/approvals")
    assert "Thiếu căn cứ" in text and len(offered(text)) == 1
    await visitor.become(CLERK)
    _, text = await visitor.get(f"/desk/{first}")
    assert "Ý kiến của lãnh đạo:" in text and f"/desk/{first}/do/resubmit" in text


async def test_a_draft_signed_for_another_needs_a_delegation(visitor: Visitor, office_papers: Papers) -> None:
    (paper,) = drafts(office_papers, 1, fields={"signer_position": "KT. CHỦ TỊCH"})
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    assert "disabled" in text.partition(f'value="{paper}:')[2][:40] and "không có trong danh sách được ký KT." in text
    _, text = await visitor.get(f"/approvals/{paper}")
    assert 'name="paper"' not in text
    named = {"paper": f"{paper}:{office_papers.load(paper).version}"}
    _, where, _ = await visitor.post("/approvals", named)
    assert where.endswith("left=1&code=delegation-missing")
    assert "Chưa có ủy quyền" in (await visitor.get(where))[1]


async def test_the_clerks_many_leaves_out_what_was_not_read_surely(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    sure, weak, lacking = (
        office_papers.digitized(),
        office_papers.digitized(sure=0.6),
        office_papers.digitized(fields={"code": ""}),
    )
    issue = office_papers.digitized(kind=Kind.OUTGOING)
    commands.approve(office_papers.store, issue, "Thuận (lãnh đạo)", NOW)
    office_papers.sign(issue)
    _, text = await visitor.get("/desk/many")
    assert {each.partition(":")[0] for each in offered(text)} == {sure, weak, lacking, issue}
    assert {each.partition(":")[0] for each in chosen(text)} == {sure, issue}
    assert "Nên mở xem: Cơ quan ban hành" in text and "Nên mở xem: Số, ký hiệu" in text
    form = [("paper", each) for each in chosen(text)] + [("pin", "7"), *turn_in(text).items()]
    assert (await visitor.post("/desk/many", form))[1] == "/desk/many?done=2&left=0"
    assert pin_signer.logins[0]["slot"] == "agency" and pin_signer.logins[0]["documents"] == 2
    assert [one.slot for one in office_papers.load(issue).consents] == [Slot.LEADER, Slot.AGENCY]


async def test_a_token_without_tries_left_is_offered_no_pin(
    visitor: Visitor, office_papers: Papers, pin_signer: PinSigner
) -> None:
    import dataclasses

    drafts(office_papers, 1)
    pin_signer.keys["leader"] = dataclasses.replace(pin_signer.keys["leader"], pin_flags=("final-try",))
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    assert 'name="pin"' not in text and "Chỉ còn một lần nhập mã PIN" in text


async def test_without_a_signer_papers_are_approved_and_wait(visitor: Visitor, office_papers: Papers) -> None:
    (paper,) = drafts(office_papers, 1)
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    assert "Phần ký chưa chạy" in text and 'name="pin"' not in text
    assert (await visitor.post("/approvals", {"paper": offered(text)[0]}))[1] == "/approvals?done=1&left=0"
    assert office_papers.load(paper).state is State.APPROVED


@pytest.mark.parametrize("following", ["//evil.example", "../x", "a b", "x?y"])
async def test_no_form_leads_elsewhere(visitor: Visitor, office_papers: Papers, following: str) -> None:
    drafts(office_papers, 1)
    await visitor.become(LEADER)
    _, text = await visitor.get("/approvals")
    _, where, _ = await visitor.post("/approvals", {"paper": offered(text)[0], "following": following})
    assert where == "/approvals?done=1&left=0"
