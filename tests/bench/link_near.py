"""The near end of one lane: sends by one way and prints one JSON line of what happened.

`python -m tests.bench.link_near JSON` inside the box's namespace. The task: {"way", "root", "size", "seed", "seconds",
"urgent": [seconds after the start ...], ...}. Result: {"began", "files": [{"name", "digest", "size", "priority",
"queued", "done"}]}, all times on the machine's monotonic clock; `done` is when the sender knew, None for never.
Every way tries again by itself until it is done or killed.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt

from sync.uplink import Uplink, UplinkConfig
from tests.bench.link_far import BOX, HTTPS, MQTTS, PIECE, PLAIN, RSYNC
from tests.bench.link_line import FAR
from tests.fakes.outbox import FakeOutbox

RETRY_SECONDS = 1.0
QUIET_SECONDS = 20
URGENT_SIZE = 2_000


@dataclass
class Sent:
    """One file of the task."""

    name: str
    digest: str
    size: int
    priority: int
    queued: float
    done: float | None = None


@dataclass
class Paper:
    """What is to be sent."""

    name: str
    content: bytes
    priority: int = 0
    base: bytes = b""

    def queued(self) -> Sent:
        """It is handed over now."""
        digest = hashlib.sha256(self.content).hexdigest()
        return Sent(self.name, digest[:16], len(self.content), self.priority, time.monotonic())


def noise(size: int, seed: int) -> bytes:
    """Bytes that nothing can compress."""
    return random.Random(seed).randbytes(size)


class Ours:
    """The product's uplink over an outbox in memory."""

    def __init__(self, root: Path, **changes: Any) -> None:
        facts = json.loads((root / "box" / "province.json").read_text())
        box = root / "box"
        self._outbox, self._stop = FakeOutbox(), threading.Event()
        config = UplinkConfig(
            box=BOX, host=FAR, port=MQTTS, ca=box / "ca.pem", certificate=box / "client.pem", key=box / "client.key",
            device_key=box / "device.key", province_keys=facts["receipt_keys"], state_path=root / "state.json",
            backoff_most=4.0, **changes,
        )  # fmt: skip
        self._uplink = Uplink(config, self._outbox)
        self._thread = threading.Thread(target=self._uplink.run, args=(self._stop,), daemon=True)
        self._thread.start()

    def hand_over(self, paper: Paper) -> Callable[[], bool]:
        """Queue it; the answer tells whether its receipt is here."""
        self._outbox.add(paper.name, paper.content, paper.priority, paper.base, kind="incoming-scan", fields={})
        self._uplink.wake()
        return lambda: paper.name in self._outbox.receipts

    def connected(self) -> bool:
        """Documents may travel."""
        return self._uplink.link_state.connected

    def close(self) -> None:
        """Say goodbye."""
        self._stop.set()
        self._uplink.wake()
        self._thread.join(5)


class PlainPaho:
    """paho as its documentation shows it: a thread, QoS 1, pieces of 16 KiB, its own queue and reconnects."""

    def __init__(self, root: Path, keepalive: int = 60) -> None:
        box = root / "box"
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="plain", protocol=mqtt.MQTTv5)
        self._client.tls_set(str(box / "ca.pem"), str(box / "client.pem"), str(box / "client.key"))
        self._client.connect_async(FAR, PLAIN, keepalive)
        self._client.loop_start()
        while not self._client.is_connected():  # what is published before, it sends and never tells of (trap 1)
            time.sleep(0.02)

    def hand_over(self, paper: Paper) -> Callable[[], bool]:
        """Publish every piece; the answer tells whether all are acknowledged."""
        count = -(-len(paper.content) // PIECE)
        told = [
            self._client.publish(f"plain/{paper.name}/{count}/{i}", paper.content[i * PIECE : (i + 1) * PIECE], 1)
            for i in range(count)
        ]
        return lambda: all(_published(info) for info in told)

    def connected(self) -> bool:
        """The broker answered."""
        return self._client.is_connected()

    def close(self) -> None:
        """Say goodbye."""
        self._client.disconnect()


def _published(info: mqtt.MQTTMessageInfo) -> bool:
    try:
        return info.is_published()
    except RuntimeError:  # trap 1: queued while offline, says paho
        return False


class Tool:
    """A program or function that sends one file and is run again until it succeeds, each file in its own thread."""

    def __init__(self, send: Callable[[Paper, Path], bool], folder: Path) -> None:
        self._send, self._folder = send, folder
        folder.mkdir(exist_ok=True)

    def hand_over(self, paper: Paper) -> Callable[[], bool]:
        """Start it."""
        path = self._folder / paper.name
        path.write_bytes(paper.content)
        done = threading.Event()

        def run() -> None:
            while not self._send(paper, path):
                time.sleep(RETRY_SECONDS)
            done.set()

        threading.Thread(target=run, daemon=True).start()
        return done.is_set

    def connected(self) -> bool:
        """It dials when it sends."""
        return True

    def close(self) -> None:
        """Nothing stays open."""


def curl(root: Path) -> Callable[[Paper, Path], bool]:
    """HTTPS PUT; a line without a byte for 40 s is given up (it hands over 64 KiB at once)."""
    box = root / "box"

    def send(paper: Paper, path: Path) -> bool:
        words = [
            "curl", "-sS", "-f", "-T", str(path), "--cacert", str(box / "ca.pem"), "--cert", str(box / "client.pem"),
            "--key", str(box / "client.key"), "--connect-timeout", "10", "--speed-time", "40", "--speed-limit", "1",
            f"https://{FAR}:{HTTPS}/{paper.name}",
        ]  # fmt: skip
        return subprocess.run(words, capture_output=True).returncode == 0

    return send


def rsync(_root: Path) -> Callable[[Paper, Path], bool]:
    """To a daemon without TLS; a revision of a file goes over it as a delta, else it is resumed where it broke off."""

    def send(paper: Paper, path: Path) -> bool:
        how = ["--no-whole-file", "--inplace"] if paper.base else ["--partial", "--append-verify"]
        target = f"rsync://{FAR}:{RSYNC}/in/{'first' if paper.base else paper.name}"
        words = ["rsync", *how, "--timeout=15", "--contimeout=10", str(path), target]
        return subprocess.run(words, capture_output=True).returncode == 0

    return send


def tus(root: Path) -> Callable[[Paper, Path], bool]:
    """Ask for the offset, then PATCH from there; the kernel gives up after 20 s without an answer."""
    box = root / "box"
    context = ssl.create_default_context(cafile=str(box / "ca.pem"))
    context.load_cert_chain(str(box / "client.pem"), str(box / "client.key"))

    def send(paper: Paper, _path: Path) -> bool:
        line = http.client.HTTPSConnection(FAR, HTTPS, timeout=QUIET_SECONDS, context=context)
        try:
            line.connect()
            line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, QUIET_SECONDS * 1000)
            line.request("HEAD", f"/{paper.name}")
            answer = line.getresponse()
            answer.read()
            at = int(answer.headers["Upload-Offset"])
            line.sock.settimeout(900)  # of the whole body: a dead line is the kernel's to notice
            line.request("PATCH", f"/{paper.name}", paper.content[at:], {"Upload-Offset": str(at)})
            return line.getresponse().status == 204
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    return send


