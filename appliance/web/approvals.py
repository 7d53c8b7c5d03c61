"""``/approvals``: the leader's desk. Drafts to read, to approve and sign - one or many with one PIN - or to give back.

Owns what the leader is shown of a draft: whether this person may sign it, and in whose place. Deciding is ``together``
and ``deeds``; the clerk's ``/desk/many`` shows the same list for the agency's signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from appliance.delegating import who_may_sign
from appliance.domain.authority import Delegation, DelegationRefused, authority_for
from appliance.domain.documents import Document
from appliance.domain.kinds import Slot
from appliance.store import queues, views
from appliance.store.queues import Errand
from appliance.store.standing import Role
from appliance.web import together
from appliance.web.access import OFFICERS, allow, only
from appliance.web.desk import of_role
from appliance.web.office import OFFICE, VIETNAM, Office
from appliance.web.paper_pages import PaperPages, Place
from appliance.web.people import Person
from appliance.web.presenting import page, see_other
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


async def _held_by(office: Office) -> tuple[Delegation, ...]:
    return await asyncio.to_thread(who_may_sign, office.config, office.store)


async def show(request: web.Request) -> web.Response:
    """``GET /approvals``: the drafts that wait for the leader, and those given back to the clerk."""
    office = request.app[OFFICE]
    waiting = await of_role(office, Role.LEADER)
    back = await of_role(office, Role.CLERK, Errand.RETURNED.value)
    return await _many(
        request, "approvals.html", Slot.LEADER, waiting.rows, (Errand.APPROVE, Errand.SIGN), back=back.rows
    )


async def show_clerks(request: web.Request) -> web.Response:
    """``GET /desk/many``: scans to certify and letters to issue, under the agency's signature."""
    waiting = await of_role(request.app[OFFICE], Role.CLERK)
    return await _many(request, "many.html", Slot.AGENCY, waiting.rows, (Errand.APPROVE, Errand.ISSUE))


async def _many(
    request: web.Request,
    template: str,
    slot: Slot,
    rows: tuple[views.Row, ...],
    errands: tuple[Errand, ...],
    **more: Any,
) -> web.Response:
    office = request.app[OFFICE]
    person = office.people.person(request)
    glance, held_by = await office.signer.glance(), await _held_by(office)
    tone, sentence = together.told(request)
    return await page(
        request,
        template,
        lines=[line_for(office, row, person, held_by) for row in rows if queues.errand_of(row.document) in errands][
            : together.MOST
        ],
        slot=slot,
        token=glance.token(slot.value),
        glance=glance,
        wants_pin=together.wants_pin(glance.token(slot.value)),
        turn=office.signer.turn(slot.value),
        unsigned=await asyncio.to_thread(office.store.read, lambda db: views.to_sign(db, slot)),
        tone=tone,
        sentence=sentence,
        live_url=request.path,
        **more,
    )


async def decide(request: web.Request) -> web.StreamResponse:
    """``POST /approvals``: approve and sign what was chosen; from one draft's page, go on to the next."""
    return await _decided(request, Slot.LEADER, "/approvals")


async def decide_clerks(request: web.Request) -> web.StreamResponse:
    """``POST /desk/many``: certify or issue what was chosen."""
    return await _decided(request, Slot.AGENCY, "/desk/many")


async def _decided(request: web.Request, slot: Slot, back: str) -> web.StreamResponse:
    office, form = request.app[OFFICE], await request.post()
    person = office.people.person(request)
    if person is None:
        raise web.HTTPForbidden
    outcome = await together.decide(request, form, person, slot)
    if outcome.pin and form.get("from"):  # one draft's page: stay at it
        return see_other(f"{back}/{_plain(form.get('from'))}?{outcome.query}")
    following = _plain(form.get("following"))
    return see_other(f"{back}/{following}?{outcome.query}" if following else f"{back}?{outcome.query}")


def _plain(value: object) -> str:
    """A paper's id from a form, so that no form leads elsewhere."""
    text = str(value or "")
    return text if text.replace("-", "").isalnum() and text.isascii() else ""


async def open_token(request: web.Request) -> web.StreamResponse:
    """``POST /approvals/token``: the PIN alone, for papers that were approved before."""
    form = await request.post()
    if "paper" in form:
        raise web.HTTPBadRequest
    return await _opened(request, Slot.LEADER, "/approvals")


async def open_clerks_token(request: web.Request) -> web.StreamResponse:
    """``POST /desk/many/token``."""
    return await _opened(request, Slot.AGENCY, "/desk/many")


async def _opened(request: web.Request, slot: Slot, back: str) -> web.StreamResponse:
    code = await together.open_token(request, slot)
    return see_other(f"{back}?pin={code}" if code else f"{back}?said=login")


async def _more(request: web.Request, paper: views.Paper) -> dict[str, Any]:
    office = request.app[OFFICE]
    waiting = await of_role(office, Role.LEADER)
    previous, following = waiting.around(paper.document.id)
    glance = await office.signer.glance()
    tone, sentence = together.told(request)
    return {
        "mine": line_for(office, paper.row, office.people.person(request), await _held_by(office)),
        "previous": previous,
        "following": following,
        "waiting": len(waiting.rows),
        "leaders": Slot.LEADER,
        "token": glance.token(Slot.LEADER.value),
        "wants_pin": together.wants_pin(glance.token(Slot.LEADER.value)),
        "leaders_turn": office.signer.turn(Slot.LEADER.value),
        "tone": tone,
        "sentence": sentence,
    }


async def _onward(request: web.Request, document_id: str, name: str, form: Mapping[str, object]) -> str:
    """The next draft that waits for the leader, else the list."""
    waiting = await of_role(request.app[OFFICE], Role.LEADER)
    ids = [row.document.id for row in waiting.rows if row.document.id != document_id]
    seen = str(form.get("following", ""))
    onward = seen if seen in ids else ""
    return f"/approvals/{onward}?said={name}" if onward else f"/approvals?said={name}"


_pages = PaperPages(Place("/approvals", "approval.html", _onward, _more))


def prepare(app: web.Application) -> None:
    """Routes and who may use them."""
    app.add_routes(
        [
            web.get("/approvals", show),
            web.post("/approvals", decide),
            web.post("/approvals/token", open_token),
            web.get("/approvals/{id}", _pages.show),
            web.post("/approvals/{id}/do/{action}", _pages.act),
            web.post("/approvals/{id}/nudge", _pages.nudge),
            web.get("/desk/many", show_clerks),
            web.post("/desk/many", decide_clerks),
            web.post("/desk/many/token", open_clerks_token),
        ]
    )
    for path in ("/approvals", "/approvals/token"):
        allow(app, path, read=OFFICERS, write=only(Role.LEADER))
    allow(app, "/approvals/{id}", read=OFFICERS)
    for path in ("do/{action}", "nudge"):
        allow(app, f"/approvals/{{id}}/{path}", read=OFFICERS, write=only(Role.LEADER))
    for path in ("/desk/many", "/desk/many/token"):
        allow(app, path, read=OFFICERS, write=only(Role.CLERK))
