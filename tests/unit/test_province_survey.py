"""A survey with a memory sees every change that one without sees, and takes again only what did not change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.protocol.account import Account
from sync.province.fleet_views import BoxView
from sync.province.overview import SLACK_SECONDS, Memory, Quiet, survey
from sync.province.store import Box, Presence, ProvinceStore
from sync.province.store.account_rows import AccountRows
from sync.province.store.expected import PROFILE, Expected

ONE, TWO, THREE = (f"commune-0000{number}" for number in (1, 2, 3))
NOW = 1_790_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    made = ProvinceStore(tmp_path / "store")
    for box in (ONE, TWO):
        made.fleet.enrol(Box(box, f"UBND {box}", bytes(32), "ab", NOW - 9e6))
        made.fleet.note_presence(Presence(box, True, NOW, NOW, 0, 0, None, 0.0, 10**11, "commune-box 1.4.0"))
    yield made
    made.close()


class Looker:
    """Surveys again and again with one memory, and compares with a survey that remembers nothing."""

    def __init__(self, store: ProvinceStore) -> None:
        self.store, self.memory = store, Memory(store)
        self.seen: dict[str, BoxView] = {}

    def changed(self, now: float, quiet: Quiet | None = None) -> set[str]:
        """Boxes whose view is another than at the last look."""
        found = {view.box.box: view for view in survey(self.store, now, self.memory, quiet).boxes}
        fresh = {view.box.box: view for view in survey(self.store, now, None, quiet).boxes}
        assert {box: said(view) for box, view in found.items()} == {box: said(view) for box, view in fresh.items()}
        other = {box for box, view in found.items() if self.seen.get(box) is not view}
        self.seen = found
        return other


def said(view: BoxView) -> tuple[object, ...]:
    """A view without the ages in it, which grow."""
    codes = tuple((one.code, one.gravity) for one in view.findings)
    return (view.box, view.presence, codes, view.documents, view.refused, view.quiet, view.urgency.tier)


def test_only_what_changed_is_made_anew(store: ProvinceStore) -> None:
    looker = Looker(store)
    assert looker.changed(NOW) == {ONE, TWO}
    assert looker.changed(NOW) == set()
    store.fleet.note_presence(Presence(TWO, True, NOW + 1, NOW, 7, 9, NOW, 0.0, 10**11, "commune-box 1.4.0"))
    assert looker.changed(NOW + 1) == {TWO}
    store.fleet.note_gone(ONE, NOW + 2)
    assert ONE in looker.changed(NOW + 2)
    store.fleet.observe(ONE, "malformed", "x", NOW + 3)
    assert ONE in looker.changed(NOW + 3)
    store.fleet.enrol(Box(THREE, "UBND xã Mới", bytes(32), "ab", NOW + 4))
    assert THREE in looker.changed(NOW + 4)
    store.fleet.revoke(THREE, NOW + 5)
    assert THREE in looker.changed(NOW + 5)
    assert ONE in looker.changed(NOW + 5, Quiet({ONE: frozenset({"malformed"})}))
    slow = NOW + 5 - SLACK_SECONDS / 2
    store.fleet.note_presence(Presence(TWO, True, slow, slow, 8, 9, NOW, 0.0, 10**11, "commune-box 1.4.0"))
    assert TWO in looker.changed(NOW + 5), "a slow clock of the receiver's host hides nothing"


def test_what_concerns_everybody_changes_everybody(store: ProvinceStore) -> None:
    looker = Looker(store)
    looker.changed(NOW)
    Expected(store.connection).say(PROFILE, "ab" * 8, "lan", NOW)
    assert looker.changed(NOW) == {ONE, TWO}
    store.fleet.note_presence(Presence(TWO, True, NOW, NOW, 0, 0, None, 0.0, 10**11, "commune-box 1.5.0"))
    assert looker.changed(NOW) == {ONE, TWO}, "a newer release makes the other one old"


def test_what_a_box_told_counts_from_the_next_whole_look(store: ProvinceStore) -> None:
    looker = Looker(store)
    looker.changed(NOW)
    AccountRows(store.connection).note(ONE, Account(ONE, int(NOW), "2026", {"sent.total": 3}), NOW)
    looker.memory.forget_views()
    assert looker.changed(NOW) == {ONE, TWO}
    assert "documents-lost" in {one.code for one in looker.seen[ONE].findings}
