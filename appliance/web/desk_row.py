"""The register's columns that no paper says and a clerk does, as the desk's forms have them: receiver, due day and note
while an incoming paper is registered; recipients, copies and note while a letter is issued.

Owns reading these inputs and what they are offered. Refuses to write: the cells go with the decision
(``commands.approve``, ``commands.consent``), in its transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.kinds import REGISTERS
from appliance.domain.zone import VIETNAM
from appliance.registers.columns import BOOKS
from appliance.registers.desk_row import NO_PAPER, SAID
from appliance.registers.proposing import counted, named_day, offered
from appliance.registers.workdays import WorkingDays
from appliance.store import books, registers, views
from appliance.web.deeds import FormRefused, iso_date
from appliance.web.office import Office
from appliance.web.people import clean_line
from appliance.web.presenting import date_shown
from appliance.wording import _

_PREFIX = "row-"
_LONGEST = {one.name: one.longest for book in ("giai-quyet", "den", "di") for one in BOOKS[book].writable}
_NAMES = tuple(dict.fromkeys((*SAID["den"], *SAID["di"])))


def typed_row(form: Mapping[str, object]) -> dict[str, str]:
    """What the inputs hold, cleaned but not yet understood; by the names of the inputs, to be shown again."""
    typed = {
        _PREFIX + name: clean_line(str(form[_PREFIX + name]), _LONGEST[name])
        for name in _NAMES
        if _PREFIX + name in form
    }
    return typed | ({_PREFIX + NO_PAPER: "1"} if form.get(_PREFIX + NO_PAPER) else {})


def understood_row(typed: Mapping[str, str], document: Document, calendar: WorkingDays) -> dict[str, str]:
    """Cells out of typed inputs: a due day may be said as a day or as so many working days from the arrival.

    Raises:
        FormRefused: no such day, or one before the paper arrived; copies that are no number.
    """
    names = SAID.get(REGISTERS[document.kind], ())
    said = {name: typed[_PREFIX + name] for name in names if _PREFIX + name in typed}
    if said.get("copies") and not (said["copies"].isascii() and said["copies"].isdecimal()):
        raise FormRefused("row-copies", _("Hãy ghi số bản bằng chữ số."))
    if "copies" in names and typed.get(_PREFIX + NO_PAPER):
        said[NO_PAPER] = "1"
    if said.get("due"):
        arrived = document.received_at.astimezone(VIETNAM).date()
        day = counted(said["due"], arrived, calendar)
        said["due"] = day.isoformat() if day else iso_date(said["due"], "row-due")
        if said["due"] < arrived.isoformat():
            raise FormRefused("row-due", _("Hạn xử lý không thể trước ngày đến."))
    return said


async def row_facts(office: Office, paper: views.Paper) -> dict[str, Any]:
    """What the desk shows of these columns: what stands in the books, and what is offered."""
    document, register = paper.document, REGISTERS[paper.document.kind]
    if register not in SAID or paper.concealed:
        return {"row": None}

    def question(db: Any) -> tuple[dict[str, str], list[str]]:
        taken = registers.held_for(db, document.id)
        written: dict[str, str] = {}
        for book in ("giai-quyet", "den") if register == "den" else ("di",):
            line = books.current(db, book, taken) if taken else None
            written |= dict(line.cells) if line else {}
        return written, books.receivers(db) if register == "den" else []

    written, receivers = await asyncio.to_thread(office.store.read, question)
    values = {name: written.get(name, "") for name in SAID[register]}
    if register == "di":
        values["recipients"] = values["recipients"] or " ".join(document.value("recipients").split())
        return {"row": {"values": values}}
    arrived, calendar = document.received_at.astimezone(VIETNAM).date(), office.config.working_days()
    named = None if written.get("due") else named_day(paper.text, arrived)
    values["due"] = date_shown(values["due"] or (named.day.isoformat() if named else ""))
    terms = [(count, day.strftime("%d/%m/%Y")) for count, day in offered(arrived, calendar)]
    return {"row": {"values": values, "named": named, "terms": terms, "receivers": receivers}}
