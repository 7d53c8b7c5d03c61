"""Says and hears notices over one line (PROTOCOL.md §5.5): the same at a box and, once for each box, at the province.

Owns when to say them again. Refuses to keep them: its `NoticeBook` does, and what it takes is durable on return.
Invariants: always the oldest unheard ones first, at most 16 under way; whatever comes out of order or again changes
nothing and is answered with how far it was heard; what the other end has heard counts only under its signature.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from sync.protocol.codec import CodecError
from sync.protocol.notices import MAX_NOTICES, Heard, Notice, Voice, batch, unbatch
from sync.protocol.step import Finding, Now, Publish
from sync.protocol.topics import Direction, Kind, TopicError, downward, parse, upward

_LOG = logging.getLogger(__name__)
AGAIN_SECONDS, AGAIN_MOST = 8.0, 300.0
LOOK_SECONDS = 1.0
_BATCH_BYTES = 24 * 1024


class NoticeBook(Protocol):
    """One end's memory of notices about the documents of one box. Every change is durable on return, and idempotent."""

    def unheard(self, limit: int) -> list[Notice]:
        """Return what was said and not heard, lowest numbers first."""

    def heard(self, stream: bytes, number: int) -> None:
        """Note that the other end keeps `stream` up to exactly `number`: less than before when it lost its memory.

        Another memory's stream means nothing.
        """

    def last(self, stream: bytes) -> int:
        """Return up to which number the other end's stream was taken."""

    def take(self, notice: Notice, envelope: bytes) -> None:
        """Keep the next notice of its stream, and what follows from it."""


class NoticeLine:
    """A `sync.uplink.Companion`; the province calls the same for each box."""

    def __init__(
        self, voice: Voice, book: NoticeBook, on_finding: Callable[[Finding], None] = lambda _finding: None
    ) -> None:
        self._voice, self._book, self._on_finding = voice, book, on_finding
        self._connected = False
        self._said_at, self._wait = 0.0, AGAIN_SECONDS
        self._said: tuple[int, int] = (0, 0)
        self._next_look = 0.0

    def begin(self, wake: Callable[[], None]) -> None:
        """Nothing to get ready."""

    def end(self) -> None:
        """Nothing to let go."""

    def on_connected(self, now: Now) -> list[Publish]:
        """Say what is unheard on the new connection."""
        self._connected, self._said, self._wait = True, (0, 0), AGAIN_SECONDS
        return self._say(now)

    def on_disconnected(self) -> None:
        """Say nothing until the other end is there again."""
        self._connected = False

    def on_message(self, topic: str, payload: bytes, now: Now) -> list[Publish]:
        """Take notices, or the word how far ours were heard; durable on return."""
        try:
            parsed = parse(topic)
            if parsed.box != self._voice.box or parsed.down is (self._voice.speaks is Direction.DOWN):
                return []
            if parsed.kind is Kind.NOTICE:
                return self._take(unbatch(payload))
            if parsed.kind is Kind.HEARD:
                heard = self._voice.heard(payload)
                self._book.heard(heard.stream, heard.number)
                if heard.number >= self._said[0]:
                    self._said = (0, 0)  # it moved on: what follows may go at once
                return self._say(now)
        except (TopicError, CodecError) as error:
            self._found(getattr(error, "code", "foreign-topic"), str(error))
        return []

    def on_turn(self, now: Now) -> list[Publish]:
        """Say what is new, and again what nobody answered."""
        if not self._connected or now.mono < self._next_look:
            return []
        self._next_look = now.mono + LOOK_SECONDS
        return self._say(now)

    def next_due(self, now: Now) -> float:
        """See the port; rows change behind our back, so this looks about once a second."""
        return self._next_look if self._connected else now.mono + 3600.0

    def _say(self, now: Now) -> list[Publish]:
        notices = self._book.unheard(MAX_NOTICES)
        if not notices:
            return []
        sealed = self._fitting([self._voice.seal(one) for one in notices])
        span = (notices[0].number, notices[len(sealed) - 1].number)
        if span == self._said and now.mono < self._said_at + self._wait:
            return []
        self._wait = min(self._wait * 2, AGAIN_MOST) if span == self._said else AGAIN_SECONDS
        self._said, self._said_at = span, now.mono
        return [Publish(self._topic(Kind.NOTICE), batch(sealed), qos=1)]

    def _fitting(self, sealed: list[bytes]) -> list[bytes]:
        """As many of the first as one message holds, but one at least."""
        size, count = 0, 0
        while count < len(sealed) and (not count or size + len(sealed[count]) <= _BATCH_BYTES):
            size += len(sealed[count])
            count += 1
        return sealed[:count]

    def _take(self, envelopes: list[bytes]) -> list[Publish]:
        stream = b""
        for envelope in envelopes:
            try:
                notice = self._voice.notice(envelope)
            except CodecError as error:
                self._found(error.code, str(error))
                break
            stream = notice.stream
            if notice.number == self._book.last(stream) + 1:
                self._book.take(notice, envelope)
        if not stream:
            return []
        heard = Heard(self._voice.box, stream, self._book.last(stream))
        return [Publish(self._topic(Kind.HEARD), self._voice.seal(heard), qos=0)]

    def _topic(self, kind: Kind) -> str:
        build = upward if self._voice.speaks is Direction.UP else downward
        return build(self._voice.box, kind)

    def _found(self, code: str, detail: str) -> None:
        finding = Finding(code, self._voice.box, {"topic": "s", "detail": detail[:120]})
        _LOG.warning("finding %s %s", finding.code, dict(finding.params))
        self._on_finding(finding)
