"""The load of `bench receiver`: many boxes in one process. `python -m tests.bench.receiver_load JSON` → JSON.

`deliver`: every box one document after the other, all at once (closed loop), for `seconds` after a warm-up. `paced`: so
many documents a second in all, whatever comes back. `hold`: connect, stay, deliver one document each from a few.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

from sync.wire_identity import SigningKey, verifier
from tests.bench.receiver_wire import Parcel, WireBox, tls

DIALS = 24
"""Handshakes under way at a time."""


class Load:
    """Boxes and what they deliver."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        root = Path(asked["boxes"])
        names = sorted(path.name for path in root.iterdir())[: asked["count"]]
        verify = verifier(asked["receipt_keys"])
        ca = Path(asked["ca"])
        self.boxes = [
            WireBox(
                name, asked["port"], tls(root / name, ca), SigningKey.load(root / name / "device.key"), verify,
                asked["plain"],
            )
            for name in names
        ]  # fmt: skip
        self._papers = [path.read_bytes() for path in sorted(Path(asked["papers"]).glob("*.pdf"))]
        self._number, self.delivered = 0, 0
        self._draw = random.Random(1)

    def parcel(self) -> Parcel:
        """The next document: a signed paper, or 200 KB of chance with a new beginning each time."""
        self._number += 1
        document_id = f"0192f0c1-{os.getpid() & 0xFFFF:04x}-7000-8000-{self._number:012d}"
        paper = self._papers[self._number % len(self._papers)]
        if not self._asked["signed"]:
            paper = document_id.encode() + paper[len(document_id) :]
        return Parcel(document_id, paper)

    async def connect(self) -> float:
        """Seconds until all of them are connected."""
        began, gate = time.monotonic(), asyncio.Semaphore(DIALS)

        async def one(box: WireBox) -> None:
            async with gate:
                await box.connect()

        await asyncio.gather(*(one(box) for box in self.boxes))
        return time.monotonic() - began

    async def closed(self, seconds: float) -> dict[str, Any]:
        """Every box always has one document under way. The first fifth of the time is not counted."""
        took: list[tuple[float, float]] = []
        began = time.monotonic()
        count_from, stop = began + seconds * 0.2, began + seconds

        async def one(box: WireBox) -> None:
            while time.monotonic() < stop:
                whole, last = await box.deliver(self.parcel())
                self.delivered += 1
                if count_from <= time.monotonic() <= stop:
                    took.append((whole, last))

        await asyncio.gather(*(one(box) for box in self.boxes))
        return _figures(took, stop - count_from)

    async def paced(self, rate: float, seconds: float) -> dict[str, Any]:
        """Documents become ready at a steady rate, each at the next box that is free."""
        took: list[tuple[float, float]] = []
        free: asyncio.Queue[WireBox] = asyncio.Queue()
        for box in self.boxes:
            free.put_nowait(box)
        under_way = set()

        async def one(box: WireBox) -> None:
            took.append(await box.deliver(self.parcel()))
            self.delivered += 1
            free.put_nowait(box)

        began = time.monotonic()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            under_way.add(asyncio.create_task(one(await free.get())))
        await asyncio.gather(*under_way)
        return _figures(took, time.monotonic() - began)


def _figures(took: list[tuple[float, float]], seconds: float) -> dict[str, Any]:
    last = sorted(each[1] for each in took)
    at = lambda share: round(last[min(len(last) - 1, int(len(last) * share))] * 1000, 1) if last else None  # noqa: E731
    return {
        "documents": len(took),
        "documents_a_second": round(len(took) / seconds, 1),
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
    }


async def main(asked: dict[str, Any]) -> dict[str, Any]:
    """One measurement; between its steps the parent is told by a line, and answers with one."""
    load = Load(asked)
    found: dict[str, Any] = {"connect_s": round(await load.connect(), 2)}
    if asked["do"] == "deliver":
        found |= await load.closed(asked["seconds"])
    elif asked["do"] == "paced":
        found |= await load.paced(asked["rate"], asked["seconds"])
    else:
        await asyncio.sleep(asked["seconds"])
        some = load.boxes[:: max(1, len(load.boxes) // 20)]
        began = time.monotonic()
        await asyncio.gather(*(box.deliver(load.parcel()) for box in some))
        found |= {"connected": len(load.boxes), "then_delivered": len(some), "in_s": round(time.monotonic() - began, 2)}
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    if load.delivered:
        found["delivered"] = load.delivered
    found["refused"] = sorted({code for box in load.boxes for code in box.refused})
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found["load_cpu_s"] = round(usage.ru_utime + usage.ru_stime, 2)
    for box in load.boxes:
        await box.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
