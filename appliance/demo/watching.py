"""Following papers through a running installation: read models only, and the two people of the demo who press buttons.

Owns what "this paper has come to its end" means for each expectation, and the proof that it ended well.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from appliance import commands
from appliance.demo.installation import Installation, program, run_program
from appliance.demo.papers import DemoFile
from appliance.domain.chain import Entry
from appliance.domain.documents import Document, consent_of
from appliance.domain.kinds import Slot
from appliance.domain.states import State
from appliance.services.clock import utc_now
from appliance.store import Store, documents, events, held, outbox, texts
from appliance.store.blobs import digest_of
from appliance.store.held import Held
from hsm.trust import Trust
from hsm.verify import verify_file

LEADER_BY, CLERK_BY = "lãnh đạo (trình diễn)", "văn thư (trình diễn)"


@dataclass
class Followed:
    """One dropped paper and what the box says about it now."""

    file: DemoFile
    dropped_name: str
    document: Document | None = None
    held: Held | None = None
    events: list[Entry] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether the paper is where its expectation says it ends, or can go no further."""
        if self.file.expectation == "truncated":
            return self.held is not None
        if self.document is None:
            return False
        if self.file.expectation == "suspected-secret":
            return self.document.state is State.QUARANTINED
        return self.document.state in (State.DELIVERED, State.REFUSED, State.QUARANTINED, State.DISCARDED)


def refresh(store: Store, papers: list[Followed]) -> None:
    """Read again what the box knows about ``papers``."""
    found = {one.original_name: one for one in store.read(lambda db: documents.listed(db, limit=1000))}
    files = {one.name: one for one in store.read(held.listed)}
    for paper in papers:
        paper.document = found.get(paper.dropped_name)
        paper.held = files.get(paper.dropped_name)
        if document := paper.document:
            paper.events = store.read(lambda db, key=document.id: list(events.entries(db, key)))  # type: ignore[misc]


def press_buttons(store: Store, papers: list[Followed]) -> None:
    """What the leader and the clerk would do now: approve and sign outgoing papers, then seal and issue them."""
    for paper in papers:
        document = paper.document
        if document is None or paper.file.expectation != "receipt":
            continue
        if document.state is State.DIGITIZED and document.policy == "person":
            commands.approve(store, document.id, LEADER_BY, utc_now())
        elif document.filled and document.open_slot is Slot.AGENCY and consent_of(document, Slot.AGENCY) is None:
            commands.consent(store, document.id, Slot.AGENCY, CLERK_BY, utc_now())


def report(made: Installation, store: Store, paper: Followed) -> dict[str, Any]:
    """Everything the demo knows about one paper, with ``ok`` = it ended as it must and the proof holds."""
    document = paper.document
    facts: dict[str, Any] = {
        "key": paper.file.paper.key,
        "file": paper.dropped_name,
        "kind": paper.file.kind,
        "expectation": paper.file.expectation,
        "document_id": document.id if document else None,
        "states": [{"event": entry.event, "at": entry.at, "by": entry.by} for entry in paper.events],
    }
    if document:
        facts |= {
            "state": document.state.value,
            "reason": document.reason_code,
            "fields": {name: value.value for name, value in document.fields.items()},
            "digests": {
                "original": document.original_sha256,
                "archive": document.archive_sha256,
                "signed": document.current_sha256,
            },
        }
    if paper.held:
        facts |= {"state": "quarantined", "reason": paper.held.code, "held_file": paper.held.path}
    if paper.file.expectation == "truncated":
        facts["ok"] = paper.held is not None and document is None
    elif paper.file.expectation == "suspected-secret":
        facts |= _secret_stayed(made, store, document)
    else:
        facts |= _delivered(made, store, document)
    return facts


def _secret_stayed(made: Installation, store: Store, document: Document | None) -> dict[str, Any]:
    if document is None:
        return {"ok": False}
    queued = store.read(lambda db: outbox.latest(db, document.id)) is not None
    text = store.read(lambda db: texts.of_document(db, document.id))
    known = {one["document_id"] for one in _province_documents(made)}
    stayed = not queued and not text and document.id not in known and not document.archive_sha256
    return {"ok": stayed and document.state is State.QUARANTINED, "never_left": stayed}


def _province_documents(made: Installation) -> list[dict[str, Any]]:
    answer = run_program(
        [*program("commune-province"), "documents", "--dir", str(made.province), "--json"], made.environment
    )
    listed: list[dict[str, Any]] = answer["documents"]
    return listed


def _delivered(made: Installation, store: Store, document: Document | None) -> dict[str, Any]:
    if document is None or document.state is not State.DELIVERED:
        return {"ok": False}
    delivery = store.read(lambda db: outbox.latest(db, document.id))
    folder = Path(tempfile.mkdtemp(prefix="commune-demo."))
    try:
        copy = folder / "province.pdf"
        command = [
            *program("commune-province"), "export", document.id, "-o", str(copy), "--dir", str(made.province), "--json",
        ]  # fmt: skip
        run_program(command, made.environment)
        province_sha256 = digest_of(copy)
        pki = made.root / "box" / "pki"
        trust = Trust.from_files([pki / "root.pem"], [pki / "issuing.pem"])
        verification = verify_file(copy, trust, expected_slots=tuple(slot.value for slot in document.filled))
    finally:
        shutil.rmtree(folder)
    times = sum(one["document_id"] == document.id for one in _province_documents(made))
    receipt = delivery.answer_bytes.hex() if delivery and delivery.answer_bytes else ""
    return {
        "ok": province_sha256 == document.current_sha256
        and verification.verdict == "valid"
        and bool(receipt)
        and times == 1,
        "province_sha256": province_sha256,
        "bytes_equal": province_sha256 == document.current_sha256,
        "province_times": times,
        "verdict": verification.verdict,
        "pdfa": verification.pdfa,
        "signatures": [asdict(signature) for signature in verification.signatures],
        "receipt": {
            "signed": receipt,
            "at": delivery.answered_at.isoformat() if delivery and delivery.answered_at else None,
        },
    }
