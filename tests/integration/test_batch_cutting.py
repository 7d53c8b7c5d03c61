"""Real stacks: the project's papers and its own sheets, scanned, cut by the limited child, page for page."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from click.testing import CliRunner
from PIL import Image

from appliance.cli import main
from appliance.demo import demo_texts
from appliance.demo.papers import render
from appliance.demo.scan_files import write_pdf_scan, write_tiff
from appliance.demo.scan_noise import scan
from scanner_intake import cutting
from scanner_intake.cutting import CutFailed, cut_batch, files_together, sides_together, take_pages

PAPERS = ("DECISION", "LETTER", "REPORT")
FOREIGN = Path(__file__).parents[2].parent / "shared/data"


@cache
def drawn(key: str, level: str) -> tuple[Image.Image, ...]:
    """The pages of a demo paper, drawn once."""
    return tuple(render(getattr(demo_texts, key), 200, level))


def sheet_page(tmp_path: Path, level: str, *words: str) -> Image.Image:
    """One printed sheet as a scanner at a level sees it."""
    printed = tmp_path / "sheet.pdf"
    done = CliRunner().invoke(main, ["separators", "-o", str(printed), *words])
    assert done.exit_code == 0, done.output
    with pdfium.PdfDocument(printed) as document:
        gray = document[0].render(scale=200 / 72, grayscale=True).to_numpy().squeeze()
    return scan(255 - gray, [], level, np.random.default_rng(7), 200)


def empty_page(level: str) -> Image.Image:
    return scan(np.zeros((2339, 1654), np.uint8), [], level, np.random.default_rng(8), 200)


def stack(tmp_path: Path, level: str) -> list[Image.Image]:
    """Three papers of several pages, duplex: sheets with blank backs, the second one for an outgoing paper."""
    first, second, third = (drawn(one, level) for one in PAPERS)
    plain, outgoing = (
        sheet_page(tmp_path, level),
        sheet_page(tmp_path, level, "--kind", "outgoing", "--dossier", "HS-1"),
    )
    blank = empty_page(level)
    return [*first, plain, blank, *second, outgoing, blank, *third]


def streams_of(path: Path) -> list[str]:
    """Digest of each page's own coded picture."""
    with pikepdf.open(path) as pdf:
        return [
            hashlib.sha256(picture.read_raw_bytes()).hexdigest()
            for page in pdf.pages
            for picture in page.get_images().values()
        ]


@pytest.mark.parametrize("level", ["A", "B", "C"])
def test_a_stack_becomes_its_papers(tmp_path: Path, level: str) -> None:
    pages, source = stack(tmp_path, level), tmp_path / "stack.pdf"
    write_pdf_scan(pages, source, 200, 60)
    before = source.read_bytes()
    found = cut_batch(source, tmp_path / "out")
    assert source.read_bytes() == before
    sizes = [len(drawn(one, level)) for one in PAPERS]
    assert [len(part.pages) for part in found.plan.parts] == sizes
    assert [(part.kind, part.dossier) for part in found.plan.parts] == [("", ""), ("", ""), ("outgoing", "HS-1")]
    assert all(cut.read and len(cut.pages) == 2 for cut in found.plan.cuts) and found.plan.warnings == ()
    whole = streams_of(source)
    for part, file in zip(found.plan.parts, found.parts, strict=True):
        assert streams_of(file) == [whole[page - 1] for page in part.pages], "a stream was coded again"
    assert found.pictures and all(path.read_bytes()[:2] == b"\xff\xd8" for path in found.pictures.values())


def test_a_tiff_stack_is_cut_into_pdfs(tmp_path: Path) -> None:
    page = drawn("LETTER", "A")[0]
    write_tiff([page, sheet_page(tmp_path, "A"), page], tmp_path / "stack.tif", 200)
    found = cut_batch(tmp_path / "stack.tif", tmp_path / "out")
    assert [part.pages for part in found.plan.parts] == [(1,), (3,)]
    for file in found.parts:
        with pdfium.PdfDocument(file) as document:
            assert [tuple(round(side) for side in one.get_size()) for one in document] == [(595, 842)]


def test_a_stack_scanned_from_both_sides_one_after_the_other(tmp_path: Path) -> None:
    """A simplex feeder: fronts, the sheet between, then the turned stack's backs."""
    fronts = [drawn(one, "A")[0] for one in PAPERS[:2]]
    backs = [drawn("REPORT", "A")[0], empty_page("A")]  # of the letter, of the decision
    write_pdf_scan([*fronts, sheet_page(tmp_path, "A", "--backs"), *backs], tmp_path / "stack.pdf", 200, 60)
    found = cut_batch(tmp_path / "stack.pdf", tmp_path / "out")
    assert found.plan.collated and [part.pages for part in found.plan.parts] == [(1, 5, 2, 4)]


def test_pages_are_taken_in_the_order_asked(tmp_path: Path) -> None:
    pages = drawn("DECISION", "A")
    write_pdf_scan([*pages, *pages], tmp_path / "stack.pdf", 200, 60)
    whole = streams_of(tmp_path / "stack.pdf")
    made = take_pages(tmp_path / "stack.pdf", [2, 1], tmp_path / "out")
    assert streams_of(made) == [whole[1], whole[0]]
    with pytest.raises(CutFailed, match="no-such-page"):
        take_pages(tmp_path / "stack.pdf", [99], tmp_path / "out")


