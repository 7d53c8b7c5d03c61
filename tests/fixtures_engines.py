"""Real engines for the province's store: a private PostgreSQL, an S3 server of moto's, and stores on any pair of them.

Every process is started here, on loopback or a unix socket, and ended by its own id. PostgreSQL refuses root, so where
the tests run as root it runs as the user that Debian's package made.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from sync.province.store import Engines, ProvinceStore
from tests.fixtures_broker import free_port

PAIRS = ("sqlite+folder", "postgres+folder", pytest.param("sqlite+s3", marks=pytest.mark.soak), "postgres+s3")
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_numbers = count(1)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("postgresql is not installed")
    return found[-1].parent


def _as_owner() -> tuple[list[str], int]:
    """Words that make the next ones run as somebody PostgreSQL accepts, and that user's number."""
    if os.geteuid():
        return [], os.geteuid()
    owner = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"], owner.pw_uid


class Postgres:
    """One cluster in a folder of its own, reached by a unix socket only."""

    def __init__(self) -> None:
        self._bin, (self._as, user) = _programs(), _as_owner()
        self.folder = Path(tempfile.mkdtemp(prefix="cbpg", dir="/tmp"))  # a socket's path has 107 bytes at most
        os.chown(self.folder, user, -1)
        self._process: subprocess.Popen[bytes] | None = None
        subprocess.run(
            [*self._as, str(self._bin / "initdb"), "-D", str(self.folder / "data"), "-U", "commune", "-A", "trust",
             "-E", "UTF8", "--locale=C", "--no-sync", "--data-checksums"],
            check=True, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers; after a kill its orphans may hold the folder a moment longer."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                log = (self.folder / "log").open("ab")
                self._process = subprocess.Popen(
                    [*self._as, str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder),
                     "-c", "listen_addresses=", "-c", "max_connections=60", "-c", "shared_buffers=16MB"],
                    stdout=log, stderr=log, cwd="/",
                )  # fmt: skip
                log.close()
            try:
                psycopg.connect(self.address("postgres")).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-3000:])

    def address(self, database: str) -> str:
        """The connection string of a database."""
        return f"postgresql://commune@/{database}?host={self.folder}"

    def database(self) -> str:
        """A fresh database's connection string."""
        name = f"province{next(_numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as raw:
            raw.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)

    def room(self) -> str:
        """A fresh schema's connection string: as empty as a database of its own, and made without 300 files."""
        name = f"province{next(_numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as raw:
            raw.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.address('postgres')}&options=-csearch_path%3D{name}"

    def kill(self) -> None:
        """kill -9 of the server and all its children: as if the plug was pulled, but for the disk's cache."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for number in (self._process.pid, *map(int, children)):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:  # it ended by itself in this moment
                pass
        self._process.wait()

    def close(self) -> None:
        """End it and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # its "immediate" way: no checkpoint of what is thrown away
            self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


class S3Server:
    """moto's server: S3 over HTTP, objects in its memory."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start, empty, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("moto did not start")

    def bucket(self) -> str:
        """A fresh bucket's address."""
        name = f"province{next(_numbers)}"
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
        return f"s3://{name}/tinh"

    def kill(self) -> None:
        """kill -9; its objects are gone with it."""
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A cluster for the session; take a `room()` of it."""
    made = Postgres()
    yield made
    made.close()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A cluster for one test, which may kill it."""
    made = Postgres()
    yield made
    made.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 server for the session; take a `bucket()` of it."""
    made = S3Server()
    yield made
    made.kill()


@pytest.fixture
def s3_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys by which the product (and its children) reach the S3 server."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


Opening = Callable[[Path], ProvinceStore]


@pytest.fixture
def engines(request: pytest.FixtureRequest, s3_keys: None) -> Engines:
    """Fresh engines for the pair that the test's parameter names (one of `PAIRS`)."""
    rows, blobs = str(request.param).split("+")
    places: dict[str, str] = {}
    if rows == "postgres":
        places["rows"] = request.getfixturevalue("postgres").room()
    if blobs == "s3":
        server: S3Server = request.getfixturevalue("s3_server")
        places |= {"blobs": server.bucket(), "s3_endpoint": server.endpoint}
    return Engines(**places)


every_pair = pytest.mark.parametrize("engines", PAIRS, indirect=True)
