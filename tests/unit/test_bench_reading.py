"""The bench's own arithmetic: what counts as a wrong character and as a right field."""

from __future__ import annotations

import random

from rapidfuzz.distance import Levenshtein

from tests.bench import digitize_quality as quality
from tests.bench import reading


def slow_infix(line: str, text: str) -> int:
    """By Sellers' table, one cell after the other."""
    row = [0] * (len(text) + 1)
    for i, letter in enumerate(line, 1):
        above, row = row, [i] + [0] * len(text)
        for j, other in enumerate(text, 1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
    return min(row)


def test_infix_distance_is_the_slow_one() -> None:
    rng = random.Random(5)
    for _ in range(300):
        line = "".join(rng.choices("abc", k=rng.randrange(1, 12)))
        text = "".join(rng.choices("abcd", k=rng.randrange(0, 40)))
        assert reading.infix(line, text) == slow_infix(line, text), (line, text)
        assert reading.infix(line, text) <= Levenshtein.distance(line, text)


def test_a_line_of_any_length_is_measured() -> None:
    line = "Căn cứ Luật Tổ chức chính quyền địa phương năm 2025; " * 4
    assert reading.infix(line, f"xx {line} yy") == 0
    assert reading.infix(line, f"xx {line.replace('Luật', 'Luạt')} yy") == 4


def test_errors_count_long_lines_and_fold_what_is_one_thing() -> None:
    assert reading.errors(["ngắn", "Độc lập - Tự do"], "Độc  lập – Tự\ndo") == (0, 15)
    assert reading.errors(["Hạnh phúc"], "Hanh phúc") == (1, 9)
    assert reading.misread(["Hạnh phúc", "Độc lập - Tự do"], "Hanh phúc Độc lập - Tự do") == ["1 Hạnh phúc"]
    assert reading.percent([(1, 100), (0, 100)]) == 0.5
    assert reading.percent([]) == 0.0


def test_names_are_compared_by_their_letters_and_codes_exactly() -> None:
    assert quality.right("issuer", "SỞ NỘI VỤ - SỞ Y TẾ", "Sở Nội vụ / Sở Y tế")
    assert quality.right("signer_name", "Võ Thị Hòa", "Võ Thị Hoà")
    assert not quality.right("signer_name", "Võ Thị Hòa", "Võ Thị Hóa")
    assert quality.right("subject", "V/v trả lời kiến nghị của cử tri", "trả lời kiến nghị của cử tri")
    assert not quality.right("code", "05/QĐ-UBND", "05/QD-UBND")


def facts(value: str, confidence: float, guess: bool) -> quality.Facts:
    return {
        "verdict": "ok",
        "fields": {"code": {"value": value, "confidence": confidence, "guess": guess}},
        "absent": {},
    }


def test_a_guess_is_never_certain() -> None:
    assert quality.certain(facts("5/QĐ", 0.9, False), "code")
    assert not quality.certain(facts("5/QĐ", 0.3, True), "code")
    assert not quality.certain(facts("", 0.9, False), "code")
    assert quality.by_pen(facts("5/QĐ", 0.3, True), "code")
    assert not quality.by_pen(facts("5/QĐ", 0.9, False), "code")
    assert quality.by_pen({"verdict": "ok", "fields": {}, "absent": {"code": "handwritten"}}, "code")
    assert not quality.by_pen({"verdict": "ok", "fields": {}, "absent": {"code": "not-found"}}, "code")
