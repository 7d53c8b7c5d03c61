"""Files changed after signing, cut off, forged: never "valid"; upgrades by time stamps and validation data: valid.

The attacks are those of signing.md 7.1, each made here on files of our own; many viewers call most of them valid.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import cms
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from hsm.fields import QuietWriter
from hsm.pades import SignatureRefused
from hsm.stamps import StampImage
from hsm.trust import Trust
from hsm.verify import Verification, verify_file
from tests.data.signing_pages import make_page, make_seal, make_signature
from tests.fixtures_hsm import ROOT
from tests.fixtures_verify import Office, TimeAuthority, stamped, stored

GAP = re.compile(rb"/Contents\s*<[0-9a-fA-F]{1000,}>")
SAMPLES = ROOT.parent / "shared" / "data" / "signatures"
OFFICIAL = ROOT.parent / "shared" / "data" / "vn-official"
NAME, ARRAY, NUMBER = generic.NameObject, generic.ArrayObject, generic.NumberObject
KINDS = ("scan", "leader", "both")
Papers = dict[str, Path]
Change = Callable[[IncrementalPdfFileWriter], None]


def entry(**parts: object) -> generic.DictionaryObject:
    return generic.DictionaryObject({NAME(f"/{name}"): value for name, value in parts.items()})


# --- attacks that append a revision ----------------------------------------------------------------------------------


def new_content(writer: IncrementalPdfFileWriter) -> None:
    stream = generic.StreamObject(stream_data=b"1 g 60 500 400 200 re f")
    writer.add_stream_to_page(0, writer.add_object(stream))


def opaque_note(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    note = entry(
        Type=NAME("/Annot"),
        Subtype=NAME("/FreeText"),
        Rect=ARRAY(NUMBER(each) for each in (60, 500, 400, 700)),
        Contents=generic.pdf_string("10.000.000 đồng"),
    )
    page.setdefault(NAME("/Annots"), ARRAY()).append(writer.add_object(note))
    writer.update_container(page)


def other_appearance(writer: IncrementalPdfFileWriter) -> None:
    _, _, field = next(each for each in enumerate_sig_fields(writer.prev) if each[1] is not None)
    widget = writer.get_object(field.reference)
    shown = generic.StreamObject(
        entry(Type=NAME("/XObject"), Subtype=NAME("/Form"), BBox=ARRAY(NUMBER(n) for n in (0, 0, 9, 9))),
        stream_data=b"0 0 9 9 re f",
    )
    widget[NAME("/AP")] = entry(N=writer.add_object(shown))
    writer.mark_update(field.reference)


def script(writer: IncrementalPdfFileWriter) -> None:
    writer.root[NAME("/OpenAction")] = entry(S=NAME("/JavaScript"), JS=generic.pdf_string("app.alert(1)"))
    writer.update_root()


def added_page(writer: IncrementalPdfFileWriter) -> None:
    content = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))


def white_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Innocent", box=(60, 500, 500, 700), empty_field_appearance=True))


def signature_taken_out(writer: IncrementalPdfFileWriter) -> None:
    _, _, field = next(each for each in enumerate_sig_fields(writer.prev) if each[1] is not None)
    widget = writer.get_object(field.reference)
    del widget["/V"]
    writer.mark_update(field.reference)


def catalogue_rewritten(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()


def junk_store(writer: IncrementalPdfFileWriter) -> None:
    junk = writer.add_object(generic.StreamObject(stream_data=b"not a list of anything"))
    writer.root[NAME("/DSS")] = writer.add_object(entry(CRLs=ARRAY([junk]), Certs=ARRAY([junk])))
    writer.update_root()


def other_info(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(entry(Title=generic.pdf_string("Quyết định khác")))


def other_xmp(writer: IncrementalPdfFileWriter) -> None:
    stream = writer.root["/Metadata"]
    changed = generic.StreamObject(
        entry(Type=NAME("/Metadata"), Subtype=NAME("/XML")), stream_data=stream.data.replace(b"2026", b"2016")
    )
    writer.root[NAME("/Metadata")] = writer.add_object(changed)
    writer.update_root()


CONTENT_ATTACKS = (new_content, opaque_note, other_appearance, script, added_page, white_field, signature_taken_out)
HARMLESS_ATTACKS = (catalogue_rewritten, junk_store, other_info, other_xmp)


def append(source: Path, folder: Path, change: Change) -> Path:
    """A copy of a signed file with one revision more, by the writer that leaves everything else alone."""
    changed = folder / f"{source.stem}-{getattr(change, '__name__', 'changed')}.pdf"
    shutil.copyfile(source, changed)
    with changed.open("r+b") as stream:
        writer = QuietWriter(stream)
        change(writer)
        writer.write_in_place()
    return changed


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("attack", [*CONTENT_ATTACKS, *HARMLESS_ATTACKS])
def test_whatever_is_appended_is_seen(
    signed_papers: Papers, signing_office: Office, tmp_path: Path, name: str, attack: Change
) -> None:
    found = verify_file(append(signed_papers[name], tmp_path, attack), signing_office.trust)
    emptied = attack is signature_taken_out and name != "both"  # no field holds a signature any more
    assert found.verdict in (("unsigned",) if emptied else ("changed", "invalid"))
    assert not any(each.covers_whole_file for each in found.signatures)
    if attack in CONTENT_ATTACKS:
        assert found.conclusion == found.verdict, "a change of content is never told as harmless"


@pytest.mark.parametrize("attack", [*CONTENT_ATTACKS, *HARMLESS_ATTACKS])
def test_whatever_is_appended_to_an_upgraded_file_is_seen(
    lasting: Path, signing_office: Office, tmp_path: Path, attack: Change
) -> None:
    found = verify_file(append(lasting, tmp_path, attack), signing_office.trust)
    assert found.verdict in ("changed", "invalid")
    if attack in CONTENT_ATTACKS:
        assert found.conclusion in ("changed", "invalid")


@pytest.mark.parametrize("attack", [*CONTENT_ATTACKS, *HARMLESS_ATTACKS])
def test_a_change_hidden_below_a_new_time_stamp_is_seen(
    signed_papers: Papers, signing_office: Office, tsa: TimeAuthority, tmp_path: Path, attack: Change
) -> None:
    """Somebody appends, and lets an honest authority stamp the result: the last byte is covered, the change is not."""
    changed = append(signed_papers["both"], tmp_path, attack)
    with changed.open("rb") as stream:
        assert QuietWriter(stream).prev.xrefs.total_revisions > 1
    covered = stamped(changed, tsa, signing_office.now + timedelta(minutes=1))
    found = verify_file(covered, signing_office.trust, ["leader", "agency"])
    if attack in (catalogue_rewritten, junk_store):
        # Nothing was changed but a store that nobody has to believe, and the catalogue written again as it was.
        assert found.verdict == "valid" and all(each.revocation.state == "unknown" for each in found.signatures)
    else:
        assert found.verdict in ("changed", "invalid")


def test_properties_changed_after_signing_are_told_as_such(
    signed_papers: Papers, signing_office: Office, tmp_path: Path
) -> None:
    for attack in (other_info, other_xmp):
        found = verify_file(append(signed_papers["both"], tmp_path, attack), signing_office.trust)
        assert (found.verdict, found.conclusion) == ("changed", "metadata-only")
        assert all(each.intact and each.changed_after for each in found.signatures)
        assert [each.later_changes for each in found.signatures] == [("metadata", "signatures"), ("metadata",)]
        assert "metadata-changed-after-signing" in found.reasons
        assert "changed-after-signing" not in found.reasons


# --- attacks on the bytes --------------------------------------------------------------------------------------------


def damaged(source: Path, folder: Path, change: Callable[[bytearray], bytes | bytearray]) -> Path:
    target = folder / f"{source.stem}-damaged.pdf"
    target.write_bytes(change(bytearray(source.read_bytes())))
    return target


def test_every_flipped_byte_is_seen(signed_papers: Papers, signing_office: Office, tmp_path: Path) -> None:
    whole = signed_papers["both"].read_bytes()
    target = tmp_path / "flipped.pdf"
    for place in range(11, len(whole), len(whole) // 60):
        content = bytearray(whole)
        content[place] ^= 0x01
        target.write_bytes(content)
        found = verify_file(target, signing_office.trust, with_pdfa=False)
        if found.verdict == "valid":
            # What a signature cannot cover is its own container: unused zeros and the certificates sent along.
            assert any(gap.start() < place < gap.end() for gap in GAP.finditer(whole)), place


def test_cut_off_files(signed_papers: Papers, signing_office: Office, tmp_path: Path) -> None:
    whole = signed_papers["both"].read_bytes()
    target = tmp_path / "cut.pdf"
    for length in (0, 5, 1000, len(whole) // 2, len(whole) - 300, len(whole) - 1, len(whole) - 7):
        target.write_bytes(whole[:length])
        found = verify_file(target, signing_office.trust, ["leader", "agency"], with_pdfa=False)
        assert found.verdict in ("unreadable", "invalid", "changed"), length


def test_the_agency_revision_cut_off_is_seen_by_the_slots_expected(
    signed_papers: Papers, signing_office: Office
) -> None:
    """A rollback cannot be seen in the file itself; whoever expects two signatures, or keeps a manifest, sees it."""
    both, leader = signed_papers["both"].read_bytes(), signed_papers["leader"].read_bytes()
    assert both.startswith(leader)
    assert verify_file(signed_papers["leader"], signing_office.trust, ["leader"]).verdict == "valid"
    found = verify_file(signed_papers["leader"], signing_office.trust, ["leader", "agency"])
    assert (found.verdict, found.reasons) == ("invalid", ("slots-not-as-expected",))


def test_the_signers_expected_may_be_named_by_their_certificates(signed_papers: Papers, signing_office: Office) -> None:
    leader, agency = (hashlib.sha256(signing_office.certificates[slot]).hexdigest() for slot in ("leader", "agency"))
    expected = [f"leader={leader}", f"agency={agency}"]
    assert verify_file(signed_papers["both"], signing_office.trust, expected).verdict == "valid"
    found = verify_file(signed_papers["both"], signing_office.trust, ["leader", f"agency={leader}"])
    assert (found.verdict, found.reasons) == ("invalid", ("signer-not-as-expected",))


@pytest.mark.parametrize(
    "tail", [b"\n% a comment\n", b"\0" * 10, b"\n%%EOF\n", b"\n99 0 obj\n<</Type /Page>>\nendobj\n%%EOF\n"]
)
def test_bytes_after_the_end_are_seen(
    signed_papers: Papers, signing_office: Office, tmp_path: Path, tail: bytes
) -> None:
    found = verify_file(damaged(signed_papers["scan"], tmp_path, lambda whole: whole + tail), signing_office.trust)
    assert found.verdict in ("changed", "invalid") and found.conclusion != "metadata-only"


def _in_gap(content: bytearray, inner: bytes) -> bytearray:
    match = GAP.search(content)
    assert match is not None
    start = match.start() + content[match.start() :].index(b"<")
    kept = bytes(content[start : match.end()])
    assert len(inner) <= len(kept)
    content[start : match.end()] = inner.ljust(len(kept))
    return content


def _signed_bytes(content: bytes | bytearray) -> bytes:
    match = GAP.search(content)
    assert match is not None
    return bytes.fromhex(bytes(match.group(0)).split(b"<")[1][:-1].decode())


@pytest.mark.parametrize("how", ["after the string", "literal string", "spaces within"])
def test_bytes_hidden_in_the_signature_gap_are_seen(
    signed_papers: Papers, signing_office: Office, tmp_path: Path, how: str
) -> None:
    def hide(content: bytearray) -> bytearray:
        container = _signed_bytes(content)
        length = 2 * len(container) + 2
        if how == "after the string":
            inner = b"<" + container.rstrip(b"\0").hex().encode() + b">" + b"(hidden text)"
        elif how == "literal string":
            # Read, the string is as long as before; in the file it takes half of the room, the rest is free.
            escaped = re.sub(rb"[\\()\r]", lambda found: b"\\%03o" % found.group(0)[0], container)
            inner = b"(" + escaped + b")/Reason (hidden text)"
            assert len(inner) < length
        else:
            inner = b"<" + container.rstrip(b"\0").hex().encode() + b" " * 40 + b"00>"
        return _in_gap(content, inner)

    found = verify_file(damaged(signed_papers["scan"], tmp_path, hide), signing_office.trust)
    assert found.verdict == "invalid"
    if how == "literal string":  # nothing else is wrong with it
        assert found.reasons == ("gap-not-clean",)


def _with_cms_of(other: Path) -> Callable[[bytearray], bytearray]:
    foreign = _signed_bytes(other.read_bytes()).rstrip(b"\0")

    def change(content: bytearray) -> bytearray:
        return _in_gap(content, b"<" + foreign.ljust(len(_signed_bytes(content)), b"\0").hex().encode() + b">")

    return change


BYTE_RANGE = re.compile(rb"/ByteRange\s*\[([0-9 ]+)\]")


def _other_range(content: bytearray, choose: Callable[[list[int]], list[int]]) -> bytearray:
    match = BYTE_RANGE.search(content)
    assert match is not None
    numbers = [int(each) for each in match.group(1).split()]
    made = b" ".join(b"%d" % each for each in choose(numbers)).ljust(len(match.group(1)))
    content[match.start(1) : match.end(1)] = made[: len(match.group(1))]
    return content


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "attack", ["another's CMS", "zeroed CMS", "range shrunk", "range of nothing", "range begins late"]
)
def test_containers_and_ranges_exchanged_are_seen(
    signed_papers: Papers, signing_office: Office, tmp_path: Path, name: str, attack: str
) -> None:
    changes: dict[str, Callable[[bytearray], bytearray]] = {
        "another's CMS": _with_cms_of(signed_papers["appendix"]),
        "zeroed CMS": lambda content: _in_gap(content, b"<" + b"0" * (2 * len(_signed_bytes(content))) + b">"),
        "range shrunk": lambda content: _other_range(content, lambda n: [n[0], n[1], n[2], n[3] - 100]),
        "range of nothing": lambda content: _other_range(content, lambda n: [0, 0, 0, 0]),
        "range begins late": lambda content: _other_range(content, lambda n: [9, n[1] - 9, n[2], n[3]]),
    }
    path = damaged(signed_papers[name], tmp_path, changes[attack])
    assert path.read_bytes() != signed_papers[name].read_bytes()
    found = verify_file(path, signing_office.trust)
    assert found.verdict in ("invalid", "changed") and found.conclusion != "metadata-only"


def test_hidden_content_brought_forward_by_a_new_table_is_seen(signing_office: Office, tmp_path: Path) -> None:
    """The shadow attack "hide and replace": the other text lies in the file when it is signed, and nothing points there
    before the attacker appends a table."""
    page = tmp_path / "page.pdf"
    with pikepdf.open(make_page(tmp_path / "letter.pdf", "letter")) as made:
        made.save(page, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    whole = page.read_bytes()
    number = int(re.findall(rb"/Contents (\d+) 0 R", whole)[0])
    hidden = b"\n%d 0 obj\n<</Length 23>>\nstream\n1 g 60 500 400 200 re f\nendstream\nendobj\n" % number
    before, start, after = whole.rpartition(b"startxref")
    table = int(after.split()[0])
    prepared = tmp_path / "prepared.pdf"
    prepared.write_bytes(before[:table] + hidden + before[table:] + start + b"\n%d\n%%%%EOF\n" % (table + len(hidden)))
    leader = signing_office.sign(prepared, tmp_path / "l.pdf", "outgoing", "leader", StampImage(make_signature()))
    both = signing_office.sign(leader, tmp_path / "b.pdf", "outgoing", "agency", StampImage(make_seal()))
    assert verify_file(both, signing_office.trust, ["leader", "agency"]).verdict == "valid"
    content = both.read_bytes()
    trailer = re.findall(rb"/Root (\d+ 0 R)", content)[-1]
    size = max(int(each) for each in re.findall(rb"(\d+) 0 obj", content)) + 1
    last = int(content.rpartition(b"startxref")[2].split()[0])
    update = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d /Root %s /Prev %d>>\n" % (
        number, content.index(hidden) + 1, size, trailer, last
    )  # fmt: skip
    forged = tmp_path / "forged.pdf"
    forged.write_bytes(content + update + b"startxref\n%d\n%%%%EOF\n" % len(content))
    found = verify_file(forged, signing_office.trust)
    assert found.verdict in ("changed", "invalid") and found.conclusion != "metadata-only"
    assert [each.intact for each in found.signatures] == [True, True], "what was signed is still there"
    assert all(each.changed_after for each in found.signatures)


def test_a_change_between_leader_and_agency_stops_the_agency(
    signed_papers: Papers, signing_office: Office, tmp_path: Path
) -> None:
    """Signing over a changed file would lend it the agency's name."""
    changed, target = append(signed_papers["leader"], tmp_path, new_content), tmp_path / "never.pdf"
    with pytest.raises(SignatureRefused) as caught:
        signing_office.sign(changed, target, "outgoing", "agency", StampImage(make_seal()))
    assert caught.value.code == "signature-present-invalid"
    assert not target.exists()


