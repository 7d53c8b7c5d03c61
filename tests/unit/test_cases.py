"""Case dossiers: what is missing, acceptance with number and day, refusal, the result, slips, the public look-up."""

from __future__ import annotations

import dataclasses
import unicodedata
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from aiohttp import FormData

from appliance import bookkeeping, casework, commands
from appliance.commands import CommandRefused
from appliance.config import Config
from appliance.config_sections import CasesSection
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.zone import VIETNAM
from appliance.registers.cases import BY_POST, Case, CaseState
from appliance.registers.catalogues import procedures
from appliance.registers.columns import BOOKS
from appliance.registers.workdays import WorkingDays
from appliance.store import Store, books, cases, catalogues, documents, events, registers
from appliance.store.upkeep import verify
from tests.fixtures_store import NOW, Clock, digitized, paper
from tests.fixtures_web import CLERK, VIEWER, Visitor, visiting

BY, BOX, CALENDAR = "Trần Thị Lan (văn thư)", "commune-27007", WorkingDays()
LIST = (
    "code,name,field,days,components\n"
    "1.001193,Đăng ký khai sinh,Hộ tịch,5,Tờ khai|Giấy chứng sinh|Ảnh?\n"
    "2.000815,Chứng thực bản sao,Chứng thực,0,Bản chính\n"
)
ALL = frozenset({"Tờ khai", "Giấy chứng sinh"})


@pytest.fixture
def desk(store: Store) -> Store:
    """A store with two procedures."""
    store.write(lambda db: catalogues.import_procedures(db, procedures(LIST), BY, NOW))
    return store


def opened(store: Store, procedure: str = "1.001193", **more: Any) -> Case:
    return casework.open_case(store, BOX, procedure, "Lò Thị Khuyên", "Bản Pà Cò 1", BY, NOW, **more)


def accepted(store: Store) -> Case:
    case = casework.tick(store, opened(store).code, 1, ALL, BY, NOW)
    return casework.accept(store, case.code, case.version, BY, NOW, CALENDAR)


def refused(code: str, act: Any) -> None:
    with pytest.raises(CommandRefused) as caught:
        act()
    assert caught.value.code == code


def test_a_complete_dossier_gets_number_row_and_day(desk: Store) -> None:
    case = opened(desk)
    assert case.code.startswith("27007.261121.") and case.missing == ("Tờ khai", "Giấy chứng sinh")
    refused("case-incomplete", lambda: casework.accept(desk, case.code, 1, BY, NOW, CALENDAR))
    assert desk.read(lambda db: registers.of_year(db, "ho-so", 2026)) == [], "a refused step takes no number"
    half = casework.tick(desk, case.code, 1, frozenset({"Tờ khai"}), BY, NOW)
    assert half.missing == ("Giấy chứng sinh",)
    refused("changed-meanwhile", lambda: casework.tick(desk, case.code, 1, ALL, BY, NOW))
    refused("component-unknown", lambda: casework.tick(desk, case.code, 2, frozenset({"Thừa"}), BY, NOW))
    casework.tick(desk, case.code, 2, ALL, BY, NOW)
    done = casework.accept(desk, case.code, 3, BY, NOW, CALENDAR)
    assert (done.year, done.number, str(done.due)) == (2026, 1, "2026-11-27")
    row = desk.read(lambda db: books.row(db, "ho-so", 2026, 1))
    assert row and row.now and dict(row.now.cells) == {
        "dossier": case.code, "procedure": "Đăng ký khai sinh", "sets": "1", "applicant": "Lò Thị Khuyên",
        "contact": "Bản Pà Cò 1", "received_on": "2026-11-21", "due": "2026-11-27",
    }  # fmt: skip
    refused("number-in-use", lambda: bookkeeping.void(desk, "ho-so", 2026, 1, "thử", BY, NOW))
    ended = casework.give_result(desk, case.code, 4, "Bưu chính công ích", BY, NOW + timedelta(days=3))
    row = desk.read(lambda db: books.row(db, "ho-so", 2026, 1))
    assert ended.state is CaseState.RETURNED and row and len(row.lines) == 1
    assert (row.cell("returned_on"), row.cell("returned_how")) == ("2026-11-24", "Bưu chính công ích")
    refused("case-not-in-this-state", lambda: casework.refuse(desk, case.code, 5, "muộn", BY, NOW))
    assert verify(desk).unexplained == ()


