"""Doubtful pieces of lines are read once more by themselves; what stays is what the recogniser is surer of."""

from __future__ import annotations

import numpy as np

from scanner_intake.ocr_engine import PixelBox, SeenLine, SeenWord
from scanner_intake.second_look import reread

GRAY = np.full((2339, 1654), 255, np.uint8)


def line(*words: tuple[str, int, float], top: int = 500, tall: int = 30) -> SeenLine:
    """Words of 60 pixels at their left edges."""
    seen = tuple(SeenWord(text, (x, top, x + 60, top + tall), sure) for text, x, sure in words)
    return SeenLine(seen, (seen[0].box[0], top, seen[-1].box[2], top + tall), None)


class Reader:
    """Answers every cut-out with one word that fills it."""

    def __init__(self, text: str, confidence: float) -> None:
        self.answer, self.confidence = text, confidence
        self.shown: list[tuple[int, ...]] = []

    def __call__(self, gray: np.ndarray, mode: int) -> list[SeenLine]:
        self.shown.append(gray.shape)
        assert mode == 6
        if not self.answer:
            return []
        box: PixelBox = (14, 14, gray.shape[1] - 14, gray.shape[0] - 14)
        return [SeenLine((SeenWord(self.answer, box, self.confidence),), box, None)]


def texts(lines: list[SeenLine]) -> list[str]:
    return [" ".join(word.text for word in each.words) for each in lines]


def test_a_doubtful_column_is_read_alone_and_keeps_its_place() -> None:
    seen = [line(("Nơi", 200, 0.97)), line(("l2", 200, 0.3), ("K2", 280, 0.1), ("CHỦ", 900, 0.96), ("TỊCH", 970, 0.97))]
    reader = Reader("HĐND;", 0.93)
    found = reread(GRAY, 200, seen, reader)
    assert texts(found) == ["Nơi", "HĐND; CHỦ TỊCH"]
    assert reader.shown == [(58, 168)]  # the left column with a margin of 6 and a frame of 8 pixels on each side
    assert found[1].words[0].box == (200, 500, 340, 530)
    assert found[1].box == (200, 500, 1030, 530)
    assert found[0] is seen[0]


def test_the_surer_reading_stays() -> None:
    seen = [line(("hộ", 200, 0.7), ("dân", 270, 0.97))]
    assert reread(GRAY, 200, seen, Reader("xxxxx", 0.6)) == seen
    assert reread(GRAY, 200, seen, Reader("", 0.0)) == seen


def test_nothing_is_read_again_without_doubt_or_where_no_line_is() -> None:
    reader = Reader("x", 1.0)
    sure, tall = [line(("hộ", 200, 0.9), ("dân", 270, 0.85))], [line(("|", 200, 0.1), tall=900)]
    assert reread(GRAY, 200, sure, reader) == sure
    assert reread(GRAY, 200, tall, reader) == tall
    assert reread(GRAY, 200, [], reader) == []
    assert not reader.shown


def test_a_long_line_is_read_again_only_when_it_is_bad_or_a_word_is_plainly_wrong() -> None:
    words = [("nghèo", 100 + 70 * i, 0.97) for i in range(5)]
    reader = Reader("x", 0.5)
    reread(GRAY, 200, [line(*words, ("Xâ", 450, 0.7))], reader)
    assert not reader.shown
    reread(GRAY, 200, [line(*words, ("Xâu", 450, 0.2))], reader)
    assert len(reader.shown) == 1
    reread(GRAY, 200, [line(*((text, x, 0.85) for text, x, _ in words), ("Xâ", 450, 0.7))], reader)
    assert len(reader.shown) == 2
    reread(GRAY, 200, [line(*words[:3], ("Xâ", 450, 0.7))], reader)
    assert len(reader.shown) == 3


def test_a_bad_page_costs_no_more_than_its_worst_pieces() -> None:
    seen = [line(("x", 200, 0.7 - i / 100), top=50 * i) for i in range(40)]
    reader = Reader("y", 0.95)
    assert texts(reread(GRAY, 200, seen, reader)) == ["x"] * 24 + ["y"] * 16
    assert len(reader.shown) == 16


def test_pieces_at_the_edge_of_the_picture() -> None:
    seen = [SeenLine((SeenWord("q", (0, 0, 40, 20), 0.2), SeenWord("p", (41, 0, 90, 20), 0.9)), (0, 0, 90, 20), None)]
    found = reread(GRAY, 200, seen, Reader("Số", 0.9))
    assert texts(found) == ["Số"]
    assert found[0].box == (6, 6, 90, 20)
