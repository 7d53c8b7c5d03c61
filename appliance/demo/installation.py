"""Everything a real installation has, made under one folder: tokens, PKI, province, broker, one box.

Owns the making; ``appliance.demo.processes`` runs it. The province's end is made by its own command
(``commune-province``), never by import: the box does not know the province's code.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import tomlkit

from appliance.demo.pki import issue_certificate, make_pki
from appliance.demo.stamps import seal_png, signature_png
from hsm import softhsm

BOX = "commune-27007"
COMMUNE = "UBND xã Đồng Mận"
PROVINCE = "UBND tỉnh Thượng Giang"
LEADER = "Vũ Đức Thuận"
MARKER = "demo.json"


class DemoFailed(Exception):
    """The demo cannot be set up or did not come to its end; the text says why."""


PROVINCE_PERSON = "van.hanh"
"""Who may sign in at the province's pages."""


@dataclass(frozen=True)
class Installation:
    """Where everything of one demo lies."""

    root: Path
    broker_port: int
    web_port: int
    province_port: int
    environment: dict[str, str]

    @property
    def province(self) -> Path:
        return self.root / "province"

    @property
    def province_password(self) -> Path:
        """What `PROVINCE_PERSON` types at the province's pages of this demo."""
        return self.province / "trinh-dien.txt"

    @property
    def box_config(self) -> Path:
        return self.root / "box" / "config.toml"

    @property
    def credentials(self) -> Path:
        return self.root / "box" / "credentials"

    def drop_folder(self, name: str) -> Path:
        """Drop folder "den" (văn bản đến) or "di" (văn bản đi)."""
        return self.root / "may-quet" / name


def free_port(taken: set[int]) -> int:
    """A loopback port below the ephemeral range that nobody listens on now."""
    for port in range(18080 + secrets.randbelow(2000), 32000):
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        taken.add(port)
        return port
    raise DemoFailed("không còn cổng trống trên 127.0.0.1")


def program(name: str) -> list[str]:
    """The command of one of our own console scripts, from the environment that runs us."""
    return [str(Path(sys.executable).parent / name)]


def run_program(command: list[str], environment: dict[str, str], typed: str | None = None) -> dict[str, Any]:
    """Run a command that prints one JSON object and return it; `typed` is what it reads.

    Raises:
        DemoFailed: it failed; the text ends with what it said.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=120, check=False, input=typed
    )
    if done.returncode != 0:
        raise DemoFailed(f"{' '.join(command)}: {done.stderr.strip()[-800:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def child_environment() -> dict[str, str]:
    """The environment of every process of the demo: our own scripts come first on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin"), "/usr/sbin"])
    return os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1", "OMP_THREAD_LIMIT": "1"}


def install(root: Path, now: datetime) -> Installation:
    """Make a whole installation in the empty or absent folder ``root``.

    Raises:
        DemoFailed: a part could not be made.
    """
    root.mkdir(parents=True, exist_ok=True, mode=0o750)
    taken: set[int] = set()
    ports = [free_port(taken) for _ in range(3)]
    made = Installation(root, ports[0], ports[1], ports[2], environment=child_environment())
    (root / MARKER).write_text(json.dumps({"ports": ports}), encoding="utf-8")
    roots, intermediates, keys, token_environment = _tokens(made, now)
    facts = _province(made, roots)
    _box(made, roots, intermediates, keys, token_environment, facts)
    return made


