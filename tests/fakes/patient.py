"""A scripted box that asks again and again, as a real one does, whatever happens to the province meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

from sync.protocol.receipt import Receipt
from tests.fakes.province import ScriptedBox


def deliver_patiently(
    box: ScriptedBox, content: bytes, document_id: str, sequence: int, seconds: float = 90
) -> Receipt:
    """Offer until the answer is there, sending what the province says it lacks. Raises AssertionError."""
    manifest = box.manifest(content, document_id, sequence)

    def answers() -> list[Receipt]:
        return [receipt for receipt in box.receipts if receipt.document_id == document_id]

    def turn_until(true: Callable[[], object], most: float) -> None:
        until = time.monotonic() + most
        while not true() and time.monotonic() < until:
            box.turn(0.05)

    end = time.monotonic() + seconds
    while not answers():
        assert time.monotonic() < end, f"{box.box} waited in vain for {document_id}"
        turn_until(lambda: box.link.connected, 5)
        box.haves.clear()
        if not box.link.connected:
            continue
        box.ask(box.seal(manifest))
        turn_until(lambda: answers() or any(have.tid == manifest.tid for have in box.haves), 2)
        held = [have for have in box.haves if have.tid == manifest.tid]
        if held and not held[-1].state:
            ranges = held[-1].ranges
            try:
                box.send(manifest, content, ranges[0][1] if ranges and ranges[0][0] == 0 else 0)
            except AssertionError:  # the link died in the middle of it
                continue
        turn_until(answers, 2)
    return answers()[-1]
