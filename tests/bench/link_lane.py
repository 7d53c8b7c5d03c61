"""One measured run: a line, both its ends, a bound in seconds, and what came of it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.link_line import PROFILES, Line, LinkAbsent

ROOT = Path(__file__).parents[2]
CUT_EVERY, CUT_SECONDS = 20, 2


@dataclass(frozen=True)
class Task:
    """What one lane does."""

    row: str
    """Its name among the figures."""
    profile: str
    way: str
    size: int = 0
    cuts: str = ""
    """"" none, `r` announced (old flows are reset), `b` silent (old flows are swallowed)."""
    seconds: float = 300.0
    """The bound: what is not there by then did not arrive."""
    extra: dict[str, Any] = field(default_factory=dict)
    """More of `link_near`'s task."""


@dataclass
class Outcome:
    """What one lane showed; times in seconds from the sender's start, None for never."""

    task: Task
    arrived: dict[str, float] = field(default_factory=dict)
    """Whole at the far end: ours by digest, the others by name."""
    files: list[dict[str, Any]] = field(default_factory=list)
    began: float = 0.0
    up: dict[str, Any] = field(default_factory=dict)
    """The line's counters at the end of the run."""
    marks: list[tuple[float, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    """(time, up, down) whenever the sender asked for it."""
    fault: str = ""

    def took(self, name: str = "first") -> float | None:
        """Seconds from the start of the sender to the whole file at the far end."""
        at = self.reached(name)
        return None if at is None else at - self.began

    def reached(self, name: str) -> float | None:
        """When the file was whole at the far end, on the machine's clock."""
        entry = next((entry for entry in self.files if entry["name"] == name), None)
        if entry is None:
            return None
        if self.task.way == "rsync":
            return entry["done"]
        return self.arrived.get(entry["digest"] if self.task.way == "ours" else name)

    def delay(self, name: str) -> float | None:
        """Seconds from handing the file over to the far end having it."""
        at = self.reached(name)
        queued = next((entry["queued"] for entry in self.files if entry["name"] == name), None)
        return None if at is None or queued is None else at - queued

    def per_file(self) -> float:
        """TCP payload that went up, over the bytes of the file."""
        return float(self.up.get("tcp", 0)) / max(1, self.task.size)


def measured(task: Task, program: Path, number: int) -> Outcome:
    """Run it; a lane that breaks tells its fault instead of figures."""
    outcome = Outcome(task)
    with tempfile.TemporaryDirectory(prefix="link-") as name:
        root = Path(name)
        try:
            with Line(program, PROFILES[task.profile], number, seed=number + 1) as line:
                _run(task, line, root, outcome)
        except (OSError, subprocess.CalledProcessError, LinkAbsent, RuntimeError) as error:
            outcome.fault = f"{type(error).__name__}: {error}"
    return outcome


def _run(task: Task, line: Line, root: Path, outcome: Outcome) -> None:
    python = [sys.executable, "-m"]
    log = (root / "far.log").open("w")
    far = subprocess.Popen(
        line.command(True, *python, "tests.bench.link_far", str(root)),
        stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
    )  # fmt: skip
    assert far.stdout is not None
    if far.stdout.readline().strip() != "ready":
        raise RuntimeError((root / "far.log").read_text()[-1500:])
    line.tell("reset")
    if task.cuts:
        line.tell(f"go {CUT_EVERY} {CUT_SECONDS} {task.cuts}")
    words = {"way": task.way, "root": str(root), "size": task.size, "seed": 1, **task.extra}
    near = subprocess.Popen(
        line.command(False, *python, "tests.bench.link_near", json.dumps(words)),
        stdout=subprocess.PIPE, stderr=(root / "near.log").open("w"), text=True, cwd=ROOT,
    )  # fmt: skip
    _listen(near, line, time.monotonic() + task.seconds, outcome)
    outcome.up = line.counters()[0]
    near.kill()
    near.wait()
    far.kill()
    far.wait()
    state = root / "sent.json"
    if not state.exists():
        raise RuntimeError((root / "near.log").read_text()[-1500:])
    said = json.loads(state.read_text())
    outcome.began, outcome.files = said["began"], said["files"]
    arrivals = root / "arrived.jsonl"
    for entry in arrivals.read_text().splitlines() if arrivals.exists() else ():
        found = json.loads(entry)
        if found["by"] == task.way:
            outcome.arrived.setdefault(found["name"], found["at"])


def _listen(near: subprocess.Popen[str], line: Line, until: float, outcome: Outcome) -> None:
    """Read the counters at every mark, until the sender is done or the bound is reached."""
    assert near.stdout is not None
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([near.stdout], [], [], left)
        if not ready:
            return
        word = near.stdout.readline()
        if word.strip() == "mark":
            outcome.marks.append((time.monotonic(), *line.counters()))
        if not word or word.strip() == "done":
            return