def test_an_incomplete_dossier_is_refused_and_comes_again(desk: Store) -> None:
    case = opened(desk)
    refused("case-not-refused", lambda: opened(desk, follows=case.code))
    refused("reason-needed", lambda: casework.refuse(desk, case.code, 1, " ", BY, NOW))
    gone = casework.refuse(desk, case.code, 1, "thiếu giấy chứng sinh", BY, NOW)
    assert (gone.state, gone.missing, gone.number) == (CaseState.REFUSED, ("Tờ khai", "Giấy chứng sinh"), 0)
    refused("case-not-in-this-state", lambda: casework.tick(desk, case.code, 2, ALL, BY, NOW))
    again = opened(desk, follows=case.code)
    assert (again.follows, again.state) == (case.code, CaseState.OPEN)
    refused("no-such-procedure", lambda: opened(desk, "9.9"))
    refused("no-such-case", lambda: casework.tick(desk, "none", 1, ALL, BY, NOW))


def test_a_procedure_without_days_is_due_the_same_day(desk: Store) -> None:
    case = opened(desk, "2.000815")
    casework.tick(desk, case.code, 1, frozenset({"Bản chính"}), BY, NOW)
    assert str(casework.accept(desk, case.code, 2, BY, NOW, CALENDAR).due) == "2026-11-21"


def test_the_chain_holds_no_personal_data(desk: Store) -> None:
    case = accepted(desk)
    told = desk.read(lambda db: list(events.entries(db, f"case:{case.code}")))
    assert [entry.event for entry in told] == ["case-opened", "case-ticked", "case-accepted"]
    assert not [entry for entry in told if "Khuyên" in str(entry.detail) or "Pà Cò" in str(entry.detail)]


def test_papers_scanned_into_a_dossier_have_its_number(desk: Store) -> None:
    case = accepted(desk)

    def scanned(dossier: str) -> Document:
        kept = digitized(paper(Kind.CASE_FILE, dossier=dossier))
        desk.write(lambda db: documents.insert(db, kept, "test", {}))
        return commands.approve(desk, kept.id, BY, NOW)

    first, second, other = scanned(case.code), scanned(case.code), scanned("")
    assert [one.register_number for one in (first, second, other)] == [1, 1, 2]
    assert {one.id for one in desk.read(lambda db: cases.papers(db, case.code))} == {first.id, second.id}
    commands.withdraw(desk, first.id, BY, NOW)
    assert commands.approve(desk, first.id, BY, NOW + timedelta(days=60)).register_number == 1
    assert [one.number for one in desk.read(lambda db: registers.of_year(db, "ho-so", 2026))] == [1, 2]


@pytest.mark.parametrize(
    ("days", "later", "comes"),
    [
        (10, timedelta(0), True),
        (10, timedelta(days=10), True),
        (10, timedelta(days=10, hours=8, minutes=59), True),  # the last minute of day 10 in Vietnam
        (10, timedelta(days=10, hours=9), False),
        (10, timedelta(days=11), False),
        (0, timedelta(days=400), True),
    ],
)
def test_a_refused_dossier_comes_again_until_the_last_day(
    desk: Store, days: int, later: timedelta, comes: bool
) -> None:
    at = NOW.astimezone(VIETNAM).replace(hour=15, minute=0)
    case = opened(desk)
    casework.refuse(desk, case.code, 1, "thiếu giấy chứng sinh", BY, at)

    def again() -> Case:
        return casework.open_case(
            desk, BOX, "1.001193", "Lò Thị Khuyên", "", BY, at + later, case.code, resubmit_days=days
        )

    if comes:
        assert again().follows == case.code
    else:
        with pytest.raises(CommandRefused) as caught:
            again()
        assert caught.value.code == "too-late-new-submission"
        assert caught.value.params == {"last": f"{at + timedelta(days=10):%d/%m/%Y}", "days": 10}


