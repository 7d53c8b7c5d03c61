"""``/desk``: the clerk's desk. One paper after the other: scan beside fields, save and on to the next.

Owns the order of work at the desk and where a finished action leads. Everything about one paper is ``paper_pages``;
what waits and in which order is ``store.queues``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from appliance import commands
from appliance.commands import CommandRefused, recutting
from appliance.domain.documents import Document
from appliance.store import NoSuchDocument, batches, queues, views
from appliance.store.queues import Errand, Queue
from appliance.store.standing import Role, may_be_recut, shown
from appliance.web.access import OFFICERS, allow, only
from appliance.web.desk_row import row_facts
from appliance.web.office import OFFICE, Office
from appliance.web.paper_pages import PaperPages, Place, Trouble
from appliance.web.presenting import page, see_other
from appliance.wording import N_, _, states, text_of

ERRANDS: dict[Errand, str] = {
    Errand.SUSPECT: N_("Nghi bí mật"),
    Errand.REFUSED: N_("Bị từ chối"),
    Errand.RETURNED: N_("Lãnh đạo trả lại"),
    Errand.APPROVE: N_("Chờ duyệt"),
    Errand.SIGN: N_("Chờ ký duyệt"),
    Errand.ISSUE: N_("Chờ phát hành"),
    Errand.UNLOCK: N_("Chờ mã PIN"),
    Errand.ASIDE: N_("Cách ly"),
}
"""What the desks call an errand."""
IN_ORDER_OF_THE_REGISTER = ("issuer", "parent_issuer", "code", "issued_date", "type_name", "subject", "urgency")
"""Tác giả, số ký hiệu, ngày, tên loại và trích yếu, độ khẩn (NĐ 30/2020, PL IV, sổ đăng ký văn bản đến); behind them
the columns that a person says (``desk_row``)."""
BESIDE_THE_REGISTER = ("place", "signer_position", "signer_name")
"""Fields that no column holds; the province gets them."""
TYPES = ("Công văn", "Quyết định", "Thông báo", "Báo cáo", "Tờ trình", "Kế hoạch", "Giấy mời", "Nghị quyết", "Tờ khai")
"""Alt+1 … Alt+9 (NĐ 30/2020, PL III): words of the papers themselves, so they are not translated."""


async def of_role(office: Office, role: Role, errand: str = "") -> Queue:
    """What waits for a role."""
    return await asyncio.to_thread(office.store.read, lambda db: queues.queue(db, role, errand))


def chosen_errand(text: str) -> str:
    """The name of an errand as an address or a form gives it, or an empty text."""
    return text if text in set(Errand) else ""


async def first(request: web.Request) -> web.StreamResponse:
    """``GET /desk?show=&stay=``: the paper that waits first, or an empty desk.

    ``stay`` is what an empty desk asks to stay current: the first paper to come is shown in its list, not opened under
    the person's hands.
    """
    errand, said = chosen_errand(request.query.get("show", "")), request.query.get("said", "")
    waiting = await of_role(request.app[OFFICE], Role.CLERK, errand)
    if waiting.rows and "stay" not in request.query:
        return see_other(_address(waiting.rows[0].document.id, show=errand, said=said))
    return await page(
        request,
        "desk.html",
        paper=None,
        queue=waiting,
        shown=errand,
        errands=ERRANDS,
        previous="",
        following="",
        live_url=_address("", show=errand, stay="1"),
    )


async def _more(request: web.Request, paper: views.Paper) -> dict[str, Any]:
    form = await request.post()  # read before, when the page answers a form; empty when it was asked for
    errand = chosen_errand(request.query.get("show", "") or str(form.get("show", "")))
    waiting = await of_role(request.app[OFFICE], Role.CLERK, errand)
    previous, following = waiting.around(paper.document.id)
    store = request.app[OFFICE].store
    to_join = await asyncio.to_thread(store.read, lambda db: _next_to_join(db, paper.document))
    return {
        "to_join": to_join,
        "after_joining": waiting.around(to_join.id)[1] if to_join else "",
        "queue": waiting,
        "shown": errand,
        "errands": ERRANDS,
        "previous": previous,
        "following": following,
        "editable": IN_ORDER_OF_THE_REGISTER,
        "beside": BESIDE_THE_REGISTER,
        "types": TYPES,
        "may_recut": may_be_recut(paper.document),
        "live_url": _address(paper.document.id, show=errand),
    } | await row_facts(request.app[OFFICE], paper)


def _address(document_id: str, **query: str) -> str:
    asked = urlencode({name: value for name, value in query.items() if value})
    return f"/desk/{document_id}".rstrip("/") + (f"?{asked}" if asked else "")


async def _onward(request: web.Request, document_id: str, name: str, form: Mapping[str, object]) -> str:
    """The paper that the person saw as the next one, if it still waits; else the first that does; else the desk."""
    errand = chosen_errand(str(form.get("show", "")))
    waiting = await of_role(request.app[OFFICE], Role.CLERK, errand)
    ids = [row.document.id for row in waiting.rows if row.document.id != document_id]
    seen = str(form.get("following", ""))
    return _address(seen if seen in ids else ids[0] if ids else "", show=errand, said=name)


async def recut(request: web.Request) -> web.StreamResponse:
    """``POST /desk/{id}/pages``: part the paper before ``page`` (``deed`` = part), or leave the page out (drop)."""
    office, document_id = request.app[OFFICE], request.match_info["id"]
    form, person = await request.post(), office.people.person(request)
    deed, page_text = str(form.get("deed", "")), str(form.get("page", "")).strip()
    if person is None or deed not in ("part", "drop"):
        raise web.HTTPBadRequest
    if not page_text.isdecimal() or len(page_text) > 4:
        return await _pages.page(request, Trouble("recut", "page", _("Hãy ghi số trang.")), 422)
    command = recutting.part_before if deed == "part" else recutting.leave_out
    try:
        await asyncio.to_thread(command, office.store, document_id, int(page_text), person.by, office.clock())
    except CommandRefused as error:
        sentence = text_of(error.code, **states.spoken(error.params))
        return await _pages.page(request, Trouble("recut", "page", sentence), 409)
    return see_other(await _onward(request, document_id, f"recut-{deed}", form))


async def join(request: web.Request) -> web.StreamResponse:
    """``POST /desk/{id}/join``: put the pages of the next paper (``other``) behind this one's."""
    office, document_id = request.app[OFFICE], request.match_info["id"]
    form, person = await request.post(), office.people.person(request)
    other = str(form.get("other", ""))
    if person is None or not other:
        raise web.HTTPBadRequest
    seen = {document_id: str(form.get("version", "")), other: str(form.get("other_version", ""))}
    try:
        await asyncio.to_thread(_join, office, document_id, other, seen, person.by)
    except CommandRefused as error:
        sentence = text_of(error.code, **states.spoken(error.params))
        return await _pages.page(request, Trouble("join-next", "", sentence), 409)
    return see_other(await _onward(request, document_id, "join-next", form))


