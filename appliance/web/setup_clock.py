"""``/setup/clock``: what time the box has, what keeps its clock, how it stands to the province's, and what to do.

Changes nothing: no service of the box may set the clock (``systemd``, ProtectClock); that is the technician's.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from appliance import clock_check
from appliance.domain.zone import VIETNAM
from appliance.health import EARLIEST
from appliance.store.standing import Role
from appliance.web.access import NOBODY, allow, only
from appliance.web.office import OFFICE
from appliance.web.presenting import page
from appliance.wording import _


def prepare(app: web.Application) -> None:
    """The route of this module and who may use it."""
    app.add_routes([web.get("/setup/clock", show)])
    allow(app, "/setup/clock", read=only(Role.ADMINISTRATOR), write=NOBODY)


async def show(request: web.Request) -> web.Response:
    """``GET /setup/clock``."""
    office = request.app[OFFICE]
    now = office.clock()
    found = await asyncio.to_thread(office.store.read, lambda db: clock_check.look(db, now))
    return await page(
        request,
        "setup_clock.html",
        shown=now.astimezone(VIETNAM).strftime("%H:%M:%S, %d/%m/%Y"),
        clock=found,
        wrong=now < EARLIEST,
        difference=difference(found.ahead),
        live_url="",
    )


def difference(ahead: timedelta | None) -> str:
    """How the clock stands to the province's, in words; "" where it is not known."""
    if ahead is None:
        return ""
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= clock_check.TOLERANCE:
        return _("Khớp với đồng hồ của tỉnh (lệch không quá {n} giây).").format(n=seconds)
    minutes = round(seconds / 60)
    if ahead < timedelta():
        return _("Chậm hơn đồng hồ của tỉnh {n} phút.").format(n=minutes)
    return _("Nhanh hơn đồng hồ của tỉnh, nhiều nhất {n} phút.").format(n=minutes)
