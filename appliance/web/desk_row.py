"""The register's columns that no paper says and a clerk does: receiver, due day, note, as the desk's form has them.

Owns reading these inputs and what they are offered. Refuses to write: the cells go with the approval
(``commands.approve``), in its transaction. Only papers that are entered into the register of incoming documents have
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.kinds import REGISTERS
from appliance.domain.zone import VIETNAM
from appliance.registers.columns import BOOKS
from appliance.registers.desk_row import SAID
from appliance.registers.proposing import counted, named_day, offered
from appliance.registers.workdays import WorkingDays
from appliance.store import books, registers, views
from appliance.web.deeds import FormRefused, iso_date
from appliance.web.office import Office
from appliance.web.people import clean_line
from appliance.web.presenting import date_shown
from appliance.wording import _

_PREFIX = "row-"
_LONGEST = {one.name: one.longest for book in ("giai-quyet", "den") for one in BOOKS[book].writable}


def has_row(document: Document) -> bool:
    """Whether the paper's row has these columns."""
    return REGISTERS[document.kind] == "den"


def typed_row(form: Mapping[str, object]) -> dict[str, str]:
    """What the inputs hold, cleaned but not yet understood; by the names of the inputs, to be shown again."""
    return {
        _PREFIX + name: clean_line(str(form[_PREFIX + name]), _LONGEST[name]) for name in SAID if _PREFIX + name in form
    }


def understood_row(typed: Mapping[str, str], document: Document, calendar: WorkingDays) -> dict[str, str]:
    """Cells out of typed inputs: a due day may be said as a day or as so many working days from the arrival.

    Raises:
        FormRefused: no such day, or one before the paper arrived.
    """
    said = {name: typed[_PREFIX + name] for name in SAID if _PREFIX + name in typed}
    if said.get("due"):
        arrived = document.received_at.astimezone(VIETNAM).date()
        day = counted(said["due"], arrived, calendar)
        said["due"] = day.isoformat() if day else iso_date(said["due"], "row-due")
        if said["due"] < arrived.isoformat():
            raise FormRefused("row-due", _("Hạn xử lý không thể trước ngày đến."))
    return said


async def row_facts(office: Office, paper: views.Paper) -> dict[str, Any]:
    """What the desk shows of these columns: what stands in the books, and what is offered."""
    document, calendar = paper.document, office.config.working_days()
    if not has_row(document) or paper.concealed:
        return {"row": None}

    def question(db: Any) -> tuple[dict[str, str], list[str]]:
        taken = registers.held_for(db, document.id)
        written: dict[str, str] = {}
        for book in ("giai-quyet", "den"):
            line = books.current(db, book, taken) if taken else None
            written |= dict(line.cells) if line else {}
        return written, books.receivers(db)

    written, receivers = await asyncio.to_thread(office.store.read, question)
    arrived = document.received_at.astimezone(VIETNAM).date()
    named = None if written.get("due") else named_day(paper.text, arrived)
    values = {name: written.get(name, "") for name in SAID}
    values["due"] = date_shown(values["due"] or (named.day.isoformat() if named else ""))
    terms = [(count, day.strftime("%d/%m/%Y")) for count, day in offered(arrived, calendar)]
    return {"row": {"values": values, "named": named, "terms": terms, "receivers": receivers}}
