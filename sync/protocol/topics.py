"""The only place where a topic string of the wire is built or parsed (PROTOCOL.md §2).

Owns the topic tree under `commune/v1/`, the shard of a box and the broker's access list that follows from both. Refuses
box identities that could widen a topic: a box is `commune-` and five digits, nothing else.

    st/{box}                 up    presence, retained, last will
    u/{shard}/{box}/t        up    heartbeat
    u/{shard}/{box}/{kind}   up    what a box says of documents that go up, and of those that came down
    d/{box}/{kind}           down  what the province says, likewise
    p/state                  down  is the receiver there, retained, last will

Documents travel both ways by the same messages: of those that go up, `m`, `c`, `x` go up and `h`, `r` come down; of
those that come down it is the other way round. `Direction` is that difference, and the only place of it.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass
from enum import Enum, StrEnum

PREFIX = "commune/v1/"
SENDER = "province-sender"
"""Certificate name of the province's sending end."""
SHARDS = 16
PROVINCE_STATE = PREFIX + "p/state"
_BOX = re.compile(r"commune-[0-9]{5}")


class Kind(StrEnum):
    """What a topic carries; the value is its last level, or its first where that names it."""

    PRESENCE = "st"
    MANIFEST = "m"
    CHUNK = "c"
    EXPRESS = "x"
    HEARTBEAT = "t"
    HAVE = "h"
    RECEIPT = "r"
    NOTICE = "s"
    HEARD = "a"
    ORDER = "q"
    OUTCOME = "o"
    ACCOUNT = "k"
    PROVINCE = "state"


_OFFERING = frozenset({Kind.MANIFEST, Kind.CHUNK, Kind.EXPRESS})
_ANSWERING = frozenset({Kind.HAVE, Kind.RECEIPT})
_BOTH_WAYS = _OFFERING | _ANSWERING | {Kind.NOTICE, Kind.HEARD}
UPWARD = _BOTH_WAYS | {Kind.HEARTBEAT, Kind.OUTCOME, Kind.ACCOUNT}
DOWNWARD = _BOTH_WAYS | {Kind.ORDER}


class TopicError(ValueError):
    """A topic or box identity outside the tree of PROTOCOL.md §2."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One parsed topic; `box` is None only for `p/state`."""

    kind: Kind
    box: str | None
    down: bool = False
    """Whether the province wrote it."""


class Direction(Enum):
    """Which way documents travel."""

    UP = "up"
    DOWN = "down"

    def forward(self, box: str, kind: Kind) -> str:
        """Return the topic on which the sender of documents writes `kind`. Raises TopicError."""
        return upward(box, kind) if self is Direction.UP else downward(box, kind)

    def back(self, box: str, kind: Kind) -> str:
        """Return the topic on which the taker of documents answers with `kind`. Raises TopicError."""
        return downward(box, kind) if self is Direction.UP else upward(box, kind)

    def offers(self, topic: Topic) -> bool:
        """Say whether a message there is for the taker of documents."""
        return topic.down is (self is Direction.DOWN) and topic.kind in _OFFERING

    def answers(self, topic: Topic) -> bool:
        """Say whether a message there is for the sender of documents."""
        return topic.down is (self is Direction.UP) and topic.kind in _ANSWERING


def is_box(box: str) -> bool:
    """Say whether `box` is a well-formed box identity (`commune-` and five digits)."""
    return _BOX.fullmatch(box) is not None


def shard(box: str) -> int:
    """Return the shard 0..15 of a box: CRC-16/XMODEM of its identity modulo 16. Raises TopicError."""
    return crc_hqx(_checked(box).encode("ascii"), 0) % SHARDS


def presence(box: str) -> str:
    """Return the retained presence topic of a box. Raises TopicError."""
    return f"{PREFIX}st/{_checked(box)}"


def upward(box: str, kind: Kind) -> str:
    """Return the topic a box writes messages of `kind` to. Raises TopicError."""
    if kind not in UPWARD:
        raise TopicError(f"{kind.name} does not travel upward under a shard")
    return f"{PREFIX}u/{shard(box)}/{box}/{kind.value}"


