"""A batch of papers on a signer that dies, hangs, loses its token: the queue parks, waits for a person, and ends with
every paper signed once (issue: signing, must show 6).

Real store, real worker loop, real signer process behind the fault module; small PDF/A pages.
"""

from __future__ import annotations

import dataclasses
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest

from appliance.domain.documents import Document
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import State
from appliance.domain.steps import Step
from appliance.pipeline.runner import Runner
from appliance.pipeline.signing import Signing, SigningPlan
from appliance.services.clock import utc_now
from appliance.store import Store, events
from hsm.api import KeyState, SigningError
from hsm.client import SocketSigner
from hsm.verify import verify_file
from tests.data.signing_pages import make_signature
from tests.fixtures_fault_module import CONTEXT, FaultModule
from tests.fixtures_hsm import PIN, SigningBench
from tests.fixtures_store import approved, keep, loaded, paper

QUICK = "sign_deadline_seconds = 6.0\nrestart_pauses_seconds = [0.1, 0.2, 0.3]"


def until(happened: Callable[[], bool], seconds: float = 100.0) -> None:
    """Wait for something; the seconds only bound a failing test."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class Desk:
    """A worker at its signing step, its papers, and the person with the PIN."""

    def __init__(self, store: Store, bench: SigningBench, run: Path) -> None:
        self.store, self.bench, self.run = store, bench, run
        self.faults = bench.faults or pytest.fail("no fault module")
        self.client = SocketSigner(run / "s", 20.0)
        plan = SigningPlan(
            agency="UBND xã Thử Nghiệm",
            trust=bench.trust,
            intermediates=tuple(bench.intermediates),
            leader_image=run / "leader.png",
            seal_image=None,
            font_cache=run / "fonts",
            seal_size=None,
        )
        signing = Signing(store, run / "work", self.client, plan, utc_now)
        self.runner = Runner(store, {Step.SIGN: signing}, utc_now, gates={Step.SIGN: signing.ready})

    def work(self, stop: threading.Event) -> threading.Thread:
        thread = threading.Thread(target=self.runner.run, args=(stop, self.run / "worker.lock", 0), daemon=True)
        thread.start()
        return thread

    def add(self, page: Path, count: int, kind: Kind = Kind.INCOMING_SCAN) -> list[str]:
        """`count` approved papers, each with bytes of its own."""
        ids = []
        for number in range(count):
            path = self.run / "page.pdf"
            with pikepdf.open(page) as pdf:
                pdf.pages[0].contents_add(b"% " + str(number).encode())
                made = io.BytesIO()
                pdf.save(made)
            path.write_bytes(made.getvalue())
            blob = self.store.blobs.put(path)
            ids.append(keep(self.store, _with_file(approved(paper(kind)), blob.sha256, blob.size)).id)
        return ids

    def papers(self, ids: list[str]) -> list[Document]:
        return [loaded(self.store, document_id) for document_id in ids]

    def signed(self, ids: list[str]) -> int:
        return sum(document.state is State.SIGNED for document in self.papers(ids))

    def key(self, slot: str = "agency") -> KeyState | None:
        """What the signer tells of a key; None while it starts anew."""
        try:
            return self.client.state().key(slot)
        except SigningError:
            return None

    def logged_in(self, slot: str = "agency") -> bool | None:
        key = self.key(slot)
        return None if key is None else key.logged_in

    def ended(self, slot: str = "agency") -> str:
        """Why the slot's login is over; "" while there is one, and while nobody tells."""
        key = self.key(slot)
        return "" if key is None or key.logged_in else key.ended

    def journal(self) -> list[str]:
        lines = (self.run / "signing-journal.jsonl").read_text().splitlines()
        return [json.loads(line)["document_id"] for line in lines]

    def applied(self, document_id: str) -> int:
        history = self.store.read(lambda db: list(events.entries(db, document_id)))
        return sum(entry.event in ("signature-applied", "signatures-complete") for entry in history)


def _with_file(document: Document, sha256: str, size: int) -> Document:
    return dataclasses.replace(document, archive_sha256=sha256, current_sha256=sha256, current_size=size)


@pytest.fixture
def desk(store: Store, signing_bench: SigningBench, tmp_path: Path) -> Iterator[Desk]:
    run = tmp_path / "run"
    signing_bench.start(signing_bench.write_config(run, deadlines=QUICK))
    (run / "leader.png").write_bytes(make_signature())
    made = Desk(store, signing_bench, run)
    stop = threading.Event()
    thread = made.work(stop)
    yield made
    stop.set()
    thread.join(20)


@pytest.mark.timeout(300)
def test_fifty_papers_and_a_signer_that_dies_in_the_middle(desk: Desk, paper: Callable[..., Path]) -> None:
    ids = desk.add(paper("scan"), 50)
    desk.faults.rule("call C_Sign skip=20 count=1 crash=segv")
    desk.client.login("agency", PIN["agency"], documents=50)
    until(lambda: desk.ended() == "signer-died")
    desk.faults.rule()  # once was enough: a rule's counter begins anew in a new process

    assert desk.signed(ids) == 20
    time.sleep(1.0)  # the queue waits: nothing is signed, nothing tried, no PIN shown
    assert desk.signed(ids) == 20 and len(desk.faults.logins()) == 1
    waiting = [document for document in desk.papers(ids) if document.state is not State.SIGNED]
    assert [document.last_error for document in waiting if document.last_error] == ["signer-died"]
    assert all(document.state is State.APPROVED and document.attempts == 0 for document in waiting)

    desk.client.login("agency", PIN["agency"], documents=30)
    until(lambda: desk.signed(ids) == 50)
    assert [desk.applied(document_id) for document_id in ids] == [1] * 50
    asked = desk.journal()
    assert len(asked) == 51 and set(asked) == set(ids), "the one that was under way was asked for twice"
    assert len(desk.faults.logins()) == 2, "one PIN for each time a person typed it"
    assert desk.client.state().key("agency").ended == "batch-done"
    for document in desk.papers(ids):
        found = verify_file(desk.store.blobs.existing(document.current_sha256), desk.bench.trust, ["agency"])
        assert found.verdict == "valid" and len(found.signatures) == 1
    assert not list((desk.run / "work").iterdir()), "no half-signed file stays"


