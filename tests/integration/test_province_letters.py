"""Reminders as PDF: the layout's parts, exact counts, the list of what was missed; from the page and by command."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner

from sync.province import days
from sync.province.cli import main
from sync.province.config import Config, Folder, render
from sync.province.letters import reminder
from sync.province.people.rules import Role
from sync.province.printing.paper import Letterhead, Paper, Part, Table, as_text
from sync.province.printing.paper_pdf import paper_pdf
from sync.province.printing.printed import NotPrinted, printed
from sync.province.reporting import Targets
from sync.province.rolling_up import missed
from tests.fixtures_province_web import Visitor, visiting
from tests.integration.test_province_reports import DAY, NOON, VIEW, Office

HEAD = Letterhead("Văn phòng UBND tỉnh", "Ủy ban nhân dân tỉnh Thử", "Thử", "VP-TH", "Chánh Văn phòng")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "store")
    for minute in range(48):
        made.answer("commune-00002", NOON + minute, took=7200.0 if minute < 5 else 30.0)
    for minute in range(3):
        made.answer("commune-00002", NOON + 100 + minute, refused="signature-invalid")
    made.answer("commune-00001", NOON)
    return made


@pytest.fixture
async def visitor(office: Office) -> AsyncIterator[Visitor]:
    async with visiting(office.store, Role.GIAM_SAT) as made:
        yield made
    office.store.close()


def words_of(pdf: bytes) -> list[str]:
    """The text of each page, blanks as they are typed."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [" ".join(page.get_textpage().get_text_range().replace("\u00a0", " ").split()) for page in document]


async def test_the_page_gives_the_letter_as_pdf_and_the_same_as_text(visitor: Visitor) -> None:
    answer = await visitor.get(f"/reports/reminder/commune-00002?{VIEW}")
    assert answer.headers["Content-Disposition"].endswith('"nhac-viec-commune-00002.pdf"')
    (drawn,) = words_of(await answer.read())
    answer = await visitor.get(f"/reports/reminder/commune-00002?{VIEW}&kind=txt")
    typed = " ".join((await answer.read()).decode("utf-8-sig").split())
    for words in (
        "Kính gửi: UBND xã Đồng Mận",
        "V/v nhắc việc gửi văn bản điện tử từ 10/11/2026 đến 10/11/2026",
        "đã gửi 51 văn bản: 48 được tiếp nhận, 3 bị từ chối.",
        "(đạt 94,12 %, giao 98,00 %)",
        "(đạt 89,58 %, giao 95,00 %)",
        "Văn bản bị từ chối (3):",
        "vb-51 10/11/2026 12:01:42",
    ):
        assert words in drawn, words
        assert words in typed, words
    for words in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "DỰ THẢO", "TỈNH THỬ"):
        assert words in drawn, words


def test_the_command_writes_a_letter_for_whoever_is_below_and_for_nobody_else(tmp_path: Path, office: Office) -> None:
    folder = Folder(tmp_path)
    folder.settings.write_text(
        render(Config(province_name="Văn phòng UBND tỉnh", letter_place="Thử", letter_position="Chánh Văn phòng")),
        "utf-8",
    )
    said = ["remind", "--from", "2026-11-10", "--to", "2026-11-10", "-o", str(tmp_path / "out"), "--dir", str(tmp_path)]
    done = CliRunner().invoke(main, [*said, "--json"])
    assert done.exit_code == 0, done.output
    letters = json.loads(done.stdout)["letters"]
    assert {one["box"]: one["misses"] for one in letters} == {
        "commune-00002": ["accepted", "fast"], "commune-00003": ["least"],
    }  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "nhac-viec-commune-00002.pdf", "nhac-viec-commune-00003.pdf",
    ]  # fmt: skip
    (drawn,) = words_of((tmp_path / "out/nhac-viec-commune-00003.pdf").read_bytes())
    assert "đã gửi 0 văn bản: 0 được tiếp nhận, 0 bị từ chối." in drawn
    assert "(đạt 0, giao 1)" in drawn
    assert "CHÁNH VĂN PHÒNG" in drawn
    easy = [*said, "--accepted", "94.12", "--fast", "89.58", "--least", "0"]
    assert "Không có đơn vị nào chưa đạt." in CliRunner().invoke(main, easy).stdout
    assert CliRunner().invoke(main, [*said, "--box", "commune-99999"]).exit_code == 3
    assert CliRunner().invoke(main, [*said[:2], "10/11/2026", *said[3:]]).exit_code == 3
    office.store.close()


def test_a_long_list_goes_on_with_its_heading_and_numbered_pages(office: Office) -> None:
    for number in range(250):
        office.answer("commune-00002", NOON + 200 + number, refused="secret")
    found = missed(office.store, "commune-00002", DAY, DAY, Targets())
    assert found is not None
    paper = reminder(found, DAY, DAY, Targets(), HEAD, DAY)
    pages = words_of(paper_pdf(paper))
    assert len(pages) > 4
    assert [page.startswith(f"{number} ") for number, page in enumerate(pages, 1)] == [False] + [True] * (
        len(pages) - 1
    )
    assert "TT Văn bản Lúc Lý do" in pages[2]
    assert "… và 53 văn bản nữa" in " ".join(pages[-2:])
    assert "khắc phục./." in pages[-1], "no signature alone on a page"
    assert "Nơi nhận:" in pages[-1]
    assert "Số: /VP-TH" in pages[0]
    assert "Thử, ngày tháng 11 năm 2026" in pages[0]
    office.store.close()


def test_nothing_in_a_name_is_markup_and_nothing_vanishes() -> None:
    part = Part("<b>Đầu</b>", "A & B < C", ("một\u4e00",), Table(("Tên",), (("&amp;<br/>",),), (1.0,)))
    paper = Paper(HEAD, "việc <i>này</i>", (part,), 2, 2026, to="UBND <xã> & 'phường'")
    (drawn,) = words_of(paper_pdf(paper))
    for words in (
        "<b>Đầu</b>",
        "A & B < C",
        "một?",
        "&amp;<br/>",
        "<i>này</i>",
        "UBND <xã> & 'phường'",
        "tháng 02 năm",
    ):
        assert words in drawn, words
    assert Paper.from_json(paper.as_json()) == paper
    assert "Đầu" in as_text(paper)


def test_a_child_that_cannot_draw_says_so() -> None:
    with pytest.raises(NotPrinted):
        printed(Paper(HEAD, "x", (Part(table=Table(("a",), (("1",),), (0.0,))),), 1, days.today(NOON).year))
