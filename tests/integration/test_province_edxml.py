"""The edXML bridge against a real HTTP server that answers faults, and as a process that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sync.edxml.packet import Business, Code, Packet, Processing, ProcessingReport
from sync.edxml.reading import read
from sync.edxml.writing import packet_bytes
from sync.province.bridge.answers import LATER
from sync.province.bridge.bridging import Bridge
from sync.province.bridge.lgsp import LgspExchange
from sync.province.bridge.places import Places
from sync.province.cli import main
from sync.province.store import ProvinceStore
from tests.fakes.lgsp import SECRET, FakeLgsp
from tests.fixtures_bridge import BOX, COMMUNE, NOW, OFFICE, SETTINGS, deliver, pdf, say

LETTER = Packet(
    sender=OFFICE, receivers=(COMMUNE,), code=Code("7", "SNV-VP"), subject="Về việc họp", business=Business.RECALL,
    document_id="H99,2026/03/01,7/SNV-VP",
)  # fmt: skip


@pytest.fixture
def platform() -> Iterator[FakeLgsp]:
    with FakeLgsp().running() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    opened = ProvinceStore(tmp_path / "store")
    yield opened
    opened.close()


def over_http(
    root: Path, store: ProvinceStore, platform: FakeLgsp, secret: str = SECRET, timeout: float = 20
) -> Bridge:
    settings = replace(SETTINGS, exchange="lgsp", url=platform.url, system_id="H99", timeout=timeout)
    places = Places(root / "edxml")
    return Bridge(store, settings, places, LgspExchange(settings, secret, places), say)


def only(made: Bridge) -> tuple[str, str]:
    (row,) = made.ledger.outgoing()
    return row.state, row.code


def test_a_document_reaches_the_platform_whole(tmp_path: Path, store: ProvinceStore, platform: FakeLgsp) -> None:
    deliver(store, 12)
    made = over_http(tmp_path, store, platform)
    assert made.once(NOW).sent == 1 and only(made) == ("gone", "")
    ((kind, name, content),) = platform.taken
    assert kind == "edoc" and name.endswith(".edxml")
    packet = read(content).packet
    assert isinstance(packet, Packet) and packet.files[0].content == pdf(12)
    assert made.ledger.outgoing()[0].remote_id == "doc-1"
    assert made.once(NOW).sent == 0 and len(platform.taken) == 1
    assert list((tmp_path / "edxml" / "work" / "made").iterdir()) == []
    made.close()


@pytest.mark.parametrize(
    ("fault", "wait", "code"),
    [("503", 30, "http-503"), ("429", 77, "http-429"), ("reset", 30, "no-answer"), ("hang", 30, "no-answer"),
     ("elsewhere", LATER, "http-302"), ("404", LATER, "http-404"), ("403", LATER, "http-403")],
)  # fmt: skip
def test_faults_of_line_and_platform_are_tried_again_and_blame_no_packet(
    tmp_path: Path, store: ProvinceStore, platform: FakeLgsp, fault: str, wait: float, code: str
) -> None:
    deliver(store, 1)
    deliver(store, 2)
    platform.script = [fault]
    made = over_http(tmp_path, store, platform, timeout=0.7 if fault == "hang" else 20)
    assert made.once(NOW).waiting_for == code
    assert len(platform.taken) == 1, "the second is not thrown at a platform that is down"
    assert made.once(NOW + wait - 1).sent == 0 and len(platform.taken) == 1
    made.once(NOW + wait)
    assert made.once(NOW + wait + 1).sent == 0
    assert len(platform.accepted) == 2 and made.ledger.counts() == {"gone": 2}
    first = [each for each in platform.taken if each[1] == platform.taken[0][1]]
    assert len({content for *_, content in first}) == 1, "the same bytes at every attempt"
    made.close()


def test_pauses_grow_while_the_platform_is_down(tmp_path: Path, store: ProvinceStore, platform: FakeLgsp) -> None:
    deliver(store, 1)
    platform.script = ["503"] * 8
    made, at, pauses = over_http(tmp_path, store, platform), NOW, []
    for _ in range(8):
        before = len(platform.taken)
        made.once(at)
        assert len(platform.taken) == before + 1
        (row,) = made.ledger.outgoing()
        pauses.append(row.next_at - at)
        at = row.next_at
    assert pauses == [30, 60, 120, 240, 480, LATER, LATER, LATER]
    assert made.once(at).sent == 1
    made.close()


@pytest.mark.parametrize(
    ("fault", "state"),
    [("lgsp-10", "failed"), ("lgsp-21", "failed"), ("lgsp-22", "failed"), ("413", "failed"), ("lgsp-18", "person"),
     ("lgsp-19", "person"), ("lgsp-20", "person"), ("lgsp-23", "person"), ("html", "person")],
)  # fmt: skip
def test_what_no_machine_repeats(
    tmp_path: Path, store: ProvinceStore, platform: FakeLgsp, fault: str, state: str
) -> None:
    deliver(store, 1)
    deliver(store, 2)
    platform.script = [fault]
    made = over_http(tmp_path, store, platform)
    done = made.once(NOW)
    assert (done.sent, done.failed) == (1, 1), "the next one goes"
    assert made.once(NOW + 1e7).sent == 0 and len(platform.taken) == 2
    (row,) = made.ledger.outgoing(state)
    failed = tmp_path / "edxml" / "failed"
    assert row.rid == 1 and len(list(failed.iterdir())) == 2, "the packet and its note"
    assert made.ledger.retry(row.key, NOW) == 1
    assert made.once(NOW).sent == 1 and list(failed.iterdir()) == []
    made.close()


def test_a_wrong_secret_stops_everything_until_a_person_asks(
    tmp_path: Path, store: ProvinceStore, platform: FakeLgsp
) -> None:
    deliver(store, 1)
    deliver(store, 2)
    wrong = over_http(tmp_path, store, platform, secret="other")
    assert wrong.once(NOW).waiting_for == "lgsp-15" and platform.taken == []
    wrong.close()
    right = over_http(tmp_path, store, platform)
    assert right.ledger.retry("", NOW) == 1
    assert right.once(NOW).sent == 2
    right.close()


def test_an_answer_that_was_lost_is_asked_for_with_the_same_request_id(
    tmp_path: Path, store: ProvinceStore, platform: FakeLgsp
) -> None:
    deliver(store, 1)
    platform.script = ["lost"]
    made = over_http(tmp_path, store, platform)
    made.once(NOW)
    assert made.once(NOW + 30).sent == 1
    assert len(platform.request_ids) == 2 and len(set(platform.request_ids)) == 1
    assert platform.accepted[0] == platform.accepted[1]
    made.close()


def test_what_the_platform_offers_is_fetched_once_and_answered(
    tmp_path: Path, store: ProvinceStore, platform: FakeLgsp
) -> None:
    document_id = deliver(store, 12)
    made = over_http(tmp_path, store, platform)
    made.once(NOW)
    packet = read(platform.accepted[0]).packet
    assert isinstance(packet, Packet)
    about = replace(LETTER, business=Business.NEW).document_id
    platform.offered = {"d-1": ("edoc", packet_bytes(LETTER).decode()), "d-3": ("edoc", "rác")}
    platform.list_broken = True
    assert made.once(NOW).waiting_for == "http-502"
    platform.list_broken = False
    assert made.once(NOW).received == 2
    assert sorted(platform.told) == [("d-1", "done"), ("d-3", "done")]
    assert made.once(NOW).received == 0
    statuses = [read(content).packet for kind, _, content in platform.taken if kind == "status"]
    assert [each.processing for each in statuses if isinstance(each, ProcessingReport)] == [Processing.ARRIVED]
    assert isinstance(statuses[0], ProcessingReport) and statuses[0].about.document_id == about
    made.close()
    again = over_http(tmp_path, store, platform)
    assert again.once(NOW).received == 0, "another process knows the bytes"
    assert document_id and len(again.ledger.arrivals()) == 2
    again.close()


# --- as an operator types it, and as a process that dies --------------------------------------------------------------


def facts(*words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    answer = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert answer.exit_code == exit_code, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


SECTION = f"""
[edxml.office]
organ_id = "H99"
name = "UBND tỉnh Mẫu"
[edxml.boxes.{BOX}]
organ_id = "H99.12.34"
name = "UBND xã Mẫu"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, ProvinceStore]]:
    place = tmp_path / "tinh"
    CliRunner().invoke(main, ["init", "--dir", str(place)])
    with (place / "province.toml").open("a") as stream:
        stream.write(SECTION)
    opened = ProvinceStore(place / "store")
    yield place, opened
    opened.close()


