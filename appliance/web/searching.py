"""The search over all papers: words of text and facts, narrowed by issuer, type, state, kind and day of receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from aiohttp import web

from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.store import views
from appliance.store.searching import Question
from appliance.web.access import allow
from appliance.web.office import OFFICE
from appliance.web.people import clean_line
from appliance.web.presenting import page
from appliance.wording.states import KINDS, STATES

_LONGEST = 200
_FIELDS = ("q", "issuer", "type", "state", "kind", "from", "to")


def prepare(app: web.Application) -> None:
    """Add the route and who may use it."""
    app.add_routes([web.get("/search", show)])
    allow(app, "/search")


async def show(request: web.Request) -> web.Response:
    """``GET /search?q=&issuer=&type=&state=&kind=&from=&to=&after=``; what no form could send is as if not given."""
    asked = asked_in(request.query)
    question = question_of(asked, request.query.get("after", ""))
    found, after = await asyncio.to_thread(request.app[OFFICE].store.read, lambda db: views.search(db, question))
    given = {name: value for name, value in asked.items() if value}
    return await page(
        request,
        "search.html",
        found=found,
        asked=asked,
        nothing_asked=question.empty,
        narrowed=bool(given.keys() - {"q"}),
        question=asked["q"],
        more=f"/search?{urlencode(given | {'after': after})}" if after else "",
        first=f"/search?{urlencode(given)}" if question.after else "",
        states=STATES,
        kinds=KINDS,
    )


def asked_in(query: Mapping[str, str]) -> dict[str, str]:
    """The form's fields as they were sent, cleaned; "" for what no form could send."""
    asked = {name: clean_line(query.get(name, ""), _LONGEST) for name in _FIELDS}
    return asked | {
        "state": asked["state"] if asked["state"] in {state.value for state in State} else "",
        "kind": asked["kind"] if asked["kind"] in {kind.value for kind in Kind} else "",
        "from": asked["from"] if _day(asked["from"]) else "",
        "to": asked["to"] if _day(asked["to"]) else "",
    }


def question_of(asked: Mapping[str, str], after: str) -> Question:
    """The question that the form asks."""
    return Question(
        text=asked["q"],
        issuer=asked["issuer"],
        type_name=asked["type"],
        kind=asked["kind"],
        states=frozenset({State(asked["state"])}) if asked["state"] else frozenset(),
        from_day=_day(asked["from"]),
        to_day=_day(asked["to"]),
        after=after,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
