"""The generator of papers: what it writes, how large its stamps are, and that everything follows from the seed."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from appliance.demo import demo_texts, fonts, papers, stamps
from appliance.demo.layout import DoesNotFit, compose
from appliance.demo.scan_noise import Mark, scan
from appliance.demo.texts import varied_paper

DEMO = papers.demo_papers()


def millimetres(pixels: float, dpi: int) -> float:
    return pixels / dpi * 25.4


def red_mask(page: Image.Image) -> NDArray[np.uint8]:
    pixels = np.asarray(page).astype(np.int16)
    return (pixels[:, :, 0] - pixels[:, :, 1:].max(axis=2) > 45).astype(np.uint8)


def red_boxes(page: Image.Image) -> list[tuple[float, float]]:
    """Long and short side in pixels of every red thing on a page larger than 8 pixels."""
    red = cv2.morphologyEx(red_mask(page), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(red, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    sides = (sorted(cv2.minAreaRect(o)[1], reverse=True) for o in outlines)
    return [(long + 1, short + 1) for long, short in sides if short > 8]


def words_of(paper: papers.Paper) -> str:
    parts = (paper.issuer, paper.subject, paper.type_name.upper(), paper.signer_name, *paper.body, *paper.recipients)
    return " ".join(parts)


def test_fields_of_a_decision() -> None:
    assert papers.fields(demo_texts.DECISION) == {
        "code": "417/QĐ-UBND",
        "code_number": "417",
        "code_notation": "QĐ-UBND",
        "issued_date": "2026-03-09",
        "place": "Thượng Giang",
        "issuer": "ỦY BAN NHÂN DÂN TỈNH THƯỢNG GIANG",
        "parent_issuer": "",
        "type_name": "Quyết định",
        "subject": demo_texts.DECISION.subject,
        "urgency": "khan",
        "secrecy": "",
        "signer_position": "CHỦ TỊCH",
        "signer_name": "Quách Hữu Nhẫn",
    }


def test_fields_of_a_letter_without_type() -> None:
    facts = papers.fields(demo_texts.LETTER)
    assert facts["type_name"] == "Công văn"
    assert facts["subject"].startswith("V/v hướng dẫn")
    assert facts["parent_issuer"] == "UBND TỈNH THƯỢNG GIANG"


def test_the_demonstration_is_the_six_papers_of_its_story() -> None:
    told = [(f.folder, f.kind, f.form, f.paper.pages, f.expectation) for f in DEMO]
    assert told == [
        ("den", "incoming-scan", "pdf", 3, "receipt"),
        ("den", "incoming-scan", "tiff", 2, "receipt"),
        ("den", "incoming-scan", "jpeg", 1, "receipt"),
        ("di", "outgoing", "pdf", 1, "receipt"),
        ("den", "incoming-scan", "pdf", 1, "suspected-secret"),
        ("den", "incoming-scan", "truncated-pdf", 1, "truncated"),
    ]
    assert [f.paper.secrecy for f in DEMO] == ["", "", "", "", "mat", ""]
    assert DEMO[0].paper.urgency == "khan"


@pytest.mark.parametrize("file", DEMO, ids=lambda f: f.paper.key)
def test_a_demo_paper_fills_exactly_its_pages(file: papers.DemoFile) -> None:
    assert len(compose(file.paper, 72)) == file.paper.pages


def test_a_paper_that_claims_other_pages_is_refused() -> None:
    with pytest.raises(DoesNotFit) as caught:
        compose(replace(demo_texts.LETTER, pages=2), 72)
    assert caught.value.args == ("cong-van", 1, 2)


def test_varied_papers_fit_one_page_and_differ() -> None:
    files = list(papers.many_papers(16, seed=5))
    assert all(len(compose(f.paper, 72)) == 1 for f in files)
    assert len({f.paper.code for f in files}) == len({f.name for f in files}) == 16
    assert {f.form for f in files} == {"pdf", "tiff", "jpeg", "png"}
    assert {f.folder for f in files} == {"den", "di"}
    assert all(f.expectation == "receipt" and not f.paper.secrecy for f in files)


def test_every_vietnamese_letter_occurs() -> None:
    written = " ".join(words_of(f.paper) for f in [*DEMO, *papers.many_papers(30, seed=1)])
    vowels = {unicodedata.normalize("NFC", v + tone) for v in "aăâeêioôơuưy" for tone in ["", "̀", "̉", "̃", "́", "̣"]}
    letters = vowels | {"đ"} | {c.upper() for c in vowels} | {"Đ"}
    assert len(letters) == 146
    assert sorted(letters - set(written)) == []
    assert unicodedata.is_normalized("NFC", written)


def test_secret_words_stand_only_on_the_secret_paper() -> None:
    for file in [*DEMO, *papers.many_papers(30, seed=1)]:
        assert not re.search(r"\bMẬT\b", words_of(file.paper)), file.paper.key


def test_the_same_seed_gives_the_same_pixels() -> None:
    first, again = (papers.render(demo_texts.LETTER, 72, "B", seed=4)[0].tobytes() for _ in range(2))
    other = papers.render(demo_texts.LETTER, 72, "B", seed=5)[0].tobytes()
    assert first == again
    assert first != other


def test_a_rendered_page_is_a4_in_colour() -> None:
    page = papers.render(demo_texts.SECRET, 100, "A")[0]
    assert (page.mode, page.size) == ("RGB", (827, 1169))


@pytest.mark.parametrize("word", stamps.BOX_STAMPS)
def test_box_stamps_have_the_size_and_border_of_the_law(word: str) -> None:
    width, height, lines = stamps.BOX_STAMPS[word]
    mask = stamps.box_stamp(word, 300)
    rows, columns = np.nonzero(mask > 127)
    assert millimetres(np.ptp(columns) + 1, 300) == pytest.approx(width, abs=0.2)
    assert millimetres(np.ptp(rows) + 1, 300) == pytest.approx(height, abs=0.2)
    # Border lines crossed on the way in from the left, before any letter can begin.
    inward = (mask[mask.shape[0] // 2, : round(1.9 / 25.4 * 300)] > 127).astype(int)
    assert np.count_nonzero(np.diff(inward, prepend=0) == 1) == lines


@pytest.mark.parametrize(
    ("paper", "width"), [(demo_texts.SECRET, 20.0), (replace(demo_texts.SECRET, secrecy="tuyet-mat"), 40.0)]
)
def test_a_secrecy_stamp_on_a_scanned_page_has_true_size(paper: papers.Paper, width: float) -> None:
    page = papers.render(paper, 200, "A")[0].crop((0, 300, 700, 700))
    long, short = max(red_boxes(page))
    assert millimetres(long, 200) == pytest.approx(width, abs=0.5)
    assert millimetres(short, 200) == pytest.approx(8.0, abs=0.5)


def test_seal_and_arrival_stamp_on_a_scanned_page_have_true_size() -> None:
    page = papers.render(demo_texts.LETTER, 200, "A")[0]
    arrival = [millimetres(side, 200) for side in max(red_boxes(page))]
    assert arrival == pytest.approx([50.0, 35.0], abs=0.5)
    # The pen crosses the seal's ring, so its extent is taken from all red below the middle of the page.
    rows, columns = np.nonzero(red_mask(page.crop((0, 1170, 1654, 2339))))
    assert millimetres(np.ptp(rows) + 1, 200) == pytest.approx(36.0, abs=0.5)
    assert millimetres(np.ptp(columns) + 1, 200) == pytest.approx(36.0, abs=0.5)


def test_the_seal_covers_a_third_of_the_signature_on_its_left() -> None:
    pen, seal = compose(replace(demo_texts.LETTER, arrival_stamp=False), 72)[0].marks
    assert (pen.colour, seal.colour) == (stamps.PEN_BLUE, stamps.RED)
    left = pen.x_mm - stamps.SIGNATURE_MM[0] / 2
    covered = (seal.x_mm + stamps.SEAL_MM / 2 - left) / stamps.SIGNATURE_MM[0]
    assert 0.25 < covered < 0.42


def test_a_draft_leaves_room_for_the_digital_signature() -> None:
    sheet = compose(demo_texts.PROPOSAL, 72)[0]
    assert sheet.marks == []
    right = sheet.toner()[:, round(105 / 25.4 * 72) :].max(axis=1)
    inked = np.flatnonzero(right > 60)
    gaps = np.diff(inked)
    # The widest white strip in the right half, head of the page left aside: between position and name.
    assert millimetres(gaps.max(), 72) > stamps.SIGNATURE_MM[1]


def test_ink_is_multiplied_on_paper_not_painted_over_print() -> None:
    black = np.zeros((80, 80), np.uint8)
    black[:, 40:] = 255
    mark = Mark(20, 20, np.full((40, 40), 255, np.uint8), stamps.RED)
    page = np.asarray(scan(black, [mark], "A", np.random.default_rng(0), 50))
    red, print_under_red, print_alone = page[40, 30], page[40, 50], page[10, 70]
    assert red[0] > 180 and red[1] < 60
    assert print_under_red.max() <= print_alone.max() + 8


def test_bad_scans_are_darker_and_grainier_than_good_ones() -> None:
    good, bad = (np.asarray(papers.render(demo_texts.SECRET, 72, level)[0].convert("L")) for level in "AC")
    corner = slice(780, 830), slice(100, 400)
    assert np.median(bad[corner]) < np.median(good[corner]) - 15
    assert bad[corner].std() > good[corner].std() * 2


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(KeyError):
        papers.render(demo_texts.SECRET, 72, "D")


def test_signature_picture_is_blue_and_transparent() -> None:
    picture = Image.open(io.BytesIO(papers.signature_png("Vũ Đức Thuận", 1)))
    assert picture.mode == "RGBA"
    assert picture.getpixel((0, 0))[3] == 0
    assert picture.getchannel("A").getextrema() == (0, 255)
    assert picture.getpixel((5, 5))[:3] == stamps.PEN_BLUE
    assert papers.signature_png("Vũ Đức Thuận", 1) != papers.signature_png("Vũ Đức Thuận", 2)


def test_seal_picture_is_red_and_of_actual_size() -> None:
    picture = Image.open(io.BytesIO(papers.seal_png("ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN")))
    dots = picture.info["dpi"][0]
    left, top, right, bottom = picture.getchannel("A").getbbox()
    assert picture.getpixel((0, 0))[3] == 0
    assert millimetres(right - left, round(dots)) == pytest.approx(36.0, abs=0.3)
    assert millimetres(bottom - top, round(dots)) == pytest.approx(36.0, abs=0.3)


def test_files_are_what_their_names_say(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (413, 585), "white") for _ in range(2)]
    papers.write_pdf_scan(pages, tmp_path / "a.pdf", 50)
    papers.write_tiff(pages, tmp_path / "a.tif", 50, "jpeg")
    papers.write_tiff(pages, tmp_path / "g4.tif", 50, "group4")
    papers.write_jpeg(pages[0], tmp_path / "a.jpg", 50)
    papers.write_png(pages[0], tmp_path / "a.png", 50)
    whole = (tmp_path / "a.pdf").read_bytes()
    assert whole.startswith(b"%PDF-1.4") and whole.endswith(b"%%EOF\n")
    for number in range(1, 9):
        offset = int(whole.split(b"xref\n")[1].split(b"\n")[number + 1][:10])
        assert whole[offset:].startswith(b"%d 0 obj" % number)
    for name in ("a.tif", "g4.tif"):
        with Image.open(tmp_path / name) as tiff:
            assert (tiff.n_frames, tiff.info["dpi"]) == (2, (50, 50))
    for name in ("a.jpg", "a.png"):
        with Image.open(tmp_path / name) as picture:
            assert round(picture.info["dpi"][0]) == 50
    coloured = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8))
    papers.write_png(coloured, tmp_path / "c.png", 200)
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.convert("RGB").tobytes() == coloured.tobytes()
    papers.truncate(tmp_path / "a.pdf", tmp_path / "cut.pdf", 0.5)
    assert (tmp_path / "cut.pdf").read_bytes() == whole[: len(whole) // 2]


def test_a_missing_typeface_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", (str(tmp_path),))
    monkeypatch.delenv("COMMUNE_BOX_FONTS", raising=False)
    with pytest.raises(fonts.FontMissing, match="fonts-croscore"):
        fonts.font_files.__wrapped__()


def test_varied_papers_follow_seed_and_number() -> None:
    assert varied_paper(3, 1) == varied_paper(3, 1)
    assert varied_paper(3, 1) != varied_paper(3, 2)
    draft = varied_paper(4, 1, outgoing=True)
    assert (draft.seal, draft.handwritten_signature, draft.kind) == (False, False, "outgoing")
