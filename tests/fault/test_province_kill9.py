"""`commune-province serve` is killed with -9 while documents arrive, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.protocol.receipt import Result
from sync.province.auditing import audit
from sync.province.config import Config, render
from sync.province.people.rules import Role
from sync.province.store import ProvinceStore
from sync.province.web.access import PLAIN_COOKIE
from tests.fakes.province import ScriptedBox
from tests.fixtures_province import Installation
from tests.fixtures_province_web import let_in

ROOT = Path(__file__).parents[2]
VERIFY = (
    "import json, time; time.sleep(0.05); print(json.dumps({'verdict': 'valid', 'signatures': [{'slot': 'agency'}]}))"
)


class Served:
    """The real process over the site's folder."""

    def __init__(self, site: Installation) -> None:
        self.site = site
        site.config = Config(
            broker_port=site.config.broker_port,
            web_port=site.config.web_port,
            verify_command=(sys.executable, "-S", "-c", VERIFY),
        )
        site.folder.settings.write_text(render(site.config), "utf-8")
        site.folder.resolve(site.config.trust_roots).write_text("roots")
        self.process: subprocess.Popen[bytes] | None = None
        self.session = ""

    def start(self) -> None:
        """Start it; the boxes notice by its state, so nothing waits here."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sync.province", "serve", "--dir", str(self.site.folder.root)],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )

    def end(self, number: int) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)

    def page(self, path: str) -> str:
        """One page as a supervisor sees it, once it is served."""
        if not self.session:
            store = ProvinceStore(self.site.folder.rows)
            self.session = let_in(store, Role.GIAM_SAT)
            store.close()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.site.config.web_port}{path}", headers={"Cookie": f"{PLAIN_COOKIE}={self.session}"}
        )
        end = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(asked, timeout=5) as answer:
                    return str(answer.read().decode())
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.1)


@pytest.fixture
def served(province_site: Installation) -> Iterator[Served]:
    made = Served(province_site)
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def deliver_patiently(box: ScriptedBox, content: bytes, document_id: str, sequence: int) -> None:
    """Ask again and again, as a box does, until the answer is there."""
    manifest = box.manifest(content, document_id, sequence)

    def answered() -> bool:
        return any(receipt.document_id == document_id for receipt in box.receipts)

    def turn_until(true: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end:
            box.turn(0.05)

    end = time.monotonic() + 60
    while not answered():
        assert time.monotonic() < end
        box.haves.clear()
        box.ask(box.seal(manifest))
        turn_until(lambda: answered() or any(have.tid == manifest.tid for have in box.haves), 2)
        held = [have for have in box.haves if have.tid == manifest.tid]
        if held and not held[-1].state:
            ranges = held[-1].ranges
            box.send(manifest, content, ranges[0][1] if ranges and ranges[0][0] == 0 else 0)
        turn_until(answered, 2)


def test_killed_in_the_middle_of_a_transfer_it_goes_on_where_it_was(served: Served) -> None:
    box, content = served.site.box(), os.urandom(1_500_000)
    manifest = box.manifest(content, "doc-1")
    end = time.monotonic() + 20
    while not box.haves:
        assert time.monotonic() < end
        box.ask(box.seal(manifest))
        box.turn(0.3)
    box.send(manifest, content, 0, 1_000_000)
    box.until(lambda: box.haves[-1].ranges and box.haves[-1].ranges[0][1] > 700_000)
    promised = box.haves[-1].ranges[0][1]
    assert served.end(signal.SIGKILL) == -signal.SIGKILL
    served.start()
    box.haves.clear()
    while not box.haves:
        box.ask(box.seal(manifest))
        box.turn(0.3)
    assert box.haves[-1].ranges[0][0] == 0
    assert box.haves[-1].ranges[0][1] >= promised, "what was promised survived the kill"
    deliver_patiently(box, content, "doc-1", 1)
    assert box.receipts[-1].result is Result.STORED
    assert "doc-1" in served.page(f"/box/{box.box}") or "Về việc thử nghiệm" in served.page(f"/box/{box.box}")
    store = ProvinceStore(served.site.folder.rows)
    assert store.blobs.path(manifest.sha256.hex()).read_bytes() == content


def test_killed_at_random_moments_every_document_is_there_exactly_once(served: Served) -> None:
    box, papers = served.site.box(), [os.urandom(80_000 + number) for number in range(8)]
    for number, content in enumerate(papers):
        if number % 2:
            time.sleep(0.02 * number)
            served.end(signal.SIGKILL)
            served.start()
        deliver_patiently(box, content, f"doc-{number}", number + 1)
    assert served.end(signal.SIGTERM) == 0, "a polite stop is clean"
    store = ProvinceStore(served.site.folder.rows)
    assert sorted(held.document_id for held in store.reading.documents()) == [f"doc-{n}" for n in range(8)]
    assert len(store.reading.receipts()) == 8
    assert audit(served.site.folder, served.site.config, store, time.time()) == []
    assert list(store.parts.every()) == []
