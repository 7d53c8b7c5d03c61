"""``/approvals``: the leader's desk. Drafts to read, to approve and sign - one or many with one PIN - or to give back.

Owns what the leader is shown around one draft and where a finished deed leads. The list is ``many_pages``; so is the
clerk's ``/desk/many``, whose routes stand here because they must come before those of ``/desk/{id}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from appliance.domain.kinds import Slot
from appliance.store import views
from appliance.store.queues import Errand
from appliance.store.standing import Role
from appliance.web import together
from appliance.web.access import OFFICERS, allow, only
from appliance.web.choosing import delegations_of, line_for
from appliance.web.desk import of_role
from appliance.web.many_pages import Many, ManyPages
from appliance.web.office import OFFICE, Office
from appliance.web.paper_pages import PaperPages, Place


async def _given_back(office: Office) -> dict[str, Any]:
    return {"back": (await of_role(office, Role.CLERK, Errand.RETURNED.value)).rows}


DRAFTS = ManyPages(
    Many(Role.LEADER, Slot.LEADER, "/approvals", "approvals.html", (Errand.APPROVE, Errand.SIGN), _given_back)
)
SCANS = ManyPages(Many(Role.CLERK, Slot.AGENCY, "/desk/many", "many.html", (Errand.APPROVE, Errand.ISSUE)))


async def _more(request: web.Request, paper: views.Paper) -> dict[str, Any]:
    office = request.app[OFFICE]
    waiting = await of_role(office, Role.LEADER)
    previous, following = waiting.around(paper.document.id)
    glance = await office.signer.glance()
    tone, sentence = together.told(request)
    return {
        "mine": line_for(office, paper.row, office.people.person(request), await delegations_of(office)),
        "previous": previous,
        "following": following,
        "waiting": len(waiting.rows),
        "leaders": Slot.LEADER,
        "token": glance.token(Slot.LEADER.value),
        "wants_pin": together.wants_pin(glance.token(Slot.LEADER.value)),
        "leaders_turn": office.signer.turn(Slot.LEADER.value),
        "tone": tone,
        "sentence": sentence,
    }


async def _onward(request: web.Request, document_id: str, name: str, form: Mapping[str, object]) -> str:
    """The next draft that waits for the leader, else the list."""
    waiting = await of_role(request.app[OFFICE], Role.LEADER)
    ids = [row.document.id for row in waiting.rows if row.document.id != document_id]
    seen = str(form.get("following", ""))
    onward = seen if seen in ids else ""
    return f"/approvals/{onward}?said={name}" if onward else f"/approvals?said={name}"


_pages = PaperPages(Place("/approvals", "approval.html", _onward, _more))


def prepare(app: web.Application) -> None:
    """Routes and who may use them."""
    DRAFTS.prepare(app)
    SCANS.prepare(app)
    app.add_routes(
        [
            web.get("/approvals/{id}", _pages.show),
            web.post("/approvals/{id}/do/{action}", _pages.act),
            web.post("/approvals/{id}/nudge", _pages.nudge),
        ]
    )
    allow(app, "/approvals/{id}", read=OFFICERS)
    for path in ("do/{action}", "nudge"):
        allow(app, f"/approvals/{{id}}/{path}", read=OFFICERS, write=only(Role.LEADER))