def _tokens(made: Installation, now: datetime) -> tuple[Path, Path, list[dict[str, str]], dict[str, str]]:
    """Two soft tokens with a key each, certified by a PKI of this demo alone; PINs become credentials (mode 0600)."""
    folder = made.root / "box"
    made.credentials.mkdir(parents=True, mode=0o700)
    module, environment = softhsm.find_module(), softhsm.prepare(folder / "softhsm")
    pki = make_pki(now)
    root, issuing = pki.write(folder / "pki")
    keys = []
    for slot, name, organization in (("leader", LEADER, COMMUNE), ("agency", COMMUNE, COMMUNE)):
        pin = f"{secrets.randbelow(10**8):08d}"
        softhsm.make_token(environment, slot, pin, f"{secrets.randbelow(10**8):08d}")
        public = softhsm.make_key(environment, module, slot, pin, "01")
        certificate = folder / "pki" / f"{slot}.pem"
        certificate.write_bytes(
            issue_certificate(pki, public, name, organization, now - timedelta(days=1), now + timedelta(days=730))
        )
        credential = made.credentials / f"pin.{slot}"
        credential.touch(mode=0o600)
        credential.write_text(pin, encoding="ascii")
        key = {"slot": slot, "token": slot, "key_id": "01", "certificate": str(certificate)}
        # The leader's PIN is typed (appliance/demo/typing_pin.py); only the agency's may be opened unattended.
        keys.append(key | ({"credential": credential.name} if slot == "agency" else {}))
    return root, issuing, keys, environment


def _province(made: Installation, roots: Path) -> dict[str, Any]:
    command = [
        *program("commune-province"), "init", "--dir", str(made.province), "--host", "127.0.0.1",
        "--port", str(made.broker_port), "--web-port", str(made.province_port), "--json",
    ]  # fmt: skip
    run_program(command, made.environment)
    bundle = roots.read_bytes() + (roots.parent / "issuing.pem").read_bytes()
    (made.province / "signer-roots.pem").write_bytes(bundle)
    command = [
        *program("commune-province"), "enrol", BOX, "--commune", COMMUNE, "--dir", str(made.province),
        "--out", str(made.root / "box" / "sync"), "--json",
    ]  # fmt: skip
    run_program(command, made.environment)
    command = [
        *program("commune-province"), "user", "add", PROVINCE_PERSON, "--role", "van_hanh", "--shown", "Người vận hành",
        "--password-stdin", "--dir", str(made.province), "--json",
    ]  # fmt: skip
    made.province_password.write_text(secrets.token_urlsafe(9), encoding="ascii")
    made.province_password.chmod(0o600)
    run_program(command, made.environment, typed=made.province_password.read_text(encoding="ascii") + "\n")
    facts: dict[str, Any] = json.loads((made.root / "box" / "sync" / "province.json").read_text(encoding="utf-8"))
    return facts


def _box(
    made: Installation, roots: Path, intermediates: Path, keys: list[dict[str, str]], token_environment: dict[str, str],
    facts: dict[str, Any],
) -> None:  # fmt: skip
    folder = made.root / "box"
    (folder / "leader.png").write_bytes(signature_png(LEADER, 7))
    (folder / "seal.png").write_bytes(seal_png("ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN", "UBND TỈNH THƯỢNG GIANG"))
    settings: dict[str, Any] = {
        "box": {"id": BOX, "commune": COMMUNE, "province": PROVINCE, "state_dir": "state"},
        "intake": {"rescan_seconds": 2.0},
        "signer": {
            "module": softhsm.find_module(),
            "roots": [str(roots)],
            "intermediates": [str(intermediates)],
            "leader_image": "leader.png",
            "seal_image": "seal.png",
            "environment": token_environment,
            "keys": keys,
        },
        "sync": {
            "host": facts["host"], "port": facts["port"], "ca": "sync/ca.pem", "certificate": "sync/client.pem",
            "key": "sync/client.key", "device_key": "sync/device.key", "receipt_keys": facts["receipt_keys"],
        },
        "web": {"host": "127.0.0.1", "port": made.web_port},
        "folders": [
            _folder(made, "den", "Văn bản đến", "incoming-scan", "policy"),
            _folder(made, "di", "Văn bản đi", "outgoing", "person"),
        ],
    }  # fmt: skip
    made.box_config.write_text(tomlkit.dumps(settings), encoding="utf-8")


def _folder(made: Installation, name: str, title: str, kind: str, policy: str) -> dict[str, Any]:
    path = made.drop_folder(name)
    path.mkdir(parents=True)
    return {
        "path": str(path),
        "name": title,
        "kind": kind,
        "approve": policy,
        "quiet_seconds": 1.0,
        "patience_seconds": 6.0,
    }
