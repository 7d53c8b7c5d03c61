"""The pure core of the registers: columns of the official forms, lines out of versions, what a change means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from appliance.registers.cells import cells_of, document_cell, titled
from appliance.registers.columns import BOOKS, CellRefused, cleaned
from appliance.registers.rows import Act, RowRefused, Standing, Version, amended, lines_of

AT = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)  # 00:30 on the 22nd in Vietnam


def version(act: Act, reason: str = "", **cells: str) -> Version:
    return Version("den", 2026, 7, act, cells, reason, "Lan (văn thư)", AT)


def test_the_books_have_the_columns_of_the_official_forms() -> None:
    assert [(name, len(book.columns)) for name, book in BOOKS.items()] == [
        ("den", 10), ("di", 10), ("giai-quyet", 7), ("ho-so", 13), ("lien-thong", 10),
    ]  # fmt: skip
    assert [column.name for column in BOOKS["den"].columns] == [
        "arrival_date", "arrival_number", "issuer", "code", "issued_date", "subject", "receiver", "moved_on",
        "received_by", "note",
    ]  # fmt: skip
    assert [column.name for column in BOOKS["di"].columns] == [
        "code", "issued_date", "subject", "signer", "recipients", "copy_kept_by", "copies", "moved_on", "received_by",
        "note",
    ]  # fmt: skip


@pytest.mark.parametrize("book", BOOKS.values(), ids=lambda book: book.name)
def test_every_book_fits_a_landscape_page(book: object) -> None:
    assert sum(column.width for column in book.columns) == 267  # type: ignore[attr-defined]


def test_a_paper_fills_the_columns_that_it_knows() -> None:
    paper = {
        "issuer": "UBND tỉnh",
        "code": "12/UBND-VP",
        "issued_date": "2026-11-18",
        "type_name": "Công văn",
        "subject": "Về việc chi trả",
        "signer_name": "Lò Văn A",
        "recipients": "Như trên;\nLưu: VT",
    }

    def said(name: str) -> str:
        return paper.get(name, "")

    assert cells_of("den", said, AT) == {
        "arrival_date": "2026-11-22",
        "issuer": "UBND tỉnh",
        "code": "12/UBND-VP",
        "issued_date": "2026-11-18",
        "subject": "Công văn về việc chi trả",
    }
    assert cells_of("di", said, AT)["recipients"] == "Như trên; Lưu: VT"
    assert cells_of("di", said, AT)["signer"] == "Lò Văn A"
    assert cells_of("ho-so", said, AT, "H49.7") == {
        "dossier": "H49.7",
        "procedure": "Về việc chi trả",
        "received_on": "2026-11-22",
    }
    assert document_cell(cells_of("den", said, AT)) == "Công văn về việc chi trả; 12/UBND-VP; 18/11/2026; UBND tỉnh"
    assert titled(lambda name: "") == ""


def test_filling_in_completes_the_line_and_correcting_strikes_it_through() -> None:
    first = version(Act.ENTERED, issuer="UBND tỉnh")
    filled = version(Act.FILLED, issuer="UBND tỉnh", receiver="Văn phòng")
    corrected = version(Act.CORRECTED, "ghi nhầm", issuer="Sở Y tế", receiver="Văn phòng")
    assert [line.struck for line in lines_of([first, filled])] == [False]
    old, new = lines_of([first, filled, corrected])
    assert (old.struck, dict(old.cells)) == (True, {"issuer": "UBND tỉnh", "receiver": "Văn phòng"})
    assert (new.struck, new.reason, new.cells["issuer"]) == (False, "ghi nhầm", "Sở Y tế")


def test_a_reserved_number_becomes_a_row_and_a_void_one_stays_with_its_reason() -> None:
    reserved = version(Act.RESERVED, "giữ cho quyết định")
    assert lines_of([reserved])[0].standing is Standing.RESERVED
    (used,) = lines_of([reserved, version(Act.ENTERED, issuer="UBND tỉnh")])
    assert (used.standing, used.struck) == (Standing.ENTERED, False)
    (void,) = lines_of([reserved, version(Act.VOIDED, "không ban hành")])
    assert (void.standing, void.reason) == (Standing.VOID, "không ban hành")
    old, void = lines_of(
        [version(Act.ENTERED, code="1"), version(Act.CORRECTED, "nhầm", code="2"), version(Act.VOIDED, "x", code="2")]
    )
    assert (old.struck, void.standing, void.cells["code"]) == (True, Standing.VOID, "2")


def test_what_a_change_means() -> None:
    line = lines_of([version(Act.ENTERED, issuer="UBND tỉnh")])[0]
    assert amended(line, {"issuer": "UBND tỉnh"}) is None
    assert amended(line, {"note": "Khẩn"}) == (Act.FILLED, {"issuer": "UBND tỉnh", "note": "Khẩn"})
    assert amended(line, {"issuer": ""}) == (Act.CORRECTED, {})
    assert amended(None, {"note": "a"}) == (Act.FILLED, {"note": "a"})
    with pytest.raises(RowRefused, match="number-void"):
        amended(lines_of([version(Act.VOIDED, "x")])[0], {"note": "a"})


def test_a_digest_covers_all_that_a_version_says() -> None:
    base = version(Act.CORRECTED, "a", code="1")
    others = [
        version(Act.CORRECTED, "b", code="1"),
        version(Act.CORRECTED, "a", code="2"),
        version(Act.FILLED, "a", code="1"),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 4
    assert base.digest == version(Act.CORRECTED, "a", code="1").digest


def test_typed_cells_are_cleaned_and_refused() -> None:
    den = BOOKS["den"]
    assert cleaned(den, {"moved_on": "5/2/2026", "note": " một \n hai "}) == {
        "moved_on": "2026-02-05",
        "note": "một hai",
    }
    assert cleaned(den, {"moved_on": "2026-02-05", "receiver": ""}) == {"moved_on": "2026-02-05", "receiver": ""}
    for typed, code in (
        ({"moved_on": "31/2/2026"}, "cell-not-a-day"),
        ({"moved_on": "mai"}, "cell-not-a-day"),
        ({"arrival_number": "8"}, "cell-unknown"),
        ({"nowhere": "8"}, "cell-unknown"),
        ({"code": "x" * 61}, "cell-too-long"),
    ):
        with pytest.raises(CellRefused, match=code):
            cleaned(den, typed)
