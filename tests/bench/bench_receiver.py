"""What a province's receiver takes on this machine (bars of the sync issue): 170 boxes, 200 KB documents, mutual TLS.

Broker, receiver and the load of all boxes share the machine's cores; processor time is told for each, so that a figure
taken on a busy machine can be read. `plain` is the same load into mosquitto and a program that writes files. The
receiver is the product's own `commune-province serve`, everything durable, receipts signed.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sync.province import installation, pki
from sync.province.config import Config, Folder, render
from sync.province.store import Box, ProvinceStore
from sync.wire_identity import SigningKey
from tests.fixtures_broker import free_port

NAME = "receiver"
ROOT = Path(__file__).parents[2]
QUICK = bool(os.environ.get("COMMUNE_BENCH_QUICK"))
BOXES, COUNTRY = 170, 3_321
SECONDS = 10.0 if QUICK else 30.0
HELD = 500 if QUICK else COUNTRY
PAPERS = 12 if QUICK else 40
PAGES, PICTURE = 2, 90_000
"""Of a paper: signed it is 210-220 KB."""
_TICK = os.sysconf("SC_CLK_TCK")


def run() -> dict[str, Any]:
    """Plain writer, receiver without and with verification, a steady half of that, and the country's connections."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-receiver-") as name:
        site = Site(Path(name))
        figures["papers.bytes"] = site.make_papers()
        site.enrol(BOXES)
        figures |= site.measure("plain", plain=True)
        figures |= site.measure("unverified", verify=False)
        figures |= site.measure("verified", verify=True, pace=0.5)
        site.enrol(HELD)
        figures |= site.hold()
    return {"figures": figures, "bars": bars(figures)}


