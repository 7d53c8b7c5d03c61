"""How documents travel on emulated 2G, 3G and ADSL lines, beside curl, rsync, a tus-style upload and plain paho.

Every lane has a line of its own (`link_line`), the product's broker, receiver and uplink over TLS at its ends
(`link_far`, `link_near`), and real seconds; lanes run side by side. Needs root and network namespaces and says so
otherwise. Bars: issue "Sync that wins on the worst link". Times run from the sender's start, dial included, to the
whole file at the far end; bytes are TCP payload upwards, handshakes included. rsync goes without TLS.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sync.uplink import UplinkConfig
from tests.bench.link_lane import Outcome, Task, measured
from tests.bench.link_line import PROFILES, LinkAbsent, emulator
from tests.bench.link_near import WAYS

NAME = "link"
MIB = 1 << 20
LANES = int(os.environ.get("COMMUNE_BENCH_LANES", "14"))
STABLE = (("2g", MIB, 0.93, 420), ("adsl", MIB, 0.94, 60), ("3gnl", 10 * MIB, 0.91, 200), ("3g", 10 * MIB, 0.87, 300))
"""Line, bytes, the bar, the bound in seconds."""
CUT = (
    ("2g", MIB, "r", 1.9, 1.10, 700),
    ("2g", MIB, "b", 2.1, 1.15, 700),
    ("adsl", 10 * MIB, "r", 1.3, 1.04, 400),
    ("adsl", 10 * MIB, "b", 1.35, 1.04, 400),
)
"""Line, bytes, kind of cut, bars of time and of bytes, bound."""
URGENT = (("2g", MIB, 5.0, 20, 260), ("adsl", 4 * MIB, 0.6, 5, 90), ("3gnl", 8 * MIB, 0.6, 5, 90))
"""Line, bytes of the bulky file, bar in seconds, seconds between urgent papers, bound."""
IDLE_SECONDS = 120
"""Of idle windows in which keepalive and heartbeats come fast; what one of each costs is counted, not the window."""
FAST_PING, FAST_BEAT = 10, 15
SCAN, TAIL = 3_500_000, 4_000
DAY = 86_400
PRODUCT: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(UplinkConfig)}

Bar = dict[str, Any]


def tasks(quick: bool) -> list[Task]:
    """Every lane, the long ones first."""
    if quick:
        return [
            Task("stable-adsl", "adsl", "ours", MIB, seconds=60),
            *(Task("stable-adsl", "adsl", way, MIB, seconds=60) for way in WAYS if way != "ours"),
            Task("urgent-adsl", "adsl", "ours", 2 * MIB, seconds=60, extra={"urgent": list(range(8, 30, 5))}),
            Task("urgent-2g", "2g", "ours", 400_000, seconds=110, extra={"urgent": list(range(15, 80, 20))}),
            Task("revision", "3gnl", "ours", SCAN, seconds=70, extra={"tail": TAIL}),
            Task("cut-r-adsl", "adsl", "ours", 4 * MIB, cuts="r", seconds=120),
        ]
    planned = [
        Task(f"cut-{kind}-{line}", line, way, size, cuts=kind, seconds=bound)
        for line, size, kind, _, _, bound in CUT
        for way in WAYS
    ]
    planned += [
        Task(f"stable-{line}", line, way, size, seconds=bound) for line, size, _, bound in STABLE for way in WAYS
    ]
    planned.append(Task("uncut-adsl", "adsl", "ours", 10 * MIB, seconds=300))
    planned += [
        Task(f"urgent-{line}", line, way, size, seconds=bound, extra={"urgent": list(range(12, bound, every))})
        for line, size, _, every, bound in URGENT
        for way in WAYS
    ]
    planned += [Task("revision", "3gnl", way, SCAN, seconds=200, extra={"tail": TAIL}) for way in WAYS]
    rare, often = {"quiet_heartbeat_seconds": 1e6}, {"quiet_heartbeat_seconds": FAST_BEAT, "heartbeat_seconds": 5}
    for row, beats in (("idle-pings", rare), ("idle", often)):
        extra = {"idle": IDLE_SECONDS, "config": {"keepalive": FAST_PING, **beats}}
        planned.append(Task(row, "adsl", "ours", seconds=IDLE_SECONDS + 30, extra=extra))
    beside = {"idle": IDLE_SECONDS, "keepalive": FAST_PING}
    planned.append(Task("idle-pings", "adsl", "paho", seconds=IDLE_SECONDS + 30, extra=beside))
    classes = [(0, 60_000), (1, 40_000), (2, 20_000), (3, 2_000)]
    planned.append(Task("classes", "2g", "ours", seconds=120, extra={"classes": classes}))
    return sorted(planned, key=lambda task: -task.seconds)


def run() -> dict[str, Any]:
    """All lanes, then one table.

    `COMMUNE_BENCH_ROWS=stable,cut-r` runs only rows that begin so, `COMMUNE_BENCH_WAYS=ours` only these ways,
    `COMMUNE_BENCH_LANES` so many side by side.
    """
    quick = os.environ.get("COMMUNE_BENCH_QUICK") == "1"
    wanted = tuple(filter(None, os.environ.get("COMMUNE_BENCH_ROWS", "").split(",")))
    ways = os.environ.get("COMMUNE_BENCH_WAYS", ",".join(WAYS)).split(",")
    planned = [t for t in tasks(quick) if t.way in ways and (not wanted or t.row.startswith(wanted))]
    with tempfile.TemporaryDirectory(prefix="link-") as folder:
        try:
            program = emulator(Path(folder))
        except LinkAbsent as absent:
            print(f"  link: not measured, {absent}", file=sys.stderr, flush=True)
            return {"figures": {"not_measured": str(absent)}, "bars": []}
        with ThreadPoolExecutor(LANES) as lanes:
            outcomes = list(lanes.map(lambda pair: _told(measured(pair[1], program, pair[0])), enumerate(planned)))
    broken = [f"{o.task.row}/{o.task.way}: {o.fault}" for o in outcomes if o.fault]
    if broken:
        raise LinkAbsent("; ".join(broken)[:2000])
    figures: dict[str, Any] = {}
    bars: list[Bar] = []
    for outcome in outcomes:
        figures |= _figures(outcome)
    figures |= (idle := _idle_figures(outcomes))
    if "idle.ours.kib_a_day" in idle:
        bars.append(_at_most("KiB a day, idle", idle["idle.ours.kib_a_day"], 150.0))
    ours = {outcome.task.row: outcome for outcome in outcomes if outcome.task.way == "ours"}
    for outcome in ours.values():
        bars += _bars(outcome, ours)
    return {"figures": dict(sorted(figures.items())), "bars": bars}


def _told(outcome: Outcome) -> Outcome:
    took = outcome.took()
    said = outcome.fault.splitlines()[-1] if outcome.fault else "-" if took is None else f"{took:.1f} s"
    print(f"  {time.strftime('%H:%M:%S')} {outcome.task.row}/{outcome.task.way}: {said}", file=sys.stderr, flush=True)
    return outcome


def _goodput(outcome: Outcome) -> float | None:
    took = outcome.took()
    return None if took is None else round(outcome.task.size * 8 / took / PROFILES[outcome.task.profile].up, 3)


def _delays(outcome: Outcome) -> list[float]:
    """Of every urgent paper that was handed over while the bulky file was under way."""
    end = outcome.reached("first") or float("inf")
    urgent = [e for e in outcome.files if e["name"].startswith("urgent") and e["queued"] < end - 1.0]
    return [delay if (delay := outcome.delay(e["name"])) is not None else outcome.task.seconds for e in urgent]


def _idled(outcome: Outcome) -> tuple[float, int, int]:
    """Of the idle window: IP bytes both ways, pings (their answers came down), messages that TCP only confirmed."""
    (_, up, down), (_, up_after, down_after) = outcome.marks[:2]
    passed = up_after["by"] - up["by"] + down_after["by"] - down["by"]
    bare = down_after["pure"] - down["pure"]
    return passed, down_after["pk"] - down["pk"] - bare, bare


def _idle_a_day(pings: Outcome, idle: Outcome | None, keepalive: float) -> float | None:
    """KiB of IP bytes both ways in a day: so many pings, and so many heartbeats of an `idle` window."""
    if len(pings.marks) < 2 or (idle is not None and len(idle.marks) < 2):
        return None
    passed, times, _ = _idled(pings)
    ping = passed / max(1, times)
    day = DAY / keepalive * ping
    if idle is not None:
        passed, times, beats = _idled(idle)
        day += DAY / PRODUCT["quiet_heartbeat_seconds"] * (passed - times * ping) / max(1, beats)
    return round(day / 1024, 1)


def _idle_figures(outcomes: list[Outcome]) -> dict[str, Any]:
    """Ours at the product's pace; plain paho at its default keepalive of 60 s."""
    found = {(o.task.row, o.task.way): o for o in outcomes if o.task.row.startswith("idle")}
    figures: dict[str, Any] = {}
    if (pings := found.get(("idle-pings", "ours"))) and (idle := found.get(("idle", "ours"))):
        figures["idle.ours.kib_a_day"] = _idle_a_day(pings, idle, PRODUCT["keepalive"])
        figures["idle.ours.bytes_up_of_a_connect"] = pings.marks[0][1]["tcp"] if pings.marks else None
    if pings := found.get(("idle-pings", "paho")):
        figures["idle.paho.kib_a_day"] = _idle_a_day(pings, None, 60.0)
    return figures


