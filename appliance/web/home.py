"""The first page (today's papers and everything still open), and the health answer."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from appliance.store import views
from appliance.store.standing import Role, Turn
from appliance.web.link import read_link
from appliance.web.office import OFFICE
from appliance.web.presenting import page
from appliance.web.todos import Waiting, todos, waiting_now
from appliance.wording import N_, _

FIGURES = {
    "approve": N_("Chờ duyệt"),
    "sign": N_("Chờ ký, phát hành"),
    "send": N_("Chờ gửi"),
    "refused": N_("Bị từ chối"),
    "quarantine": N_("Cách ly"),
}
"""What the list can be narrowed to (``views.FIGURES``)."""
GROUPS = (
    ("people", N_("Văn bản chờ người xử lý"), (Turn.CLERK, Turn.LEADER)),
    ("box", N_("Hộp đang tự làm"), (Turn.BOX,)),
    ("link", N_("Chờ gửi lên tỉnh"), (Turn.LINK,)),
    ("done", N_("Đã xong hôm nay"), (Turn.NOBODY,)),
)


async def show(request: web.Request) -> web.Response:
    """``GET /?show=``: all groups, or the papers that one figure counts."""
    office, chosen = request.app[OFFICE], request.query.get("show", "")
    if chosen not in FIGURES:
        chosen = ""
    found = await asyncio.to_thread(office.store.read, lambda db: views.home(db, office.day_start(), chosen))
    glance, person, waiting = await office.signer.glance(), office.people.person(request), await waiting_now(office)
    role = person.role if person else Role.VIEWER
    return await page(
        request,
        "home.html",
        home=found,
        chosen=chosen,
        titles=FIGURES,
        tiles=_tiles(found, waiting, role),
        todos=todos(waiting, glance, role),
        groups=[(name, title, [row for row in found.rows if row.turn in turns]) for name, title, turns in GROUPS],
        held=found.held if chosen in ("", "quarantine") else (),
        glance=glance,
    )


def _tiles(found: views.Home, waiting: Waiting, role: Role) -> tuple[tuple[str, str, int, str], ...]:
    """The four numbers that matter today: (name, title, number, address)."""
    mine = {Role.CLERK: "/desk", Role.LEADER: "/approvals"}.get(role, "")
    figures = found.figures
    return (
        ("mine", _("Chờ tôi") if mine else _("Chờ người xử lý"), waiting.of(role), mine or "/"),
        ("send", _("Chưa gửi"), figures["send"], "/?show=send"),
        ("refused", _("Bị từ chối"), figures["refused"], "/?show=refused"),
        ("quarantine", _("Sai, cần xem"), figures["quarantine"] + len(found.held), "/?show=quarantine"),
    )


async def health(request: web.Request) -> web.Response:
    """``GET /healthz``: whether the store answers; the line and the tokens beside it, without any paper's facts."""
    office = request.app[OFFICE]
    link, glance = read_link(office.config.link_file), await office.signer.glance()
    facts: dict[str, Any] = {
        "box": office.config.box.id,
        "link": {"connected": link.connected, "since": link.since.isoformat()} if link else None,
        "tokens": {token.slot: token.ready for token in glance.tokens},
    }
    try:
        facts |= {"ok": True, "waiting": await asyncio.to_thread(office.store.read, views.waiting)}
    except Exception as error:  # whatever is wrong with the store, this answer must say so
        facts |= {"ok": False, "error": type(error).__name__}
    return web.json_response(facts, status=200 if facts["ok"] else 503)
