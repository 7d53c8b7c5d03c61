"""Real recognition and real PDF/A on generated papers: what leaves the limited child is what the paper says."""

from __future__ import annotations

import json
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import pdfa
from PIL import Image

from appliance.demo import demo_texts, papers
from appliance.demo.scan_files import write_jpeg, write_pdf_scan, write_tiff
from scanner_intake import digitize as digitize_module
from scanner_intake.digitize import Digitized, Limits, digitize, wipe
from tests.data import truth, truth_texts
from tests.fixtures_intake import bomb_png

Digitize = Callable[[Path], Digitized]
SURE = (
    "code",
    "code_number",
    "code_notation",
    "issued_date",
    "place",
    "issuer",
    "parent_issuer",
    "type_name",
    "urgency",
)


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract (tesseract-ocr, tesseract-ocr-vie) is not installed")


@pytest.fixture
def run(tmp_path: Path) -> Digitize:
    return lambda source: digitize(source, tmp_path / "out")


def expect_archive_copy(result: Digitized, pages: int) -> None:
    assert (result.verdict, result.pages, len(result.text)) == ("ok", pages, pages)
    assert result.pdf is not None
    assert pdfa.validate_written(result.pdf, "2b").verdict == "pass"


def expect_fields(result: Digitized, paper: papers.Paper) -> None:
    expected = papers.fields(paper)
    found = {name: result.fields[name].value if name in result.fields else "" for name in expected}
    assert {name: found[name] for name in SURE} == {name: expected[name] for name in SURE}
    assert found["signer_position"].split(" / ")[-1] == expected["signer_position"]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_demo_papers(tmp_path: Path, run: Digitize, index: int) -> None:
    made = papers.demo_papers()[index]
    source = tmp_path / made.name
    made.write(source)
    before = source.read_bytes()
    result = run(source)
    assert source.read_bytes() == before
    expect_archive_copy(result, made.paper.pages)
    expect_fields(result, made.paper)
    assert result.pdf is not None
    with pikepdf.open(result.pdf) as pdf:
        for page in pdf.pages:
            assert [float(each) for each in page.mediabox][2:] == pytest.approx([595.3, 841.9], abs=1.5)
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", result.pdf, "-"], capture_output=True, text=True, check=True).stdout
        assert "CỘNG HÒA" in text
        assert "Độc lập" in text


@pytest.mark.parametrize("secrecy", ["mat", "toi-mat", "tuyet-mat"])
def test_a_secret_leaves_nothing_behind(tmp_path: Path, run: Digitize, secrecy: str) -> None:
    image = papers.render(replace(demo_texts.SECRET, secrecy=secrecy), level="B")[0]
    source = tmp_path / "scan.jpg"
    write_jpeg(image, source, 200, 80)
    result = run(source)
    assert (result.verdict, result.code) == ("suspected-secret", "secrecy-marking")
    assert (result.pdf, result.text, result.fields) == (None, (), {})
    assert ("secrecy", secrecy) in {(each.kind, each.value) for each in result.markings}
    assert list((tmp_path / "out").iterdir()) == []


def test_a_bitonal_secret_is_seen(tmp_path: Path, run: Digitize) -> None:
    image = papers.render(replace(demo_texts.SECRET, secrecy="toi-mat"))[0].convert("L")
    source = tmp_path / "scan.tif"
    write_tiff([image.point(lambda value: 255 * (value > 150)).convert("1")], source, 200, "group4", 80)
    assert run(source).verdict == "suspected-secret"


def test_an_unreadable_box_of_that_size_is_held(tmp_path: Path, run: Digitize) -> None:
    image = papers.render(replace(demo_texts.SECRET, secrecy=""))[0]
    box = (200, 520, 200 + 236, 520 + 63)  # 30 x 8 mm at 200 dpi, under the number
    image.paste((200, 30, 40), box)
    for inset in (4, 10):
        image.paste((255, 255, 255), (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset))
        if inset == 4:
            image.paste((200, 30, 40), (box[0] + 7, box[1] + 7, box[2] - 7, box[3] - 7))
    for x in range(box[0] + 30, box[2] - 30, 9):  # a smear instead of letters
        image.paste((215, 60, 70), (x, box[1] + 22, x + 6, box[3] - 22))
    source = tmp_path / "scan.jpg"
    write_jpeg(image, source, 200, 85)
    result = run(source)
    assert (result.verdict, result.code) == ("suspected-secret", "marking-unreadable")


