"""Stamps found and read on a page: secrecy is never missed, harmless words never hold. Real recognition of cut-outs."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from appliance.demo.stamps import RED, Mask, box_stamp, seal
from scanner_intake import known_boxes
from scanner_intake.digitize_ocr import picture_of, read_text
from scanner_intake.secrecy import suspicion
from scanner_intake.stamps import find_markings
from tests.data.more_stamps import HARMLESS, arrow, framed

DPI = 200


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract (tesseract-ocr, tesseract-ocr-vie) is not installed")


Pixels = np.ndarray


def sheet() -> Pixels:
    """A page with lines of print, BGR."""
    page = np.full((2339, 1654, 3), 250, np.uint8)
    for y in range(700, 2000, 55):
        cv2.putText(page, "noi dung cua van ban hanh chinh " * 2, (170, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (40,) * 3, 2)
    return page


def stamped(page: Pixels, mask: Mask, x: int, y: int, turn: float = 0.0, ink: float = 1.0) -> Pixels:
    """The mask in red at (x, y) pixels, turned by degrees, with `ink` of its strength."""
    cover = mask.astype(np.float32) / 255 * ink
    if turn:
        height, width = cover.shape
        side = int(np.hypot(height, width)) + 4
        wide = np.zeros((side, side), np.float32)
        top, left = (side - height) // 2, (side - width) // 2
        wide[top : top + height, left : left + width] = cover
        cover = cv2.warpAffine(wide, cv2.getRotationMatrix2D((side / 2, side / 2), turn, 1), (side, side))
    height, width = cover.shape
    part = page[y : y + height, x : x + width].astype(np.float32)
    colour = np.array(RED[::-1], np.float32) / 255
    page[y : y + height, x : x + width] = np.clip(part * (1 - cover[..., None] * (1 - colour)), 0, 255)
    return page


def seen(page: Pixels) -> tuple[str, set[tuple[str, str]]]:
    picture = picture_of(1, page, (595.3, 841.9))
    markings = find_markings(picture, lambda gray, psm, dpi: read_text(gray, psm=psm, dpi=dpi))
    return suspicion(markings), {(each.kind, each.value) for each in markings}


@pytest.mark.parametrize("word", ["MẬT", "TỐI MẬT", "TUYỆT MẬT"])
@pytest.mark.parametrize(("turn", "ink"), [(0, 1.0), (-18, 1.0), (40, 1.0), (90, 1.0), (5, 0.4)])
def test_secrecy_at_any_turn_and_faint(word: str, turn: float, ink: float) -> None:
    assert seen(stamped(sheet(), box_stamp(word, DPI), 200, 420, turn, ink))[0]


@pytest.mark.parametrize("word", ["MẬT", "TỐI MẬT", "TUYỆT MẬT"])
@pytest.mark.parametrize("form", ["gray", "bitonal", "copied"])
def test_secrecy_without_colour(word: str, form: str) -> None:
    page = cv2.cvtColor(stamped(sheet(), box_stamp(word, DPI), 220, 500, turn=4), cv2.COLOR_BGR2GRAY)
    if form == "bitonal":
        page = ((page > 150) * 255).astype(np.uint8)
    elif form == "copied":
        page = np.clip((cv2.GaussianBlur(page, (0, 0), 1.1).astype(np.float32) - 100) * 1.7 + 60, 0, 255).astype(
            np.uint8
        )
    assert seen(page)[0]


@pytest.mark.parametrize("word", ["TỐI MẬT", "TUYỆT MẬT"])
@pytest.mark.parametrize("turn", [8, -12, 5, 85])
@pytest.mark.parametrize("form", ["gray", "bitonal"])
def test_a_colourless_frame_that_print_runs_into(word: str, turn: float, form: str) -> None:
    page = cv2.cvtColor(stamped(sheet(), box_stamp(word, DPI), 190, 690, turn), cv2.COLOR_BGR2GRAY)
    if form == "bitonal":
        page = ((page > 150) * 255).astype(np.uint8)
    assert seen(page)[0]


def old_stamp(word: str) -> Mask:
    """A secrecy stamp with a single border, as offices cut them before 2020."""
    letters = box_stamp(word, DPI)
    inner = letters.copy()
    inner[:14], inner[-14:], inner[:, :14], inner[:, -14:] = 0, 0, 0, 0
    cv2.rectangle(inner, (3, 3), (inner.shape[1] - 4, inner.shape[0] - 4), 255, 4)
    return inner


@pytest.mark.parametrize("turn", [0, 4, 90, 180, 270])
@pytest.mark.parametrize("place", [(220, 420), (1100, 200), (200, 2050)])
def test_a_single_border_anywhere_and_on_its_head_without_colour(turn: int, place: tuple[int, int]) -> None:
    page = cv2.cvtColor(stamped(sheet(), old_stamp("TỐI MẬT"), *place, turn), cv2.COLOR_BGR2GRAY)
    assert seen(page)[0]
    assert seen(((page > 150) * 255).astype(np.uint8))[0]


@pytest.mark.parametrize(("word", "turn"), [("MẬT", 33), ("TỐI MẬT", 147), ("TUYỆT MẬT", -68)])
def test_a_single_border_askew_over_print_without_colour(word: str, turn: int) -> None:
    page = cv2.cvtColor(stamped(sheet(), old_stamp(word), 700, 1100, turn, 0.6), cv2.COLOR_BGR2GRAY)
    assert seen(page)[0]


@pytest.mark.parametrize("turn", [4, 184])
def test_a_faint_single_border_in_blue_ink(turn: int) -> None:
    page = stamped(sheet(), old_stamp("TUYỆT MẬT"), 300, 400, turn, 0.55)
    assert seen(np.ascontiguousarray(page[:, :, ::-1]))[0]


@pytest.mark.parametrize("word", ["SAO Y", "BẢN SAO", "CÔNG KHAI"])
def test_harmless_words_askew_in_gray_do_not_hold(word: str) -> None:
    assert seen(cv2.cvtColor(stamped(sheet(), framed(word, DPI), 900, 400, 21), cv2.COLOR_BGR2GRAY))[0] == ""


@pytest.mark.parametrize("turn", [0, 4])
def test_a_stamp_cut_by_the_edge_of_dull_paper(turn: int) -> None:
    page = cv2.cvtColor(stamped(sheet(), box_stamp("TỐI MẬT", DPI), 60, 420, turn, 0.6), cv2.COLOR_BGR2GRAY)
    dull = (page[:, 105:].astype(np.float32) * 0.5).astype(np.uint8)
    assert seen(dull)[0]


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_a_single_border_in_faint_red(turn: int) -> None:
    assert seen(stamped(sheet(), old_stamp("TUYỆT MẬT"), 900, 2000, turn, 0.5))[0]


def test_other_words_in_a_single_border_do_not_hold() -> None:
    for turn in (0, 90, 180):
        page = stamped(sheet(), framed("CÔNG KHAI", DPI), 1100, 200, turn)
        assert seen(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY))[0] == ""


def test_bars_and_dark_surfaces_are_no_stamp() -> None:
    page = sheet()
    for y in range(420, 500, 16):
        page[y : y + 8, 300:420] = 20
    page[440:510, 600:800] = 30
    assert seen(page) == ("", set())
    codes = sheet()
    for x in (300, 316, 330, 342, 358, 366, 380, 396):
        codes[400:480, x : x + 7] = 20
    assert seen(codes) == ("", set())


@pytest.mark.parametrize("word", ["MẬT", "TUYỆT MẬT"])
def test_secrecy_under_a_seal_or_a_pen(word: str) -> None:
    page = stamped(sheet(), box_stamp(word, DPI), 220, 480)
    assert seen(stamped(page.copy(), seal("ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN", "", DPI), 285, 370))[0]
    cv2.polylines(page, [np.array([[200, 540], [300, 480], [390, 550], [520, 500]], np.int32)], False, (152, 42, 22), 5)
    assert seen(page)[0]


@pytest.mark.parametrize("word", sorted(HARMLESS))
def test_harmless_words_do_not_hold(word: str) -> None:
    assert seen(stamped(sheet(), framed(word, DPI), 220, 480, turn=3))[0] == ""


@pytest.mark.parametrize("turn", [0, 40, -35])
def test_the_arrow_of_urgency_is_read(turn: float) -> None:
    hold, found = seen(stamped(sheet(), arrow("HỎA TỐC", DPI), 150, 250, turn))
    assert (hold, ("urgency", "hoa-toc") in found) == ("", True)


@pytest.mark.parametrize(("heard", "hold"), [("UBND XÃ ĐỒNG MẬN", ""), ("noi dung cua van", "marking-unreadable")])
def test_an_office_in_the_head_of_its_arrival_stamp_does_not_hold(heard: str, hold: str) -> None:
    page = stamped(sheet(), box_stamp("TUYỆT MẬT", DPI), 220, 420)
    for x in (222, 250, 290, 330, 410, 480, 531):  # the stamp goes on below: rules run into the frame
        cv2.line(page, (x, 470), (x, 640), (40, 40, 40), 3)
    picture = picture_of(1, cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), (595.3, 841.9))
    assert suspicion(find_markings(picture, lambda gray, psm, dpi: heard)) == hold


@pytest.mark.parametrize(("word", "wide"), [("Ma", 270), ("Mà\nsố", 270), ("AT,", 100)])
def test_small_letters_and_a_small_box_are_no_secrecy_word(word: str, wide: int) -> None:
    page = sheet()
    cv2.rectangle(page, (900, 330), (900 + wide, 400), (40, 40, 40), 2)
    picture = picture_of(1, page, (595.3, 841.9))
    assert suspicion(find_markings(picture, lambda gray, psm, dpi: word)) == ""


def test_a_clean_page_and_a_seal_hold_nothing() -> None:
    assert seen(sheet()) == ("", set())
    hold, found = seen(stamped(sheet(), seal("ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN", "", DPI), 900, 1700))
    assert (hold, found) == ("", {("seal", "")})


def test_between_two_words_secrecy_wins() -> None:
    known = known_boxes.words(["MẬT ONG"])
    assert known[known_boxes.closest("TỐI MẬT", known)[0]] == ("secrecy", "toi-mat")
    assert known_boxes.enough("GIAI MAT", 0, known) == 100
    assert known_boxes.closest("GIẢI MẬT", known) == ("GIAI MAT", 100.0)
    assert known[known_boxes.closest("MẬT ONG", known)[0]] == ("notice", "mat-ong")
    assert known_boxes.resembles_secret(["T0I MAT"]) and not known_boxes.resembles_secret(["CONG KHAI"])
