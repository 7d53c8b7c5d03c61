"""Alerts: when one begins, changes and ends; what an acknowledgement and a silence cover, and what they never do."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.province.alerting import (
    HOLD,
    Acknowledgement,
    Alert,
    Silence,
    answered,
    evaluate,
    fault_of,
    quiet,
)
from sync.province.fleet import CODES, Finding, Gravity

ALARM, WARNING, NOTE = Gravity.ALARM, Gravity.WARNING, Gravity.NOTE
NOW, BOX, OTHER = 1_800_000_000.0, "commune-27007", "commune-00001"


def found(code: str, gravity: Gravity = WARNING, **params: float) -> dict[str, list[Finding]]:
    return {BOX: [Finding(code, gravity, dict(params))]}


def alert(code: str = "silent", gravity: Gravity = WARNING, since: float = NOW - 3600, number: int = 7) -> Alert:
    return Alert(BOX, code, gravity, since, {}, None, number)


def acknowledged(gravity: Gravity = WARNING, until: float = NOW + 60, number: int = 7) -> Acknowledgement:
    return Acknowledgement(number, gravity, "lan", "đã gọi xã", NOW - 60, until)


def test_a_finding_begins_an_alert_once() -> None:
    turn = evaluate(found("refused", count=2), [], NOW)
    assert turn.begun == (Alert(BOX, "refused", WARNING, NOW, {"count": 2}),)
    again = evaluate(found("refused", count=3), [alert("refused")], NOW + 20)
    assert not (again.begun or again.changed or again.ended or again.dropped)


def test_a_note_is_no_alert() -> None:
    assert evaluate(found("offline", NOTE), [], NOW).begun == ()


def test_what_did_not_stand_long_enough_leaves_no_trace() -> None:
    since = NOW - HOLD["silent"]
    young, old = alert(since=since + 1), alert(since=since)
    assert (young.fires(NOW), old.fires(NOW)) == (False, True)
    assert evaluate({}, [young], NOW).dropped == (dataclasses.replace(young, ended_at=NOW),)
    assert evaluate({}, [old], NOW).ended == (dataclasses.replace(old, ended_at=NOW),)


def test_a_change_of_gravity_is_kept_and_the_age_goes_on() -> None:
    (changed,) = evaluate(found("silent", ALARM, seconds=9e4), [alert()], NOW).changed
    assert (changed.gravity, changed.since, changed.params) == (ALARM, NOW - 3600, {"seconds": 9e4})


def test_an_acknowledgement_covers_its_alert_until_its_end_and_not_a_graver_one() -> None:
    assert answered(alert(), [acknowledged()], NOW) == acknowledged()
    assert answered(alert(), [acknowledged(until=NOW)], NOW) is None
    assert answered(alert(number=8), [acknowledged()], NOW) is None, "the same trouble later is another alert"
    assert answered(alert(gravity=ALARM), [acknowledged()], NOW) is None
    assert answered(alert(), [acknowledged(ALARM)], NOW) is not None, "it became lighter"
    longer = acknowledged(until=NOW + 900)
    assert answered(alert(), [acknowledged(), longer, acknowledged()], NOW) == longer


@pytest.mark.parametrize(
    ("silence", "covered"),
    [
        (Silence(BOX, "silent", "lan", "x", NOW, NOW + 1), True),
        (Silence("", "silent", "lan", "x", NOW, NOW + 1), True),
        (Silence(BOX, "", "lan", "x", NOW, NOW + 1), True),
        (Silence(OTHER, "", "lan", "x", NOW, NOW + 1), False),
        (Silence(BOX, "refused", "lan", "x", NOW, NOW + 1), False),
        (Silence(BOX, "silent", "lan", "x", NOW + 1, NOW + 2), False),
        (Silence(BOX, "silent", "lan", "x", NOW - 9, NOW), False),
    ],
)
def test_a_silence_covers_box_and_kind_for_a_while(silence: Silence, covered: bool) -> None:
    assert silence.covers(BOX, "silent", NOW) is covered
    hushed = quiet([], [], [silence], CODES, [BOX], NOW)
    assert ("silent" in hushed.get(BOX, ())) is covered


def test_quiet_is_told_by_box() -> None:
    silences = [Silence("", "refused", "lan", "x", NOW, NOW + 1)]
    hushed = quiet([alert()], [acknowledged()], silences, CODES, [BOX, OTHER], NOW)
    assert hushed == {BOX: frozenset({"silent", "refused"}), OTHER: frozenset({"refused"})}
    assert quiet([alert()], [], [], CODES, [BOX, OTHER], NOW) == {}


def test_a_reason_and_an_end_are_needed() -> None:
    assert [fault_of(*given) for given in ((" ", 1.0), ("x", 0.0), ("x", 721.0), ("x", 720.0))] == [
        "needs-reason", "needs-end", "needs-end", "",
    ]  # fmt: skip


@given(
    st.lists(
        st.dictionaries(st.sampled_from((BOX, OTHER)), st.lists(st.sampled_from(("silent", "refused")), unique=True)),
        max_size=12,
    )
)
def test_over_any_course_one_alert_of_a_code_stands_per_box(course: list[dict[str, list[str]]]) -> None:
    standing: dict[int, Alert] = {}
    number = 0
    for step, several in enumerate(course):
        now = NOW + 200.0 * step
        findings = {box: [Finding(code, WARNING, {}) for code in codes] for box, codes in several.items()}
        turn = evaluate(findings, standing.values(), now)
        for gone in (*turn.ended, *turn.dropped):
            del standing[gone.number]
        for fresh in turn.begun:
            number += 1
            standing[number] = dataclasses.replace(fresh, number=number)
        wanted = {(box, finding.code) for box, codes in findings.items() for finding in codes}
        assert sorted((one.box, one.code) for one in standing.values()) == sorted(wanted)
