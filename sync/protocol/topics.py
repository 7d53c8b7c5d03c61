"""The only place where a topic string of the wire is built or parsed (PROTOCOL.md §2).

Owns the topic tree under `commune/v1/`, the shard of a box and the broker's access list that follows from both. Refuses
box identities that could widen a topic: a box is `commune-` and five digits, nothing else.

    st/{box}                 up    presence, retained, last will
    u/{shard}/{box}/m        up    query with manifests
    u/{shard}/{box}/c        up    bulk chunk
    u/{shard}/{box}/x        up    express chunk (hỏa tốc)
    u/{shard}/{box}/t        up    heartbeat
    d/{box}/h                down  have
    d/{box}/r                down  receipt or refusal
    d/{box}/q                down  command (reserved)
    p/state                  down  is the receiver there, retained, last will
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "commune/v1/"
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
    COMMAND = "q"
    PROVINCE = "state"


UPWARD = frozenset({Kind.MANIFEST, Kind.CHUNK, Kind.EXPRESS, Kind.HEARTBEAT})
DOWNWARD = frozenset({Kind.HAVE, Kind.RECEIPT, Kind.COMMAND})


class TopicError(ValueError):
    """A topic or box identity outside the tree of PROTOCOL.md §2."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One parsed topic; `box` is None only for `p/state`."""

    kind: Kind
    box: str | None


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
        (downward(box, Kind.COMMAND), 1),
        (PROVINCE_STATE, 1),
    )


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
                return Topic(Kind(kind), box)
    except ValueError:
        pass  # unknown kind or malformed box: refused below like every other stranger
    raise TopicError(f"not a topic of this wire: {topic[:80]!r}")


def broker_access_list(receiver: str) -> str:
    """Return mosquitto's acl_file: each certificate name reaches its own topics only, `receiver` reaches all of them.

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
        )
    )


def _checked(box: str) -> str:
    if not is_box(box):
        raise TopicError(f"not a box identity: {box[:40]!r}")
    return box
