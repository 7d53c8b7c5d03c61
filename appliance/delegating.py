"""Giving and ending delegations (KT., TL., TUQ.), and the one question who may sign in whose place.

Each function is one decision in one transaction, told to the box's chain under ``delegation:<id>``. A delegation comes
from the configuration or from a leader at the pages; both count the same. Source: NĐ 30/2020 Điều 13.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

from appliance.commands import CommandRefused
from appliance.config import Config
from appliance.domain.authority import NEEDS_DELEGATION, Delegation
from appliance.domain.zone import VIETNAM
from appliance.ids import new_id
from appliance.store import Store, delegations, events
from appliance.store.delegations import Given

LONGEST_NAME, LONGEST_DECISION = 80, 200


def who_may_sign(config: Config, store: Store) -> tuple[Delegation, ...]:
    """Every delegation of the office that nobody has ended."""
    return (*config.who_may_sign(), *store.read(delegations.standing))


def give(store: Store, delegation: Delegation, by: str, now: datetime) -> Given:
    """Let somebody sign in another's place for a time.

    Raises:
        CommandRefused: delegation-form, delegation-incomplete, delegation-to-oneself, delegation-dates (the last day is
            before the first, or over).
    """
    one = _cleaned(delegation)
    if one.form not in NEEDS_DELEGATION:
        raise CommandRefused("delegation-form", form=one.form)
    if not one.signer or not one.principal:
        raise CommandRefused("delegation-incomplete")
    if _folded(by.rpartition(" (")[0] or by) == _folded(one.signer):
        raise CommandRefused("delegation-to-oneself")
    if one.ends < one.begins or one.ends < _today(now):
        raise CommandRefused("delegation-dates")
    given = Given(new_id(), one, by, now)

    def change(db: Any) -> None:
        delegations.insert(db, given)
        events.append(db, f"delegation:{given.id}", now, by, "delegation-given", {"words": one.words, "to": one.signer})

    store.write(change)
    return given


def end(store: Store, delegation_id: str, by: str, now: datetime) -> None:
    """End a delegation from now on; what was signed under it stays signed.

    Raises:
        CommandRefused: delegation-not-standing.
    """

    def change(db: Any) -> None:
        if not delegations.end(db, delegation_id, by, now):
            raise CommandRefused("delegation-not-standing")
        events.append(db, f"delegation:{delegation_id}", now, by, "delegation-ended", {})

    store.write(change)


def _cleaned(one: Delegation) -> Delegation:
    def line(text: str, longest: int) -> str:
        return " ".join(unicodedata.normalize("NFC", text).split())[:longest].strip()

    signer, principal = line(one.signer, LONGEST_NAME), line(one.principal, LONGEST_NAME)
    return Delegation(one.form, signer, principal, one.begins, one.ends, line(one.decision, LONGEST_DECISION))


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _today(now: datetime) -> date:
    return now.astimezone(VIETNAM).date()
