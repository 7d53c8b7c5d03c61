"""``serve signer``: writes a signer process's own configuration and becomes that process.

The signer is a program of its own (``python -m hsm``): it knows the token and nothing of documents, network or pages.
One process a PKCS#11 module: see ``appliance.signers``.
"""

from __future__ import annotations

import os
import sys

import tomlkit

from appliance.config import Config, ConfigError
from appliance.signers import SignerPlace, signer_places


def signer_toml(config: Config, place: SignerPlace) -> str:
    """The text of signer.toml for one signer of this box."""
    document = tomlkit.document()
    document["module"] = str(place.module)
    document["socket"] = str(place.socket)
    document["journal"] = str(place.journal)
    document["allowed_uids"] = list(config.signer.allowed_uids) or [os.getuid()]
    if place.environment:
        document["environment"] = dict(place.environment)
    keys = tomlkit.aot()
    for key in place.keys:
        entry = tomlkit.table()
        entry["slot"], entry["token"], entry["key_id"] = key.slot, key.token, key.key_id
        entry["certificate"], entry["mechanism"] = str(key.certificate), key.mechanism
        for name in ("credential", "serial", "certificate_sha256", "hashed_by", "idle_minutes", "pin_each_signature"):
            if value := getattr(key, name):
                entry[name] = value
        keys.append(entry)
    document["keys"] = keys
    return tomlkit.dumps(document)


def write_signer_config(config: Config, place: SignerPlace) -> None:
    """Write signer.toml next to the socket, atomically."""
    config.runtime.mkdir(parents=True, exist_ok=True, mode=0o750)
    part = place.config_file.with_suffix(".part")
    part.write_text(signer_toml(config, place), encoding="utf-8")
    part.replace(place.config_file)


def serve_signer(config: Config, name: str = "") -> None:
    """Replace this process by the signer called ``name``; does not return.

    Raises:
        ConfigError: config-no-signer.
    """
    place = next((place for place in signer_places(config) if place.name == name), None)
    if place is None:
        raise ConfigError("config-no-signer", path=config.path, name=name or "-")
    write_signer_config(config, place)
    environment = os.environ | dict(place.environment)
    os.execve(sys.executable, [sys.executable, "-m", "hsm", "--config", str(place.config_file)], environment)
