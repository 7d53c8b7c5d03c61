"""A case dossier (hồ sơ TTHC) at the one-door desk: what it must contain, what is there, and what may follow.

Sources: NĐ 118/2025/NĐ-CP and the forms of TT 01/2018/TT-VPCP - a receipt with the day of the result (form 01), a slip
of refusal with its reason (form 03), the book of dossiers (form 06). A dossier is accepted when every required
component is there; one that is refused comes again as a new dossier that names the first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
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


def give_result(case: Case, how: str, now: datetime) -> Case:
    """The result was given: at the desk, by post, online.

    Raises:
        CaseRefused: case-not-in-this-state.
    """
    _only(case, CaseState.ACCEPTED)
    return replace(case, state=CaseState.RETURNED, returned_how=how.strip(), ended_at=now, version=case.version + 1)


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
        "returned_how": case.returned_how,
    }
    return {name: value for name, value in made.items() if value}
