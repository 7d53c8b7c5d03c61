"""What people do through the pages: every action, who may, what is asked, and where a POST may come from."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from appliance import commands
from appliance.config import Config
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.web.deeds import FormRefused, changed_fields, understood
from appliance.wording import speak
from tests.fixtures_pins import PinSigner
from tests.fixtures_store import NOW
from tests.fixtures_web import CLERK, LEADER, Papers, Visitor


def form_for(document: Document, who: dict[str, str], **more: str) -> dict[str, str]:
    """What the page's form would send; ``who`` has signed in before (``Visitor.post``)."""
    return {"version": str(document.version), **who, **more}


class Desk:
    """One paper and the forms sent about it."""

    def __init__(self, visitor: Visitor, papers: Papers, paper: str) -> None:
        self.visitor, self.papers, self.paper = visitor, papers, paper

    async def do(self, action: str, who: dict[str, str], **more: str) -> tuple[int, str, str]:
        form = form_for(self.papers.load(self.paper), who, **more)
        return await self.visitor.post(f"/papers/{self.paper}/do/{action}", form)

    @property
    def document(self) -> Document:
        return self.papers.load(self.paper)


async def test_the_clerk_approves_a_scan_with_corrections(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized())
    corrected = {
        "field-subject": "Về việc sửa chữa đường làng",
        "field-issued_date": "5/11/2026",
        "field-code": "216/UBND-VX",
    }
    state, where, _ = await desk.do("approve", CLERK, **corrected)
    assert (state, where) == (303, f"/papers/{desk.paper}?said=approve")
    assert desk.document.state is State.APPROVED
    assert desk.document.value("subject") == "Về việc sửa chữa đường làng"
    assert desk.document.value("issued_date") == "2026-11-05"
    assert (desk.document.value("code_number"), desk.document.value("code_notation")) == ("216", "UBND-VX")
    assert desk.document.consents[0].by == "Trần Thị Lan (văn thư)"
    _, text = await visitor.get(f"/papers/{desk.paper}?said=approve")
    assert "Đã duyệt." in text and "Trần Thị Lan (văn thư)" in text


async def test_decomposed_letters_are_kept_composed(visitor: Visitor, office_papers: Papers) -> None:
    import unicodedata

    desk = Desk(visitor, office_papers, office_papers.digitized())
    await desk.do("approve", CLERK, **{"field-subject": unicodedata.normalize("NFD", "Ủy ban nhân dân đường")})
    assert desk.document.value("subject") == unicodedata.normalize("NFC", "Ủy ban nhân dân đường")


async def test_the_leader_approves_and_the_clerk_issues(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized(kind=Kind.OUTGOING))
    state, _, text = await desk.do("approve", CLERK)
    assert state == 409 and "cần lãnh đạo thực hiện" in text
    assert (await desk.do("approve", LEADER))[0] == 303
    office_papers.sign(desk.paper)
    assert (await desk.do("issue", LEADER))[0] == 409
    assert (await desk.do("issue", CLERK))[0] == 303
    office_papers.sign(desk.paper)
    assert desk.document.state is State.SIGNED
    assert [consent.by for consent in desk.document.consents] == ["Nông Văn Thuận (lãnh đạo)", "Trần Thị Lan (văn thư)"]


async def test_withdraw_only_before_the_first_signature(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized(kind=Kind.OUTGOING))
    await desk.do("approve", LEADER)
    assert (await desk.do("withdraw", LEADER))[0] == 303
    assert desk.document.state is State.DIGITIZED
    await desk.do("approve", LEADER)
    office_papers.sign(desk.paper)
    assert (await desk.do("withdraw", LEADER))[0] == 409


async def test_sending_back_needs_a_reason_and_keeps_what_was_typed(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized())
    state, _, text = await desk.do("send-back", CLERK, reason="  ")
    assert state == 422 and "Hãy ghi lý do." in text and desk.document.state is State.DIGITIZED
    assert (await desk.do("send-back", CLERK, reason="Trang 2 bị mờ"))[0] == 303
    assert desk.document.state is State.DISCARDED and desk.document.reason_text == "Trang 2 bị mờ"