def test_the_agency_signs_above_a_strangers_file_whose_properties_were_rewritten(
    signing_office: Office, tmp_path: Path
) -> None:
    """It vouches for the file as it is; the stranger's signature below is told as it is, and ours holds."""
    one = plainly(signing_office, make_page(tmp_path / "page.pdf", "scan"), tmp_path / "one.pdf", "First")
    stamp = StampImage(make_seal())
    above = signing_office.sign(append(one, tmp_path, other_info), tmp_path / "a.pdf", "incoming-scan", "agency", stamp)
    found = verify_file(above, signing_office.trust, ["agency"])
    assert (found.verdict, found.conclusion) == ("changed", "metadata-only")
    own = found.signatures[-1]
    assert (own.slot, own.trusted, own.changed_after, own.covers_whole_file) == ("agency", True, False, True)
    with pytest.raises(SignatureRefused) as caught:
        changed = append(one, tmp_path, new_content)
        signing_office.sign(changed, tmp_path / "b.pdf", "incoming-scan", "agency", stamp)
    assert caught.value.code == "signature-present-invalid"


# --- upgrades --------------------------------------------------------------------------------------------------------


@pytest.fixture
def lasting(signed_papers: Papers, signing_office: Office, tsa: TimeAuthority, tmp_path: Path) -> Path:
    """Both signatures, a time stamp, and validation data below a second time stamp."""
    first = tmp_path / "both.pdf"
    shutil.copyfile(signed_papers["both"], first)
    timed = stamped(first, tsa, signing_office.now + timedelta(minutes=1))
    at = signing_office.now + timedelta(minutes=2)
    return stamped(
        timed,
        tsa,
        at,
        [signing_office.crl(at, at + timedelta(days=7))],
        certificates=signing_office.trust.intermediates,
    )


