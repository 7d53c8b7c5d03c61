"""``/approvals/delegations``: who may sign in whose place, from when until when; given and ended by a leader."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any

from aiohttp import web

from appliance import delegating
from appliance.commands import CommandRefused
from appliance.domain.authority import Delegation
from appliance.domain.zone import VIETNAM
from appliance.store import accounts, delegations
from appliance.store.delegations import Given
from appliance.store.standing import Role
from appliance.web.access import OFFICERS, allow, only
from appliance.web.deeds import FormRefused, iso_date
from appliance.web.office import OFFICE
from appliance.web.presenting import page, see_other
from appliance.wording import N_, text_of

FORMS = {"KT.": N_("KT. - ký thay"), "TL.": N_("TL. - thừa lệnh"), "TUQ.": N_("TUQ. - thừa ủy quyền")}
TYPED = ("form", "signer", "principal", "decision", "begins", "ends")
PHASES = {"now": N_("đang hiệu lực"), "later": N_("chưa đến ngày"), "over": N_("đã hết hạn"), "ended": N_("đã dừng")}


@dataclass(frozen=True)
class Shown:
    """One delegation on the page; ``given`` None: it comes from the configuration and is ended there."""

    delegation: Delegation
    phase: str
    given: Given | None = None


def phase_of(one: Delegation, today: date, ended: bool = False) -> str:
    """Where a delegation stands on a day: a key of ``PHASES``."""
    if ended:
        return "ended"
    return "later" if today < one.begins else "over" if one.ends < today else "now"


async def show(request: web.Request) -> web.Response:
    """``GET /approvals/delegations``."""
    return await _page(request)


async def _page(request: web.Request, trouble: str = "", state: int = 200) -> web.Response:
    office = request.app[OFFICE]
    today = office.clock().astimezone(VIETNAM).date()

    def read(db: Any) -> tuple[list[Given], list[str]]:
        active = [one for one in accounts.listed(db) if one.active and one.role is Role.LEADER]
        return delegations.listed(db), [one.name for one in active]

    rows, leaders = await asyncio.to_thread(office.store.read, read)
    shown = [Shown(one.delegation, phase_of(one.delegation, today, bool(one.ended_at)), one) for one in rows]
    shown += [Shown(one, phase_of(one, today)) for one in office.config.who_may_sign()]
    shown.sort(key=lambda one: list(PHASES).index(one.phase))
    form = await request.post() if trouble else {}
    typed = {name: str(form.get(name, "")) for name in TYPED}
    return await page(
        request, "delegations.html", state, shown=shown, forms=FORMS, phases=PHASES, leaders=leaders, trouble=trouble,
        typed=typed, today=today.isoformat(), live_url="/approvals/delegations",
    )  # fmt: skip


async def give(request: web.Request) -> web.StreamResponse:
    """``POST /approvals/delegations``."""
    office, form = request.app[OFFICE], await request.post()
    person = office.people.person(request)
    if person is None:
        raise web.HTTPForbidden
    said = {name: str(form.get(name, "")) for name in TYPED}
    try:
        begins, ends = (date.fromisoformat(iso_date(said[name], name)) for name in ("begins", "ends"))
        wanted = Delegation(said["form"], said["signer"], said["principal"], begins, ends, said["decision"])
        await asyncio.to_thread(delegating.give, office.store, wanted, person.by, office.clock())
    except FormRefused as error:
        return await _page(request, error.sentence, 422)
    except CommandRefused as error:
        return await _page(request, text_of(error.code, **error.params), 422)
    return see_other("/approvals/delegations?said=delegation")


async def end(request: web.Request) -> web.StreamResponse:
    """``POST /approvals/delegations/{id}/end``."""
    office, person = request.app[OFFICE], request.app[OFFICE].people.person(request)
    if person is None:
        raise web.HTTPForbidden
    try:
        await asyncio.to_thread(delegating.end, office.store, request.match_info["id"], person.by, office.clock())
    except CommandRefused as error:
        return await _page(request, text_of(error.code), 409)
    return see_other("/approvals/delegations?said=delegation-end")


def prepare(app: web.Application) -> None:
    """Routes and who may use them; before those of ``/approvals/{id}``."""
    app.add_routes(
        [
            web.get("/approvals/delegations", show),
            web.post("/approvals/delegations", give),
            web.post("/approvals/delegations/{id}/end", end),
        ]
    )
    allow(app, "/approvals/delegations", read=OFFICERS, write=only(Role.LEADER))
    allow(app, "/approvals/delegations/{id}/end", read=OFFICERS, write=only(Role.LEADER))
