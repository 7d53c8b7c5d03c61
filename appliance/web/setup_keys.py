"""``/setup/province`` and ``/setup/pages``: how the box stands to its province, and the TLS of its pages; what to do.

Only told here. The one-time code is typed on the box's machine: these pages may reach neither the province nor its keys
(``systemd``, commune-web), so that who breaks into them gets no way out of the office.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.x509.oid import NameOID

from appliance.store.standing import Role
from appliance.web.access import NOBODY, allow, only
from appliance.web.link import read_link
from appliance.web.office import OFFICE
from appliance.web.presenting import page
from appliance.wording import CODES, text_of


@dataclass(frozen=True)
class Leaf:
    """A certificate of the box: its own name, the names and addresses that it holds for, until when."""

    name: str
    hosts: tuple[str, ...]
    ends: datetime


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app.add_routes([web.get("/setup/province", show_province), web.get("/setup/pages", show_pages)])
    for path in ("/setup/province", "/setup/pages"):
        allow(app, path, read=only(Role.ADMINISTRATOR), write=NOBODY)


async def show_province(request: web.Request) -> web.Response:
    """``GET /setup/province``."""
    office = request.app[OFFICE]
    sync, link = office.config.sync, await asyncio.to_thread(read_link, office.config.link_file)
    return await page(
        request,
        "setup_province.html",
        sync=sync,
        leaf=await asyncio.to_thread(leaf_of, sync.certificate) if sync else None,
        link=link,
        trouble=text_of(link.error) if link and link.error in CODES else "",
        now=office.clock(),
    )


async def show_pages(request: web.Request) -> web.Response:
    """``GET /setup/pages``."""
    section, host = request.app[OFFICE].config.web, request.url.host or ""
    leaf = await asyncio.to_thread(leaf_of, section.certificate)
    return await page(
        request,
        "setup_pages.html",
        section=section,
        leaf=leaf,
        host=host,
        fits=leaf is not None and host.lower() in leaf.hosts,
        now=request.app[OFFICE].clock(),
        live_url="",
    )


def leaf_of(file: Path | None) -> Leaf | None:
    """The first certificate of a PEM file; None where there is none that can be read."""
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())[0] if file else None
    except (OSError, ValueError):
        return None
    if found is None:
        return None
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Leaf(str(names[0].value) if names else "", _hosts(found), found.not_valid_after_utc)


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*(one.lower() for one in names.get_values_for_type(x509.DNSName)), *(str(one) for one in addresses))
