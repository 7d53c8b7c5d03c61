"""Which signer processes this box has: one a PKCS#11 module, each with its own socket, journal and configuration.

Owns the grouping of the enrolled keys and the client that finds a slot's signer. A key without a `module` of its own
belongs to the signer of `[signer] module`, whose name is ""; keys with the same module share one, named after the
first one's slot (`commune-signer@leader`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.config import Config, KeySection
from hsm.api import SigningService
from hsm.client import RoutedSigner, SocketSigner


@dataclass(frozen=True)
class SignerPlace:
    """One signer process: its module and keys, and the files it meets others by."""

    name: str
    module: Path
    environment: Mapping[str, str]
    keys: tuple[KeySection, ...]
    socket: Path
    config_file: Path
    journal: Path


def signer_places(config: Config) -> tuple[SignerPlace, ...]:
    """Every signer process of this box, the one of `[signer] module` first."""
    groups: dict[tuple[Path, tuple[tuple[str, str], ...]] | None, list[KeySection]] = {}
    for key in sorted(config.signer.keys, key=lambda key: key.module is not None):
        own = (key.module, tuple(sorted(key.environment.items()))) if key.module is not None else None
        groups.setdefault(own, []).append(key)
    places = []
    for own, keys in groups.items():
        name = keys[0].slot if own is not None else ""
        ending = f"-{name}" if name else ""
        places.append(
            SignerPlace(
                name=name,
                module=own[0] if own is not None else config.signer.module,
                environment=dict(own[1]) if own is not None else config.signer.environment,
                keys=tuple(keys),
                socket=config.signer_socket if own is None else config.runtime / f"signer{ending}.sock",
                config_file=config.runtime / f"signer{ending}.toml",
                journal=config.box.state_dir / f"signing-journal{ending}.jsonl",
            )
        )
    return tuple(places)


def signing_service(config: Config, deadline: float = 35.0) -> SigningService:
    """The client for every slot; `deadline` in seconds for one answer."""
    places = signer_places(config)
    if len(places) <= 1:
        return SocketSigner(places[0].socket if places else config.signer_socket, deadline)
    clients = {place.name: SocketSigner(place.socket, deadline) for place in places}
    return RoutedSigner({key.slot: clients[place.name] for place in places for key in place.keys})
