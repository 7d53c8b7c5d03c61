"""Names under which the application carries what its pages need."""

from __future__ import annotations

from aiohttp import web

from sync.province.store import ProvinceStore

STORE: web.AppKey[ProvinceStore] = web.AppKey("store", ProvinceStore)
PROVINCE_NAME: web.AppKey[str] = web.AppKey("province_name", str)
HOSTS: web.AppKey[frozenset[str]] = web.AppKey("hosts", frozenset)
EVERY_HOST = frozenset({"127.0.0.1", "localhost", "::1"})