def _revision(outcome: Outcome) -> int | None:
    """TCP payload upwards for the second version."""
    return outcome.marks[1][1]["tcp"] - outcome.marks[0][1]["tcp"] if len(outcome.marks) > 1 else None


def _order(outcome: Outcome) -> str:
    reached = [(outcome.reached(e["name"]) or float("inf"), e["priority"]) for e in outcome.files]
    return "".join(str(priority) for at, priority in sorted(reached) if at < float("inf"))


def _figures(outcome: Outcome) -> dict[str, Any]:
    row, name = outcome.task.row, f"{outcome.task.row}.{outcome.task.way}"
    if row.startswith("urgent"):
        delays = _delays(outcome)
        return {
            f"{name}.median_s": round(statistics.median(delays), 2) if delays else None,
            f"{name}.max_s": round(max(delays), 2) if delays else None,
            f"{name}.papers": len(delays),
        }
    if row.startswith("idle"):
        return {}  # told together
    if row == "revision":
        return {f"{name}.bytes": _revision(outcome)}
    if row == "classes":
        return {f"{name}.order": _order(outcome), f"{name}.seconds": _last(outcome)}
    took = outcome.took()
    figures: dict[str, Any] = {f"{name}.seconds": None if took is None else round(took, 1)}
    figures[f"{name}.bytes_per_file"] = round(outcome.per_file(), 3)
    if not outcome.task.cuts:
        figures[f"{name}.goodput"] = _goodput(outcome)
    return figures


