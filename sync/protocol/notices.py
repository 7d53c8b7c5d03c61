"""Notices: what becomes of a document at the other end, small signed messages in a numbered stream (PROTOCOL.md §4.7).

Owns the two messages (a notice, and up to which of them was heard), the codes of Decision 28/2018/QĐ-TTg, and the two
rules about them: who may say what, and which stage may follow which. Refuses to keep anything: streams are rows.
Invariant: notices of one stream are taken in order without gaps, each once; what was heard is signed, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.protocol.codec import CodecError, encode
from sync.protocol.cose import Sign, Verify, seal, unseal
from sync.protocol.fields import Fields, with_extra
from sync.protocol.topics import Direction, is_box

ARRIVED, DECLINED, TAKEN, ASSIGNED, IN_HAND, FINISHED = "01", "02", "03", "04", "05", "06"
RECALL, AGREED, KEPT = "13", "15", "16"
CODES = frozenset({ARRIVED, DECLINED, TAKEN, ASSIGNED, IN_HAND, FINISHED, RECALL, AGREED, KEPT})
NEEDS_REASON = frozenset({DECLINED, RECALL, KEPT})
"""Codes that must carry a reason (Decision 28/2018, article 9: a refusal carries its reason)."""
MAX_NOTICES = 16
MAX_REASON, MAX_BY = 2000, 200
_FOLLOWS: Mapping[str, frozenset[str]] = {
    ARRIVED: frozenset({DECLINED, TAKEN}),
    TAKEN: frozenset({ASSIGNED, IN_HAND, FINISHED}),
    ASSIGNED: frozenset({ASSIGNED, IN_HAND, FINISHED}),
    IN_HAND: frozenset({ASSIGNED, IN_HAND, FINISHED}),
}
_NOTICE, _HEARD = "notice", "heard"


def clean(text: str, most: int) -> str:
    """Return `text` as it may travel: a notice that the other end cannot read would hold up all that follow it."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)[:most]


def may_follow(before: str, after: str) -> bool:
    """Say whether handling may go from stage `before` to `after`; 02 and 06 end it."""
    return after in _FOLLOWS.get(before, frozenset())


def may_say(speaker: Direction, way: Direction, code: str) -> bool:
    """Say whether the end that speaks `speaker`wards may say `code` of a document that travelled `way`.

    Who sent it asks for it back; who got it says everything else.
    """
    return (speaker is way) is (code == RECALL)


@dataclass(frozen=True, slots=True)
class Notice:
    """One word about one document."""

    box: str
    stream: bytes
    """8 bytes: names the speaker's memory; another one counts from 1 again."""
    number: int
    way: Direction
    """Which way the document travelled."""
    tid: bytes
    document_id: str
    code: str
    wall: int
    """Unix seconds by the speaker's clock."""
    reason: str = ""
    by: str = ""
    """The person or unit, as the speaker names them."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of the speaker's COSE_Sign1. Raises CodecError."""
        known: dict[int, object] = {
            1: _NOTICE, 2: self.box, 3: self.stream, 4: self.number, 5: int(self.way is Direction.DOWN), 6: self.tid,
            7: self.document_id, 8: int(self.code), 9: self.wall, 10: self.reason, 11: self.by,
        }  # fmt: skip
        return encode(with_extra(known, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Notice:
        """Read a notice. Raises CodecError; an unknown code is `unsupported-version`."""
        fields = Fields(encoded)
        box, stream = _head(fields, _NOTICE)
        number, down, tid = fields.count(4), fields.count(5, most=1), fields.take(6, bytes)
        code = f"{fields.count(8, most=99):02}"
        if code not in CODES:
            raise CodecError("unsupported-version", f"code {code}")
        document_id = fields.text(7, 64)
        if number < 1 or len(tid) != 8 or not document_id or not document_id.isprintable():
            raise CodecError("bad-field", "number, tid or document id")
        return cls(
            box, stream, number, Direction.DOWN if down else Direction.UP, tid, document_id, code,
            fields.moment(9), fields.words(10, MAX_REASON), fields.words(11, MAX_BY), fields.extra(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """All notices of a stream up to `number` are kept; 0: none yet, and it is known now that there is this stream."""

    box: str
    stream: bytes
    number: int
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of the hearer's COSE_Sign1. Raises CodecError."""
        return encode(with_extra({1: _HEARD, 2: self.box, 3: self.stream, 4: self.number}, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Heard:
        """Read it. Raises CodecError."""
        fields = Fields(encoded)
        box, stream = _head(fields, _HEARD)
        return cls(box, stream, fields.count(4), fields.extra())


def _head(fields: Fields, word: str) -> tuple[str, bytes]:
    if fields.text(1, 10) != word:
        raise CodecError("bad-field", "another kind of message")
    box, stream = fields.text(2, 13), fields.take(3, bytes)
    if not is_box(box) or len(stream) != 8:
        raise CodecError("bad-field", "box or stream")
    return box, stream


def batch(envelopes: list[bytes]) -> bytes:
    """Return the payload of topic `s`: up to 16 signed notices, in order. Raises CodecError."""
    return encode(with_extra({1: list(envelopes)}, {}))


def unbatch(payload: bytes) -> list[bytes]:
    """Read the payload of topic `s`. Raises CodecError."""
    envelopes = Fields(payload).take(1, list)
    if not 0 < len(envelopes) <= MAX_NOTICES or not all(isinstance(one, bytes) for one in envelopes):
        raise CodecError("bad-field", "notices")
    return list(envelopes)


class Voice:
    """One end's key and the other end's: seals what is said, opens what is heard. `box` is whom all of it is about."""

    def __init__(self, box: str, speaks: Direction, kid: str, sign: Sign, verify: Verify) -> None:
        """`speaks`: UP for the box, DOWN for the province. `verify`: the other end's keys, never one's own."""
        self.box, self.speaks = box, speaks
        self._kid, self._sign, self._verify = kid, sign, verify

    def seal(self, message: Notice | Heard) -> bytes:
        """Return the COSE_Sign1 of a message; the same for the same message, always."""
        return seal(self._kid, message.encode(), self._sign)

    def notice(self, envelope: bytes) -> Notice:
        """Open, verify and read a notice of the other end. Raises CodecError."""
        notice = Notice.decode(self._opened(envelope))
        other = Direction.DOWN if self.speaks is Direction.UP else Direction.UP
        if notice.box != self.box:
            raise CodecError("foreign-notice", notice.box)
        if not may_say(other, notice.way, notice.code):
            raise CodecError("foreign-notice", f"code {notice.code} is not theirs to say")
        return notice

    def heard(self, envelope: bytes) -> Heard:
        """Open, verify and read what the other end has heard. Raises CodecError."""
        heard = Heard.decode(self._opened(envelope))
        if heard.box != self.box:
            raise CodecError("foreign-notice", heard.box)
        return heard

    def _opened(self, envelope: bytes) -> bytes:
        sealed = unseal(envelope)
        from_box = sealed.kid == self.box
        if from_box is (self.speaks is Direction.UP) or not sealed.verified_by(self._verify):
            raise CodecError("bad-signature", f"kid {sealed.kid!r}")
        return sealed.payload
