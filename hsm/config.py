"""signer.toml: what the signer process may use. Read once at start; an unknown or missing name is an error, never a
guess.

Relative paths count from the folder of the file. PINs never stand here: `credential` only names a file below the
directory systemd gives in CREDENTIALS_DIRECTORY.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hsm.api import MECHANISMS

_TOP = {
    "module",
    "socket",
    "journal",
    "allowed_uids",
    "keys",
    "environment",
    "sign_deadline_seconds",
    "login_deadline_seconds",
    "restart_pauses_seconds",
}
_KEY = {
    "slot",
    "token",
    "key_id",
    "certificate",
    "credential",
    "mechanism",
    "serial",
    "certificate_sha256",
    "hashed_by",
    "idle_minutes",
    "pin_each_signature",
}
IDLE_SECONDS = {"leader": 5 * 60.0, "agency": 4 * 60 * 60.0}
"""A login nobody uses ends: the leader's after minutes, the agency's after half a working day (signing.md 9.6)."""


RESTART_PAUSES = (1.0, 5.0, 30.0)
"""Seconds before the module process is started anew after its first, second and third fault in a row; after the next
one it is not (signing.md 9.3)."""


class ConfigError(ValueError):
    """signer.toml is not usable; `code` is `signer-config-unreadable`, `-unknown-name`, `-wrong-value` or
    `-leader-credential`, `name` says where."""

    def __init__(self, code: str, name: str, detail: str = "") -> None:
        super().__init__(f"{code}: {name} {detail}".rstrip())
        self.code = code
        self.name = name
        self.detail = detail


@dataclass(frozen=True)
class KeyConfig:
    """One enrolled key: signature slot, token (label or serial number), CKA_ID in hex, certificate file (PEM or DER).

    What enrolment found out: `serial` and `certificate_sha256` (hex) must fit if they are said; `hashed_by` is "token"
    or "signer" (bare mechanism), "" to look at login; `pin_each_signature` for tokens that want the PIN at every
    signature and do not say so. A login without use ends after `idle_seconds`.
    """

    slot: str
    token: str
    key_id: bytes
    certificate: Path
    credential: str = ""
    mechanism: str = "rsa-v15"
    serial: str = ""
    certificate_sha256: str = ""
    hashed_by: str = ""
    idle_seconds: float = IDLE_SECONDS["leader"]
    pin_each_signature: bool = False


@dataclass(frozen=True)
class SignerConfig:
    """Everything the signer process needs; deadlines in seconds (signing.md 9.3: 30 s to sign, 120 s to start and log
    in)."""

    module: str
    socket: Path
    journal: Path
    allowed_uids: tuple[int, ...]
    keys: tuple[KeyConfig, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    sign_deadline_seconds: float = 30.0
    login_deadline_seconds: float = 120.0
    restart_pauses_seconds: tuple[float, ...] = RESTART_PAUSES

    def key(self, slot: str) -> KeyConfig | None:
        """The enrolled key of a signature slot, or None."""
        return next((key for key in self.keys if key.slot == slot), None)


def load(path: Path) -> SignerConfig:
    """Read signer.toml. Raises: ConfigError."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("signer-config-unreadable", str(path), str(error)) from error
    return parse(tree, path.parent)