def _last(outcome: Outcome) -> float | None:
    reached = [outcome.delay(e["name"]) for e in outcome.files]
    return round(max(r for r in reached if r is not None), 1) if any(reached) else None


def _at_most(name: str, value: float | None, bar: float) -> Bar:
    return {"name": name, "value": value, "bar": f"<= {bar}", "holds": value is not None and value <= bar}


def _bars(outcome: Outcome, ours: dict[str, Outcome]) -> list[Bar]:
    row, line = outcome.task.row, outcome.task.profile
    if row.startswith("stable"):
        bar = next(bar for name, _, bar, _ in STABLE if name == line)
        value = _goodput(outcome)
        return [{"name": f"goodput / line, {line}", "value": value, "bar": f">= {bar}", "holds": (value or 0) >= bar}]
    if row.startswith("cut"):
        _, size, _, times, travels, _ = next(cut for cut in CUT if cut[0] == line and cut[2] == outcome.task.cuts)
        took, uncut = outcome.took(), ours.get("uncut-adsl" if line == "adsl" else f"stable-{line}")
        found = [_at_most(f"bytes / file, {row}", round(outcome.per_file(), 3) if took else None, travels)]
        if uncut is not None and uncut.task.size == outcome.task.size == size and (base := uncut.took()):
            found.append(_at_most(f"time / uncut, {row}", round(took / base, 3) if took else None, times))
        return found
    if row.startswith("urgent"):
        bar = next(bar for name, _, bar, _, _ in URGENT if name == line)
        delays = _delays(outcome)
        return [
            _at_most(f"slowest hỏa tốc of {len(delays)}, s, {line}", round(max(delays), 2) if delays else None, bar)
        ]
    if row == "revision":
        return [_at_most("bytes of a scan signed again", _revision(outcome), 8192)]
    if row == "classes":
        order = _order(outcome)
        return [{"name": "classes arrive by urgency", "value": order, "bar": "3210", "holds": order == "3210"}]
    return []
