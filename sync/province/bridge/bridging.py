"""The bridge's work: rows become packets, packets go out, what comes is read, and every step can be done again.

Owns the order of steps. Out: row noted → bytes durable → noted as made → handed over → noted as gone. In: read → kept
durably → noted → taken from the other side. A kill between any two repeats the step that was not noted, and that step
is one that may be repeated; see BRIDGE.md for the one exception (an answer that was lost on the way back).
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sync.edxml.checking import Flaw, flaws
from sync.edxml.writing import packet_bytes
from sync.province.bridge.answers import LATER, Verdict, pause
from sync.province.bridge.exchange import Exchange
from sync.province.bridge.ledger import Ledger, Outgoing
from sync.province.bridge.lgsp import NotFetched
from sync.province.bridge.onward import Onward
from sync.province.bridge.packing import local_moment, packet_of, safe_name
from sync.province.bridge.places import Places
from sync.province.bridge.receiving import Intake
from sync.province.bridge.settings import Settings
from sync.province.store import ProvinceStore, StoredDocument

log = logging.getLogger("commune-province.edxml")
PAGE = 200
OVERLAP = 1000
"""Receipt numbers below the last one that are looked at again: workers may commit a little out of order."""
A_ROUND = 50
Say = Callable[[str, str], str]
"""(code, detail) → the sentence for people that stands beside a packet that failed."""


class AlreadyBridging(Exception):
    """Another bridge works on this folder; stop it first. Code: `bridge-running`."""

    code = "bridge-running"


@dataclass
class Round:
    """What one round did."""

    sent: int = 0
    failed: int = 0
    received: int = 0
    waiting_for: str = ""
    """Why the round ended early: the code of an answer."""


class Bridge:
    """One bridge over one province."""

    def __init__(self, store: ProvinceStore, settings: Settings, places: Places, exchange: Exchange, say: Say) -> None:
        self._store, self._settings, self._places, self._exchange, self._say = store, settings, places, exchange, say
        self.ledger = Ledger(places.root / "edxml.sqlite")
        self._quiet_until, self._failures, self._retries = 0.0, 0, self.ledger.retries()
        onward = Onward(store, settings.most_bytes)
        self._intake = Intake(self.ledger, places, settings, exchange, say, onward)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only bridge on this folder. Raises AlreadyBridging."""
        with (self._places.root / "bridge.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyBridging(str(self._places.root)) from error
            self._places.clear_passing()
            yield

    def run(self, stop: threading.Event, every: float) -> None:
        """Rounds until `stop`: outgoing packets every few seconds, the other side's list every `every` seconds."""
        listen_at = 0.0
        with self.alone():
            while not stop.is_set():
                listens = time.monotonic() >= listen_at
                if listens:
                    listen_at = time.monotonic() + every
                done = self.once(time.time(), listens=listens)
                stop.wait(0.0 if done.sent >= A_ROUND else min(every, 5.0))

    def once(self, now: float, *, listens: bool = True) -> Round:
        """One round. Raises OSError and sqlite3.Error that the bridge cannot live with."""
        done = Round()
        self._discover(now)
        if self._may_send(now):
            for outgoing in self.ledger.due(now, A_ROUND):
                if not self._go(outgoing, done, now):
                    break
        if listens:
            try:
                done.received = self._intake.once(now)
            except NotFetched as failure:
                done.waiting_for = done.waiting_for or failure.answer.code
                log.warning("nothing fetched: %s", failure)
        return done

    def _may_send(self, now: float) -> bool:
        """Whether the other side is not being left alone; a person's `retry` ends that."""
        if (asked := self.ledger.retries()) != self._retries:
            self._retries, self._quiet_until, self._failures = asked, 0.0, 0
        return now >= self._quiet_until

    def _discover(self, now: float) -> None:
        """Note every document that came since the last look; the rows are asked newest first."""
        seen, before = self.ledger.seen(), None
        fresh: list[StoredDocument] = []
        while page := self._store.reading.documents(limit=PAGE, before_rid=before):
            fresh += [document for document in page if document.rid > seen - OVERLAP]
            before = page[-1].rid
            if before <= seen - OVERLAP:
                break
        if fresh and (fresh[0].rid > seen or seen == 0):
            noted = [(key_of(each.box, each.document_id), each.rid, each.box, each.document_id) for each in fresh]
            self.ledger.begin(noted, fresh[0].rid, now)

    def _go(self, outgoing: Outgoing, done: Round, now: float) -> bool:
        """One packet as far as it goes; False: the others need not try now."""
        name = file_name(outgoing)
        made = self._places.made / name
        if outgoing.state == "made" and not made.exists() and self._exchange.vanished_is_gone:
            self.ledger.gone(outgoing.key, "", now)  # the rename was the last thing before the kill
            return True
        if outgoing.state == "waiting" or not made.exists():
            self._places.forget_failed(name)
            packed = (outgoing.content, "") if outgoing.content is not None else self._packet(outgoing, name, now)
            if packed is None:
                done.failed += 1
                return True
            content, identifier = packed
            self._places.make(name, content)
            self.ledger.made(outgoing.key, hashlib.sha256(content).hexdigest(), identifier, now)
        return self._hand_over(outgoing, name, done, now)

    def _hand_over(self, outgoing: Outgoing, name: str, done: Round, now: float) -> bool:
        answer = self._exchange.send(name, outgoing.kind)
        match answer.verdict:
            case Verdict.TAKEN:
                self.ledger.gone(outgoing.key, answer.remote_id, now)
                (self._places.made / name).unlink(missing_ok=True)
                self._failures = 0
                done.sent += 1
                return True
            case Verdict.AGAIN | Verdict.CLOSED:
                closed = answer.verdict is Verdict.CLOSED
                wait = LATER if closed else max(answer.wait, pause(outgoing.attempts))
                self._quiet_until = now + (LATER if closed else max(answer.wait, pause(self._failures)))
                self._failures += 1
                self.ledger.again(outgoing.key, now + wait, answer.code, answer.detail, now, blamed=not closed)
                log.warning("not sent %s: %s %s", outgoing.key, answer.code, answer.detail)
                done.waiting_for = answer.code
                return False
            case _:
                state = "failed" if answer.verdict is Verdict.REFUSED else "person"
                content = (self._places.made / name).read_bytes()
                self._places.set_aside(name, content, self._say(answer.code, answer.detail))
                self.ledger.stopped(outgoing.key, state, answer.code, answer.detail, now)
                (self._places.made / name).unlink(missing_ok=True)
                done.failed += 1
                return True

    def _packet(self, outgoing: Outgoing, name: str, now: float) -> tuple[bytes, str] | None:
        """A document's packet and its identifier, or None after noting for whom it waits."""
        document = self._store.reading.document(outgoing.document_id, outgoing.box)
        sender = self._settings.boxes.get(outgoing.box)
        if document is None or sender is None:
            self._stop(outgoing, name, "edxml-no-office" if sender is None else "no-document", outgoing.box, now)
            return None
        try:
            content = self._store.blobs.path(document.sha256).read_bytes()
        except OSError as error:
            self._stop(outgoing, name, "bytes-missing", str(error), now)
            return None
        packet = packet_of(document, content, sender, self._settings)
        if wrong := flaws(packet, local_moment(now).date()):
            self._stop(outgoing, name, wrong[0].code, told(wrong), now)
            return None
        return packet_bytes(packet, zipped=self._settings.zipped), packet.document_id

    def _stop(self, outgoing: Outgoing, name: str, code: str, detail: str, now: float) -> None:
        self._places.set_aside(name, None, self._say(code, detail))
        self.ledger.stopped(outgoing.key, "person", code, detail, now)
        log.warning("a person must look at %s: %s %s", outgoing.key, code, detail)

    def close(self) -> None:
        """Let go of files and connections."""
        self._exchange.close()
        self.ledger.close()


def key_of(box: str, document_id: str) -> str:
    """Under which a document stands in the ledger."""
    return f"{box}/{document_id}"


def file_name(outgoing: Outgoing) -> str:
    """The packet's file: its number first, so that folders list them in order; always the same for one row."""
    if outgoing.kind == "status":
        return f"{safe_name(outgoing.key.replace('/', '-'))}.edxml"
    return f"{outgoing.rid:09d}-{outgoing.box}-{safe_name(outgoing.document_id)}.edxml"


def told(wrong: tuple[Flaw, ...]) -> str:
    """Flaws in one line: element, what is there, how much is allowed."""
    parts = ((each.where, f"> {each.limit}" if each.limit else "", each.found[:60]) for each in wrong)
    return "; ".join(" ".join(filter(None, part)) for part in parts)
