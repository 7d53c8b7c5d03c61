"""Our own style sheet, script and icon; nothing else is served from disk by name."""

from __future__ import annotations

from aiohttp import web

from appliance.web.presenting import STATIC

_TYPES = {"box.css": "text/css", "box.js": "text/javascript", "box.svg": "image/svg+xml"}


async def fetch(request: web.Request) -> web.StreamResponse:
    """``GET /static/{name}?v=``: kept by browsers for a year, because the address changes with the content."""
    name = request.match_info["name"]
    if name not in _TYPES:
        raise web.HTTPNotFound
    headers = {"Content-Type": f"{_TYPES[name]}; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable"}
    return web.FileResponse(STATIC / name, headers=headers)
