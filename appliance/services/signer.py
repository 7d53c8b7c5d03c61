"""``serve signer``: writes the signer process's own configuration and becomes that process.

The signer is a program of its own (``python -m hsm``): it knows the token and nothing of documents, network or pages.
"""

from __future__ import annotations

import os
import sys

import tomlkit

from appliance.config import Config


def signer_toml(config: Config) -> str:
    """The text of signer.toml for this box."""
    document = tomlkit.document()
    document["module"] = str(config.signer.module)
    document["socket"] = str(config.signer_socket)
    document["journal"] = str(config.box.state_dir / "signing-journal.jsonl")
    document["allowed_uids"] = list(config.signer.allowed_uids) or [os.getuid()]
    if config.signer.environment:
        document["environment"] = dict(config.signer.environment)
    keys = tomlkit.aot()
    for key in config.signer.keys:
        entry = tomlkit.table()
        entry["slot"], entry["token"], entry["key_id"] = key.slot, key.token, key.key_id
        entry["certificate"], entry["mechanism"] = str(key.certificate), key.mechanism
        if key.credential:
            entry["credential"] = key.credential
        keys.append(entry)
    document["keys"] = keys
    return tomlkit.dumps(document)


def write_signer_config(config: Config) -> None:
    """Write signer.toml next to the socket, atomically."""
    config.runtime.mkdir(parents=True, exist_ok=True, mode=0o750)
    part = config.signer_config.with_suffix(".part")
    part.write_text(signer_toml(config), encoding="utf-8")
    part.replace(config.signer_config)


def serve_signer(config: Config) -> None:
    """Replace this process by the signer; does not return."""
    write_signer_config(config)
    environment = os.environ | dict(config.signer.environment)
    os.execve(sys.executable, [sys.executable, "-m", "hsm", "--config", str(config.signer_config)], environment)
