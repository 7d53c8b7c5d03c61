"""What the clerk decides about case dossiers, one decision in one transaction each: row, number, book and event.

A dossier gets its number in the register of dossiers when it is accepted, never before: a refused one takes none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from appliance.commands import CommandRefused
from appliance.domain.zone import VIETNAM
from appliance.registers import cases as rules
from appliance.registers.cases import Case, CaseRefused, CaseState
from appliance.registers.rows import Act, Standing, amended
from appliance.registers.workdays import WorkingDays
from appliance.store import ChangedMeanwhile, Store, books, cases, catalogues, registers

REGISTER = "ho-so"
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without what is mistaken for another on paper: 0 O, 1 I L, U."""


def new_code(box_id: str, now: datetime) -> str:
    """A dossier's code, such as ``27007.261121.K7Q4M9``: office, day, and what nobody can guess."""
    chosen = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"{box_id.removeprefix('commune-')}.{now.astimezone(VIETNAM):%y%m%d}.{chosen}"


def open_case(
    store: Store,
    box_id: str,
    procedure: str,
    applicant: str,
    contact: str,
    by: str,
    now: datetime,
    follows: str = "",
    *,
    handed_on_by: str = "",
    by_post: bool = False,
    resubmit_days: int = 0,
) -> Case:
    """Open a dossier for a procedure of the catalogue; ``follows``: a refused one that comes again, within
    ``resubmit_days`` of its refusal (0: whenever).

    Raises:
        CommandRefused: no-such-procedure, applicant-needed, case-not-refused; too-late-new-submission (``last``).
    """
    if not applicant.strip():
        raise CommandRefused("applicant-needed")

    def decision(db: Any) -> Case:
        wanted = catalogues.procedure(db, procedure)
        if wanted is None:
            raise CommandRefused("no-such-procedure")
        before = cases.find(db, follows) if follows else None
        if follows and (before is None or before.state is not CaseState.REFUSED):
            raise CommandRefused("case-not-refused")
        last = rules.last_day_to_resubmit(before, resubmit_days) if before else None
        if last is not None and now.astimezone(VIETNAM).date() > last:
            raise CommandRefused("too-late-new-submission", last=f"{last:%d/%m/%Y}", days=resubmit_days)
        fresh = Case(
            new_code(box_id, now),
            wanted,
            applicant.strip(),
            contact.strip(),
            CaseState.OPEN,
            1,
            now,
            follows=follows,
            handed_on_by=handed_on_by.strip(),
            by_post=by_post,
        )
        cases.insert(db, fresh, by)
        return fresh

    return store.write(decision)


def _decide(store: Store, code: str, version: int, decision: Callable[[Any, Case], Case]) -> Case:
    def change(db: Any) -> Case:
        before = cases.find(db, code)
        if before is None:
            raise CommandRefused("no-such-case", case=code)
        if before.version != version:
            raise CommandRefused("changed-meanwhile")
        return decision(db, before)

    try:
        return store.write(change)
    except CaseRefused as refused:
        raise CommandRefused(refused.code) from None
    except ChangedMeanwhile:
        raise CommandRefused("changed-meanwhile") from None


def tick(store: Store, code: str, version: int, received: frozenset[str], by: str, now: datetime) -> Case:
    """Say which components are there.

    Raises:
        CommandRefused: no-such-case, changed-meanwhile, case-not-in-this-state, component-unknown.
    """

    def decision(db: Any, before: Case) -> Case:
        after = rules.tick(before, received)
        cases.save(db, before, after, by, "case-ticked", {"there": len(received), "missing": len(after.missing)}, now)
        return after

    return _decide(store, code, version, decision)


def accept(store: Store, code: str, version: int, by: str, now: datetime, calendar: WorkingDays) -> Case:
    """Accept a complete dossier: number, row in the book, day of the result. Who accepts answers for the components.

    Raises:
        CommandRefused: no-such-case, changed-meanwhile, case-not-in-this-state, case-incomplete.
    """

    def decision(db: Any, before: Case) -> Case:
        rules.accept(before, 1, 1, now, calendar)  # refused before a number is taken
        year = now.astimezone(VIETNAM).year
        number = registers.allocate_free(db, REGISTER, year, now)
        after = rules.accept(before, year, number, now, calendar)
        taken = registers.find(db, REGISTER, year, number)
        assert taken is not None  # given a line above
        digest = books.append(db, taken, books.version(REGISTER, taken, Act.ENTERED, rules.cells(after), "", by, now))
        detail = {"year": year, "number": number, "due": after.due and after.due.isoformat(), "row": digest}
        cases.save(db, before, after, by, "case-accepted", detail | {"attested": sorted(after.received)}, now)
        return after

    return _decide(store, code, version, decision)


def refuse(store: Store, code: str, version: int, reason: str, by: str, now: datetime) -> Case:
    """Do not accept a dossier; the reason and what is missing stand on the slip.

    Raises:
        CommandRefused: no-such-case, changed-meanwhile, case-not-in-this-state, reason-needed.
    """

    def decision(db: Any, before: Case) -> Case:
        after = rules.refuse(before, reason, now)
        cases.save(db, before, after, by, "case-refused", {"missing": list(after.missing)}, now)
        return after

    return _decide(store, code, version, decision)


def give_result(store: Store, code: str, version: int, how: str, by: str, now: datetime, tracking: str = "") -> Case:
    """The citizen has the result, or the post has it under the number ``tracking``: the row in the book is completed.

    Raises:
        CommandRefused: no-such-case, changed-meanwhile, case-not-in-this-state, tracking-needed.
    """

    def decision(db: Any, before: Case) -> Case:
        after = rules.give_result(before, how, now, tracking)
        taken = registers.find(db, REGISTER, after.year, after.number)
        line = books.current(db, REGISTER, taken) if taken else None
        detail: dict[str, object] = {"year": after.year, "number": after.number}
        wanted = {name: text for name, text in rules.cells(after).items() if name.startswith("returned_")}
        if taken and line and line.standing is not Standing.VOID and (change := amended(line, wanted)):
            act, cells = change
            reason = books.ANEW if act is Act.CORRECTED else ""
            detail["row"] = books.append(db, taken, books.version(REGISTER, taken, act, cells, reason, by, now))
        cases.save(db, before, after, by, "case-returned", detail, now)
        return after

    return _decide(store, code, version, decision)
