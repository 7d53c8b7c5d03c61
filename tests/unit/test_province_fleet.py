"""Findings of the fleet, rule by rule, at and beside each limit."""

from __future__ import annotations

from typing import Any

import pytest

from sync.province.fleet import CODES, RULES, BoxFacts, Gravity, Limits, assess

NOW = 1_800_000_000.0
HEALTHY: dict[str, Any] = {
    "box": "commune-27007",
    "enrolled_at": NOW - 10 * 86_400,
    "online": True,
    "last_seen": NOW - 10,
    "changed_at": NOW - 5_000,
}

# what differs from a healthy box -> (code, gravity) expected, or nothing
CASES: list[tuple[dict[str, Any], tuple[str, Gravity] | None]] = [
    ({}, None),
    ({"last_seen": NOW - 1_800}, None),
    ({"last_seen": NOW - 1_801}, ("silent", Gravity.WARNING)),
    ({"last_seen": NOW - 86_401}, ("silent", Gravity.ALARM)),
    ({"online": False, "changed_at": NOW - 90}, None),
    ({"online": False, "changed_at": NOW - 91}, ("offline", Gravity.NOTE)),
    ({"online": False, "changed_at": NOW - 3_000, "last_seen": NOW - 3_000}, ("silent", Gravity.WARNING)),
    ({"last_seen": None, "changed_at": None, "online": False}, ("never-seen", Gravity.WARNING)),
    (
        {"last_seen": None, "changed_at": None, "online": False, "enrolled_at": NOW - 3_600},
        ("never-seen", Gravity.NOTE),
    ),
    ({"waiting": 5, "oldest_waiting_at": NOW - 4 * 3_600}, None),
    ({"waiting": 5, "oldest_waiting_at": NOW - 4 * 3_600 - 1}, ("waiting-long", Gravity.WARNING)),
    ({"waiting": 5, "oldest_waiting_at": NOW - 86_401}, ("waiting-long", Gravity.ALARM)),
    ({"waiting": 0, "oldest_waiting_at": NOW - 86_401}, None),
    ({"refused_recently": 2, "last_refusal_code": "unreadable"}, ("refused", Gravity.WARNING)),
    ({"missing_numbers": 3, "waiting": 3}, None),
    ({"missing_numbers": 4, "waiting": 3}, ("missing-numbers", Gravity.WARNING)),
    ({"unchecked": 1}, ("unchecked", Gravity.ALARM)),
    ({"lost": 1}, ("documents-lost", Gravity.ALARM)),
    ({"clock_skew": 60.0}, None),
    ({"clock_skew": -61.0}, ("clock-skew", Gravity.WARNING)),
    ({"clock_skew": 3_601.0}, ("clock-skew", Gravity.ALARM)),
    ({"disk_free": 2_000_000_000}, None),
    ({"disk_free": 1_999_999_999}, ("disk-low", Gravity.WARNING)),
    ({"disk_free": 499_999_999}, ("disk-low", Gravity.ALARM)),
    ({"token_ends": NOW + 30 * 86_400}, None),
    ({"token_ends": NOW + 30 * 86_400 - 1}, ("token-ending", Gravity.WARNING)),
    ({"token_ends": NOW + 7 * 86_400 - 1}, ("token-ending", Gravity.ALARM)),
    ({"token_ends": NOW - 5}, ("token-ending", Gravity.ALARM)),
    ({"token_ends": NOW - 5, "revoked": True}, ("revoked", Gravity.NOTE)),
    ({"link_ends": NOW + 30 * 86_400 - 1}, ("link-ending", Gravity.WARNING)),
    ({"link_ends": NOW + 7 * 86_400 - 1}, ("link-ending", Gravity.ALARM)),
    ({"scanned_at": NOW - 7 * 86_400}, None),
    ({"scanned_at": NOW - 7 * 86_400 - 1}, ("scanner-quiet", Gravity.NOTE)),
    ({"profile": "a", "expected_profile": "b"}, ("profile-drift", Gravity.WARNING)),
    ({"profile": "a", "expected_profile": "a"}, None),
    ({"profile": "", "expected_profile": "b"}, None),
    ({"profile": "a", "expected_profile": ""}, None),
    ({"newer_software": "commune-box 1.2"}, ("old-software", Gravity.NOTE)),
    ({"observed": {"unverifiable": 1}}, ("unverifiable", Gravity.ALARM)),
    ({"observed": {"foreign-box": 1}}, ("foreign-box", Gravity.ALARM)),
    ({"observed": {"malformed": 7}}, ("malformed", Gravity.WARNING)),
    ({"observed": {"digest-mismatch": 1}}, ("digest-mismatch", Gravity.WARNING)),
    ({"observed": {"something-new": 1}}, None),
    ({"revoked": True, "last_seen": NOW - 999_999}, ("revoked", Gravity.NOTE)),
]


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_a_fact_becomes_the_finding_it_should(changes: dict[str, Any], expected: tuple[str, Gravity] | None) -> None:
    found = assess(BoxFacts(**{**HEALTHY, **changes}), NOW)
    assert [(finding.code, finding.gravity) for finding in found] == ([expected] if expected else [])


def test_every_rule_is_shown_to_fire() -> None:
    assert {expected[0] for _, expected in CASES if expected} == set(CODES)
    assert len(RULES) == len(set(CODES))


def test_the_gravest_comes_first_and_the_order_is_stable() -> None:
    facts = BoxFacts(
        **{**HEALTHY, "clock_skew": 100.0, "unchecked": 1, "refused_recently": 1, "observed": {"foreign-box": 2}}
    )
    assert [finding.code for finding in assess(facts, NOW)] == ["unchecked", "foreign-box", "refused", "clock-skew"]


def test_parameters_and_limits_come_from_the_caller() -> None:
    facts = BoxFacts(**{**HEALTHY, "last_seen": NOW - 100})
    (finding,) = assess(facts, NOW, Limits(silent_warning=99))
    assert finding.params == {"seconds": 100.0}
    (skew,) = assess(BoxFacts(**{**HEALTHY, "clock_skew": -70.0}), NOW)
    assert skew.params == {"seconds": 70.0, "direction": "behind"}
