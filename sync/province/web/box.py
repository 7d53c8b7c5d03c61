"""One box: what is wrong, its past as lines and as a list, what was ordered, and the request for its log.

Owns the page and the one order that it can send (`log`: the end of the box's own history, nothing of what papers say).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from sync.province.alerting import Alert, answered
from sync.province.store import ProvinceStore
from sync.province.store.alert_rows import AlertRows
from sync.province.store.ordering import Orders
from sync.province.store.samples import COARSE, FINE
from sync.province.timeline import timeline
from sync.province.web.access import Answer
from sync.province.web.alerts import HOURS
from sync.province.web.board import BOARD
from sync.province.web.charts import Chart, Figure, chart
from sync.province.web.keys import PEOPLE, SESSION, STORE
from sync.province.web.page import rendered
from sync.province.wording import _

LOG_LINES = 200
RANGES: dict[str, tuple[float, int, str]] = {
    "day": (86_400.0, FINE, _("24 giờ")),
    "week": (7 * 86_400.0, FINE, _("7 ngày")),
    "year": (365 * 86_400.0, COARSE, _("1 năm")),
}
"""How far back the lines go: seconds, width of a span, words."""
LINES: tuple[tuple[str, str, Figure, float], ...] = (
    (_("Văn bản chờ trên hộp"), "number", lambda span: span.waiting, 1.0),
    (_("Tuổi của văn bản chờ lâu nhất"), "span", lambda span: span.oldest_seconds, 600.0),
    (_("Ổ đĩa còn trống"), "size", lambda span: span.disk_free, 1.0),
    (_("Đồng hồ lệch"), "span", lambda span: None if span.clock_skew is None else abs(span.clock_skew), 10.0),
    (_("Giấy quét trong 24 giờ"), "number", lambda span: span.scanned, 1.0),
)
"""Title, how its figures are written, the figure of a span, the least that the upper edge stands for."""


async def box(request: web.Request) -> web.Response:
    """`GET /box/{box}`."""
    store, name = request.app[STORE], request.match_info["box"]
    view = await asyncio.to_thread(request.app[BOARD].view, name)
    if view is None:
        raise web.HTTPNotFound
    asked = request.query.get("range", "day")
    spread = asked if asked in RANGES else "day"
    facts = await asyncio.to_thread(_of_box, store, name, spread, time.time())
    return rendered(request, "box.html", {"view": view, "spread": spread, "ranges": RANGES, "hours": HOURS, **facts})


def _of_box(store: ProvinceStore, name: str, spread: str, now: float) -> dict[str, Any]:
    rows, given = AlertRows(store.connection), AlertRows(store.connection).acknowledgements()
    standing: dict[str, Alert] = {alert.code: alert for alert in rows.standing() if alert.box == name}
    return {
        "documents": store.reading.documents(name, limit=50),
        "refusals": store.reading.refusals(name, limit=20),
        "transfers": [transfer for transfer in store.transfers.every() if transfer.box == name],
        "charts": _charts(store, name, spread, now),
        "happenings": timeline(store, name, now),
        "orders": Orders(store).listed(name, 10),
        "standing": standing,
        "taken": {code: answered(alert, given, now) for code, alert in standing.items()},
        "silences": [one for one in rows.silences(now) if one.box in ("", name)],
    }


def _charts(store: ProvinceStore, name: str, spread: str, now: float) -> list[tuple[str, str, Chart]]:
    """(title, how its figures are written, chart) of each line that can be drawn."""
    seconds, width, _words = RANGES[spread]
    begin = now - seconds
    samples = store.samples.of_box(name, begin, width)
    drawn = ((title, kind, chart(samples, figure, begin, now, least_top)) for title, kind, figure, least_top in LINES)
    return [(title, kind, made) for title, kind, made in drawn if made is not None]


async def ask_log(request: web.Request) -> web.StreamResponse:
    """`POST /box/{box}/log`: a signed order; the running sending end brings it to the box."""
    store, name, now = request.app[STORE], request.match_info["box"], time.time()
    known = store.fleet.box(name)
    if known is None or known.revoked_at is not None:
        raise web.HTTPNotFound
    await asyncio.to_thread(Orders(store).issue, name, "log", {"lines": LOG_LINES}, int(now))
    person = request[SESSION].person.name
    await asyncio.to_thread(request.app[PEOPLE].note_deed, person, "log-asked", name, "", now)
    raise web.HTTPSeeOther(f"/box/{name}#orders")


HANDLED: dict[tuple[str, str], Answer] = {("GET", "/box/{box}"): box, ("POST", "/box/{box}/log"): ask_log}
