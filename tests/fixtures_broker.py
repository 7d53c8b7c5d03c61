"""Fixtures of the wire: a private mosquitto with TLS client certificates and the per-box access list, on a free port.

`broker` is shared by a test module; `own_broker` belongs to one test, which may kill and restart it. Client names are
certificate common names; the access list is the product's own (`sync.protocol.topics.broker_access_list`).
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sync.protocol.topics import broker_access_list
from sync.transport import LinkConfig

HOST = "127.0.0.1"
RECEIVER = "province-receiver"


def free_port() -> int:
    """A loopback port below 32768 that nobody listens on now."""
    for port in range(18000 + time.time_ns() // 1000 % 9000, 32768):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


@dataclass
class Credentials:
    """Files of one client."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder; one certificate per name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test CA {folder.name}")])
        certificate = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def issue(self, name: str) -> Credentials:
        """Make (or return) key and certificate with common name `name`, valid for loopback as a server too."""
        files = Credentials(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        if files.key.exists():
            return files
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        addresses = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))])
        certificate = self._builder(subject, key).add_extension(addresses, critical=False)
        files.certificate.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
        )


class Broker:
    """A mosquitto process in a folder of its own."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.folder, self.port = folder, free_port()
        self.authority = Authority(folder)
        self._process: subprocess.Popen[bytes] | None = None
        server = self.authority.issue("broker")
        (folder / "acl").write_text(broker_access_list(RECEIVER))
        (folder / "acl").chmod(0o600)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"""user root
listener {self.port} {HOST}
cafile {self.authority.ca}
certfile {server.certificate}
keyfile {server.key}
require_certificate true
use_identity_as_username true
acl_file {folder / "acl"}
allow_zero_length_clientid false
max_inflight_messages 20
max_packet_size 131072
max_queued_messages 20000
set_tcp_nodelay true
persistence true
persistence_location {folder}/
autosave_interval 1
{extra}
"""
        )

    def start(self) -> Broker:
        """Start and wait until it listens."""
        log = (self.folder / "mosquitto.log").open("ab")
        self._process = subprocess.Popen(["mosquitto", "-c", str(self._config)], stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return self
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError((self.folder / "mosquitto.log").read_text()[-2000:])

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it politely."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """It neither reads nor answers, until `go_on`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It was paused."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(10)

    def link_config(self, name: str, **changes: object) -> LinkConfig:
        """The connection of the client `name`; quick to redial."""
        files = self.authority.issue(name)
        settings: dict[str, object] = {
            "client_id": name,
            "host": HOST,
            "port": self.port,
            "ca": self.authority.ca,
            "certificate": files.certificate,
            "key": files.key,
            "backoff_most": 0.3,
            "will_delay": 0,
        }
        return LinkConfig(**(settings | changes))  # type: ignore[arg-type]


def _mosquitto() -> None:
    if shutil.which("mosquitto") is None and not Path("/usr/sbin/mosquitto").exists():
        pytest.skip("mosquitto is missing")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker for the tests of one module."""
    _mosquitto()
    private = Broker(tmp_path_factory.mktemp("broker")).start()
    yield private
    private.stop()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker for one test, which may kill it."""
    _mosquitto()
    folder = tmp_path / "broker"
    folder.mkdir()
    private = Broker(folder).start()
    yield private
    private.stop()
