"""The registers as the clerk uses them: rows by themselves, reserving, using, voiding, filling in, correcting."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance import bookkeeping, commands
from appliance.commands import CommandRefused
from appliance.domain.kinds import Kind
from appliance.domain.states import Event
from appliance.pipeline import handling
from appliance.printing.register_sheet import cell_text
from appliance.registers.columns import BOOKS
from appliance.registers.rows import Act, Standing
from appliance.store import Store, books, events, open_store, registers
from appliance.store.books import Row
from appliance.store.upkeep import verify
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_store import NOW
from tests.fixtures_web import Papers

FROZEN = Path(__file__).parents[1] / "data" / "frozen"
CLERK = "Lan (văn thư)"
LATER = NOW + timedelta(hours=1)


def row(store: Store, book: str, number: int) -> Row:
    found = store.read(lambda db: books.row(db, book, 2026, number))
    assert found
    return found


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(CommandRefused) as caught:
        act()
    assert caught.value.code == code


def sound(store: Store) -> None:
    verdict = verify(store)
    assert (verdict.chain_broken_at, verdict.unexplained) == (None, ())


def approved(papers: Papers, **how: Any) -> str:
    paper = papers.digitized(**how)
    commands.approve(papers.store, paper, CLERK, NOW)
    return paper


def test_an_approval_writes_the_row_of_the_paper(store: Store, office_papers: Papers) -> None:
    approved(office_papers)
    den = row(store, "den", 1)
    assert den.now and den.now.standing is Standing.ENTERED
    assert (den.now.by, den.cell("arrival_number"), den.cell("arrival_date")) == (CLERK, "1", "2026-11-21")
    assert den.cell("code") == "215/UBND-LĐTBXH"
    assert den.cell("subject").startswith("Công văn về việc chi trả")
    handling = row(store, "giai-quyet", 1)
    assert handling.now is None
    assert "215/UBND-LĐTBXH; 18/11/2026; ỦY BAN NHÂN DÂN TỈNH" in handling.cell("document")
    sound(store)


def test_an_approval_again_with_other_fields_strikes_the_line_through(store: Store, office_papers: Papers) -> None:
    paper = approved(office_papers)
    commands.withdraw(store, paper, CLERK, NOW)
    commands.approve(store, paper, CLERK, LATER)
    assert len(row(store, "den", 1).lines) == 1
    commands.withdraw(store, paper, CLERK, NOW)
    commands.approve(store, paper, "Hoa (văn thư)", LATER, {"code": "216/UBND-VX"})
    old, new = row(store, "den", 1).lines
    assert (old.struck, old.cells["code"]) == (True, "215/UBND-LĐTBXH")
    assert (new.struck, new.cells["code"], new.reason, new.by) == (
        False,
        "216/UBND-VX",
        "confirmed-anew",
        "Hoa (văn thư)",
    )
    sound(store)


def test_an_electronic_document_shares_the_sequence_of_paper(store: Store, office_papers: Papers) -> None:
    approved(office_papers)
    said = {"code": "9/TB-SYT", "issuer": "Sở Y tế", "subject": "Về tiêm chủng", "type_name": "Thông báo"}
    for number in (1, 2):
        store.write(lambda db, n=number: take_electronic(db, electronic(n, NOW, **said)))
    handling.set_stage(store, "e-00001", "02", CLERK, NOW, "gửi nhầm nơi")
    assert store.read(lambda db: registers.held_for(db, "e-00001")) is None
    handling.set_stage(store, "e-00002", "03", CLERK, NOW)
    handling.set_stage(store, "e-00002", "04", CLERK, LATER)
    taken = store.read(lambda db: registers.held_for(db, "e-00002"))
    assert taken and (taken.register, taken.number, taken.document_id) == ("den", 2, "")
    den = row(store, "den", 2)
    assert (den.cell("issuer"), den.cell("subject")) == ("Sở Y tế", "Thông báo về tiêm chủng")
    bookkeeping.amend(store, "giai-quyet", 2026, 2, {"due": "25/11/2026"}, "", CLERK, NOW)
    handling.set_stage(store, "e-00002", "06", CLERK, LATER + timedelta(days=1))
    done = row(store, "giai-quyet", 2)
    assert (done.cell("finished_on"), done.cell("due"), len(done.lines)) == ("2026-11-22", "2026-11-25", 1)
    refused("number-in-use", lambda: bookkeeping.void(store, "den", 2026, 2, "thử", CLERK, NOW))
    sound(store)


def test_a_letter_on_paper_alone_says_why(store: Store, office_papers: Papers) -> None:
    taken = bookkeeping.reserve(store, "di", "chờ quyết định nhân sự", CLERK, NOW)

    def write(**cells: str) -> Act | None:
        return bookkeeping.amend(store, "di", 2026, taken.number, cells, "sửa", CLERK, NOW)

    refused("paper-reason-needed", lambda: write(code="1/QĐ-UBND"))
    refused("paper-reason-needed", lambda: write(code="1/QĐ-UBND", paper_only="  "))
    assert write(code="1/QĐ-UBND", note="gửi tay", paper_only="thư mời") is Act.FILLED
    assert write(subject="Thư mời họp") is Act.FILLED, "once is enough"
    refused("paper-reason-needed", lambda: write(paper_only=""))
    letter = row(store, "di", 1)
    assert cell_text(BOOKS["di"], letter, "note") == "gửi tay; chỉ có bản giấy: thư mời"
    paper = office_papers.digitized(kind=Kind.OUTGOING)
    commands.approve(store, paper, "Thuận (lãnh đạo)", NOW)
    assert bookkeeping.amend(store, "di", 2026, 2, {"copies": "3"}, "", CLERK, NOW) is Act.FILLED, "its file is here"
    came = bookkeeping.reserve(store, "den", "thư tay", CLERK, NOW)
    assert bookkeeping.amend(store, "den", 2026, came.number, {"issuer": "Công an"}, "", CLERK, NOW) is Act.FILLED
    sound(store)


def test_a_reserved_number_is_used_by_the_paper_that_comes_later(store: Store, office_papers: Papers) -> None:
    refused("reason-needed", lambda: bookkeeping.reserve(store, "di", "  ", CLERK, NOW))
    taken = bookkeeping.reserve(store, "di", "chờ quyết định nhân sự", CLERK, NOW)
    assert (taken.register, taken.year, taken.number) == ("di", 2026, 1)
    assert row(store, "di", 1).now.standing is Standing.RESERVED  # type: ignore[union-attr]
    scan = office_papers.digitized()
    refused("wrong-register", lambda: bookkeeping.use(store, taken, scan, CLERK, NOW))
    refused("no-such-document", lambda: bookkeeping.use(store, taken, "nowhere", CLERK, NOW))
    letter = office_papers.digitized(kind=Kind.OUTGOING)
    bookkeeping.use(store, taken, letter, CLERK, NOW)
    refused("number-not-reserved", lambda: bookkeeping.use(store, taken, letter, CLERK, NOW))
    other = office_papers.digitized(kind=Kind.OUTGOING)
    assert commands.approve(store, other, "policy", NOW).register_number == 2
    next_year = NOW + timedelta(days=60)
    got = commands.approve(store, letter, "Thuận (lãnh đạo)", next_year)
    assert (got.register, got.register_year, got.register_number) == ("di", 2026, 1)
    assert row(store, "di", 1).now.standing is Standing.ENTERED  # type: ignore[union-attr]
    refused("number-in-use", lambda: bookkeeping.void(store, "di", 2026, 1, "thử", CLERK, NOW))
    sound(store)


def test_a_number_is_made_void_once_and_with_a_reason(store: Store) -> None:
    bookkeeping.reserve(store, "den", "giữ", CLERK, NOW)
    refused("reason-needed", lambda: bookkeeping.void(store, "den", 2026, 1, "", CLERK, NOW))
    refused("number-not-given", lambda: bookkeeping.void(store, "den", 2026, 2, "thừa", CLERK, NOW))
    bookkeeping.void(store, "den", 2026, 1, "ghi trùng", CLERK, LATER)
    void = row(store, "den", 1)
    assert void.void and void.now and (void.now.reason, void.now.at) == ("ghi trùng", LATER)
    refused("number-void", lambda: bookkeeping.void(store, "den", 2026, 1, "nữa", CLERK, NOW))
    refused("number-void", lambda: bookkeeping.amend(store, "den", 2026, 1, {"note": "x"}, "y", CLERK, NOW))
    assert row(store, "giai-quyet", 1).void
    assert bookkeeping.reserve(store, "den", "giữ", CLERK, NOW).number == 2
    sound(store)


def test_a_paper_that_is_sent_back_leaves_a_void_number(store: Store, office_papers: Papers) -> None:
    paper = approved(office_papers)
    commands.withdraw(store, paper, CLERK, NOW)
    commands.send_back(store, paper, CLERK, LATER, "quét thiếu trang")
    void = row(store, "den", 1)
    assert void.void and void.now and void.now.reason == "quét thiếu trang"
    assert void.cell("code") == "215/UBND-LĐTBXH"
    sound(store)


def test_a_suspected_secret_leaves_nothing_in_the_register(store: Store, office_papers: Papers) -> None:
    paper = approved(office_papers)
    bookkeeping.amend(store, "giai-quyet", 2026, 1, {"receiver": "Ban Chỉ huy quân sự"}, "", CLERK, NOW)
    commands.withdraw(store, paper, CLERK, NOW)
    commands.mark_secret(store, paper, CLERK, LATER)
    assert store.read(lambda db: db.execute("SELECT DISTINCT cells FROM register_rows").fetchall()) == [("{}",)]
    refused("cells-wiped", lambda: bookkeeping.amend(store, "den", 2026, 1, {"note": "x"}, "y", CLERK, NOW))
    sound(store)
    commands.send_back(store, paper, CLERK, LATER, "văn bản mật")
    assert row(store, "den", 1).void
    sound(store)


def test_rows_are_filled_in_and_corrected(store: Store, office_papers: Papers) -> None:
    paper = approved(office_papers)

    def amend(book: str, typed: dict[str, str], reason: str = "") -> Act | None:
        return bookkeeping.amend(store, book, 2026, 1, typed, reason, CLERK, LATER)

    assert amend("den", {"receiver": "Tổ tài chính", "moved_on": "21/11/2026"}) is Act.FILLED
    assert amend("den", {"receiver": "Tổ tài chính"}) is None
    refused("reason-needed", lambda: amend("den", {"receiver": "Tổ văn hóa"}))
    assert amend("den", {"receiver": "Tổ văn hóa"}, "ghi nhầm tổ") is Act.CORRECTED
    assert [(line.struck, line.cells["receiver"]) for line in row(store, "den", 1).lines] == [
        (True, "Tổ tài chính"),
        (False, "Tổ văn hóa"),
    ]
    assert amend("giai-quyet", {"due": "30/11/2026"}) is Act.FILLED
    assert row(store, "giai-quyet", 1).cell("due") == "2026-11-30"
    refused("cell-not-a-day", lambda: amend("giai-quyet", {"due": "mai"}))
    refused("number-not-given", lambda: bookkeeping.amend(store, "den", 2026, 9, {}, "", CLERK, NOW))
    told = [entry.event for entry in store.read(lambda db: list(events.entries(db, paper)))]
    assert told[-3:] == ["row-filled", "row-corrected", "row-filled"]
    sound(store)


def test_a_year_that_began_on_paper_goes_on(store: Store) -> None:
    refused("reason-needed", lambda: bookkeeping.start_year(store, "den", 2026, 813, "", CLERK, NOW))
    refused("number-not-positive", lambda: bookkeeping.start_year(store, "den", 2026, 0, "sổ giấy", CLERK, NOW))
    bookkeeping.start_year(store, "den", 2026, 813, "tiếp sổ giấy đến số 812", CLERK, NOW)
    refused("register-begun", lambda: bookkeeping.start_year(store, "den", 2026, 900, "nữa", CLERK, NOW))
    assert [bookkeeping.reserve(store, "den", "giữ", CLERK, NOW).number for _ in range(2)] == [813, 814]
    refused("register-begun", lambda: bookkeeping.start_year(store, "den", 2026, 900, "nữa", CLERK, NOW))
    assert bookkeeping.reserve(store, "di", "giữ", CLERK, NOW).number == 1


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("INSERT INTO register_numbers VALUES ('den', 2026, 3, NULL, NULL, '2026')", "no gaps"),
        ("INSERT INTO register_numbers VALUES ('den', 2027, 2, NULL, NULL, '2026')", "no gaps"),
        ("DELETE FROM register_numbers", "stays"),
        ("UPDATE register_numbers SET number = 2", "keeps"),
        ("DELETE FROM register_rows", "never removed"),
        ("UPDATE register_rows SET reason = 'khác'", "never rewritten"),
        ("UPDATE register_rows SET cells = '{\"note\": \"x\"}'", "never rewritten"),
        ("INSERT INTO register_rows SELECT NULL, book, register, year, number, 'voided', '{}', ' ', by, at, 'd' "
         "FROM register_rows", "CHECK"),
    ],
)  # fmt: skip
def test_the_tables_refuse_what_a_register_must_not_do(store: Store, sql: str, said: str) -> None:
    bookkeeping.reserve(store, "den", "giữ", CLERK, NOW)
    with pytest.raises(sqlite3.IntegrityError, match=said):
        store.write(lambda db: db.execute(sql))


def test_a_row_changed_in_the_file_is_noticed(store: Store) -> None:
    bookkeeping.reserve(store, "den", "giữ", CLERK, NOW)
    bookkeeping.amend(store, "den", 2026, 1, {"subject": "Quyết định"}, "", CLERK, NOW)

    def forge(db: Any) -> None:
        db.execute("DROP TRIGGER register_rows_update")
        db.execute("UPDATE register_rows SET cells = replace(cells, 'Quyết', 'Phán') WHERE act = 'filled'")

    sound(store)
    store.write(forge)
    assert verify(store).unexplained == ("den/2026/1",)


@pytest.mark.parametrize("frozen", sorted(FROZEN.glob("*.sql")), ids=lambda path: path.stem)
def test_numbers_of_an_older_version_get_their_rows(frozen: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "box.db") as old:
        old.executescript(frozen.read_text(encoding="utf-8"))
        numbers = old.execute("SELECT register, year, number FROM register_numbers ORDER BY 1, 2, 3").fetchall()
    old.close()
    opened = open_store(tmp_path / "box.db", tmp_path / "blobs")
    rows = [one for book in ("den", "di") for one in opened.read(lambda db, b=book: books.of_year(db, b, 2026))]
    assert numbers and {(one.taken.register, one.taken.year, one.taken.number) for one in rows} == set(numbers)
    assert any(one.cell("subject") for one in rows)
    assert opened.read(books.unexplained) == []
    opened.close()


def test_a_paper_without_a_number_is_ended_without_a_row(store: Store, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    commands.send_back(store, paper, CLERK, NOW, "nhầm")
    assert store.read(lambda db: registers.of_year(db, "den", 2026)) == []
    assert office_papers.load(paper).state.value == "discarded"
    assert Event.SENT_BACK in [entry.event for entry in store.read(lambda db: list(events.entries(db, paper)))]