def _join(office: Office, document_id: str, other: str, seen: Mapping[str, str], by: str) -> None:
    """Join, if both papers are as the person saw them.

    Raises:
        CommandRefused: as ``commands.join_next``; changed-meanwhile.
    """
    for one, version in seen.items():
        try:
            if str(office.store.read(partial(views.shown_document, document_id=one)).version) != version:
                raise CommandRefused("changed-meanwhile")
        except NoSuchDocument:
            raise CommandRefused("no-such-document", document_id=one) from None
    commands.join_next(office.store, document_id, other, by, office.clock())


def _next_to_join(db: Any, document: Document) -> Document | None:
    """The paper whose pages the clerk may put behind this one's, as pages may see it."""
    found = batches.joinable_after(db, document)
    return shown(found) if found else None


_pages = PaperPages(Place("/desk", "desk.html", _onward, _more))


def prepare(app: web.Application) -> None:
    """Routes and who may use them: every officer may look, ``deeds`` says who may do what."""
    app.add_routes(
        [
            web.get("/desk", first),
            web.get("/desk/{id}", _pages.show),
            web.post("/desk/{id}/do/{action}", _pages.act),
            web.post("/desk/{id}/nudge", _pages.nudge),
            web.post("/desk/{id}/pages", recut),
            web.post("/desk/{id}/join", join),
            web.post("/desk/{id}/appendices", _pages.attach),
            web.post("/desk/{id}/token/{slot}", _pages.login),
            web.post("/desk/{id}/password", _pages.unlock),
        ]
    )
    for path in ("/desk", "/desk/{id}"):
        allow(app, path, read=OFFICERS)
    for path in ("pages", "appendices", "join"):
        allow(app, f"/desk/{{id}}/{path}", read=OFFICERS, write=only(Role.CLERK))
    for path in ("do/{action}", "nudge", "token/{slot}", "password"):
        allow(app, f"/desk/{{id}}/{path}", read=OFFICERS, write=OFFICERS)
