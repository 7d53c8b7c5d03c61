"""When the link dials again and in which version; how topics get their numbers."""

from __future__ import annotations

import pytest

from sync.redial import Redial
from sync.topic_aliases import TopicAliases


def test_pauses_double_up_to_the_most_and_start_again_after_progress() -> None:
    plan = Redial(most=8.0, version=None, chance=lambda: 1.0)
    pauses = []
    for _ in range(6):
        plan.lost(100.0, unanswered=False, refusal="")
        pauses.append(plan.due - 100.0)
    assert pauses == [0.25, 1, 2, 4, 8, 8]
    plan.progressed()
    plan.lost(100.0, unanswered=False, refusal="")
    assert plan.due == 100.25


def test_pauses_are_drawn_from_nothing_to_the_ceiling() -> None:
    plan = Redial(most=8.0, version=None, chance=lambda: 0.25)
    for _ in range(4):
        plan.lost(0.0, unanswered=False, refusal="")
    assert plan.due == 1.0


def test_a_refused_version_is_left_at_once_and_silence_after_two_dials() -> None:
    plan = Redial(most=1.0, version=None, chance=lambda: 0.0)
    plan.lost(0.0, unanswered=True, refusal="unsupported-protocol-version")
    assert plan.version == 4
    plan.lost(0.0, unanswered=True, refusal="")
    assert plan.version == 4
    plan.lost(0.0, unanswered=True, refusal="")
    assert plan.version == 5


@pytest.mark.parametrize("known", ["given", "answered"])
def test_a_version_that_works_or_was_ordered_stays(known: str) -> None:
    plan = Redial(most=1.0, version=5 if known == "given" else None, chance=lambda: 0.0)
    if known == "answered":
        plan.answered()
    for _ in range(5):
        plan.lost(0.0, unanswered=True, refusal="unsupported-protocol-version")
    assert plan.version == 5


def test_a_line_that_never_stood_says_nothing_of_versions() -> None:
    plan = Redial(most=1.0, version=None, chance=lambda: 0.0)
    for _ in range(5):
        plan.lost(0.0, unanswered=False, refusal="")
    assert plan.version == 5


def test_the_first_topics_get_the_numbers_the_broker_grants() -> None:
    aliases = TopicAliases()
    assert aliases.number("a") == 0
    aliases.reset(2)
    for topic, number in (("a", 1), ("b", 2), ("c", 0), ("a", 1)):
        assert aliases.number(topic) == number
        if number:
            aliases.told(topic, number)
    aliases.reset(1)
    assert aliases.number("b") == 1
