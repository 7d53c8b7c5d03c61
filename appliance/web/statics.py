"""Our own style sheets, scripts and icon: the files of one folder, by their exact names; nothing else from disk."""

from __future__ import annotations

from aiohttp import web

from appliance.web.presenting import STATIC

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {file.name: _TYPES[file.suffix] for file in STATIC.iterdir() if file.suffix in _TYPES}


async def fetch(request: web.Request) -> web.StreamResponse:
    """``GET /static/{name}?v=``: kept by browsers for a year, because the address changes with the content."""
    name = request.match_info["name"]
    if name not in _FILES:
        raise web.HTTPNotFound
    headers = {"Content-Type": f"{_FILES[name]}; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable"}
    return web.FileResponse(STATIC / name, headers=headers)
