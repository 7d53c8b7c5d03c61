"""Accounts and dockets on the wire (PROTOCOL.md 4.9, 5.7): what is believed, what is kept, when it is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.accounting import DOUBTFUL_SECONDS, PAUSE_SECONDS, AccountLine
from sync.protocol.account import (
    MAX_CASES,
    MAX_FIGURES,
    Account,
    CaseState,
    CaseWord,
    Docket,
    batches,
    code_digest,
    read_account,
)
from sync.protocol.codec import CodecError, encode
from sync.protocol.cose import seal
from sync.protocol.orders import Outcome
from sync.protocol.province import ProvinceCore
from sync.protocol.step import AccountSaid, Finding, Now, Publish
from sync.protocol.topics import Kind, parse, upward
from sync.province.keeping import Keeper
from sync.province.store import Box, ProvinceStore
from sync.province.store.account_rows import AccountRows, CaseAt
from sync.wire_identity import SigningKey, verifier

BOX, OTHER = "commune-27007", "commune-27008"
DEVICE, STRANGER = SigningKey.generate(), SigningKey.generate()
KEYS = verifier({BOX: DEVICE.public, OTHER: STRANGER.public})
CODE = "27007.261121.K7Q4M9"
TOLD = Account(BOX, 1_790_000_000, "2026-11", {"in.total": 184, "out.total": 86})
CASES = Docket(BOX, 1_790_000_000, (CaseWord(code_digest(CODE), CaseState.ACCEPTED, 20_413, 20_420),))
NOW = 1_790_000_500.0


def sealed(word: Account | Docket, key: SigningKey = DEVICE, kid: str = BOX) -> bytes:
    return seal(kid, word.encode(), key.sign)


@pytest.mark.parametrize("word", [TOLD, CASES], ids=["account", "docket"])
def test_what_was_said_is_read_and_a_later_field_kept(word: Account | Docket) -> None:
    assert read_account(sealed(word), BOX, KEYS) == word
    newer = replace(word, extra={20: 1})
    assert read_account(sealed(newer), BOX, KEYS) == newer


@pytest.mark.parametrize("word", [TOLD, CASES], ids=["account", "docket"])
def test_only_the_boxs_own_word_counts(word: Account | Docket) -> None:
    for envelope in (sealed(word, STRANGER), sealed(word, STRANGER, OTHER), sealed(replace(word, box=OTHER))):
        with pytest.raises(CodecError):
            read_account(envelope, BOX, KEYS)


BROKEN: tuple[dict[int, object], ...] = (
    {4: "2026-13"}, {4: "11/2026"}, {4: "26"}, {5: {"In": 1}}, {5: {"in": -1}}, {5: {"in": True}}, {5: {"in": 2**53}},
    {5: {"in": "1"}}, {5: {1: 1}}, {5: [1]}, {5: {f"f{n}": n for n in range(MAX_FIGURES + 1)}}, {3: 2**60}, {1: "x"},
    {1: "docket", 4: []}, {1: "docket", 4: [[b"1" * 15, 0, 1, 0]]}, {1: "docket", 4: [[b"1" * 16, 9, 1, 0]]},
    {1: "docket", 4: [[b"1" * 16, 0, 10**6, 0]]}, {1: "docket", 4: [[b"1" * 16, 0, 1]]},
    {1: "docket", 4: [[b"1" * 16, True, 1, 0]]},
)  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_whatever_is_malformed_is_refused(broken: dict[int, object]) -> None:
    said: dict[int, object] = {0: 1, 1: "account", 2: BOX, 3: 1, 4: "2026", 5: {}}
    with pytest.raises(CodecError):
        read_account(seal(BOX, encode({**said, **broken}), DEVICE.sign), BOX, KEYS)


def test_an_account_reads_as_no_other_message_and_no_other_as_one() -> None:
    with pytest.raises(CodecError):
        Outcome.decode(TOLD.encode())
    done = Outcome(BOX, 1, bytes(32), "done")
    with pytest.raises(CodecError):
        read_account(seal(BOX, done.encode(), DEVICE.sign), BOX, KEYS)


def test_many_dossiers_come_in_several_dockets_each_within_a_message() -> None:
    many = [CaseWord(n.to_bytes(16, "big"), CaseState.RETURNED, 20_413, 20_420) for n in range(MAX_CASES + 1)]
    first, second = batches(BOX, 5, many)
    assert (len(first.cases), len(second.cases)) == (MAX_CASES, 1)
    assert len(sealed(first)) < 65_536
    assert batches(BOX, 5, []) == []


# -- the province's end ---------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    made = ProvinceStore(tmp_path / "tinh")
    for box, key in ((BOX, DEVICE), (OTHER, STRANGER)):
        made.fleet.enrol(Box(box, f"UBND {box}", key.public, "ab", 0.0))
    yield made
    made.close()


def hear(store: ProvinceStore, envelope: bytes, box: str = BOX, now: float = NOW) -> list[object]:
    """A message at the province; returns what was decided, after it was carried out."""
    keeper = Keeper(store)
    core = ProvinceCore("tinh-1", DEVICE.sign, verifier(keeper.device_key), keeper, 7)
    step = core.on_message(upward(box, Kind.ACCOUNT), envelope, Now(1.0, int(now)))
    for change in step.changes:
        keeper.carry_out(change, now)
    return list(step.changes)


def test_the_province_keeps_the_newest_word_of_a_period_and_of_a_dossier(store: ProvinceStore) -> None:
    rows = AccountRows(store.connection)
    assert hear(store, sealed(TOLD)) == [AccountSaid(BOX, TOLD)]
    hear(store, sealed(CASES))
    newer = replace(TOLD, wall=TOLD.wall + 60, figures={"in.total": 185})
    hear(store, sealed(newer))
    hear(store, sealed(TOLD))  # replayed, or overtaken
    assert rows.of_period("2026-11")[BOX].figures == {"in.total": 185}
    hear(store, sealed(replace(CASES, wall=CASES.wall - 9, cases=(replace(CASES.cases[0], state=CaseState.OPEN),))))
    assert rows.case(BOX, code_digest(CODE.lower() + " ")) == CaseAt(CaseState.ACCEPTED, 20_413, 20_420)
    assert rows.case(OTHER, code_digest(CODE)) is None
    assert rows.periods(BOX) == ["2026-11"]


def test_a_clock_that_runs_ahead_does_not_silence_the_box_for_good(store: ProvinceStore) -> None:
    hear(store, sealed(replace(TOLD, wall=int(NOW) + 10**8)))
    later = replace(TOLD, wall=int(NOW) + 100, figures={"in.total": 9})
    hear(store, sealed(later), now=NOW + 200)
    assert AccountRows(store.connection).of_period("2026-11")[BOX].figures == {"in.total": 9}


@pytest.mark.parametrize("key", [STRANGER], ids=["another box's key"])
def test_a_forged_account_is_dropped_with_a_finding(store: ProvinceStore, key: SigningKey) -> None:
    (found,) = hear(store, sealed(TOLD, key))
    assert isinstance(found, Finding)
    assert found.code == "bad-signature"
    (found,) = hear(store, sealed(TOLD), box=OTHER)
    assert isinstance(found, Finding)
    assert AccountRows(store.connection).of_period("2026-11") == {}
    store.fleet.revoke(BOX, NOW)
    (found,) = hear(store, sealed(TOLD))
    assert isinstance(found, Finding), "a revoked box tells nothing"


# -- the box's end --------------------------------------------------------------------------------------------------


def spoken(line: AccountLine, mono: float) -> list[Account | Docket]:
    said = line.on_turn(Now(mono, 0))
    assert all(isinstance(one, Publish) and parse(one.topic).kind is Kind.ACCOUNT and one.qos == 1 for one in said)
    return [read_account(one.payload, BOX, KEYS) for one in said]


def test_the_line_speaks_when_the_province_is_there_one_word_at_a_time() -> None:
    line, woken = AccountLine(BOX, DEVICE.sign), []
    line.begin(lambda: woken.append(1))
    newer = replace(TOLD, wall=TOLD.wall + 1)
    line.put([TOLD, CASES])
    line.put([newer])
    assert len(woken) == 2
    assert spoken(line, 1.0) == [], "nobody is there"
    line.linked(True)
    assert line.next_due(Now(1.0, 0)) <= 1.0
    assert spoken(line, 1.0) == [CASES]
    assert spoken(line, 1.0 + PAUSE_SECONDS / 2) == [], "documents go first"
    assert spoken(line, 1.0 + PAUSE_SECONDS) == [newer], "of one period the newest alone"
    assert spoken(line, 9.0) == []
    assert line.next_due(Now(9.0, 0)) > 100


def test_what_a_dying_line_may_have_swallowed_is_said_again() -> None:
    line = AccountLine(BOX, DEVICE.sign)
    line.linked(True)
    line.put([TOLD])
    assert spoken(line, 1.0) == [TOLD]
    line.put([CASES])
    assert spoken(line, DOUBTFUL_SECONDS) == [CASES]
    line.linked(False)
    assert spoken(line, DOUBTFUL_SECONDS + 1) == []
    line.linked(True)
    assert spoken(line, DOUBTFUL_SECONDS + 2) == [CASES], "the first one was said long before"
    assert spoken(line, DOUBTFUL_SECONDS + 9) == []
    line.linked(False)
    line.linked(True)
    assert spoken(line, 3 * DOUBTFUL_SECONDS) == []
