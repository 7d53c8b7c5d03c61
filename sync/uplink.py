"""The box's delivery process: outbox in, receipts out (runner of `sync.protocol.box` over `sync.transport`).

Owns the loop that reads the outbox, drives core and link, reads chunks from files, says that the box is alive, and
tells the pages whether there is a connection. Refuses to decide anything about documents: the core does, and only a
verified receipt ends a delivery. Invariants:
- persist, then emit, then acknowledge: `Outbox.accepted` has returned before the broker's receipt message is
  acknowledged;
- a file is sent only after its size and SHA-256 were found to be what the outbox says;
- everything needed after a power cut is in the outbox; the state file only counts starts of the process;
- weeks without a link cost no memory: nothing is queued beyond the parcels last read.
An error of the outbox ends `run` - the supervisor starts it again, and nothing is lost by that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from sync.mqtt import MqttLink
from sync.parcel_files import FileFault, ParcelFiles
from sync.protocol.box import BoxCore, BoxLimits, Parcel
from sync.protocol.chunk import SHORT, Chunk
from sync.protocol.deflate import DEFLATE, Shrinking
from sync.protocol.messages import Presence
from sync.protocol.step import Accepted, Finding, Now, Progressed, Publish, Refused, SendChunk, Step
from sync.protocol.topics import Kind, box_filters, presence, upward
from sync.start_count import next_start
from sync.transport import Connect, Connected, Disconnected, LinkConfig, LinkEvent, Published, Received, Transport
from sync.uplink_ports import Companion, LinkState, Outbox, UplinkConfig, Waiting
from sync.vitals import Vitals
from sync.wire_identity import SigningKey, verifier

_LOG = logging.getLogger(__name__)
_CHUNKS_A_TURN = 32
_HEARTBEAT_EXPIRY = 3600
_COUNTED_PARCELS = 1000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Uplink:
    """Delivers the outbox until told to stop."""

    def __init__(
        self,
        config: UplinkConfig,
        outbox: Outbox,
        clock: Callable[[], datetime] = _utc_now,
        connect: Connect = MqttLink,
        on_link: Callable[[LinkState], None] = lambda _state: None,
        on_finding: Callable[[Finding], None] = lambda _finding: None,
        waiting: Callable[[], Waiting] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        companions: Sequence[Companion] = (),
        vitals: Callable[[], Vitals] = Vitals,
    ) -> None:
        """Load keys and count this start. Raises KeyFileError, TopicError (bad box identity), OSError.

        `waiting` tells the province how much waits in all; without it the parcels under way are counted. `vitals` is
        asked at every sign of life and raises nothing.
        """
        self._config, self._outbox = config, outbox
        self._clock, self._monotonic, self._companions = clock, monotonic, companions
        self._waiting, self._vitals = waiting or self._waiting_under_way, vitals
        self._on_link, self._on_finding = on_link, on_finding
        self._starts = next_start(config.state_path)
        device = SigningKey.load(config.device_key)
        self._core = BoxCore(
            config.box, device.sign, verifier(config.province_keys), str(self._starts), limits=config.limits,
            budget=config.budget,
        )  # fmt: skip
        self._files = ParcelFiles(outbox.open)
        self._shrinking = Shrinking()
        self._link: Transport = connect(self._link_config())
        self._parcels: dict[str, Parcel] = {}
        self._unusable: dict[str, Parcel] = {}
        self._tokens: dict[int, int] = {}
        self._deadline: float | None = None
        self._next_look = self._next_beat = self._quiet_until = 0.0
        self._told = -1
        self._link_state = LinkState(False, clock(), "connecting")

    @property
    def link_state(self) -> LinkState:
        """The connection as the pages should show it."""
        return self._link_state

    def wake(self) -> None:
        """Look at the outbox now, not within the next second; safe from any thread."""
        self._next_look = 0.0
        self._link.wake()

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set (call `wake` after setting it to be heard at once).

        Raises what the outbox raises.
        """
        self._on_link(self._link_state)
        for companion in self._companions:
            companion.begin(self._link.wake)
        try:
            while not stop.is_set():
                self.turn()
        finally:
            for companion in self._companions:
                companion.end()
            if self._link.connected:
                self._link.publish(self._presence(False, self._waiting()))
            self._link.close()
            self._files.close()

    def turn(self) -> None:
        """Do whatever is due, then wait for the link until something else is (at most a second)."""
        now = self._now()
        if now.mono >= self._next_look:
            self._look(now)
        if self._deadline is not None and now.mono >= self._deadline:
            self._carry_out(self._core.on_tick(now))
        if self._link.connected and now.mono >= self._next_beat:
            self._beat(now)
        for companion in self._companions:
            self._say(companion.on_turn(now))
        blocked, more = self._send()
        wait = 0.0 if more else max(0.0, self._next_due() - self._monotonic())
        for event in self._link.poll(min(wait, 1.0), bulk=blocked):
            self._hear(event)

    def _beat(self, now: Now) -> None:
        """Tell how much waits when that changed, or when nothing was told for long."""
        self._next_beat = now.mono + self._config.heartbeat_seconds
        waiting = self._waiting()
        if waiting.documents != self._told or now.mono >= self._quiet_until:
            self._link.publish(self._heartbeat(waiting))
            self._noted(waiting, now)

    def _noted(self, waiting: Waiting, now: Now) -> None:
        self._told, self._quiet_until = waiting.documents, now.mono + self._config.quiet_heartbeat_seconds

    def _look(self, now: Now) -> None:
        self._next_look = now.mono + self._config.outbox_seconds
        parcels = self._outbox.pending(self._config.active_parcels)
        self._unusable = {p.document_id: p for p in parcels if self._unusable.get(p.document_id) == p}
        usable = [parcel for parcel in parcels if parcel.document_id not in self._unusable]
        self._parcels = {parcel.document_id: parcel for parcel in usable}
        self._files.keep_only(self._parcels.values())
        self._shrinking.keep_only(self._parcels)
        self._carry_out(self._core.on_outbox(usable, now))

    def _send(self) -> tuple[bool, bool]:
        """Send what may go now; return (the link is the one that blocks, more may go at once)."""
        for _ in range(_CHUNKS_A_TURN):
            now = self._now()
            if not self._link.can_send():
                return self._core.has_chunk(now), False
            chunk = self._core.next_chunk(now)
            if chunk is None:
                return False, False
            self._send_chunk(chunk, now)
        return False, True

    def _send_chunk(self, chunk: SendChunk, now: Now) -> None:
        parcel = self._parcels[chunk.document_id]
        try:
            content = self._files.read(parcel, chunk.offset, chunk.length)
        except FileFault as fault:
            self._core.on_unsent(chunk.token, now)
            self._unusable[parcel.document_id] = parcel
            self._carry_out(self._core.on_unreadable(parcel.document_id, fault.code, now))
            return
        small = self._shrinking.shrunk(chunk.document_id, content) if chunk.forms & DEFLATE else None
        if small is not None:
            self._core.on_shrunk(chunk.token, len(small))
        payload = Chunk(chunk.tid, chunk.offset, content).encode(small, bool(chunk.forms & SHORT))
        token = self._link.publish(Publish(chunk.topic, payload, qos=1))
        if token is None:
            self._carry_out(self._core.on_unsent(chunk.token, now))
        else:
            self._tokens[token] = chunk.token

    def _hear(self, event: LinkEvent) -> None:
        now = self._now()
        match event:
            case Connected():
                self._tokens.clear()
                waiting = self._waiting()
                self._link.publish(self._presence(True, waiting))
                self._noted(waiting, now)
                self._next_beat = now.mono + self._config.heartbeat_seconds
                self._carry_out(self._core.on_connected(now, event.max_packet, event.standing))
                for companion in self._companions:
                    self._say(companion.on_connected(now))
            case Disconnected():
                self._tokens.clear()
                self._carry_out(self._core.on_disconnected(now))
                self._note_link(event.code)
            case Published():
                token = self._tokens.pop(event.token, None)
                if token is not None:
                    self._carry_out(self._core.on_published(token, event.ok, now))
            case Received():
                self._carry_out(self._core.on_message(event.topic, event.payload, now, event.retained))
                for companion in self._companions:
                    self._say(companion.on_message(event.topic, event.payload, now))
                self._link.acknowledge(event)
        self._note_link()

    def _carry_out(self, step: Step) -> None:
        for change in step.changes:
            match change:
                case Accepted():
                    self._outbox.accepted(change.document_id, change.receipt)
                    self._next_look = 0.0
                    self._link.progressed()
                case Refused():
                    self._outbox.refused(change.document_id, change.code, change.text, change.refusal)
                    self._next_look = 0.0
                    self._link.progressed()
                case Progressed():
                    self._link.progressed()
                case Finding():
                    _LOG.warning("finding %s %s", change.code, dict(change.params))
                    self._on_finding(change)
        for message in step.outbound:
            self._link.publish(message)
        self._deadline = step.deadline

    def _say(self, messages: Iterable[Publish]) -> None:
        for message in messages:
            self._link.publish(message)

    def _note_link(self, code: str = "") -> None:
        """Tell the pages when the connection comes or goes; a failed dial changes only the reason, not `since`."""
        was, connected = self._link_state, self._core.ready
        since = was.since if connected == was.connected else self._clock()
        if connected:
            code = ""
        elif self._link.connected:
            code = "province-offline"
        state = LinkState(connected, since, code if connected or code else was.last_error_code)
        if state != was:
            self._link_state = state
            self._on_link(state)

    def _presence(self, online: bool, waiting: Waiting) -> Publish:
        return Publish(presence(self._config.box), self._sign_of_life(online, waiting).encode(), qos=1, retain=True)

    def _heartbeat(self, waiting: Waiting) -> Publish:
        topic = upward(self._config.box, Kind.HEARTBEAT)
        return Publish(topic, self._sign_of_life(True, waiting).encode(), qos=0, expiry=_HEARTBEAT_EXPIRY)

    def _sign_of_life(self, online: bool, waiting: Waiting) -> Presence:
        vitals = self._vitals()
        return Presence(
            online, self._starts, self._wall(), waiting.documents, waiting.size, waiting.oldest_age,
            self._config.software, vitals.disk_free, vitals.token_ends, vitals.link_ends, vitals.scanned_at,
            vitals.scanned, vitals.profile,
        )  # fmt: skip

    def _link_config(self) -> LinkConfig:
        config = self._config
        will = Presence(online=False, boot_sequence=self._starts, wall=0, software=config.software)
        return LinkConfig(
            config.box,
            config.host,
            config.port,
            config.ca,
            config.certificate,
            config.key,
            subscriptions=box_filters(config.box),
            will=Publish(presence(config.box), will.encode(), qos=1, retain=True),
            keepalive=config.keepalive,
            backoff_most=config.backoff_most,
            version=config.mqtt_version,
            proxy=config.proxy,
            ways=config.ways,
        )

    def _next_due(self) -> float:
        due = [self._next_look]
        if self._deadline is not None:
            due.append(self._deadline)
        if self._link.connected:
            due.append(self._next_beat)
        due += [companion.next_due(self._now()) for companion in self._companions]
        return min(due)

    def _waiting_under_way(self) -> Waiting:
        parcels = self._outbox.pending(_COUNTED_PARCELS)
        return Waiting(len(parcels), sum(parcel.size for parcel in parcels), 0)

    def _wall(self) -> int:
        return max(0, int(self._clock().timestamp()))

    def _now(self) -> Now:
        return Now(self._monotonic(), self._wall())


__all__ = ["BoxLimits", "Companion", "LinkState", "Outbox", "Parcel", "Uplink", "UplinkConfig", "Waiting"]
