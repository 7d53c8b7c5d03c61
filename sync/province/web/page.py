"""One page as text: its template, its language, who is looking.

Owns the choice of language and what every page has in common. No facts, no judgement.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sync.province import wording
from sync.province.checking import field_value
from sync.province.fleet import Gravity
from sync.province.happenings import OUTCOMES, VERBS, sentence
from sync.province.people.rules import Role
from sync.province.web.access import cookie_name, form_token
from sync.province.web.keys import PROVINCE_NAME, SESSION
from sync.province.wording import LANGUAGES, Wording

COOKIE = "language"
YEAR = 365 * 86_400
TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
GRAVITY_CLASS = {Gravity.NOTE: "note", Gravity.WARNING: "warning", Gravity.ALARM: "alarm"}
SMALLEST_PRESSED = 2_000
"""Bytes from which an answer is compressed."""


@cache
def environment() -> Environment:
    """The templates; everything put into them is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def htmx() -> str:
    """The address of htmx, fetched at set-up under its version (ARCHITECTURE.md, libraries); "" where it was not."""
    found = sorted(STATIC.glob("libraries/htmx.org-*/htmx.min.js"))
    return f"/static/{found[-1].relative_to(STATIC).as_posix()}" if found else ""


def language_of(request: web.Request) -> str:
    """The language asked for, else the one remembered, else Vietnamese."""
    asked = request.query.get("lang") or request.cookies.get(COOKIE, "vi")
    return asked if asked in LANGUAGES else "vi"


def rendered(request: web.Request, name: str, facts: Mapping[str, Any], state: int = 200) -> web.Response:
    """The answer with one page."""
    language = language_of(request)
    w, session = Wording(language), request.get(SESSION)
    text = (
        environment()
        .get_template(name)
        .render(
            w=w,
            _=w.say,
            wording=wording,
            now=time.time(),
            path=request.path,
            htmx=htmx(),
            province_name=request.app[PROVINCE_NAME],
            gravity_class=GRAVITY_CLASS,
            field=field_value,
            happening=sentence,
            verbs=VERBS,
            outcomes=OUTCOMES,
            person=session.person if session else None,
            acts=session is not None and session.person.role is Role.VAN_HANH,
            form_token=form_token(request.cookies[cookie_name(request)]) if session else "",
            **facts,
        )
    )
    response = web.Response(text=text, content_type="text/html", status=state)
    if len(text) > SMALLEST_PRESSED:
        response.enable_compression()
    if "lang" in request.query:
        response.set_cookie(COOKIE, language, max_age=YEAR, httponly=True, samesite="Strict")
    return response
