"""The page of one paper and its action forms: ``/papers/{id}`` and what lies under it.

Refuses to show anything of a concealed paper: the read model has already taken its content away, pictures ask for their
source, and a picture that became forbidden while it was drawn is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import web

from appliance.commands import CommandRefused
from appliance.domain.kinds import Slot
from appliance.door import DoorClosed, ask
from appliance.store import standing, views
from appliance.web.deeds import EDITABLE, FormRefused, done, typed_fields
from appliance.web.nudging import Nudging
from appliance.web.office import OFFICE, Office
from appliance.web.people import person_in
from appliance.web.pictures import WIDTHS, Drawn, NoPicture
from appliance.web.presenting import page, see_other
from appliance.web.receipts import receipt_facts
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


async def show(request: web.Request) -> web.Response:
    """``GET /papers/{id}?login=``: the latter is the code of why a login did not come about."""
    code = request.query.get("login", "")
    return await _page(request, Trouble("login", "pin", text_of(code, detail="")) if code in CODES else Trouble())


async def act(request: web.Request) -> web.StreamResponse:
    """``POST /papers/{id}/do/{action}``: do it and go back to the paper, or to the next one that waits."""
    office, document_id, name = request.app[OFFICE], request.match_info["id"], request.match_info["action"]
    form = await request.post()
    person = person_in(form) or office.people.person(request)
    typed, reason = typed_fields(form), str(form.get("reason", ""))[:500]
    if person is None:
        missing = Trouble(name, "person", _("Hãy cho biết bạn là ai."), typed, reason)
        return await _page(request, missing, 422)
    try:
        await done(office.store, document_id, name, person, form, office.clock(), office.config.who_may_sign())
    except FormRefused as error:
        return await _page(request, Trouble(name, error.field, error.sentence, typed, reason), 422)
    except CommandRefused as error:
        sentence = text_of(error.code, **states.spoken(error.params))
        return await _page(request, Trouble(name, "", sentence, typed, reason), 409)
    answer = see_other(await _where_to(office, document_id, name, form))
    office.people.remember(answer, person)
    return answer


async def nudge(request: web.Request) -> web.StreamResponse:
    """``POST /papers/{id}/nudge``: move an appearance before anybody signs."""
    office, document_id = request.app[OFFICE], request.match_info["id"]
    form = await request.post()
    person = person_in(form) or office.people.person(request)
    if person is None:
        return await _page(request, Trouble("nudge", "person", _("Hãy cho biết bạn là ai.")), 422)
    try:
        await office.plans.move(document_id, form, person, office.clock())
    except FormRefused as error:
        return await _page(request, Trouble("nudge", error.field, error.sentence), 422)
    except CommandRefused as error:
        return await _page(request, Trouble("nudge", "", text_of(error.code, **states.spoken(error.params))), 409)
    answer = see_other(f"/papers/{document_id}?said=nudge")
    office.people.remember(answer, person)
    return answer


async def login(request: web.Request) -> web.StreamResponse:
    """``POST /papers/{id}/token/{slot}``: the typed PIN goes to the signer's socket; nothing of it stays here.

    Whatever comes of it is told on a page of its own: a reload must not send the PIN again.
    """
    office, document_id, slot = request.app[OFFICE], request.match_info["id"], request.match_info["slot"]
    form = await request.post()
    number = str(form.get("documents", "")).strip() or "0"
    if not number.isdecimal() or len(number) > 3:
        return see_other(f"/papers/{document_id}?login=login-number-wrong")
    try:
        await office.signer.login(slot, str(form.get("pin", "")), str(form.get("turn", "")), int(number))
    except SigningError as error:
        return see_other(f"/papers/{document_id}?login={quote(error.code)}")
    return see_other(f"/papers/{document_id}?said=login")


async def unlock(request: web.Request) -> web.StreamResponse:
    """``POST /papers/{id}/password``: the typed password goes to the worker's memory, then the paper is digitized
    again; nothing of it stays here.
    """
    office, document_id = request.app[OFFICE], request.match_info["id"]
    form = await request.post()
    person = person_in(form) or office.people.person(request)
    password = str(form.get("password", ""))
    if person is None:
        return await _page(request, Trouble("unlock", "person", _("Hãy cho biết bạn là ai.")), 422)
    if not password or len(password) > LONGEST:
        return await _page(request, Trouble("unlock", "password", _("Hãy nhập mật khẩu của tệp.")), 422)
    paper = await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))
    if not standing.waits_for_password(paper.document):
        sentence = text_of("not-in-this-state", **states.spoken({"state": paper.document.state.value}))
        return await _page(request, Trouble("unlock", "", sentence), 409)
    question = {"ask": "password", "paper": document_id, "password": password}
    try:
        await asyncio.to_thread(ask, office.config.worker_socket, question)
        await done(office.store, document_id, "release", person, form, office.clock())
    except DoorClosed:
        return await _page(request, Trouble("unlock", "password", text_of("worker-away")), 503)
    except CommandRefused as error:
        return await _page(request, Trouble("unlock", "", text_of(error.code, **states.spoken(error.params))), 409)
    answer = see_other(f"/papers/{document_id}?said=release")
    office.people.remember(answer, person)
    return answer


async def picture(request: web.Request) -> web.StreamResponse:
    """``GET /papers/{id}/pages/{n}.jpg?width=``: the picture of one page, or 404 where none may be shown."""
    office, number = request.app[OFFICE], int(request.match_info["number"])
    source = await _source(office, request.match_info["id"])
    width = WIDTHS[1] if request.query.get("width") == str(WIDTHS[1]) else WIDTHS[0]
    if not source or not 1 <= number <= 2000:
        raise web.HTTPNotFound
    try:
        drawn = await office.pictures.page(source, number, width)
    except NoPicture:
        raise web.HTTPNotFound from None
    if not await _source(office, request.match_info["id"]):  # marked as a secret while it was being drawn
        raise web.HTTPNotFound
    mark = f"{source}-{number}-{width}"  # bytes never change, so the browser need not fetch them twice
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{mark}"'}
    if any(each.value == mark for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=drawn.picture, content_type="image/jpeg", headers=headers)


async def cut_picture(request: web.Request) -> web.StreamResponse:
    """``GET /papers/{id}/cut.jpg``: the separator sheet in front of this part, or 404 where it may not be shown."""
    office, document_id = request.app[OFFICE], request.match_info["id"]
    paper = await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))
    if paper.cut is None or not paper.cut.cut.picture_sha256:
        raise web.HTTPNotFound
    path = await asyncio.to_thread(office.store.blobs.existing, paper.cut.cut.picture_sha256)
    return web.FileResponse(path, headers={"Cache-Control": "private, no-cache", "Content-Type": "image/jpeg"})


async def _source(office: Office, document_id: str) -> str:
    def read(db: Any) -> str:
        return standing.picture_source(views.paper(db, document_id).document)

    return await asyncio.to_thread(office.store.read, read)


async def _where_to(office: Office, document_id: str, name: str, form: Mapping[str, object]) -> str:
    """The next paper that waits for the same person when they asked for it, else this one."""
    if form.get("then") == "next":
        following = (await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))).next
        if following:
            return f"/papers/{following}?said={name}"
    return f"/papers/{document_id}?said={name}"


async def _page(request: web.Request, trouble: Trouble, state: int = 200) -> web.Response:
    office, document_id = request.app[OFFICE], request.match_info["id"]
    paper = await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))
    drawn = await _first_picture(office, paper)
    nudging = await office.plans.of(paper.document)
    slot = standing.slot_to_fill(paper.document)
    return await page(
        request,
        "paper.html",
        state,
        paper=paper,
        document=paper.document,
        trouble=trouble,
        editable=EDITABLE,
        sheets=_sheets(paper, drawn, nudging),
        nudging=nudging,
        glance=await office.signer.glance(),
        slot=slot,
        turn=office.signer.turn(slot.value) if slot else "",
        # A leader's PIN is for what the leader has seen; the clerk's holds for the shift (hsm/SECURITY.md).
        batch=max(1, await asyncio.to_thread(office.store.read, lambda db: views.to_sign(db, slot)))
        if slot is Slot.LEADER
        else 0,
        locked=standing.waits_for_password(paper.document),
        receipt=receipt_facts(paper.delivery),
        arrived=in_words(paper.arrived.facts) if paper.arrived else None,
        reached=_reached(paper),
        live_url=f"/papers/{document_id}",
        wide=WIDTHS[1],
    )


async def _first_picture(office: Office, paper: views.Paper) -> Drawn | None:
    source = standing.picture_source(paper.document) if not paper.concealed else ""
    if not source:
        return None
    try:
        return await office.pictures.page(source, 1)
    except NoPicture:
        return None


@dataclass(frozen=True)
class Sheet:
    """One page as the page of the paper shows it: size in points and the marked places of fields and signatures."""

    number: int
    across: float
    down: float
    marks: tuple[tuple[str, str, tuple[float, float, float, float]], ...]


def _sheets(paper: views.Paper, drawn: Drawn | None, nudging: Nudging) -> tuple[Sheet, ...]:
    marks: dict[int, list[tuple[str, str, tuple[float, float, float, float]]]] = {}
    for name, value in paper.document.fields.items():
        if value.page and value.value and name in EDITABLE:
            marks.setdefault(value.page, []).append(("field", name, value.box))
    for signature in paper.document.signatures:
        if signature.page:
            marks.setdefault(signature.page, []).append(("signature", signature.slot.value, signature.box))
    for number, slot, box in nudging.planned:
        marks.setdefault(number, []).append(("planned", slot, box))
    sizes = drawn.sizes if drawn else ()
    return tuple(Sheet(n, across, down, tuple(marks.get(n, ()))) for n, (across, down) in enumerate(sizes, 1))


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
