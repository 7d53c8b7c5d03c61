"""Look-up and reports from rows to the page and the files."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sync.province import days
from sync.province.people.rules import Role
from sync.province.printing.sheet_xlsx import sheet_xlsx
from sync.province.report_files import as_csv, as_sheet
from sync.province.reporting import Targets
from sync.province.rolling_up import roll_up
from sync.province.store import Box, ProvinceStore, Receipt, Refusal, StoredDocument, Transfer
from sync.province.store.lookup import Lookup, Wanted, code_parts
from sync.province.wording import VIETNAM, Wording
from tests.fixtures_province_web import Visitor, visiting

BOXES = {"commune-00001": "UBND xã Tân Phú", "commune-00002": "UBND xã Đồng Mận", "commune-00003": "=SUM(A1:A9)"}
DAY = dt.date(2026, 11, 10)
NOON = dt.datetime(2026, 11, 10, 12, tzinfo=VIETNAM).timestamp()
VIEW = "from=2026-11-10&to=2026-11-10"


class Office:
    """Answers documents of boxes, one after another, as a receiver would."""

    def __init__(self, root: Path) -> None:
        self.store = ProvinceStore(root)
        self.last: dict[str, bytes] = {}
        self.rid = 0
        for box, commune in BOXES.items():
            self.store.fleet.enrol(Box(box, commune, bytes(32), "ab", NOON - 9e6))

    def answer(self, box: str, at: float, took: float = 30.0, code: str = "", refused: str = "") -> int:
        """One document that was first offered `took` seconds before."""
        self.rid += 1
        rid, tid, digest = self.rid, f"{self.rid:016x}", self.rid.to_bytes(32, "big")
        name, sha = f"vb-{rid}", f"{rid:064x}"[::-1]
        self.store.transfers.open(Transfer(box, tid, name, sha, 9, rid, "outgoing", b"m", b"e", (), 0, at - took, at))
        made = Receipt(
            rid, box, tid, digest, name, sha, 9, rid, "refused" if refused else "stored", refused, at,
            self.last.get(box, bytes(32)), digest, b"c",
        )  # fmt: skip
        meta = {"code": {"value": code}, "subject": f"Về việc {rid}"}
        document = StoredDocument(box, name, tid, sha, 9, rid, "outgoing", "application/pdf", meta, {}, b"e", at, rid)
        refusal = Refusal(box, name, sha, refused, "…", at, rid)
        self.store.answers.commit(made, None if refused else document, refusal if refused else None)
        self.last[box] = digest
        return rid


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "store")
    for minute in range(50):
        made.answer("commune-00001", NOON + minute)
    for minute in range(48):
        made.answer("commune-00002", NOON + minute, took=7200.0 if minute < 5 else 30.0)
    for minute in range(3):
        made.answer("commune-00002", NOON + 100 + minute, refused="signature-invalid")
    return made


@pytest.fixture
async def visitor(office: Office) -> AsyncIterator[Visitor]:
    Lookup(office.store.connection).follow()
    async with visiting(office.store, Role.GIAM_SAT) as made:
        yield made
    office.store.close()


def test_the_days_are_vietnamese_and_both_ends_are_in(office: Office) -> None:
    midnight = days.begins(DAY)
    office.answer("commune-00003", midnight - 1)
    office.answer("commune-00003", midnight)
    office.answer("commune-00003", midnight + 86_399)
    office.answer("commune-00003", midnight + 86_400)
    found = {one.line.box: one.line for one in roll_up(office.store, DAY, DAY, Targets())}
    assert found["commune-00003"].stored == 2
    wider = {one.line.box: one.line for one in roll_up(office.store, DAY - dt.timedelta(1), DAY, Targets())}
    assert wider["commune-00003"].stored == 3


def test_the_figures_are_exact(office: Office) -> None:
    first, second, third = roll_up(office.store, DAY, DAY, Targets())
    assert (first.rank, first.line.stored, first.misses) == (1, 50, ())
    assert (second.rank, second.line.stored, second.line.refused, second.line.within_hour) == (2, 48, 3, 43)
    assert second.misses == ("accepted", "fast")
    assert (second.line.took_most, second.line.took_mean) == (7200.0, (5 * 7200 + 43 * 30) / 48)
    assert (third.rank, third.misses) == (None, ("least",))


async def test_the_page_ranks_and_the_letter_lists_what_was_missed(visitor: Visitor) -> None:
    page = await visitor.text(f"/reports?{VIEW}")
    for words in ("94,12", "89,58", "97,03", "tỷ lệ được tiếp nhận dưới mức giao", "=SUM(A1:A9)"):
        assert words in page, words
    answer = await visitor.get(f"/reports/reminder/commune-00002?{VIEW}&kind=txt")
    assert answer.headers["Content-Disposition"].endswith('"nhac-viec-commune-00002.txt"')
    letter = (await answer.read()).decode("utf-8-sig")
    for words in (
        "Kính gửi: UBND xã Đồng Mận",
        "từ 10/11/2026 đến 10/11/2026",
        "đã gửi 51 văn bản: 48 được tiếp nhận, 3 bị từ chối.",
        "(đạt 94,12 %, giao 98,00 %)",
        "(đạt 89,58 %, giao 95,00 %)",
        "Văn bản bị từ chối (3):",
        "3\tvb-101\t10/11/2026 12:01:42",
    ):
        assert words in letter, words
    assert (await visitor.get(f"/reports/reminder/commune-99999?{VIEW}")).status == 404
    well = (await (await visitor.get(f"/reports/reminder/commune-00001?{VIEW}&kind=txt")).read()).decode("utf-8-sig")
    assert "Đơn vị đạt mọi mức giao./." in well


async def test_targets_come_from_the_address_exactly(visitor: Visitor) -> None:
    strict = await visitor.text(f"/reports?{VIEW}&accepted=94,12&fast=89.58&least=0")
    assert "dưới mức giao" not in strict, "compared as they are written: 48/51 is 94.12 and 43/48 is 89.58"
    strict = await visitor.text(f"/reports?{VIEW}&accepted=94.13&fast=x&least=-1")
    assert strict.count("tỷ lệ được tiếp nhận dưới mức giao") == 1
    assert 'value="95.00"' in strict


async def test_files_have_the_same_figures_and_no_formula(visitor: Visitor) -> None:
    answer = await visitor.get(f"/reports/file/csv?{VIEW}")
    table = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert table[0][:4] == ["Hạng", "Mã hộp", "Xã, phường", "Đã nhận"]
    assert table[2][:8] == ["2", "commune-00002", "UBND xã Đồng Mận", "48", "3", "0", "94.12", "89.58"]
    assert table[3][2] == "'=SUM(A1:A9)"
    answer = await visitor.get(f"/reports/file/xlsx?{VIEW}")
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "UBND xã Đồng Mận" in words
    assert "<v>94.12</v>" in sheet
    assert (await visitor.get("/reports/file/exe")).status == 404


def test_files_of_an_empty_province(tmp_path: Path) -> None:
    store = ProvinceStore(tmp_path / "store")
    ranked = roll_up(store, DAY, DAY, Targets())
    assert as_csv(ranked, Wording("vi")).count(b"\r\n") == 1
    assert sheet_xlsx(as_sheet(ranked, "Báo cáo", Wording("en"))).startswith(b"PK")
    store.close()


@pytest.mark.parametrize(
    ("typed", "number", "notation"),
    [
        ("215/UBND-LĐTBXH", "215", "ubnd-ldtbxh"),
        (" 015 / QĐ-UBND ", "15", "qd-ubnd"),
        ("215", "215", ""),
        ("000", "0", ""),
        ("QĐ-UBND", "", "qd-ubnd"),
        ("", "", ""),
    ],
)
def test_codes_are_taken_apart(typed: str, number: str, notation: str) -> None:
    assert code_parts(typed) == (number, notation)


def test_papers_are_found_by_each_thing_known_and_by_all_together(office: Office) -> None:
    lookup = Lookup(office.store.connection)
    a = office.answer("commune-00001", NOON + 500, code="215/UBND-LĐTBXH")
    b = office.answer("commune-00002", NOON + 600, code="0215/QĐ-UBND")
    c = office.answer("commune-00002", NOON + 90_000, code="2150/UBND_100%")
    lookup.follow()

    def found(**wanted: object) -> list[int]:
        return [document.rid for document in lookup.find(Wanted(**wanted))]  # type: ignore[arg-type]

    assert found(code="215") == [b, a]
    assert found(code="215/ubnd") == [a]
    assert found(code="ldtbxh") == [a]
    assert found(code="0215/qđ") == [b]
    assert found(code="_100%") == [c]
    assert found(code="1_0") == [], "no wildcards"
    assert found(code="215", box="commune-00002") == [b]
    digest = f"{a:064x}"[::-1]
    assert found(digest=digest[:8].upper()) == [document.rid for document in lookup.find(Wanted(digest=digest[:8]))]
    assert found(digest=digest) == [a]
    assert found(digest="' OR 1=1") == found(digest="abc") == []
    assert found(since=NOON + 86_400) == [c]
    assert found(code="215", until=NOON + 550) == [a]


def test_following_again_and_after_more_papers_misses_none(office: Office) -> None:
    lookup = Lookup(office.store.connection)
    assert lookup.follow() == 98
    assert lookup.follow() == 0
    fresh = office.answer("commune-00001", NOON + 700, code="77/TB-UBND")
    assert lookup.find(Wanted(code="77")) == []
    assert Lookup(office.store.connection).follow() == 1
    assert [document.rid for document in lookup.find(Wanted(code="77"))] == [fresh]


async def test_pages_of_a_look_up_show_everything_once(visitor: Visitor) -> None:
    seen: list[str] = []
    path = "/documents?box=commune-00001"
    for _ in range(5):
        page = await visitor.text(path)
        seen += [line.split("/")[3].split('"')[0] for line in page.split("href=") if line.startswith('"/document/')]
        if 'rel="next"' not in page:
            break
        path = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 50
    assert "Không tìm thấy" in await visitor.text("/documents?code=9999%2FX")
    for odd in ("before=x", "before=-1", "from=2026-02-31", "from=0001-01-01&to=9999-12-31", "digest=%00"):
        assert await visitor.text(f"/documents?{odd}")


def test_ranges_as_people_type_them() -> None:
    now = time.time()
    today = days.today(now)
    assert days.chosen("", "", now) == (today.replace(day=1), today)
    assert days.chosen("2026-11-10", "2026-11-01", now) == (dt.date(2026, 11, 1), dt.date(2026, 11, 10))
    assert days.chosen("x", "2026-11-10", now) == (dt.date(2026, 11, 1), dt.date(2026, 11, 10))
    assert days.chosen("2001-01-01", "2026-11-10", now)[0] == dt.date(2026, 11, 10) - dt.timedelta(days=days.LONGEST)
    assert dataclasses.asdict(Targets()) == {"accepted": 9800, "fast": 9500, "least": 1}


async def test_a_report_of_many_communes_comes_in_pages(visitor: Visitor) -> None:
    for number in range(400):
        box = f"commune-{number + 10:05}"
        visitor.store.fleet.enrol(Box(box, f"UBND xã {number:03}", bytes(32), "ab", NOON - 9e6))
    pages = [await visitor.text(f"/reports?{VIEW}&page={page}") for page in (1, 2, 3, 99)]
    assert [page.count('<th scope="row">') for page in pages] == [200, 200, 3, 3]
    assert ["/ 403" in page for page in pages] == [True] * 4
    assert 'rel="next"' in pages[1]
    assert 'rel="next"' not in pages[2]
