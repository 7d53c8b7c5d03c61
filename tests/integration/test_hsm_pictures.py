"""The appearances as a reader sees them: rendered by another product, found by their ink, read back by OCR."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hsm.client import SocketSigner
from hsm.pades import AppliedSignature, Numbering, SignatureRefused, apply_signature
from hsm.pdfa import check_pdfa
from hsm.stamps import StampImage, attachment_stamp, copy_stamp
from hsm.trust import TrustError
from hsm.verify import verify_file
from tests.data.signing_pages import make_page
from tests.fixtures_hsm import ORGANIZATION, SigningBench

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
DOTS = 200 / 25.4
OFFICE = "Văn phòng HĐND và UBND xã"
Sign = Callable[..., AppliedSignature]


@pytest.fixture
def sign(signing_bench: SigningBench, live_signer: SocketSigner) -> Sign:
    def make(source: Path, target: Path, kind: str, slot: str, stamp: object, **other: object) -> AppliedSignature:
        given: dict[str, object] = {
            "service": live_signer,
            "certificate": signing_bench.der(slot),
            "intermediates": signing_bench.intermediates,
            "trust": signing_bench.trust,
            "document_id": "doc-1",
            "now": datetime.now(UTC),
            **other,
        }
        return apply_signature(source, target, kind=kind, slot=slot, stamp=stamp, **given)  # type: ignore[arg-type]

    return make


def rendered(path: Path) -> np.ndarray:
    """Page 1 at 200 dpi as rows of RGB."""
    target = path.with_suffix("")
    subprocess.run(["pdftoppm", "-r", "200", "-png", "-singlefile", str(path), str(target)], check=True)
    return np.asarray(Image.open(target.with_suffix(".png")).convert("RGB")).astype(int)


def new_ink(before: Path, after: Path) -> tuple[np.ndarray, np.ndarray]:
    """What came onto page 1 (a mask), and what lay under it before."""
    old, new = rendered(before), rendered(after)
    assert old.shape == new.shape
    return np.abs(old - new).max(axis=2) > 60, old


def millimetres(mask: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a mask's ink."""
    rows, columns = np.nonzero(mask)
    return columns.min() / DOTS, rows.min() / DOTS, columns.max() / DOTS, rows.max() / DOTS


def read(path: Path, mask: np.ndarray) -> str:
    """What OCR reads around a mask's ink, without blanks."""
    x0, y0, x1, y1 = (round(part * DOTS) for part in millimetres(mask))
    piece = rendered(path)[max(0, y0 - 12) : y1 + 12, max(0, x0 - 12) : x1 + 12].astype("uint8")
    picture = Image.fromarray(piece)
    target = path.with_suffix(".piece.png")
    picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS).save(target)
    done = subprocess.run(
        ["tesseract", str(target), "-", "-l", "vie", "--psm", "6"], capture_output=True, text=True, check=True
    )
    return "".join(done.stdout.split())


@pytest.mark.parametrize(("name", "rotate"), [("scan", 0), ("crowded", 0), ("landscape", 0), ("landscape", 90)])
def test_the_block_of_a_scan_stands_in_the_corner_and_over_nothing(
    sign: Sign, tmp_path: Path, name: str, rotate: int
) -> None:
    source, target = make_page(tmp_path / "page.pdf", name, rotate), tmp_path / "signed.pdf"
    stamp = copy_stamp(ORGANIZATION, NOW, OFFICE)
    applied = sign(source, target, "incoming-scan", "agency", stamp)
    mask, under = new_ink(source, target)
    left, top, right, bottom = millimetres(mask)
    width = under.shape[1] / DOTS
    assert 2.5 < width - right < 8 and 2.5 < top < 8, "in the corner, off the paper's edge"
    assert bottom < 27 and left > width / 3
    assert (under[mask].min(axis=1) > 200).all(), "nothing was there"
    assert applied.notes == () and applied.place_clear
    seen = read(target, mask)
    for line in stamp.lines:
        assert line.replace(" ", "") in seen, seen