def test_a_result_by_post_needs_its_number_or_another_way(desk: Store) -> None:
    def done(by_post: bool) -> Case:
        case = opened(desk, "2.000815", by_post=by_post)
        casework.tick(desk, case.code, 1, frozenset({"Bản chính"}), BY, NOW)
        return casework.accept(desk, case.code, 2, BY, NOW, CALENDAR)

    posted, fetched, plain = done(True), done(True), done(False)
    for how in ("", BY_POST):
        refused("tracking-needed", lambda how=how: casework.give_result(desk, posted.code, 3, how, BY, NOW))
    ended = casework.give_result(desk, posted.code, 3, "", BY, NOW, " EB 123 456 789 VN ")
    assert (ended.returned_how, ended.tracking) == (BY_POST, "EB 123 456 789 VN")
    assert desk.read(lambda db: cases.find(db, posted.code)) == ended
    row = desk.read(lambda db: books.row(db, "ho-so", 2026, posted.number))
    assert row and row.cell("returned_how") == "Bưu chính công ích EB 123 456 789 VN"
    assert casework.give_result(desk, fetched.code, 3, "Trực tiếp", BY, NOW).tracking == ""
    assert casework.give_result(desk, plain.code, 3, "", BY, NOW).returned_how == ""


def test_a_dossier_that_another_office_handed_on_stands_in_both_books_once(desk: Store) -> None:
    def numbered(office: str) -> int:
        case = opened(desk, "2.000815", handed_on_by=office)
        casework.tick(desk, case.code, 1, frozenset({"Bản chính"}), BY, NOW)
        return casework.accept(desk, case.code, 2, BY, NOW, CALENDAR).number

    offices = ("", "UBND huyện Cũ", "", "Chi cục Thuế", "UBND huyện Cũ")
    assert [numbered(office) for office in offices] == [1, 2, 3, 4, 5]
    opened(desk, handed_on_by="Chi cục Thuế")  # not accepted: in no book
    every = desk.read(lambda db: books.of_year(db, "ho-so", 2026))
    extract = desk.read(lambda db: books.of_year(db, "lien-thong", 2026))
    assert len(every) == 5 and [one.taken.number for one in extract] == [2, 4, 5]
    assert [(one.cell("number"), one.cell("register_number"), one.cell("handed_on_by")) for one in extract] == [
        ("1", "2", "UBND huyện Cũ"), ("2", "4", "Chi cục Thuế"), ("3", "5", "UBND huyện Cũ"),
    ]  # fmt: skip
    assert all(one.cell("applicant") == "Lò Thị Khuyên" for one in extract)
    assert desk.read(lambda db: books.row(db, "lien-thong", 2026, 4)) == extract[1]
    assert desk.read(lambda db: books.row(db, "lien-thong", 2026, 3)) is None
    assert desk.read(lambda db: books.figures_of(db, BOOKS["lien-thong"], 2026)) == (3, 3, 0, 0)
    refused("cell-unknown", lambda: bookkeeping.amend(desk, "lien-thong", 2026, 2, {"applicant": "x"}, "", BY, NOW))
    assert verify(desk).unexplained == ()


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_the_desk_from_catalogue_to_result(visitor: Visitor, store: Store) -> None:
    form = FormData()
    form.add_field("file", LIST.encode(), filename="thu-tuc.csv", content_type="text/csv")
    state, where, _ = await visitor.post("/cases/procedures", form)
    assert (state, where) == (303, "/cases?said=procedures-imported")
    _, text = await visitor.get("/cases")
    assert 'value="1.001193 Đăng ký khai sinh"' in text
    typed = {"procedure": "1.001193 Đăng ký khai sinh", "applicant": "", "contact": "Bản Pà Cò 1"}
    state, _, text = await visitor.post("/cases", typed)
    assert state == 409 and "Hãy ghi tên cá nhân" in text and "Bản Pà Cò 1" in text
    state, where, _ = await visitor.post("/cases", typed | {"applicant": "Lò Thị Khuyên"})
    address = where.partition("?")[0]
    assert state == 303 and where.endswith("?said=case-opened")
    _, text = await visitor.get(address)
    assert "Còn thiếu: Tờ khai; Giấy chứng sinh" in text and "/receipt.pdf" not in text
    assert (await visitor.get(f"{address}/receipt.pdf"))[0] == 404
    ticked = FormData([("version", "1"), ("component", "Tờ khai"), ("component", "Giấy chứng sinh")])
    assert (await visitor.post(f"{address}/tick", ticked))[0] == 303
    state, _, text = await visitor.post(f"{address}/accept", {"version": "1"})
    assert state == 409 and "vừa được người khác thay đổi" in text
    assert (await visitor.post(f"{address}/accept", {"version": "2"}))[0] == 303
    async with visitor.session.get(f"http://hop{address}/receipt.pdf") as answer:
        slip = pypdfium2.PdfDocument(await answer.read())
    text = " ".join(slip[0].get_textpage().get_text_bounded().split())
    codes = [one.text for one in zxingcpp.read_barcodes(slip[0].render(scale=2).to_pil())]
    slip.close()
    assert "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ" in text and "Ngày hẹn trả kết quả: 27/11/2026" in text
    assert "Đăng ký nhận kết quả: Tại bộ phận một cửa" in text
    assert codes == [f"http://hop/lookup/{address.rpartition('/')[2]}"]
    async with visitor.session.get(f"http://hop{address}/separator.pdf") as answer:
        sheet = pypdfium2.PdfDocument(await answer.read())
    codes = [one.text for one in zxingcpp.read_barcodes(sheet[0].render(scale=2).to_pil())]
    sheet.close()
    assert any(address.rpartition("/")[2] in code for code in codes), codes
    assert (await visitor.post(f"{address}/return", {"version": "3", "reason": "Trực tiếp"}))[0] == 303
    assert (await visitor.post(f"{address}/khac", {"version": "4"}))[0] == 404
    _, text = await visitor.get("/cases?state=returned")
    assert "Lò Thị Khuyên" in text and store.read(cases.counts)["returned"] == 1


