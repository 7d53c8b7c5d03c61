"""The running parts of a demo: broker, province, box. Each is an ordinary process that can be killed and comes back.

Owns starting, watching and ending them; nothing outlives the demo.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from appliance.demo.installation import DemoFailed, Installation, program
from appliance.demo.typing_pin import type_when_asked
from appliance.services.supervisor import end_with_parent


@dataclass
class Part:
    """One process of the demo and how to start it."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        """Start (again); output goes to the log."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=self.environment,
                preexec_fn=end_with_parent,
            )  # fmt: skip
        self.starts += 1

    def ended(self) -> bool:
        """Whether the process is not running."""
        return self.process is None or self.process.poll() is not None

    def log_tail(self) -> str:
        """The last lines it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-1500:] if self.log.exists() else ""


@dataclass
class Running:
    """All parts of one installation; a part that ends is started again."""

    installation: Installation
    typing: bool = True
    """Somebody types the leader's PIN whenever it is asked for; without, the pages' visitors do."""
    parts: dict[str, Part] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def __enter__(self) -> Running:
        made = self.installation
        logs = made.root / "logs"
        logs.mkdir(exist_ok=True)
        box = made.environment | {"CREDENTIALS_DIRECTORY": str(made.credentials)}
        commands = {
            "broker": (["mosquitto", "-c", str(made.province / "mosquitto.conf")], made.environment),
            "province": ([*program("commune-province"), "serve", "--dir", str(made.province)], made.environment),
            "box": ([*program("commune-box"), "--config", str(made.box_config), "serve", "all"], box),
        }
        for name, (command, environment) in commands.items():
            self.parts[name] = Part(name, command, logs / f"{name}.log", environment)
            self.parts[name].start()
            if name == "broker":
                self._wait_for_port(made.broker_port, self.parts[name])
        self._watcher = threading.Thread(target=self._keep_running, daemon=True)
        self._watcher.start()
        if self.typing:
            pin = (made.credentials / "pin.leader").read_text(encoding="ascii")
            socket_path = made.box_config.parent / "state" / "run" / "signer.sock"
            arguments = (socket_path, "leader", pin, self._stop)
            threading.Thread(target=type_when_asked, args=arguments, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._watcher:
            self._watcher.join()
        for name in ("box", "province", "broker"):
            part = self.parts.get(name)
            if part and part.process and not part.ended():
                part.process.terminate()
                try:
                    part.process.wait(15)
                except subprocess.TimeoutExpired:
                    part.process.kill()
                    part.process.wait()

    def wait_for_pages(self, seconds: float) -> None:
        """Wait until both web servers answer.

        Raises:
            DemoFailed: they did not in time; the text has the ends of the logs.
        """
        made, deadline = self.installation, time.monotonic() + seconds
        for name, port in (("box", made.web_port), ("province", made.province_port)):
            while not _answers(port):
                if time.monotonic() > deadline:
                    raise DemoFailed(f"{name} không trả lời ở cổng {port}:\n{self.parts[name].log_tail()}")
                time.sleep(0.1)

    def _wait_for_port(self, port: int, part: Part) -> None:
        deadline = time.monotonic() + 15
        while not _answers(port):
            if part.ended() or time.monotonic() > deadline:
                raise DemoFailed(f"{part.name} không khởi động:\n{part.log_tail()}")
            time.sleep(0.05)

    def _keep_running(self) -> None:
        while not self._stop.wait(0.2):
            for part in self.parts.values():
                if part.ended() and not self._stop.is_set():
                    time.sleep(0.3)
                    part.start()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
