"""Whole signatures with a real soft token: kept PDF/A, strict verdict, other products as oracles, the look of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hsm.api import FaultClass, SigningError
from hsm.client import SocketSigner
from hsm.font import FontError
from hsm.pades import AppliedSignature, SignatureRefused, apply_signature
from hsm.pdfa import check_pdfa
from hsm.stamps import CONVERTED, StampImage, StampText, attachment_stamp, copy_stamp
from hsm.trust import Trust, TrustError
from hsm.verify import verify_file
from tests.fixtures_hsm import NAMES, ORGANIZATION, SigningBench

Sign = Callable[..., AppliedSignature]


@pytest.fixture
def sign(signing_bench: SigningBench, live_signer: SocketSigner) -> Sign:
    """Signs with the bench's tokens; keyword arguments of apply_signature may be replaced."""

    def make(
        source: Path, target: Path, kind: str, slot: str, stamp: StampText | StampImage, **other: object
    ) -> object:
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

    return make  # type: ignore[return-value]


@pytest.fixture
def outgoing(
    sign: Sign, paper: Callable[..., Path], signature_png: bytes, seal_png: bytes, tmp_path: Path
) -> tuple[Path, AppliedSignature, AppliedSignature]:
    """An outgoing letter with both signatures."""
    first, both = tmp_path / "leader.pdf", tmp_path / "both.pdf"
    leader = sign(paper("letter"), first, "outgoing", "leader", StampImage(signature_png))
    agency = sign(first, both, "outgoing", "agency", StampImage(seal_png))
    return both, leader, agency


def _need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"missing: {program}")


def _render(path: Path, tmp_path: Path, resolution: int = 144) -> np.ndarray:
    _need("pdftoppm")
    subprocess.run(
        ["pdftoppm", "-r", str(resolution), "-png", "-singlefile", str(path), str(tmp_path / "page")], check=True
    )
    return np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int)


def test_a_scan_gets_one_valid_signature_and_stays_pdfa(
    sign: Sign, paper: Callable[..., Path], signing_bench: SigningBench, tmp_path: Path
) -> None:
    source, target = paper("scan"), tmp_path / "signed.pdf"
    before = source.read_bytes()
    applied = sign(source, target, "incoming-scan", "agency", copy_stamp(ORGANIZATION, datetime.now(UTC)))
    assert source.read_bytes() == before
    assert target.read_bytes().startswith(before), "an incremental update never rewrites what was there"
    assert (applied.sha256, applied.size) == (sha256(target.read_bytes()).hexdigest(), target.stat().st_size)
    found = verify_file(target, signing_bench.trust, ["agency"])
    assert (found.verdict, found.pdfa, found.reasons) == ("valid", True, ())
    (signature,) = found.signatures
    assert (signature.slot, signature.signer, signature.signed_at) == ("agency", ORGANIZATION, applied.signed_at)
    assert signature.covers_whole_file and signature.certificate_sha256 == applied.certificate_sha256
    assert list(tmp_path.glob(".signing-*")) == []


def test_an_outgoing_letter_gets_leader_then_agency(
    outgoing: tuple[Path, AppliedSignature, AppliedSignature], signing_bench: SigningBench
) -> None:
    both, leader, agency = outgoing
    found = verify_file(both, signing_bench.trust, ["leader", "agency"])
    assert (found.verdict, found.pdfa) == ("valid", True)
    assert [each.signer for each in found.signatures] == [NAMES["leader"], NAMES["agency"]]
    assert [each.covers_whole_file for each in found.signatures] == [False, True]
    width = leader.box[2] - leader.box[0]
    assert agency.box[2] == pytest.approx(leader.box[0] + width / 3, abs=1.5)
    assert agency.box[2] - agency.box[0] == pytest.approx(36 * 72 / 25.4, abs=1.5)
    # Between CHỦ TỊCH (baseline at 576) and the name (baseline at 668).
    assert leader.box[1] > 576 and leader.box[3] < 660


