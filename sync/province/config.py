"""The province's folder and its settings.

Owns the names of files under the folder, and `province.toml`. Refuses unknown keys by name, so that a typing
mistake is seen at the start and not in production.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.protocol.topics import SHARDS

VERIFY_COMMAND = ("commune-box", "verify", "--json", "--trust", "{trust}", "{expect}", "{file}")
"""`{expect}` becomes `--expect SLOT` for each slot of the kind, `{trust}` and `{file}` become paths."""

VERIFY_STANDING = ("commune-box", "verify-stream", "--trust", "{trust}")
"""The same verdicts from processes that stay, beside the default of `verify_command` only; `["none"]`: a process for
each document."""

LONGTERM_OFF = ("none",)
"""The default. Else, as a list of words, a command such as
`commune-box timestamps extend {file} -o {target} --trust {trust} --tsa URL --json`; words in braces become paths."""


class BadConfig(Exception):
    """`province.toml` cannot be used; its author corrects what `detail` names. Codes: `bad-config`, `no-config`."""

    def __init__(self, detail: str, *, missing: bool = False) -> None:
        super().__init__(detail)
        self.code = "no-config" if missing else "bad-config"


@dataclass(frozen=True)
class Config:
    """What `province.toml` says. Times in seconds, sizes in bytes.

    `web_address`: where people reach the pages through a proxy that speaks https, such as `https://tinh.example`;
    without it passwords are taken on this host only. `enrol_port`: where boxes enrol with a code (on every address of
    this host); 0: nowhere. `websocket_port`: where boxes behind a proxy for HTTPS alone come in; 0: nowhere.
    `broker_inner_port`: a listener for the province's own clients, at `broker_inner_host`, which no box may reach; the
    one for boxes then gives each client the name of its certificate as client id. 0: one listener for all.
    `longterm_pause` lies between two time stamps: some services shut out who asks more than 20 times in 20 minutes.
    `letter_*`: the head of letters and reports as PDF
    beside `province_name` (the agency above, the place, the letters after a number, the position of who signs); what is
    empty is filled in by hand.
    """

    broker_host: str = "127.0.0.1"
    broker_port: int = 8883
    broker_inner_port: int = 0
    broker_inner_host: str = "127.0.0.1"
    websocket_port: int = 0
    web_host: str = "127.0.0.1"
    web_port: int = 8480
    web_address: str = ""
    enrol_port: int = 0
    trust_roots: str = "signer-roots.pem"
    verify_command: tuple[str, ...] = VERIFY_COMMAND
    verify_standing: tuple[str, ...] = VERIFY_STANDING
    verify_seconds: float = 60.0
    verify_memory: int = 4 << 30
    verify_parallel: int = 2
    longterm_command: tuple[str, ...] = LONGTERM_OFF
    longterm_seconds: float = 600.0
    longterm_pause: float = 80.0
    province_name: str = "Trung tâm tiếp nhận của tỉnh"
    letter_parent: str = ""
    letter_place: str = ""
    letter_symbol: str = ""
    letter_position: str = ""
    max_document_bytes: int = 200_000_000
    workers: int = 1

    @property
    def own_broker(self) -> tuple[str, int]:
        """Host and port at which the province's own clients reach the broker."""
        if self.broker_inner_port:
            return self.broker_inner_host, self.broker_inner_port
        return self.broker_host, self.broker_port


class Folder:
    """Paths under the province's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = root / "province.toml"
        self.ca = root / "ca.pem"
        self.ca_key = root / "ca.key"
        self.broker_certificate = root / "broker.pem"
        self.broker_key = root / "broker.key"
        self.receiver_certificate = root / "receiver.pem"
        self.receiver_key = root / "receiver.key"
        self.sender_certificate = root / "sender.pem"
        self.sender_key = root / "sender.key"
        self.receipt_key = root / "receipt.key"
        self.mosquitto_conf = root / "mosquitto.conf"
        self.access_list = root / "acl"
        self.broker_store = root / "broker"
        self.rows = root / "store"
        self.revoked = root / "revoked.pem"
        self.broker_pid = root / "broker.pid"
        self.enrolments = root / "enrolments.sqlite"
        self.metrics_token = root / "metrics.token"

    def resolve(self, name: str) -> Path:
        """A path from the settings: absolute as it is, otherwise inside the folder."""
        return self.root / name


def load(path: Path) -> Config:
    """Read `province.toml`. Raises BadConfig with the key at fault."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadConfig(str(path), missing=True) from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path}: {error}") from error
    found.pop("edxml", None)  # the bridge's own section, read as strictly by `bridge.settings`
    known = {field.name: field for field in dataclasses.fields(Config)}
    if strangers := sorted(set(found) - set(known)):
        raise BadConfig(f"{path}: {', '.join(strangers)}")
    values: dict[str, Any] = {}
    for name, value in found.items():
        default = getattr(Config(), name)
        if isinstance(default, tuple):
            if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
                raise BadConfig(f"{path}: {name}")
            values[name] = tuple(value)
        elif isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            values[name] = float(value)
        elif type(value) is not type(default):
            raise BadConfig(f"{path}: {name}")
        else:
            values[name] = value
    if not 1 <= values.get("workers", 1) <= SHARDS:
        raise BadConfig(f"{path}: workers")
    if not re.fullmatch(r"(https://[a-z0-9.-]+(:[0-9]{1,5})?/?)?", values.get("web_address", "")):
        raise BadConfig(f"{path}: web_address")
    return Config(**values)


def render(config: Config) -> str:
    """The settings as TOML text, one key a line with a word about each."""
    lines = ["# Cấu hình của đầu tỉnh. Đường dẫn tương đối tính từ thư mục này."]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        written = list(value) if isinstance(value, tuple) else value
        # JSON strings, numbers and lists of strings are TOML too.
        lines.append(f"{field.name} = {json.dumps(written, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
