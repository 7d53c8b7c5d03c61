"""Files changed after signing, cut off, forged: never "valid"."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from hsm.appearance import StampImage, copy_stamp
from hsm.client import SocketSigner
from hsm.fields import QuietWriter
from hsm.pades import SignatureRefused, apply_signature
from hsm.trust import Trust
from hsm.verify import verify_file
from tests.fixtures_hsm import ORGANIZATION, ROOT, SigningBench

GAP = re.compile(rb"/Contents\s*<[0-9a-fA-F]{1000,}>")
SAMPLES = ROOT.parent / "shared" / "data" / "signatures"


@pytest.fixture
def signed(
    signing_bench: SigningBench,
    live_signer: SocketSigner,
    paper: Callable[..., Path],
    signature_png: bytes,
    seal_png: bytes,
    tmp_path: Path,
) -> dict[str, Path]:
    """ "scan" signed by the agency, "leader" signed by the leader only, "both" by leader and agency."""
    now = datetime.now(UTC)
    files = {name: tmp_path / f"{name}-signed.pdf" for name in ("scan", "leader", "both")}
    for source, name, kind, slot, stamp in (
        (paper("scan"), "scan", "incoming-scan", "agency", copy_stamp(ORGANIZATION, now)),
        (paper("letter"), "leader", "outgoing", "leader", StampImage(signature_png)),
        (files["leader"], "both", "outgoing", "agency", StampImage(seal_png)),
    ):
        apply_signature(
            source,
            files[name],
            kind=kind,
            slot=slot,
            service=live_signer,
            certificate=signing_bench.der(slot),
            intermediates=signing_bench.intermediates,
            trust=signing_bench.trust,
            stamp=stamp,
            document_id=name,
            now=now,
        )
    return files


def _append(path: Path, change: Callable[[IncrementalPdfFileWriter], None], quiet: bool = True) -> Path:
    changed = path.with_name("changed.pdf")
    changed.write_bytes(path.read_bytes())
    with changed.open("r+b") as stream:
        writer = (QuietWriter if quiet else IncrementalPdfFileWriter)(stream)
        change(writer)
        writer.write_in_place()
    return changed


def _white_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Innocent", box=(60, 500, 500, 700), empty_field_appearance=True))


def _new_content(writer: IncrementalPdfFileWriter) -> None:
    stream = generic.StreamObject(stream_data=b"1 g 60 500 400 200 re f")
    writer.add_stream_to_page(0, writer.add_object(stream))


def _note(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    note = generic.DictionaryObject(
        {
            generic.NameObject("/Type"): generic.NameObject("/Annot"),
            generic.NameObject("/Subtype"): generic.NameObject("/FreeText"),
            generic.NameObject("/Rect"): generic.ArrayObject(generic.NumberObject(n) for n in (60, 500, 400, 700)),
            generic.NameObject("/Contents"): generic.pdf_string("10.000.000 đồng"),
        }
    )
    page.setdefault(generic.NameObject("/Annots"), generic.ArrayObject()).append(writer.add_object(note))
    writer.update_container(page)


def _script(writer: IncrementalPdfFileWriter) -> None:
    writer.root[generic.NameObject("/OpenAction")] = generic.DictionaryObject(
        {
            generic.NameObject("/S"): generic.NameObject("/JavaScript"),
            generic.NameObject("/JS"): generic.pdf_string("app.alert(1)"),
        }
    )
    writer.update_root()


def _nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()


@pytest.mark.parametrize("name", ["scan", "leader", "both"])
@pytest.mark.parametrize("attack", [_white_field, _new_content, _note, _script, _nothing])
def test_whatever_is_appended_is_seen(
    signed: dict[str, Path], signing_bench: SigningBench, name: str, attack: Callable[..., None]
) -> None:
    found = verify_file(_append(signed[name], attack), signing_bench.trust)
    assert found.verdict in ("changed", "invalid")
    assert not any(each.covers_whole_file for each in found.signatures)


def test_changed_metadata_is_seen(signed: dict[str, Path], signing_bench: SigningBench) -> None:
    found = verify_file(_append(signed["both"], _nothing, quiet=False), signing_bench.trust)
    assert found.verdict == "changed" and any(each.changed_after for each in found.signatures)


def test_a_change_between_leader_and_agency_stops_the_agency(
    signed: dict[str, Path], signing_bench: SigningBench, live_signer: SocketSigner, seal_png: bytes, tmp_path: Path
) -> None:
    """Signing over a changed file would lend it the agency's name."""
    changed = _append(signed["leader"], _new_content)
    target = tmp_path / "never.pdf"
    with pytest.raises(SignatureRefused) as caught:
        apply_signature(
            changed,
            target,
            kind="outgoing",
            slot="agency",
            service=live_signer,
            certificate=signing_bench.der("agency"),
            intermediates=signing_bench.intermediates,
            trust=signing_bench.trust,
            stamp=StampImage(seal_png),
            document_id="x",
            now=datetime.now(UTC),
        )
    assert caught.value.code == "signature-present-invalid"
    assert not target.exists()


