"""``/incoming``: electronic documents that the province sent - read, taken up or refused, and where handling stands.

Owns what is asked of a person (a stage of Decision 28/2018/QĐ-TTg, a reason, an answer to a recall). Deciding and
telling the province is ``pipeline.handling``; what is shown of signatures was found before the document was accepted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web

from appliance.commands import CommandRefused
from appliance.domain.chain import Entry
from appliance.pipeline import handling
from appliance.store import NoSuchDocument, events, incoming, notices, registers
from appliance.store.incoming import Electronic
from appliance.store.notices import Word
from appliance.store.registers import Taken
from appliance.store.standing import Role
from appliance.web.access import OFFICERS, allow, only
from appliance.web.deeds import EDITABLE
from appliance.web.handing_in import safe_name
from appliance.web.office import OFFICE
from appliance.web.papers import page_picture
from appliance.web.people import clean_line
from appliance.web.pictures import WIDTHS
from appliance.web.presenting import page, see_other
from appliance.web.sheets import first_picture, plain_sheets
from appliance.wording import N_, _, text_of
from appliance.wording.handling import STAGES
from appliance.wording.verification import Words, in_words
from sync.protocol.notices import AGREED, ASSIGNED, DECLINED, FINISHED, IN_HAND, KEPT, NEEDS_REASON, TAKEN, may_follow

DEEDS: dict[str, str] = {
    TAKEN: N_("Tiếp nhận, vào sổ đến"),
    ASSIGNED: N_("Phân công xử lý"),
    IN_HAND: N_("Bắt đầu xử lý"),
    FINISHED: N_("Hoàn thành"),
    DECLINED: N_("Từ chối tiếp nhận"),
}
"""What a person may do, by the stage that it leads to; refusing last."""


@dataclass(frozen=True)
class Arrived:
    """One electronic document with all that is known of it; ``deeds``: the stages that may follow now."""

    document: Electronic
    taken: Taken | None
    words: tuple[Word, ...]
    history: tuple[Entry, ...]
    recall_asked: bool

    @property
    def deeds(self) -> tuple[str, ...]:
        if self.document.recalled_at or self.recall_asked:
            return ()
        return tuple(code for code in DEEDS if may_follow(self.document.stage, code))


def _electronic(db: Any, document_id: str) -> Electronic:
    found = incoming.find(db, document_id)
    if found is None:
        raise NoSuchDocument(document_id)
    return found


def _arrived(db: Any, document_id: str) -> Arrived:
    return Arrived(
        _electronic(db, document_id),
        registers.held_for(db, document_id),
        tuple(notices.of_document(db, document_id)),
        tuple(events.entries(db, document_id)),
        notices.recall_asked(db, document_id),
    )


async def _load(request: web.Request) -> Arrived:
    office, document_id = request.app[OFFICE], request.match_info["id"]
    return await asyncio.to_thread(office.store.read, lambda db: _arrived(db, document_id))


def verdict_of(document: Electronic) -> Words | None:
    """What the signatures said when the document came, in words; None where nothing was found out."""
    return in_words(document.signatures) if document.signatures else None


async def show(request: web.Request) -> web.Response:
    """``GET /incoming``: those that nobody has taken up first, the most urgent on top."""
    found = await asyncio.to_thread(request.app[OFFICE].store.read, incoming.listed)
    waiting = [one for one in found if one.stage == "01" and not one.recalled_at]
    rest = [one for one in found if one.stage != "01" or one.recalled_at]
    lists = (("waiting", N_("Chờ tiếp nhận"), waiting), ("handled", N_("Đã xử lý"), rest))
    return await page(request, "incoming.html", lists=lists, stages=STAGES, verdict=verdict_of)


async def one(request: web.Request) -> web.Response:
    """``GET /incoming/{id}``."""
    return await _page(request)


async def _page(request: web.Request, trouble: str = "", reason: str = "", state: int = 200) -> web.Response:
    office, arrived = request.app[OFFICE], await _load(request)
    document = arrived.document
    drawn = await first_picture(office.pictures, "" if document.recalled_at else document.sha256)
    return await page(
        request,
        "electronic.html",
        state,
        arrived=arrived,
        document=document,
        fields=[(name, document.said(name)) for name in EDITABLE if document.said(name)],
        sheets=plain_sheets(drawn),
        wide=WIDTHS[1],
        verdict=verdict_of(document),
        stages=STAGES,
        deeds=DEEDS,
        needs_reason=NEEDS_REASON,
        trouble=trouble,
        reason=reason,
        live_url=f"/incoming/{document.document_id}",
    )


async def stage(request: web.Request) -> web.StreamResponse:
    """``POST /incoming/{id}/stage``: ``code`` of Decision 28/2018, and ``reason`` when it is a refusal."""
    return await _decide(request, handling.set_stage, str((await request.post()).get("code", "")), DEEDS)


async def recall(request: web.Request) -> web.StreamResponse:
    """``POST /incoming/{id}/recall``: ``code`` 15 (its bytes are removed here) or 16, with a reason."""
    return await _decide(request, _answer_recall, str((await request.post()).get("code", "")), (AGREED, KEPT))


def _answer_recall(store: Any, document_id: str, code: str, by: str, now: Any, reason: str) -> Electronic:
    return handling.answer_recall(store, document_id, code == AGREED, by, now, reason)


async def _decide(request: web.Request, decision: Any, code: str, known: Any) -> web.StreamResponse:
    office, form, document_id = request.app[OFFICE], await request.post(), request.match_info["id"]
    person = office.people.person(request)
    reason = clean_line(str(form.get("reason", "")), 500)
    if person is None or code not in known:
        raise web.HTTPBadRequest
    try:
        await asyncio.to_thread(partial(decision, office.store, document_id, code, person.by, office.clock(), reason))
    except CommandRefused as error:
        words = {name: _(STAGES.get(str(value), str(value))) for name, value in error.params.items()}
        return await _page(request, text_of(error.code, **words), reason, 422 if error.code == "reason-needed" else 409)
    return see_other(f"/incoming/{document_id}?said=stage-{code}")


async def picture(request: web.Request) -> web.StreamResponse:
    """``GET /incoming/{id}/pages/{n}.jpg``: one page; nothing of a document that was taken back."""
    office = request.app[OFFICE]
    answer = await page_picture(request, office.pictures, await _source(request))
    if not await _source(request):  # taken back while it was being drawn
        raise web.HTTPNotFound
    return answer


async def file(request: web.Request) -> web.StreamResponse:
    """``GET /incoming/{id}/file``: the document byte for byte, as a download."""
    office, arrived = request.app[OFFICE], await _load(request)
    if arrived.document.recalled_at:
        raise web.HTTPNotFound
    path = await asyncio.to_thread(office.store.blobs.existing, arrived.document.sha256)
    name = safe_name(f"{arrived.document.said('code') or arrived.document.document_id}.pdf".replace("/", "-"))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Content-Type": "application/pdf",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return web.FileResponse(path, headers=headers)


async def _source(request: web.Request) -> str:
    office, document_id = request.app[OFFICE], request.match_info["id"]
    document = await asyncio.to_thread(office.store.read, lambda db: _electronic(db, document_id))
    return "" if document.recalled_at else document.sha256


def prepare(app: web.Application) -> None:
    """Routes and who may use them: both officers handle; what the province asks back is the clerk's to answer."""
    app.add_routes(
        [
            web.get("/incoming", show),
            web.get("/incoming/{id}", one),
            web.post("/incoming/{id}/stage", stage),
            web.post("/incoming/{id}/recall", recall),
            web.get(r"/incoming/{id}/pages/{number:\d{1,4}}.jpg", picture),
            web.get("/incoming/{id}/file", file),
        ]
    )
    for path in ("", "/{id}", "/{id}/pages/{number}.jpg", "/{id}/file"):
        allow(app, f"/incoming{path}")
    allow(app, "/incoming/{id}/stage", read=OFFICERS, write=OFFICERS)
    allow(app, "/incoming/{id}/recall", read=OFFICERS, write=only(Role.CLERK))
