"""MQTT 5 topic aliases of one connection (clause 3.3.2.3.4): paho neither makes them nor minds the broker's limit.

30 bytes of topic are 1.5 % of a chunk on 2G. The first topics that are sent get the few numbers there are.
"""

from __future__ import annotations


class TopicAliases:
    """Which topic the broker knows by which number, on the connection that is up now."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.most = 0

    def reset(self, most: int) -> None:
        """A new connection: nothing is known yet, and the broker grants numbers 1 to `most`."""
        self.known.clear()
        self.most = most

    def number(self, topic: str) -> int:
        """The number that stands for `topic`, one that is free, or 0 for none."""
        return self.known.get(topic) or (len(self.known) + 1 if len(self.known) < self.most else 0)

    def told(self, topic: str, number: int) -> None:
        """The topic went out whole with its number: from now on the number is enough."""
        self.known[topic] = number
