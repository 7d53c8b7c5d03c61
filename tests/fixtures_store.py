"""A real store on the test's own disk, papers to put into it, and processes that use it: shared by the core's tests.

Owns: the fixed moment ``NOW``, building documents in any state by the domain's own decisions, and the bodies of child
processes (they must be importable by name). Refuses to mock SQLite or the file system.
"""

from __future__ import annotations

import dataclasses
import hashlib
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.documents import Document, FieldValue, Signature, add_signature, advance, give_consent
from appliance.domain.kinds import SLOTS, Kind, Slot
from appliance.domain.states import Event, State
from appliance.ids import new_id
from appliance.store import Store, documents, open_store, outbox

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.fixtures_store"])


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the present schema and nothing in it, made once."""
    root = tmp_path_factory.mktemp("migrated")
    open_store(root / "box.db", root / "blobs").close()
    return root / "box.db"


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder in memory where there is one: fsync costs nothing there, and no power is cut while these tests run."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def store(ground: Path, migrated_file: Path) -> Iterator[Store]:
    """An empty store on ``ground``."""
    shutil.copyfile(migrated_file, ground / "box.db")
    opened = open_store(ground / "box.db", ground / "blobs")
    yield opened
    opened.close()


def sha256_of(content: bytes) -> str:
    """The name of a blob with this content."""
    return hashlib.sha256(content).hexdigest()


def paper(kind: Kind = Kind.INCOMING_SCAN, **changes: Any) -> Document:
    """A document that has just been received; its digest follows from its id."""
    document_id = changes.pop("id", None) or new_id()
    fresh = Document(
        id=document_id,
        kind=kind,
        state=State.RECEIVED,
        version=1,
        original_sha256=hashlib.sha256(document_id.encode()).hexdigest(),
        original_name="quét 001.pdf",
        media_type="application/pdf",
        folder="den",
        policy="person",
        received_at=NOW,
        updated_at=NOW,
    )
    return dataclasses.replace(fresh, **changes)


def digitized(document: Document) -> Document:
    """``document`` after the child read it."""
    archive = hashlib.sha256(b"archive" + document.id.encode()).hexdigest()
    return advance(
        document,
        Event.DIGITIZED,
        NOW,
        pages=1,
        archive_sha256=archive,
        current_sha256=archive,
        current_size=7,
        fields={"subject": FieldValue("Về việc chi trả trợ cấp", 0.9, 1, (70.0, 160.0, 280.0, 180.0))},
    )


def signature(document: Document, slot: Slot) -> Signature:
    """A signature as the signing step would report it; ``keep`` puts its file into the store."""
    content = signed_content(document.current_sha256, slot)
    after = hashlib.sha256(content).hexdigest()
    return Signature(slot, after, len(content), NOW, "c" * 64, "Nguyễn Văn A", 1, (400.0, 40.0, 560.0, 90.0))


def signed_content(before: str, slot: Slot) -> bytes:
    """What stands for the file signed for ``slot``, after the file with the digest ``before``."""
    return f"{before}:{slot}".encode()


def approved(document: Document) -> Document:
    """``document`` with its fields confirmed and the first slot consented to."""
    after = advance(digitized(document), Event.APPROVED, NOW)
    slot = after.open_slot
    assert slot
    return give_consent(after, slot, "clerk", NOW)


def signed(document: Document) -> Document:
    """``document`` with every slot of its kind filled."""
    after = approved(document)
    for slot in SLOTS[document.kind]:
        after = add_signature(give_consent(after, slot, "clerk", NOW), signature(after, slot), NOW)
    return after


def in_state(state: State, **changes: Any) -> Document:
    """A document that came to ``state`` by legal events only."""
    makers: dict[State, Callable[[Document], Document]] = {
        State.RECEIVED: lambda fresh: fresh,
        State.DIGITIZED: digitized,
        State.APPROVED: approved,
        State.SIGNED: signed,
        State.QUEUED: lambda fresh: advance(signed(fresh), Event.ENQUEUED, NOW),
        State.DELIVERED: lambda fresh: advance(in_queue(fresh), Event.ACCEPTED, NOW),
        State.REFUSED: lambda fresh: advance(in_queue(fresh), Event.REFUSED, NOW, reason_code="bad-signature"),
        State.QUARANTINED: lambda fresh: advance(
            fresh, Event.UNREADABLE, NOW, reason_code=fresh.reason_code or "damaged"
        ),
        State.DISCARDED: lambda fresh: advance(digitized(fresh), Event.SENT_BACK, NOW, reason_code="sent-back"),
    }
    return makers[state](paper(**changes))


def in_queue(fresh: Document) -> Document:
    """``fresh`` as it waits for the link."""
    return advance(signed(fresh), Event.ENQUEUED, NOW)


def keep(store: Store, document: Document, queue: bool = True, files: bool = True) -> Document:
    """Put ``document`` into the store as it is (its history is the tests' own affair), with its signed ``files``."""

    def change(db: Any) -> None:
        documents.insert(db, document, "test", {})
        if queue and document.state is State.QUEUED:
            outbox.enqueue(db, document.id, document.current_sha256, document.current_size, 0, {}, NOW)

    if files:
        _put_signed_files(store, document)
    store.write(change)
    return document


def _put_signed_files(store: Store, document: Document) -> None:
    before, passing = document.archive_sha256, store.blobs.folder / "signed.passing"
    for one in document.signatures:
        content = signed_content(before, one.slot)
        if sha256_of(content) == one.sha256:  # else a test's own signature, with a file of its own
            passing.write_bytes(content)
            store.blobs.put(passing)
            passing.unlink()
        before = one.sha256


def loaded(store: Store, document_id: str) -> Document:
    """The document as the store has it now."""
    return store.read(lambda db: documents.load(db, document_id))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **passed: float) -> None:
        self.now += timedelta(**passed)