def bars(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """The issue's bars, as far as this run reaches them."""

    def bar(name: str, key: str, most: bool, limit: float) -> dict[str, Any]:
        value = figures[key]
        holds = value <= limit if most else value >= limit
        return {"name": name, "value": value, "bar": f"{'<=' if most else '>='} {limit:g}", "holds": holds}

    return [
        bar("documents a second, signatures verified", "verified.documents_a_second", False, 60),
        bar("documents a second, not verified", "unverified.documents_a_second", False, 200),
        bar("MiB RSS of the receiver, at most", "verified.receiver.peak_mib", True, 200),
        bar("boxes connected at a time", "hold.connected", False, COUNTRY if not QUICK else HELD),
    ]


class Site:
    """A province in a folder, and the processes of one measurement after the other."""

    def __init__(self, root: Path) -> None:
        self._root, self._boxes, self._papers = root, root / "boxes", root / "papers"
        self._port = free_port()
        self._enrolled = 0

    def make_papers(self) -> int:
        """Papers signed by an agency, as boxes send them; their mean size in bytes."""
        from tests.data.signing_pages import make_volume
        from tests.fixtures_verify import NAMES, copy_stamp, make_office, make_pki

        now = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(minutes=1)
        office = make_office(self._root / "office", "rsa-v15", make_pki(now - dt.timedelta(days=60)), now)
        self._papers.mkdir()
        source = make_volume(self._root / "unsigned.pdf", PAGES, PICTURE)
        for number in range(PAPERS):
            stamp = copy_stamp(NAMES["agency"], now + dt.timedelta(seconds=number))
            at = now + dt.timedelta(seconds=number - PAPERS)
            office.sign(source, self._papers / f"{number:03}.pdf", "incoming-scan", "agency", stamp, at)
        chain = (office.pki.root, office.pki.issuing)
        self._trust = b"".join(pki.certificate_pem(each.certificate) for each in chain)
        return sum(path.stat().st_size for path in self._papers.iterdir()) // PAPERS

    def enrol(self, count: int) -> None:
        """Keys, certificates and rows of the first `count` boxes."""
        folder = self._folder()
        authority, now = pki.load_authority(folder.ca, folder.ca_key), dt.datetime.now(dt.UTC)
        store, fresh = ProvinceStore(folder.rows), []
        for number in range(self._enrolled, count):
            name, device = f"commune-{number + 1:05}", SigningKey.generate()
            issued, out = pki.box_certificate(authority, name, now), self._boxes / name
            out.mkdir(parents=True)
            (out / "client.pem").write_bytes(issued.certificate)
            (out / "client.key").write_bytes(issued.key)
            device.save(out / "device.key")
            fresh.append(Box(name, f"UBND {name}", device.public, issued.fingerprint, now.timestamp()))
        with store.together():
            for box in fresh:
                store.fleet.enrol(box)
        store.close()
        self._enrolled = count

    def _folder(self) -> Folder:
        folder = Folder(self._root / "province")
        if not folder.settings.exists():
            installation.initialise(folder, Config(broker_port=self._port), "127.0.0.1", dt.datetime.now(dt.UTC))
        return folder

    def measure(self, name: str, *, plain: bool = False, verify: bool = False, pace: float = 0.0) -> dict[str, Any]:
        """One way under full load, then (`pace`) under a share of what it took."""
        asked = {"do": "deliver", "count": BOXES, "seconds": SECONDS, "signed": verify, "plain": plain}
        with self._broker() as broker, self._receiver(plain, verify) as receiver:
            watched = {"broker": broker, "receiver": receiver}
            found = self._loaded(name, asked, watched)
            if pace:
                rate = max(1.0, pace * found[f"{name}.documents_a_second"])
                steady = self._loaded(f"{name}.half", {**asked, "do": "paced", "rate": rate}, watched)
                found |= steady
        return found

    def hold(self) -> dict[str, Any]:
        """Every box of the country on one broker and one receiver."""
        asked = {"do": "hold", "count": HELD, "seconds": 5.0, "signed": False, "plain": False}
        with self._broker() as broker, self._receiver(False, False) as receiver:
            return self._loaded("hold", asked, {"broker": broker, "receiver": receiver})

    def _loaded(self, name: str, asked: dict[str, Any], watched: dict[str, int]) -> dict[str, Any]:
        folder = self._folder()
        public = SigningKey.load(folder.receipt_key).public
        order = asked | {
            "port": self._port, "ca": str(folder.ca), "boxes": str(self._boxes), "papers": str(self._papers),
            "receipt_keys": {pki.key_id(public): public.hex()},
        }  # fmt: skip
        before = {each: _cpu(pid) for each, pid in watched.items()}
        began = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.receiver_load", json.dumps(order)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdin is not None and child.stdout is not None
        watchdog = threading.Timer(asked["seconds"] * 4 + 90, child.kill)
        watchdog.start()
        line = child.stdout.readline()
        memory = {f"{name}.{each}.peak_mib": _peak(pid) for each, pid in watched.items()}
        if line.strip() == "held":
            child.stdin.write("\n")
            child.stdin.flush()
            line = child.stdout.readline()
        ended = child.wait()
        watchdog.cancel()
        if ended or not line:
            raise RuntimeError(f"{name}: the load ended with {child.returncode}")
        found = {f"{name}.{key}": value for key, value in json.loads(line).items()}
        found[f"{name}.wall_s"] = round(time.monotonic() - began, 1)
        spent = {each: _cpu(pid) - before[each] for each, pid in watched.items()}
        found |= {f"{name}.{each}.cpu_s": round(seconds, 2) for each, seconds in spent.items()}
        if delivered := found.get(f"{name}.delivered"):
            spent["load"] = found[f"{name}.load_cpu_s"]
            cost = {each: round(seconds * 1000 / delivered, 1) for each, seconds in spent.items()}
            found |= {f"{name}.{each}.cpu_ms_a_document": value for each, value in cost.items()}
            # The load's share, and mostly the broker's, is none of the receiver's; this is what one core of it takes.
            if cost["receiver"]:
                found[f"{name}.receiver.documents_a_core_second"] = round(1000 / cost["receiver"], 1)
            # What the same work would come to if nothing else ran here: a bound, not a measurement.
            cores = len(os.sched_getaffinity(0))
            found[f"{name}.documents_a_second_by_cpu"] = round(cores * 1000 / sum(cost.values()), 1)
        print(f"  {name}: {json.dumps({**found, **memory})}", file=sys.stderr, flush=True)
        return found | memory

    @contextmanager
    def _broker(self) -> Iterator[int]:
        folder = self._folder()
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise RuntimeError("mosquitto is not installed")
        shutil.rmtree(folder.broker_store, ignore_errors=True)
        folder.broker_store.mkdir()
        yield from _running([program, "-c", str(folder.mosquitto_conf)], lambda _said: _listens(self._port))

    @contextmanager
    def _receiver(self, plain: bool, verify: bool) -> Iterator[int]:
        folder = self._folder()
        if plain:
            out = self._root / "plain"
            out.mkdir(exist_ok=True)
            words = [sys.executable, "-m", "tests.bench.receiver_plain", str(folder.root), str(self._port), str(out)]
            yield from _running(words, lambda said: "ready" in said)
            shutil.rmtree(out)
            return
        config = Config(broker_port=self._port, web_port=free_port())
        if not verify:
            config = Config(broker_port=self._port, web_port=free_port(), verify_command=("none",))
        folder.settings.write_text(render(config), "utf-8")
        (folder.root / config.trust_roots).write_bytes(self._trust)
        words = [sys.executable, "-m", "sync.province", "serve", "--dir", str(folder.root)]
        yield from _running(words, lambda said: "connected mqtt=" in said)


def _running(words: list[str], ready: Callable[[str], bool]) -> Iterator[int]:
    """A process until the caller is done; `ready` is asked, over and over, with all that it said so far."""
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + 30
            while not ready(text := _said(said)):
                if child.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(text[-2000:])
                time.sleep(0.1)
            yield child.pid
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _said(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), 1 << 20, 0).decode("utf-8", "replace")


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpu(pid: int) -> float:
    """Processor seconds of a process, its living children, and those they waited for."""
    total = 0.0
    for each in (pid, *_children(pid)):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15]) / _TICK
    return total


def _peak(pid: int) -> float:
    """The most MiB a process itself ever had in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    direct = [int(each) for task in found.parent.parent.iterdir() for each in (task / "children").read_text().split()]
    return [each for child in direct for each in (child, *_children(child))]
