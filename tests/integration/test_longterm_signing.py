"""The signing step with lists of revoked certificates at hand: good, unknown since when, never known, or refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance import commands
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.pipeline.runner import StepFailed
from appliance.pipeline.signing import Signing, SigningPlan
from appliance.store import Store, documents, events
from appliance.store import longterm as rows
from appliance.wording import speak
from appliance.wording.states import event_sentence
from hsm.revocation import RevocationLists
from tests.fixtures_pki import AGENCY, TODAY, TestAuthority
from tests.integration.test_signing_step import digitized

CLERK = "Lò Thị Thư (văn thư)"


def sign(
    authority: TestAuthority,
    store: Store,
    tmp_path: Path,
    lists: RevocationLists | None,
    now: datetime = TODAY,
    **other: str,
) -> Document:
    """A scan that the agency's key signs, with what the box has of lists."""
    plan = SigningPlan(
        agency=AGENCY,
        trust=authority.trust,
        intermediates=authority.trust.intermediates,
        leader_image=None,
        seal_image=None,
        font_cache=tmp_path / "fonts",
        seal_size=None,
        office="Văn phòng",
        copy_form="SAO Y",
    )
    paper = digitized(store, tmp_path, "scan", Kind.INCOMING_SCAN)
    commands.approve(store, paper.id, CLERK, now)
    step = Signing(store, tmp_path / "work", authority.service(**other), plan, lambda: now, lists)
    step(store.read(lambda db: documents.load(db, paper.id)), now)
    return store.read(lambda db: documents.load(db, paper.id))


def held(authority: TestAuthority, tmp_path: Path, at: datetime) -> RevocationLists:
    lists = RevocationLists(tmp_path / "revocation", authority.trust)
    for label in ("root", "issuing"):
        lists.keep(authority.crl(label, at), at)
    return lists


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [
        (0, "good", "chứng thư chưa bị thu hồi (theo danh sách ngày 2026-11-20)"),
        (30, "unknown", "không rõ tình trạng thu hồi từ 2026-11-20"),
        (None, "unknown", "không rõ tình trạng thu hồi, hộp chưa có danh sách nào"),
    ],
)
def test_what_was_known_is_kept_with_the_signature_and_told(
    authority: TestAuthority, store: Store, tmp_path: Path, days: int | None, state: str, words: str
) -> None:
    lists = None if days is None else held(authority, tmp_path, TODAY)
    now = TODAY + timedelta(days=days or 0)
    paper = sign(authority, store, tmp_path, lists, now)
    assert paper.state is State.SIGNED
    assert paper.signatures[0].revocation == state
    told = store.read(lambda db: list(events.entries(db, paper.id)))[-1]
    with speak("vi"):
        assert words in event_sentence(told.event, told.detail)
    with speak("en"):
        assert "revo" in event_sentence(told.event, told.detail)
    proof = store.read(lambda db: rows.find(db, paper.id))
    assert proof is not None
    assert (proof.level, proof.sha256, proof.step) == ("B-B", paper.current_sha256, "stamp")
    assert proof.signers_end.year == 2030
    if days == 0:
        assert proof.list_until == proof.deadline, "a stamp is wanted before the list ends that said good"


@pytest.mark.parametrize("days", [0, 40])
def test_a_revoked_certificate_never_signs(authority: TestAuthority, store: Store, tmp_path: Path, days: int) -> None:
    """Also when the list that says so has ended since."""
    lists = held(authority, tmp_path, TODAY)
    with pytest.raises(StepFailed) as caught:
        sign(authority, store, tmp_path, lists, TODAY + timedelta(days=days), agency="revoked")
    assert str(caught.value) == "certificate-revoked"
    (paper,) = store.read(lambda db: documents.listed(db))
    assert (paper.state, paper.signatures) == (State.APPROVED, ())


def test_a_list_that_arrives_counts_from_the_next_signature_on(
    authority: TestAuthority, store: Store, tmp_path: Path
) -> None:
    lists = RevocationLists(tmp_path / "revocation", authority.trust)
    assert sign(authority, store, tmp_path, lists).signatures[0].revocation == "unknown"
    held(authority, tmp_path, TODAY)
    assert sign(authority, store, tmp_path, lists).signatures[0].revocation == "good"