FAULTS = {
    "auth-lost": ("call C_Sign skip=1 count=1 rv=0x101", "not-logged-in"),
    "token-lost": ("unplugged agency", "token-lost"),
    "device": ("call C_Sign skip=1 count=1 rv=0x30", "device-fault"),
    "hang": ("call C_Sign skip=1 count=1 hang=1", "module-hangs"),
    "crash": ("call C_Sign skip=1 count=1 crash=exit", "signer-died"),
    "config": ("call C_SignInit rv=0x70", "token-refuses"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_queue_parks_and_resumes(desk: Desk, paper: Callable[..., Path], fault: str) -> None:
    rule, code = FAULTS[fault]
    ids = desk.add(paper("scan"), 1)
    desk.client.login("agency", PIN["agency"])
    until(lambda: desk.signed(ids) == 1)
    desk.faults.rule(rule)
    more = desk.add(paper("scan"), 3)
    # A token pulled between two papers is seen before one is taken up: then nothing waits but for the login.
    until(lambda: desk.ended() == code or code in {document.last_error for document in desk.papers(more)})
    if fault != "config":
        until(lambda: desk.logged_in() is False)
    typed = len(desk.faults.logins())
    desk.faults.rule()
    until(lambda: (key := desk.key()) is not None and key.present)
    if fault == "config":
        desk.client.logout("agency")  # the technician was there; the office goes on with a new login
    else:
        assert desk.logged_in() is False
    assert desk.signed(more) < 3 and len(desk.faults.logins()) == typed
    desk.client.login("agency", PIN["agency"])
    until(lambda: desk.signed(more) == 3)
    assert all(document.attempts == 0 for document in desk.papers(more))
    assert [desk.applied(document_id) for document_id in more] == [1] * 3


@pytest.fixture
def desk_asking_each_time(store: Store, signing_bench: SigningBench, tmp_path: Path) -> Iterator[Desk]:
    """A token that wants its PIN at every signature."""
    run = tmp_path / "run"
    signing_bench.start(signing_bench.write_config(run, deadlines=QUICK, agency="pin_each_signature = true"))
    made = Desk(store, signing_bench, run)
    stop = threading.Event()
    thread = made.work(stop)
    yield made
    stop.set()
    thread.join(20)


@pytest.mark.parametrize(
    ("tries", "rule", "code", "shown"), [(3, "call C_Login rv=0xa0", "pin-wrong", 1), (1, "", "pin-final-try", 0)]
)
def test_a_refused_pin_in_the_middle_stops_the_batch(
    desk_asking_each_time: Desk, paper: Callable[..., Path], tries: int, rule: str, code: str, shown: int
) -> None:
    desk = desk_asking_each_time
    ids = desk.add(paper("scan"), 1)
    desk.client.login("agency", PIN["agency"])
    until(lambda: desk.signed(ids) == 1)
    asked = len(desk.faults.logins(kind=CONTEXT))
    desk.faults.rule(rule)
    desk.faults.forgive("agency", tries)
    more = desk.add(paper("scan"), 3)
    until(lambda: code in {document.last_error for document in desk.papers(more)})
    time.sleep(1.0)
    assert len(desk.faults.logins(kind=CONTEXT)) == asked + shown, "one PIN refused is one PIN shown, for three papers"
    assert desk.ended() == code
    assert desk.signed(more) == 0 and all(document.attempts == 0 for document in desk.papers(more))
    desk.faults.rule()
    desk.faults.forgive("agency", 3)
    desk.client.login("agency", PIN["agency"])
    until(lambda: desk.signed(more) == 3)


def test_papers_of_an_absent_leader_cost_no_attempts(
    desk: Desk, paper: Callable[..., Path], faults: FaultModule
) -> None:
    desk.client.login("agency", PIN["agency"])
    outgoing = desk.add(paper("letter"), 2, Kind.OUTGOING)
    scans = desk.add(paper("scan"), 3)
    until(lambda: desk.signed(scans) == 3)
    until(lambda: all(document.last_error == "pin-needed" for document in desk.papers(outgoing)))
    versions = [document.version for document in desk.papers(outgoing)]
    time.sleep(1.0)
    assert [document.version for document in desk.papers(outgoing)] == versions, "parked, not tried over and over"
    assert all(document.attempts == 0 for document in desk.papers(outgoing))
    desk.client.login("leader", PIN["leader"], documents=2)
    until(lambda: all([one.slot for one in document.signatures] == [Slot.LEADER] for document in desk.papers(outgoing)))
    assert desk.client.state().key("leader").ended == "batch-done"
