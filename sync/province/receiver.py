"""Receives the documents of every box: persist, then emit, then acknowledge.

Owns the loop between the link, the protocol and the store, and the province's own rules at the door (secrecy, kind,
a document id already used). Refuses to judge bytes: `sync.province.examining` does that beside it.
Invariants: one receiver per folder; nothing is published before what it says is durable; a message is acknowledged
only after that; a document marked secret never has a row or a byte here.
"""

from __future__ import annotations

import dataclasses
import fcntl
import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sync.protocol.codec import CodecError
from sync.protocol.messages import Have, Manifest
from sync.protocol.province import ProvinceCore
from sync.protocol.records import CheckOutcome, ProvinceLimits, Verdict
from sync.protocol.step import Change, CheckPart, CommitReceipt, Finding, Now, OpenTransfer, Publish, Step
from sync.protocol.topics import Kind, parse
from sync.province.checking import EXPECTED_SLOTS, REASONS, DocumentCheck, secrecy_marked
from sync.province.examining import Examiner
from sync.province.keeping import Keeper, kind_of
from sync.province.store import PartKey, ProvinceStore
from sync.transport import Connect, Connected, Disconnected, LinkConfig, LinkEvent, Received, Transport
from sync.wire_identity import SigningKey, verifier

log = logging.getLogger("commune-province.receiver")

POLL_SECONDS = 0.25
ROUND_EVENTS = 64
FULL_PAUSE_SECONDS = 30.0
CLEAR_SECONDS = 6 * 3600.0
GOODBYE_SECONDS = 2.0
RESERVE_BYTES = 500_000_000


class AlreadyRunning(Exception):
    """Another receiver works on this folder; stop it first. Code: `receiver-running`."""

    code = "receiver-running"


@dataclass
class _Round:
    """What one round of messages wants said once its changes are durable."""

    outbound: list[Publish] = field(default_factory=list)
    deadline: float | None = None