# --- bodies of child processes ---------------------------------------------------------------------------------------


def lease_all(root: Path, owner: str, answers: Any) -> None:
    """Lease until nothing is left; put every id got on ``answers``, None at the end."""
    from appliance.domain.steps import Step

    opened = open_store(root / "box.db", root / "blobs")
    while got := opened.write(lambda db: documents.lease(db, owner, NOW, timedelta(seconds=60), [Step.DIGITIZE])):
        answers.put(got.id)
    answers.put(None)
    opened.close()


def open_at_once(root: Path, start: Any, answers: Any) -> None:
    """Open (and migrate) the store together with others; put "ok" or what went wrong."""
    start.wait()
    try:
        open_store(root / "box.db", root / "blobs").close()
        answers.put("ok")
    except Exception as error:
        answers.put(repr(error))


def read_then_write(root: Path, rounds: int, answers: Any) -> None:
    """Read a counter and write it back, ``rounds`` times; put "ok" or what went wrong."""
    opened = open_store(root / "box.db", root / "blobs")

    def change(db: Any) -> None:
        (value,) = db.execute("SELECT value FROM counter").fetchone()
        db.execute("UPDATE counter SET value = ?", [value + 1])

    try:
        for _ in range(rounds):
            opened.write(change)
        answers.put("ok")
    except Exception as error:
        answers.put(repr(error))
    opened.close()


def take_numbers(root: Path, count: int, acknowledged: Path) -> None:
    """Take ``count`` register numbers for new papers; each is written to ``acknowledged`` after its commit."""
    from appliance.store import registers

    opened = open_store(root / "box.db", root / "blobs")

    def change(db: Any) -> int:
        fresh = paper()
        documents.insert(db, fresh, "test", {})
        return registers.allocate(db, "den", 2026, fresh.id, NOW)

    with acknowledged.open("a") as told:
        for _ in range(count):
            told.write(f"{opened.write(change)}\n")
            told.flush()
    opened.close()


def accept_without_end(root: Path, drops: Path, acknowledged: Path, start: int) -> None:
    """Take new files into custody until killed; each claim id is written to ``acknowledged`` once it is accepted."""
    from appliance.pipeline.receiving import BoxCustodian
    from scanner_intake.custody import Claim

    opened = open_store(root / "box.db", root / "blobs")
    custodian = BoxCustodian(opened, lambda: datetime.now(UTC))
    number = start
    with acknowledged.open("a") as told:
        while True:
            number += 1
            claim_id = new_id()
            file = drops / f"{claim_id}.pdf"
            file.write_bytes(f"%PDF-1.7 tờ {number}\n".encode() * 400)
            custodian.accept(
                Claim(
                    claim_id, file, file.name, "den", "incoming-scan", "person", file.stat().st_size, datetime.now(UTC)
                )
            )
            told.write(f"{claim_id}\n")
            told.flush()
            file.unlink()
