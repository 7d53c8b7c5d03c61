"""The time-stamping thread of ``serve sync``: raises signed papers from B-B to B-LTA, and keeps the lists of revoked
certificates young, whenever there is a line. Composition only; what it does is in ``appliance.pipeline.longterm``.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from asn1crypto import x509

from appliance.config import Config
from appliance.pipeline.longterm import Upgrading
from appliance.pipeline.longterm_trust import list_addresses, revocation_lists, signer_trust, stamp_trust
from appliance.services.clock import utc_now
from appliance.store import Store, StoreFull
from appliance.store import longterm as rows
from hsm.gathering import Gatherer
from hsm.longterm import Schedule
from hsm.revocation import ListRefused, RevocationLists, stale_since
from hsm.revocation_sources import matching
from hsm.tsa import Pace, StampClient
from hsm.upgrade import Upgrader

IDLE_SECONDS = 1.0
LONGEST_WAIT = 30.0
STALE_RETRY = timedelta(minutes=10)
log = logging.getLogger(__name__)


def stamp_client(config: Config) -> StampClient:
    """The client of the configured services. Raises: TrustError."""
    section = config.longterm
    pace = Pace(section.requests, section.window_minutes * 60, config.box.state_dir / "longterm" / "pace.json")
    return StampClient(section.tsa, stamp_trust(config), pace, section.patience_seconds, section.tsa_policies)


def make_upgrading(config: Config, store: Store, client: StampClient, lists: RevocationLists) -> Upgrading:
    """The steps of this box. Raises: TrustError."""
    signers, stamps = signer_trust(config), stamp_trust(config)

    def at_hand(certificate: x509.Certificate, after: datetime) -> bytes | None:
        return matching(lists.contents(), certificate, after)

    gatherer = Gatherer(signers, stamps, config.longterm.patience_seconds, at_hand)
    upgrader = Upgrader(signers, stamps, client.stamp, gatherer)
    return Upgrading(store, work_folder(config), upgrader, utc_now, Schedule())


def work_folder(config: Config) -> Path:
    """Passing files of the steps."""
    return config.box.state_dir / "work-longterm"


class ListKeeper:
    """Fetches lists when their time has come, and sooner when one at hand has ended."""

    def __init__(self, config: Config, lists: RevocationLists) -> None:
        self._config, self._lists = config, lists
        self._due = 0.0

    def once(self) -> int:
        """Fetch every list if it is time; returns how many were taken in."""
        if time.monotonic() < self._due:
            return 0
        taken = 0
        for url in list_addresses(self._config):
            try:
                self._lists.fetch(url, utc_now(), self._config.longterm.patience_seconds)
                taken += 1
            except (ListRefused, OSError) as error:
                log.warning("list of revoked certificates %s: %s", url, error)
        stale = stale_since(self._lists.kept(), utc_now()) is not None or not taken
        pause = timedelta(hours=self._config.longterm.list_hours)
        self._due = time.monotonic() + (min(pause, STALE_RETRY) if stale else pause).total_seconds()
        return taken


class LongtermThread:
    """Runs until the service stops. Ends with the process at any moment: nothing is half done on disk."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config, self._store = config, store
        self._client = stamp_client(config)
        lists = revocation_lists(config)
        self._upgrading = make_upgrading(config, store, self._client, lists)
        self._keeper = ListKeeper(config, lists)

    def start(self, stop: threading.Event) -> threading.Thread:
        """Start the thread, without what a killed one left: passing files hold papers' content."""
        shutil.rmtree(work_folder(self._config), ignore_errors=True)
        thread = threading.Thread(target=self._run, args=(stop,), name="longterm", daemon=True)
        thread.start()
        return thread

    def _run(self, stop: threading.Event) -> None:
        # The plain methods: `Stop`'s own count as the proof that the service's other loop still turns.
        while not threading.Event.is_set(stop):
            try:
                wait = self.turn()
            except StoreFull:
                wait = LONGEST_WAIT
            except Exception:  # a thread that ended here would stop all proof while the service looks alive
                log.exception("long-term proof")
                wait = LONGEST_WAIT
            threading.Event.wait(stop, wait)

    def turn(self) -> float:
        """One round; seconds until the next."""
        self._keeper.once()
        self._upgrading.adopt()
        if not self._config.longterm.tsa:
            return LONGEST_WAIT
        self._tell()
        wait = self._upgrading.once()
        return IDLE_SECONDS if wait is None else min(wait, LONGEST_WAIT)

    def _tell(self) -> None:
        now = utc_now()
        waiting = self._store.read(lambda db: len(rows.waiting(db, now, 100)))
        facts = {"at": now.isoformat(), "ready": self._client.ready(), "waiting": waiting}
        part = self._config.longterm_file.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(facts), encoding="utf-8")
        part.replace(self._config.longterm_file)
