"""Double frames found by their lines: at any angle, in any ink, although print touches them; other strokes apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner_intake.digitize_ocr import picture_of
from scanner_intake.stamp_boxes import single_frames
from scanner_intake.stamp_frames import Frame, different, double_frames, straight_lines
from scanner_intake.stamp_glance import promising
from scanner_intake.stamp_ink import double, no_letters, red_mask
from scanner_intake.stamp_planes import outlines, planes

DPI = 150
BLACK, RED, BLUE = (40, 40, 40), (38, 24, 214), (152, 42, 22)
SURE = 0.5


def page_with_frame(
    turn: float,
    wide: float = 30.0,
    high: float = 8.0,
    lines: int = 2,
    ink: tuple[int, int, int] = BLACK,
    print_over: bool = True,
) -> np.ndarray:
    """A white page, 120 x 120 mm, BGR, with one frame around (60, 60) mm and strokes that run into its border."""
    fine = 4 * DPI / 25.4
    page = np.full((round(120 * fine), round(120 * fine), 3), 255, np.uint8)
    corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    angle = np.radians(turn)
    rotate = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for line in range(lines):
        sides = corner * (wide / 2 - line * 0.95, high / 2 - line * 0.95)
        points = np.round((sides @ rotate + 60) * fine).astype(np.int32)
        cv2.polylines(page, [points], True, ink, round(0.35 * fine))
    for x in (48, 55, 61, 68) if print_over else ():
        cv2.line(page, (round(x * fine), round(62 * fine)), (round((x + 3) * fine), round(70 * fine)), (20, 20, 20), 6)
    return cv2.resize(page, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)


def frames_of(page: np.ndarray) -> list[Frame]:
    picture = picture_of(1, page, (page.shape[1] * 72 / DPI, page.shape[0] * 72 / DPI))
    return different([frame for plane in planes(picture) for frame in double_frames(plane)])


@pytest.mark.parametrize("turn", [0, 5, 8, -18, 40, 90])
@pytest.mark.parametrize("wide", [20, 30, 40])
def test_a_double_frame_at_any_angle(turn: float, wide: float) -> None:
    first = frames_of(page_with_frame(turn, wide))[0]
    assert first.value >= SURE and first.ink == "black"
    assert abs(first.x - 60) < 1.5 and abs(first.y - 60) < 1.5
    assert abs(first.long - wide) < 3 and 6.5 <= first.short <= 9
    assert abs((first.angle - turn + 90) % 180 - 90) < 2


@pytest.mark.parametrize(("ink", "name"), [(RED, "red"), (BLUE, "blue")])
def test_each_ink_is_looked_at_by_itself(ink: tuple[int, int, int], name: str) -> None:
    first = frames_of(page_with_frame(6, ink=ink))[0]
    assert (first.ink, first.value >= SURE) == (name, True)


def test_the_long_stamp_of_envelopes_is_a_frame_too() -> None:
    first = frames_of(page_with_frame(2, wide=100, high=10))[0]
    assert first.value >= SURE and abs(first.long - 100) < 4


def test_single_frames_large_ones_and_clean_paper_hold_no_double_frame() -> None:
    for page in (
        page_with_frame(5, lines=1, print_over=False),
        page_with_frame(5, high=30, print_over=False),
        np.full((700, 700, 3), 250, np.uint8),
    ):
        assert [each for each in frames_of(page) if each.value >= SURE] == []


def test_a_ring_is_no_frame() -> None:
    page = np.full((708, 708, 3), 255, np.uint8)
    for radius in (106, 100, 62):
        cv2.circle(page, (354, 354), radius, BLACK, 2, cv2.LINE_AA)
    cv2.putText(page, "UY BAN NHAN DAN", (290, 360), cv2.FONT_HERSHEY_SIMPLEX, 0.45, BLACK, 1, cv2.LINE_AA)
    assert [each for each in frames_of(page) if each.value >= SURE] == []


@pytest.mark.parametrize("turn", [0, 6, 92])
def test_a_frame_that_goes_on_beyond_the_paper_ends_at_its_edge(turn: float) -> None:
    page = page_with_frame(turn, wide=20, print_over=False)
    scale = DPI / 25.4
    upright = abs(turn) > 45
    cut = page[round(54 * scale) :] if upright else page[:, : round(66 * scale)]  # 16 of 20 mm are left
    first = frames_of(np.ascontiguousarray(cut))[0]
    assert first.value >= SURE and 14 <= first.long <= 17.5
    assert abs(first.y - 8 if upright else first.x - 58) < 1.5


def test_a_stamp_struck_twice_is_a_frame() -> None:
    page = page_with_frame(0, print_over=False)
    again = np.roll(page, (round(1.1 * DPI / 25.4), round(0.4 * DPI / 25.4)), axis=(0, 1))
    first = frames_of(np.minimum(page, again))[0]
    assert first.value >= SURE and abs(first.x - 60) < 2 and abs(first.y - 60.5) < 2


def test_a_cell_between_double_rules_is_no_frame() -> None:
    page = page_with_frame(0, lines=1, print_over=False)
    scale = DPI / 25.4
    for y in (57.0, 63.0):
        cv2.line(page, (round(45 * scale), round(y * scale)), (round(75 * scale), round(y * scale)), BLACK, 2)
    assert [each for each in frames_of(page) if each.value >= SURE] == []


@pytest.mark.parametrize("chroma", [14, 30])
def test_a_red_frame_from_an_empty_pad_is_seen_where_there_is_other_red(chroma: int) -> None:
    page = page_with_frame(4, ink=(250 - chroma, 250 - chroma, 250), print_over=False)
    cv2.circle(page, (120, 120), 60, RED, 3, cv2.LINE_AA)
    first = frames_of(page)[0]
    assert (first.ink, first.value >= SURE) == ("red", True)
    assert abs(first.x - 60) < 1.5 and abs(first.y - 60) < 1.5


def boxes_of(page: np.ndarray, known: list[Frame] | None = None) -> list[Frame]:
    plane = planes(picture_of(1, page, (page.shape[1] * 72 / DPI, page.shape[0] * 72 / DPI)))[0]
    return single_frames(plane, *straight_lines(plane), known or [])


@pytest.mark.parametrize("turn", [0, 5, -33, 62, 90])
@pytest.mark.parametrize("wide", [20, 40])
def test_a_single_frame_at_any_angle_that_print_runs_into(turn: float, wide: float) -> None:
    first = boxes_of(page_with_frame(turn, wide, lines=1))[0]
    assert abs(first.x - 60) < 1.5 and abs(first.y - 60) < 1.5
    assert abs(first.long - wide) < 2 and 7 <= first.short <= 9
    assert abs((first.angle - turn + 90) % 180 - 90) < 2


def test_a_single_frame_of_which_a_side_is_gone_into_print() -> None:
    page = page_with_frame(0, lines=1, print_over=False)
    scale = DPI / 25.4
    page[round(55 * scale) : round(57 * scale)] = np.where(
        np.arange(page.shape[1])[:, None] // 22 % 2 == 0, 255, page[round(55 * scale) : round(57 * scale)]
    )
    first = boxes_of(page)[0]
    assert abs(first.x - 60) < 1.5 and abs(first.y - 60) < 1.5


@pytest.mark.parametrize("turn", [0, 90])
def test_a_single_frame_cut_lengthwise_by_the_papers_edge(turn: float) -> None:
    page = page_with_frame(turn, lines=1, print_over=False)
    last = round(62.5 * DPI / 25.4)  # 6.5 of 8 mm are left
    cut = page[:, :last] if turn else page[:last]
    first = boxes_of(np.ascontiguousarray(cut))[0]
    assert abs(first.long - 30) < 2 and 6 <= first.short <= 7
    rule = page_with_frame(turn, lines=0, print_over=False)
    ends = ((last - 40, 200), (last - 40, 500)) if turn else ((200, last - 40), (500, last - 40))
    cv2.line(rule, *ends, BLACK, 2)
    assert boxes_of(np.ascontiguousarray(rule[:, :last] if turn else rule[:last])) == []


def test_cells_rules_and_what_is_known_are_no_single_frames() -> None:
    scale = DPI / 25.4
    table = np.full((708, 708, 3), 255, np.uint8)
    for y in (50, 58, 66):
        cv2.line(table, (round(20 * scale), round(y * scale)), (round(100 * scale), round(y * scale)), BLACK, 2)
    for x in (20, 40, 60, 80, 100):
        cv2.line(table, (round(x * scale), round(50 * scale)), (round(x * scale), round(66 * scale)), BLACK, 2)
    assert [each for each in boxes_of(table) if each.long < 50] == []
    page = page_with_frame(4, lines=1)
    first = boxes_of(page)[0]
    assert boxes_of(page, [Frame(first.x, first.y, first.long, first.short, first.angle, 3.0, "black")]) == []
    assert boxes_of(page, [Frame(first.x, first.y, first.long, first.short, first.angle, 0.1, "black")]) == [first]


def test_one_place_has_one_frame_the_surest() -> None:
    low, high = Frame(50, 50, 30, 8, 0, 1.0, "black"), Frame(51, 50.5, 29, 8, 1, 3.0, "red")
    far = Frame(90, 50, 20, 8, 0, 0.5, "black")
    assert different([low, high, far]) == [high, far]


def test_a_stamp_of_another_ink_over_a_stamp_is_one_more() -> None:
    secret, urgent = Frame(52, 80, 43, 9, 2, 2.7, "black"), Frame(56, 77, 39, 8, -2, 5.2, "red")
    assert different([secret, urgent]) == [urgent, secret]
    surer = Frame(56, 77, 39, 8, -2, 5.2, "black")
    assert different([secret, surer]) == [surer]


@pytest.mark.parametrize(("turn", "lines"), [(0, 2), (7, 2), (-40, 2), (90, 2), (0, 1), (90, 1)])
def test_a_glance_keeps_the_lines_of_double_frames(turn: float, lines: int) -> None:
    angle = np.radians(turn)
    sides = [(60 + 4 * sign * np.sin(angle), 60 + 4 * sign * np.cos(angle)) for sign in (-1, 1)]
    page = page_with_frame(-turn, lines=lines, print_over=lines == 2)
    plane = planes(picture_of(1, page, (page.shape[1] * 72 / DPI, page.shape[0] * 72 / DPI)))[0]
    seeds = [((float(x), float(y)), -turn, 20.0) for x, y in sides]
    assert promising(plane, [*seeds, ((30.0, 20.0), turn, 20.0)]).tolist() == [lines == 2, lines == 2, False]
    assert promising(plane, []).tolist() == []


def test_outlines_lose_words_and_keep_rules_and_frames() -> None:
    gray = np.full((400, 500), 255, np.uint8)
    cv2.putText(gray, "noi dung", (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 30, 1, cv2.LINE_AA)
    cv2.rectangle(gray, (200, 200), (320, 232), 30, 1)
    cv2.line(gray, (30, 350), (200, 350), 30, 1)
    shown, areas = outlines(gray)
    assert shown[40:70, 20:120].min() == 255
    assert shown[200, 250] == 30 and shown[350, 100] == 30
    assert len(areas) == 2
    assert outlines(gray, "red")[0][40:70, 20:120].min() < 100


def test_a_page_without_colour_has_one_plane_and_one_red_place_is_enough_for_two() -> None:
    gray = np.full((600, 500), 240, np.uint8)
    assert [each.ink for each in planes(picture_of(1, gray, (240.0, 288.0)))] == ["black"]
    page = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    cv2.rectangle(page, (100, 100), (200, 140), RED, 3)
    found = planes(picture_of(1, page, (240.0, 288.0)))
    assert [each.ink for each in found] == ["black", "red"]
    black, red = (each.view((100, 90, 200, 150)) for each in found)
    assert black[100, 150] > 200 > 80 > red[100, 150] and red[120, 150] > 200


def test_no_letters_in_bars_and_surfaces_only() -> None:
    bars = np.zeros((120, 300), np.uint8)
    for y in range(10, 110, 24):
        bars[y : y + 12] = 255
    assert no_letters(bars) and no_letters(np.full((120, 300), 255, np.uint8))
    stamp = np.zeros((120, 300), np.uint8)
    for inset in (12, 24):
        cv2.rectangle(stamp, (inset, inset), (299 - inset, 119 - inset), 255, 4)
    cv2.putText(stamp, "MAT", (110, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 5)
    assert not no_letters(stamp) and double(stamp)
    assert not no_letters(np.zeros((120, 300), np.uint8))


def test_red_is_what_exceeds_both_other_colours() -> None:
    pixels = np.full((4, 4, 3), 250, np.uint8)
    pixels[0, 0], pixels[1, 1], pixels[2, 2] = (214, 24, 38), (40, 50, 170), (200, 120, 199)
    assert np.argwhere(red_mask(pixels, 32)).tolist() == [[0, 0]]