TOOLS: dict[str, Callable[[Path], Callable[[Paper, Path], bool]]] = {"curl": curl, "rsync": rsync, "tus": tus}
WAYS = ("ours", "curl", "rsync", "tus", "paho")
Sender = Ours | PlainPaho | Tool


def sender(task: dict[str, Any]) -> Sender:
    """The way the task names."""
    root = Path(task["root"])
    if task["way"] == "ours":
        return Ours(root, **task.get("config", {}))
    if task["way"] == "paho":
        return PlainPaho(root, task.get("keepalive", 60))
    return Tool(TOOLS[task["way"]](root), root / "out")


def plan(task: dict[str, Any]) -> list[tuple[float, Paper]]:
    """(seconds after the start, paper) in order of time."""
    papers: list[tuple[float, Paper]] = []
    if task.get("size"):
        papers.append((0.0, Paper("first", noise(task["size"], task["seed"]))))
    for number, at in enumerate(task.get("urgent", ())):
        papers.append((at, Paper(f"urgent-{number}", noise(URGENT_SIZE, 1000 + number), 3)))
    for priority, size in task.get("classes", ()):
        papers.append((0.0, Paper(f"class-{priority}", noise(size, 2000 + priority), priority)))
    return sorted(papers, key=lambda entry: entry[0])


def run(task: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """Send it all. Between `idle` marks and revisions the caller reads the line's counters: `say` tells it when."""
    began = time.monotonic()
    by = sender(task)
    if task.get("idle"):
        while not by.connected():
            time.sleep(0.2)
        time.sleep(3.0)
        say("mark")
        time.sleep(task["idle"])
        say("mark")
        by.close()
        return {"began": began, "files": []}
    open_: list[tuple[Sent, Callable[[], bool]]] = []
    sent: list[Sent] = []
    waiting = plan(task)
    while waiting or open_:
        while waiting and time.monotonic() >= began + waiting[0][0]:
            paper = waiting.pop(0)[1]
            entry = paper.queued()
            sent.append(entry)
            open_.append((entry, by.hand_over(paper)))
        for entry, is_done in list(open_):
            if is_done():
                entry.done = time.monotonic()
                open_.remove((entry, is_done))
                if entry.name == "first" and task.get("tail"):
                    say("mark")
                    base = noise(task["size"], task["seed"])
                    waiting.append((0.0, Paper("again", base + noise(task["tail"], 77), 0, base)))
                elif entry.name == "first" and waiting and not task.get("tail"):
                    waiting.clear()  # nothing bulky is under way any more: what came now would show nothing
        say(json.dumps({"began": began, "files": [asdict(entry) for entry in sent]}))
        time.sleep(0.02)
    if task.get("tail"):
        say("mark")
    by.close()
    return {"began": began, "files": [asdict(entry) for entry in sent]}


def main() -> None:
    """Print marks at once, and the last state at the end; a killed run leaves its state in `sent.json`."""
    task = json.loads(sys.argv[1])
    state = Path(task["root"]) / "sent.json"

    last = ""

    def say(what: str) -> None:
        nonlocal last
        if what == "mark":
            print(what, flush=True)
        elif what != last:
            state.write_text(what)
            last = what

    state.write_text(json.dumps(run(task, say)))
    print("done", flush=True)


if __name__ == "__main__":
    main()