async def test_a_suspected_secret_is_released_with_a_reason_or_ended(visitor: Visitor, office_papers: Papers) -> None:
    first, second = (
        Desk(visitor, office_papers, office_papers.quarantine(office_papers.received(), Event.SUSPECTED_SECRET, code))
        for code in ("suspected-secret", "marking-unreadable")
    )
    assert (await first.do("release", CLERK))[0] == 422
    assert (await first.do("release", CLERK, reason="Chữ “mật” trong tên địa danh"))[0] == 303
    assert first.document.state is State.RECEIVED
    assert (await second.do("discard", CLERK, reason="Đúng là bí mật"))[0] == 303
    assert second.document.state is State.DISCARDED
    assert not office_papers.store.blobs.path(second.document.original_sha256).exists()


async def test_an_unreadable_paper_is_tried_again_without_a_reason(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.quarantine(office_papers.received(), Event.UNREADABLE, "damaged")
    assert (await Desk(visitor, office_papers, paper).do("release", CLERK))[0] == 303


async def test_a_refused_paper_is_sent_again(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized())
    await desk.do("approve", CLERK)
    office_papers.answer(office_papers.enqueue(office_papers.sign(desk.paper)), "Tệp không đúng")
    assert (await desk.do("requeue", CLERK))[0] == 303
    assert desk.document.state is State.QUEUED


async def test_approve_and_go_on_to_the_next(visitor: Visitor, office_papers: Papers) -> None:
    first, second = office_papers.digitized(), office_papers.digitized()
    _, where, _ = await Desk(visitor, office_papers, first).do("approve", CLERK, then="next")
    assert where == f"/papers/{second}?said=approve"


async def test_nothing_happens_without_a_person_and_nothing_typed_is_lost(
    visitor: Visitor, office_papers: Papers
) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized())
    await visitor.become({})
    said = {"person": "Kẻ mạo danh"}  # half of what the forms of an older version said
    assert (await desk.do("approve", said))[0] == 401
    assert desk.document.state is State.DIGITIZED
    await visitor.become(CLERK)
    state, _, text = await desk.do("approve", {}, **{"field-subject": "Gõ dở dang", "field-issued_date": "mai"})
    assert state == 422 and "Gõ dở dang" in text and desk.document.state is State.DIGITIZED


async def test_a_form_cannot_say_who_sends_it(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized())
    form = [("version", str(desk.document.version)), ("person", "Nông Văn Thuận"), ("role", "lanh_dao")]
    assert (await visitor.post(f"/papers/{desk.paper}/do/approve", form))[0] == 303
    assert desk.document.consents[0].by == "Trần Thị Lan (văn thư)"


async def test_a_stale_page_changes_nothing(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized())
    old = form_for(desk.document, CLERK)
    commands.approve(office_papers.store, desk.paper, "Khác", NOW)
    commands.withdraw(office_papers.store, desk.paper, "Khác", NOW)
    state, _, text = await visitor.post(f"/papers/{desk.paper}/do/approve", old)
    assert state == 409 and "vừa được người khác thay đổi" in text
    assert desk.document.state is State.DIGITIZED


