"""kill -9 of every process of a whole installation while papers travel (issue: the main job, must show 3).

Real tokens, real OCR, real broker, real province. At every look nothing accepted is lost; at the end every paper is
delivered, the province has each exactly once, no blob is an orphan and the event chain verifies.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from appliance.demo.installation import Installation, install, program, run_program
from appliance.demo.papers import many_papers
from appliance.demo.processes import Running
from appliance.domain.states import State
from appliance.services.clock import utc_now
from appliance.services.worker import sweep
from appliance.store import Store, documents, open_store, outbox, upkeep

VICTIMS = ("signer", "intake", "worker", "sync", "web", "province", "broker")

pytestmark = pytest.mark.fault


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    for name in ("mosquitto", "tesseract", "softhsm2-util"):
        if shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
            pytest.skip(f"{name} is not installed: ./box test installs it")
    return install(tmp_path / "demo", utc_now())


def box_store(made: Installation) -> Store:
    state = made.box_config.parent / "state"
    return open_store(state / "box.db", state / "blobs")


def kill(made: Installation, running: Running, name: str) -> bool:
    """kill -9 one process by its id; False when it was not running at this moment."""
    if name in running.parts:
        process = running.parts[name].process
        pid = process.pid if process and process.poll() is None else None
    else:
        path = made.box_config.parent / "state" / "run" / "services.json"
        try:
            pid = json.loads(path.read_text())[name]["pid"]
        except (OSError, ValueError, KeyError):
            pid = None
    if not pid:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def waiting_files(folder: Path) -> int:
    """Scans that the box has not accepted yet: in the drop folder or claimed into its spool."""
    spool = folder / ".commune-box" / "spool"
    claimed = [p for p in spool.rglob("*") if p.is_file() and p.name != "origin.json"] if spool.exists() else []
    return len([p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]) + len(claimed)


def look(made: Installation, store: Store, dropped: int) -> dict[str, int]:
    """One look while everything runs: accepted == receipts + pending, and nothing dropped has vanished."""
    # Files first: a file that is accepted between the two readings is then counted twice, never not at all.
    waiting = sum(waiting_files(made.drop_folder(name)) for name in ("den", "di"))

    def reading(db):
        counts = documents.counts(db)
        receipts = db.execute("SELECT count(*) FROM outbox WHERE answer = 'accepted'").fetchone()[0]
        total = db.execute("SELECT count(*) FROM documents").fetchone()[0]
        return counts, receipts, total

    counts, receipts, accepted = store.read(reading)  # one snapshot
    pending = sum(counts[state] for state in State if state not in (State.DELIVERED, State.DISCARDED))
    assert counts[State.DELIVERED] == receipts, "a delivered paper without a receipt, or the other way round"
    assert accepted == receipts + pending
    assert accepted + waiting >= dropped, f"{dropped - accepted - waiting} papers vanished"
    assert counts[State.QUARANTINED] == counts[State.REFUSED] == counts[State.DISCARDED] == 0
    return {"accepted": accepted, "receipts": receipts, "waiting": waiting}


@pytest.mark.parametrize(
    ("papers_dropped", "kills", "seconds"),
    [
        pytest.param(8, 7, 240, id="each-process-once", marks=pytest.mark.timeout(300)),
        pytest.param(30, 20, 540, id="must-show", marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
)
def test_random_kills_lose_nothing_and_deliver_each_paper_once(
    installation: Installation, papers_dropped: int, kills: int, seconds: int
) -> None:
    dice = random.Random(20261121)
    papers = list(many_papers(papers_dropped, seed=5))
    killed: list[str] = []
    with Running(installation) as running:
        running.wait_for_pages(60)
        store = box_store(installation)
        try:
            deadline, next_kill, dropped = time.monotonic() + seconds, time.monotonic() + 2.0, 0
            while time.monotonic() < deadline:
                if dropped < papers_dropped:
                    file = papers[dropped]
                    part = installation.drop_folder("den") / f".{file.name}.part"
                    file.write(part)
                    part.rename(installation.drop_folder("den") / f"{dropped:02d}-{file.name}")
                    dropped += 1
                if len(killed) < kills and time.monotonic() >= next_kill:
                    victim = VICTIMS[len(killed) % len(VICTIMS)] if len(killed) < 14 else dice.choice(VICTIMS)
                    if kill(installation, running, victim):
                        killed.append(victim)
                        next_kill = time.monotonic() + dice.uniform(1.0, 3.0)
                seen = look(installation, store, dropped)
                if seen["receipts"] == papers_dropped and len(killed) == kills:
                    break
                time.sleep(0.3)
            seen = look(installation, store, papers_dropped)
            everything = {"accepted": papers_dropped, "receipts": papers_dropped, "waiting": 0}
            assert seen == everything, f"after {killed}: {seen}"
            assert len(killed) == kills
            assert set(killed) == set(VICTIMS)
            check_province(installation, store)
        finally:
            store.close()
    store = box_store(installation)
    try:
        sweep(store, grace=utc_now() - utc_now())
        verdict = upkeep.verify(store)
    finally:
        store.close()
    assert verdict.sound, verdict
    assert verdict.orphans == ()
    assert verdict.documents == papers_dropped


def check_province(made: Installation, store: Store) -> None:
    """The province holds exactly the box's documents, each once, with exactly the bytes that the receipt names."""
    command = [*program("commune-province"), "documents", "--dir", str(made.province), "--json"]
    there = run_program(command, made.environment)["documents"]
    here = {one.id: one.current_sha256 for one in store.read(lambda db: documents.listed(db, limit=1000))}
    assert sorted((one["document_id"], one["sha256"]) for one in there) == sorted(here.items())
    for document_id in here:
        delivery = store.read(lambda db, key=document_id: outbox.latest(db, key))
        assert delivery is not None and delivery.answer == "accepted" and delivery.answer_bytes
