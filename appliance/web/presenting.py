"""From facts to HTML: the template environment, its filters, and what every page shows around its content.

Owns formatting (times at +07:00, sizes, names) and the frame of a page. Refuses to decide or to query beyond the
frame's own facts. Everything printed is escaped by Jinja2; nothing is ever marked safe here.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from aiohttp import web

from appliance.domain.zone import VIETNAM
from appliance.store import views
from appliance.store.standing import Role
from appliance.web.access import may_use
from appliance.web.libraries import LIBRARIES
from appliance.web.link import Link, read_link
from appliance.web.office import LIVE_NUMBER, OFFICE, Office
from appliance.web.people import form_token
from appliance.web.tour_steps import shown_on
from appliance.wording import CODES, _, current_language, states, text_of
from appliance.wording.account_codes import account_sentence
from appliance.wording.appearance_codes import note_sentence

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@dataclass(frozen=True)
class Line:
    """The sentence about the line to the province, and how calm it may be shown ("up", "down", "unknown")."""

    tone: str
    sentence: str
    detail: str = ""


def clock_time(moment: datetime, now: datetime) -> str:
    """``09:12`` today, ``20/11 09:12`` this year, ``20/11/2023 09:12`` before; Vietnamese time."""
    local, today = moment.astimezone(VIETNAM), now.astimezone(VIETNAM)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%d/%m %H:%M" if local.year == today.year else "%d/%m/%Y %H:%M")


def date_shown(value: str) -> str:
    """``2025-11-20`` as ``20/11/2025``; anything else unchanged."""
    try:
        return datetime.strptime(value, "%Y-%m-%d").strftime("%d/%m/%Y")  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return value


def size_shown(size: int) -> str:
    """Bytes as KB or MB, with a decimal comma."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} KB"
    return f"{size / 1_000_000:.1f} MB".replace(".", "," if current_language() == "vi" else ".")


def line_of(link: Link | None, waiting: int, configured: bool, now: datetime) -> Line:
    """The sentence about the line: connected, cut off since when, or not known; with how many papers wait."""
    if not configured:
        return Line("unknown", _("Chưa cấu hình nối với tỉnh"), _("{n} văn bản chờ gửi").format(n=waiting))
    if link is None:
        return Line(
            "unknown", _("Chưa rõ đường truyền: dịch vụ gửi chưa chạy"), _("{n} văn bản chờ gửi").format(n=waiting)
        )
    if link.connected:
        detail = _("đang gửi {n} văn bản").format(n=waiting) if waiting else _("không có văn bản chờ gửi")
        return Line("up", _("Đang kết nối tỉnh"), detail)
    sentence = _("Mất mạng từ {since}").format(since=clock_time(link.since, now))
    detail = _("{n} văn bản chờ gửi").format(n=waiting)
    return Line("down", sentence, f"{detail}. {text_of(link.error)}" if link.error in CODES else detail)


def confidence_word(value: float) -> str:
    """How sure the reading is: "", "check" or "weak" (thresholds of the field form, not of the reader)."""
    return "" if value >= 0.85 else "check" if value >= 0.6 else "weak"


@cache
def static_mark(name: str) -> str:
    """A short digest of a static file, so that a new version has a new address."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _asset(name: str) -> str:
    return f"/static/{name}?v={static_mark(name)}"


@cache
def _library(name: str, file: str) -> str:
    """The address of a file of a fetched library; empty where it was not fetched."""
    folder = next(each.folder for each in LIBRARIES if each.name == name)
    return f"/static/libraries/{folder}/{file}" if (STATIC / "libraries" / folder / file).is_file() else ""


def _word(table: str, key: object) -> str:
    """A name from ``wording.states`` in the present language; an unknown key is shown as it is."""
    name = getattr(states, table).get(str(key))
    return _(name) if name else str(key)


@cache
def environment() -> jinja2.Environment:
    """The templates; autoescape for everything, an undefined name is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"date": date_shown, "size": size_shown, "confidence": confidence_word}
    made.globals |= {
        "_": _, "word": _word, "asset": _asset, "library": _library, "text_of": text_of,
        "event_sentence": states.event_sentence, "account_sentence": account_sentence,
        "note_sentence": note_sentence, "name_of": states.name_of, "Role": Role,
    }  # fmt: skip
    return made


async def page(request: web.Request, template: str, state: int = 200, **facts: Any) -> web.Response:
    """``template`` as a response, inside the frame: language, person, line, tokens, what was just done."""
    office = request.app[OFFICE]
    now = office.clock()
    person = office.people.person(request)
    line, tour = await asyncio.to_thread(lambda: (_line(office, now), shown_on(request, office.store, person)))
    frame = {
        "lang": current_language(),
        "commune": office.config.box.commune,
        "box_id": office.config.box.id,
        "person": person,
        "csrf": (token := form_token(request)),
        "may": lambda path, method="GET": may_use(request.app, path, method, person.role if person else None),
        "line": line,
        "tour": tour,
        "said": request.query.get("said", ""),
        "path": request.path,
        "live_number": request[LIVE_NUMBER],
        "live_url": request.path_qs if request.method == "GET" else request.path,
        "other_language": "?" + urlencode({**request.query, "lang": "en" if current_language() == "vi" else "vi"}),
        "at": lambda moment: clock_time(moment, now),
        "reached_at": lambda text: clock_time(datetime.fromisoformat(text), now),
        "iso": lambda moment: moment.astimezone(VIETNAM).isoformat(timespec="seconds"),
    }
    html = environment().get_template(template).render({**frame, **facts})
    return web.Response(text=_with_token(html, token), content_type="text/html", status=state)


_POSTING_FORM = re.compile(r"<form\b[^>]*\bmethod=\"post\"[^>]*>")


def _with_token(html: str, token: str) -> str:
    """Every form that sends gets the session's token as its first field: no template can forget it."""
    if not token:
        return html
    field = f'<input type="hidden" name="csrf" value="{token}">'
    return _POSTING_FORM.sub(lambda form: form.group() + field, html)


def _line(office: Office, now: datetime) -> Line:
    waiting = office.store.read(views.waiting)
    configured = office.config.sync is not None
    return line_of(read_link(office.config.link_file), waiting, configured, now)


def see_other(where: str) -> web.Response:
    """Go to ``where`` with GET after a POST."""
    return web.Response(status=303, headers={"Location": where})