def downward(box: str, kind: Kind) -> str:
    """Return the topic a box reads messages of `kind` from. Raises TopicError."""
    if kind not in DOWNWARD:
        raise TopicError(f"{kind.name} does not travel downward")
    return f"{PREFIX}d/{_checked(box)}/{kind.value}"


def box_filters(box: str) -> tuple[tuple[str, int], ...]:
    """Return the (filter, QoS) pairs a box subscribes to. Raises TopicError."""
    return (
        (downward(box, Kind.HAVE), 0),
        (downward(box, Kind.RECEIPT), 1),
        (downward(box, Kind.ORDER), 1),
        (downward(box, Kind.MANIFEST), 1),
        (downward(box, Kind.CHUNK), 0),
        (downward(box, Kind.EXPRESS), 0),
        (downward(box, Kind.NOTICE), 1),
        (downward(box, Kind.HEARD), 0),
        (PROVINCE_STATE, 1),
    )


def sender_filters() -> tuple[tuple[str, int], ...]:
    """Return the (filter, QoS) pairs of the province's sending end: presence, and what boxes answer it."""
    answers = ((Kind.HAVE, 0), (Kind.RECEIPT, 1), (Kind.NOTICE, 1), (Kind.HEARD, 0), (Kind.OUTCOME, 1))
    return (*((f"{PREFIX}u/+/+/{kind.value}", qos) for kind, qos in answers), (f"{PREFIX}st/+", 1))


def receiver_filters(shards: range | None = None) -> tuple[tuple[str, int], ...]:
    """Return the (filter, QoS) pairs of a receiver for its shards (all of them by default)."""
    if shards is None:
        return ((f"{PREFIX}u/+/+/+", 1), (f"{PREFIX}st/+", 1))
    return (*((f"{PREFIX}u/{number}/+/+", 1) for number in shards), (f"{PREFIX}st/+", 1))


def parse(topic: str) -> Topic:
    """Return what a received topic is.

    Raises TopicError for any string outside the tree, or a box under a foreign shard.
    """
    if topic == PROVINCE_STATE:
        return Topic(Kind.PROVINCE, None)
    levels = topic.removeprefix(PREFIX).split("/") if topic.startswith(PREFIX) else []
    try:
        match levels:
            case ["st", box] if topic == presence(box):
                return Topic(Kind.PRESENCE, box)
            case ["u", _, box, kind] if topic == upward(box, Kind(kind)):
                return Topic(Kind(kind), box)
            case ["d", box, kind] if topic == downward(box, Kind(kind)):
                return Topic(Kind(kind), box, down=True)
    except ValueError:
        pass  # unknown kind or malformed box: refused below like every other stranger
    raise TopicError(f"not a topic of this wire: {topic[:80]!r}")


def broker_access_list(receiver: str, sender: str = SENDER) -> str:
    """Return mosquitto's acl_file: each certificate name reaches its own topics only, `receiver` reaches all of them.

    `sender`, the province's sending end, writes to boxes and reads what they answer; it cannot give a receipt for what
    boxes send, nor say that the receiver is there.

    mosquitto applies `pattern` lines to every client, with %u the certificate's common name; a plain `topic` line
    before the first `user` would serve anonymous clients only.
    """
    return "\n".join(
        (
            f"pattern write {PREFIX}u/+/%u/+",
            f"pattern write {PREFIX}st/%u",
            f"pattern read {PREFIX}d/%u/+",
            f"pattern read {PROVINCE_STATE}",
            "",
            f"user {receiver}",
            f"topic readwrite {PREFIX}#",
            "",
            f"user {sender}",
            *(f"topic write {PREFIX}d/+/{kind.value}" for kind in _WRITTEN_BY_SENDER),
            *(f"topic read {name}" for name, _ in sender_filters()),
            "",
        )
    )


_WRITTEN_BY_SENDER = (Kind.MANIFEST, Kind.CHUNK, Kind.EXPRESS, Kind.NOTICE, Kind.HEARD, Kind.ORDER)


def _checked(box: str) -> str:
    if not is_box(box):
        raise TopicError(f"not a box identity: {box[:40]!r}")
    return box
