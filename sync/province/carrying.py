"""The province's half of the courier: a stick in, a stick out.

Owns what is read from a stick and in which order, and what is written to one. Answers to what the province sent are
recorded at once; documents of boxes are staged for the receiver (`sync.province.courier`), which alone stores and
answers them. Refuses nothing by itself but what is not whole, not as signed, or not a box's own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sync.courier import Carried, Fault, Stick
from sync.protocol.codec import CodecError
from sync.protocol.cose import Verify, seal
from sync.protocol.messages import Manifest
from sync.protocol.receipt import Receipt, Result, read_receipt
from sync.protocol.topics import Direction
from sync.province.courier import Staging
from sync.province.keeping import Keeper
from sync.province.post import ProvincePost, boxes_with_news
from sync.province.receiver import AlreadyRunning, Receiver
from sync.province.store import ProvinceStore
from sync.province.store.outgoing import Outgoing, OutgoingDocument
from sync.wire_identity import SigningKey, verifier

POLL_SECONDS = 0.2


@dataclass
class Taken:
    """What became of a stick: answers recorded, documents answered and those still waiting for it, and what was not
    taken."""

    answers: int = 0
    notices: int = 0
    orders: int = 0
    """Outcomes of orders."""
    answered: list[Manifest] = field(default_factory=list)
    waiting: list[Manifest] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Written:
    """What was put on a stick: answers to boxes, documents for them (`there`: lay there whole already)."""

    answers: int = 0
    documents: int = 0
    there: int = 0
    words: int = 0
    """Notices and orders, as messages."""


class Carrying:
    """One province's courier."""

    def __init__(self, store: ProvinceStore, key: SigningKey, kid: str) -> None:
        self._store, self._key, self._kid = store, key, kid
        self._outgoing, self.staging = Outgoing(store), Staging(store)
        self._verify: Verify = verifier(Keeper(store).device_key)

    def take(self, stick: Stick, seconds: float, receiver: Callable[[], Receiver]) -> Taken:
        """Take what boxes put on a stick, wait up to `seconds` for the answers, and put those on it.

        `receiver` makes one that needs no wire, used only when none is running. Raises NoSpace, OSError.
        """
        taken, staged = Taken(), []
        for box in stick.boxes(Direction.UP):
            for answer in stick.answers(Direction.UP, box):
                self._take_answer(stick, box, answer, taken)
            for found in stick.documents(Direction.UP, box):
                if isinstance(found, Fault):
                    taken.faults.append(found)
                elif (fault := self._stage(found)) is not None:
                    taken.faults.append(fault)
                else:
                    staged.append(found.manifest)
            told = self._post(box).take(stick)
            taken.notices += told.notices
            taken.orders += told.orders
            taken.faults += told.faults
        if not self._wait(staged, 0.0):
            self._answer(staged, seconds, receiver)
        for manifest in staged:
            given = self.staging.answer(manifest)
            if given is None:
                taken.waiting.append(manifest)
            else:
                stick.put_answer(Direction.DOWN, manifest, given)
                taken.answered.append(manifest)
        self.staging.every()  # what is answered leaves the staging folder
        return taken

    def put(self, stick: Stick, boxes: list[str]) -> Written:
        """Put what waits for boxes on a stick, and the answers to what they put there. Raises NoSpace, OSError."""
        written = Written()
        for box in boxes:
            for found in stick.documents(Direction.UP, box):
                if isinstance(found, Carried) and (answer := self.staging.answer(found.manifest)) is not None:
                    stick.put_answer(Direction.DOWN, found.manifest, answer)
                    written.answers += 1
            for document in self._outgoing.waiting(box, 1_000_000):
                if self._put_document(stick, box, document):
                    written.documents += 1
                else:
                    written.there += 1
            written.words += self._post(box).put(stick)
        return written

    def boxes_waiting(self) -> list[str]:
        """Boxes for which something waits."""
        return sorted({*self._outgoing.boxes_waiting(), *boxes_with_news(self._store)})

    def _post(self, box: str) -> ProvincePost:
        return ProvincePost(self._store, self._key, self._kid, self._verify, box)

    def _put_document(self, stick: Stick, box: str, document: OutgoingDocument) -> bool:
        manifest = document.parcel().manifest(box)
        envelope = seal(self._kid, manifest.encode(), self._key.sign)
        path = self._outgoing.blobs.path(document.sha256)
        return stick.put(Direction.DOWN, manifest, envelope, lambda: path.open("rb"))

    def _stage(self, found: Carried) -> Fault | None:
        return self.staging.add(found, self._verify)

    def _take_answer(self, stick: Stick, box: str, answer: bytes, taken: Taken) -> None:
        try:
            receipt = read_receipt(answer, self._verify)
        except CodecError:
            taken.faults.append(Fault("forged", box, "answers"))
            return
        sent = self._outgoing.find(receipt.document_id, box) if receipt.box == box else []
        manifest = sent[0].parcel().manifest(box) if sent else None
        if manifest is None or not receipt.is_for(manifest):
            taken.faults.append(Fault("foreign", box, receipt.document_id))
            return
        if self._record(box, receipt, answer):
            taken.answers += 1
        stick.remove(Direction.DOWN, manifest)
        stick.remove_answer(Direction.UP, manifest)

    def _record(self, box: str, receipt: Receipt, answer: bytes) -> bool:
        word = "refused" if receipt.result is Result.REFUSED else "accepted"
        return self._outgoing.answered(box, receipt.document_id, word, answer, time.time(), receipt.code, receipt.text)

    def _answer(self, staged: list[Manifest], seconds: float, receiver: Callable[[], Receiver]) -> None:
        """Let the running receiver answer, or a passing one when none is running."""
        stop, failures = threading.Event(), list[BaseException]()

        def run() -> None:
            try:
                receiver().run(stop)
            except AlreadyRunning:
                return
            except BaseException as failure:
                failures.append(failure)

        thread = threading.Thread(target=run, name="courier-receiver", daemon=True)
        thread.start()
        try:
            self._wait(staged, seconds, lambda: bool(failures))
        finally:
            stop.set()
            thread.join(15)
        if failures:
            raise failures[0]

    def _wait(self, staged: list[Manifest], seconds: float, over: Callable[[], bool] = lambda: False) -> bool:
        until = time.monotonic() + seconds
        left = list(staged)
        while True:
            left = [manifest for manifest in left if self.staging.answer(manifest) is None]
            if not left or over() or time.monotonic() >= until:
                return not left
            time.sleep(POLL_SECONDS)