def test_upgrades_are_accepted_at_every_step(
    signed_papers: Papers, signing_office: Office, tsa: TimeAuthority, tmp_path: Path
) -> None:
    path = tmp_path / "paper.pdf"
    shutil.copyfile(signed_papers["both"], path)
    levels = []
    for minute in range(4):
        found = verify_file(path, signing_office.trust, ["leader", "agency"])
        assert (found.verdict, found.conclusion, found.reasons, found.pdfa) == ("valid", "valid", (), True)
        assert found.signatures[-1].covers_whole_file
        levels.append(found.level)
        at = signing_office.now + timedelta(minutes=minute + 1)
        lists = [signing_office.crl(at, at + timedelta(days=7))] if minute else []
        path = stamped(path, tsa, at, lists)
    assert levels == ["B-B", "B-T", "B-LTA", "B-LTA"]


def test_validation_data_without_a_time_stamp_over_it_is_told_and_not_valid(
    signed_papers: Papers, signing_office: Office, tmp_path: Path
) -> None:
    """Nobody has signed that revision; what it holds proves itself, so the file is told as harmless, and not valid."""
    at = signing_office.now + timedelta(minutes=1)
    lists = [signing_office.crl(at, at + timedelta(days=7))]
    path = append(signed_papers["both"], tmp_path, lambda writer: stored(writer, lists))
    found = verify_file(path, signing_office.trust)
    assert (found.verdict, found.conclusion) == ("changed", "metadata-only")
    assert found.reasons == ("bytes-after-last-signature",)
    assert found.signatures[-1].later_changes == ("validation-data",)


