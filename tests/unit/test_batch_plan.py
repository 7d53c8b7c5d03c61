"""The planner of batches: every page is accounted for, once, whatever was found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_intake.batches import (
    BadInstruction,
    Instruction,
    PageFinding,
    Sheet,
    as_ranges,
    from_ranges,
    instruction,
    interleaved,
    plan,
    read_instruction,
)

PLAIN = Sheet(Instruction())
BACKS = Sheet(Instruction(backs=True))


def found(pages: str) -> list[PageFinding]:
    """One letter a page: p paper, b blank, s sheet, o sheet for an outgoing paper, d sheet with a dossier, x sheet by
    its bars alone, B sheet between fronts and backs.
    """
    sheets = {
        "s": PLAIN,
        "o": Sheet(Instruction("outgoing")),
        "d": Sheet(Instruction("", "HS-01")),
        "x": Sheet(Instruction(), read=False),
        "B": BACKS,
    }
    return [PageFinding(n, sheets.get(letter), letter == "b") for n, letter in enumerate(pages, 1)]


def cut_up(pages: str) -> list[tuple[int, ...]]:
    return [part.pages for part in plan(found(pages)).parts]


SHEETS = st.builds(
    Sheet,
    st.builds(
        Instruction, st.sampled_from(["", "outgoing", "case-file"]), st.sampled_from(["", "HS-1"]), st.booleans()
    ),
    st.booleans(),
)
FINDINGS = st.lists(st.tuples(st.none() | SHEETS, st.booleans()), max_size=40).map(
    lambda drawn: [PageFinding(n, sheet, blank) for n, (sheet, blank) in enumerate(drawn, 1)]
)


@given(FINDINGS)
def test_every_page_is_in_one_part_or_dropped_at_one_cut(findings: list[PageFinding]) -> None:
    made = plan(findings)
    placed = [page for part in made.parts for page in part.pages] + [page for cut in made.cuts for page in cut.pages]
    assert sorted(placed) == [one.number for one in findings]
    dropped = {page for cut in made.cuts for page in cut.pages}
    assert all(one.sheet or one.blank for one in findings if one.number in dropped), "content was dropped"
    assert {page for cut in made.cuts for page in cut.sheets} == {one.number for one in findings if one.sheet}
    assert [part.number for part in made.parts] == list(range(1, len(made.parts) + 1))
    assert all(part.pages for part in made.parts)
    assert len({cut.part for cut in made.cuts}) == len(made.cuts)


@given(FINDINGS)
def test_a_kind_comes_from_the_parts_own_sheets_only(findings: list[PageFinding]) -> None:
    made = plan(findings)
    by_number = {one.number: one for one in findings}
    for part in made.parts:
        own = [cut for cut in made.cuts if cut.part == part.number]
        told = {by_number[page].sheet.instruction.kind for cut in own for page in cut.sheets} | {""}  # type: ignore[union-attr]
        assert part.kind in told


@pytest.mark.parametrize(
    ("pages", "parts"),
    [
        ("", []),
        ("ppp", [(1, 2, 3)]),
        ("pspp", [(1,), (3, 4)]),
        ("spp", [(2, 3)]),
        ("sbpbsbpp", [(3, 4), (7, 8)]),  # duplex: each sheet has its blank back; the paper's own blank back stays
        ("pps", [(1, 2)]),
        ("psspbp", [(1,), (4, 5, 6)]),
        ("pbbsp", [(1, 2, 3), (5,)]),
        ("sbb", []),
    ],
)
def test_where_a_batch_is_cut(pages: str, parts: list[tuple[int, ...]]) -> None:
    assert cut_up(pages) == parts
    assert plan(found(pages)).whole is (not set(pages) & set("soxd"))


def test_sheets_in_a_row_speak_together_and_for_one_part_only() -> None:
    made = plan(found("podpsp"))
    assert [(part.kind, part.dossier) for part in made.parts] == [("", ""), ("outgoing", "HS-01"), ("", "")]


def test_bars_alone_are_told() -> None:
    assert plan(found("pxp")).warnings == ("separator-by-bars",)
    assert [cut.read for cut in plan(found("pxpsp")).cuts] == [False, True]


def test_fronts_and_turned_backs_come_together_before_anything_is_cut() -> None:
    # fronts p1 s2 p3 | sheet 4, its blank back 5 | backs of the turned stack: of p3, of the sheet, of p1
    made = plan(found("pspBbpbb"))
    assert made.collated
    assert [part.pages for part in made.parts] == [(1, 8), (3, 6)]
    assert {page for cut in made.cuts for page in cut.pages} == {2, 4, 5, 7}


def test_the_code_of_the_sheet_between_may_shine_through_its_back() -> None:
    made = plan(found("ppBBpb"))
    assert made.collated and [part.pages for part in made.parts] == [(1, 6, 2, 5)]


def test_fronts_and_backs_that_cannot_belong_together_stay_as_they_are() -> None:
    made = plan(found("ppBp" + "pp"))
    assert not made.collated and made.warnings == ("sides-do-not-match",)
    assert [part.pages for part in made.parts] == [(1, 2), (4, 5, 6)]


@given(st.integers(0, 30), st.booleans())
def test_interleaving_brings_each_back_behind_its_front(count: int, last_one_sided: bool) -> None:
    backs = count - (last_one_sided and count > 0)
    # the back of front n is 100 + n; the turned stack gives them last one first
    order = interleaved(range(1, count + 1), [100 + n for n in range(backs, 0, -1)])
    wanted = [side for n in range(1, count + 1) for side in ((n, 100 + n) if n <= backs else (n,))]
    assert order == tuple(wanted)


def test_stacks_of_other_sizes_are_not_one_stack() -> None:
    assert interleaved([1, 2, 3], [4]) is None
    assert interleaved([1], [2, 3]) is None


@given(st.lists(st.integers(1, 60), unique=True, max_size=30))
def test_ranges_are_read_back(pages: list[int]) -> None:
    assert list(from_ranges(as_ranges(pages))) == pages


def test_ranges_are_short() -> None:
    assert as_ranges([2, 3, 4, 7, 1]) == "2-4, 7, 1"


@given(st.sampled_from(["", "incoming-scan", "outgoing", "appendix", "case-file"]), st.booleans())
def test_what_a_sheet_says_is_read_back(kind: str, backs: bool) -> None:
    asked = instruction(kind, "H27.19-250101-0001", backs)
    assert read_instruction(asked.text()) == asked


@pytest.mark.parametrize("text", ["", "CB2;kind=outgoing", "https://example.vn", "CB1x", "ASN00123", "CUSTOM BARCODE"])
def test_other_codes_are_no_separators(text: str) -> None:
    assert read_instruction(text) is None


def test_words_that_are_not_understood_ask_for_nothing() -> None:
    assert read_instruction("CB1;kind=../etc;dossier=a b\n;new=1") == Instruction()
    assert read_instruction("PATCHT") == read_instruction("Patch-T") == Instruction()


def test_a_sheet_that_could_not_be_read_back_is_not_printed() -> None:
    for kind, dossier, code in (
        ("letter", "", "bad-kind"),
        ("", "a;b=c", "bad-dossier"),
        ("", "x" * 65, "bad-dossier"),
    ):
        with pytest.raises(BadInstruction) as caught:
            instruction(kind, dossier)
        assert caught.value.code == code
