"""Figures for a monitoring system, and whether the pages answer at all."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from sync.province.metrics import metrics
from sync.province.web.access import Answer
from sync.province.web.board import BOARD


async def figures(request: web.Request) -> web.Response:
    """`GET /metrics`: the fleet in Prometheus' text."""
    fleet = await asyncio.to_thread(request.app[BOARD].fleet)
    return web.Response(text=metrics(fleet, time.time()), content_type="text/plain")


async def health(request: web.Request) -> web.Response:
    """`GET /healthz`: the pages answer; no figure of the province, for everybody may ask."""
    return web.json_response({"ok": True})


HANDLED: dict[tuple[str, str], Answer] = {("GET", "/metrics"): figures, ("GET", "/healthz"): health}
