"""What this box takes from its province, put together: inbox, look at a file, runner on the uplink's line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from appliance.config import Config
from appliance.pipeline.asking import AskedExamination, IncomingExaminer
from appliance.pipeline.courier import BoxCourier
from appliance.pipeline.examining import Examination
from appliance.pipeline.handling import StoreNotices
from appliance.pipeline.incoming import StoreInbox
from appliance.pipeline.ordering import StoreOrders
from appliance.services.clock import utc_now
from appliance.store import Store
from appliance.trusting import trust_files
from hsm.judge import judge_file
from scanner_intake.digitize import Digitized, Limits, digitize
from sync.accounting import AccountLine
from sync.downlink import Downlink
from sync.notices import NoticeLine
from sync.orders import OrderLine
from sync.protocol.notices import Voice
from sync.protocol.step import Finding
from sync.protocol.topics import Direction
from sync.wire_identity import SigningKey, verifier

JUDGE_SECONDS = 120


def make_examination(config: Config) -> Examination:
    """The look at a file from the province: by the same children as those of the drop folders."""
    limits = Limits(
        memory_bytes=config.digitize.memory_mb << 20,
        cpu_seconds=config.digitize.cpu_seconds,
        wall_seconds=config.digitize.wall_seconds,
        dictionary=str(config.digitize.dictionary or ""),
        profile=config.digitize.profile,
    )
    work = config.box.state_dir / "incoming-work"
    return Examination(
        lambda path: judge_file(path, trust_files(config), None, JUDGE_SECONDS),
        partial(_read, limits, config.digitize.language),
        work,
    )


def make_examiner(config: Config, store: Store) -> IncomingExaminer:
    """What the worker does about files that came down: the delivery process, which has the line, parses none."""
    return IncomingExaminer(store, config.box.state_dir / "incoming", make_examination(config), utc_now)


def make_courier(config: Config, store: Store, device: SigningKey) -> BoxCourier:
    """The box's half of the courier; the box must be enrolled (``[sync]`` present)."""
    assert config.sync is not None
    keys = verifier(dict(config.sync.receipt_keys))
    work = config.box.state_dir / "incoming-work"
    return BoxCourier(config.box.id, store, device.sign, keys, make_examination(config), work, utc_now)


def _read(limits: Limits, language: str, source: Path, folder: Path) -> Digitized:
    return digitize(source, folder, limits, language)


def make_notices(config: Config, store: Store, on_finding: Callable[[Finding], None]) -> NoticeLine:
    """The runner that says and hears notices of handling; the box must be enrolled."""
    assert config.sync is not None
    box, device = config.box.id, SigningKey.load(config.sync.device_key)
    voice = Voice(box, Direction.UP, box, device.sign, verifier(dict(config.sync.receipt_keys)))
    return NoticeLine(voice, StoreNotices(store, box, utc_now), on_finding)


def make_account_line(config: Config) -> AccountLine:
    """The runner that says what the office tells of its books; the box must be enrolled."""
    assert config.sync is not None
    return AccountLine(config.box.id, SigningKey.load(config.sync.device_key).sign)


def make_orders(config: Config, store: Store, on_finding: Callable[[Finding], None]) -> OrderLine:
    """The runner that obeys the province's orders; the box must be enrolled."""
    assert config.sync is not None
    box, device = config.box.id, SigningKey.load(config.sync.device_key)
    keys = verifier(dict(config.sync.receipt_keys))
    return OrderLine(box, device.sign, keys, StoreOrders(store, box, utc_now), on_finding)


def make_downlink(config: Config, store: Store, on_finding: Callable[[Finding], None]) -> Downlink:
    """The runner that takes what comes down; the box must be enrolled (``[sync]`` present)."""
    assert config.sync is not None
    device = SigningKey.load(config.sync.device_key)
    keys = verifier(dict(config.sync.receipt_keys))
    inbox = StoreInbox(store, config.box.state_dir / "incoming", AskedExamination(store), utc_now)
    return Downlink(config.box.id, device.sign, keys, inbox, on_finding)
