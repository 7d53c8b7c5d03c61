"""``serve all``: the box's processes under one supervisor, for development, the demo and end-to-end tests.

On an installed box systemd does this. A child that ends is started again, with growing pauses while it keeps ending;
SIGTERM goes to every child, and what does not end within ten seconds is killed.
"""

from __future__ import annotations

import ctypes
import json
import logging
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from appliance.config import Config
from appliance.services.notify import notify, stop_on_signals
from appliance.signers import signer_places

_PR_SET_PDEATHSIG = 1
SERVICES = ("signer", "intake", "worker", "sync", "web")
log = logging.getLogger(__name__)


@dataclass
class Child:
    """One service: its process, how often it was started, when it may be started again (monotonic seconds)."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = 0.0
    pause: float = 0.2
    not_before: float = field(default=0.0)


def end_with_parent() -> None:
    """Asked of the kernel in a new child: send SIGTERM when the parent is gone, even by kill -9."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def serve_all(config: Config, config_path: Path, names: tuple[str, ...] = SERVICES) -> None:
    """Run ``names`` until SIGTERM; who runs with which process id is in ``<runtime>/services.json``."""
    stop = stop_on_signals()
    config.runtime.mkdir(parents=True, exist_ok=True)
    children = [Child(name) for name in names if name not in ("sync", "signer") or (name == "sync" and config.sync)]
    if "signer" in names:
        places = [place.name for place in signer_places(config)] or [""]
        children[:0] = [Child(f"signer@{name}" if name else "signer") for name in places]
    notify("READY=1")
    while not stop.is_set():
        changed = [_keep(child, config_path) for child in children]
        if any(changed):
            _publish(children, config.runtime / "services.json")
        stop.wait(0.1)
    _end(children)


def _keep(child: Child, config_path: Path) -> bool:
    """Start the child when it is not running and its pause is over; True when something changed."""
    now = time.monotonic()
    if child.process is not None:
        code = child.process.poll()
        if code is None:
            return False
        log.warning("%s ended with %s", child.name, code)
        child.pause = 0.2 if now - child.started_at > 30 else min(10.0, child.pause * 2)
        child.not_before, child.process = now + child.pause, None
        return True
    if now < child.not_before:
        return False
    service, _, only = child.name.partition("@")
    command = [sys.executable, "-m", "appliance", "--config", str(config_path), "serve", service]
    command += ["--only", only] if only else []
    child.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
    child.starts, child.started_at = child.starts + 1, now
    return True


def _publish(children: list[Child], path: Path) -> None:
    facts = {
        child.name: {"pid": child.process.pid if child.process else None, "starts": child.starts} for child in children
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps(facts), encoding="utf-8")
    part.replace(path)


def _end(children: list[Child]) -> None:
    running = [child.process for child in children if child.process and child.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + 10
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
