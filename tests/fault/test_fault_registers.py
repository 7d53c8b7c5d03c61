"""Eight clerks at one database, killed at random and started again: the registers have no gap, no number twice, and a
reason for every void (Decree 30/2020, articles 15 and 22).
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.registers.rows import Act, Standing, lines_of
from appliance.store import Store, books, open_store, registers
from appliance.store.upkeep import verify
from tests.fixtures_books import clerk_without_end
from tests.fixtures_store import PROCESSES

pytestmark = pytest.mark.fault
CLERKS = 8


def said(folder: Path) -> list[str]:
    """What all clerks told, whole lines only."""
    return [line for file in sorted(folder.glob("*.told")) for line in file.read_text("utf-8").split("\n")[:-1]]


def run_and_kill(root: Path, told: Path, seed: int, acts: int) -> None:
    """Start eight clerks, let them do about ``acts`` more things, kill each at a moment of its own."""
    chance, before = random.Random(seed), len(said(told))
    clerks = [
        PROCESSES.Process(target=clerk_without_end, args=(root, told / f"{seed}-{n}.told", seed * 100 + n), daemon=True)
        for n in range(CLERKS)
    ]
    for clerk in clerks:
        clerk.start()
    try:
        deadline = time.monotonic() + 120
        while len(said(told)) - before < acts:
            assert time.monotonic() < deadline, "the clerks do nothing"
            assert all(clerk.is_alive() for clerk in clerks), [clerk.exitcode for clerk in clerks]
            time.sleep(0.05)
    finally:
        for clerk in chance.sample(clerks, CLERKS):
            time.sleep(chance.random() * 0.02)
            clerk.kill()
        for clerk in clerks:
            clerk.join(30)
    assert [clerk.exitcode for clerk in clerks] == [-9] * CLERKS


def check(store: Store, told: list[str]) -> Counter[str]:
    """The promises of a register; returns how often each act was found."""
    acts: Counter[str] = Counter()
    acknowledged = {tuple(line.split()[1:]) for line in told}
    for register in ("den", "di"):
        given = store.read(lambda db, name=register: registers.of_year(db, name, 2026))
        assert [one.number for one in given] == list(range(1, len(given) + 1)), "a gap or a number twice"
        assert {number for name, number in acknowledged if name == register} <= {str(one.number) for one in given}
        papers = [one.document_id for one in given if one.document_id]
        assert len(papers) == len(set(papers))
        for one in given:
            found = store.read(lambda db, n=one.number, name=register: books.versions(db, name, 2026, n))
            assert found, "a number without a row"
            assert found[0].act in (Act.ENTERED, Act.RESERVED)
            assert all(version.reason for version in found if version.act in (Act.VOIDED, Act.RESERVED, Act.CORRECTED))
            voids = [version for version in found if version.act is Act.VOIDED]
            assert len(voids) <= 1
            assert (lines_of(found)[-1].standing is Standing.VOID) == bool(voids)
            acts.update(version.act.value for version in found)
    for kind, number in Counter(line for line in told if line.startswith(("take", "reserve"))).items():
        assert number == 1, f"told twice: {kind}"
    return acts


def test_eight_clerks_that_are_killed_leave_no_gap(ground: Path, tmp_path: Path, store: Store) -> None:
    for round_number in range(3):
        run_and_kill(ground, tmp_path, round_number, 60)
    acts = check(store, said(tmp_path))
    assert min(acts[act.value] for act in Act) > 0, acts
    verdict = verify(store)
    assert (verdict.integrity, verdict.chain_broken_at, verdict.unexplained) == ("ok", None, ())


@pytest.mark.soak
def test_the_registers_hold_for_long(tmp_path: Path) -> None:
    open_store(tmp_path / "box.db", tmp_path / "blobs").close()
    for round_number in range(30):
        run_and_kill(tmp_path, tmp_path, round_number, 400)
    for store in opened(tmp_path):
        check(store, said(tmp_path))
        assert verify(store).unexplained == ()


def opened(root: Path) -> Iterator[Store]:
    """The store, closed at the end."""
    one = open_store(root / "box.db", root / "blobs")
    yield one
    one.close()
