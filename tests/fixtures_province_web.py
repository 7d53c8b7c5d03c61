"""The province's pages for tests: a store with boxes, an application, and visitors who are in or not.

A visitor's session is made by the rows themselves, so that only tests of the door pay for Argon2id.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from sync.province import web
from sync.province.people.rows import People
from sync.province.people.rules import Role
from sync.province.store import ProvinceStore
from sync.province.web.access import PLAIN_COOKIE, form_token

NOT_A_HASH = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAA"
SCRAPER = "t" * 43


def let_in(store: ProvinceStore, role: Role | None) -> str:
    """The secret of a fresh session of somebody with this role; "" for nobody."""
    if role is None:
        return ""
    people, secret, name = People(store.connection), secrets.token_urlsafe(32), f"{role.value}.thu"
    people.add(name, f"Người {role.value}", role, NOT_A_HASH, time.time())
    people.begin(secret, name, time.time())
    return secret


class Visitor:
    """A browser at the pages."""

    def __init__(self, client: TestClient, secret: str) -> None:
        self.client, self.secret = client, secret
        self.origin = f"http://127.0.0.1:{client.port}"

    @property
    def store(self) -> ProvinceStore:
        """The store behind the pages."""
        return self.client.app[web.STORE]  # type: ignore[union-attr]

    async def get(self, path: str, **more: Any) -> ClientResponse:
        """Ask for a page as a browser does; a redirection is not followed."""
        headers = {"Accept": "text/html", **more.pop("headers", {})}
        return await self.client.get(path, headers=headers, allow_redirects=False, **more)

    async def text(self, path: str) -> str:
        """The page, which must be there."""
        answer = await self.get(path)
        assert answer.status == 200, (path, answer.status)
        return await answer.text()

    async def post(
        self, path: str, fields: dict[str, str] | None = None, token: str | None = None, **headers: str
    ) -> ClientResponse:
        """Send a form from a page of this site, with the session's token; a header "" is left out."""
        sent = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        form = {"token": form_token(self.secret) if token is None else token, **(fields or {})}
        kept = {name: value for name, value in sent.items() if value}
        return await self.client.post(path, data=form, headers=kept, allow_redirects=False)


@asynccontextmanager
async def visiting(store: ProvinceStore, role: Role | None) -> AsyncIterator[Visitor]:
    """Somebody at the pages over a store."""
    app = web.build(store, "Tỉnh thử", (), metrics_token=SCRAPER)
    secret = let_in(store, role)
    async with TestClient(TestServer(app), cookies={PLAIN_COOKIE: secret} if secret else None) as client:
        yield Visitor(client, secret)