def test_a_released_paper_passes_the_gate(tmp_path: Path) -> None:
    source = tmp_path / "scan.jpg"
    write_jpeg(papers.render(replace(demo_texts.SECRET, secrecy="mat"))[0], source, 200, 85)
    result = digitize(source, tmp_path / "out", ignore_markings=True)
    assert result.verdict == "ok"
    assert ("secrecy", "mat") in {(each.kind, each.value) for each in result.markings}


def test_digitizing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "scan.jpg"
    write_jpeg(papers.render(demo_texts.LETTER)[0], source, 200, 85)
    first, second = (digitize(source, tmp_path / name) for name in ("one", "two"))
    assert first.pdf is not None
    assert second.pdf is not None
    assert first.pdf.read_bytes() == second.pdf.read_bytes()
    assert first.text == second.text


@pytest.mark.parametrize("turn", [90, 180])
def test_a_page_scanned_the_wrong_way_up_is_turned(tmp_path: Path, run: Digitize, turn: int) -> None:
    paper = replace(demo_texts.SECRET, secrecy="")
    source = tmp_path / "scan.png"
    papers.render(paper)[0].rotate(turn, expand=True).save(source, dpi=(200, 200))
    result = run(source)
    expect_archive_copy(result, 1)
    assert "pages-turned" in result.warnings
    assert result.fields["issuer"].value == papers.fields(paper)["issuer"]


@pytest.mark.parametrize("turn", [90, 270])
def test_a_full_page_on_its_side_that_reads_well_is_turned_too(tmp_path: Path, run: Digitize, turn: int) -> None:
    paper = truth.TruthPaper(truth_texts.script(10, 12), "B", 200, 12)
    source = tmp_path / "scan.png"
    next(paper.pages()).image().rotate(turn, expand=True).save(source, dpi=(200, 200))
    result = run(source)
    expect_archive_copy(result, 1)
    assert "pages-turned" in result.warnings
    wanted = {name: paper.fields[name] for name in ("code", "issued_date", "type_name")}
    assert {name: result.fields[name].value for name in wanted} == wanted


def test_the_camera_orientation_of_a_jpeg_counts(tmp_path: Path, run: Digitize) -> None:
    paper = replace(demo_texts.SECRET, secrecy="")
    image = papers.render(paper)[0]
    exif = Image.Exif()
    exif[0x0112] = 6
    source = tmp_path / "scan.jpg"
    image.rotate(90, expand=True).save(source, quality=85, dpi=(200, 200), exif=exif)
    result = run(source)
    expect_archive_copy(result, 1)
    assert result.fields["issuer"].value == papers.fields(paper)["issuer"]


def test_a_picture_without_resolution_becomes_a4_with_a_warning(tmp_path: Path, run: Digitize) -> None:
    source = tmp_path / "scan.jpg"
    papers.render(demo_texts.LETTER)[0].save(source, quality=85)
    result = run(source)
    expect_archive_copy(result, 1)
    assert "resolution-assumed" in result.warnings
    assert result.pdf is not None
    with pikepdf.open(result.pdf) as pdf:
        assert [float(each) for each in pdf.pages[0].mediabox][2:] == pytest.approx([595.276, 841.89], abs=0.01)


def test_passwords(tmp_path: Path, run: Digitize) -> None:
    plain = tmp_path / "plain.pdf"
    write_pdf_scan(papers.render(demo_texts.LETTER), plain, 200, 80)
    for user, verdict in (("mở", "needs-password"), ("", "ok")):
        source = tmp_path / f"locked{len(user)}.pdf"
        with pikepdf.open(plain) as pdf:
            pdf.save(source, encryption=pikepdf.Encryption(owner="chủ", user=user))
        result = run(source)
        assert result.verdict == verdict
    assert "encryption-removed" in result.warnings


