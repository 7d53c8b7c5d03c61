"""Hours without a line cost nothing but patience: no growth, no queue, no noise."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.uplink import LinkState, Uplink, UplinkConfig
from sync.wire_identity import KeyFileError, SigningKey
from tests.fakes.outbox import FakeOutbox
from tests.fakes.transport import FakeBroker

BOX = "commune-00001"
START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


class Time:
    """Both clocks, moved by the test."""

    def __init__(self) -> None:
        self.passed = 0.0

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 5000.0 + self.passed


def config(folder: Path) -> UplinkConfig:
    device = folder / "device.pem"
    if not device.exists():
        SigningKey.generate().save(device)
    keys = {"tinh-1": SigningKey.generate().public}
    return UplinkConfig(BOX, "", 0, folder, folder, folder, device, keys, folder / "uplink.json")


def test_a_day_offline_neither_grows_nor_speaks(tmp_path: Path) -> None:
    broker, time, outbox, told = FakeBroker(), Time(), FakeOutbox(), list[LinkState]()
    broker.up = False
    for number in range(20):
        outbox.add(f"d{number}", b"x" * 3000, number % 4)
    uplink = Uplink(config(tmp_path), outbox, time.wall, broker.connect, told.append, monotonic=time.monotonic)

    def hours(turns: int) -> None:
        for _ in range(turns):
            time.passed += 20.0
            uplink.turn()

    hours(100)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    hours(1500)  # eight hours
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 30_000
    assert not broker.published
    assert len(told) <= 2, "the pages hear of an outage once"
    assert told[-1] == LinkState(False, START, "connection-refused")
    assert len(outbox.pending(100)) == 20


def test_each_start_is_counted_and_a_broken_count_starts_again(tmp_path: Path) -> None:
    settings = config(tmp_path)
    seen = []
    for broken in (False, False, True, False):
        if broken:
            settings.state_path.write_text("{")
        broker = FakeBroker()
        uplink = Uplink(settings, FakeOutbox(), connect=broker.connect)
        uplink.turn()
        seen.append(uplink._starts)
    assert seen == [1, 2, 1, 2]


def test_a_device_key_of_another_kind_or_missing_is_named(tmp_path: Path) -> None:
    settings = config(tmp_path)
    settings.device_key.unlink()
    with pytest.raises(KeyFileError) as missing:
        Uplink(settings, FakeOutbox(), connect=FakeBroker().connect)
    assert missing.value.code == "key-unreadable"


def test_an_outbox_that_fails_ends_the_process_and_no_receipt_is_acknowledged(tmp_path: Path) -> None:
    """Persist, then acknowledge: the broker keeps the receipt for the next start."""

    class Broken(FakeOutbox):
        def pending(self, limit: int) -> list:  # type: ignore[type-arg]
            raise OSError("disk")

    uplink = Uplink(config(tmp_path), Broken(), connect=FakeBroker().connect)
    with pytest.raises(OSError, match="disk"):
        uplink.turn()
