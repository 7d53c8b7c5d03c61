"""A case dossier (hồ sơ TTHC) at the one-door desk: what it must contain, what is there, and what may follow.

Sources: NĐ 118/2025/NĐ-CP and the forms of TT 01/2018/TT-VPCP - a receipt with the day of the result (form 01), a slip
of refusal with its reason (form 03), the book of dossiers (form 06). A dossier is accepted when every required
component is there; one that is refused comes again as a new dossier that names the first, for so many days as the
office says; after that it is a new submission. A result may go back by public post (QĐ 45/2016/QĐ-TTg).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from appliance.domain.zone import VIETNAM
from appliance.registers.catalogues import Component, Procedure
from appliance.registers.workdays import WorkingDays


class CaseState(StrEnum):
    """Where a dossier is."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETURNED = "returned"


@dataclass(frozen=True)
class Case:
    """One dossier. ``procedure`` is as the catalogue said when it was opened; ``received``: names of the components
    that are there; ``follows``: the refused dossier that this one takes up again. Numbers are 0 until it is accepted.
    ``handed_on_by``: the office that handed it on (liên thông), empty when the citizen came here; ``by_post``: the
    result is wanted by public post, under ``tracking``.
    """

    code: str
    procedure: Procedure
    applicant: str
    contact: str
    state: CaseState
    version: int
    opened_at: datetime
    received: frozenset[str] = frozenset()
    follows: str = ""
    year: int = 0
    number: int = 0
    accepted_at: datetime | None = None
    due: date | None = None
    reason: str = ""
    ended_at: datetime | None = None
    returned_how: str = ""
    handed_on_by: str = ""
    by_post: bool = False
    tracking: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Required components that are not there, in the order of the catalogue."""
        return self.procedure.missing(self.received)

    @property
    def components(self) -> tuple[Component, ...]:
        """What the procedure asks for."""
        return self.procedure.components


class CaseRefused(Exception):
    """The step cannot be taken; ``code`` becomes a sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _only(case: Case, state: CaseState) -> None:
    if case.state is not state:
        raise CaseRefused("case-not-in-this-state")


def tick(case: Case, received: frozenset[str]) -> Case:
    """``case`` with exactly these components there.

    Raises:
        CaseRefused: case-not-in-this-state, component-unknown.
    """
    _only(case, CaseState.OPEN)
    if received - {one.name for one in case.components}:
        raise CaseRefused("component-unknown")
    return replace(case, received=received, version=case.version + 1)


def accept(case: Case, year: int, number: int, now: datetime, calendar: WorkingDays) -> Case:
    """Accepted under a number of the register; due so many working days after today as the procedure has.

    Raises:
        CaseRefused: case-not-in-this-state, case-incomplete.
    """
    _only(case, CaseState.OPEN)
    if case.missing:
        raise CaseRefused("case-incomplete")
    today = now.astimezone(VIETNAM).date()
    due = calendar.after(today, case.procedure.days) if case.procedure.days else today
    return replace(
        case,
        state=CaseState.ACCEPTED,
        year=year,
        number=number,
        accepted_at=now,
        due=due,
        version=case.version + 1,
    )


def refuse(case: Case, reason: str, now: datetime) -> Case:
    """Not accepted, with the reason that stands on the slip.

    Raises:
        CaseRefused: case-not-in-this-state, reason-needed.
    """
    _only(case, CaseState.OPEN)
    if not reason.strip():
        raise CaseRefused("reason-needed")
    return replace(case, state=CaseState.REFUSED, reason=reason.strip(), ended_at=now, version=case.version + 1)


BY_POST = "Bưu chính công ích"
"""As the book says it; the book is Vietnamese in every language."""


def give_result(case: Case, how: str, now: datetime, tracking: str = "") -> Case:
    """The result was given: at the desk, online, or by post under the number ``tracking``.

    Raises:
        CaseRefused: case-not-in-this-state; tracking-needed: it is wanted by post, and nothing says how it went.
    """
    _only(case, CaseState.ACCEPTED)
    way, number = how.strip(), " ".join(tracking.split())
    if case.by_post and not number and way in ("", BY_POST):
        raise CaseRefused("tracking-needed")
    way = way or (BY_POST if number else "")
    return replace(
        case, state=CaseState.RETURNED, returned_how=way, tracking=number, ended_at=now, version=case.version + 1
    )


def last_day_to_resubmit(refused: Case, days: int) -> date | None:
    """The last day on which a refused dossier may come again; None without a limit (``days`` 0).

    Day 0 is the day of the refusal in Vietnam; the days are calendar days, as the slip says a date and no count.
    """
    if not days or refused.ended_at is None:
        return None
    return refused.ended_at.astimezone(VIETNAM).date() + timedelta(days=days)


def cells(case: Case) -> dict[str, str]:
    """What the book of dossiers says of it (form 06)."""

    def day(moment: datetime | None) -> str:
        return moment.astimezone(VIETNAM).date().isoformat() if moment else ""

    made = {
        "dossier": case.code,
        "procedure": case.procedure.name,
        "sets": "1",
        "applicant": case.applicant,
        "contact": case.contact,
        "received_on": day(case.accepted_at),
        "due": case.due.isoformat() if case.due else "",
        "returned_on": day(case.ended_at) if case.state is CaseState.RETURNED else "",
        "returned_how": " ".join(filter(None, (case.returned_how, case.tracking))),
    }
    return {name: value for name, value in made.items() if value}
