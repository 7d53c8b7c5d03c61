"""The province's wall with 3,321 boxes: first byte, bytes, first paint in chromium, memory of the idle process.

Beside it, in the same run, the plain way (`wall_plain`). Bars: issue "The people's pages" (first paint < 1 s on two
cores, web process ≤ 80 MB idle). Both servers are processes of their own; every load is a fresh browser context.
"""

from __future__ import annotations

import gzip
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sync.province.config import Config, Folder, render
from sync.province.people.rules import Role
from sync.province.store import Presence, ProvinceStore
from sync.province.web.access import PLAIN_COOKIE
from tests.bench.wall_fleet import COMMUNES, make_country
from tests.fixtures_province_web import let_in

NAME = "wall"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
LOADS, QUICK_LOADS = 7, 3
IDLE_SECONDS = 6.0
TIMES = """JSON.stringify([performance.getEntriesByName("first-contentful-paint")[0].startTime,
    performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd])"""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, ended by its own id."""
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int, path: str, seconds: float = 60.0) -> None:
    """Wait until the server answers at all."""
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20).read()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def fetched(port: int, secret: str) -> tuple[float, int, int]:
    """(seconds to the first byte, bytes on the line, bytes of HTML) of the page."""
    headers = {"Cookie": f"{PLAIN_COOKIE}={secret}", "Accept-Encoding": "gzip", "Accept": "text/html"}
    began = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers)) as answer:
        first = answer.read(1)
        took = time.perf_counter() - began
        body = first + answer.read()
        plain = gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
    assert plain.count(b'<th scope="row">') == COMMUNES, "every box is on the page"
    return took, len(body), len(plain)


def memory(pid: int, what: str = "VmRSS") -> float:
    """Megabytes of a process."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found
    return int(found[1]) / 1000


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def painted(browser: Any, port: int, secret: str, path: str = "/") -> tuple[float, float]:
    """(first contentful paint, document ready), in milliseconds since the navigation began."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    context.add_cookies([{"name": PLAIN_COOKIE, "value": secret, "url": f"http://127.0.0.1:{port}"}])
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}{path}", wait_until="domcontentloaded")
    until = time.monotonic() + 30
    while not page.evaluate('performance.getEntriesByName("first-contentful-paint").length'):
        assert time.monotonic() < until, "nothing was painted"
        page.wait_for_timeout(20)
    paint, ready = (float(value) for value in page.evaluate(TIMES).strip("[]").split(","))
    context.close()
    return paint, ready


def said_on_change(store: ProvinceStore, browser: Any, port: int, secret: str) -> tuple[float, int]:
    """(milliseconds until an open wall shows a change of one box, bytes of the event that told it)."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": PLAIN_COOKIE, "value": secret, "url": f"http://127.0.0.1:{port}"}])
    page = context.new_page()
    sizes: list[int] = []
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.on("Network.eventSourceMessageReceived", lambda event: sizes.append(len(event["data"].encode())))
    page.goto(f"http://127.0.0.1:{port}/", wait_until="load")
    page.wait_for_timeout(3000)
    sizes.clear()
    box, now = "commune-05002", time.time()
    store.fleet.note_presence(Presence(box, True, now, now, 4321, 0, now - 60, 0.0, 10**11, "commune-box 1.4.0"))
    began = time.perf_counter()
    page.locator("#b05002", has_text="4.321").wait_for(timeout=60_000)
    took = (time.perf_counter() - began) * 1000
    context.close()
    return took, max(sizes)


def lane(port: int, pid: int, secret: str, browser: Any, loads: int) -> dict[str, float]:
    """The figures of one server."""
    fetches = [fetched(port, secret) for _ in range(loads)]
    paints = [painted(browser, port, secret) for _ in range(loads)]
    return {
        "first_byte_ms": round(statistics.median(took for took, _, _ in fetches) * 1000, 1),
        "bytes_on_the_line": fetches[-1][1],
        "bytes_of_html": fetches[-1][2],
        "first_paint_ms": round(statistics.median(paint for paint, _ in paints), 1),
        "first_paint_worst_ms": round(max(paint for paint, _ in paints), 1),
        "document_ready_ms": round(statistics.median(ready for _, ready in paints), 1),
        "memory_mb": round(memory(pid), 1),
    }


def named(lane_name: str, found: dict[str, float]) -> dict[str, float]:
    """The figures of a lane under its name."""
    return {f"{lane_name}_{key}": value for key, value in found.items()}


def run() -> dict[str, Any]:
    """Both servers in turn over one store."""
    from playwright.sync_api import sync_playwright

    loads = QUICK_LOADS if os.environ.get("COMMUNE_BENCH_QUICK") else LOADS
    figures: dict[str, Any] = {"boxes": COMMUNES, "loads": loads}
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))
        store = make_country(folder.rows, time.time())
        secret, port = let_in(store, Role.GIAM_SAT), free_port()
        folder.settings.write_text(render(Config(web_port=port)), "utf-8")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
            with running(sys.executable, "-m", "sync.province", "web", "--dir", name) as server:
                answers(port, "/healthz")
                figures |= {
                    f"wall_{key}": value for key, value in lane(port, server.pid, secret, browser, loads).items()
                }
                took, size = said_on_change(store, browser, port, secret)
                figures |= {"change_seen_ms": round(took), "change_bytes": size}
                before = processor(server.pid)
                time.sleep(IDLE_SECONDS)
                figures["wall_idle_cpu_percent"] = round((processor(server.pid) - before) / IDLE_SECONDS * 100, 1)
                figures["wall_memory_idle_mb"] = round(memory(server.pid), 1)
                figures["wall_memory_most_mb"] = round(memory(server.pid, "VmHWM"), 1)
            port = free_port()
            with running(sys.executable, "-m", "tests.bench.wall_plain", str(folder.rows), str(port)) as server:
                answers(port, "/", 120)
                figures |= {
                    f"plain_{key}": value for key, value in lane(port, server.pid, secret, browser, loads).items()
                }
            browser.close()
        store.close()
    figures["first_paint_of_plain"] = round(figures["wall_first_paint_ms"] / figures["plain_first_paint_ms"], 2)
    paint, idle = figures["wall_first_paint_ms"], figures["wall_memory_idle_mb"]
    return {
        "figures": figures,
        "bars": [
            {"name": "first paint, ms", "value": paint, "bar": "< 1000", "holds": paint < 1000},
            {"name": "memory of the idle web process, MB", "value": idle, "bar": "<= 80", "holds": idle <= 80},
        ],
    }
