"""What the uplink is given and what it tells: its outbox, its companions on the connection, its settings.

Values and ports only; `sync.uplink` drives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from sync.protocol.box import BoxLimits, Parcel
from sync.protocol.budget import Budget
from sync.protocol.step import Now, Publish
from sync.proxy import Proxy
from sync.websocket import WebSocketWay


class Outbox(Protocol):
    """What the box wants delivered. Every recording method is durable when it returns, and idempotent."""

    def pending(self, limit: int) -> list[Parcel]:
        """Return up to `limit` parcels without receipt or refusal: priority descending, then oldest first."""

    def open(self, parcel: Parcel) -> BinaryIO:
        """Open the parcel's file for reading (seekable). Raises OSError."""

    def accepted(self, document_id: str, receipt: bytes) -> None:
        """Record the province's receipt (COSE_Sign1, verified): the document is delivered."""

    def refused(self, document_id: str, code: str, text: str, refusal: bytes) -> None:
        """Record the province's refusal (COSE_Sign1, verified) with its code and Vietnamese reason."""


class Companion(Protocol):
    """Another runner on the same connection (`sync.downlink`, …). All calls come from the uplink's thread; what a call
    returns is published, and only then is the message that caused it acknowledged."""

    def begin(self, wake: Callable[[], None]) -> None:
        """Get ready; `wake` may be called from any thread when there is something to say."""

    def on_connected(self, now: Now) -> Iterable[Publish]:
        """Return what to say on a new connection."""

    def on_message(self, topic: str, payload: bytes, now: Now) -> Iterable[Publish]:
        """Take a message, durably, if it is this runner's at all."""

    def on_turn(self, now: Now) -> Iterable[Publish]:
        """Do what is due."""

    def next_due(self, now: Now) -> float:
        """Return when `on_turn` must be called again at the latest, in monotonic seconds."""

    def end(self) -> None:
        """Let go; the process ends."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The outbox in three numbers."""

    documents: int
    size: int
    """Bytes."""
    oldest_age: int
    """Seconds the oldest document has waited."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """The connection as the pages may tell it: "mất mạng từ 09:42"."""

    connected: bool
    """Documents travel: the broker is reached and the province's receiver says that it is there."""
    since: datetime
    """When `connected` last changed (or the process started)."""
    last_error_code: str
    """Why not, kebab-case; `province-offline` when only the receiver is away; empty while connected."""


@dataclass(frozen=True, slots=True)
class UplinkConfig:
    """Who this box is, where its province is, and which keys it trusts."""

    box: str
    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path
    device_key: Path
    """PEM, Ed25519: signs manifests."""
    province_keys: Mapping[str, bytes | str]
    """Pinned receipt keys: kid to 32 raw bytes, hex or PEM."""
    state_path: Path
    """JSON file of this runner; made when missing."""
    outbox_seconds: float = 1.0
    heartbeat_seconds: float = 30.0
    """At most so often: when another number of documents waits."""
    quiet_heartbeat_seconds: float = 900.0
    """At least so often: an idle box must cost less than 150 KiB a day, and one silent for 30 minutes is a finding."""
    budget: Budget = field(default_factory=Budget)
    software: str = ""
    active_parcels: int = 32
    keepalive: int = 140
    """Seconds; a ping costs 204 B of line, so 120 s and the heartbeats would be more than 150 KiB a day."""
    backoff_most: float = 300.0
    proxy: Proxy | None = None
    """The office's HTTP proxy; None: the broker is dialled itself."""
    ways: tuple[WebSocketWay | None, ...] = (None,)
    """See `LinkConfig`."""
    mqtt_version: int | None = None
    limits: BoxLimits = field(default_factory=BoxLimits)