def test_letters_of_the_block_are_ten_points_high(sign: Sign, tmp_path: Path) -> None:
    source, target = make_page(tmp_path / "page.pdf", "landscape"), tmp_path / "signed.pdf"
    sign(source, target, "incoming-scan", "agency", copy_stamp("EEEE", NOW))
    mask, _ = new_ink(source, target)
    rows = np.nonzero(mask.any(axis=1))[0]
    starts = [row for row in rows if row - 1 not in rows]
    ends = [row for row in rows if row + 1 not in rows]
    # Capitals of Times are 0.662 em high; lines of 10 pt stand 11 pt apart.
    assert (ends[1] - starts[1] + 1) / DOTS == pytest.approx(0.662 * 10 * 25.4 / 72, abs=0.2)
    assert (starts[1] - starts[0]) / DOTS == pytest.approx(11 * 25.4 / 72, abs=0.3)


def test_a_page_without_free_paper_is_told(sign: Sign, tmp_path: Path) -> None:
    source, target = make_page(tmp_path / "page.pdf", "full"), tmp_path / "signed.pdf"
    applied = sign(source, target, "incoming-scan", "agency", copy_stamp(ORGANIZATION, NOW))
    assert not applied.place_clear
    assert applied.notes[0] == "shrunk:70" and applied.notes[-1] == "covers"


@pytest.mark.parametrize("crop", [(0, 0, 595, 842), (-30, -40, 640, 900), (100, 100, 560, 832)])
def test_a_cropped_page_gets_the_block_into_what_is_shown(
    sign: Sign, tmp_path: Path, crop: tuple[float, float, float, float]
) -> None:
    source, target = make_page(tmp_path / "page.pdf", "scan", crop=crop), tmp_path / "signed.pdf"
    sign(source, target, "appendix", "agency", attachment_stamp("15/QĐ-UBND", NOW))
    pages = []
    for path in (source, target):
        picture = path.with_suffix("")
        subprocess.run(["pdftoppm", "-cropbox", "-r", "200", "-png", "-singlefile", path, picture], check=True)
        pages.append(np.asarray(Image.open(picture.with_suffix(".png")).convert("RGB")).astype(int))
    mask = np.abs(pages[0] - pages[1]).max(axis=2) > 60
    _, top, right, _ = millimetres(mask)
    assert 2.5 < top < 8 and 2.5 < pages[0].shape[1] / DOTS - right < 8


@pytest.mark.parametrize(("name", "rotate"), [("letter", 0), ("letter", 90), ("landscape", 0)])
def test_signature_and_seal_have_their_places_in_millimetres(
    sign: Sign, tmp_path: Path, signature_png: bytes, seal_png: bytes, name: str, rotate: int
) -> None:
    source = make_page(tmp_path / "page.pdf", name, rotate)
    first, both = tmp_path / "leader.pdf", tmp_path / "both.pdf"
    sign(source, first, "outgoing", "leader", StampImage(signature_png))
    sign(first, both, "outgoing", "agency", StampImage(seal_png))
    page = rendered(both)
    blue = (page[:, :, 2] - page[:, :, 0] > 60) & (page[:, :, 2] > 90)
    red = (page[:, :, 0] - page[:, :, 2] > 60) & (page[:, :, 0] > 120)
    pen, seal = millimetres(blue), millimetres(red)
    # The name's middle in the test page, which is also the position line's.
    middle = (430 if name == "letter" else 590) / 72 * 25.4
    assert (pen[0] + pen[2]) / 2 == pytest.approx(middle, abs=2.0)
    # The seal's ring is 413 of its picture's 425 dots.
    assert seal[2] - seal[0] == pytest.approx(36 * 413 / 425, abs=0.4)
    assert seal[3] - seal[1] == pytest.approx(36 * 413 / 425, abs=0.4)
    field_left, field_width = middle - 24, 48.0
    assert seal[2] == pytest.approx(field_left + field_width / 3, abs=1.0)
    assert (seal[1] + seal[3]) / 2 == pytest.approx((pen[1] + pen[3]) / 2, abs=2.0)


