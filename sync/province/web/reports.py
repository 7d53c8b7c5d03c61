"""The roll-up of all communes for a range of days: a ranked page, files, and drafts of reminders.

Owns the choice of range and targets from the address; the sums are `rolling_up`'s, the arithmetic `reporting`'s.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import time
from dataclasses import dataclass

from aiohttp import web

from sync.province import days
from sync.province.letters import reminder
from sync.province.printing.paper import as_text
from sync.province.printing.printed import printed
from sync.province.report_files import as_csv, as_sheet
from sync.province.reporting import Targets, best, total, written
from sync.province.rolling_up import missed, roll_up
from sync.province.web.access import Answer
from sync.province.web.keys import LETTERHEAD, PROVINCE_NAME, STORE
from sync.province.web.page import language_of, rendered
from sync.province.wording import MISSES, Wording, _

BEST, A_PAGE = 11, 200
KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    first: dt.date
    last: dt.date
    targets: Targets

    @property
    def query(self) -> str:
        """The same as part of an address."""
        return (
            f"from={self.first.isoformat()}&to={self.last.isoformat()}&accepted={self.targets.accepted / 100:.2f}"
            f"&fast={self.targets.fast / 100:.2f}&least={self.targets.least}"
        )


def asked_for(request: web.Request) -> Asked:
    """The range and the targets; what cannot be read is the default."""
    first, last = days.chosen(request.query.get("from", ""), request.query.get("to", ""), time.time())
    usual = Targets()
    return Asked(
        first,
        last,
        Targets(
            _hundredths(request.query.get("accepted", ""), usual.accepted),
            _hundredths(request.query.get("fast", ""), usual.fast),
            count(request.query.get("least", ""), usual.least),
        ),
    )


def _hundredths(typed: str, usual: int) -> int:
    """A percentage with up to two decimals, comma or point, as hundredths; exact."""
    found = re.fullmatch(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?", typed.strip())
    value = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else usual
    return value if value <= 10_000 else usual


def count(typed: str, usual: int) -> int:
    """A typed count of up to six digits, or the usual one."""
    return int(typed) if re.fullmatch(r"[0-9]{1,6}", typed.strip()) else usual


async def reports(request: web.Request) -> web.Response:
    """`GET /reports`."""
    asked = asked_for(request)
    ranked = await asyncio.to_thread(roll_up, request.app[STORE], asked.first, asked.last, asked.targets)
    page = count(request.query.get("page", ""), 1)
    last = max(1, -(-len(ranked) // A_PAGE))
    page = min(max(page, 1), last)
    facts = {
        "asked": asked,
        "ranked": ranked[(page - 1) * A_PAGE : page * A_PAGE],
        "page": page,
        "last": last,
        "count": len(ranked),
        "total": total(one.line for one in ranked),
        "best": best(ranked, BEST),
        "missing": sum(bool(one.misses) for one in ranked),
        "written": written,
        "misses": MISSES,
    }
    return rendered(request, "reports.html", facts)


async def file(request: web.Request) -> web.Response:
    """`GET /reports/file/{kind}`: the same as `csv` or `xlsx`."""
    kind = request.match_info["kind"]
    if kind not in KINDS:
        raise web.HTTPNotFound
    asked, w = asked_for(request), Wording(language_of(request))
    ranked = await asyncio.to_thread(roll_up, request.app[STORE], asked.first, asked.last, asked.targets)
    if kind == "csv":
        body = await asyncio.to_thread(as_csv, ranked, w)
    else:
        span = w.say(_("từ {first} đến {last}")).format(first=_day(asked.first), last=_day(asked.last))
        body = await asyncio.to_thread(printed, as_sheet(ranked, f"{request.app[PROVINCE_NAME]}: {span}", w))
    name = f"bao-cao-{asked.first.isoformat()}-{asked.last.isoformat()}.{kind}"
    return download(body, KINDS[kind], name)


async def letter(request: web.Request) -> web.Response:
    """`GET /reports/reminder/{box}`: the draft of a reminder as PDF; `kind=txt`: as text to go on writing."""
    asked, box = asked_for(request), request.match_info["box"]
    found = await asyncio.to_thread(missed, request.app[STORE], box, asked.first, asked.last, asked.targets)
    if found is None:
        raise web.HTTPNotFound
    today = days.today(time.time())
    paper = reminder(found, asked.first, asked.last, asked.targets, request.app[LETTERHEAD], today)
    if request.query.get("kind") == "txt":
        return download(as_text(paper).encode("utf-8-sig"), "text/plain", f"nhac-viec-{box}.txt")
    return download(await asyncio.to_thread(printed, paper), "application/pdf", f"nhac-viec-{box}.pdf")


def download(body: bytes, kind: str, name: str) -> web.Response:
    """A file under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type=kind, headers=headers)


def _day(day: dt.date) -> str:
    return day.strftime("%d/%m/%Y")


HANDLED: dict[tuple[str, str], Answer] = {
    ("GET", "/reports"): reports,
    ("GET", "/reports/file/{kind}"): file,
    ("GET", "/reports/reminder/{box}"): letter,
}