class Receiver:
    """One exclusive receiver over one store."""

    def __init__(
        self,
        store: ProvinceStore,
        check: DocumentCheck,
        key: SigningKey,
        kid: str,
        link: LinkConfig,
        connect: Connect,
        max_document: int,
        parallel: int = 2,
    ) -> None:
        """`link` names broker, certificate and subscriptions; will and state are added here."""
        self._keeper = Keeper(store)
        self._store = store
        self._core = ProvinceCore(
            kid,
            key.sign,
            verifier(self._keeper.device_key),
            self._keeper,
            store.epoch(),
            ProvinceLimits(max_document=max_document),
        )
        self._check, self._parallel = check, parallel
        self._link_config, self._connect = link, connect
        self._clear_at = 0.0
        self._full_until = 0.0
        self.connected = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Receive until `stop`. Raises AlreadyRunning; OSError and sqlite3.Error the store cannot live with."""
        with self._store.lock_path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunning(str(self._store.root)) from error
            self._run(stop)

    def _run(self, stop: threading.Event) -> None:
        for key in self._store.recover():
            log.warning("bytes lost, asking again box=%s transfer=%s", *key)
        link = self._connect(self._configured())
        self._examiner = Examiner(self._check, self._parallel, link.wake)
        for transfer in self._store.transfers.every():
            if transfer.complete:  # a kill came between the last byte and the answer
                self._examine(transfer.box, bytes.fromhex(transfer.tid), Manifest.decode(transfer.manifest))
        try:
            deadline: float | None = None
            while not stop.is_set():
                deadline = self._round(link, self._gather(link, deadline))
            self._goodbye(link)
        finally:
            self.connected.clear()
            self._examiner.close()
            link.close()

    def _configured(self) -> LinkConfig:
        return dataclasses.replace(self._link_config, will=self._core.state(False, self._now()))

    def _gather(self, link: Transport, deadline: float | None) -> list[LinkEvent]:
        """Wait for the next event, then take what else is there: one flush and one transaction serve them all."""
        events = link.poll(self._patience(deadline))
        while events and len(events) < ROUND_EVENTS and (more := link.poll(0.0)):
            events += more
        return events

    def _patience(self, deadline: float | None) -> float:
        due = [moment for moment in (deadline, self._examiner.next_due()) if moment is not None]
        return min(POLL_SECONDS, max(0.0, min(due, default=float("inf")) - time.monotonic()))

    def _round(self, link: Transport, events: Iterable[LinkEvent]) -> float | None:
        """Persist everything one poll brought, then say what follows, then acknowledge."""
        said = _Round()
        with self._store.together():
            received = self._keep(events, said)
        for message in said.outbound:
            link.publish(message)
        for taken in received:
            link.acknowledge(taken)
        if received:
            link.progressed()
        self._examiner.start_due(time.monotonic())
        if time.monotonic() >= self._clear_at:
            self._clear_at = time.monotonic() + CLEAR_SECONDS
            self._store.clear_refused(time.time())
        return said.deadline

    def _keep(self, events: Iterable[LinkEvent], said: _Round) -> list[Received]:
        """The durable part of a round; returns the messages to acknowledge after it."""
        received: list[Received] = []
        for event in events:
            match event:
                case Connected():
                    self.connected.set()
                    log.info("connected mqtt=%s", event.version)
                    said.outbound.append(self._core.state(True, self._now()))
                case Disconnected(code):
                    self.connected.clear()
                    log.warning("disconnected code=%s", code)
                case Received(topic, payload, _, retained, _):
                    self._carry(self._core.on_message(topic, payload, self._now(), retained), said)
                    received.append(event)
        self._collect(said)
        self._carry(self._core.on_tick(self._now()), said)
        self._settle(said)
        return received

    def _carry(self, step: Step, said: _Round) -> None:
        """Carry out one step; on a store without room forget it and let the box ask again later."""
        barred = _barred(step, self._store)
        now = time.time()
        for change in step.changes:
            if _key_of(change) in barred:
                continue
            try:
                self._do(change, now)
            except (OSError, sqlite3.OperationalError) as error:
                self._no_room(step, error)
                return
        said.outbound += [message for message in step.outbound if not _speaks_of(message, barred)]
        said.deadline = step.deadline
        for (box, _), (manifest, outcome) in barred.items():
            log.info("refused at the door box=%s document=%s code=%s", box, manifest.document_id, outcome.code)
            self._carry(self._core.on_checked(box, manifest.tid, manifest.digest, outcome, self._now()), said)

    def _do(self, change: Change, now: float) -> None:
        match change:
            case CheckPart(box, tid, manifest):
                self._examine(box, tid, manifest)
            case CommitReceipt(box, tid, _, receipt, _):
                self._keeper.carry_out(change, now)
                self._examiner.forget((box, tid.hex()))
                log.info(
                    "answered box=%s document=%s number=%d result=%s code=%s",
                    box, receipt.document_id, receipt.number, receipt.result.name.lower(), receipt.code or "-",
                )  # fmt: skip
            case Finding(code, box, params):
                log.warning("finding box=%s code=%s %s", box or "-", code, dict(params))
                self._keeper.carry_out(change, now)
            case _:
                self._keeper.carry_out(change, now)

    def _no_room(self, step: Step, error: Exception) -> None:
        log.error("store failed, pausing: %s", error)
        for change in step.changes:
            if (key := _key_of(change)) is not None:
                self._core.forget(key[0], bytes.fromhex(key[1]))
        self._core.pause(True)
        self._full_until = time.monotonic() + FULL_PAUSE_SECONDS

    def _settle(self, said: _Round) -> None:
        try:
            self._keeper.settle(time.time())
        except (OSError, sqlite3.OperationalError) as error:
            # Nothing of this round may be said: the ranges it promises are not on the disk.
            log.error("store failed, pausing: %s", error)
            self._keeper.drop_promises()
            said.outbound.clear()
            raise
        if self._full_until and time.monotonic() >= self._full_until and self._store.free_bytes() > RESERVE_BYTES:
            self._full_until = 0.0
            self._core.pause(False)
        elif not self._full_until and self._store.free_bytes() < RESERVE_BYTES:
            log.error("store nearly full, pausing")
            self._core.pause(True)
            self._full_until = time.monotonic() + FULL_PAUSE_SECONDS

    def _examine(self, box: str, tid: bytes, manifest: Manifest) -> None:
        key = (box, tid.hex())
        self._examiner.submit(key, manifest, lambda: self._keeper.whole_file(key, manifest.sha256.hex()))

    def _collect(self, said: _Round) -> None:
        for ended in self._examiner.finished(time.monotonic()):
            if ended.outcome is None:
                pause = self._examiner.pause_of(ended.key, time.monotonic())
                log.error("cannot check box=%s transfer=%s: %s", *ended.key, ended.unavailable)
                self._store.transfers.postpone(ended.key, time.time() + pause, ended.unavailable)
                continue
            if ended.found is not None and ended.outcome.verdict is Verdict.ACCEPT:
                self._keeper.note_signatures(ended.key, ended.found.signatures)
            box, tid = ended.key[0], bytes.fromhex(ended.key[1])
            step = self._core.on_checked(box, tid, ended.manifest.digest, ended.outcome, self._now())
            self._carry(step, said)

    def _goodbye(self, link: Transport) -> None:
        """Tell the boxes to wait before leaving, and give the broker a moment to take it."""
        if not link.connected:
            return
        link.publish(self._core.state(False, self._now()))
        until = time.monotonic() + GOODBYE_SECONDS
        while time.monotonic() < until and link.connected:
            # Messages that come now stay unacknowledged: the broker keeps them for the next start.
            if any(not isinstance(event, Received) for event in link.poll(0.05)):
                return

    def _now(self) -> Now:
        return Now(time.monotonic(), int(time.time()))


def _key_of(change: Change) -> PartKey | None:
    tid = getattr(change, "tid", None)
    return (change.box, tid.hex()) if isinstance(tid, bytes) and hasattr(change, "box") else None


Barred = dict[PartKey, tuple[Manifest, CheckOutcome]]


def _barred(step: Step, store: ProvinceStore) -> Barred:
    """Offers that the province does not take in at all; they are refused before anything of them is kept."""
    found: Barred = {}
    for change in step.changes:
        if isinstance(change, OpenTransfer) and (code := door_rule(change.manifest, store)):
            outcome = CheckOutcome(Verdict.REFUSE, code, REASONS[code])
            found[change.box, change.tid.hex()] = (change.manifest, outcome)
    return found


def door_rule(manifest: Manifest, store: ProvinceStore) -> str:
    """The reason to refuse an offer by its words alone, or "".

    Secret papers never travel here (Decision 28/2018/QĐ-TTg); a document id stands for one content.
    """
    if secrecy_marked(manifest.meta):
        return "secret"
    if kind_of(manifest) not in EXPECTED_SLOTS:
        return "unknown-kind"
    held = store.answers.stored_digest(manifest.box, manifest.document_id)
    return "duplicate" if held is not None and held != manifest.sha256.hex() else ""


def _speaks_of(message: Publish, barred: Barred) -> bool:
    """A have about a barred offer would invite its bytes."""
    if not barred or parse(message.topic).kind is not Kind.HAVE:
        return False
    try:
        tid = Have.decode(message.payload).tid.hex()
    except CodecError:
        return False
    return any(tid == key[1] for key in barred)


def link_config(folder: Path, host: str, port: int, subscriptions: tuple[tuple[str, int], ...]) -> LinkConfig:
    """The receiver's own end of the broker, from the files `init` wrote."""
    return LinkConfig(
        client_id="province-receiver",
        host=host,
        port=port,
        ca=folder / "ca.pem",
        certificate=folder / "receiver.pem",
        key=folder / "receiver.key",
        subscriptions=subscriptions,
        session_expiry=3600,
        max_packet=131072,
        backoff_most=10.0,
    )