def plainly(office: Office, source: Path, target: Path, field: str) -> Path:
    """Signed as tools of the field do: one field more, no lock."""
    key = asn1_keys.PrivateKeyInfo.load(
        office.keys["agency"].private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    store = SimpleCertificateStore()
    store.register_multiple([asn1_x509.Certificate.load(each) for each in office.trust.intermediates])
    signer = SimpleSigner(asn1_x509.Certificate.load(office.certificates["agency"]), key, store)
    shutil.copyfile(source, target)
    with target.open("r+b") as stream:
        metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        PdfSigner(metadata, signer).sign_pdf(QuietWriter(stream), in_place=True, bytes_reserved=16384)
    return target


def test_a_white_field_below_a_later_signature_is_seen(signing_office: Office, tmp_path: Path) -> None:
    """Two signatures of others, no lock: the comparison of revisions alone would allow an empty field over the text."""
    page = make_page(tmp_path / "page.pdf", "letter")
    one = plainly(signing_office, page, tmp_path / "one.pdf", "First")
    honest = plainly(signing_office, one, tmp_path / "two.pdf", "Second")
    assert verify_file(honest, signing_office.trust).verdict == "valid"
    hidden = plainly(signing_office, append(one, tmp_path, white_field), tmp_path / "hidden.pdf", "Second")
    found = verify_file(hidden, signing_office.trust)
    assert (found.verdict, found.conclusion) == ("changed", "changed")
    assert [each.changed_after for each in found.signatures] == [True, False]


# --- files of others -------------------------------------------------------------------------------------------------


def test_without_trust_a_good_file_is_untrusted(signed_papers: Papers) -> None:
    found = verify_file(signed_papers["both"], Trust())
    assert (found.verdict, found.reasons) == ("untrusted", ("certificate-untrusted",))
    assert all(each.intact and not each.trusted for each in found.signatures)


def test_an_unsigned_file(signing_office: Office, tmp_path: Path) -> None:
    found = verify_file(make_page(tmp_path / "page.pdf", "scan"), signing_office.trust)
    assert (found.verdict, found.signatures, found.pdfa) == ("unsigned", (), True)


def test_a_file_with_nothing_but_a_time_stamp_is_unsigned(
    signing_office: Office, tsa: TimeAuthority, tmp_path: Path
) -> None:
    path = stamped(make_page(tmp_path / "page.pdf", "scan"), tsa, signing_office.now)
    found = verify_file(path, signing_office.trust)
    assert (found.verdict, found.level) == ("unsigned", "")


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


def test_published_forgeries_are_never_valid() -> None:
    if not SAMPLES.exists():
        pytest.skip("missing: ../shared/data/signatures")
    forged = [
        path
        for path in sorted(SAMPLES.glob("*.pdf"))
        if re.match(r"isa|siwa|usf", path.name) or "manipulated" in path.name
    ]
    assert len(forged) >= 12
    moments = (None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2018, 6, 1, tzinfo=UTC))
    found: dict[str, list[Verification]] = {
        path.name: [verify_file(path, Trust(_embedded(path)), now=now, with_pdfa=False) for now in moments]
        for path in forged
    }
    told = {name: {(each.verdict, each.conclusion) for each in every} for name, every in found.items()}
    assert not [name for name, every in told.items() if every - {("changed", "changed"), ("invalid", "invalid")}], told