def parse(tree: Mapping[str, object], folder: Path) -> SignerConfig:
    """A SignerConfig from parsed TOML; relative paths count from `folder`. Raises: ConfigError."""
    _refuse_unknown(tree, _TOP, "")
    entries = tree.get("keys", [])
    if not isinstance(entries, list) or not entries:
        raise ConfigError("signer-config-wrong-value", "keys", "at least one [[keys]] is needed")
    keys = tuple(_parse_key(entry, folder, f"keys[{index}].") for index, entry in enumerate(entries))
    slots = [key.slot for key in keys]
    if len(set(slots)) != len(slots):
        raise ConfigError("signer-config-wrong-value", "keys", "a slot stands twice")
    uids = tree.get("allowed_uids")
    if not isinstance(uids, list) or not all(isinstance(uid, int) and not isinstance(uid, bool) for uid in uids):
        raise ConfigError("signer-config-wrong-value", "allowed_uids")
    environment = tree.get("environment", {})
    if not isinstance(environment, dict) or not all(isinstance(value, str) for value in environment.values()):
        raise ConfigError("signer-config-wrong-value", "environment")
    return SignerConfig(
        module=_text(tree, "module", ""),
        socket=folder / _text(tree, "socket", ""),
        journal=folder / _text(tree, "journal", ""),
        allowed_uids=tuple(uids),
        keys=keys,
        environment=dict(environment),
        sign_deadline_seconds=_seconds(tree, "sign_deadline_seconds", 30.0),
        login_deadline_seconds=_seconds(tree, "login_deadline_seconds", 120.0),
        restart_pauses_seconds=_pauses(tree),
    )


def _parse_key(entry: object, folder: Path, where: str) -> KeyConfig:
    if not isinstance(entry, dict):
        raise ConfigError("signer-config-wrong-value", where.rstrip("."))
    _refuse_unknown(entry, _KEY, where)
    try:
        key_id = bytes.fromhex(_text(entry, "key_id", where))
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError("signer-config-wrong-value", f"{where}key_id", "not hexadecimal") from error
    mechanism = entry.get("mechanism", "rsa-v15")
    if mechanism not in MECHANISMS:
        raise ConfigError("signer-config-wrong-value", f"{where}mechanism", ", ".join(MECHANISMS))
    credential = entry.get("credential", "")
    if not isinstance(credential, str) or "/" in credential:
        raise ConfigError("signer-config-wrong-value", f"{where}credential", "a file name")
    if entry.get("hashed_by", "") not in ("", "token", "signer"):
        raise ConfigError("signer-config-wrong-value", f"{where}hashed_by", "token, signer")
    slot = _text(entry, "slot", where)
    if credential and slot == "leader":
        # A personal signature is the leader's own act: its PIN is typed, always (NĐ 30/2020; signing.md 9.6).
        raise ConfigError("signer-config-leader-credential", f"{where}credential")
    each = entry.get("pin_each_signature", False)
    if not isinstance(each, bool):
        raise ConfigError("signer-config-wrong-value", f"{where}pin_each_signature", "true, false")
    idle = _seconds(entry, "idle_minutes", IDLE_SECONDS.get(slot, IDLE_SECONDS["leader"]) / 60, where) * 60
    return KeyConfig(
        slot=slot,
        token=_text(entry, "token", where),
        key_id=key_id,
        certificate=folder / _text(entry, "certificate", where),
        credential=credential,
        mechanism=str(mechanism),
        serial=_optional(entry, "serial", where),
        certificate_sha256=_optional(entry, "certificate_sha256", where).lower(),
        hashed_by=str(entry.get("hashed_by", "")),
        idle_seconds=idle,
        pin_each_signature=each,
    )


def _refuse_unknown(tree: Mapping[str, object], known: set[str], where: str) -> None:
    for name in tree:
        if name not in known:
            raise ConfigError("signer-config-unknown-name", f"{where}{name}")


def _text(tree: Mapping[str, object], name: str, where: str) -> str:
    value = tree.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError("signer-config-wrong-value", f"{where}{name}", "a text is needed")
    return value


def _pauses(tree: Mapping[str, object]) -> tuple[float, ...]:
    value = tree.get("restart_pauses_seconds", list(RESTART_PAUSES))
    if not isinstance(value, list):
        raise ConfigError("signer-config-wrong-value", "restart_pauses_seconds", "a list of seconds")
    return tuple(_seconds({"restart_pauses_seconds": each}, "restart_pauses_seconds", 1.0) for each in value)


def _optional(tree: Mapping[str, object], name: str, where: str) -> str:
    return _text(tree, name, where) if name in tree else ""


def _seconds(tree: Mapping[str, object], name: str, default: float, where: str = "") -> float:
    value = tree.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigError("signer-config-wrong-value", f"{where}{name}", "above 0")
    return float(value)
