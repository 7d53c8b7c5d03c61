"""The levels of long-term proof on a real file, with a real authority on loopback, now and in a simulated 2036."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from hsm.gathering import EvidenceError, Gatherer
from hsm.longterm_check import Proof, proofs_at, proofs_if_kept_up
from hsm.pdfa import check_pdfa
from hsm.revocation_sources import matching
from hsm.tsa import Pace, StampClient
from hsm.upgrade import Upgrader, UpgradeRefused, begins_with
from hsm.verify import verify_file
from tests.fixtures_pki import TODAY, TestAuthority, sign_letter

IN_2036 = datetime(2036, 6, 1, tzinfo=UTC)
LATER = TODAY + timedelta(hours=2)
NEXT_DAY = TODAY + timedelta(days=1)


def upgrader(authority: TestAuthority, *urls: str) -> Upgrader:
    client = StampClient(urls or (authority.tsa(),), authority.stamp_trust, Pace(1000, 60.0), patience=20.0)
    gatherer = Gatherer(authority.trust, authority.stamp_trust, patience=20.0)
    return Upgrader(authority.trust, authority.stamp_trust, client.stamp, gatherer)


def proven(authority: TestAuthority, path: Path, moment: datetime) -> tuple[Proof, ...]:
    return proofs_at(path, authority.trust, authority.stamp_trust, moment, newest_stamp_good=True)


def kept(authority: TestAuthority, path: Path, now: datetime) -> list[bool]:
    found = proofs_if_kept_up(path, authority.trust, authority.stamp_trust, IN_2036, now)
    return [one.proven for one in found]


@pytest.fixture
def stamped(authority: TestAuthority, signed: Path, tmp_path: Path) -> Path:
    upgrader(authority).stamp(signed, tmp_path / "stamped.pdf", TODAY)
    return tmp_path / "stamped.pdf"


@pytest.fixture
def evident(authority: TestAuthority, stamped: Path, tmp_path: Path) -> Path:
    authority.at = LATER
    upgrader(authority).evidence(stamped, tmp_path / "evident.pdf", LATER)
    return tmp_path / "evident.pdf"


@pytest.fixture
def archived(authority: TestAuthority, evident: Path, tmp_path: Path) -> Path:
    authority.at = NEXT_DAY
    upgrader(authority).evidence(evident, tmp_path / "archived.pdf", NEXT_DAY)
    return tmp_path / "archived.pdf"


def test_every_step_appends_and_leaves_all_that_was(
    authority: TestAuthority, signed: Path, stamped: Path, evident: Path, archived: Path
) -> None:
    steps = [signed, stamped, evident, archived]
    for before, after in pairwise(steps):
        assert begins_with(after, before)
        assert after.stat().st_size - before.stat().st_size < 30_000
    found = verify_file(archived, authority.trust, ["leader", "agency"], NEXT_DAY)
    assert (found.verdict, found.pdfa) == ("valid", True), found.reasons
    assert [one.timestamp for one in found.signatures] == [False, False, True, True, True]
    assert found.signatures[-1].covers_whole_file
    assert check_pdfa(archived).passed
    if shutil.which("qpdf"):
        assert subprocess.run(["qpdf", "--check", str(archived)], capture_output=True, check=False).returncode == 0


def test_other_products_still_find_both_signatures_right(archived: Path) -> None:
    if shutil.which("pdfsig") is None:
        pytest.skip("missing: pdfsig")
    told = subprocess.run(["pdfsig", "-nocert", str(archived)], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature is Valid") == 2, told


def test_without_stamps_nothing_is_provable(authority: TestAuthority, signed: Path) -> None:
    for moment in (TODAY, IN_2036):
        assert not any(one.proven for one in proven(authority, signed, moment))
    assert kept(authority, signed, TODAY) == [False, False]


def test_a_stamp_alone_says_when_but_lasts_only_with_evidence(authority: TestAuthority, stamped: Path) -> None:
    found = proven(authority, stamped, TODAY)
    assert [one.proven_at for one in found] == [TODAY, TODAY]
    assert kept(authority, stamped, TODAY) == [False, False], "no revocation data in the file yet"


def test_with_evidence_and_archived_it_can_be_kept_up(authority: TestAuthority, evident: Path, archived: Path) -> None:
    assert [(one.proven, one.proven_at) for one in proven(authority, evident, LATER)] == [(True, TODAY)] * 2
    assert kept(authority, evident, LATER) == [True, True]
    assert kept(authority, archived, NEXT_DAY) == [True, True]


def test_signatures_verify_in_2036_after_a_renewal_by_another_service(
    authority: TestAuthority, archived: Path, tmp_path: Path
) -> None:
    """The signers' certificates ended in 2028 and 2030, the first service's in 2032; the second's is good in 2036."""
    assert not any(one.proven for one in proven(authority, archived, IN_2036)), "nobody renewed it before 2032"
    renewal = authority.at = datetime(2031, 3, 1, tzinfo=UTC)
    renewed = tmp_path / "renewed.pdf"
    done = upgrader(authority, authority.tsa("tsa2")).evidence(archived, renewed, renewal)
    assert done.stamp_not_after.year == 2060
    found = proven(authority, renewed, IN_2036)
    assert [(one.slot, one.proven, one.indication, one.proven_at) for one in found] == [
        ("leader", True, "OK", TODAY),
        ("agency", True, "OK", TODAY),
    ], found


