"""One province played: an event queue, the boxes' cores, their lines, the receiver.

Owns time. A message takes its bytes over the line's rate plus half a round trip; a cut loses what is under way. The
broker acknowledges what reached it, as a real one does, whatever becomes of it afterwards.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sync.protocol.box import BoxCore, Parcel
from sync.protocol.chunk import Chunk
from sync.protocol.messages import transfer_id
from sync.protocol.step import Accepted, Now, Publish, Step
from sync.province.simulation.model import DAY, Office, Paper, Scenario, offices_of
from sync.province.simulation.receiving import Receiving

WALL_START = 1_788_714_000  # a Monday, 00:00 at +07:00
_ZEROS = bytes(1 << 16)
_HEADERS, _SEGMENT_HEADERS, _SEGMENT = 100, 54, 1_400
"""Bytes on the line beside a payload: topic, MQTT and TLS once, TCP and IP for every segment."""
_LINE_AHEAD = 0.2
"""Seconds of line that may stand unsent before a box waits: the transport's own limit."""
_DIAL_ROUND_TRIPS = 4
_PARCELS = 32
_SAMPLE = 1_800.0
_MONO_START = 1_000.0
_GRAIN = 0.002
"""Seconds a deadline is looked at late, so that rounding never makes it early again and again."""


def keyed(secret: bytes) -> Callable[[bytes], bytes]:
    """A signature that costs little: in a simulation nobody forges."""
    return lambda message: hashlib.sha512(secret + message).digest()


@dataclass
class Delivery:
    """What became of one document: seconds from ready to receipt."""

    line: str
    priority: int
    took: float


@dataclass
class Played:
    """The outcome of one province."""

    deliveries: list[Delivery] = field(default_factory=list)
    ready: int = 0
    waiting: int = 0
    stored: int = 0
    lost: int = 0
    """Documents whose box believes a receipt while the province's rows do not hold exactly them, and documents of which
    neither says anything; 0, or the protocol broke its promise."""
    file_bytes: int = 0
    wire_up: dict[str, float] = field(default_factory=dict)
    wire_down: dict[str, float] = field(default_factory=dict)
    backlog: list[int] = field(default_factory=list)
    """The most documents that waited at once, in every half hour."""
    checks_waiting_most: int = 0


@dataclass
class _Box:
    office: Office
    core: BoxCore
    waiting: dict[str, tuple[Parcel, float]] = field(default_factory=dict)
    up: bool = True
    era: int = 0
    """Raised by every cut and restart: a message of an earlier era is lost."""
    busy_until: float = 0.0
    starts: int = 1
    tick_at: float = float("inf")
    pump_at: float = float("inf")
    next_number: int = 0


