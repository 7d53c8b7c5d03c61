"""Where appearances go: geometry of turned pages, free paper, the signature block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.paper import CLEARANCE, Paper
from hsm.placement import seal_place
from hsm.places import Placement, to_displayed_coordinates, to_page_coordinates
from hsm.signature_block import Line, between_position_and_name

A4 = (595.0, 842.0)


def _overlaps(ink: np.ndarray, box: tuple[float, float, float, float]) -> bool:
    x0, y0, x1, y1 = (round(part) for part in box)
    return bool(ink[y0:y1, x0:x1].any())


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.integers(-50, 50),
    st.integers(-50, 50),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(1, 200),
    st.integers(1, 200),
)
def test_the_way_to_page_coordinates_and_back(
    rotation: int, left: int, bottom: int, x: int, y: int, width: int, height: int
) -> None:
    crop = (float(left), float(bottom), left + 595.0, bottom + 842.0)
    box = (float(x), float(y), float(x + width), float(y + height))
    there = to_page_coordinates(box, crop, rotation)
    assert there[0] < there[2] and there[1] < there[3]
    assert to_displayed_coordinates(there, crop, rotation) == pytest.approx(box)


def test_known_corners_of_a_turned_page() -> None:
    crop = (0.0, 0.0, 842.0, 595.0)
    # Displayed upright after a quarter turn clockwise: the displayed top left is the file's lower left.
    assert to_page_coordinates((0, 0, 10, 20), crop, 90) == (0, 0, 20, 10)
    assert to_page_coordinates((0, 0, 10, 20), (0, 0, 595, 842), 180) == (585, 0, 595, 20)
    assert to_page_coordinates((0, 0, 10, 20), crop, 270) == (822, 585, 842, 595)
    assert to_page_coordinates((0, 0, 10, 20), (0, 0, 595, 842), 0) == (0, 822, 10, 842)


def test_an_empty_page_gives_the_corner() -> None:
    paper = Paper(np.zeros((842, 595), dtype=bool))
    box = paper.nearest_free((297, 0, 595, 280), 190, 58)
    assert box == (595 - 190 - CLEARANCE, CLEARANCE, 595 - CLEARANCE, 58 + CLEARANCE)


def test_content_is_moved_around_with_clearance() -> None:
    ink = np.zeros((842, 595), dtype=bool)
    ink[0:120, 300:595] = True
    box = Paper(ink).nearest_free((297, 0, 595, 280), 190, 58)
    assert box is not None and not _overlaps(ink, box)
    assert box[1] >= 120 + CLEARANCE - 1


def test_single_specks_of_dust_do_not_count_but_lines_do() -> None:
    ink = np.zeros((842, 595), dtype=bool)
    ink[20, 500] = True
    assert Paper(ink).nearest_free((297, 0, 595, 280), 190, 58) == (402.0, 3.0, 592.0, 61.0)
    ink[20, 450:590] = True
    box = Paper(ink).nearest_free((297, 0, 595, 280), 190, 58)
    assert box is not None and not _overlaps(ink, box)


def test_a_full_page_has_no_free_place_and_least_ink_is_told() -> None:
    ink = np.ones((842, 595), dtype=bool)
    ink[100:200, 350:560] = False
    full = Paper(np.ones((842, 595), dtype=bool))
    assert full.nearest_free((0, 0, 595, 842), 10, 10) is None
    assert full.least_ink((297, 0, 595, 280), 900, 10)[2] == 595
    box = Paper(ink).least_ink((297, 0, 595, 280), 190, 58)
    assert not _overlaps(ink, box)


def test_coarse_rendering_of_a_huge_page_keeps_points() -> None:
    paper = Paper(np.zeros((300, 300), dtype=bool), factor=0.1)
    box = paper.nearest_free((1500, 0, 3000, 1000), 190, 58)
    assert box is not None
    assert box[2] - box[0] == pytest.approx(190) and box[2] == pytest.approx(3000, abs=15)


def _block(*names: str) -> list[Line]:
    lines = [
        Line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", (300, 50, 560, 62)),
        Line("Chủ tịch Ủy ban nhân dân xã báo cáo", (300, 200, 560, 212)),
        Line("TM. ỦY BAN NHÂN DÂN", (360, 550, 500, 562)),
        Line("CHỦ TỊCH", (395, 566, 465, 578)),
    ]
    return lines + [Line(name, (370, 650, 490, 662)) for name in names]


def test_between_position_and_name() -> None:
    box = between_position_and_name(_block("Nguyễn Thị Thử"), A4, 136, 60)
    assert box is not None
    assert (box[0] + box[2]) / 2 == pytest.approx(430, abs=1)
    assert box[1] >= 578 and box[3] <= 650


def test_a_narrow_gap_shrinks_the_signature_in_proportion() -> None:
    lines = [*_block()[:-1], Line("KT. CHỦ TỊCH", (395, 600, 465, 612)), Line("Trần Văn Thử", (380, 646, 480, 658))]
    box = between_position_and_name(lines, A4, 136, 60)
    assert box is not None and box[1] >= 612 and box[3] <= 646
    assert (box[2] - box[0]) / (box[3] - box[1]) == pytest.approx(136 / 60)


def test_deputies_sign_below_the_last_position_line() -> None:
    lines = [*_block(), Line("PHÓ CHỦ TỊCH", (385, 582, 475, 594)), Line("Trần Văn Thử", (380, 670, 480, 682))]
    box = between_position_and_name(lines, A4, 136, 60)
    assert box is not None and box[1] >= 594


def test_without_a_name_the_space_below_is_used() -> None:
    box = between_position_and_name(_block(), A4, 136, 60)
    assert box is not None and box[1] >= 578 and box[3] <= 650


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [Line("Chủ tịch Ủy ban nhân dân xã", (320, 500, 560, 512))],
        [Line("CHỦ TỊCH", (60, 500, 140, 512))],
        [Line("CHỦ TỊCH", (400, 825, 470, 837))],
    ],
)
def test_no_block_is_found_where_there_is_none(lines: list[Line]) -> None:
    assert between_position_and_name(lines, A4, 136, 60) is None


def test_the_seal_covers_a_third_of_the_signature_from_the_left_at_true_size() -> None:
    signature = Placement(2, (360.0, 588.0, 498.0, 648.0), 0)
    seal = seal_place(signature, 102.0, 102.0, A4)
    assert seal.page == 2
    assert seal.box[2] == pytest.approx(360 + 138 / 3)
    assert seal.box[2] - seal.box[0] == 102.0 and seal.box[3] - seal.box[1] == 102.0
    assert (seal.box[1] + seal.box[3]) / 2 == pytest.approx(618)


def test_the_seal_stays_on_the_paper() -> None:
    seal = seal_place(Placement(1, (20.0, 800.0, 100.0, 838.0), 0), 102.0, 102.0, A4)
    assert seal.box[0] >= 4 and seal.box[3] <= 838
