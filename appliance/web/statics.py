"""Our own style sheets, scripts and icon, and the fetched libraries: by their exact names; nothing else from disk."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from appliance.web import libraries
from appliance.web.access import EVERYBODY, NOBODY, allow
from appliance.web.presenting import STATIC

_TYPES = {".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {file.name: _TYPES[file.suffix] for file in STATIC.iterdir() if file.suffix in _TYPES}
_FOR_GOOD = "public, max-age=31536000, immutable"


def prepare(app: web.Application) -> None:
    """The routes, for everybody: the page that lets people in looks like the others."""
    app.add_routes([web.get("/static/{name}", fetch), web.get("/static/libraries/{library}/{name}", fetch_library)])
    for path in ("/static/{name}", "/static/libraries/{library}/{name}"):
        allow(app, path, read=EVERYBODY, write=NOBODY)


async def fetch(request: web.Request) -> web.StreamResponse:
    """``GET /static/{name}?v=``: kept by browsers for a year, because the address changes with the content."""
    name = request.match_info["name"]
    if name not in _FILES:
        raise web.HTTPNotFound
    return _sent(STATIC / name)


async def fetch_library(request: web.Request) -> web.StreamResponse:
    """``GET /static/libraries/{library}/{name}``: kept likewise, because the version stands in the address."""
    library, name = request.match_info["library"], request.match_info["name"]
    if not any(library == each.folder and name in each.kept for each in libraries.LIBRARIES):
        raise web.HTTPNotFound
    path = STATIC / "libraries" / library / name
    if path.suffix not in _TYPES or not path.is_file():  # a licence's text is for those who look into the package
        raise web.HTTPNotFound
    return _sent(path)


def _sent(path: Path) -> web.FileResponse:
    headers = {"Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8", "Cache-Control": _FOR_GOOD}
    return web.FileResponse(path, headers=headers)
