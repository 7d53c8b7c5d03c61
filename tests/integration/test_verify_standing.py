"""Revocation and proven time in the verdict: what a time stamp saves, what it cannot, and what stays unknown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from appliance.demo.pki import Pki, make_pki
from hsm.fields import QuietWriter
from hsm.findings import SignatureFinding, Verification
from hsm.policy import key_name, weak
from hsm.stamps import copy_stamp
from hsm.times import iso_time
from hsm.trust import Trust, TrustError, check_signer
from hsm.verify import verify_file
from tests.data.signing_pages import make_page
from tests.fixtures_verify import Office, TimeAuthority, der, stamped, time_authority

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Papers = dict[str, Path]


@pytest.fixture
def scan(signed_papers: Papers, tmp_path: Path) -> Path:
    """A scan signed by the agency at `signing_office.now`, B-B."""
    return Path(shutil.copyfile(signed_papers["scan"], tmp_path / "scan.pdf"))


def first(found: Verification) -> SignatureFinding:
    return next(each for each in found.signatures if not each.timestamp)


def with_lists(office: Office, *lists: bytes) -> Trust:
    return replace(office.trust, crls=lists)


# --- proven time -----------------------------------------------------------------------------------------------------


def test_without_a_time_stamp_the_time_is_a_claim(scan: Path, signing_office: Office) -> None:
    found = first(verify_file(scan, signing_office.trust))
    assert found.signed_at == iso_time(signing_office.now)
    assert (found.proven_at, found.proven_by) == ("", "")


def test_a_document_time_stamp_proves_the_time_of_every_signature(
    signed_papers: Papers, signing_office: Office, tsa: TimeAuthority, tmp_path: Path
) -> None:
    both = Path(shutil.copyfile(signed_papers["both"], tmp_path / "both.pdf"))
    at = signing_office.now + 5 * MINUTE
    found = verify_file(stamped(stamped(both, tsa, at), tsa, at + DAY), signing_office.trust, now=at + 2 * DAY)
    assert found.verdict == "valid"
    assert [(each.proven_at, each.proven_by) for each in found.signatures[:2]] == [
        (iso_time(at), "document-timestamp")
    ] * 2
    assert first(found).signed_at == iso_time(signing_office.now)


def test_a_time_stamp_of_strangers_proves_nothing(scan: Path, signing_office: Office, verify_now: datetime) -> None:
    stranger = make_pki(verify_now - 60 * DAY, "CA lạ", "CA gốc lạ")
    foreign = time_authority(stranger.root, verify_now - DAY, verify_now + 900 * DAY)
    found = verify_file(stamped(scan, foreign, signing_office.now + MINUTE), signing_office.trust)
    assert (found.verdict, found.reasons) == ("untrusted", ("timestamp-untrusted",))
    assert first(found).trusted and first(found).proven_at == ""


def test_a_time_stamp_over_other_bytes_is_seen(scan: Path, signing_office: Office, tsa: TimeAuthority) -> None:
    """An authority (or somebody on the line) answers with a token for another digest (signing.md F9)."""

    class Wrong(DummyTimeStamper):
        async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> object:
            return await super().async_timestamp(sha256(message_digest).digest(), md_algorithm)

    class Careless(TimeAuthority):
        def stamper(self, at: datetime) -> DummyTimeStamper:
            made = super().stamper(at)
            made.__class__ = Wrong
            return made

    careless = Careless(tsa.certificate, tsa.key)
    found = verify_file(stamped(scan, careless, signing_office.now + MINUTE), signing_office.trust)
    assert found.verdict == "changed" and "digest-mismatch" in found.reasons
    assert first(found).proven_at == ""


# --- expiry ----------------------------------------------------------------------------------------------------------


def test_an_expired_certificate_is_told_and_a_time_stamp_before_saves_the_signature(
    scan: Path, signing_office: Office, tsa: TimeAuthority
) -> None:
    later = signing_office.now + 1000 * DAY
    found = verify_file(scan, signing_office.trust, now=later)
    assert (found.verdict, found.reasons) == ("untrusted", ("certificate-expired",))
    proven = verify_file(stamped(scan, tsa, signing_office.now + DAY), signing_office.trust, now=later)
    assert (proven.verdict, proven.reasons) == ("valid", ())


def test_a_time_stamp_after_the_expiry_comes_too_late(scan: Path, signing_office: Office, tsa: TimeAuthority) -> None:
    late = signing_office.now + 901 * DAY
    found = verify_file(stamped(scan, tsa, late), signing_office.trust, now=late + DAY)
    assert (found.verdict, found.reasons) == ("untrusted", ("certificate-expired",))


def test_a_certificate_of_the_future_is_told(scan: Path, signing_office: Office) -> None:
    found = verify_file(scan, signing_office.trust, now=signing_office.now - 31 * DAY)
    assert found.reasons == ("certificate-not-yet-valid",)


def test_renewed_time_stamps_hold_after_every_certificate_has_expired(
    scan: Path, signing_office: Office, tsa: TimeAuthority, verify_pki: Pki
) -> None:
    """Signer to day 900, first authority to day 2000, second from day 1500: day 3600 is about ten years later."""
    now = signing_office.now
    second = time_authority(verify_pki.root, now + 1400 * DAY, now + 5000 * DAY)
    timed = stamped(scan, tsa, now + DAY)
    lists = [signing_office.crl(now + 2 * DAY, now + 9 * DAY)]
    lasting = stamped(timed, tsa, now + 2 * DAY, lists, certificates=signing_office.trust.intermediates)
    assert verify_file(lasting, signing_office.trust, now=now + 1900 * DAY).verdict == "valid"
    broken = verify_file(lasting, signing_office.trust, now=now + 3600 * DAY)
    assert broken.verdict == "untrusted" and set(broken.reasons) == {"certificate-expired", "timestamp-untrusted"}
    renewed = stamped(lasting, second, now + 1500 * DAY)
    found = verify_file(renewed, signing_office.trust, now=now + 3600 * DAY)
    assert (found.verdict, found.reasons, found.level) == ("valid", (), "B-LTA")
    assert first(found).proven_at == iso_time(now + DAY) and first(found).revocation.state == "good"


# --- revocation ------------------------------------------------------------------------------------------------------


def test_nothing_at_hand_is_unknown_and_no_fault(scan: Path, signing_office: Office) -> None:
    found = verify_file(scan, signing_office.trust)
    assert found.verdict == "valid"
    assert (first(found).revocation.state, first(found).revocation.known_at) == ("unknown", "")


def test_a_list_of_the_time_says_good(scan: Path, signing_office: Office) -> None:
    at = signing_office.now
    trust = with_lists(signing_office, signing_office.crl(at - DAY, at + 6 * DAY))
    state = first(verify_file(scan, trust)).revocation
    assert (state.state, state.source, state.known_at) == ("good", "crl", iso_time(at - DAY))


def test_a_stale_list_leaves_it_unknown_since_then(scan: Path, signing_office: Office) -> None:
    at = signing_office.now
    trust = with_lists(signing_office, signing_office.crl(at - 20 * DAY, at - 13 * DAY))
    found = verify_file(scan, trust)
    assert found.verdict == "valid"
    assert (first(found).revocation.state, first(found).revocation.known_at) == ("unknown", iso_time(at - 20 * DAY))


def test_a_revocation_counts_whatever_time_an_unproven_signature_claims(scan: Path, signing_office: Office) -> None:
    """The key may have been stolen, and whoever has it writes any date."""
    at = signing_office.now
    trust = with_lists(signing_office, signing_office.crl(at + DAY, at + 8 * DAY, {"agency": at + DAY / 2}))
    found = verify_file(scan, trust, now=at + 2 * DAY)
    assert (found.verdict, found.reasons) == ("untrusted", ("certificate-revoked",))
    state = first(found).revocation
    assert (state.state, state.revoked_at, state.reason) == ("revoked", iso_time(at + DAY / 2), "keyCompromise")
    assert not first(found).trusted and first(found).intact


@pytest.mark.parametrize(("hours", "verdict", "state"), [(-1, "untrusted", "revoked"), (1, "valid", "good")])
def test_a_proven_time_decides_on_which_side_a_revocation_lies(
    scan: Path, signing_office: Office, tsa: TimeAuthority, hours: int, verdict: str, state: str
) -> None:
    proven = signing_office.now + DAY
    lists = [signing_office.crl(proven + DAY, proven + 8 * DAY, {"agency": proven + timedelta(hours=hours)})]
    path = stamped(stamped(scan, tsa, proven), tsa, proven + 2 * DAY, lists)
    found = verify_file(path, signing_office.trust, now=proven + 3 * DAY)
    assert (found.verdict, first(found).revocation.state) == (verdict, state)


def test_a_revoked_leader_does_not_touch_the_agency(
    signed_papers: Papers, signing_office: Office, tmp_path: Path
) -> None:
    at = signing_office.now
    trust = with_lists(signing_office, signing_office.crl(at, at + 8 * DAY, {"leader": at - DAY}))
    found = verify_file(signed_papers["both"], trust)
    assert found.reasons == ("certificate-revoked",)
    assert [(each.slot, each.trusted, each.revocation.state) for each in found.signatures] == [
        ("leader", False, "revoked"),
        ("agency", True, "good"),
    ]


@pytest.mark.parametrize(("hours", "state"), [(None, "good"), (-1, "revoked")])
def test_an_answer_in_the_file_counts_like_a_list(
    scan: Path, signing_office: Office, tsa: TimeAuthority, hours: int | None, state: str
) -> None:
    proven = signing_office.now + DAY
    revoked = None if hours is None else proven + timedelta(hours=hours)
    answers = [signing_office.answer("agency", proven + DAY, proven + 2 * DAY, revoked)]
    path = stamped(stamped(scan, tsa, proven), tsa, proven + 2 * DAY, ocsps=answers)
    found = first(verify_file(path, signing_office.trust, now=proven + 3 * DAY))
    assert (found.revocation.state, found.revocation.source) == (state, "ocsp")


def test_a_list_that_the_issuer_did_not_sign_says_nothing(
    scan: Path, signing_office: Office, verify_now: datetime
) -> None:
    """Same names, another key: who may write files could otherwise revoke, or clear, anybody."""
    at = signing_office.now
    false = Office(signing_office.folder, make_pki(verify_now - 60 * DAY), at, certificates=signing_office.certificates)
    assert false.pki.issuing.certificate.subject == signing_office.pki.issuing.certificate.subject
    for made in (false.crl(at, at + DAY, {"agency": at - DAY}), false.crl(at, at + DAY), b"junk", b""):
        found = verify_file(scan, with_lists(signing_office, made))
        assert (found.verdict, first(found).revocation.state) == ("valid", "unknown")


# --- before signing --------------------------------------------------------------------------------------------------


def test_the_check_before_signing_knows_fresh_stale_and_revoked(signing_office: Office) -> None:
    at, own = signing_office.now, signing_office.certificates["agency"]

    def check(*lists: bytes) -> str:
        return check_signer(own, with_lists(signing_office, *lists), signing_office.trust.intermediates, at).state

    assert check() == "unknown"
    assert check(signing_office.crl(at - DAY, at + DAY)) == "good"
    assert check(signing_office.crl(at - 9 * DAY, at - 2 * DAY)) == "unknown"
    with pytest.raises(TrustError) as caught:
        check(signing_office.crl(at - DAY, at + DAY, {"agency": at - 2 * DAY}))
    assert caught.value.code == "certificate-revoked"


# --- algorithms ------------------------------------------------------------------------------------------------------


def plainly_signed(office: Office, folder: Path, bits: int, digest: str) -> Path:
    """A paper signed as any tool may: key size and digest as chosen."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    office = replace(office, keys={}, certificates={})
    office.enrol("agency", key, office.now - DAY, office.now + 90 * DAY)
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    store = SimpleCertificateStore()
    store.register(asn1_x509.Certificate.load(der(office.pki.issuing.certificate)))
    signer = SimpleSigner(
        asn1_x509.Certificate.load(office.certificates["agency"]), asn1_keys.PrivateKeyInfo.load(private), store
    )
    target = make_page(folder / "plain.pdf", "scan")
    metadata = PdfSignatureMetadata(field_name="Other", md_algorithm=digest, subfilter=SigSeedSubFilter.PADES)
    with target.open("r+b") as stream:
        PdfSigner(metadata, signer).sign_pdf(QuietWriter(stream), in_place=True, bytes_reserved=16384)
    return target


