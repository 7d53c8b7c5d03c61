"""``/cases``: case dossiers at the one-door desk, and ``/lookup``, where anybody with a code sees how far one is.

Owns the addresses and what forms mean; decisions are ``casework``'s. The public answer has a state and days, never a
name, an address or what the dossier is about.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

from aiohttp import web

from appliance import casework
from appliance.commands import CommandRefused
from appliance.domain.zone import VIETNAM
from appliance.printing.child import NotPrinted, printed
from appliance.printing.slips import receipt_slip, refusal_slip
from appliance.registers import catalogues as lists
from appliance.registers.cases import BY_POST, Case, CaseState, last_day_to_resubmit
from appliance.store import cases, catalogues
from appliance.store.standing import Role
from appliance.web.access import EVERYBODY, NOBODY, OFFICERS, allow, only
from appliance.web.office import OFFICE
from appliance.web.people import ENTERED, clean_line
from appliance.web.presenting import page, see_other
from appliance.web.registers import attachment
from appliance.web.throttle import Throttle
from appliance.wording import text_of
from appliance.wording.cases import CASE_STATES

THROTTLE = web.AppKey("how often codes may be looked up", Throttle)
EACH, ALL_TOGETHER = 10, 120
SLIPS = {
    CaseState.OPEN: ("separator",),
    CaseState.ACCEPTED: ("receipt", "separator"),
    CaseState.REFUSED: ("refusal",),
    CaseState.RETURNED: ("receipt",),
}
"""What can be printed of a dossier."""
READERS = OFFICERS | only(Role.ADMINISTRATOR)


async def overview(request: web.Request) -> web.Response:
    """``GET /cases?state=``."""
    return await _overview(request, {}, "", 200)


async def _overview(request: web.Request, typed: dict[str, str], trouble: str, state: int) -> web.Response:
    chosen = request.query.get("state", "")
    chosen = chosen if chosen in CASE_STATES else ""

    def question(db: Any) -> tuple[list[Case], dict[str, int], list[Any]]:
        return cases.listed(db, chosen), cases.counts(db), catalogues.procedures(db)

    found, counts, procedures = await asyncio.to_thread(request.app[OFFICE].store.read, question)
    return await page(
        request,
        "cases.html",
        state,
        found=found,
        counts=counts,
        chosen=chosen,
        states=CASE_STATES,
        procedures=procedures,
        follows=typed.get("follows") or request.query.get("follows", ""),
        typed=typed,
        trouble=trouble,
    )


async def open_one(request: web.Request) -> web.StreamResponse:
    """``POST /cases``."""
    office, by, form = request.app[OFFICE], request[ENTERED].person.by, await request.post()
    typed = {
        name: clean_line(str(form.get(name, "")), 300)
        for name in ("procedure", "applicant", "contact", "follows", "handed_on_by", "by_post")
    }
    code = typed["procedure"].partition(" ")[0]
    try:
        opened = await asyncio.to_thread(
            lambda: casework.open_case(
                office.store,
                office.config.box.id,
                code,
                typed["applicant"],
                typed["contact"],
                by,
                office.clock(),
                typed["follows"],
                handed_on_by=typed["handed_on_by"],
                by_post=typed["by_post"] == "yes",
                resubmit_days=office.config.cases.resubmit_days,
            )
        )
    except CommandRefused as refused:
        return await _overview(request, typed, text_of(refused.code, **refused.params), 409)
    return see_other(f"/cases/{quote(opened.code)}?said=case-opened")


async def show(request: web.Request) -> web.Response:
    """``GET /cases/{code}``."""
    return await _show(request, "", 200)


async def _show(request: web.Request, trouble: str, state: int) -> web.Response:
    code = request.match_info["code"]

    def question(db: Any) -> tuple[Case | None, list[Any]]:
        return cases.find(db, code), cases.papers(db, code)

    found, papers = await asyncio.to_thread(request.app[OFFICE].store.read, question)
    if found is None:
        raise web.HTTPNotFound
    office = request.app[OFFICE]
    last = last_day_to_resubmit(found, office.config.cases.resubmit_days) if found.state is CaseState.REFUSED else None
    return await page(
        request,
        "case.html",
        state,
        case=found,
        papers=papers,
        states=CASE_STATES,
        last_day=last,
        by_post=BY_POST,
        too_late=last is not None and office.clock().astimezone(VIETNAM).date() > last,
        trouble=trouble,
        live_url="",
    )


async def act(request: web.Request) -> web.StreamResponse:
    """``POST /cases/{code}/{act}``: tick, accept, refuse, return."""
    office, by, form = request.app[OFFICE], request[ENTERED].person.by, await request.post()
    code, what, now, store = request.match_info["code"], request.match_info["act"], office.clock(), office.store
    text = str(form.get("version", ""))
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
    reason, tracking = (clean_line(str(form.get(name, "")), most) for name, most in (("reason", 500), ("tracking", 40)))
    there = frozenset(str(name) for name in form.getall("component", []))  # the catalogue's own names, or refused
    calendar = office.config.working_days()
    deeds = {
        "tick": lambda: casework.tick(store, code, version, there, by, now),
        "accept": lambda: casework.accept(store, code, version, by, now, calendar),
        "refuse": lambda: casework.refuse(store, code, version, reason, by, now),
        "return": lambda: casework.give_result(store, code, version, reason, by, now, tracking),
    }
    if what not in deeds:
        raise web.HTTPNotFound
    try:
        await asyncio.to_thread(deeds[what])
    except CommandRefused as refused:
        if refused.code == "no-such-case":
            raise web.HTTPNotFound from None
        return await _show(request, text_of(refused.code, **refused.params), 409)
    said = {"tick": "ticked", "accept": "accepted", "refuse": "refused", "return": "returned"}[what]
    return see_other(f"/cases/{quote(code)}?said=case-{said}")


async def slip(request: web.Request) -> web.Response:
    """``GET /cases/{code}/{slip}.pdf``: the receipt of an accepted dossier, the refusal of a refused one, and the sheet
    to be laid on its papers before they are scanned."""
    office, code, which = request.app[OFFICE], request.match_info["code"], request.match_info["slip"]
    found = await asyncio.to_thread(office.store.read, lambda db: cases.find(db, code))
    if found is None or which not in SLIPS[found.state]:
        raise web.HTTPNotFound
    commune, address = office.config.box.commune, f"{request.scheme}://{request.host}/lookup/{quote(code)}"
    if which == "separator":
        kind, told = "separator.pdf", _sheet(found)
    else:
        slip_of = refusal_slip(found, commune) if which == "refusal" else receipt_slip(found, commune, address)
        kind, told = "slip.pdf", slip_of.to_json()
    try:
        return attachment(await printed(kind, told), f"{which}-{code}.pdf")
    except NotPrinted as error:
        request.app.logger.error("a slip was not printed: %s", error)
        raise web.HTTPServiceUnavailable from None


def _sheet(case: Case) -> str:
    """As ``appliance.printing.separator.DossierSheet``, which is the child's to load."""
    return json.dumps({"code": case.code, "procedure": case.procedure.name, "applicant": case.applicant})


