"""One paper and its action forms, the same at every place that shows papers: the paper's own page, the clerk's desk,
the leader's desk.

Owns what a place needs of a paper, and what happens after a form. Refuses to decide: actions are ``deeds``. A place
says its template, its address and where to go on; whatever a form asks is answered at the place it came from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from aiohttp import web

from appliance import commands
from appliance.commands import CommandRefused
from appliance.delegating import who_may_sign
from appliance.domain.documents import Document
from appliance.domain.kinds import Slot
from appliance.door import DoorClosed, ask
from appliance.store import attachments, standing, views
from appliance.web.access import may_use
from appliance.web.deeds import EDITABLE, FormRefused, done, permitted, typed_fields
from appliance.web.desk_row import typed_row, understood_row
from appliance.web.enrolling import ROLE_OF_SLOT
from appliance.web.nudging import Nudging
from appliance.web.office import OFFICE, Office
from appliance.web.people import Person
from appliance.web.pictures import WIDTHS
from appliance.web.presenting import page, see_other
from appliance.web.receipts import receipt_facts
from appliance.web.sheets import sheets_of
from appliance.wording import CODES, _, states, text_of
from appliance.wording.verification import in_words
from hsm.api import SigningError
from scanner_intake.passwords import LONGEST


@dataclass(frozen=True)
class Trouble:
    """Why a form was not accepted, and what the person had typed, to be shown again."""

    action: str = ""
    place: str = ""
    sentence: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


async def _nothing_more(_request: web.Request, _paper: views.Paper) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Place:
    """Where papers are shown: ``root`` is the address before the paper's id; ``more`` are further facts of the page.

    ``onward`` says where a finished action leads, given the request, the paper, the action and the form.
    """

    root: str
    template: str
    onward: Callable[[web.Request, str, str, Mapping[str, object]], Awaitable[str]]
    more: Callable[[web.Request, views.Paper], Awaitable[dict[str, Any]]] = _nothing_more


def who_acts(request: web.Request) -> Person:
    """The person who sends a form; never what the form itself says."""
    person = request.app[OFFICE].people.person(request)
    if person is None:  # the table of access lets nobody else come this far
        raise web.HTTPForbidden
    return person


class PaperPages:
    """The handlers of one place."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def show(self, request: web.Request) -> web.Response:
        """``GET {root}/{id}?login=``: the latter is the code of why a login did not come about."""
        code = request.query.get("login", "")
        return await self.page(
            request, Trouble("login", "pin", text_of(code, detail="")) if code in CODES else Trouble()
        )

    async def act(self, request: web.Request) -> web.StreamResponse:
        """``POST {root}/{id}/do/{action}``: do it and go on to where the place says."""
        office, document_id, name = request.app[OFFICE], request.match_info["id"], request.match_info["action"]
        form, person = await request.post(), who_acts(request)
        said, reason = typed_row(form), str(form.get("reason", ""))[:500]
        typed, calendar = typed_fields(form) | said, office.config.working_days()
        try:
            held_by = await asyncio.to_thread(who_may_sign, office.config, office.store)
            await done(
                office.store, document_id, name, person, form, office.clock(), held_by,
                lambda document: understood_row(said, document, calendar),
            )  # fmt: skip
        except FormRefused as error:
            return await self.page(request, Trouble(name, error.field, error.sentence, typed, reason), 422)
        except CommandRefused as error:
            sentence = text_of(error.code, **states.spoken(error.params))
            return await self.page(request, Trouble(name, "", sentence, typed, reason), 409)
        return see_other(await self.place.onward(request, document_id, name, form))

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """``POST {root}/{id}/appendices``: make another waiting paper (``paper``) an appendix of this one."""
        office, document_id = request.app[OFFICE], request.match_info["id"]
        form, person = await request.post(), who_acts(request)
        appendix = str(form.get("paper", ""))
        if not appendix:
            return await self.page(request, Trouble("attach", "paper", _("Hãy chọn văn bản làm phụ lục.")), 422)
        try:
            await asyncio.to_thread(commands.attach, office.store, appendix, document_id, person.by, office.clock())
        except CommandRefused as error:
            sentence = text_of(error.code, **states.spoken(error.params))
            return await self.page(request, Trouble("attach", "paper", sentence), 409)
        return see_other(f"{self.place.root}/{document_id}?said=attach")

    async def nudge(self, request: web.Request) -> web.StreamResponse:
        """``POST {root}/{id}/nudge``: move an appearance before anybody signs."""
        office, document_id = request.app[OFFICE], request.match_info["id"]
        form, person = await request.post(), who_acts(request)
        try:
            await office.plans.move(document_id, form, person, office.clock())
        except FormRefused as error:
            return await self.page(request, Trouble("nudge", error.field, error.sentence), 422)
        except CommandRefused as error:
            sentence = text_of(error.code, **states.spoken(error.params))
            return await self.page(request, Trouble("nudge", "", sentence), 409)
        return see_other(f"{self.place.root}/{document_id}?said=nudge")

    async def login(self, request: web.Request) -> web.StreamResponse:
        """``POST {root}/{id}/token/{slot}``: the typed PIN goes to the signer's socket; nothing of it stays here.

        Whatever comes of it is told on a page of its own: a reload must not send the PIN again.
        """
        office, slot = request.app[OFFICE], request.match_info["slot"]
        here = f"{self.place.root}/{request.match_info['id']}"
        form, owner = await request.post(), ROLE_OF_SLOT.get(slot)
        if owner is None or who_acts(request).role is not owner:  # nobody types the PIN of another's token
            return see_other(f"{here}?login=pin-of-another")
        number = str(form.get("documents", "")).strip() or "0"
        if not number.isdecimal() or len(number) > 3:
            return see_other(f"{here}?login=login-number-wrong")
        try:
            await office.signer.login(slot, str(form.get("pin", "")), str(form.get("turn", "")), int(number))
        except SigningError as error:
            return see_other(f"{here}?login={quote(error.code)}")
        return see_other(f"{here}?said=login")

    async def unlock(self, request: web.Request) -> web.StreamResponse:
        """``POST {root}/{id}/password``: the typed password goes to the worker's memory, then the paper is digitized
        again; nothing of it stays here.
        """
        office, document_id = request.app[OFFICE], request.match_info["id"]
        form, person = await request.post(), who_acts(request)
        password = str(form.get("password", ""))
        if not password or len(password) > LONGEST:
            return await self.page(request, Trouble("unlock", "password", _("Hãy nhập mật khẩu của tệp.")), 422)
        document = await asyncio.to_thread(office.store.read, lambda db: views.shown_document(db, document_id))
        question = {"ask": "password", "paper": document_id, "password": password}
        try:
            if not standing.waits_for_password(document):
                raise CommandRefused("not-in-this-state", state=document.state.value)
            permitted(document, "release", person)  # before the worker hears of the password
            await asyncio.to_thread(ask, office.config.worker_socket, question)
            await done(office.store, document_id, "release", person, form, office.clock())
        except DoorClosed:
            return await self.page(request, Trouble("unlock", "password", text_of("worker-away")), 503)
        except CommandRefused as error:
            sentence = text_of(error.code, **states.spoken(error.params))
            return await self.page(request, Trouble("unlock", "", sentence), 409)
        return see_other(f"{self.place.root}/{document_id}?said=release")

    async def page(self, request: web.Request, trouble: Trouble, state: int = 200) -> web.Response:
        """The paper at this place."""
        office, document_id = request.app[OFFICE], request.match_info["id"]
        paper = await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))
        facts = await _facts(office, paper) | await self.place.more(request, paper)
        person = office.people.person(request)
        facts["attachable"] = await _attachable(office, paper.document, person)
        deeds = f"{self.place.root}/{{id}}/do/{{action}}"
        if not may_use(request.app, deeds, "POST", person.role if person else None):  # only to be looked at
            facts |= {"paper": replace(paper, actions=()), "nudging": Nudging(), "locked": False}
        elif person:  # nobody is shown a form for what is another's to do
            mine = tuple(action for action in paper.actions if action.role in (None, person.role))
            opens = any(action.name == "release" for action in mine)
            facts |= {"paper": replace(paper, actions=mine), "locked": facts["locked"] and opens}
        here = f"{self.place.root}/{document_id}"
        return await page(
            request, self.place.template, state, trouble=trouble, here=here, **({"live_url": here} | facts)
        )