async def test_an_action_that_does_not_exist(visitor: Visitor, office_papers: Papers) -> None:
    desk = Desk(visitor, office_papers, office_papers.digitized())
    assert (await desk.do("deliver", CLERK))[0] == 409
    assert (await visitor.post("/papers/none/do/approve", {"version": "1", **CLERK}))[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example.com"},
        {"Origin": "http://hop:81"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://hop"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_post_from_elsewhere_is_refused(
    visitor: Visitor, office_papers: Papers, headers: dict[str, str]
) -> None:
    paper = office_papers.digitized()
    form = form_for(office_papers.load(paper), CLERK)
    await visitor.become(CLERK)
    for path in (
        f"/papers/{paper}/do/approve",
        "/me/password",
        "/sign-in",
        "/hand-in",
        f"/papers/{paper}/token/agency",
    ):
        state, _, _ = await visitor.post(path, form, headers)
        assert state == 403, path
    assert office_papers.load(paper).state is State.DIGITIZED


async def test_our_own_page_may_post_over_https_too(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    form = form_for(office_papers.load(paper), CLERK)
    state, _, _ = await visitor.post(f"/papers/{paper}/do/approve", form, {"Sec-Fetch-Site": "same-origin"})
    assert state == 303


@pytest.mark.parametrize("typed", ["31/02/2026", "mai", "2026/13/01", "1/1/26"])
def test_a_date_that_is_none_is_told(typed: str) -> None:
    with speak("vi"), pytest.raises(FormRefused, match="Ngày văn bản"):
        understood({"issued_date": typed})


def test_only_what_changed_is_told_and_an_unchanged_number_keeps_its_parts(office_papers: Papers) -> None:
    document = office_papers.load(office_papers.digitized(fields={"code_number": "0215"}))
    same = understood({"code": document.value("code"), "subject": document.value("subject"), "urgency": "khan"})
    assert changed_fields(document, same) == {"urgency": "khan"}


# --- the PIN ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def pins(pin_signer: PinSigner) -> list[dict[str, Any]]:
    """What a signer is asked whose tokens stay shut, so that the form for a PIN stays on the page."""
    pin_signer.opens = False
    return pin_signer.asked


def _logins(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [request for request in asked if request["op"] == "login"]


async def _login_form(visitor: Visitor, paper: str) -> dict[str, str]:
    """The hidden fields of the form for a PIN."""
    page = (await visitor.get(f"/papers/{paper}"))[1]
    return dict(re.findall(r'<input type="hidden" name="(turn)" value="([^"]+)">', page))


async def test_the_pin_goes_to_the_signer_and_nowhere_else(
    visitor: Visitor,
    office_papers: Papers,
    office: Config,
    pins: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    paper = office_papers.digitized()
    commands.approve(office_papers.store, paper, "Lan (văn thư)", NOW)
    form = await _login_form(visitor, paper)
    state, where, _ = await visitor.post(f"/papers/{paper}/token/agency", form | {"pin": "s3cret-PIN"})
    assert (state, where) == (303, f"/papers/{paper}?said=login")
    assert {"op": "login", "slot": "agency", "pin": "s3cret-PIN", "documents": 0}.items() <= _logins(pins)[0].items()

    wrong = await _login_form(visitor, paper) | {"pin": "0000", "documents": "12"}
    state, where, text = await visitor.post(f"/papers/{paper}/token/agency", wrong)
    assert (state, where, text) == (303, f"/papers/{paper}?login=pin-wrong", "")
    assert "Mã PIN không đúng" in (await visitor.get(where))[1]
    assert _logins(pins)[1]["documents"] == 12
    for again in (wrong, {"pin": "0000"}, wrong | {"turn": ""}):  # back and sent again, a double click, a made-up form
        assert (await visitor.post(f"/papers/{paper}/token/agency", again))[1].endswith("?login=login-form-old")
    odd = await _login_form(visitor, paper) | {"pin": "0000", "documents": "-1"}
    assert (await visitor.post(f"/papers/{paper}/token/agency", odd))[1].endswith("?login=login-number-wrong")
    assert len(_logins(pins)) == 2, "one try for each PIN that somebody typed"
    assert "s3cret-PIN" not in caplog.text
    for file in office.box.state_dir.rglob("*"):
        if file.is_file():
            assert b"s3cret-PIN" not in file.read_bytes(), file


async def test_a_leaders_pin_is_for_the_papers_that_wait(
    visitor: Visitor, office_papers: Papers, pins: list[dict[str, Any]]
) -> None:
    papers = [office_papers.digitized(kind=Kind.OUTGOING) for _ in range(3)]
    for paper in papers[:2]:  # the approval of a letter is its leader's
        commands.approve(office_papers.store, paper, "Thuận (lãnh đạo)", NOW)
    page = (await visitor.get(f"/papers/{papers[0]}"))[1]
    assert "do chủ thiết bị nhập" in page and 'name="pin"' not in page, "the clerk does not type the leader's PIN"
    answered = await visitor.post(f"/papers/{papers[0]}/token/leader", {"pin": "1", "turn": ""})
    assert answered[1] == f"/papers/{papers[0]}?login=pin-of-another"
    await visitor.become(LEADER)
    page = (await visitor.get(f"/papers/{papers[0]}"))[1]
    (number,) = re.findall(r'<input id="documents"[^>]*>', page)
    assert 'required value="2"' in number
    await visitor.become(CLERK)
    agency = office_papers.digitized()
    commands.approve(office_papers.store, agency, "Lan (văn thư)", NOW)
    page = (await visitor.get(f"/papers/{agency}"))[1]
    (number,) = re.findall(r'<input id="documents"[^>]*>', page)
    assert "required" not in number and "value" not in number
    assert _logins(pins) == []


async def test_a_signer_that_is_not_there_is_told_and_slows_nothing(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    commands.approve(office_papers.store, paper, "Lan (văn thư)", NOW)
    assert "Phần ký chưa chạy" in (await visitor.get(f"/papers/{paper}"))[1]
    assert (await visitor.post(f"/papers/{paper}/token/agency", {"pin": "1"}))[0] == 303
    assert (await visitor.get("/"))[0] == 200
