"""Case dossiers: what is missing, acceptance with number and day, refusal, the result, slips, the public look-up."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from aiohttp import FormData

from appliance import bookkeeping, casework, commands
from appliance.commands import CommandRefused
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.registers.cases import Case, CaseState
from appliance.registers.catalogues import procedures
from appliance.registers.workdays import WorkingDays
from appliance.store import Store, books, cases, catalogues, documents, events, registers
from appliance.store.upkeep import verify
from tests.fixtures_store import NOW, Clock, digitized, paper
from tests.fixtures_web import CLERK, Visitor

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


def opened(store: Store, procedure: str = "1.001193", **more: str) -> Case:
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
