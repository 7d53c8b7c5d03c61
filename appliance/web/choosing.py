"""A paper as one person sees it in a list of many: what should be looked at first, and in whose place they would sign.

Owns what is chosen beforehand and what cannot be chosen. Refuses to decide: whether somebody may sign is asked of
``domain.authority`` here and asked again when they do.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from appliance.delegating import who_may_sign
from appliance.domain.authority import Delegation, DelegationRefused, authority_for
from appliance.domain.documents import Document
from appliance.domain.kinds import Slot
from appliance.domain.zone import VIETNAM
from appliance.store import views
from appliance.store.standing import Role
from appliance.web.office import Office
from appliance.web.people import Person
from appliance.wording import text_of

NEEDED = ("code", "issued_date", "issuer", "type_name", "subject")
"""Fields that the register cannot be without; a paper that lacks one is not chosen by itself."""
SURE = 0.85


@dataclass(frozen=True)
class Line:
    """A paper in a list of many: ``authority`` in whose place this person would sign, ``doubt`` why it must be opened
    (a field's name: missing or read weakly), ``refusal`` why this person may not sign it.
    """

    row: views.Row
    authority: str = ""
    doubt: str = ""
    refusal: str = ""


def doubt_of(document: Document) -> str:
    """The first field that somebody should look at, or an empty text; a confirmed field is sure."""
    for name in NEEDED:
        found = document.fields.get(name)
        if not found or not found.value or found.confidence < SURE:
            # A draft may leave its number and day to the clerk, who gives them at issue.
            if name in ("code", "issued_date") and document.open_slot is Slot.LEADER:
                continue
            return name
    return ""


def line_for(office: Office, row: views.Row, person: Person | None, held_by: tuple[Delegation, ...]) -> Line:
    """A paper as one person sees it in a list, under the delegations ``held_by``."""
    document = row.document
    if document.open_slot is not Slot.LEADER or person is None or person.role is not Role.LEADER:
        return Line(row, doubt=doubt_of(document))
    day = office.clock().astimezone(VIETNAM).date()
    try:
        held = authority_for(document, person.name, day, held_by)
    except DelegationRefused as error:
        return Line(row, refusal=text_of(error.code, form=error.form, signer=error.signer))
    return Line(row, held.words if held else "", doubt_of(document))


async def delegations_of(office: Office) -> tuple[Delegation, ...]:
    """Every delegation that nobody has ended."""
    return await asyncio.to_thread(who_may_sign, office.config, office.store)