def test_a_changed_file_is_never_upgraded(authority: TestAuthority, signed: Path, tmp_path: Path) -> None:
    changed = bytearray(signed.read_bytes())
    changed[600] ^= 1
    signed.write_bytes(changed)
    with pytest.raises(UpgradeRefused):
        upgrader(authority).stamp(signed, tmp_path / "out.pdf", TODAY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["signed.pdf"]
    assert "/box/tsa/tsa" not in authority.asked, "it is not even asked for a stamp"


def test_a_slow_responder_does_not_make_the_file_unprovable(
    authority: TestAuthority, stamped: Path, tmp_path: Path
) -> None:
    """Its answer is younger than the moment at which we began to ask; pyHanko would drop it (signing.md F11)."""
    authority.at, authority.ocsp_delay = LATER + timedelta(minutes=3), 1.5
    upgrader(authority).evidence(stamped, tmp_path / "out.pdf", LATER)
    assert kept(authority, tmp_path / "out.pdf", LATER + timedelta(minutes=3)) == [True, True]
    assert "/box/crls/issuing/latest.crl" not in authority.asked


def test_without_a_responder_the_list_must_be_younger_than_the_stamp(
    authority: TestAuthority, stamped: Path, tmp_path: Path
) -> None:
    authority.deaf.add("/box/ocsp")
    authority.at = LATER  # the list of the week was issued before the stamp
    with pytest.raises(EvidenceError) as caught:
        upgrader(authority).evidence(stamped, tmp_path / "out.pdf", LATER)
    assert (caught.value.code, caught.value.final) == ("evidence-too-old", False)
    after = authority.at = TODAY + timedelta(days=8)
    upgrader(authority).evidence(stamped, tmp_path / "out.pdf", after)
    assert kept(authority, tmp_path / "out.pdf", after) == [True, True]


def test_lists_at_hand_stand_in_for_a_silent_authority(authority: TestAuthority, stamped: Path, tmp_path: Path) -> None:
    """They came on a stick; the signers' list is younger than the stamp, the root's need not be."""
    after = authority.at = TODAY + timedelta(days=8)
    authority.deaf |= {"/box/ocsp", "/box/crls"}
    brought = [authority.crl("root", TODAY), authority.crl("issuing", after)]
    able = upgrader(authority)
    assert able.gatherer is not None
    able.gatherer.lists = lambda certificate, since: matching(brought, certificate, since)
    with pytest.raises(EvidenceError):
        able.evidence(stamped, tmp_path / "out.pdf", after)
    brought[0] = authority.crl("root", after)
    able.evidence(stamped, tmp_path / "out.pdf", after)
    assert kept(authority, tmp_path / "out.pdf", after) == [True, True]
    brought[1] = authority.crl("issuing", TODAY)
    with pytest.raises(EvidenceError) as caught:
        able.evidence(stamped, tmp_path / "other.pdf", after)
    assert caught.value.code == "evidence-unreachable"


def test_nothing_can_be_had_without_a_line(authority: TestAuthority, stamped: Path, tmp_path: Path) -> None:
    authority.deaf |= {"/box/ocsp", "/box/crls"}
    with pytest.raises(EvidenceError) as caught:
        upgrader(authority).evidence(stamped, tmp_path / "out.pdf", LATER)
    assert (caught.value.code, caught.value.final) == ("evidence-unreachable", False)


def test_revoked_before_the_stamp_is_told_for_good(authority: TestAuthority, tmp_path: Path) -> None:
    both, _ = sign_letter(authority, tmp_path, leader="revoked")
    upgrader(authority).stamp(both, tmp_path / "t.pdf", TODAY)
    authority.at = LATER
    with pytest.raises(EvidenceError) as caught:
        upgrader(authority).evidence(tmp_path / "t.pdf", tmp_path / "out.pdf", LATER)
    assert (caught.value.code, caught.value.final) == ("evidence-revoked", True)


def test_revoked_after_the_stamp_stays_provable(authority: TestAuthority, tmp_path: Path) -> None:
    both, _ = sign_letter(authority, tmp_path, leader="revoked-later")
    upgrader(authority).stamp(both, tmp_path / "t.pdf", TODAY)
    after = authority.at = datetime(2026, 12, 20, tzinfo=UTC)
    upgrader(authority).evidence(tmp_path / "t.pdf", tmp_path / "out.pdf", after)
    assert kept(authority, tmp_path / "out.pdf", after) == [True, True]


def test_a_clock_far_ahead_costs_an_attempt_and_not_the_paper(
    authority: TestAuthority, stamped: Path, tmp_path: Path
) -> None:
    """To a box that believes it is 2041 every certificate has expired."""
    authority.at = LATER
    with pytest.raises(EvidenceError) as caught:
        upgrader(authority).evidence(stamped, tmp_path / "out.pdf", datetime(2041, 1, 1, tzinfo=UTC))
    assert not caught.value.final


def test_a_clock_that_is_slow_does_not_stop_it(authority: TestAuthority, stamped: Path, tmp_path: Path) -> None:
    """The box believes it is still an hour before the stamp."""
    authority.at = LATER
    slow = TODAY - timedelta(hours=1)
    upgrader(authority).evidence(stamped, tmp_path / "out.pdf", slow)
    assert kept(authority, tmp_path / "out.pdf", LATER) == [True, True]