async def import_procedures(request: web.Request) -> web.StreamResponse:
    """``POST /cases/procedures``: the catalogue as a CSV file."""
    office, by, form = request.app[OFFICE], request[ENTERED].person.by, await request.post()
    file = form.get("file")
    content = file.file.read() if isinstance(file, web.FileField) else b""
    try:
        found = lists.procedures(content.decode("utf-8"))
    except UnicodeDecodeError:
        return await _overview(request, {}, text_of("list-encoding"), 422)
    except lists.ListRefused as refused:
        return await _overview(request, {}, text_of(refused.code, line=refused.line, detail=refused.detail), 422)
    now = office.clock()
    await asyncio.to_thread(office.store.write, lambda db: catalogues.import_procedures(db, found, by, now))
    return see_other("/cases?said=procedures-imported")


async def lookup(request: web.Request) -> web.Response:
    """``GET /lookup?code=`` and ``GET /lookup/{code}``: state and days of a dossier, for whoever has its code."""
    office = request.app[OFFICE]
    code = clean_line(request.match_info.get("code") or request.query.get("code", ""), 40).upper()
    if not code:
        return await page(request, "lookup.html", case=None, code="", states=CASE_STATES, trouble="", live_url="")
    if not request.app[THROTTLE].allows(request.remote or "", office.clock()):
        said = text_of("lookup-too-often")
        return await page(
            request, "lookup.html", 429, case=None, code=code, states=CASE_STATES, trouble=said, live_url=""
        )
    found = await asyncio.to_thread(office.store.read, lambda db: cases.find(db, code))
    said = "" if found else text_of("no-such-case", case=code)
    return await page(
        request, "lookup.html", 200 if found else 404, case=found, code=code, states=CASE_STATES, trouble=said,
        live_url="",
    )  # fmt: skip


def prepare(app: web.Application) -> None:
    """Routes, and who may use them: the desk is the clerk's, the look-up is everybody's."""
    app[THROTTLE] = Throttle(EACH, ALL_TOGETHER)
    app.add_routes(
        [
            web.get("/cases", overview),
            web.post("/cases", open_one),
            web.post("/cases/procedures", import_procedures),
            web.get("/cases/{code}", show),
            web.post("/cases/{code}/{act}", act),
            web.get(r"/cases/{code}/{slip:receipt|refusal|separator}.pdf", slip),
            web.get("/lookup", lookup),
            web.get("/lookup/{code}", lookup),
        ]
    )
    allow(app, "/cases", read=READERS, write=only(Role.CLERK))
    allow(app, "/cases/procedures", read=NOBODY, write=only(Role.CLERK, Role.ADMINISTRATOR))
    allow(app, "/cases/{code}", read=READERS)
    allow(app, "/cases/{code}/{act}", write=only(Role.CLERK))
    allow(app, "/cases/{code}/{slip}.pdf", read=READERS)
    for path in ("/lookup", "/lookup/{code}"):
        allow(app, path, read=EVERYBODY)
