"""``/reports``: what the office reports about a month, a quarter, a year or any days; as a page and as files.

Owns the addresses; facts are ``store.report_facts``', counting is ``appliance.reports``', drawing is a child's.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from aiohttp import web

from appliance.domain.zone import VIETNAM
from appliance.printing.child import NotPrinted, printed
from appliance.printing.report_sheet import report_sheet
from appliance.registers.workdays import WorkingDays
from appliance.reports.periods import KINDS, Period, asked
from appliance.reports.shares import COMMUNE_BASE, WARD_BASE, told
from appliance.reports.tables import Report, report
from appliance.store.report_facts import facts_of
from appliance.store.standing import Role
from appliance.web.access import OFFICERS, allow, only
from appliance.web.office import OFFICE, Office
from appliance.web.presenting import page
from appliance.web.registers import attachment
from appliance.wording import N_, current_language, text_of
from appliance.wording.reports import LINES, TABLES

CHART_HEIGHT = 140
KIND_NAMES = {"month": N_("Tháng"), "quarter": N_("Quý"), "year": N_("Năm"), "days": N_("Từ ngày đến ngày")}
READERS = OFFICERS | only(Role.ADMINISTRATOR, Role.VIEWER)


def base_of(commune: str) -> int:
    """Where the points of NĐ 307/2025 begin: at 80 % for a phường, at 70 % for a xã."""
    return WARD_BASE if "phường" in commune.lower() else COMMUNE_BASE


def made(office: Office, period: Period) -> Report:
    """The report of a period, from one snapshot."""
    today = office.clock().astimezone(VIETNAM).date()
    calendar: WorkingDays = office.config.working_days()
    facts = office.store.read(lambda db: facts_of(db, period))
    base, active_days = base_of(office.config.box.commune), office.config.reports.active_days
    return report(facts, period, calendar, today, base, active_days)


def _period(request: web.Request) -> Period | None:
    today = request.app[OFFICE].clock().astimezone(VIETNAM).date()
    try:
        return asked(request.query, today)
    except ValueError:
        return None


async def show(request: web.Request) -> web.Response:
    """``GET /reports?period&year&number&from&to&cut``."""
    office, period = request.app[OFFICE], _period(request)
    if period is None:
        said = text_of("bad-period")
        return await page(request, "problem.html", 422, sentence=said, number=422, live_url="")
    found = await asyncio.to_thread(made, office, period)
    most = max((max(came, went) for _day, came, went in found.series), default=0)
    comma = "," if current_language() == "vi" else "."
    return await page(
        request,
        "reports.html",
        report=found,
        period=period,
        kinds=KINDS,
        kind_names=KIND_NAMES,
        titles=TABLES,
        words=LINES,
        share=lambda value: told(value, comma) if value is not None else "",
        number=lambda count: f"{count:,}".replace(",", "." if comma == "," else ","),
        score=f"{found.points.normalize():f}".replace(".", comma) if found.points is not None else "",
        query=urlencode(period.query()),
        most=most,
        height=CHART_HEIGHT,
        live_url="",  # counted anew when somebody asks, not at every change in the box
    )


async def export(request: web.Request) -> web.Response:
    """``GET /reports/export.{form}?…``."""
    office, period, form = request.app[OFFICE], _period(request), request.match_info["form"]
    if period is None:
        raise web.HTTPUnprocessableEntity
    found = await asyncio.to_thread(made, office, period)
    sheet = report_sheet(found, office.config.box.commune, office.clock())
    try:
        file = await printed(f"report.{form}", sheet.to_json())
    except NotPrinted as error:
        request.app.logger.error("a report was not printed: %s", error)
        raise web.HTTPServiceUnavailable from None
    return attachment(file, f"bao-cao-{period.first}-{period.last}.{form}")


def prepare(app: web.Application) -> None:
    """Routes, and who may use them: nobody writes here, and scanner staff has no reports."""
    app.add_routes([web.get("/reports", show), web.get(r"/reports/export.{form:pdf|xlsx|csv}", export)])
    for path in ("/reports", "/reports/export.{form}"):
        allow(app, path, read=READERS)