def test_two_files_are_put_one_behind_the_other(tmp_path: Path) -> None:
    pages = drawn("DECISION", "A")
    write_pdf_scan(pages, tmp_path / "first.pdf", 200, 60)
    write_tiff(pages[:1], tmp_path / "second.tif", 200)
    whole = streams_of(tmp_path / "first.pdf")
    made, ahead, behind = files_together(tmp_path / "first.pdf", tmp_path / "second.tif", tmp_path / "out")
    assert (ahead, behind) == (len(pages), 1)
    found = streams_of(made)
    assert found[:ahead] == whole and len(found) == ahead + 1, "the first file's streams as they are"
    assert list((tmp_path / "out").iterdir()) == [made], "nothing else is left"
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(CutFailed):
        files_together(tmp_path / "first.pdf", tmp_path / "broken.pdf", tmp_path / "out")


def test_a_stack_without_sheets_and_a_signed_file_stay_whole(tmp_path: Path) -> None:
    write_pdf_scan(drawn("LETTER", "A"), tmp_path / "one.pdf", 200, 60)
    found = cut_batch(tmp_path / "one.pdf", tmp_path / "out")
    assert found.plan.whole and not found.parts and list((tmp_path / "out").iterdir()) == []
    signed = FOREIGN / "scans/pl-signed.pdf"
    if not signed.is_file():
        pytest.skip("no signed sample here (shared/data)")
    assert cut_batch(signed, tmp_path / "out").plan.whole


@pytest.mark.parametrize("name", ["pl-encrypted.pdf", "multipage.pdf", "pl-multi-page-images.tiff"])
def test_whatever_comes_gets_an_answer(tmp_path: Path, name: str) -> None:
    if not (FOREIGN / "scans" / name).is_file():
        pytest.skip(f"no {name} here (shared/data)")
    try:
        assert cut_batch(FOREIGN / "scans" / name, tmp_path / "out").plan.whole
    except CutFailed as failure:
        assert failure.code == "needs-password"


LIES: list[tuple[str, Callable[[Path], None]]] = [
    ("no result", lambda work: None),
    ("not JSON", lambda work: (work / "result.json").write_bytes(b"{")),
    ("a page twice", lambda work: tell(work, 3, [[1, True], [1, True]])),
    ("a page beyond the end", lambda work: tell(work, 3, [[4, False]])),
    (
        "a part that is a link",
        lambda work: (tell(work, 3, [[2, True]]), (work / "part-1.pdf").symlink_to("/etc/hosts"))[0],
    ),
    ("a part that is no PDF", lambda work: (tell(work, 3, [[2, True]]), (work / "part-1.pdf").write_bytes(b"MZ"))[0]),
]


def tell(work: Path, pages: int, seen: list[list[int | bool]]) -> None:
    sheet = {"kind": "", "dossier": "", "backs": False, "read": True}
    findings = [{"page": page, "blank": False} | ({"sheet": sheet} if is_sheet else {}) for page, is_sheet in seen]
    (work / "result.json").write_text(json.dumps({"code": "", "pages": pages, "findings": findings}))


@pytest.mark.parametrize(("what", "lie"), LIES, ids=[what for what, _ in LIES])
def test_the_child_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, lie: Callable[[Path], None]
) -> None:
    source = tmp_path / "stack.pdf"
    source.write_bytes(b"%PDF-1.4")
    monkeypatch.setattr(cutting, "_run", lambda work, limits, passwords: lie(work))
    with pytest.raises(CutFailed, match="bad-result"):
        cut_batch(source, tmp_path / "out")
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_a_locked_stack_is_cut_with_a_known_password(tmp_path: Path) -> None:
    letter = drawn("LETTER", "A")[0]
    write_pdf_scan([letter, sheet_page(tmp_path, "A"), letter], tmp_path / "open.pdf", 200, 60)
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(tmp_path / "open.pdf") as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="chủ", user="mở"))
    before = locked.read_bytes()
    with pytest.raises(CutFailed, match="needs-password"):
        cut_batch(locked, tmp_path / "out")
    found = cut_batch(locked, tmp_path / "out", passwords=["sai", "mở"])
    assert [streams_of(part) for part in found.parts] == [streams_of(tmp_path / "open.pdf")[:1]] * 2
    taken = take_pages(locked, [1], tmp_path / "one", passwords=["mở"])
    for made in (*found.parts, taken):
        with pikepdf.open(made) as pdf:
            assert not pdf.is_encrypted
    assert locked.read_bytes() == before


def test_two_real_files_become_one_stack(tmp_path: Path) -> None:
    pages = drawn("DECISION", "A")
    write_pdf_scan(pages, tmp_path / "fronts.pdf", 200, 60)
    write_pdf_scan(pages[::-1], tmp_path / "backs.pdf", 200, 50)
    fronts, backs = streams_of(tmp_path / "fronts.pdf"), streams_of(tmp_path / "backs.pdf")
    made = sides_together(tmp_path / "fronts.pdf", tmp_path / "backs.pdf", tmp_path / "out")
    assert streams_of(made) == [side for pair in zip(fronts, backs[::-1], strict=True) for side in pair]
    write_pdf_scan(pages * 2, tmp_path / "many.pdf", 200, 50)
    with pytest.raises(CutFailed, match="sides-do-not-match"):
        sides_together(tmp_path / "fronts.pdf", tmp_path / "many.pdf", tmp_path / "out")


def test_foreign_fronts_and_backs() -> None:
    fronts, backs = FOREIGN / "scans/double-sided-odd.pdf", FOREIGN / "scans/double-sided-even.pdf"
    if not fronts.is_file():
        pytest.skip("no double-sided samples here (shared/data)")
    with (
        tempfile.TemporaryDirectory() as folder,
        pdfium.PdfDocument(sides_together(fronts, backs, Path(folder))) as made,
    ):
        said = [page.get_textpage().get_text_bounded() for page in made]
    assert [text.strip() for text in said] == [f"This is page {number}" for number in range(1, 6)]
