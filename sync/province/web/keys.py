"""Names under which the application carries what its pages need."""

from __future__ import annotations

import asyncio

from aiohttp import web

from sync.province.people.rows import People, Session
from sync.province.printing.paper import Letterhead
from sync.province.store import ProvinceStore

STORE: web.AppKey[ProvinceStore] = web.AppKey("store", ProvinceStore)
PEOPLE: web.AppKey[People] = web.AppKey("people", People)
PROVINCE_NAME: web.AppKey[str] = web.AppKey("province_name", str)
LETTERHEAD: web.AppKey[Letterhead] = web.AppKey("letterhead", Letterhead)
HOSTS: web.AppKey[frozenset[str]] = web.AppKey("hosts", frozenset)
ADDRESS: web.AppKey[str] = web.AppKey("address", str)
METRICS_TOKEN: web.AppKey[str] = web.AppKey("metrics_token", str)
DOOR: web.AppKey[asyncio.Lock] = web.AppKey("door", asyncio.Lock)
SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