def test_a_known_password_opens_a_locked_file_and_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, locked = tmp_path / "plain.pdf", tmp_path / "locked.pdf"
    write_pdf_scan(papers.render(demo_texts.LETTER), plain, 200, 80)
    composed = unicodedata.normalize("NFC", "Cửa mở-17")
    with pikepdf.open(plain) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="chủ-29", user=composed))
    before = locked.read_bytes()
    seen: list[bytes] = []
    monkeypatch.setattr(digitize_module, "wipe", lambda work: (seen.extend(_contents(work)), wipe(work)))
    assert digitize(locked, tmp_path / "out", passwords=["sai"]).verdict == "needs-password"
    typed = unicodedata.normalize("NFD", composed)  # as one keyboard writes it; the file knows the other form
    result = digitize(locked, tmp_path / "out", passwords=["sai", typed])
    expect_archive_copy(result, 1)
    assert "encryption-removed" in result.warnings and result.pdf is not None
    with pikepdf.open(result.pdf) as pdf:
        assert not pdf.is_encrypted
    assert locked.read_bytes() == before
    assert len(seen) > 4
    for form in (composed, typed):
        assert not any(form.encode() in each or json.dumps(form).encode()[1:-1] in each for each in seen)


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("mark", ["/Sig", "/DSS", "/Perms"])
def test_a_signed_pdf_is_only_read(tmp_path: Path, run: Digitize, mark: str) -> None:
    source = tmp_path / "signed.pdf"
    write_pdf_scan(papers.render(demo_texts.LETTER), source, 200, 80)
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        if mark == "/Sig":
            pdf.Root.Extra = pdf.make_indirect(
                pikepdf.Dictionary(Type=pikepdf.Name("/Sig"), ByteRange=[0, 1, 2, 3], Contents=b"0" * 8)
            )
        else:
            pdf.Root[mark] = pikepdf.Dictionary()
        pdf.save(source)
    result = run(source)
    assert (result.verdict, result.pdf) == ("signed-kept", None)
    assert result.fields["code"].value == papers.fields(demo_texts.LETTER)["code"]
    assert "Kính gửi" in result.text[0]


def test_a_pdf_cut_off_is_not_mended_into_blank_pages(tmp_path: Path, run: Digitize) -> None:
    whole, cut = tmp_path / "whole.pdf", tmp_path / "cut.pdf"
    write_pdf_scan(papers.render(demo_texts.LETTER), whole, 200, 80)
    papers.truncate(whole, cut, 0.6)
    assert (run(cut).verdict, run(cut).code) == ("unreadable", "truncated")


def test_a_bomb_costs_only_itself(tmp_path: Path) -> None:
    source = tmp_path / "bomb.png"
    source.write_bytes(bomb_png(14_000))
    assert source.stat().st_size < 1 << 20
    result = digitize(source, tmp_path / "out", Limits(wall_seconds=60))
    assert (result.verdict, result.code) == ("unreadable", "too-many-pixels")
    result = digitize(source, tmp_path / "out", Limits(wall_seconds=60, pixels=1 << 40, memory_bytes=900 << 20))
    assert (result.verdict, result.code) == ("unreadable", "out-of-memory")


def test_cpu_time_is_limited(tmp_path: Path) -> None:
    source = tmp_path / "scan.jpg"
    write_jpeg(papers.render(demo_texts.LETTER)[0], source, 200, 85)
    result = digitize(source, tmp_path / "out", Limits(cpu_seconds=1))
    assert result.verdict == "unreadable"
    assert result.code in ("limits-exceeded", "ocr-failed")


def test_too_many_pages(tmp_path: Path) -> None:
    source = tmp_path / "many.pdf"
    pdf = pikepdf.new()
    for _ in range(4):
        pdf.add_blank_page()
    pdf.save(source)
    result = digitize(source, tmp_path / "out", Limits(pages=3))
    assert (result.verdict, result.code) == ("unreadable", "too-many-pages")
