"""``POST /papers/{id}/recall``: asking the province to give back a paper that it has taken, with a reason.

Owns the form alone; the decision and the notice to the province are ``pipeline.handling``. What the province answers,
and what becomes of the paper there, stands on the paper's own page.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from appliance.commands import CommandRefused
from appliance.pipeline import handling
from appliance.store import views
from appliance.store.standing import Role
from appliance.web.access import OFFICERS, allow, only
from appliance.web.office import OFFICE
from appliance.web.paper_pages import Trouble
from appliance.web.papers import pages
from appliance.web.people import clean_line
from appliance.web.presenting import see_other
from appliance.wording import _, states, text_of


async def recall(request: web.Request) -> web.StreamResponse:
    """``POST /papers/{id}/recall``."""
    office, document_id = request.app[OFFICE], request.match_info["id"]
    form, person = await request.post(), office.people.person(request)
    if person is None:
        raise web.HTTPForbidden
    reason = clean_line(str(form.get("reason", "")), 500)
    paper = await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))
    if not paper.may_be_recalled:
        sentence = _("Văn bản này không lấy lại được, hoặc đang chờ tỉnh trả lời.")
        return await pages.page(request, Trouble("recall", "", sentence), 409)
    box, now = office.config.box.id, office.clock()
    try:
        await asyncio.to_thread(handling.ask_back, office.store, box, document_id, person.by, now, reason)
    except CommandRefused as error:
        sentence = text_of(error.code, **states.spoken(error.params))
        return await pages.page(request, Trouble("recall", "reason", sentence, reason=reason), 422)
    return see_other(f"/papers/{document_id}?said=recall")


def prepare(app: web.Application) -> None:
    """The route and who may use it."""
    app.add_routes([web.post("/papers/{id}/recall", recall)])
    allow(app, "/papers/{id}/recall", read=OFFICERS, write=only(Role.CLERK))
