"""Communes' books at the province: sums to the digit, the inspection's findings, the page, the paper, the command."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync.protocol.account import Account
from sync.province.books import Limits, checks, lost, reduction, total
from sync.province.cli import main
from sync.province.config import Config, Folder, render
from sync.province.inspection import QUESTIONS, inspection
from sync.province.office_books import offices, period_before, periods_offered, typed_period
from sync.province.overview import Memory, survey
from sync.province.people.rules import Role
from sync.province.printing.paper import Letterhead
from sync.province.printing.paper_pdf import paper_pdf
from sync.province.reporting import percent
from sync.province.store.account_rows import AccountRows
from tests.fixtures_province_web import visiting
from tests.integration.test_province_letters import words_of
from tests.integration.test_province_reports import NOON, Office

ONE, TWO, THREE = "commune-00001", "commune-00002", "commune-00003"
GOOD = {
    "den.numbers": 200, "den.gaps": 0, "den.void": 1, "di.numbers": 100, "di.gaps": 0, "di.void": 0,
    "ho-so.numbers": 40, "ho-so.gaps": 0, "ho-so.void": 0,
    "in.total": 200, "in.electronic": 150, "in.paper": 50, "in.same-day": 199,
    "out.total": 100, "out.leader": 100, "out.agency": 100, "out.both": 100, "out.online": 100, "out.both-online": 100,
    "out.paper": 0, "due.total": 100, "due.on-time": 96, "due.late": 3, "due.overdue": 1, "due.open": 0,
    "case.total": 40, "case.done": 30, "case.late": 0, "case.took": 350, "case.term": 500,
    "people.all": 10, "people.active": 10, "sent.total": 5, "sent.answered": 3, "sent.waiting": 2,
}  # fmt: skip
POOR = GOOD | {
    "ho-so.numbers": 0, "di.gaps": 2, "due.on-time": 87, "due.late": 8, "due.overdue": 5, "out.both": 93,
    "out.leader": 99, "out.agency": 94, "out.both-online": 90, "out.paper": 3, "in.same-day": 180, "people.active": 9,
    "case.took": 490, "sent.total": 9, "sent.waiting": 4,
}  # fmt: skip
HEAD = Letterhead("Văn phòng UBND tỉnh", place="Thử")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "store")
    for _ in range(3):
        made.answer(ONE, NOON)
    made.answer(TWO, NOON)
    made.answer(TWO, NOON, refused="secret")
    rows = AccountRows(made.store.connection)
    rows.note(ONE, Account(ONE, int(NOON), "2026", GOOD), NOON)
    rows.note(TWO, Account(TWO, int(NOON), "2026", POOR), NOON)
    rows.note(TWO, Account(TWO, int(NOON) - 9, "2025", {"case.took": 700, "case.term": 500}), NOON)
    yield made
    made.store.close()


def test_the_reference_shares_over_communes_to_the_digit() -> None:
    """RC1: 3,724 in, 977 out, 973 and 970 signed over the communes of a district; RC4: 9 of 10 use the system."""
    communes = [
        {"in.total": 184, "out.total": 86, "out.leader": 86, "out.agency": 86, "case.took": 300},
        {"in.total": 3540, "out.total": 891, "out.leader": 887, "out.agency": 884, "case.took": 900},
    ]
    summed = total(communes)
    assert (summed["in.total"], summed["out.total"]) == (3724, 977)
    assert percent(summed["out.leader"], summed["out.total"]) == "99.59"
    assert percent(summed["out.agency"], summed["out.total"]) == "99.28"
    assert "case.took" not in summed, "medians are never added up"
    assert percent(9, 10) == "90.00"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1000, 700, "30.0"), (500, 350, "30.0"), (3, 2, "33.3"), (6, 5, "16.7"), (100, 100, "0.0"), (100, 130, "-30.0"),
        (0, 5, "–"), (10**6, 10**6 + 1, "0.0"),
    ],
)  # fmt: skip
def test_handling_became_shorter(before: int, after: int, said: str) -> None:
    assert reduction(before, after) == said


def test_nothing_is_lost_while_every_delivery_is_answered_or_waits() -> None:
    assert lost({"sent.total": 9, "sent.waiting": 4}, 5) == 0
    assert lost({"sent.total": 9, "sent.waiting": 4}, 4) == 1
    assert lost({"sent.total": 9, "sent.waiting": 4}, 7) == 0, "answers that came after the box told"
    assert lost({}, 0) == 0


def test_an_office_in_order_and_one_with_five_findings(office: Office) -> None:
    by_box = {one.box: one for one in offices(office.store, "2026")}
    good, poor, silent = by_box[ONE], by_box[TWO], by_box[THREE]
    assert [one.box for one in offices(office.store, "2026", TWO)] == [TWO]
    assert {one.code: one.good for one in good.checks(Limits())} == dict.fromkeys(QUESTIONS, True)
    found = {one.code: (one.good, one.part, one.whole) for one in poor.checks(Limits())}
    assert found == {
        "books": (False, 2, 3), "gaps": (False, 2, 300), "overdue": (False, 13, 100), "unsigned": (False, 7, 100),
        "same-day": (False, 180, 200), "electronic": (False, 90, 100), "active": (False, 9, 10),
    }  # fmt: skip
    assert silent.told is None
    assert {one.good for one in silent.checks(Limits())} == {None}, "who tells nothing is not blamed"
    assert (good.lost, poor.lost) == (0, 3), "9 sent, 4 wait, 2 answered"
    assert (good.sooner, poor.sooner, poor.sooner_than_before) == ("30.0", "2.0", "30.0")
    assert good.sooner_than_before == "–"


def test_limits_are_met_exactly_at_their_edge() -> None:
    at_edge = {
        "due.total": 100, "due.overdue": 5, "in.total": 100, "in.same-day": 95, "out.total": 100, "out.both": 100,
        "out.both-online": 95, "people.all": 10_000, "people.active": 9_001,
    }  # fmt: skip
    assert {one.good for one in checks(at_edge, Limits())} == {True, None}
    beyond = at_edge | {"due.overdue": 6, "in.same-day": 94, "out.both-online": 94, "people.active": 9_000}
    assert [one.code for one in checks(beyond, Limits()) if one.good is False] == [
        "overdue", "same-day", "electronic", "active",
    ]  # fmt: skip


def test_the_paper_says_each_finding_with_its_figures(office: Office) -> None:
    by_box = {one.box: one for one in offices(office.store, "2026")}
    pages = words_of(paper_pdf(inspection(by_box[TWO], "2026", Limits(), HEAD, 11, 2026)))
    drawn = " ".join(pages)
    for words in (
        "BÁO CÁO KIỂM TRA",
        "Kết quả kiểm tra sổ sách, công tác văn thư và một cửa năm 2026",
        "Đã mở 2/3 sổ; chưa mở: sổ theo dõi hồ sơ",
        "Thiếu 2 số trong 300 số đã cấp; hủy có lý do 1",
        "13/100 (13,00 %)",
        "7/100 (7,00 %)",
        "180/200 (90,00 %)",
        "Đạt 0, chưa đạt 7, chưa có số liệu 0 nội dung.",
        "Lãnh đạo ký số 99 (99,00 %), cơ quan ký số 94 (94,00 %).",
        "Văn bản đi không có bản điện tử: 3.",
        "trung vị 4,9 ngày làm việc, quy định 5,0: rút ngắn 2,0 %",
        "So với kỳ trước, thời gian giải quyết rút ngắn 30,0 %.",
    ):
        assert words in drawn, words
    (silent,) = words_of(paper_pdf(inspection(by_box[THREE], "2026-11", Limits(), HEAD, 11, 2026)))
    assert "chưa gửi số liệu sổ sách tháng 11 năm 2026 về tỉnh" in silent
    drawn = " ".join(words_of(paper_pdf(inspection(by_box[ONE], "2026", Limits(), HEAD, 11, 2026))))
    assert "Đạt 7, chưa đạt 0, chưa có số liệu 0 nội dung." in drawn
    assert "Đề nghị đơn vị" not in drawn


async def test_the_page_has_sums_and_a_line_for_everybody(office: Office) -> None:
    async with visiting(office.store, Role.GIAM_SAT) as visitor:
        page = await visitor.text("/reports/books?period=2026&cost=20000")
        for words in (
            "2 trên 3 xã", "Chưa gửi số liệu", "99,50", "97,00", "3.800.000", "5 có biên nhận", "95,00",
            f"/reports/books/{TWO}?period=2026", "30,0",
        ):  # fmt: skip
            assert words in page, words
        assert page.count('class="number short"') == 6
        assert "Chưa gửi số liệu" in await visitor.text("/reports/books?period=2026-13")
        answer = await visitor.get(f"/reports/books/{TWO}?period=2026")
        assert answer.headers["Content-Disposition"].endswith(f'"kiem-tra-2026-{TWO}.pdf"')
        assert "13/100" in " ".join(words_of(await answer.read()))
        assert (await visitor.get("/reports/books/commune-99999")).status == 404


def test_the_command_answers_and_writes(tmp_path: Path, office: Office) -> None:
    Folder(tmp_path).settings.write_text(render(Config()), "utf-8")
    said = ["inspect", "--period", "2026", "--dir", str(tmp_path)]
    done = CliRunner().invoke(main, [*said, "-o", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    found = {one["box"]: one for one in json.loads(done.stdout)["offices"]}
    assert [one["code"] for one in found[TWO]["checks"] if one["good"] is False] == list(QUESTIONS)
    assert (found[TWO]["lost"], found[ONE]["lost"]) == (3, 0)
    assert len(list((tmp_path / "out").iterdir())) == 3
    text = CliRunner().invoke(main, said).stdout
    assert f"{ONE}  UBND xã Tân Phú  đạt" in text
    assert f"{THREE}  =SUM(A1:A9)  chưa gửi số liệu" in text
    assert CliRunner().invoke(main, [*said[:2], "26", *said[3:]]).exit_code == 3
    assert CliRunner().invoke(main, [*said, "--box", "commune-99999"]).exit_code == 3


def test_periods() -> None:
    assert [period_before(one) for one in ("2026", "2026-01", "2026-11")] == ["2025", "2025-12", "2026-10"]
    assert [typed_period(one, NOON) for one in ("2025", " 2026-02 ", "2026-2", "", "x")] == [
        "2025", "2026-02", "2026", "2026", "2026",
    ]  # fmt: skip
    assert periods_offered(NOON)[:4] == ["2026", "2025", "2026-11", "2026-10"]
    assert periods_offered(NOON)[-1] == "2025-12"


def test_a_document_that_is_lost_is_an_alarm_on_the_wall(office: Office) -> None:
    """9 sent, 4 wait, 2 answered: three are lost. What is sent equals receipts and what waits: nothing is told."""
    now = time.time()
    found = {
        view.box.box: [one.params for one in view.findings if one.code == "documents-lost"]
        for view in survey(office.store, now).boxes
    }
    assert found == {ONE: [], TWO: [{"count": 3}], THREE: []}
    memory = Memory(office.store)
    survey(office.store, now, memory)
    for _ in range(3):
        office.answer(TWO, now, refused="secret")
    (view,) = (view for view in survey(office.store, now, memory).boxes if view.box.box == TWO)
    assert "documents-lost" not in {one.code for one in view.findings}, "the answers were found"