def test_the_commands(site: tuple[Path, ProvinceStore]) -> None:
    place, store = site
    deliver(store, 1)
    deliver(store, 2, {"subject": ""})
    inbox = place / "edxml" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "a.edxml").write_bytes(packet_bytes(LETTER))
    os.utime(inbox / "a.edxml", (1, 1))
    done = facts("edxml", "once", "--dir", place, exit_code=8)
    assert (done["sent"], done["failed"], done["received"], done["states"]) == (2, 1, 1, {"gone": 2, "person": 1})
    listed = facts("edxml", "list", "--dir", place)
    (arrival,) = listed["arrivals"]
    assert [each["rid"] for each in facts("edxml", "list", "--state", "person", "--dir", place)["outgoing"]] == [2]
    answer = ("edxml", "answer", arrival["sha256"][:12], "--dir", place)
    assert CliRunner().invoke(main, [*map(str, answer), "--code", "02"]).exit_code == 3, "a refusal needs a reason"
    assert facts(*answer, "--code", "02", "--reason", "Sai nơi nhận")["code"] == "02"
    assert CliRunner().invoke(main, [*map(str, answer), "--code", "02", "--reason", "x"]).exit_code == 5
    assert facts("edxml", "retry", "--all", "--dir", place)["retried"] == 1
    assert facts("edxml", "once", "--dir", place, exit_code=8)["sent"] == 1
    said = [read(path.read_bytes()).packet for path in (place / "edxml" / "outbox").glob("status-*-02.edxml")]
    assert isinstance(said[0], ProcessingReport) and said[0].description == "Sai nơi nhận"
    text = CliRunner().invoke(main, ["edxml", "list", "--dir", str(place)]).stdout
    assert "chờ người xử lý" in text and "Thiếu thành phần bắt buộc: Subject" in text


