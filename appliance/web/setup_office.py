"""``/setup/commune``: the office's names, its code and what its scans are signed as, shown and set.

Decisions are ``appliance.office_settings``'; from here the pages speak with the new names at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from aiohttp import web

from appliance import office_settings
from appliance.commands import CommandRefused
from appliance.config import COPY_FORMS
from appliance.config_office import OfficeValues, in_force
from appliance.store.standing import Role
from appliance.web.access import allow, only
from appliance.web.office import OFFICE
from appliance.web.people import ENTERED, clean_line
from appliance.web.presenting import page, see_other
from appliance.wording import text_of
from appliance.wording.setup import OFFICE_NAMES

_LONGEST_FIELD = 300


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app.add_routes([web.get("/setup/commune", show), web.post("/setup/commune", receive)])
    allow(app, "/setup/commune", read=only(Role.ADMINISTRATOR), write=only(Role.ADMINISTRATOR))


async def show(request: web.Request) -> web.Response:
    """``GET /setup/commune``."""
    return await _page(request, asdict(in_force(request.app[OFFICE].config)))


async def receive(request: web.Request) -> web.StreamResponse:
    """``POST /setup/commune``: all the values at once; what is not among the fields stays as it is."""
    office, form, by = request.app[OFFICE], await request.post(), request[ENTERED].person.by
    typed = {name: clean_line(str(form[name]), _LONGEST_FIELD) for name in OFFICE_NAMES if name in form}
    try:
        office.config = await asyncio.to_thread(
            office_settings.set_office, office.store, office.config, OfficeValues(**typed), by, office.clock()
        )
    except CommandRefused as refused:
        before = asdict(in_force(office.config))
        return await _page(request, before | typed, text_of(refused.code, **refused.params), 422)
    return see_other("/setup/commune?said=office-set")


async def _page(request: web.Request, values: dict[str, str], trouble: str = "", state: int = 200) -> web.Response:
    office = request.app[OFFICE]
    return await page(
        request,
        "setup_office.html",
        state,
        values=values,
        names=OFFICE_NAMES,
        forms=COPY_FORMS,
        enrolled=office.config.sync is not None,
        changes=await asyncio.to_thread(office.store.read, office_settings.history),
        trouble=trouble,
        live_url="",
    )