def test_other_products_agree_on_the_digests(
    outgoing: tuple[Path, AppliedSignature, AppliedSignature], tmp_path: Path
) -> None:
    _need("pdfsig")
    both, _, _ = outgoing
    told = subprocess.run(["pdfsig", "-nocert", str(both)], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature is Valid") == 2
    assert told.count("ETSI.CAdES.detached") == 2
    assert "Total document signed" in told
    _need("qpdf")
    assert subprocess.run(["qpdf", "--check", str(both)], capture_output=True, check=False).returncode == 0


def test_the_text_block_looks_right(sign: Sign, paper: Callable[..., Path], tmp_path: Path) -> None:
    """Ink in the block is black, as wide as Times 10 pt says (a badly scaled font is wider), and nothing is cut."""
    target = tmp_path / "signed.pdf"
    stamp = copy_stamp("ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM", datetime.now(UTC), "Văn phòng xã Đồng Ỷ Lại")
    source = paper("landscape")
    applied = sign(source, target, "incoming-scan", "agency", stamp)
    plain, signed = _render(source, tmp_path), _render(target, tmp_path)
    assert plain.shape == signed.shape
    changed = np.abs(plain - signed).max(axis=2) > 60
    rows, columns = np.nonzero(changed)
    x0, y0, x1, y1 = (part * 2 for part in applied.box)
    assert x0 <= columns.min() and columns.max() <= x1 and y0 - 2 <= rows.min() and rows.max() <= y1 + 2
    from hsm.font import font_file, text_width

    widest = max(text_width(line, 10, font_file()) for line in stamp.lines)
    assert columns.max() - columns.min() == pytest.approx(widest * 2, abs=8)
    ink = signed[changed]
    assert (ink.max(axis=1) - ink.min(axis=1)).max() < 12, "black, not coloured"
    bands = np.nonzero(np.diff(changed.any(axis=1).astype(int)) == 1)[0]
    assert len(bands) >= len(stamp.lines)


def test_the_text_block_can_be_read_back(sign: Sign, paper: Callable[..., Path], tmp_path: Path) -> None:
    _need("tesseract")
    target = tmp_path / "signed.pdf"
    applied = sign(paper("scan"), target, "incoming-scan", "agency", copy_stamp(ORGANIZATION, datetime.now(UTC)))
    page = _render(target, tmp_path, 300)
    x0, y0, x1, y1 = (round(part * 300 / 72) for part in applied.box)
    Image.fromarray(page[y0 - 10 : y1 + 10, x0 - 10 : x1 + 10].astype("uint8")).save(tmp_path / "block.png")
    done = subprocess.run(
        ["tesseract", str(tmp_path / "block.png"), "-", "-l", "vie", "--psm", "6"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "vie" in done.stderr and done.returncode:
        pytest.skip("missing: tesseract-ocr-vie")
    for line in ("SAO Y", ORGANIZATION, CONVERTED):
        assert line.replace(" ", "") in done.stdout.replace(" ", ""), done.stdout


def test_seal_is_red_and_signature_blue(
    outgoing: tuple[Path, AppliedSignature, AppliedSignature], tmp_path: Path
) -> None:
    both, leader, agency = outgoing
    page = _render(both, tmp_path)
    red = (page[:, :, 0] - page[:, :, 2] > 80) & (page[:, :, 0] > 120)
    blue = (page[:, :, 2] - page[:, :, 0] > 80) & (page[:, :, 2] > 100)
    for colour, box in ((red, agency.box), (blue, leader.box)):
        rows, columns = np.nonzero(colour)
        assert len(rows) > 300
        assert box[0] * 2 - 2 <= columns.min() and columns.max() <= box[2] * 2 + 2
        assert box[1] * 2 - 2 <= rows.min() and rows.max() <= box[3] * 2 + 2


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_turned_pages_look_like_upright_ones(
    sign: Sign, paper: Callable[..., Path], signature_png: bytes, seal_png: bytes, tmp_path: Path, rotate: int
) -> None:
    now = datetime.now(UTC)
    pages = []
    for turn in (0, rotate):
        first, both = tmp_path / f"{turn}a.pdf", tmp_path / f"{turn}b.pdf"
        sign(paper("letter", turn), first, "outgoing", "leader", StampImage(signature_png), now=now)
        sign(first, both, "outgoing", "agency", StampImage(seal_png), now=now)
        assert check_pdfa(both).passed
        pages.append(_render(both, tmp_path, 72))
    assert pages[0].shape == pages[1].shape
    assert (np.abs(pages[0] - pages[1]).max(axis=2) > 100).mean() < 0.004


def test_an_attachment_shows_number_and_time(sign: Sign, paper: Callable[..., Path], tmp_path: Path) -> None:
    target = tmp_path / "signed.pdf"
    applied = sign(paper("scan"), target, "appendix", "agency", attachment_stamp("15/UBND-VP", datetime.now(UTC)))
    assert applied.pdfa and applied.box[3] - applied.box[1] == 25


def test_order_and_slots_are_law(
    sign: Sign, paper: Callable[..., Path], seal_png: bytes, tmp_path: Path, signature_png: bytes
) -> None:
    target, stamp = tmp_path / "out.pdf", StampImage(seal_png)
    letter = paper("letter")
    for kind, slot, code in (
        ("outgoing", "agency", "slot-out-of-order"),
        ("incoming-scan", "leader", "slot-not-of-kind"),
        ("postcard", "agency", "kind-unknown"),
    ):
        with pytest.raises(SignatureRefused) as caught:
            sign(letter, target, kind, slot, stamp, certificate=b"")
        assert caught.value.code == code
    first = tmp_path / "leader.pdf"
    sign(letter, first, "outgoing", "leader", StampImage(signature_png))
    with pytest.raises(SignatureRefused) as caught:
        sign(first, target, "outgoing", "leader", StampImage(signature_png))
    assert caught.value.code == "slot-already-signed"
    assert not target.exists()


def test_certificates_are_checked_before_the_token_is_asked(
    sign: Sign, paper: Callable[..., Path], signing_bench: SigningBench, tmp_path: Path
) -> None:
    target, stamp, now = tmp_path / "out.pdf", StampText(("SAO Y",)), datetime.now(UTC)
    journal = tmp_path / "run" / "signing-journal.jsonl"
    for code, other in (
        ("certificate-expired", {"now": now + timedelta(days=1000)}),
        ("certificate-not-yet-valid", {"now": now - timedelta(days=2)}),
        ("certificate-untrusted", {"trust": Trust()}),
        ("certificate-usage", {"certificate": signing_bench.intermediates[0]}),
    ):
        with pytest.raises(TrustError) as caught:
            sign(paper("scan"), target, "incoming-scan", "agency", stamp, **other)
        assert caught.value.code == code
    assert journal.read_bytes() == b"" and not target.exists()


def test_a_letter_the_font_lacks_never_reaches_the_token(
    sign: Sign, paper: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(FontError):
        sign(paper("scan"), tmp_path / "out.pdf", "incoming-scan", "agency", StampText(("UBND 北京",)))
    assert (tmp_path / "run" / "signing-journal.jsonl").read_bytes() == b""


def test_a_failing_token_leaves_no_file(
    sign: Sign, live_signer: SocketSigner, paper: Callable[..., Path], tmp_path: Path
) -> None:
    target = tmp_path / "out.pdf"
    target.write_bytes(b"the old one")
    live_signer.logout("agency")
    with pytest.raises(SigningError) as caught:
        sign(paper("scan"), target, "incoming-scan", "agency", StampText(("SAO Y",)))
    assert caught.value.fault is FaultClass.AUTH_LOST
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.glob(".signing-*")) == []


@pytest.mark.parametrize("content", [b"", b"not a pdf", b"%PDF-1.7\n%%EOF\n"])
def test_what_is_not_a_pdf_is_refused(sign: Sign, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "bad.pdf"
    source.write_bytes(content)
    with pytest.raises(SignatureRefused) as caught:
        sign(source, tmp_path / "out.pdf", "incoming-scan", "agency", StampText(("SAO Y",)))
    assert caught.value.code == "document-unreadable"
