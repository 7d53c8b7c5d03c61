"""Every Vietnamese sentence of the province has an English one, and every code has a sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.province import fleet, wording
from sync.province.checking import REASONS
from sync.province.fleet import Finding, Gravity
from sync.province.wording import FINDINGS, Wording

PACKAGE = Path(wording.__file__).parent
IN_TEMPLATE = re.compile(r"""(?<![\w.])_\("((?:[^"\\]|\\.)*)"\)""")


def texts() -> Iterator[str]:
    """Every msgid: marked texts of the modules and templates, and the reasons of refusal."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ("_", "say") and isinstance(node.args[0].value, str):
                    yield node.args[0].value
    for path in PACKAGE.rglob("*.html"):
        yield from IN_TEMPLATE.findall(path.read_text("utf-8"))
    yield from REASONS.values()


def test_every_text_is_translated() -> None:
    english = Wording("en")
    missing = sorted({text for text in texts() if text and english.say(text) == text})
    assert missing == []


def test_a_translation_keeps_the_same_figures() -> None:
    english = Wording("en")
    for text in set(texts()):
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english.say(text))), text


def test_every_finding_has_a_sentence_in_both_languages() -> None:
    assert set(FINDINGS) == set(fleet.CODES)
    for language in ("vi", "en"):
        w = Wording(language)
        for code in fleet.CODES:
            params: dict[str, int | float | str] = {
                "seconds": 7200.0, "count": 3, "reason": "secret", "direction": "ahead", "bytes": 10**9, "days": 5,
                "version": "1.2",
            }  # fmt: skip
            sentence = w.sentence(Finding(code, Gravity.NOTE, params))
            assert sentence and "{" not in sentence and sentence != code


def test_an_unknown_language_is_vietnamese_and_an_unknown_code_is_shown_as_it_is() -> None:
    w = Wording("fr")
    assert w.language == "vi"
    assert w.sentence(Finding("new-code", Gravity.NOTE, {})) == "new-code"
    assert w.reason("new-reason") == "new-reason"


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [
        (0, "0 giây", "0 s"),
        (59.9, "59 giây", "59 s"),
        (60, "1 phút", "1 min"),
        (3600, "1 giờ", "1 h"),
        (200_000, "2 ngày", "2 d"),
    ],
)
def test_spans(seconds: float, vi: str, en: str) -> None:
    assert Wording("vi").span(seconds) == vi
    assert Wording("en").span(seconds) == en


def test_sizes_numbers_and_moments() -> None:
    vi, en = Wording("vi"), Wording("en")
    assert (vi.size(999), vi.size(1_500_000), en.size(1_500_000)) == ("999 B", "1,5 MB", "1.5 MB")
    assert (vi.number(12345), en.number(12345)) == ("12.345", "12,345")
    assert vi.moment(0) == "01/01/1970 07:00:00"
    assert vi.day("2025-11-20") == "20/11/2025"
    assert vi.day("ngày lạ") == "ngày lạ"
