"""Fixtures of signing: one SoftHSM with a leader's and an agency's key per test run, a PKI over them, PDF/A pages to
sign."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.demo.pki import Pki, issue_certificate, make_pki
from hsm import softhsm
from hsm.api import SigningError
from hsm.certificates import load_certificate
from hsm.client import SocketSigner
from hsm.trust import Trust, read_certificates
from tests.data.signing_pages import make_page, make_seal, make_signature
from tests.fixtures_fault_module import FaultModule

ROOT = Path(__file__).resolve().parents[1]
PIN = {"leader": "246810", "agency": "135791"}
ORGANIZATION = "Ủy ban nhân dân xã Thử Nghiệm"
NAMES = {"leader": "Nguyễn Thị Thử Nghiệm", "agency": ORGANIZATION}
KEY_ID = {"leader": "01", "agency": "02"}


@dataclass
class SigningBench:
    """A folder with tokens, certificates and trust; makes signer processes."""

    folder: Path
    module: str
    environment: dict[str, str]
    pki: Pki
    certificates: dict[str, Path]
    faults: FaultModule | None = None
    policies: dict[str, str] = field(default_factory=dict)
    key_ids: dict[str, str] = field(default_factory=lambda: dict(KEY_ID))
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def trust(self) -> Trust:
        return Trust.from_files([self.folder / "root.pem"], [self.folder / "issuing.pem"])

    @property
    def intermediates(self) -> list[bytes]:
        return read_certificates(self.folder / "issuing.pem")

    def der(self, slot: str) -> bytes:
        return load_certificate(self.certificates[slot])

    def write_config(
        self,
        folder: Path,
        credential: bool = False,
        uids: list[int] | None = None,
        slots: Sequence[str] = ("leader", "agency"),
        deadlines: str = "",
        **extra: str,
    ) -> Path:
        """signer.toml in `folder`. `extra`: slot → further lines of its key; `credential` is the agency's."""
        folder.mkdir(parents=True, exist_ok=True)
        allowed = uids if uids is not None else [os.getuid()]
        lines = [
            f'module = "{self.module}"',
            f'socket = "{folder / "s"}"',
            f'journal = "{folder / "signing-journal.jsonl"}"',
            f"allowed_uids = {allowed}",
            deadlines,
        ]
        for slot in slots:
            lines += ["[[keys]]", f'slot = "{slot}"', f'token = "{slot}"', f'key_id = "{self.key_ids[slot]}"']
            lines += [f'certificate = "{self.certificates[slot]}"']
            lines += [f'mechanism = "{self.policies[slot]}"'] if slot in self.policies else []
            lines += [f'credential = "pin.{slot}"'] if credential and slot == "agency" else []
            lines += [extra[slot]] if slot in extra else []
        lines += ["[environment]", *(f'{name} = "{value}"' for name, value in self.environment.items())]
        path = folder / "signer.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def start(self, config: Path, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hsm", "--config", str(config)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        wait_ready(config.parent / "s", process)
        return process

    def module_process(self, keeper: subprocess.Popen[bytes]) -> int:
        """Process id of the one that has the module loaded."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            children = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()
            if children:
                return int(children[0])
            time.sleep(0.02)
        pytest.fail("no module process")

    def stop_all(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()  # the kernel kills the module process with it
            process.wait(10)
            if process.stderr is not None:
                process.stderr.close()
        self.processes.clear()


def wait_ready(socket: Path, process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    """Wait until the signer answers; fails with its words when it ends instead."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            assert process.stderr is not None
            pytest.fail(f"signer ended with {process.returncode}: {process.stderr.read().decode()}")
        try:
            SocketSigner(socket, 5.0).state()
        except SigningError:
            time.sleep(0.03)
        else:
            return
    pytest.fail("signer not ready")


def _certificate(pki: Pki, slot: str, public: bytes, days: int = 900) -> bytes:
    now = datetime.now(UTC)
    begin, end = now - timedelta(hours=1), now + timedelta(days=days)
    return issue_certificate(pki, public, NAMES[slot], ORGANIZATION, begin, end)


def certify(bench: SigningBench, slot: str, public: bytes, days: int = 900) -> Path:
    """A new certificate for a slot's (new) key, in place of the one before."""
    path = bench.certificates[slot]
    path.write_bytes(_certificate(bench.pki, slot, public, days))
    return path


def make_bench(folder: Path) -> SigningBench:
    """Tokens, keys and certificates below `folder`."""
    try:
        module = softhsm.find_module()
    except softhsm.SoftHsmError as error:
        pytest.skip(f"missing: {error}")
    if shutil.which("softhsm2-util") is None:
        pytest.skip("missing: softhsm2-util")
    environment = softhsm.prepare(folder / "softhsm")
    now = datetime.now(UTC)
    pki = make_pki(now)
    pki.write(folder)
    certificates = {}
    for slot in ("leader", "agency"):
        softhsm.make_token(environment, slot, PIN[slot], "87654321")
        public = softhsm.make_key(environment, module, slot, PIN[slot], KEY_ID[slot])
        path = folder / f"{slot}.pem"
        path.write_bytes(_certificate(pki, slot, public))
        certificates[slot] = path
    return SigningBench(folder, module, environment, pki, certificates)


@pytest.fixture(scope="session")
def signing_bench_template(tmp_path_factory: pytest.TempPathFactory) -> SigningBench:
    return make_bench(tmp_path_factory.mktemp("hsm"))


@pytest.fixture
def signing_bench(
    signing_bench_template: SigningBench, fault_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SigningBench]:
    """A private copy of the tokens, so that a spent try or a kill disturbs no other test.

    Behind the fault module: at the end its log must show no PIN but those typed (`SocketSigner.login` of this process).
    """
    folder = tmp_path / "bench"
    shutil.copytree(signing_bench_template.folder, folder)
    faults = FaultModule(fault_library, signing_bench_template.module, folder / "faults")
    bench = SigningBench(
        folder,
        str(fault_library),
        softhsm.prepare(folder / "softhsm") | faults.environment,
        signing_bench_template.pki,
        {slot: folder / path.name for slot, path in signing_bench_template.certificates.items()},
        faults,
    )
    login = SocketSigner.login

    def typed(self: SocketSigner, slot: str, pin: str, documents: int = 0) -> None:
        faults.typed += 1
        login(self, slot, pin, documents)

    monkeypatch.setattr(SocketSigner, "login", typed)
    yield bench
    bench.stop_all()
    faults.check_tries()


@pytest.fixture
def faults(signing_bench: SigningBench) -> FaultModule:
    """The fault module under this test's tokens."""
    assert signing_bench.faults is not None
    return signing_bench.faults


@pytest.fixture
def live_signer(signing_bench: SigningBench, tmp_path: Path) -> SocketSigner:
    """A running signer process with both tokens logged in."""
    config = signing_bench.write_config(tmp_path / "run")
    signing_bench.start(config)
    client = SocketSigner(config.parent / "s", 20.0)
    for slot, pin in PIN.items():
        client.login(slot, pin)
    return client


@pytest.fixture
def paper(tmp_path: Path) -> Callable[..., Path]:
    """Makes small PDF/A-2b pages: `paper("scan")`, `paper("letter")`, with `rotate=90` if wanted."""

    def make(name: str, rotate: int = 0) -> Path:
        return make_page(tmp_path / f"{name}-{rotate}.pdf", name, rotate)

    return make


@pytest.fixture(scope="session")
def signature_png() -> bytes:
    return make_signature()


@pytest.fixture(scope="session")
def seal_png() -> bytes:
    return make_seal()
