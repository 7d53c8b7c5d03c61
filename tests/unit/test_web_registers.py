"""The registers' pages: the table as it is printed, filters, the clerk's forms, exports, the overdue list."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pypdfium2
import pytest

from appliance import bookkeeping
from appliance.domain.kinds import Kind
from appliance.printing.child import NotPrinted, draw, printed
from appliance.printing.register_pdf import BOTTOM
from appliance.printing.register_sheet import sheet_of
from appliance.registers.columns import BOOKS
from appliance.store import Store, books
from appliance.store.books import Row
from tests.fixtures_books import registered
from tests.fixtures_store import NOW, Clock
from tests.fixtures_web import CLERK, LEADER, SCANNER, VIEWER, Papers, Visitor

ROOT = Path(__file__).parents[2]
BY = "Trần Thị Lan (văn thư)"


def row(store: Store, book: str, number: int) -> Row:
    found = store.read(lambda db: books.row(db, book, 2026, number))
    assert found
    return found


async def days_later(visitor: Visitor, clock: Clock, days: int, path: str = "/registers") -> str:
    """A page as the clerk sees it on a later day, signed in anew."""
    clock.advance(days=days)
    await visitor.become({})
    await visitor.become(CLERK)
    _, text = await visitor.get(path)
    return text


@pytest.fixture
def some_rows(store: Store) -> Store:
    """Three papers, one corrected; a reserved and a void number."""
    for code, subject in (("1/SYT", "Về tiêm chủng"), ("2/SNV", "Về thi đua"), ("3/STC", "Về dự toán")):
        registered(store, issuer="SỞ Y TẾ", code=code, subject=subject, type_name="Công văn")
    bookkeeping.amend(store, "den", 2026, 2, {"issuer": "SỞ NỘI VỤ"}, "ghi nhầm nơi gửi", BY, NOW)
    bookkeeping.reserve(store, "den", "chờ công văn giấy", BY, NOW)
    bookkeeping.reserve(store, "den", "thừa", BY, NOW)
    bookkeeping.void(store, "den", 2026, 5, "cấp trùng", BY, NOW)
    return store


async def test_the_table_shows_every_line(visitor: Visitor, some_rows: Store) -> None:
    state, text = await visitor.get("/registers/den")
    assert state == 200
    for said in ("Tên loại và trích yếu nội dung văn bản", "(10)", "Công văn về tiêm chủng", "<s>SỞ Y TẾ</s>",
                 "Sửa dòng trên: ghi nhầm nơi gửi", "Số 5 hủy: cấp trùng", "Số 4 giữ: chờ công văn giấy"):  # fmt: skip
        assert said in text
    assert text.index("<s>SỞ Y TẾ</s>") < text.index("SỞ NỘI VỤ")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("q=tiem+chung", [1]),
        ("q=so+y+te", [1, 2, 3]),  # also where it is struck through
        ("standing=void", [5]),
        ("standing=reserved", [4]),
        ("standing=corrected", [2]),
        ("from=2026-11-22", []),
        ("to=2026-11-21&q=1/SYT", [1]),
        ("year=2025", []),
        ("from=x&to=y&standing=z&page=99", [1, 2, 3, 4, 5]),
    ],
)
async def test_filters(visitor: Visitor, some_rows: Store, query: str, numbers: list[int]) -> None:
    state, text = await visitor.get(f"/registers/den?{query}")
    assert state == 200
    assert [n for n in range(1, 6) if f'href="/registers/den/2026/{n}"' in text] == numbers


async def test_a_long_book_has_pages_and_opens_at_its_end(visitor: Visitor, store: Store) -> None:
    for _ in range(103):
        bookkeeping.reserve(store, "di", "giữ", BY, NOW)
    _, last = await visitor.get("/registers/di")
    assert 'href="/registers/di/2026/103"' in last and 'href="/registers/di/2026/100"' not in last
    _, first = await visitor.get("/registers/di?page=1")
    assert 'href="/registers/di/2026/1"' in first and 'href="/registers/di/2026/101"' not in first


async def test_the_clerk_reserves_fills_in_corrects_and_voids(visitor: Visitor, store: Store) -> None:
    state, where, _ = await visitor.post("/registers/den/reserve", {"reason": "văn bản giấy mật thư"})
    assert (state, where) == (303, "/registers/den/2026/1?said=number-reserved")
    _, text = await visitor.get("/registers/den/2026/1?said=number-reserved")
    assert "Đã giữ số này" in text and 'action="/registers/den/2026/1/void"' in text
    typed = {"cell-issuer": "CÔNG AN XÃ", "cell-arrival_date": "21/11/2026", "count": "1"}
    state, where, _ = await visitor.post("/registers/den/2026/1/amend", typed)
    assert (state, where) == (303, "/registers/den/2026/1?said=row-written")
    assert (row(store, "den", 1).cell("issuer"), row(store, "den", 1).cell("arrival_date")) == (
        "CÔNG AN XÃ",
        "2026-11-21",
    )
    wrong = {"cell-issuer": "CÔNG AN TỈNH", "cell-note": "ghi chú giữ lại", "count": "2"}
    state, _, text = await visitor.post("/registers/den/2026/1/amend", wrong)
    assert state == 409 and "Hãy ghi lý do." in text and "ghi chú giữ lại" in text, "what was typed must not be lost"
    state, _, text = await visitor.post("/registers/den/2026/1/amend", {"cell-moved_on": "mai", "count": "2"})
    assert state == 409 and "Cột “Ngày chuyển” cần một ngày" in text
    state, _, text = await visitor.post("/registers/den/2026/1/amend", wrong | {"reason": "nhầm", "count": "1"})
    assert state == 409 and "vừa được người khác thay đổi" in text
    state, _, _ = await visitor.post("/registers/den/2026/1/amend", wrong | {"reason": "nhầm"})
    assert state == 303 and len(row(store, "den", 1).lines) == 2
    state, _, _ = await visitor.post("/registers/den/2026/1/void", {"reason": "văn bản rút lại"})
    assert state == 303 and row(store, "den", 1).void
    _, text = await visitor.get("/registers/den/2026/1")
    assert "/amend" not in text and "văn bản rút lại" in text


async def test_why_a_letter_is_on_paper_alone_is_asked_where_no_file_is(visitor: Visitor, store: Store) -> None:
    bookkeeping.reserve(store, "di", "quyết định chờ ký", BY, NOW)
    registered(store, Kind.OUTGOING, code="2/QĐ-UBND")
    _, text = await visitor.get("/registers/di/2026/1")
    assert "Lý do không có bản điện tử" in text and 'name="cell-paper_only"' in text
    assert 'name="cell-paper_only"' not in (await visitor.get("/registers/di/2026/2"))[1]
    typed = {"cell-code": "1/GM-UBND", "count": "1"}
    state, _, text = await visitor.post("/registers/di/2026/1/amend", typed)
    assert state == 409 and "Hãy ghi lý do văn bản đi chỉ có bản giấy" in text and 'value="1/GM-UBND"' in text
    state, _, _ = await visitor.post("/registers/di/2026/1/amend", typed | {"cell-paper_only": "thư mời"})
    assert state == 303 and "chỉ có bản giấy: thư mời" in (await visitor.get("/registers/di"))[1]


async def test_a_year_that_began_on_paper_goes_on_from_its_number(visitor: Visitor, store: Store) -> None:
    _, text = await visitor.get("/registers/di")
    assert 'action="/registers/di/start"' in text
    for first, reason in (("0", "sổ giấy"), ("x", "sổ giấy"), ("813", " ")):
        assert (await visitor.post("/registers/di/start", {"first": first, "reason": reason}))[0] == 409
    state, where, _ = await visitor.post("/registers/di/start", {"first": "813", "reason": "tiếp sổ giấy đến số 812"})
    assert (state, where) == (303, "/registers/di?said=register-started")
    _, text = await visitor.get("/registers/di")
    assert "Hộp sẽ cấp số từ 813." in text and 'action="/registers/di/start"' not in text
    _, where, _ = await visitor.post("/registers/di/reserve", {"reason": "giữ"})
    assert where.startswith("/registers/di/2026/813")
    _, text = await visitor.get("/registers/di")
    assert "Hộp sẽ cấp số từ" not in text
    assert (await visitor.post("/registers/giai-quyet/start", {"first": "5", "reason": "x"}))[0] == 404


async def test_a_reserved_number_is_given_to_a_waiting_paper(
    visitor: Visitor, store: Store, office_papers: Papers
) -> None:
    paper = office_papers.digitized()
    await visitor.post("/registers/den/reserve", {"reason": "giữ"})
    _, text = await visitor.get("/registers/den/2026/1")
    assert f'value="{paper}"' in text
    state, _, _ = await visitor.post("/registers/den/2026/1/use", {"paper": paper})
    assert state == 303 and row(store, "den", 1).taken.document_id == paper
    state, _, text = await visitor.post("/registers/den/2026/1/use", {"paper": paper})
    assert state == 409 and "không phải số đang giữ" in text


async def test_a_term_in_working_days_and_the_overdue_list(visitor: Visitor, store: Store, web_clock: Clock) -> None:
    registered(store, subject="Về tiêm chủng")
    state, _, _ = await visitor.post("/registers/giai-quyet/2026/1/amend", {"due_days": "5", "count": "0"})
    assert state == 303 and row(store, "giai-quyet", 1).cell("due") == "2026-11-27"  # from Saturday 21 November on
    _, text = await visitor.get("/registers")
    assert "1 việc khác còn trong hạn" in text
    text = await days_later(visitor, web_clock, 5)
    assert "Sắp đến hạn" in text
    text = await days_later(visitor, web_clock, 4)
    assert "Quá hạn 1 ngày làm việc" in text and "ngày nghỉ" not in text
    text = await days_later(visitor, web_clock, 40)
    assert "Chưa khai báo đủ ngày nghỉ lễ, Tết năm 2027" in text


@pytest.mark.parametrize("who", [LEADER, VIEWER, SCANNER], ids=lambda who: str(who["role"]))
async def test_only_the_clerk_writes(visitor: Visitor, some_rows: Store, who: dict[str, str]) -> None:
    await visitor.become(who)
    for path in ("/registers", "/registers/den", "/registers/den/2026/4"):
        state, text = await visitor.get(path)
        assert state == 200 and 'method="post" action="/registers' not in text
    for path in ("/registers/den/reserve", "/registers/den/2026/4/void", "/registers/den/2026/4/amend"):
        state, _, _ = await visitor.post(path, {"reason": "x", "count": "1", "cell-note": "x"})
        assert state == 403
    assert row(some_rows, "den", 4).count == 1


@pytest.mark.parametrize(("who", "state"), [(CLERK, 200), (LEADER, 200), (VIEWER, 403), (SCANNER, 403)])
async def test_personal_data_is_not_for_everybody(
    visitor: Visitor, store: Store, who: dict[str, str], state: int
) -> None:
    registered(store, Kind.CASE_FILE, subject="Đăng ký khai sinh")
    typed = {"applicant": "Lò Thị Khuyên", "due": "12/11/2026"}
    bookkeeping.amend(store, "ho-so", 2026, 1, typed, "", BY, NOW)
    await visitor.become(who)
    for path in ("/registers/ho-so", "/registers/ho-so/2026/1", "/registers/ho-so/export.xlsx"):
        async with visitor.session.get(f"http://hop{path}") as answer:
            assert answer.status == state
    _, text = await visitor.get("/registers")
    assert ('href="/registers/ho-so"' in text, "Đăng ký khai sinh" in text) == (state == 200, state == 200)


@pytest.mark.parametrize(
    "path",
    ["/registers/khac", "/registers/den/2026/99", "/registers/den/2027/1", "/registers/den/export.doc",
     "/registers/khac/export.pdf"],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(visitor: Visitor, some_rows: Store, path: str) -> None:
    state, _ = await visitor.get(path)
    assert state == 404


async def test_the_handling_book_gives_no_numbers(visitor: Visitor, some_rows: Store) -> None:
    for path in ("reserve", "2026/1/void", "2026/1/use", "2026/1/khac"):
        state, _, _ = await visitor.post(f"/registers/giai-quyet/{path}", {"reason": "x"})
        assert state == 404


async def test_the_exports_hold_what_the_filter_shows(visitor: Visitor, some_rows: Store) -> None:
    registered(some_rows, Kind.OUTGOING, subject="=1+1", code="1/BC-UBND", signer_name="Nông Văn Thuận")
    async with visitor.session.get("http://hop/registers/den/export.pdf?year=2026&volume=II") as answer:
        pdf, kind = await answer.read(), answer.headers["Content-Type"]
    assert (answer.status, kind) == (200, "application/pdf")
    document = pypdfium2.PdfDocument(pdf)
    pages = [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
    document.close()
    assert len(pages) == 4 and "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN" in pages[0] and "Từ số 1 đến số 5" in pages[0]
    assert "Quyển số: II" in pages[0] and "quyển số II" in pages[3]
    assert "Sửa dòng trên: ghi nhầm nơi gửi (Trần Thị Lan (văn thư), 21/11/2026)" in pages[2]
    assert "Số hủy: 1 (5)." in pages[3] and "Số đang giữ, chưa dùng: 1 (4)." in pages[3]
    async with visitor.session.get("http://hop/registers/di/export.xlsx?q=bc") as answer:
        sheet = zipfile.ZipFile(io.BytesIO(await answer.read()))
    texts = sheet.read("xl/sharedStrings.xml").decode()
    assert "=1+1" in texts and "Nông Văn Thuận" in texts and "Nơi nhận văn bản" in texts
    assert "<f>" not in sheet.read("xl/worksheets/sheet1.xml").decode(), "a text was taken for a formula"


def test_a_line_longer_than_a_page_is_printed_whole(store: Store) -> None:
    names = [f"Cơ quan thứ {number} của tỉnh Phú Thọ" for number in range(4001, 4101)]
    registered(store, Kind.OUTGOING, recipients="; ".join(names))
    rows = store.read(lambda db: books.of_year(db, "di", 2026))
    document = pypdfium2.PdfDocument(draw("register.pdf", sheet_of(BOOKS["di"], rows, 2026, "xã", NOW).to_json()))
    tables = [document[index] for index in range(2, len(document) - 1)]
    parts = [page.get_textpage().get_text_bounded(bottom=BOTTOM) for page in tables]
    document.close()
    words = set(" ".join(parts).split())
    assert len(parts) > 1 and [number for number in range(4001, 4101) if str(number) not in words] == []


def test_the_pages_load_no_drawing() -> None:
    """The web process stays small: whoever draws is a child (``appliance.printing.child``)."""
    said = "import sys, appliance.web.site; print([m for m in ('reportlab', 'xlsxwriter') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert told.stdout.strip() == "[]", told.stderr


async def test_a_child_that_fails_is_told() -> None:
    with pytest.raises(NotPrinted, match="KeyError"):
        await printed("register.doc", "{}")


async def test_a_book_of_last_year_can_be_seen(visitor: Visitor, some_rows: Store, web_clock: Clock) -> None:
    text = await days_later(visitor, web_clock, 60, "/registers/den")
    assert "Sổ năm 2027 chưa có số nào." in text and "<option >2026</option>" in text
