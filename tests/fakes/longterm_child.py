"""A process that makes one step of long-term proof and can die at any of its durable operations.

Run as ``python -m tests.fakes.longterm_child N STATE TSA ROOT ISSUING MOMENT``: kills itself with SIGKILL in front of
the N-th fsync or rename (0: never), before anything else has had a chance to tidy up.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

_done = 0


def _deadly(number: int, original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*positional: Any, **named: Any) -> Any:
        global _done
        _done += 1
        if _done == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*positional, **named)

    return call


def main() -> None:
    """Make one step; prints what `once` said."""
    number, state, url, root, issuing, moment = sys.argv[1:]
    os.fsync, os.replace = _deadly(int(number), os.fsync), _deadly(int(number), os.replace)
    # Imported now, because the store keeps the two functions it finds at its import.
    from appliance.pipeline.longterm import Upgrading
    from appliance.store import open_store
    from hsm.longterm import Schedule
    from hsm.trust import Trust
    from hsm.tsa import Pace, StampClient
    from hsm.upgrade import Upgrader

    folder = Path(state)
    trust = Trust.from_files([Path(root)], [Path(issuing)])
    client = StampClient((url,), trust, Pace(1000, 60.0), patience=60.0)
    now = datetime.fromisoformat(moment)
    store = open_store(folder / "box.db", folder / "blobs")
    upgrader = Upgrader(trust, trust, client.stamp)
    print(Upgrading(store, folder / "work", upgrader, lambda: now, Schedule()).once())
    store.close()


if __name__ == "__main__":
    main()
