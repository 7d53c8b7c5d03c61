"""``serve sync``: brings the outbox to the province when there is a line, and time stamps to the papers."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from appliance.config import Config, HoursSection
from appliance.config_sections import SyncSection
from appliance.pipeline.ordering import ordered_hours
from appliance.pipeline.sending import StoreOutbox
from appliance.services.accounting import start_bookkeeping
from appliance.services.clock import utc_now
from appliance.services.downward import make_account_line, make_downlink, make_notices, make_orders
from appliance.services.longterm import start_longterm
from appliance.services.notify import Stop, feed_watchdog, notify, stop_on_signals
from appliance.services.vitals import vitals
from appliance.store import open_store, outbox
from sync.carrier import ways_of
from sync.protocol.budget import Budget, Hours
from sync.protocol.step import Finding
from sync.proxy import Proxy
from sync.uplink import LinkState, Uplink, UplinkConfig, Waiting
from sync.websocket import WebSocketWay

log = logging.getLogger(__name__)
ALIVE_EVERY = 10.0


def uplink_config(config: Config, ordered: Sequence[HoursSection] = ()) -> UplinkConfig:
    """The uplink's part of the configuration; the box must be enrolled (``[sync]`` present). ``ordered``: hours of
    sending that the province ordered; those of the configuration file go before them."""
    assert config.sync is not None
    return UplinkConfig(
        box=config.box.id,
        host=config.sync.host,
        port=config.sync.port,
        ca=config.sync.ca,
        certificate=config.sync.certificate,
        key=config.sync.key,
        device_key=config.sync.device_key,
        province_keys=dict(config.sync.receipt_keys),
        state_path=config.box.state_dir / "uplink.json",
        software=f"commune-box {version('commune-box')}",
        budget=Budget([_hours(each) for each in config.sync.hours or ordered]),
        proxy=Proxy.parse(config.sync.proxy) if config.sync.proxy else None,
        ways=_ways(config.sync),
    )


def _ways(section: SyncSection) -> tuple[WebSocketWay | None, ...]:
    return ways_of(section.transport, section.websocket_port, section.websocket_path, section.websocket_ca)


def _hours(section: HoursSection) -> Hours:
    def minute(clock: str) -> int:
        return int(clock[:2]) * 60 + int(clock[3:])

    return Hours(minute(section.begin), minute(section.until), section.kbit_per_second * 1000 / 8)


def _tell(finding: Finding) -> None:
    log.warning("%s", finding)


def _say_alive(link_file: Path, stop: Stop) -> None:
    """Keep the link file young while the loop turns: pages tell a dead service from a quiet line by its age."""
    while not threading.Event.wait(stop, ALIVE_EVERY):
        if stop.asked_within(4 * ALIVE_EVERY) and link_file.exists():
            os.utime(link_file)


def serve_delivery(config: Config) -> None:
    """Run until SIGTERM; the state of the line goes to ``config.link_file`` for the pages."""
    stop = stop_on_signals()
    store = open_store(config.database, config.blobs)
    config.runtime.mkdir(parents=True, exist_ok=True)

    line = make_account_line(config)

    def on_link(state: LinkState) -> None:
        line.linked(state.connected)
        part = config.link_file.with_suffix(".part")
        part.write_text(json.dumps(asdict(state), default=lambda moment: moment.isoformat()), encoding="utf-8")
        part.replace(config.link_file)

    def waiting() -> Waiting:
        count, size, oldest = store.read(outbox.backlog)
        return Waiting(count, size, int((utc_now() - oldest).total_seconds()) if oldest else 0)

    ordered = [HoursSection(*one) for one in store.read(ordered_hours)]
    uplink = Uplink(
        uplink_config(config, ordered), StoreOutbox(store, utc_now), utc_now, on_link=on_link, on_finding=_tell,
        waiting=waiting, vitals=lambda: vitals(config, store, utc_now()),
        companions=[
            make_downlink(config, store, _tell), make_notices(config, store, _tell), make_orders(config, store, _tell),
            line,
        ],
    )  # fmt: skip
    threading.Thread(target=_say_alive, args=(config.link_file, stop), name="link-file", daemon=True).start()
    start_longterm(config, store, stop)
    start_bookkeeping(config, store, line, stop)
    notify("READY=1")
    feed_watchdog(stop)
    uplink.run(stop)
    store.close()