async def _facts(office: Office, paper: views.Paper) -> dict[str, Any]:
    """What every place shows of a paper."""
    nudging = await office.plans.of(paper.document)
    slot = standing.slot_to_fill(paper.document)
    return {
        "paper": paper,
        "document": paper.document,
        "editable": EDITABLE,
        "sheets": await sheets_of(office.pictures, paper, nudging),
        "nudging": nudging,
        "glance": await office.signer.glance(),
        "slot": slot,
        "turn": office.signer.turn(slot.value) if slot else "",
        # A leader's PIN is for what the leader has seen; the clerk's holds for the shift (hsm/SECURITY.md).
        "batch": max(1, await asyncio.to_thread(office.store.read, lambda db: views.to_sign(db, slot)))
        if slot is Slot.LEADER
        else 0,
        "locked": standing.waits_for_password(paper.document),
        "receipt": receipt_facts(paper.delivery),
        "arrived": in_words(paper.arrived.facts) if paper.arrived else None,
        "reached": _reached(paper),
        "wide": WIDTHS[1],
    }


async def _attachable(office: Office, document: Document, person: Person | None) -> tuple[Document, ...] | None:
    """Papers that the clerk may make appendices of this one; None where it takes none, and for everybody else."""
    if not standing.may_have_appendices(document) or person is None or person.role is not standing.Role.CLERK:
        return None
    return await asyncio.to_thread(office.store.read, lambda db: attachments.offered(db, document))


def _reached(paper: views.Paper) -> dict[str, Any]:
    """When each station of the path was last reached; a way taken back (a withdrawn approval) forgets what followed."""
    reached: dict[str, Any] = {}
    order = list(states.STATIONS)
    for entry in paper.history:
        if entry.event in order:
            keep = order.index(entry.event)
            reached = {name: at for name, at in reached.items() if order.index(name) < keep} | {entry.event: entry.at}
        elif entry.event in _BACK_TO:
            keep = order.index(_BACK_TO[entry.event])
            reached = {name: at for name, at in reached.items() if order.index(name) <= keep}
        elif entry.event == "requeued":
            reached["enqueued"] = entry.at
    return reached


_BACK_TO = {"approval-withdrawn": "digitized", "released": "received"}
