"""Notices, orders and what was heard of them, by hand (PROTOCOL.md §5.4 rule 5): the wire's own messages as files.

Owns which of them lie on a stick and what is done with those that come. Refuses to judge them anew: what takes them is
what takes them from the wire, so that signatures, numbers and counters fence a copied or an old stick as they fence an
old message. Invariants: what the stick brings is durable before the word that it was heard lies there; a message leaves
the stick when its own end knows that it was heard.

    commune-box-courier/{way}/{box}/words/{kind}-{stream}-{number}.cose    kind as the last level of the wire's topic
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sync.courier import Fault, Stick, small_content, write_small
from sync.notices import NoticeBook, NoticeLine
from sync.orders import OrderLine
from sync.protocol.codec import CodecError
from sync.protocol.cose import unseal
from sync.protocol.notices import MAX_NOTICES, Voice, batch
from sync.protocol.orders import Outcome
from sync.protocol.step import Finding, Now
from sync.protocol.topics import Direction, Kind, downward, upward

_NAME = re.compile(r"([saqo])-([0-9a-f]{16})-([0-9]{12})\.cose")
_NO_STREAM = "0" * 16
_MOST_NOTICES = 100_000
_FAULTS = {"bad-signature": "forged", "foreign-notice": "foreign", "foreign-order": "foreign"}


class Words:
    """The small messages of one box that travel one way."""

    def __init__(self, stick: Stick, way: Direction, box: str) -> None:
        self._folder = stick.folder / way.value / box / "words"

    def put(self, name: str, payload: bytes) -> bool:
        """Write a message; False when it lay here. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if small_content(self._folder / name) == payload:
            return False
        write_small(self._folder / name, payload)
        return True

    def every(self) -> list[tuple[str, Kind, bytes]]:
        """All messages here, those of a stream in order; links, odd names and what is too large are passed over."""
        found = []
        for path in self._paths():
            match, content = _NAME.fullmatch(path.name), small_content(path)
            if match and content is not None:
                found.append((path.name, Kind(match.group(1)), content))
        return found

    def remove(self, name: str) -> None:
        """Take a message off the stick; one that is read-only keeps it, which harms nothing."""
        with suppress(OSError):
            (self._folder / name).unlink(missing_ok=True)

    def keep_only(self, kind: Kind, names: Iterable[str]) -> None:
        """Take all others of a kind off the stick."""
        wanted = set(names)
        for path in self._paths():
            if path.name.startswith(f"{kind.value}-") and path.name not in wanted:
                self.remove(path.name)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.iterdir()) if self._folder.is_dir() and not self._folder.is_symlink() else []


def word_name(kind: Kind, number: int, stream: bytes | None = None) -> str:
    """The file's name of a message."""
    return f"{kind.value}-{stream.hex() if stream else _NO_STREAM}-{number:012}.cose"


@dataclass
class Told:
    """What came: notices taken, orders obeyed or outcomes recorded, and what was not taken."""

    notices: int = 0
    orders: int = 0
    faults: list[Fault] = field(default_factory=list)


class Post:
    """One end's small messages of one box. `voice` and `book` are those of its `NoticeLine`."""

    def __init__(self, voice: Voice, book: NoticeBook) -> None:
        self._voice, self._book = voice, book
        self._other = Direction.UP if voice.speaks is Direction.DOWN else Direction.DOWN

    def open_orders(self) -> Mapping[int, bytes]:
        """The sealed orders that wait for an outcome, by counter: only a province has them."""
        return {}

    def take_order(self, kind: Kind, payload: bytes, told: Told) -> bytes | None:
        """Take an order, and return its outcome, or take an outcome."""
        return None

    def put(self, stick: Stick) -> int:
        """Put on the stick what the other end has not heard, and take off it what it has; returns how many messages
        are new there. Raises OSError."""
        words = Words(stick, self._voice.speaks, self._voice.box)
        notices = self._book.unheard(_MOST_NOTICES)
        wanted = {}
        for at in range(0, len(notices), MAX_NOTICES):
            some = notices[at : at + MAX_NOTICES]
            name = word_name(Kind.NOTICE, some[0].number, some[0].stream)
            wanted[name] = batch([self._voice.seal(notice) for notice in some])
        orders = {word_name(Kind.ORDER, counter): sealed for counter, sealed in self.open_orders().items()}
        words.keep_only(Kind.NOTICE, wanted)
        words.keep_only(Kind.ORDER, orders)
        return sum([words.put(name, payload) for name, payload in (wanted | orders).items()])

    def take(self, stick: Stick) -> Told:
        """Take what the other end put on the stick, and put there what is to be said of it. Raises OSError."""
        told, replies = Told(), Words(stick, self._voice.speaks, self._voice.box)
        came = Words(stick, self._other, self._voice.box)
        every = came.every()
        for name, kind, payload in every:
            faults = len(told.faults)
            if kind is Kind.NOTICE:
                self._take_notices(name, payload, told, replies)
            elif kind is Kind.HEARD:
                self._take_heard(name, payload, told)
            elif (reply := self.take_order(kind, payload, told)) is not None:
                outcome = Outcome.decode(unseal(reply).payload)
                told.orders += replies.put(word_name(Kind.OUTCOME, outcome.counter), reply)
            if kind in (Kind.HEARD, Kind.OUTCOME) and len(told.faults) == faults:
                came.remove(name)
        if every:
            self.put(stick)
        return told

    def _take_notices(self, name: str, payload: bytes, told: Told, replies: Words) -> None:
        stream = bytes.fromhex(name.split("-")[1])
        before = self._book.last(stream)
        line = NoticeLine(self._voice, self._book, lambda finding: told.faults.append(self.fault(finding, name)))
        for said in line.on_message(self._topic(Kind.NOTICE), payload, Now(time.monotonic(), int(time.time()))):
            replies.put(word_name(Kind.HEARD, 0, stream), said.payload)
        told.notices += self._book.last(stream) - before

    def _take_heard(self, name: str, payload: bytes, told: Told) -> None:
        """Only one that is news: an old copy of a stick must not look like an end that has lost its memory."""
        try:
            heard = self._voice.heard(payload)
        except CodecError as error:
            told.faults.append(self.fault(Finding(error.code), name))
            return
        first = self._book.unheard(1)
        if first and first[0].stream == heard.stream and heard.number >= first[0].number:
            self._book.heard(heard.stream, heard.number)

    def _topic(self, kind: Kind) -> str:
        """The topic on which the other end would have said it."""
        return (upward if self._other is Direction.UP else downward)(self._voice.box, kind)

    def fault(self, finding: Finding, name: str) -> Fault:
        """A finding of what takes messages, as it is told of a stick."""
        return Fault(_FAULTS.get(finding.code, "unreadable"), self._voice.box, name)


class BoxPost(Post):
    """A box's: it obeys orders, and lays the outcome on the stick."""

    def __init__(self, voice: Voice, book: NoticeBook, orders: OrderLine) -> None:
        super().__init__(voice, book)
        self._orders = orders

    def take_order(self, kind: Kind, payload: bytes, told: Told) -> bytes | None:
        """See `Post`. What is forged is no order, and is told as a fault; an old one gets the outcome it had."""
        if kind is not Kind.ORDER:
            return None
        said = self._orders.on_message(self._topic(kind), payload, Now(time.monotonic(), int(time.time())))
        if not said:
            told.faults.append(Fault("forged", self._voice.box, "orders"))
            return None
        return said[0].payload
