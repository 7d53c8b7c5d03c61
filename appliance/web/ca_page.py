"""``/ca`` and ``/ca.crt``: the certificate that a computer of the office needs to trust the box's pages, and how.

``plain_site`` is the whole of what the box serves without TLS when it has TLS: these two, and the way to the rest.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from appliance.web import statics
from appliance.web.access import EVERYBODY, NOBODY, RULES, allow
from appliance.web.office import OFFICE, Office
from appliance.web.presenting import page
from appliance.web.security import guard
from appliance.web.tls import authority


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app.add_routes([web.get("/ca", show), web.get("/ca.crt", fetch)])
    for path in ("/ca", "/ca.crt"):
        allow(app, path, read=EVERYBODY, write=NOBODY)


def plain_site(office: Office) -> web.Application:
    """The application of the plain port: no sign-in, no papers, no session's cookie."""
    app = web.Application(middlewares=[guard], client_max_size=1024)
    app[OFFICE] = office
    app[RULES] = {}
    prepare(app)
    app.add_routes(
        [web.get("/", show), web.get("/static/{name}", statics.fetch), web.get("/{rest:.*}", to_the_safe_pages)]
    )
    return app


async def show(request: web.Request) -> web.Response:
    """``GET /ca``: how to install the certificate; 404 where the box has none to offer."""
    _der, mark = await _authority(request)
    return await page(request, "ca.html", mark=mark, safe=safe_address(request, "/"), live_url="")


async def fetch(request: web.Request) -> web.Response:
    """``GET /ca.crt``: DER, under the type at which Windows and Android offer to install it."""
    der, _mark = await _authority(request)
    headers = {"Content-Disposition": 'attachment; filename="commune-box-ca.crt"'}
    return web.Response(body=der, content_type="application/x-x509-ca-cert", headers=headers)


async def to_the_safe_pages(request: web.Request) -> web.Response:
    """Everything else without TLS: the same address with it. Not for good: the box may be without TLS tomorrow."""
    return web.Response(status=307, headers={"Location": safe_address(request, request.path_qs)})


def safe_address(request: web.Request, path: str) -> str:
    """``path`` on the pages with TLS; ``guard`` has made sure that the host is this box's."""
    name, port = request.url.host or "", request.app[OFFICE].config.web.port
    name = f"[{name}]" if ":" in name else name
    return f"https://{name}{'' if port == 443 else f':{port}'}{path}"


async def _authority(request: web.Request) -> tuple[bytes, str]:
    file = request.app[OFFICE].config.web.ca
    if file is None:
        raise web.HTTPNotFound
    return await asyncio.to_thread(authority, file)