class Playing:
    """The event loop of one province."""

    def __init__(self, scenario: Scenario, province: int) -> None:
        self._scenario = scenario
        self._end = scenario.days * DAY
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = 0
        kid = f"tinh-{province + 1}"
        self._province_sign = keyed(kid.encode())
        self._receiver = Receiving(kid, self._province_sign, self._believes)
        self._tick_at = float("inf")
        self._check_free_at = 0.0
        self._checking = 0
        self.played = Played()
        self._boxes = {office.box: self._box(office) for office in offices_of(scenario, province)}
        self._waiting = self._most = 0
        self._believed: set[tuple[str, bytes]] = set()
        """(box, tid) of what boxes took for delivered, told by their cores alone."""

    def run(self) -> Played:
        """Play to the end of the last day; what is waiting then is still waiting."""
        for box in self._boxes.values():
            self._plan(box)
        for day in range(3, self._scenario.days, 7):  # the receiver is updated in the night of every Thursday
            self._at(day * DAY + 2 * 3600, self._restart_receiver)
        self._at(0.0, self._sample)
        while self._events and self._events[0][0] <= self._end:
            at, _, happens = heapq.heappop(self._events)
            happens(at)
        self.played.waiting = sum(len(box.waiting) for box in self._boxes.values())
        self.played.stored = self._receiver.stored
        forgotten = self.played.ready - self.played.waiting - len(self._believed)
        self.played.lost = len(self._believed - self._receiver.rows.held) + forgotten
        return self.played

    # --- setting up ---------------------------------------------------------------------------------------------------

    def _box(self, office: Office) -> _Box:
        return _Box(office, self._core(office.box, 1))

    def _core(self, box: str, starts: int) -> BoxCore:
        return BoxCore(box, keyed(box.encode()), self._believes, str(starts))

    @staticmethod
    def _believes(kid: str, message: bytes, signature: bytes) -> bool:
        return keyed(kid.encode())(message) == signature

    def _plan(self, box: _Box) -> None:
        for paper in box.office.papers:
            self._at(paper.at, partial(self._ready, box, paper))
        for start, stop in box.office.cuts:
            self._at(start, lambda at: self._cut(box, at))
            self._at(stop + box.office.line.round_trip * _DIAL_ROUND_TRIPS, lambda at: self._dialled(box, at))
        for at in box.office.restarts:
            self._at(at, lambda at: self._restart(box, at))
        if not box.office.cuts or box.office.cuts[0][0] > 0:
            self._at(0.0, lambda at: self._dialled(box, at))

    def _at(self, at: float, happens: Callable[[float], None]) -> None:
        self._order += 1
        heapq.heappush(self._events, (at, self._order, happens))

    @staticmethod
    def _now(at: float) -> Now:
        return Now(_MONO_START + at, WALL_START + int(at))

    # --- a box --------------------------------------------------------------------------------------------------------

    def _ready(self, box: _Box, paper: Paper, at: float) -> None:
        box.next_number += 1
        document = f"{box.office.box}-{box.next_number}"
        digest = hashlib.sha256(document.encode()).hexdigest()
        parcel = Parcel(document, box.next_number, digest, paper.size, paper.priority, {"kind": "incoming-scan"})
        box.waiting[document] = (parcel, at)
        self.played.ready += 1
        self._waiting += 1
        self._most = max(self._most, self._waiting)
        self.played.file_bytes += paper.size
        self._look(box, at)

    def _look(self, box: _Box, at: float) -> None:
        parcels = [parcel for parcel, _ in box.waiting.values()]
        parcels.sort(key=lambda parcel: (-parcel.priority, parcel.sequence))
        self._box_does(box, box.core.on_outbox(parcels[:_PARCELS], self._now(at)), at)

    def _cut(self, box: _Box, at: float) -> None:
        box.up, box.era, box.busy_until = False, box.era + 1, at
        self._box_does(box, box.core.on_disconnected(self._now(at)), at)

    def _dialled(self, box: _Box, at: float) -> None:
        if box.up and box.era:
            return
        box.up, box.era = True, box.era + 1
        self._box_does(box, box.core.on_connected(self._now(at), 65_536), at)
        state = self._receiver.core.state(True, self._now(at))
        self._down(box, state, at)

    def _restart(self, box: _Box, at: float) -> None:
        """A power cut: memory is gone, the outbox is not."""
        was_up = box.up
        box.starts += 1
        box.core, box.up, box.era, box.busy_until = self._core(box.office.box, box.starts), False, box.era + 1, at
        box.tick_at = box.pump_at = float("inf")
        self._look(box, at)
        if was_up:
            self._at(at + 60.0, lambda later: self._dialled_again(box, later))

    def _dialled_again(self, box: _Box, at: float) -> None:
        if not any(start <= at < stop for start, stop in box.office.cuts):
            self._dialled(box, at)

    def _box_does(self, box: _Box, step: Step, at: float) -> None:
        settled = False
        for change in step.changes:
            if isinstance(change, Accepted):
                parcel, since = box.waiting.pop(change.document_id)
                name = box.office.box
                self._believed.add((name, transfer_id(name, parcel.document_id, bytes.fromhex(parcel.sha256))))
                self.played.deliveries.append(Delivery(box.office.line.name, parcel.priority, at - since))
                self._waiting -= 1
                settled = True
        for message in step.outbound:
            self._up(box, message, None, at)
        if step.deadline is not None:
            self._tick_box(box, max(at, step.deadline - _MONO_START) + _GRAIN)
        if settled:
            self._look(box, at)
        self._pump(box, at)

    def _tick_box(self, box: _Box, at: float) -> None:
        if at < box.tick_at:
            box.tick_at = at
            self._at(at, lambda now: self._tick(box, now))

    def _tick(self, box: _Box, at: float) -> None:
        if at == box.tick_at:
            box.tick_at = float("inf")
            self._box_does(box, box.core.on_tick(self._now(at)), at)

    def _pump(self, box: _Box, at: float) -> None:
        while box.up:
            if box.busy_until - at > _LINE_AHEAD:
                self._pump_later(box, box.busy_until - _LINE_AHEAD + _GRAIN)
                return
            chunk = box.core.next_chunk(self._now(at))
            if chunk is None:
                return
            payload = Chunk(chunk.tid, chunk.offset, _ZEROS[: chunk.length]).encode()
            self._up(box, Publish(chunk.topic, payload, 1), chunk.token, at)

    def _pump_later(self, box: _Box, at: float) -> None:
        if at < box.pump_at:
            box.pump_at = at
            self._at(at, lambda now: self._pump_now(box, now))

    def _pump_now(self, box: _Box, at: float) -> None:
        if at == box.pump_at:
            box.pump_at = float("inf")
            self._pump(box, at)

    # --- the line -----------------------------------------------------------------------------------------------------

    def _up(self, box: _Box, message: Publish, token: int | None, at: float) -> None:
        if not box.up:
            return
        line, size = box.office.line, _on_wire(len(message.payload))
        self.played.wire_up[line.name] = self.played.wire_up.get(line.name, 0.0) + size
        box.busy_until = max(box.busy_until, at) + size * 8 / line.up
        arrives, era = box.busy_until + line.round_trip / 2, box.era

        def arrived(now: float) -> None:
            if box.era != era:
                return
            if token is not None:
                self._at(now + line.round_trip / 2, lambda later: self._acknowledged(box, token, era, later))
            self._hear(message, now)

        self._at(arrives, arrived)

    def _acknowledged(self, box: _Box, token: int, era: int, at: float) -> None:
        if box.era == era:
            self._box_does(box, box.core.on_published(token, True, self._now(at)), at)

    def _down(self, box: _Box, message: Publish, at: float) -> None:
        line, size, era = box.office.line, _on_wire(len(message.payload)), box.era
        self.played.wire_down[line.name] = self.played.wire_down.get(line.name, 0.0) + size

        def arrived(now: float) -> None:
            if box.era == era and box.up:
                self._box_does(box, box.core.on_message(message.topic, message.payload, self._now(now)), now)

        self._at(at + size * 8 / line.down + line.round_trip / 2, arrived)

    # --- the province -------------------------------------------------------------------------------------------------

    def _hear(self, message: Publish, at: float) -> None:
        self._province_does(self._receiver.core.on_message(message.topic, message.payload, self._now(at)), at)

    def _province_does(self, step: Step, at: float) -> None:
        self._say(self._receiver.does(step), at)
        for check in self._receiver.checks:
            self._begin_check(check, at)
        self._receiver.checks.clear()
        if step.deadline is not None:
            due = max(at, step.deadline - _MONO_START) + _GRAIN
            if due < self._tick_at:
                self._tick_at = due
                self._at(due, self._tick_province)

    def _tick_province(self, at: float) -> None:
        if at == self._tick_at:
            self._tick_at = float("inf")
            self._province_does(self._receiver.core.on_tick(self._now(at)), at)

    def _begin_check(self, check: tuple[str, bytes, bytes], at: float) -> None:
        self._check_free_at = max(self._check_free_at, at) + 1 / self._scenario.checks_a_second
        self._checking += 1
        self.played.checks_waiting_most = max(self.played.checks_waiting_most, self._checking)
        core = self._receiver.core

        def done(now: float) -> None:
            self._checking -= 1
            if self._receiver.core is core:  # a check of the receiver before its restart is lost
                self._say(self._receiver.checked(*check, self._now(now)), now)

        self._at(self._check_free_at, done)

    def _say(self, outbound: tuple[Publish, ...], at: float) -> None:
        for message in outbound:
            box = self._boxes.get(message.topic.split("/")[3])  # commune/v1/d/{box}/…
            if box is not None and box.up:
                self._down(box, message, at)

    def _restart_receiver(self, at: float) -> None:
        for check in self._receiver.restart():
            self._begin_check(check, at)
        for box in self._boxes.values():
            if box.up:
                self._down(box, self._receiver.core.state(False, self._now(at)), at)
                self._down(box, self._receiver.core.state(True, self._now(at)), at + 20.0)

    def _sample(self, at: float) -> None:
        self.played.backlog.append(self._most)
        self._most = self._waiting
        self._at(at + _SAMPLE, self._sample)


def _on_wire(payload: int) -> int:
    return payload + _HEADERS + _SEGMENT_HEADERS * (1 + (payload + _HEADERS) // _SEGMENT)


def play(scenario: Scenario, province: int) -> Played:
    """Play one province from beginning to end."""
    return Playing(scenario, province).run()
