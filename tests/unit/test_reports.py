"""Reports: shares, periods, every table out of real rows, the page and the files."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from click.testing import CliRunner

from appliance import commands
from appliance.cli import main
from appliance.cli.output import ExitCode
from appliance.domain.kinds import Kind, Slot
from appliance.pipeline import handling
from appliance.pipeline.sending import StoreOutbox
from appliance.registers.catalogues import ListRefused, certificates, procedures
from appliance.registers.workdays import WorkingDays
from appliance.reports.periods import asked, month, quarter, whole_year
from appliance.reports.shares import COMMUNE_BASE, WARD_BASE, percent, points, told
from appliance.reports.tables import Report, report
from appliance.store import Store
from appliance.store.report_facts import facts_of
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_reports import Office, in_one_go, local
from tests.fixtures_store import NOW, Clock
from tests.fixtures_web import LEADER, SCANNER, VIEWER, Papers, Visitor

TODAY = date(2026, 11, 22)
CLERK = "Lan (văn thư)"


def november(store: Store) -> Report:
    return report(store.read(lambda db: facts_of(db, month(2026, 11))), month(2026, 11), WorkingDays(), TODAY)


@pytest.mark.parametrize(
    ("part", "whole", "digits", "text"),
    [(973, 977, 2, "99,59 %"), (970, 977, 2, "99,28 %"), (894, 895, 2, "99,89 %"), (86, 86, 2, "100 %"),
     (1787, 2321, 0, "77 %"), (534, 2321, 0, "23 %"), (1, 8, 2, "12,5 %"), (1, 800, 2, "0,13 %"), (0, 5, 2, "0 %"),
     (1, 200, 0, "1 %"), (5, 0, 2, "–"), (100, 1, 0, "10000 %")],
)  # fmt: skip
def test_shares_are_rounded_half_up(part: int, whole: int, digits: int, text: str) -> None:
    assert told(percent(part, whole, digits)) == text


@pytest.mark.parametrize(
    ("share", "base", "score"),
    [("0", 70, "3"), ("70", 70, "3"), ("74.99", 70, "3"), ("75", 70, "3.5"), ("89.99", 70, "4.5"), ("90", 70, "5"),
     ("100", 70, "5"), ("80", 80, "3"), ("100", 80, "5"), ("99.99", 80, "4.5")],
)  # fmt: skip
def test_points_of_decree_307(share: str, base: int, score: str) -> None:
    assert points(Decimal(share), base) == Decimal(score)
    assert (COMMUNE_BASE, WARD_BASE, points(None)) == (70, 80, None)


def test_periods() -> None:
    assert (month(2026, 12).first, month(2026, 12).last) == (date(2026, 12, 1), date(2026, 12, 31))
    assert month(2024, 2).last == date(2024, 2, 29)
    assert (quarter(2026, 4).first, quarter(2026, 4).last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert whole_year(2026).until == local("2027-01-01 00:00")
    assert asked({}, TODAY) == month(2026, 11)
    assert asked({"period": "quarter"}, TODAY) == quarter(2026, 4)
    cut = asked({"from": "2024-08-01", "to": "2024-08-08", "cut": "11:00"}, TODAY)
    assert (cut.since, cut.until) == (local("2024-08-01 00:00"), local("2024-08-08 11:00"))
    for period in (month(2026, 3), quarter(2025, 1), whole_year(2024), cut):
        assert asked(period.query(), TODAY) == period
    for wrong in ({"number": "13"}, {"from": "2024-08-09", "to": "2024-08-08"}, {"period": "week"}, {"cut": "25:00"},
                  {"year": "x"}, {"period": "quarter", "number": "5"}, {"from": "mai"},
                  {"year": "9" * 30}, {"period": "quarter", "number": "-" + "9" * 30}):  # fmt: skip
        with pytest.raises(ValueError):
            asked(wrong, TODAY)


def test_registered_on_the_day_or_later(store: Store) -> None:
    friday = local("2026-11-13 16:00")

    def write(office: Office) -> None:
        office.scans(4, friday, friday - timedelta(hours=8))
        office.scans(2, local("2026-11-16 08:00"), friday)  # the next working day is the Monday
        office.scans(1, local("2026-11-17 08:00"), friday)
        office.paper_arrivals(1, friday)
        office.files(2, friday)
        office.unused("den", friday)

    in_one_go(store, write)
    incoming = november(store).table("incoming")
    counts = {line.key: line.count for line in incoming.lines}
    assert counts == {
        "total": 10, "electronic": 2, "paper": 8, "by-hand": 1, "same-day": 7, "next-working-day": 2, "later": 1,
    }  # fmt: skip
    assert told(incoming.share("same-day")) == "70 %"


def test_signed_sent_and_on_paper(store: Store) -> None:
    at = local("2026-11-13 09:00")

    def write(office: Office) -> None:
        office.letters(6, at, minutes=30)
        office.letters(2, at)
        office.letters(1, at, agency=False, minutes=90)
        office.paper_letters(1, at, "thư mời")
        office.unused("di", at)

    in_one_go(store, write)
    found = november(store)
    counts = {line.key: line.count for line in found.table("outgoing").lines}
    assert counts == {
        "total": 10, "electronic": 9, "paper": 1, "reason": 1, "leader": 9, "agency": 8, "both": 8, "online": 7,
        "both-online": 6, "not-signed": 2,
    }  # fmt: skip
    assert [line.label for line in found.table("outgoing").lines if line.key == "reason"] == ["thư mời"]
    assert (found.table("outgoing").share("both-online"), found.points) == (Decimal("60.00"), 3)
    assert [one.number for one in found.unsigned] == [9, 10]
    transit = found.table("transit")
    assert [(line.key, line.count) for line in transit.lines] == [
        ("receipted", 7), ("median", 30), ("nine-of-ten", 90), ("longest", 90),
    ]  # fmt: skip
    assert {day: went for day, _came, went in found.series}[date(2026, 11, 13)] == 10


def test_refusals_with_their_reasons_and_recalls(store: Store, office_papers: Papers) -> None:
    def sent() -> str:
        paper = office_papers.digitized()
        commands.approve(store, paper, CLERK, NOW)
        return office_papers.enqueue(office_papers.sign(paper))

    refused = sent()
    StoreOutbox(store, lambda: NOW).refused(refused, "signature-missing", "thiếu dấu", b"signed")
    commands.requeue(store, refused, CLERK, NOW)
    office_papers.answer(refused)  # sent again and taken: the refusal still counts
    handling.ask_back(store, "commune-27007", office_papers.answer(sent()), CLERK, NOW, "sai thể thức")
    for number, reason in ((1, "gửi nhầm nơi"), (2, "gửi nhầm nơi"), (3, "thiếu chữ ký")):
        store.write(lambda db, n=number: take_electronic(db, electronic(n, NOW)))
        handling.set_stage(store, f"e-{number:05d}", "02", CLERK, NOW, reason)
    lines = [(line.key, line.label, line.count, told(line.share)) for line in november(store).table("exceptions").lines]
    assert lines == [
        ("refused-by-province", "", 1, "–"),
        ("reason", "Văn bản thiếu chữ ký số theo quy định.", 1, "100 %"),
        ("refused-by-office", "", 3, "–"),
        ("reason", "gửi nhầm nơi", 2, "66,67 %"),
        ("reason", "thiếu chữ ký", 1, "33,33 %"),
        ("recalled-by-office", "", 1, "–"),
        ("recalled-by-sender", "", 0, "–"),
    ]


def test_a_real_letter_counts_from_its_approval_to_its_receipt(store: Store, office_papers: Papers) -> None:
    letter = office_papers.digitized(kind=Kind.OUTGOING)
    commands.approve(store, letter, "Thuận (lãnh đạo)", NOW)
    assert november(store).table("outgoing").count("not-signed") == 1
    office_papers.sign(letter)
    commands.consent(store, letter, Slot.AGENCY, CLERK, NOW)
    office_papers.answer(office_papers.enqueue(office_papers.sign(letter)))
    outgoing = november(store).table("outgoing")
    assert [outgoing.count(key) for key in ("total", "both", "both-online", "not-signed")] == [1, 1, 1, 0]
    types = november(store).table("types-out")
    assert [(line.label, line.count) for line in types.lines] == [("", 1), ("Công văn", 1)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [("code\n1", "list-columns", 1), ("code,name\n1,\n", "list-empty-cell", 2),
     ("code,name,days\n1,a,x\n", "list-number", 2), ("code,name\n1,a\n\n1,b\n", "list-twice", 4),
     ("code,name,days\n1,a,0912345678\n", "list-number", 2), ("code,name,days\n1,a,²\n", "list-number", 2),
     ('code,name\n1,"a' + "b\n" * 70_000, "list-encoding", 2)],
)  # fmt: skip
def test_a_list_of_procedures_with_a_mistake_is_refused_whole(text: str, code: str, line: int) -> None:
    with pytest.raises(ListRefused) as caught:
        procedures(text)
    assert (caught.value.code, caught.value.line) == (code, line)


def test_a_list_of_certificates_with_a_mistake_is_refused_whole() -> None:
    head = "holder,kind,serial,issuer,issued_on,expires_on\n"
    for row, code in (
        ("A,nobody,1,CA,2026-01-01,2027-01-01", "list-kind"),
        ("A,personal,1,CA,mai,2027-01-01", "list-day"),
        ("A,personal,a,CA,1/1/2026,1/1/2027\nB,personal,A,CA,1/1/2026,1/1/2027", "list-twice"),
    ):
        with pytest.raises(ListRefused, match=code):
            certificates(head + row)


# --- the page and the files ------------------------------------------------------------------------------------------


@pytest.fixture
def reported(store: Store) -> Store:
    """A month with a little of everything."""

    def write(office: Office) -> None:
        office.scans(3, local("2026-11-13 09:00"), type_name="=HYPERLINK")
        office.files(1, local("2026-11-13 12:00"))
        office.letters(7, local("2026-11-13 09:00"), minutes=5)
        office.letters(2, local("2026-11-13 13:00"), agency=False)

    in_one_go(store, write)
    return store


async def test_the_page_tells_the_score_and_the_tables(visitor: Visitor, reported: Store) -> None:
    state, text = await visitor.get("/reports")
    assert state == 200
    assert "<b>77,78 %</b>" in text and "7 trong 9 văn bản đi" in text and "ước tính 3,5/5 điểm" in text
    assert '<a href="/registers/di/2026/8">' in text
    _, text = await visitor.get("/reports?period=days&from=2026-11-13&to=2026-11-13&cut=12:00&lang=en")
    assert "<b>100 %</b>" in text and "up to 12:00" in text and "All incoming documents" in text
    state, _ = await visitor.get("/reports?period=month&number=13")
    assert state == 422
    state, text = await visitor.get("/reports?period=year&year=2020")
    assert state == 200 and "<b>–</b>" in text


@pytest.mark.parametrize(("who", "state"), [(LEADER, 200), (VIEWER, 200), (SCANNER, 403)])
async def test_who_may_read_reports(visitor: Visitor, reported: Store, who: dict[str, str], state: int) -> None:
    await visitor.become(who)
    for path in ("/reports", "/reports/export.csv"):
        assert (await visitor.get(path))[0] == state


async def test_the_files(visitor: Visitor, reported: Store, web_clock: Clock) -> None:
    files: dict[str, bytes] = {}
    for form in ("pdf", "xlsx", "csv"):
        async with visitor.session.get(f"http://hop/reports/export.{form}?period=month&number=11") as answer:
            files[form] = await answer.read()
            assert answer.status == 200 and f"bao-cao-2026-11-01-2026-11-30.{form}" in str(answer.headers)
    document = pypdfium2.PdfDocument(files["pdf"])
    text = " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in document)
    document.close()
    assert "Tháng 11/2026" in text and "77,78 %" in text and "Điểm ước tính theo NĐ 307/2025/NĐ-CP" in text
    assert "3,5/5" in text and "Văn bản đi chưa đủ chữ ký số (2)" in text
    sheet = zipfile.ZipFile(io.BytesIO(files["xlsx"]))
    assert "77,78 %" in sheet.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet.read("xl/worksheets/sheet1.xml").decode()
    text = files["csv"].decode("utf-8-sig")
    assert "Tổng số văn bản đi,9," in text and "- =HYPERLINK" in text and "\n=" not in text
    assert "\n-" not in text, "a spreadsheet takes a dash at the beginning for a sign"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[box]\nid = "commune-27007"\ncommune = "UBND phường Thử"\nstate_dir = "state"\n', encoding="utf-8")
    return path


def run(config: Path, *words: str) -> Any:
    return CliRunner().invoke(main, ["--config", str(config), "report", *words])


def test_the_command(config: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("code,name,components\n1.1,Khai sinh,Tờ khai|Giấy chứng sinh\n", encoding="utf-8")
    assert json.loads(run(config, "procedures", str(tmp_path / "p.csv"), "--json").stdout) == {"procedures": 1}
    (tmp_path / "c.csv").write_text("holder;kind\nA;b\n", encoding="utf-8")
    refused = run(config, "certificates", str(tmp_path / "c.csv"))
    assert refused.exit_code == ExitCode.BAD_INPUT and "thiếu cột: serial, issuer" in refused.output
    (tmp_path / "c.csv").write_bytes("tên".encode("utf-16"))
    assert run(config, "certificates", str(tmp_path / "c.csv")).exit_code == ExitCode.BAD_INPUT
    shown = json.loads(run(config, "show", "--period", "year", "--year", "2025", "--json").stdout)
    assert {line["key"]: line["count"] for line in shown["tables"]["procedures"]} == {"procedures": 1, "components": 2}
    assert shown["since"].startswith("2025-01-01T00:00:00+07:00")
    assert "Tổng số văn bản đến" in run(config, "show").stdout
    for form, begins in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
        assert run(config, "show", "-o", str(tmp_path / f"b.{form}")).exit_code == 0
        assert (tmp_path / f"b.{form}").read_bytes().startswith(begins)
    assert run(config, "show", "-o", str(tmp_path / "b.doc")).exit_code == ExitCode.USAGE
    assert run(config, "show", "--from", "2025-02-30").exit_code == ExitCode.USAGE
