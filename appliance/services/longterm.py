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
from hsm.trust import TrustError
from hsm.tsa import Pace, StampClient
from hsm.upgrade import Upgrader

IDLE_SECONDS = 1.0
LONGEST_WAIT = 30.0
STALE_RETRY = timedelta(minutes=10)
ADOPT_EVERY, TELL_EVERY = 600.0, 20.0
LIST_PATIENCE = 60.0
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
    return Upgrading(store, work_folder(config), upgrader, utc_now, Schedule(), client.ready)


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
                self._lists.fetch(url, utc_now(), min(LIST_PATIENCE, self._config.longterm.patience_seconds))
                taken += 1
            except (ListRefused, OSError) as error:
                log.warning("list of revoked certificates %s: %s", url, error)
        stale = stale_since(self._lists.kept(), utc_now()) is not None or not taken
        pause = timedelta(hours=self._config.longterm.list_hours)
        self._due = time.monotonic() + (min(pause, STALE_RETRY) if stale else pause).total_seconds()
        return taken


class Longterm:
    """The work of the thread, round by round. Raises: TrustError when a certificate file cannot be read."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config, self._store = config, store
        self._client = stamp_client(config)
        lists = revocation_lists(config)
        self._upgrading = make_upgrading(config, store, self._client, lists)
        self._keeper = ListKeeper(config, lists)
        self._adopt_at, self._told_until = 0.0, 0.0
        self._told: tuple[bool, int] | None = None

    def turn(self) -> float:
        """One round; seconds until the next."""
        self._keeper.once()
        if time.monotonic() >= self._adopt_at:
            self._upgrading.adopt()
            self._adopt_at = time.monotonic() + ADOPT_EVERY
        if not self._config.longterm.tsa:
            return LONGEST_WAIT
        wait = self._upgrading.once()
        self._tell()
        return IDLE_SECONDS if wait is None else min(wait, LONGEST_WAIT)

    def _tell(self) -> None:
        """Say whether services answer and how many papers wait; written anew when that changes, or to stay young."""
        now = utc_now()
        waiting = self._store.read(lambda db: len(rows.waiting(db, now, 100)))
        told = (self._client.ready(), waiting)
        if told == self._told and time.monotonic() < self._told_until:
            return
        self._told, self._told_until = told, time.monotonic() + TELL_EVERY
        part = self._config.longterm_file.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"at": now.isoformat(), "ready": told[0], "waiting": waiting}), encoding="utf-8")
        part.replace(self._config.longterm_file)


def start_longterm(config: Config, store: Store, stop: threading.Event) -> threading.Thread:
    """Start the thread, which runs until `stop`. It may end with the process at any moment: nothing is half done."""
    thread = threading.Thread(target=_run, args=(config, store, stop), name="longterm", daemon=True)
    thread.start()
    return thread


def _run(config: Config, store: Store, stop: threading.Event) -> None:
    shutil.rmtree(work_folder(config), ignore_errors=True)  # passing files of a killed one hold papers' content
    work: Longterm | None = None
    # The plain methods: `Stop`'s own count as the proof that the service's other loop still turns.
    while not threading.Event.is_set(stop):
        wait = LONGEST_WAIT
        try:
            work = work or Longterm(config, store)
            wait = work.turn()
        except TrustError as error:  # told by `check` too; delivery goes on without us
            log.error("long-term proof cannot begin: %s", error)
        except StoreFull as error:
            log.error("long-term proof: %s", error)
        except Exception:  # a thread that ended here would stop all proof while the service looks alive
            log.exception("long-term proof")
        threading.Event.wait(stop, wait)
