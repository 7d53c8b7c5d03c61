"""When a step of long-term proof may, should and must be made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from appliance.pipeline.longterm_backlog import backlog_of
from appliance.store.longterm import Proof
from hsm.longterm import Level, Schedule, Standing, due
from hsm.upgrade import Step

SIGNED = datetime(2026, 11, 20, tzinfo=UTC)
SIGNERS_END = datetime(2028, 1, 1, tzinfo=UTC)
STAMPED = SIGNED + timedelta(days=2)
STAMP_ENDS = datetime(2032, 1, 1, tzinfo=UTC)
SCHEDULE = Schedule()


def standing(level: Level, **other: object) -> Standing:
    given: dict[str, object] = {"signed_at": SIGNED, "signers_end": SIGNERS_END}
    if level is not Level.B_B:
        given |= {"stamped_at": STAMPED, "stamp_ends": STAMP_ENDS}
    return Standing(level, **(given | other))  # type: ignore[arg-type]


def test_a_signature_alone_wants_a_stamp_within_a_week_and_before_its_certificate_ends() -> None:
    found = due(standing(Level.B_B), SCHEDULE)
    assert (found.step, found.not_before) == (Step.STAMP, SIGNED)
    assert (found.deadline, found.lost_after) == (SIGNED + timedelta(days=7), SIGNERS_END)


def test_the_list_it_was_checked_by_shortens_the_term() -> None:
    """After its end nobody knows whether the certificate was revoked before the stamp."""
    found = due(standing(Level.B_B, list_until=SIGNED + timedelta(days=3)), SCHEDULE)
    assert found.deadline == SIGNED + timedelta(days=3)
    stale = due(standing(Level.B_B, list_until=SIGNED - timedelta(days=3)), SCHEDULE)
    assert stale.deadline == SIGNED, "at once, but not before it was signed"


def test_a_certificate_about_to_end_is_the_deadline() -> None:
    found = due(standing(Level.B_B, signers_end=SIGNED + timedelta(hours=5)), SCHEDULE)
    assert found.deadline == found.lost_after == SIGNED + timedelta(hours=5)


def test_revocation_data_follows_within_a_day() -> None:
    found = due(standing(Level.B_T), SCHEDULE)
    assert (found.step, found.not_before, found.deadline) == (Step.EVIDENCE, STAMPED, STAMPED + timedelta(days=1))
    assert found.lost_after == SIGNERS_END, "nothing can be had about an expired certificate"


def test_the_archival_stamp_waits_for_another_contact() -> None:
    found = due(standing(Level.B_LT), SCHEDULE)
    assert (found.step, found.not_before) == (Step.EVIDENCE, STAMPED + SCHEDULE.archive_after)
    assert found.lost_after == STAMP_ENDS


def test_it_is_renewed_every_year_and_long_before_the_stamps_certificate_ends() -> None:
    found = due(standing(Level.B_LTA), SCHEDULE)
    assert found.not_before == STAMPED + timedelta(days=365)
    assert found.deadline == STAMP_ENDS - timedelta(days=90)
    soon = due(standing(Level.B_LTA, stamp_ends=STAMPED + timedelta(days=100)), SCHEDULE)
    assert soon.not_before == STAMPED + timedelta(days=10)


@pytest.mark.parametrize("level", list(Level))
def test_the_order_of_the_terms(level: Level) -> None:
    found = due(standing(level), SCHEDULE)
    assert found.not_before <= found.deadline <= found.lost_after


def row(name: str, **other: object) -> Proof:
    given: dict[str, object] = {
        "document_id": name,
        "level": "B-B",
        "sha256": "0" * 64,
        "size": 1,
        "signed_at": SIGNED,
        "signers_end": SIGNERS_END,
        "step": "stamp",
        "not_before": SIGNED,
        "deadline": SIGNED + timedelta(days=7),
        "lost_after": SIGNERS_END,
    }
    return Proof(**(given | other))  # type: ignore[arg-type]


def test_the_backlog_counts_by_deadline() -> None:
    now = SIGNED + timedelta(days=8)
    found = backlog_of(
        [
            row("late"),
            row("in-time", deadline=now + timedelta(days=1)),
            row("not-yet", not_before=now + timedelta(days=1), deadline=now + timedelta(days=2)),
            row("nearly", deadline=now + timedelta(days=2), lost_after=now + timedelta(days=5)),
            row("over", lost_after=now - timedelta(days=1)),
            row("given-up", given_up=True, last_error="evidence-revoked: because"),
        ],
        now,
    )
    assert (found.waiting, found.overdue, found.nearly_lost, found.lost) == (3, 1, 1, 2)
    assert (found.deadline, found.lost_after) == (SIGNED + timedelta(days=7), now + timedelta(days=5))
    assert found.reason == "evidence-revoked"


def test_no_backlog() -> None:
    found = backlog_of([row("done", not_before=SIGNED + timedelta(days=1))], SIGNED)
    assert (found.waiting, found.overdue, found.nearly_lost, found.lost, found.deadline) == (0, 0, 0, 0, None)
