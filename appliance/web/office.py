"""What every page shares: the configuration, the store, the clock, and the services of this package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from aiohttp import web

from appliance.config import Config
from appliance.domain.zone import VIETNAM
from appliance.store import Store
from appliance.web.link import Signer
from appliance.web.live import Live
from appliance.web.nudging import Plans
from appliance.web.people import People
from appliance.web.pictures import Pictures

T = TypeVar("T")


@dataclass
class Office:
    """One box's pages at run time. ``config`` is another one after the administrator set the office's names."""

    config: Config
    store: Store
    clock: Callable[[], datetime]
    people: People
    signer: Signer
    pictures: Pictures
    live: Live
    plans: Plans

    def day_start(self) -> datetime:
        """Midnight of today in Vietnam, as UTC."""
        from_midnight = self.clock().astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
        return from_midnight.astimezone(self.clock().tzinfo)


OFFICE = web.AppKey("office", Office)
LIVE_NUMBER = web.RequestKey("live-number", int)
"""The number of the last change (``Live.number``) when a request arrived: before any of its facts were read."""