def test_kill_9_again_and_again_hands_over_every_packet_once(site: tuple[Path, ProvinceStore]) -> None:
    place, store = site
    count = 40
    for number in range(1, count + 1):
        deliver(store, number)
    consumed: list[str] = []
    done = threading.Event()

    def consume() -> None:
        outbox = place / "edxml" / "outbox"
        while not done.is_set():
            for path in list(outbox.glob("[!.]*")) if outbox.exists() else []:
                assert isinstance(read(path.read_bytes()).packet, Packet), "whole, or not there"
                consumed.append(path.name)
                path.unlink()
            time.sleep(0.002)

    taker = threading.Thread(target=consume)
    taker.start()
    try:
        deaths = 0
        for goal in (3, 11, 25, count):
            child = subprocess.Popen(
                [sys.executable, "-m", "sync.province", "edxml", "run", "--dir", str(place)], stderr=subprocess.DEVNULL
            )
            until = time.monotonic() + 60
            while len(consumed) < goal and time.monotonic() < until:
                time.sleep(0.001)
            if goal == count:
                time.sleep(1)
                child.send_signal(signal.SIGTERM)
                assert child.wait(20) == 0
            else:
                child.kill()
                child.wait()
                deaths += 1
    finally:
        done.set()
        taker.join(10)
    assert deaths == 3
    assert sorted(consumed) == sorted(set(consumed)) and len(consumed) == count
    assert facts("edxml", "list", "--dir", place)["states"] == {"gone": count}
