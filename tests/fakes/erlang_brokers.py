"""The other brokers: RabbitMQ and ejabberd as Debian has them, private nodes over a province's own certificates.

Both run in Erlang, as any user, with nothing of theirs outside the test's folder; each process is ended by its id.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from sync.protocol.topics import SENDER, broker_access_list
from sync.province.pki import RECEIVER
from sync.province.rabbitmq import ENABLED, SETTINGS, write_rabbitmq_files
from tests.fixtures_broker import free_port
from tests.fixtures_province import Installation


class Node(ABC):
    """One broker process on the site's port."""

    def __init__(self, site: Installation) -> None:
        self.site, self.folder = site, site.folder.root
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> tuple[list[str], dict[str, str]]:
        """The words that run it in the foreground, and its environment."""

    @abstractmethod
    def prepare(self, names: list[str]) -> None:
        """Write what it reads at its start; `names` may connect."""

    def start(self) -> None:
        """Start it and wait until it listens."""
        words, environment = self.command()
        with (self.folder / "node.log").open("ab") as log:
            self._process = subprocess.Popen(
                words, env=os.environ | environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.site.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "node.log").read_text()[-3000:])

    def kill(self) -> None:
        """kill -9 of the node and of the small helpers it started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """End everything."""
        self.kill()


class Rabbit(Node):
    """RabbitMQ 3.10 with the files that the product writes. MQTT 3.1.1 only."""

    def __init__(self, site: Installation) -> None:
        super().__init__(site)
        self._program = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        if not self._program.exists():
            pytest.skip("rabbitmq-server is not installed")
        self._epmd_port = free_port()
        self._epmd = subprocess.Popen(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"])
        self._dist_port = free_port()

    def prepare(self, names: list[str]) -> None:
        """Write what it reads at its start; `names` may connect."""
        everybody = [RECEIVER, SENDER, *names]
        access_list = broker_access_list(RECEIVER)
        write_rabbitmq_files(self.site.folder, access_list, everybody, "127.0.0.1", self.site.port)

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Everything of it in the test's folder."""
        inside = {
            "HOME": "", "RABBITMQ_MNESIA_BASE": "mnesia", "RABBITMQ_LOG_BASE": "log", "RABBITMQ_CONFIG_FILE": SETTINGS,
            "RABBITMQ_ENABLED_PLUGINS_FILE": ENABLED, "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
            "RABBITMQ_FEATURE_FLAGS_FILE": "flags", "RABBITMQ_PID_FILE": "node.pid",
            "RABBITMQ_CONF_ENV_FILE": "none", "RABBITMQ_ADVANCED_CONFIG_FILE": "none",
        }  # fmt: skip
        return [str(self._program)], {
            **{name: str(self.folder / place) for name, place in inside.items()},
            "RABBITMQ_NODENAME": f"province{self.site.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
        }

    def close(self) -> None:
        """End everything."""
        self.kill()
        self._epmd.kill()
        self._epmd.wait()


class Ejabberd(Node):
    """ejabberd 23.01: MQTT 5. A certificate's name must be the client id; an access list for each it does not have."""

    def __init__(self, site: Installation) -> None:
        super().__init__(site)
        if not shutil.which("erl") or not list(Path("/usr/lib/x86_64-linux-gnu").glob("ejabberd-*")):
            pytest.skip("ejabberd is not installed")

    def prepare(self, names: list[str]) -> None:
        """Write what it reads at its start."""
        pem = self.folder / "both.pem"
        pem.write_bytes(self.site.folder.broker_certificate.read_bytes() + self.site.folder.broker_key.read_bytes())
        (self.folder / "ejabberd.yml").write_text(
            f"""hosts: [localhost]
loglevel: warning
certfiles: ["{pem}"]
c2s_cafile: "{self.site.folder.ca}"
listen:
  - port: {self.site.port}
    ip: "127.0.0.1"
    module: mod_mqtt
    tls: true
    tls_verify: true
modules:
  mod_mqtt: {{}}
"""
        )

    def command(self) -> tuple[list[str], dict[str, str]]:
        """A node without a name: it speaks to no other."""
        words = ["erl", "-noinput", "-mnesia", "dir", f'"{self.folder / "mnesia"}"', "-s", "ejabberd"]
        return words, {
            "HOME": str(self.folder),
            "ERL_LIBS": "/usr/lib/x86_64-linux-gnu",
            "EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
        }


class RabbitCluster:
    """Three RabbitMQ nodes that know each other, each on its own of `ports`."""

    COUNT = 3

    def __init__(self, site: Installation) -> None:
        self.site = site
        self._first = Rabbit(site)
        self.ports = [free_port() for _ in range(self.COUNT)]
        self._dist = [free_port() for _ in range(self.COUNT)]
        self._names = [f"c{number}x{site.port}@localhost" for number in range(self.COUNT)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def prepare(self, names: list[str]) -> None:
        """Each node's folder: the product's files with its own port, its peers, one cookie."""
        self._first.prepare(names)
        peers = "".join(
            f"cluster_formation.classic_config.nodes.{number} = {name}\n" for number, name in enumerate(self._names, 1)
        )
        shared = (self.site.folder.root / SETTINGS).read_text()
        for number, port in enumerate(self.ports):
            folder = self._folder(number)
            folder.mkdir()
            text = shared.replace(f"127.0.0.1:{self.site.port}", f"127.0.0.1:{port}")
            backend = "cluster_formation.peer_discovery_backend = classic_config\n"
            (folder / SETTINGS).write_text(f"{text}{backend}{peers}")
            shutil.copy(self.site.folder.root / ENABLED, folder / ENABLED)
            cookie = folder / ".erlang.cookie"
            cookie.write_text("PROVINCETEST")
            cookie.chmod(0o400)

    def start(self, number: int) -> None:
        """Start one node and wait until it listens."""
        folder = self._folder(number)
        words, environment = self._first.command()
        ours = {
            name: place.replace(str(self.site.folder.root), str(folder))
            for name, place in environment.items()
            if place.startswith(str(self.site.folder.root))
        }
        ours |= {"RABBITMQ_NODENAME": self._names[number], "RABBITMQ_DIST_PORT": str(self._dist[number])}
        with (folder / "node.log").open("ab") as log:
            self._processes[number] = subprocess.Popen(
                words, env=os.environ | environment | ours, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait(self, number: int) -> None:
        """Wait until a node listens."""
        until = time.monotonic() + 120
        while not self.listens(number):
            assert time.monotonic() < until and self._processes[number].poll() is None, (
                self._folder(number) / "node.log"
            ).read_text()[-3000:]
            time.sleep(0.2)

    def listens(self, number: int) -> bool:
        """A node takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[number])) == 0

    def kill(self, number: int) -> None:
        """kill -9 of one node."""
        os.killpg(self._processes[number].pid, signal.SIGKILL)
        self._processes[number].wait()

    def close(self) -> None:
        """End everything."""
        for process in self._processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._first.close()

    def _folder(self, number: int) -> Path:
        return self.site.folder.root / f"node{number}"
