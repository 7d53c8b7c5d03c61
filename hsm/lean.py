"""pyHanko without the HTTP clients that it imports whenever it signs or judges, and that nothing here ever uses.

`pyhanko.sign` imports a time stamp client and a fetcher of revocation data at once, and with them all of aiohttp: 10
MiB and a third of the start of every process that signs or judges, the limited children included. Our requests go out
through `hsm.exchange` (signing.md F9) and validation never fetches, so stand-ins take their place. Whoever calls one of
the classes all the same gets the real one.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

CLIENTS = {
    "pyhanko.sign.timestamps.aiohttp_client": ("AIOHttpTimeStamper", "HTTPTimeStamper"),
    "pyhanko_certvalidator.fetchers.aiohttp_fetchers": ("AIOHttpFetcherBackend",),
}


class StandIn(ModuleType):
    """A module with promises in place of its classes."""


class Promise:
    """Stands for a class of a client; calling it loads the client and makes the real thing."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        for name in CLIENTS:
            if isinstance(sys.modules.get(name), StandIn):
                del sys.modules[name]
        return getattr(importlib.import_module(self._module), self._name)(*arguments, **named)


def without_http_clients() -> None:
    """Put the stand-ins in place; nothing happens where pyHanko or aiohttp is loaded already."""
    if {"pyhanko.sign", "aiohttp"} & sys.modules.keys():
        return
    for module, names in CLIENTS.items():
        stand_in = StandIn(module, __doc__)
        for name in names:
            setattr(stand_in, name, Promise(module, name))
        sys.modules[module] = stand_in
