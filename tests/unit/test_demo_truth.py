"""The test set: kinds, damages, stamps and handwriting are all there, and its truth is what the pages show."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanner_intake.digitized import FIELD_NAMES
from tests.data import degradations, more_stamps, strokes, truth
from tests.data.truth_kinds import KINDS
from tests.data.truth_layout import composed
from tests.data.truth_texts import script

FORTY = list(truth.test_set(40, seed=1, level="A", dpi=72))


@pytest.fixture(scope="module")
def bare() -> degradations.Scan:
    """Half a page in small: enough to see a damage."""
    scan = next(truth.TruthPaper(script(9, 1), "A", 60, 0).pages()).scan
    return degradations.Scan(np.ascontiguousarray(scan.pixels[:360]), scan.dpi)


def test_the_set_is_wide_enough() -> None:
    assert len({kind.key for kind in KINDS}) >= 15
    assert len(degradations.DEGRADATIONS) >= 12
    assert {kind.layout for kind in KINDS} == {"decree30", "party", "joint", "draft", "two-parties"}
    scripts = [paper.script for paper in FORTY]
    assert {s.kind.key for s in scripts} == {kind.key for kind in KINDS}
    assert {s.urgency for s in scripts} == {"", "khan", "thuong-khan", "hoa-toc"}
    assert {s.secrecy for s in scripts} == {"", "mat", "toi-mat", "tuyet-mat"}
    assert {frozenset({"number"}), frozenset({"day"}), frozenset()} <= {s.by_hand for s in scripts}
    for what in ("arrow", "frame", "arrival", "appendix", "back"):
        assert any(getattr(s, what) for s in scripts), what


def test_every_field_of_the_product_has_a_truth() -> None:
    for paper in FORTY:
        assert set(FIELD_NAMES) <= set(paper.fields)
        for value in paper.fields.values():
            assert value is None or unicodedata.is_normalized("NFC", value)


def test_party_codes_and_drafts() -> None:
    by_kind = {paper.script.kind.key: paper for paper in FORTY}
    party, draft = by_kind["dang-nghi-quyet"], by_kind["du-thao"]
    assert party.fields["code"] == f"{party.script.number}-NQ/ĐU"
    assert (draft.fields["code"], draft.fields["issued_date"], draft.script.seal) == ("", "", False)


def test_what_a_pen_wrote_is_not_among_the_printed_lines() -> None:
    paper = next(p for p in FORTY if "number" in p.script.by_hand)
    lines = composed(paper.script, 72)[0].lines
    assert f"/{paper.script.notation}" in lines or f"-{paper.script.notation}" in lines
    assert not any(paper.script.code in line for line in lines)
    assert paper.handwritten >= {"code", "code_number"}


def test_lines_are_the_paper_and_nothing_stamped_is_among_them() -> None:
    for paper in FORTY[4:12:2]:
        said = " ".join(line for sheet in composed(paper.script, 72) for line in sheet.lines)
        assert paper.script.signers[0].name in said
        assert said.count("MẬT") == 0
        assert "KHẨN" not in said


def test_a_back_is_blank_and_pale_and_follows_page_one() -> None:
    paper = next(p for p in FORTY if p.script.back)
    first, back = list(paper.pages())[:2]
    assert (back.blank, back.lines, back.number) == (True, (), 2)
    assert np.asarray(back.image().convert("L")).min() > 150 > np.asarray(first.image().convert("L")).min()


def test_an_appendix_has_another_signer_than_the_paper() -> None:
    paper = next(p for p in FORTY if p.script.appendix)
    last = list(composed(paper.script, 72))[-1]
    assert last.lines[0] == "Phụ lục"
    assert paper.fields["signer_name"] not in last.lines
    assert paper.script.appendix[2].name in last.lines  # type: ignore[index]


@pytest.mark.parametrize("name", degradations.DEGRADATIONS)
def test_a_damage_changes_the_page_and_repeats(name: str, bare: degradations.Scan) -> None:
    once, again = (degradations.degraded(bare, (name,), np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(once.pixels, again.pixels)
    assert once.pixels.shape != bare.pixels.shape or not np.array_equal(once.pixels, bare.pixels)
    assert once.pixels.dtype == np.uint8
    if once.bitonal:
        assert set(np.unique(once.pixels)) == {0, 255}
        assert 0.01 < (once.pixels == 0).mean() < 0.3


@pytest.mark.parametrize("level", degradations.NAMED_LEVELS)
def test_named_levels_exist(level: str) -> None:
    base, names = degradations.parts(level)
    assert base in "ABC"
    assert set(names) <= set(degradations.DEGRADATIONS)


def test_an_unknown_level_is_refused() -> None:
    for wrong in ("D", "A+rain"):
        with pytest.raises(KeyError):
            degradations.parts(wrong)


def test_a_fax_has_its_own_resolution_in_both_directions(tmp_path: Path) -> None:
    paper = truth.TruthPaper(script(2, 1, secrets=False), "fax", 100, 0)
    with Image.open(paper.write(tmp_path)) as fax:
        assert (fax.mode, fax.info["compression"]) == ("1", "group4")
        assert fax.info["dpi"] == pytest.approx((204, 98))


def test_a_sideways_page_is_a_landscape_page(tmp_path: Path) -> None:
    written = truth.TruthPaper(script(2, 1), "sideways", 72, 0).write(tmp_path)
    assert b"/MediaBox [0 0 841.89 595.276]" in written.read_bytes()


def test_digits_by_hand_differ_and_stay_readable_in_size() -> None:
    rng = np.random.default_rng(1)
    first, second = strokes.written("1890", rng, 200), strokes.written("1890", rng, 200)
    assert first.shape != second.shape or not np.array_equal(first, second)
    for mask in (first, second):
        rows = np.flatnonzero(mask.max(axis=1) > 100)
        assert 4.0 < np.ptp(rows) / 200 * 25.4 < 7.5
    with pytest.raises(KeyError):
        strokes.written("a", rng, 100)


@pytest.mark.parametrize("word", more_stamps.HARMLESS)
def test_frames_have_their_size(word: str) -> None:
    wide, high, _ = more_stamps.HARMLESS[word]
    rows, columns = np.nonzero(more_stamps.framed(word, 200) > 127)
    assert np.ptp(columns) / 200 * 25.4 == pytest.approx(wide, abs=0.4)
    assert np.ptp(rows) / 200 * 25.4 == pytest.approx(high, abs=0.4)
