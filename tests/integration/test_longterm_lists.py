"""The lists of revoked certificates on the disk: what enters, what is refused, and what the signing check makes of
them: good, unknown since when, or revoked and so refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hsm.revocation import ListRefused, RevocationLists, addresses, stale_since
from hsm.trust import Trust, TrustError, check_signer
from tests.fixtures_pki import TODAY, TestAuthority


@pytest.fixture
def lists(authority: TestAuthority, tmp_path: Path) -> RevocationLists:
    return RevocationLists(tmp_path / "revocation", authority.trust)


def checked(authority: TestAuthority, lists: RevocationLists, label: str, now: datetime) -> tuple[str, str]:
    trust = Trust(authority.trust.roots, authority.trust.intermediates, lists.contents())
    found = check_signer(authority.certificate(label), trust, authority.trust.intermediates, now)
    return found.state, found.known_at


def both(authority: TestAuthority, lists: RevocationLists, at: datetime) -> None:
    for label in ("root", "issuing"):
        lists.keep(authority.crl(label, at), at)


def test_fresh_lists_make_a_certificate_good(authority: TestAuthority, lists: RevocationLists) -> None:
    assert checked(authority, lists, "leader", TODAY)[0] == "unknown", "nothing is known without a list"
    both(authority, lists, TODAY)
    state, known_at = checked(authority, lists, "leader", TODAY)
    assert state == "good"
    assert TODAY - timedelta(days=7) <= datetime.fromisoformat(known_at) <= TODAY


def test_an_ended_list_means_unknown_since_its_day(authority: TestAuthority, lists: RevocationLists) -> None:
    both(authority, lists, TODAY)
    issued = next(one.issued for one in lists.kept() if "G2" in one.issuer)
    later = TODAY + timedelta(days=30)
    state, known_at = checked(authority, lists, "leader", later)
    assert (state, datetime.fromisoformat(known_at)) == ("unknown", issued)
    assert stale_since(lists.kept(), later) == min(one.issued for one in lists.kept())
    assert stale_since(lists.kept(), TODAY) is None


@pytest.mark.parametrize("days", [0, 60])
def test_a_revoked_certificate_is_refused_by_a_fresh_and_by_an_ended_list(
    authority: TestAuthority, lists: RevocationLists, days: int
) -> None:
    both(authority, lists, TODAY)
    with pytest.raises(TrustError) as caught:
        checked(authority, lists, "revoked", TODAY + timedelta(days=days))
    assert caught.value.code == "certificate-revoked"


def test_lists_are_fetched_where_certificates_say(authority: TestAuthority, lists: RevocationLists) -> None:
    found = addresses([authority.certificate("leader"), authority.certificate("agency"), authority.certificate("tsa")])
    assert found == [f"{authority.url}/box/crls/issuing/latest.crl", f"{authority.url}/box/crls/root/latest.crl"]
    for url in found:
        assert lists.fetch(url, TODAY, 20.0).fresh(TODAY)
    assert len(lists.kept()) == 2


@pytest.mark.parametrize(
    ("fault", "code"), [("error", "list-silent"), ("portal", "list-unreadable"), ("hang", "list-silent")]
)
def test_a_faulty_address_costs_nothing_that_is_held(
    authority: TestAuthority, lists: RevocationLists, fault: str, code: str
) -> None:
    both(authority, lists, TODAY)
    before = lists.contents()
    with pytest.raises(ListRefused) as caught:
        lists.fetch(authority.fault(fault), TODAY, 1.0)
    assert caught.value.code == code
    assert lists.contents() == before


def test_an_older_list_never_comes_back(authority: TestAuthority, lists: RevocationLists) -> None:
    """With last month's list a certificate revoked since would be good again."""
    both(authority, lists, TODAY)
    before = lists.contents()
    with pytest.raises(ListRefused) as caught:
        lists.keep(authority.crl("issuing", TODAY - timedelta(days=30)), TODAY)
    assert caught.value.code == "list-older"
    lists.keep(authority.crl("issuing", TODAY), TODAY)
    assert lists.contents() == before
    newer = lists.keep(authority.crl("issuing", TODAY + timedelta(days=9)), TODAY + timedelta(days=9))
    assert newer.issued > TODAY
    assert len(lists.kept()) == 2, "it took the older one's place"


def test_strangers_changed_bytes_and_the_future_are_refused(authority: TestAuthority, lists: RevocationLists) -> None:
    whole = authority.crl("issuing", TODAY)
    refusals = {
        "list-unreadable": b"<html>login</html>",
        "list-stranger": whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:],
        "list-future": authority.crl("issuing", TODAY + timedelta(days=30)),
    }
    for code, content in refusals.items():
        with pytest.raises(ListRefused) as caught:
            lists.keep(content, TODAY)
        assert caught.value.code == code
    alone = RevocationLists(lists.folder, Trust((authority.certificate("strange-root"),)))
    with pytest.raises(ListRefused) as caught:
        alone.keep(whole, TODAY)
    assert caught.value.code == "list-stranger"
    assert lists.kept() == ()


def test_a_partial_list_is_refused(tmp_path: Path) -> None:
    """What a delta list leaves out would look good."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(TODAY - timedelta(days=1)).not_valid_after(TODAY + timedelta(days=99))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    lists = RevocationLists(tmp_path, Trust((certificate.public_bytes(serialization.Encoding.DER),)))
    plain = (
        x509.CertificateRevocationListBuilder().issuer_name(name).last_update(TODAY)
        .next_update(TODAY + timedelta(days=7))
    )  # fmt: skip
    delta = plain.add_extension(x509.DeltaCRLIndicator(1), critical=True).sign(key, hashes.SHA256())
    der = serialization.Encoding.DER
    with pytest.raises(ListRefused) as caught:
        lists.keep(delta.public_bytes(der), TODAY)
    assert caught.value.code == "list-partial"
    lists.keep(plain.sign(key, hashes.SHA256()).public_bytes(der), TODAY)


def test_pem_and_der_are_the_same_list(authority: TestAuthority, lists: RevocationLists) -> None:
    der = authority.crl("root", TODAY)
    one = lists.keep(pem.armor("X509 CRL", der), TODAY)
    assert lists.keep(der, TODAY) == one
    assert lists.contents() == (der,)


def test_a_damaged_file_in_the_folder_is_no_list(authority: TestAuthority, lists: RevocationLists) -> None:
    both(authority, lists, TODAY)
    lists.kept()[0].file.write_bytes(b"half a li")
    (lists.folder / "other.crl").write_bytes(b"")
    assert len(lists.kept()) == 1
    both(authority, lists, TODAY)
    assert len(lists.kept()) == 2


def test_another_process_sees_a_new_list_at_once(authority: TestAuthority, lists: RevocationLists) -> None:
    reader = RevocationLists(lists.folder, authority.trust)
    assert reader.contents() == ()
    both(authority, lists, TODAY)
    assert len(reader.contents()) == 2
    newer = datetime(2026, 12, 20, tzinfo=UTC)
    both(authority, lists, newer)
    assert set(reader.contents()) == set(lists.contents())