async def test_a_refusal_slip_lists_what_is_missing(visitor: Visitor, desk: Store) -> None:
    case = opened(desk)
    state, _, text = await visitor.post(f"/cases/{case.code}/refuse", {"version": "1", "reason": ""})
    assert state == 409 and "Hãy ghi lý do." in text
    await visitor.post(f"/cases/{case.code}/refuse", {"version": "1", "reason": "tờ khai chưa ký"})
    async with visitor.session.get(f"http://hop/cases/{case.code}/refusal.pdf") as answer:
        slip = pypdfium2.PdfDocument(await answer.read())
    text = " ".join(slip[0].get_textpage().get_text_bounded().split())
    slip.close()
    assert "Lý do từ chối: tờ khai chưa ký" in text and "1. Tờ khai 2. Giấy chứng sinh" in text
    _, text = await visitor.get(f"/cases?follows={case.code}")
    assert f'name="follows" value="{case.code}"' in text


async def test_a_component_is_ticked_whatever_letters_its_list_was_written_in(visitor: Visitor, store: Store) -> None:
    """A list from another system has its marks apart (NFD), or letters that are not seen."""
    text = unicodedata.normalize("NFD", "code,name,components\n1.1,Khai sinh,Tờ\u200b khai\n")
    store.write(lambda db: catalogues.import_procedures(db, procedures(text), BY, NOW))
    case = casework.open_case(store, BOX, "1.1", "Lò Thị Khuyên", "", BY, NOW)
    ticked = {"version": "1", "component": case.components[0].name}
    assert (await visitor.post(f"/cases/{case.code}/tick", ticked))[0] == 303
    _, shown = await visitor.get(f"/cases/{case.code}")
    assert "Còn thiếu" not in shown and unicodedata.normalize("NFC", "Tờ") in shown


async def test_a_wrong_catalogue_is_told_with_its_line(visitor: Visitor, store: Store) -> None:
    form = FormData()
    form.add_field("file", b"code,name\n1.1,\n", filename="x.csv", content_type="text/csv")
    state, _, text = await visitor.post("/cases/procedures", form)
    assert state == 422 and "Dòng 2: cột name để trống." in text
    assert store.read(catalogues.procedures) == []