def test_every_flipped_byte_is_seen(signed: dict[str, Path], signing_bench: SigningBench, tmp_path: Path) -> None:
    whole = signed["both"].read_bytes()
    target = tmp_path / "flipped.pdf"
    for place in range(11, len(whole), len(whole) // 60):
        content = bytearray(whole)
        content[place] ^= 0x01
        target.write_bytes(content)
        found = verify_file(target, signing_bench.trust, with_pdfa=False)
        if found.verdict == "valid":
            # What a signature cannot cover is its own container: unused zeros and the certificates sent along.
            assert any(gap.start() < place < gap.end() for gap in GAP.finditer(whole)), place


def test_cut_off_files(signed: dict[str, Path], signing_bench: SigningBench, tmp_path: Path) -> None:
    whole = signed["both"].read_bytes()
    target = tmp_path / "cut.pdf"
    for length in (0, 5, 1000, len(whole) // 2, len(whole) - 300, len(whole) - 1, len(whole) - 7):
        target.write_bytes(whole[:length])
        found = verify_file(target, signing_bench.trust, ["leader", "agency"], with_pdfa=False)
        assert found.verdict in ("unreadable", "invalid", "changed"), length


def test_the_agency_revision_cut_off_is_seen_by_the_slots_expected(
    signed: dict[str, Path], signing_bench: SigningBench
) -> None:
    """A rollback cannot be seen in the file itself; whoever expects two signatures sees it."""
    assert verify_file(signed["leader"], signing_bench.trust, ["leader"]).verdict == "valid"
    found = verify_file(signed["leader"], signing_bench.trust, ["leader", "agency"])
    assert (found.verdict, found.reasons) == ("invalid", ("slots-not-as-expected",))


@pytest.mark.parametrize("tail", [b"\n% a comment\n", b"\0" * 10, b"\n%%EOF\n"])
def test_bytes_after_the_end_are_seen(signed: dict[str, Path], signing_bench: SigningBench, tail: bytes) -> None:
    path = signed["scan"].with_name("tail.pdf")
    path.write_bytes(signed["scan"].read_bytes() + tail)
    assert verify_file(path, signing_bench.trust).verdict in ("changed", "invalid")


def test_bytes_hidden_in_the_signature_gap_are_seen(signed: dict[str, Path], signing_bench: SigningBench) -> None:
    content = bytearray(signed["scan"].read_bytes())
    match = GAP.search(content)
    assert match is not None
    content[match.end() - 60 : match.end()] = b">" + b"(hidden text)".ljust(58) + b">"
    path = signed["scan"].with_name("gap.pdf")
    path.write_bytes(content)
    assert verify_file(path, signing_bench.trust).verdict == "invalid"


def test_without_trust_a_good_file_is_untrusted(signed: dict[str, Path]) -> None:
    found = verify_file(signed["both"], Trust())
    assert (found.verdict, found.reasons) == ("untrusted", ("certificate-untrusted",))
    assert all(each.intact and not each.trusted for each in found.signatures)


def test_an_unsigned_file(paper: Callable[..., Path], signing_bench: SigningBench) -> None:
    found = verify_file(paper("scan"), signing_bench.trust)
    assert (found.verdict, found.signatures, found.pdfa) == ("unsigned", (), True)


def _embedded(path: Path) -> tuple[bytes, ...]:
    """Every certificate in the file's signatures, so that only the forgery itself can be found wrong."""
    found: list[bytes] = []
    for match in re.finditer(rb"/Contents\s*<([0-9a-fA-F\s]{200,})>", path.read_bytes()):
        try:
            signed = cms.ContentInfo.load(bytes.fromhex(match.group(1).decode()))["content"]
            found += [each.chosen.dump() for each in signed["certificates"]]
        except (ValueError, TypeError):
            continue
    return tuple(found)


def test_published_forgeries_are_never_valid(caplog: pytest.LogCaptureFixture) -> None:
    if not SAMPLES.exists():
        pytest.skip("missing: ../shared/data/signatures")
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    forged = [
        path
        for path in sorted(SAMPLES.glob("*.pdf"))
        if re.match(r"isa|siwa|usf", path.name) or "manipulated" in path.name
    ]
    assert len(forged) >= 12
    moments = (None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2018, 6, 1, tzinfo=UTC))
    verdicts = {
        path.name: {verify_file(path, Trust(_embedded(path)), now=now, with_pdfa=False).verdict for now in moments}
        for path in forged
    }
    assert not [name for name, found in verdicts.items() if "valid" in found or "untrusted" in found], verdicts
