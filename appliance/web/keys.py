"""``/certificates``: every token and certificate of this box, how long each still holds, and what it has signed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from appliance.certificates import Certificate, enrolled, retired
from appliance.config import Config
from appliance.signers import signing_service
from appliance.store.signed_with import Signed, by_certificate
from appliance.web.office import OFFICE
from appliance.web.presenting import page
from hsm.api import KeyState, SigningError


@dataclass(frozen=True)
class Shown:
    """One certificate as the page shows it: calm ("good", "warn", "bad"), days left, what it has signed."""

    certificate: Certificate
    tone: str
    days: int
    signed: Signed | None
    present: bool | None


async def show(request: web.Request) -> web.Response:
    """``GET /certificates``."""
    office, now = request.app[OFFICE], request.app[OFFICE].clock()
    keys = await asyncio.to_thread(_keys, office.config)
    before = await asyncio.to_thread(retired, office.config)
    certificates, unreadable = await asyncio.to_thread(enrolled, office.config, keys)
    signed = await asyncio.to_thread(office.store.read, by_certificate)
    here = {key.slot: key.present for key in keys}
    shown = [_shown(one, now, signed.get(one.sha256), here.get(one.role)) for one in certificates]
    known = {one.sha256 for one in certificates} | {one.sha256 for one in before}
    former = sorted((one for one in signed.values() if one.certificate_sha256 not in known), key=lambda one: one.last)
    return await page(
        request,
        "certificates.html",
        own=[one for one in shown if one.certificate.role in ("leader", "agency")],
        others=[one for one in shown if one.certificate.role not in ("leader", "agency")],
        before=[(one, signed.get(one.sha256)) for one in before],
        former=former[::-1],
        unreadable=unreadable,
    )


def _keys(config: Config) -> tuple[KeyState, ...]:
    try:
        return signing_service(config, deadline=1.5).state().keys
    except SigningError:
        return ()


def _shown(one: Certificate, now: datetime, signed: Signed | None, present: bool | None) -> Shown:
    reached = one.warning(now)
    tone = "good" if reached is None else "bad" if reached <= 7 else "warn"
    return Shown(one, tone, one.days_left(now), signed, present)
