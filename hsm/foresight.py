"""Asking where appearances will go, from a process that loads nothing for it: the answer comes from a limited child.

See `hsm.planning`, which is the child. Sizes are points, nudges millimetres.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hsm.places import Nudge, Placement, PlacementError, Size

WALL_SECONDS = 30.0


def planned_apart(
    source: Path,
    slots: tuple[str, ...],
    sizes: Sequence[Size],
    seal_size: Size | None,
    nudges: Mapping[str, Nudge],
) -> dict[str, Placement]:
    """The places that `hsm.planning.places_of_slots` finds; the number's field is not told. Raises: PlacementError."""
    asked = {"slots": slots, "sizes": sizes, "seal": seal_size, "nudges": dict(nudges)}
    home = str(Path(__file__).resolve().parent.parent)
    search = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hsm.planning", str(source)],
            input=json.dumps(asked),
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": search},
            capture_output=True,
            text=True,
            timeout=WALL_SECONDS,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError, OSError) as error:
        raise PlacementError(type(error).__name__) from error
    if "code" in answer:
        raise PlacementError(answer["detail"], answer["code"])
    places = {}
    for slot, told in answer["places"].items():
        place: dict[str, Any] = {name: tuple(part) if isinstance(part, list) else part for name, part in told.items()}
        places[slot] = Placement(**place)
    return places
