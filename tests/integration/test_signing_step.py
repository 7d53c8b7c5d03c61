"""The signing step with real tokens: a draft without number goes from the leader's word to an issued document."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from appliance import commands
from appliance.domain.authority import Delegation
from appliance.domain.documents import Document, FieldValue, advance
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event, State
from appliance.pipeline.runner import StepFailed
from appliance.pipeline.signing import Signing, SigningPlan
from appliance.store import Store, documents, events
from hsm.client import SocketSigner
from hsm.verify import verify_file
from tests.data.signing_pages import make_page
from tests.fixtures_hsm import ORGANIZATION, SigningBench
from tests.fixtures_store import paper

DEPUTY = "Trần Văn Phó (lãnh đạo)"
CLERK = "Lò Thị Thư (văn thư)"


@pytest.fixture
def signing(
    store: Store,
    signing_bench: SigningBench,
    live_signer: SocketSigner,
    tmp_path: Path,
    signature_png: bytes,
    seal_png: bytes,
) -> Signing:
    leader, seal = tmp_path / "leader.png", tmp_path / "seal.png"
    leader.write_bytes(signature_png)
    seal.write_bytes(seal_png)
    plan = SigningPlan(
        agency=ORGANIZATION,
        trust=signing_bench.trust,
        intermediates=tuple(signing_bench.intermediates),
        leader_image=leader,
        seal_image=seal,
        font_cache=tmp_path / "fonts",
        seal_size=None,
        office="Văn phòng HĐND và UBND",
        copy_form="TRÍCH SAO",
    )
    return Signing(store, tmp_path / "work", live_signer, plan)


def digitized(store: Store, tmp_path: Path, name: str, kind: Kind, **fields: str) -> Document:
    """A page as the digitizer would leave it."""
    made = make_page(tmp_path / f"{name}.pdf", name)
    blob = store.blobs.put(made)
    fresh = paper(kind)
    values = {key: FieldValue(value) for key, value in fields.items()}
    after = advance(
        fresh, Event.DIGITIZED, fresh.received_at, pages=1, archive_sha256=blob.sha256, current_sha256=blob.sha256,
        current_size=blob.size, fields=values,
    )  # fmt: skip

    def change(db: object) -> None:
        documents.insert(db, fresh, "intake", {})
        documents.save(db, fresh, after, "worker", Event.DIGITIZED, {})

    store.write(change)
    return after


def load(store: Store, document: Document) -> Document:
    return store.read(lambda db: documents.load(db, document.id))


def test_a_draft_gets_number_and_day_after_the_leader_and_before_the_seal(
    store: Store, signing: Signing, signing_bench: SigningBench, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    today = (now + timedelta(hours=7)).date()
    held = Delegation("KT.", "Trần Văn Phó", "CHỦ TỊCH", today - timedelta(days=1), today, "QĐ 05/QĐ-UBND")
    one = digitized(store, tmp_path, "draft", Kind.OUTGOING, signer_position="KT. CHỦ TỊCH / PHÓ CHỦ TỊCH")
    commands.nudge(store, one.id, Slot.LEADER, (2.0, 1.0), CLERK, now)
    commands.approve(store, one.id, DEPUTY, now, delegations=[held])
    signing(load(store, one), now)
    signed = load(store, one)
    (leader,) = signed.signatures
    assert (leader.blanks, leader.notation, leader.notes) == (("number", "date"), "QĐ-UBND", ("nudged:2:1",))
    commands.consent(store, one.id, Slot.AGENCY, CLERK, now)
    signing(load(store, one), now)
    issued = load(store, one)
    number = f"{issued.register_number:02d}"
    assert issued.state is State.SIGNED
    assert (issued.value("code"), issued.value("issued_date")) == (f"{number}/QĐ-UBND", today.isoformat())
    found = verify_file(store.blobs.existing(issued.current_sha256), signing_bench.trust, ["leader", "agency"])
    assert (found.verdict, found.pdfa) == ("valid", True)
    assert [each.field for each in found.signatures] == ["CommuneBoxLeader", "CommuneBoxNumber", "CommuneBoxAgency"]
    told = store.read(lambda db: list(events.entries(db, one.id)))
    assert [entry.event for entry in told][-5:] == [
        "nudged",
        "approved",
        "signature-applied",
        "consented",
        "signatures-complete",
    ]
    assert told[-3].detail["notes"] == ["nudged:2:1"] and told[-3].detail["revocation"]


def test_a_power_that_ended_before_the_token_came_signs_nothing(store: Store, signing: Signing, tmp_path: Path) -> None:
    then = datetime.now(UTC)
    day = (then + timedelta(hours=7)).date()
    held = Delegation("TL.", "Trần Văn Phó", "CHỦ TỊCH", date(2026, 1, 1), day)
    one = digitized(store, tmp_path, "letter", Kind.OUTGOING, signer_authority="TL. CHỦ TỊCH")
    commands.approve(store, one.id, DEPUTY, then, delegations=[held])
    with pytest.raises(StepFailed, match="delegation-ended"):
        signing(load(store, one), then + timedelta(days=2))
    assert load(store, one).signatures == ()


def test_a_move_off_the_page_waits_for_a_person_and_breaks_nothing(
    store: Store, signing: Signing, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    one = digitized(store, tmp_path, "scan", Kind.INCOMING_SCAN)
    commands.nudge(store, one.id, Slot.AGENCY, (40.0, 0.0), CLERK, now)
    commands.approve(store, one.id, CLERK, now)
    with pytest.raises(StepFailed, match="nudge-off-page"):
        signing(load(store, one), now)
    commands.nudge(store, one.id, Slot.AGENCY, (0.0, 0.0), CLERK, now)
    signing(load(store, one), now)
    assert load(store, one).state is State.SIGNED


def test_a_clock_behind_the_papers_own_history_signs_nothing(store: Store, signing: Signing, tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(hours=3)
    one = digitized(store, tmp_path, "scan", Kind.INCOMING_SCAN)
    commands.approve(store, one.id, CLERK, later)
    with pytest.raises(StepFailed, match="clock-implausible"):
        signing(load(store, one), datetime.now(UTC))


def test_an_attachment_waits_for_the_number_it_belongs_to(
    store: Store, signing: Signing, signing_bench: SigningBench, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    one = digitized(store, tmp_path, "scan", Kind.APPENDIX)
    commands.approve(store, one.id, CLERK, now)
    with pytest.raises(StepFailed, match="attachment-number-missing"):
        signing(load(store, one), now)
    other = digitized(store, tmp_path, "scan", Kind.APPENDIX, code="15/QĐ-UBND")
    commands.approve(store, other.id, CLERK, now)
    signing(load(store, other), now)
    assert load(store, other).state is State.SIGNED


def test_an_appendix_shows_the_number_that_its_draft_got_at_issue(
    store: Store, signing: Signing, signing_bench: SigningBench, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    draft = digitized(store, tmp_path, "draft", Kind.OUTGOING)
    annex = digitized(store, tmp_path, "scan", Kind.INCOMING_SCAN)
    commands.attach(store, annex.id, draft.id, CLERK, now)
    commands.approve(store, draft.id, DEPUTY, now)
    signing(load(store, draft), now)
    commands.consent(store, draft.id, Slot.AGENCY, CLERK, now)
    signing(load(store, annex), now)
    signed, code = load(store, annex), load(store, draft).value("code")
    assert (signed.state, signed.value("code")) == (State.SIGNED, code) and code.endswith("/QĐ-UBND")
    found = verify_file(store.blobs.existing(signed.current_sha256), signing_bench.trust, ["agency"])
    assert (found.verdict, [each.field for each in found.signatures]) == ("valid", ["CommuneBoxAgency"])


def test_the_form_of_a_copy_and_the_office_are_the_offices_own(store: Store, signing: Signing, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    one = digitized(store, tmp_path, "landscape", Kind.INCOMING_SCAN)
    commands.approve(store, one.id, CLERK, now)
    signing(load(store, one), now)
    with pikepdf.open(store.blobs.existing(load(store, one).current_sha256)) as document:
        shown = document.Root.AcroForm.Fields[0].AP.N.read_bytes()
    assert shown.count(b"Tj") == 5, "form, agency, time, words, office"
