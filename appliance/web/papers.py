"""The page of one paper and the pictures under it: ``/papers/{id}``.

Refuses to show anything of a concealed paper: the read model has already taken its content away, pictures ask for their
source, and a picture that became forbidden while it was drawn is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from appliance.store import standing, views
from appliance.store.standing import Role
from appliance.web.access import allow, only
from appliance.web.office import OFFICE, Office
from appliance.web.paper_pages import PaperPages, Place
from appliance.web.pictures import WIDTHS, NoPicture, Pictures


async def picture(request: web.Request) -> web.StreamResponse:
    """``GET /papers/{id}/pages/{n}.jpg?width=``: the picture of one page, or 404 where none may be shown."""
    office, document_id = request.app[OFFICE], request.match_info["id"]
    answer = await page_picture(request, office.pictures, await _source(office, document_id))
    if not await _source(office, document_id):  # marked as a secret while it was being drawn
        raise web.HTTPNotFound
    return answer


async def page_picture(request: web.Request, pictures: Pictures, source: str) -> web.StreamResponse:
    """The picture of page ``number`` of the file ``source``, or 404."""
    number = int(request.match_info["number"])
    width = WIDTHS[1] if request.query.get("width") == str(WIDTHS[1]) else WIDTHS[0]
    if not source or not 1 <= number <= 2000:
        raise web.HTTPNotFound
    try:
        drawn = await pictures.page(source, number, width)
    except NoPicture:
        raise web.HTTPNotFound from None
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
        return standing.picture_source(views.shown_document(db, document_id))

    return await asyncio.to_thread(office.store.read, read)


async def _onward(request: web.Request, document_id: str, name: str, form: Mapping[str, object]) -> str:
    """The next paper that waits for the same person when they asked for it, else this one."""
    if form.get("then") == "next":
        store = request.app[OFFICE].store
        following = (await asyncio.to_thread(store.read, lambda db: views.paper(db, document_id))).next
        if following:
            return f"/papers/{following}?said={name}"
    return f"/papers/{document_id}?said={name}"


pages = PaperPages(Place("/papers", "paper.html", _onward))
show, act, nudge, login, unlock = pages.show, pages.act, pages.nudge, pages.login, pages.unlock


def prepare(app: web.Application) -> None:
    """Routes of this page that the clerk alone uses, and who may."""
    app.add_routes([web.post("/papers/{id}/appendices", pages.attach)])
    allow(app, "/papers/{id}/appendices", write=only(Role.CLERK))