@pytest.mark.parametrize(
    ("bits", "digest", "reasons"),
    [(2048, "sha256", ()), (1024, "sha256", ("algorithm-weak",)), (2048, "sha1", ("algorithm-weak",))],
)
def test_weak_algorithms_are_right_and_not_relied_upon(
    signing_office: Office, tmp_path: Path, bits: int, digest: str, reasons: tuple[str, ...]
) -> None:
    found = verify_file(plainly_signed(signing_office, tmp_path, bits, digest), signing_office.trust)
    assert (found.verdict, found.reasons) == ("untrusted" if reasons else "valid", reasons)
    assert first(found).intact and first(found).algorithm == f"{digest.upper()}, RSA {bits}"


def test_what_never_ends_is_judged_like_anything_else(
    signing_office: Office, verify_now: datetime, tmp_path: Path
) -> None:
    """Certificates and lists without an end are dated to the last second that a date can have (RFC 5280)."""
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=verify_now.tzinfo)
    office = replace(signing_office, folder=tmp_path, keys={}, certificates={})
    office.enrol("agency", signing_office.keys["agency"], verify_now - DAY, never)
    stamp = copy_stamp("Ủy ban nhân dân xã Thử Nghiệm", verify_now)
    source = make_page(tmp_path / "page.pdf", "scan")
    path = office.sign(source, tmp_path / "signed.pdf", "incoming-scan", "agency", stamp)
    found = verify_file(path, with_lists(office, office.crl(verify_now - DAY, never)))
    assert (found.verdict, first(found).revocation.state) == ("valid", "good")
    assert first(found).certificate.valid_to.startswith("9999-12-")


def test_a_key_of_another_kind_has_a_name_and_is_not_relied_upon(verify_now: datetime) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    key = ed25519.Ed25519PrivateKey.generate()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(verify_now)
        .not_valid_after(verify_now + DAY)
        .sign(key, None)
    )
    certificate = asn1_x509.Certificate.load(der(made))
    assert key_name(certificate) == "ED25519"
    signer = cms.SignerInfo(
        {"digest_algorithm": {"algorithm": "sha256"}, "signature_algorithm": {"algorithm": "sha256_rsa"}}
    )
    assert weak(signer, certificate, "sha256")


def test_every_mechanism_of_the_box_is_strong(signing_office_of: Callable[[str], Office], verify_pki: Pki) -> None:
    for mechanism in ("rsa-pss", "ecdsa-p256"):
        office = signing_office_of(mechanism)
        found = verify_file(office.papers()["both"], office.trust, ["leader", "agency"])
        assert (found.verdict, found.reasons, found.pdfa) == ("valid", (), True)
