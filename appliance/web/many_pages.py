"""Lists of papers that one person decides together: the leader's drafts (``/approvals``), the clerk's scans and letters
(``/desk/many``).

Owns the list, its form and where an outcome is told. Choosing and deciding are ``choosing`` and ``together``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from appliance.domain.kinds import Slot
from appliance.store import attachments, queues, views
from appliance.store.queues import Errand
from appliance.store.standing import Role
from appliance.web import together
from appliance.web.access import OFFICERS, allow, only
from appliance.web.choosing import delegations_of, line_for
from appliance.web.desk import of_role
from appliance.web.office import OFFICE, Office
from appliance.web.presenting import page, see_other


async def _nothing_more(_office: Office) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Many:
    """One such list: whose it is, the slot that it ends in, its address and template, and what else its page shows."""

    role: Role
    slot: Slot
    root: str
    template: str
    errands: tuple[Errand, ...]
    more: Callable[[Office], Awaitable[dict[str, Any]]] = _nothing_more


class ManyPages:
    """The handlers of one list."""

    def __init__(self, many: Many) -> None:
        self.many = many

    async def show(self, request: web.Request) -> web.Response:
        """``GET {root}``."""
        office, many = request.app[OFFICE], self.many
        person = office.people.person(request)
        waiting = await of_role(office, many.role)
        glance, held_by = await office.signer.glance(), await delegations_of(office)
        tone, sentence = together.told(request)
        chosen = [row for row in waiting.rows if queues.errand_of(row.document) in many.errands][: together.MOST]
        return await page(
            request,
            many.template,
            lines=[line_for(office, row, person, held_by) for row in chosen],
            slot=many.slot,
            token=glance.token(many.slot.value),
            glance=glance,
            wants_pin=together.wants_pin(glance.token(many.slot.value)),
            turn=office.signer.turn(many.slot.value),
            appendices=await asyncio.to_thread(
                office.store.read, lambda db: attachments.counts(db, [row.document.id for row in chosen])
            ),
            unsigned=await asyncio.to_thread(office.store.read, lambda db: views.to_sign(db, many.slot)),
            tone=tone,
            sentence=sentence,
            live_url=request.path,
            **await many.more(office),
        )

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """``POST {root}``: decide what was chosen; from one paper (``from``), go on to ``following`` if it was."""
        form, person, root = await request.post(), request.app[OFFICE].people.person(request), self.many.root
        if person is None:
            raise web.HTTPForbidden
        outcome = await together.decide(request, form, person, self.many.slot)
        here = _plain(form.get("from"))
        onward = here if here and not outcome.done else _plain(form.get("following"))
        return see_other(f"{root}/{onward}?{outcome.query}" if onward else f"{root}?{outcome.query}")

    async def open_token(self, request: web.Request) -> web.StreamResponse:
        """``POST {root}/token``: the PIN alone, for papers that were approved before."""
        if "paper" in await request.post():
            raise web.HTTPBadRequest
        code = await together.open_token(request, self.many.slot)
        return see_other(f"{self.many.root}?pin={code}" if code else f"{self.many.root}?said=login")

    def prepare(self, app: web.Application) -> None:
        """Routes, and who may use them: every officer looks, whose list it is decides."""
        root = self.many.root
        app.add_routes(
            [web.get(root, self.show), web.post(root, self.decide), web.post(f"{root}/token", self.open_token)]
        )
        for path in (root, f"{root}/token"):
            allow(app, path, read=OFFICERS, write=only(self.many.role))


def _plain(value: object) -> str:
    """A paper's id from a form, so that no form leads elsewhere."""
    text = str(value or "")
    return text if text.replace("-", "").isalnum() and text.isascii() else ""
