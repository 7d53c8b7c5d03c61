"""``serve worker``: digitizes, approves by policy, signs and queues."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from appliance.config import Config
from appliance.domain.steps import Step
from appliance.door import Door
from appliance.pipeline.approving import PolicyApproval
from appliance.pipeline.collating import Collating
from appliance.pipeline.digitizing import Digitizing
from appliance.pipeline.joining import Joining
from appliance.pipeline.longterm import StampHold
from appliance.pipeline.longterm_trust import revocation_lists
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.placing import renamed
from appliance.pipeline.runner import Runner
from appliance.pipeline.scan_tests import ReadsTestPages
from appliance.pipeline.sending import Enqueueing
from appliance.pipeline.signing import Signing, signing_plan
from appliance.pipeline.splitting import Splitting
from appliance.pipeline.underway import Underway
from appliance.services.clock import utc_now
from appliance.services.downward import make_examiner
from appliance.services.notify import feed_watchdog, notify, stop_on_signals
from appliance.signers import signing_service
from appliance.store import Store, StoreFull, documents, open_store
from appliance.trusting import trust_files
from hsm.judge import judge_file
from scanner_intake.digitize import Limits

log = logging.getLogger(__name__)
SWEEP_EVERY = 600.0
LOOK_EVERY = 1.0
GRACE = timedelta(minutes=2)
JUDGE_SECONDS = 120
"""For the signatures of a file that arrives signed; a large one needs seconds."""


def make_runner(config: Config, store: Store, passwords: Passwords, underway: Underway) -> Runner:
    """The runner with every automatic step of this box."""
    limits = limits_of(config)
    work = config.box.state_dir / "work"
    digitizing = Digitizing(
        store,
        work,
        limits,
        config.digitize.language,
        clock=utc_now,
        passwords=passwords,
        underway=underway,
        judge=lambda path: judge_file(path, trust_files(config), None, JUDGE_SECONDS),
    )
    stacked = {folder.shown_name for folder in config.folders if folder.batches}
    splitting = Splitting(store, work, limits, stacked, digitizing, passwords=passwords)
    two_sided = {folder.shown_name for folder in config.folders if folder.two_sided}
    signing = Signing(
        store, work, signing_service(config), signing_plan(config), utc_now, revocation_lists(config),
        partial(renamed, config),
    )  # fmt: skip
    return Runner(
        store,
        {
            Step.DIGITIZE: Collating(store, work, limits, two_sided, splitting, passwords=passwords),
            Step.JOIN: Joining(store, work, limits, passwords=passwords),
            Step.APPROVE: PolicyApproval(store),
            Step.SIGN: signing,
            Step.ENQUEUE: Enqueueing(store, stamp_hold(config, store)),
        },
        utc_now,
        gates={Step.SIGN: signing.ready},
    )


def limits_of(config: Config) -> Limits:
    """What one file may cost on this box."""
    return Limits(
        memory_bytes=config.digitize.memory_mb << 20,
        cpu_seconds=config.digitize.cpu_seconds,
        wall_seconds=config.digitize.wall_seconds,
        dictionary=str(config.digitize.dictionary or ""),
        profile=config.digitize.profile,
    )


def stamp_hold(config: Config, store: Store) -> StampHold:
    """A signed paper waits a little for its first time stamp, where time-stamp services are configured."""
    seconds = config.longterm.hold_seconds if config.longterm.tsa else 0.0
    return StampHold(store, config.longterm_file, timedelta(seconds=seconds))


def known_passwords(config: Config) -> Passwords:
    """The passwords of this box's drop folders."""
    return Passwords({folder.shown_name: folder.passwords for folder in config.folders if folder.passwords})


def door_answers(passwords: Passwords, underway: Underway) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """What the worker's door is asked: to keep a typed password, and which pages are being digitized."""

    def keep(question: dict[str, Any]) -> dict[str, Any]:
        passwords.typed(str(question["paper"]), str(question["password"]))
        return {"kept": True}

    return {"password": keep, "underway": lambda _question: underway.now()}


def serve_worker(config: Config) -> None:
    """Run until SIGTERM."""
    stop = stop_on_signals()
    store = open_store(config.database, config.blobs)
    passwords, underway = known_passwords(config), Underway()
    runner = make_runner(config, store, passwords, underway)
    config.runtime.mkdir(parents=True, exist_ok=True)
    door = Door(config.worker_socket, door_answers(passwords, underway))
    threading.Thread(target=_sweep_now_and_then, args=(store, stop), daemon=True).start()
    threading.Thread(target=_examine_what_came_down, args=(config, store, stop), daemon=True).start()
    threading.Thread(target=_read_test_pages, args=(config, store, stop), daemon=True).start()
    notify("READY=1")
    feed_watchdog(stop, turned=runner.turned_within)
    threads = config.digitize.workers or max(1, os.cpu_count() or 1)
    runner.run(stop, config.runtime / "worker.lock", threads, lambda: tidy(config, store))
    door.close()
    store.close()


def tidy(config: Config, store: Store) -> None:
    """Remove what a killed worker left: passing files (they hold papers' content) and blobs that no row mentions."""
    shutil.rmtree(config.box.state_dir / "work", ignore_errors=True)
    sweep(store)


def sweep(store: Store, grace: timedelta = GRACE) -> list[str]:
    """Remove blobs that a crash left between "durable" and "committed"; returns their digests."""
    before = time.time() - grace.total_seconds()
    return store.blobs.sweep(store.read(documents.referenced_digests), before)


def _examine_what_came_down(config: Config, store: Store, stop: threading.Event) -> None:
    """Whole files that the delivery process gathered: it has a line, so it parses none itself."""
    examiner = make_examiner(config, store)
    while not stop.wait(LOOK_EVERY):
        try:
            examiner.turn()
        except (OSError, StoreFull) as error:  # a full disk: the papers' own steps tell it, this tries again
            log.warning("cannot examine what came down: %s", error)


def _read_test_pages(config: Config, store: Store, stop: threading.Event) -> None:
    """Pages of drop folders that somebody tries out: read at once, beside the papers that are read."""
    reading = ReadsTestPages(
        store, config.box.state_dir / "work", limits_of(config), config.digitize.language, clock=utc_now
    )
    while not stop.wait(LOOK_EVERY):
        try:
            reading.turn()
        except Exception:  # a try must not end the worker's thread; the page waits for the next look
            log.exception("a test page was not read")


def _sweep_now_and_then(store: Store, stop: threading.Event) -> None:
    while not stop.wait(SWEEP_EVERY):
        sweep(store)
