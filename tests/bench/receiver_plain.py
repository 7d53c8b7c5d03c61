"""What the receiver is compared with: a subscriber that writes chunks into files, flushes each file once, and says so.

No signature is looked at, none is made, nothing is kept in rows: the floor of what receiving a file costs.
`python -m tests.bench.receiver_plain FOLDER PORT OUT`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import paho.mqtt.client as mqtt

from sync.protocol import topics
from sync.protocol.chunk import Chunk
from sync.protocol.cose import unseal
from sync.protocol.messages import Manifest, Query
from sync.protocol.topics import Kind


class Writer:
    """Files under way by transfer."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._open: dict[bytes, tuple[int, int, bytes, str]] = {}
        self._held: dict[bytes, int] = {}

    def on_message(self, client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        """Write one chunk; answer when the file is whole and flushed."""
        topic = topics.parse(message.topic)
        if topic.kind is Kind.MANIFEST:
            for envelope in Query.decode(message.payload).offers:
                said = Manifest.decode(unseal(envelope).payload)
                path = self._out / f"{said.tid.hex()}.bin"
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o640)
                self._open[said.tid] = (descriptor, said.size, said.digest, str(topic.box))
                self._held[said.tid] = 0
        elif topic.kind is Kind.CHUNK:
            chunk = Chunk.decode(message.payload)
            descriptor, size, digest, box = self._open[chunk.tid]
            os.pwrite(descriptor, chunk.content, chunk.offset)
            self._held[chunk.tid] += len(chunk.content)
            if self._held[chunk.tid] >= size:
                os.fdatasync(descriptor)
                os.close(descriptor)
                del self._open[chunk.tid], self._held[chunk.tid]
                client.publish(topics.downward(box, Kind.RECEIPT), digest, 1)


def main() -> None:
    """Until it is killed."""
    folder, port, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    writer = Writer(out)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="province-receiver", protocol=mqtt.MQTTv5)
    client.tls_set(str(folder / "ca.pem"), str(folder / "receiver.pem"), str(folder / "receiver.key"))
    client.on_message = writer.on_message
    client.on_connect = lambda *_: (client.subscribe("commune/v1/u/+/+/+", 1), print("ready", flush=True))
    client.connect("127.0.0.1", port)
    client.loop_forever()


if __name__ == "__main__":
    main()