async def test_anybody_with_the_code_sees_state_and_days_and_nothing_else(
    stranger: Visitor, desk: Store, web_clock: Clock
) -> None:
    case = accepted(desk)
    state, text = await stranger.get(f"/lookup/{case.code.lower()}")
    assert state == 200 and "Đã tiếp nhận, đang giải quyết" in text and "27/11/2026" in text
    for secret in ("Khuyên", "Pà Cò", "khai sinh", "Tờ khai"):
        assert secret not in text
    state, text = await stranger.get("/lookup?code=27007.261121.AAAAAA")
    assert state == 404 and "Không có hồ sơ 27007.261121.AAAAAA." in text
    for _ in range(8):
        await stranger.get("/lookup?code=x")
    state, text = await stranger.get(f"/lookup/{case.code}")
    assert state == 429 and "Tra cứu quá nhiều lần" in text and "Đã tiếp nhận" not in text
    assert (await stranger.get("/lookup"))[0] == 200
    web_clock.advance(minutes=1)
    assert (await stranger.get(f"/lookup/{case.code}"))[0] == 200


async def test_who_is_signed_in_as_clerk_alone_decides(visitor: Visitor, desk: Store) -> None:
    case = opened(desk)
    await visitor.become({**CLERK, "role": "lanh_dao"})
    state, text = await visitor.get(f"/cases/{case.code}")
    assert state == 200 and 'action="/cases' not in text
    assert (await visitor.post(f"/cases/{case.code}/refuse", {"version": "1", "reason": "x"}))[0] == 403


async def test_the_pages_know_the_window_the_post_and_the_other_office(
    store: Store, desk: Store, office: Config, web_clock: Clock
) -> None:
    limited = dataclasses.replace(office, cases=CasesSection(resubmit_days=10))
    async with visiting(limited, store, web_clock) as visitor:
        await visitor.become(CLERK)
        typed = {"procedure": "2.000815", "applicant": "Lò Thị Khuyên", "handed_on_by": "UBND xã Bên", "by_post": "yes"}
        _, where, _ = await visitor.post("/cases", typed)
        address = where.partition("?")[0]
        _, text = await visitor.get(address)
        assert "UBND xã Bên" in text and "Bưu chính công ích" in text
        await visitor.post(f"{address}/tick", FormData([("version", "1"), ("component", "Bản chính")]))
        assert (await visitor.post(f"{address}/accept", {"version": "2"}))[0] == 303
        state, _, text = await visitor.post(f"{address}/return", {"version": "3", "reason": BY_POST})
        assert state == 409 and "hãy ghi số bưu gửi" in text
        sent = {"version": "3", "reason": BY_POST, "tracking": "EB123"}
        assert (await visitor.post(f"{address}/return", sent))[0] == 303
        assert "<code>EB123</code>" in (await visitor.get(address))[1]
        for path in ("/registers/lien-thong", "/registers/lien-thong/2026/1"):
            state, text = await visitor.get(path)
            assert state == 200 and "UBND xã Bên" in text and "Lò Thị Khuyên" in text and "/amend" not in text, path
        for act in ("amend", "void", "use"):
            assert (await visitor.post(f"/registers/lien-thong/2026/1/{act}", {"reason": "x"}))[0] == 404
        await visitor.become(VIEWER)
        assert (await visitor.get("/registers/lien-thong"))[0] == 403

        await visitor.become(CLERK)
        _, where, _ = await visitor.post("/cases", {"procedure": "2.000815", "applicant": "Vàng A Sáng"})
        gone = where.partition("?")[0]
        await visitor.post(f"{gone}/refuse", {"version": "1", "reason": "thiếu"})
        _, text = await visitor.get(gone)
        assert "Nộp lại được đến hết ngày 01/12/2026" in text and "/cases?follows=" in text
        web_clock.now += timedelta(days=11)
        await visitor.sign_in_again()
        _, text = await visitor.get(gone)
        assert "phải nộp hồ sơ mới" in text and "/cases?follows=" not in text
        again = {"procedure": "2.000815", "applicant": "Vàng A Sáng", "follows": gone.rpartition("/")[2]}
        state, _, text = await visitor.post("/cases", again)
        assert state == 409 and "chỉ nộp lại được đến hết ngày 01/12/2026" in text
