"""The register's columns that a clerk says at the desk: offered, read, and written with the number or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from appliance import commands
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.pipeline.sending import package_meta
from appliance.registers.desk_row import row_of
from appliance.registers.proposing import counted, named_day, offered
from appliance.registers.workdays import WorkingDays
from appliance.store import books, events, registers
from appliance.store.books import Row
from appliance.store.upkeep import verify
from tests.fixtures_web import CLERK, Papers, Visitor

ARRIVED = date(2026, 11, 21)
"""The day of ``NOW`` in Vietnam, a Saturday."""


def row(papers: Papers, book: str, paper: str) -> Row:
    document = papers.load(paper)
    found = papers.store.read(lambda db: books.row(db, book, document.register_year, document.register_number))
    assert found is not None
    return found


def form(papers: Papers, paper: str, **said: str) -> dict[str, str]:
    return {"version": str(papers.load(paper).version), **CLERK} | {f"row-{name}": text for name, text in said.items()}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("báo cáo về UBND tỉnh trước ngày 25/11/2026 để tổng hợp", date(2026, 11, 25)),
        ("gửi kết quả trước 17 giờ 00 phút,\nngày 01 tháng 12 năm 2026", date(2026, 12, 1)),
        ("Thời hạn gửi báo cáo: chậm nhất ngày 30-11-2026.", date(2026, 11, 30)),
        ("kể từ trước ngày 01/7/2025; nay trước ngày 24.11.2026", date(2026, 11, 24)),
        ("trước ngày 31/02/2027", None),
        ("Công văn ngày 25/11/2026 của UBND tỉnh", None),
        ("thời hạn giải quyết được rút ngắn. Văn bản ban hành ngày 25/12/2026", None),
        ("trước ngày 20/11/2026", None),
    ],
)
def test_the_day_that_a_paper_names_itself(text: str, day: date | None) -> None:
    found = named_day(("Căn cứ Luật", text), ARRIVED)
    assert (found.day if found else None) == day
    assert found is None or found.page == 2


def test_terms_are_counted_in_working_days() -> None:
    calendar = WorkingDays()
    assert dict(offered(ARRIVED, calendar))[5] == date(2026, 11, 27), "the weekend of the arrival counts for nothing"
    assert counted("5", ARRIVED, calendar) == counted("5 ngày làm việc", ARRIVED, calendar) == date(2026, 11, 27)
    assert counted("27/11/2026", ARRIVED, calendar) is None and counted("0", ARRIVED, calendar) is None


async def test_what_is_said_at_the_desk_stands_in_both_books(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    said = form(office_papers, paper, receiver="Phòng  Kinh tế", due="5", note="Bản chính lưu tủ 2")
    assert (await visitor.post(f"/desk/{paper}/do/approve", said))[0] == 303
    written = row(office_papers, "den", paper)
    assert [written.cell(name) for name in ("receiver", "note", "due")] == ["Phòng Kinh tế", "Bản chính lưu tủ 2", ""]
    handling = row(office_papers, "giai-quyet", paper)
    assert (handling.cell("receiver"), handling.cell("due")) == ("Phòng Kinh tế", "2026-11-27")
    assert handling.lines[-1].by == "Trần Thị Lan (văn thư)"
    assert verify(office_papers.store).sound, "every row is in the chain"


async def test_nothing_said_writes_nothing_in_the_book_of_handling(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    empty = form(office_papers, paper, receiver="", due=" ", note="")
    assert (await visitor.post(f"/desk/{paper}/do/approve", empty))[0] == 303
    assert row(office_papers, "giai-quyet", paper).lines == ()
    assert "receiver" not in row(office_papers, "den", paper).lines[-1].cells


async def test_the_row_is_written_with_the_number_or_not_at_all(
    visitor: Visitor, office_papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = office_papers.digitized()
    real = books.write

    def breaks(*given: Any) -> Any:
        real(*given)
        raise RuntimeError("power cut")

    monkeypatch.setattr(books, "write", breaks)
    with pytest.raises(RuntimeError):
        commands.approve(office_papers.store, paper, "Lan", office_papers.clock(), row={"due": "2026-11-27"})
    assert office_papers.load(paper).state is State.DIGITIZED
    assert office_papers.store.read(lambda db: registers.held_for(db, paper)) is None
    assert verify(office_papers.store).sound


async def test_an_approval_anew_strikes_the_line_through(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    await visitor.post(f"/desk/{paper}/do/approve", form(office_papers, paper, receiver="Phòng Kinh tế", due="3"))
    await visitor.post(f"/desk/{paper}/do/withdraw", form(office_papers, paper))
    _, text = await visitor.get(f"/desk/{paper}")
    assert 'value="Phòng Kinh tế"' in text and 'value="25/11/2026"' in text, "what stands in the books is shown"
    again = form(office_papers, paper, receiver="Công an xã", due="25/11/2026", note="")
    assert (await visitor.post(f"/desk/{paper}/do/approve", again))[0] == 303
    lines = row(office_papers, "giai-quyet", paper).lines
    assert [(line.cells["receiver"], line.struck) for line in lines] == [("Phòng Kinh tế", True), ("Công an xã", False)]
    assert row(office_papers, "den", paper).cell("receiver") == "Công an xã"


@pytest.mark.parametrize("due", ["31/2/2027", "mai", "20/11/2026", "1234"])
async def test_a_day_that_cannot_be_meant_is_asked_again(visitor: Visitor, office_papers: Papers, due: str) -> None:
    paper = office_papers.digitized()
    state, _, text = await visitor.post(
        f"/desk/{paper}/do/approve", form(office_papers, paper, due=due, receiver="Ông Páo", note="gấp")
    )
    assert state == 422 and f'value="{due}"' in text and 'value="Ông Páo"' in text
    assert 'name="row-due"' in text.split('aria-invalid="true"')[0].rsplit("<input", 1)[1]
    assert office_papers.load(paper).state is State.DIGITIZED


async def test_the_form_has_the_columns_in_the_order_of_the_register(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized(text="Đề nghị báo cáo trước ngày 25/11/2026.")
    _, text = await visitor.get(f"/desk/{paper}")
    names = [part.split('"', 1)[0] for part in text.split('data-field="')[1:]]
    columns = ("issuer", "code", "issued_date", "type_name", "subject", "urgency", "receiver", "due", "note", "place")
    assert [name for name in names if name in columns] == list(columns)
    assert 'value="25/11/2026"' in text and "ngày ghi trong văn bản" in text
    assert text.index("Ngày đến") < text.index('data-field="issuer"')
    draft = office_papers.digitized(kind=Kind.OUTGOING)
    commands.hand_back(office_papers.store, draft, "Thuận", office_papers.clock(), "Thiếu căn cứ")
    assert 'name="row-due"' not in (await visitor.get(f"/desk/{draft}"))[1], "another register, other columns"


async def test_those_who_got_papers_before_are_offered(visitor: Visitor, office_papers: Papers) -> None:
    for receiver in ("Công an xã", "Phòng Kinh tế", "Phòng Kinh tế"):
        paper = office_papers.digitized()
        await visitor.post(f"/desk/{paper}/do/approve", form(office_papers, paper, receiver=receiver))
    _, text = await visitor.get(f"/desk/{office_papers.digitized()}")
    assert text.index('<option value="Phòng Kinh tế">') < text.index('<option value="Công an xã">')


def letter_to_issue(papers: Papers, **fields: str) -> str:
    """A letter that the leader has signed."""
    paper = papers.digitized(kind=Kind.OUTGOING, fields=fields)
    commands.approve(papers.store, paper, "Nông Văn Thuận (lãnh đạo)", papers.clock())
    return papers.sign(paper)


async def test_a_letter_gets_its_other_columns_while_it_is_issued(visitor: Visitor, office_papers: Papers) -> None:
    paper = letter_to_issue(office_papers, recipients="- Như trên;\n- Lưu: VT.")
    _, text = await visitor.get(f"/desk/{paper}")
    assert ">- Như trên; - Lưu: VT.</textarea>" in text and 'name="row-due"' not in text
    said = form(office_papers, paper, recipients="UBND tỉnh; Lưu: VT", copies="3", copy_kept_by="Văn thư", note="gấp")
    assert (await visitor.post(f"/desk/{paper}/do/issue", said))[0] == 303
    written = row(office_papers, "di", paper)
    assert [written.cell(name) for name in ("recipients", "copies", "copy_kept_by", "note")] == [
        "UBND tỉnh; Lưu: VT", "3", "Văn thư", "gấp",
    ]  # fmt: skip
    document = office_papers.load(paper)
    assert not document.no_paper and "no_paper" not in package_meta(document)
    assert verify(office_papers.store).sound


async def test_a_letter_without_paper_copies_says_so_everywhere(visitor: Visitor, office_papers: Papers) -> None:
    paper = letter_to_issue(office_papers)
    said = form(office_papers, paper, copies="3", note="theo CV 92", no_paper="1")
    assert (await visitor.post(f"/desk/{paper}/do/issue", said))[0] == 303
    written = row(office_papers, "di", paper)
    assert (written.cell("copies"), written.cell("note")) == ("0", "Không gửi bản giấy; theo CV 92")
    assert package_meta(office_papers.load(paper))["no_paper"] is True
    told = office_papers.store.read(lambda db: list(events.entries(db, paper)))[-1]
    assert told.event == "consented" and told.detail["no_paper"] is True
    assert "Không gửi bản giấy" in (await visitor.get(f"/papers/{paper}"))[1]
    assert verify(office_papers.store).sound


@pytest.mark.parametrize("copies", ("ba", "-1", "²"))
async def test_copies_are_a_number(visitor: Visitor, office_papers: Papers, copies: str) -> None:
    paper = letter_to_issue(office_papers)
    said = form(office_papers, paper, copies=copies, note="gấp", no_paper="1")
    state, _, text = await visitor.post(f"/desk/{paper}/do/issue", said)
    assert state == 422 and f'value="{copies}"' in text and 'value="gấp"' in text
    assert 'name="row-no_paper" value="1" checked' in text and len(office_papers.load(paper).consents) == 1


@pytest.mark.parametrize("kind", (Kind.OUTGOING, Kind.CASE_FILE))
def test_other_registers_get_nothing_of_the_handling(office_papers: Papers, kind: Kind) -> None:
    paper = office_papers.digitized(kind=kind)
    said = {"receiver": "Công an xã", "due": "2026-11-27", "note": "gấp"}
    commands.approve(office_papers.store, paper, "Lan", office_papers.clock(), row=said)
    register = office_papers.load(paper).register
    assert row(office_papers, register, paper).cell("receiver") == ""
    assert office_papers.store.read(lambda db: books.versions(db, "giai-quyet", 2026)) == []


def test_what_belongs_to_another_book_is_not_written() -> None:
    said = {"receiver": "A", "due": "2026-11-27", "note": "", "copies": "2", "no_paper": "1"}
    assert row_of("den", said) == {"receiver": "A", "note": ""}
    assert row_of("giai-quyet", said) == {"receiver": "A", "due": "2026-11-27"}
    assert row_of("di", said) == {"copies": "0", "note": "Không gửi bản giấy"}
    assert row_of("ho-so", said) == row_of("di", None) == {}
