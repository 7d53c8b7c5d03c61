"""A box with tokens and certificates on them, and no key enrolled yet: for the enrolment command and its page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from appliance.config import load_config
from appliance.services.signer import write_signer_config
from appliance.signers import signer_places
from tests.fixtures_fault_module import FaultModule
from tests.fixtures_hsm import ORGANIZATION, PIN, ROOT, SigningBench, wait_ready

PUT = """
import pkcs11, sys
from pathlib import Path
from pkcs11 import Attribute, ObjectClass, CertificateType
from asn1crypto import pem
module, label, pin, key_id, path = sys.argv[1:]
der = pem.unarmor(Path(path).read_bytes())[2]
with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
    session.create_object({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.ID: bytes.fromhex(key_id), Attribute.LABEL: "misleading label", Attribute.VALUE: der,
        Attribute.TOKEN: True, Attribute.SUBJECT: b"", Attribute.SERIAL_NUMBER: b"", Attribute.PRIVATE: False})
"""


@dataclass
class Box:
    """A box with no key enrolled yet, and its command."""

    folder: Path
    bench: SigningBench
    faults: FaultModule
    settings: dict[str, Any] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def write(self) -> None:
        self.config.write_text(tomlkit.dumps(self.settings), encoding="utf-8")

    def run(self, *arguments: str | Path, pin: str = "") -> tuple[int, dict[str, Any]]:
        """Exit code and the JSON object; `pin` is typed once."""
        read, write = os.pipe()
        os.write(write, f"{pin}\n".encode() if pin else b"")
        os.close(write)
        self.faults.typed += bool(pin)
        command = [sys.executable, "-m", "appliance", "--config", str(self.config), "token", *map(str, arguments)]
        command += ["--json", *(["--pin-fd", str(read)] if pin else [])]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                pass_fds=(read,),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=90,
            )
        finally:
            os.close(read)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def enrol(self, slot: str, *more: str | Path, pin: str = "") -> tuple[int, dict[str, Any]]:
        return self.run("enrol", "--slot", slot, *more, pin=pin or PIN[slot])

    def put_certificate(self, slot: str, path: Path | None = None, key_id: str = "") -> None:
        """Store a certificate on the slot's token, as its issuer would."""
        given = [self.faults.real, slot, PIN[slot], key_id or self.bench.key_ids[slot]]
        command = [sys.executable, "-c", PUT, *given, str(path or self.bench.certificates[slot])]
        subprocess.run(command, env={**os.environ, **self.bench.environment}, check=True, timeout=60)

    def serve(self) -> None:
        """Start every signer of this box, as systemd would."""
        config = load_config(self.config)
        for place in signer_places(config):
            write_signer_config(config, place)
            command = [sys.executable, "-m", "hsm", "--config", str(place.config_file)]
            process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
            self.bench.processes.append(process)
            wait_ready(place.socket, process)


@pytest.fixture
def enrolment_box(signing_bench: SigningBench, faults: FaultModule, tmp_path: Path) -> Iterator[Box]:
    folder = tmp_path / "box"
    folder.mkdir()
    settings = {
        "box": {
            "id": "commune-27007",
            "commune": ORGANIZATION,
            "state_dir": "state",
            "runtime_dir": str(tmp_path / "r"),
        },
        "signer": {
            "module": signing_bench.module,
            "roots": [str(signing_bench.folder / "root.pem")],
            "intermediates": [str(signing_bench.folder / "issuing.pem")],
            "environment": signing_bench.environment,
        },
    }
    made = Box(folder, signing_bench, faults, settings)
    made.write()
    yield made