@pytest.mark.parametrize("rotate", [0, 90])
def test_number_and_date_are_written_at_issue_by_the_agency(
    sign: Sign,
    signing_bench: SigningBench,
    tmp_path: Path,
    signature_png: bytes,
    seal_png: bytes,
    rotate: int,
) -> None:
    source = make_page(tmp_path / "page.pdf", "draft", rotate)
    first, both = tmp_path / "leader.pdf", tmp_path / "both.pdf"
    leader = sign(source, first, "outgoing", "leader", StampImage(signature_png))
    assert (leader.blanks, leader.notation) == (("number", "date"), "QĐ-UBND")
    sign(first, both, "outgoing", "agency", StampImage(seal_png), numbering=Numbering(7, date(2026, 2, 5)))
    found = verify_file(both, signing_bench.trust, ["leader", "agency"])
    assert (found.verdict, found.pdfa) == ("valid", True)
    assert [each.field for each in found.signatures] == ["CommuneBoxLeader", "CommuneBoxNumber", "CommuneBoxAgency"]
    mask, under = new_ink(first, both)
    head = mask.copy()
    head[round(60 * DOTS) :] = False
    assert (under[head].min(axis=1) > 200).all(), "nothing was there"
    _, top, _, bottom = millimetres(head)
    baseline = 104 / 72 * 25.4
    assert top > baseline - 5 and bottom == pytest.approx(baseline, abs=0.25), "on the line of its neighbours"
    row = np.zeros_like(head)
    row[round((baseline - 6) * DOTS) : round((baseline + 2) * DOTS), round(20 * DOTS) : round(205 * DOTS)] = True
    seen = read(both, row)
    assert "Số:07/QĐ-UBND" in seen and "ngày05tháng02năm2026" in seen, seen


def test_a_numbered_letter_has_no_room_for_another_number(
    sign: Sign, tmp_path: Path, signature_png: bytes, seal_png: bytes
) -> None:
    source, first = make_page(tmp_path / "page.pdf", "letter"), tmp_path / "leader.pdf"
    leader = sign(source, first, "outgoing", "leader", StampImage(signature_png))
    assert leader.blanks == ()
    with pytest.raises(SignatureRefused) as caught:
        sign(
            first,
            tmp_path / "x.pdf",
            "outgoing",
            "agency",
            StampImage(seal_png),
            numbering=Numbering(7, date(2026, 2, 5)),
        )
    assert caught.value.code == "number-not-left-open"


def test_a_nudge_moves_by_millimetres_and_never_off_the_page(sign: Sign, tmp_path: Path, signature_png: bytes) -> None:
    source = make_page(tmp_path / "page.pdf", "letter")
    plain, moved = tmp_path / "plain.pdf", tmp_path / "moved.pdf"
    sign(source, plain, "outgoing", "leader", StampImage(signature_png))
    applied = sign(source, moved, "outgoing", "leader", StampImage(signature_png), nudges={"leader": (10.0, -5.0)})
    assert applied.notes == ("nudged:10:-5",)
    before, after = (millimetres(new_ink(source, path)[0]) for path in (plain, moved))
    assert after[0] - before[0] == pytest.approx(10, abs=0.3) and after[1] - before[1] == pytest.approx(-5, abs=0.3)
    for nudge in ((55.0, 0.0), (0.0, 61.0)):
        with pytest.raises(ValueError, match="nudge-off-page"):
            sign(source, tmp_path / "x.pdf", "outgoing", "leader", StampImage(signature_png), nudges={"leader": nudge})


def test_a_clock_before_what_has_happened_signs_nothing(sign: Sign, tmp_path: Path) -> None:
    source, target = make_page(tmp_path / "page.pdf", "scan"), tmp_path / "signed.pdf"
    with pytest.raises(TrustError) as caught:
        sign(
            source,
            target,
            "incoming-scan",
            "agency",
            copy_stamp(ORGANIZATION, NOW),
            not_before=datetime(2100, 1, 1, tzinfo=UTC),
        )
    assert caught.value.code == "clock-implausible" and not target.exists()


def test_what_is_appended_is_judged_like_the_whole(sign: Sign, tmp_path: Path) -> None:
    source, target = make_page(tmp_path / "page.pdf", "scan"), tmp_path / "signed.pdf"
    applied = sign(source, target, "incoming-scan", "agency", copy_stamp(ORGANIZATION, NOW), source_is_pdfa=True)
    assert applied.pdfa and check_pdfa(target).passed