def test_signed_papers_of_the_field_get_an_answer_that_is_true() -> None:
    """Five of eight were signed a second time by a tool that rewrites the file's properties: not valid by our policy,
    and no forgery either. Some are signed over SHA-1, which is told as well."""
    if not OFFICIAL.exists():
        pytest.skip("missing: ../shared/data/vn-official")
    found = {path.name: verify_file(path, Trust(_embedded(path)), with_pdfa=False) for path in OFFICIAL.glob("*.pdf")}
    signed = {name: each for name, each in found.items() if each.signatures}
    assert len(signed) == 8
    assert all(each.intact for one in signed.values() for each in one.signatures)
    told = [one.conclusion for one in signed.values()]
    assert (told.count("metadata-only"), told.count("valid"), told.count("untrusted")) == (5, 2, 1)
    for one in signed.values():
        assert ("metadata-changed-after-signing" in one.reasons) is (one.conclusion == "metadata-only")
        weak = any("SHA1" in each.algorithm for each in one.signatures)
        assert weak is ("algorithm-weak" in one.reasons)
        strangers = verify_file(OFFICIAL / next(n for n in signed if signed[n] is one), Trust(), with_pdfa=False)
        assert strangers.verdict in ("untrusted", "changed") and not any(s.trusted for s in strangers.signatures)
