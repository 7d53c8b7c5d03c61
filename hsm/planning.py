"""Where the appearances of a document will go, before anybody signs: the same answer that signing will give.

Knows no pyHanko and no token, so a page may ask for it. `planned_apart` asks in a limited child, `python -m
hsm.planning` with a request as JSON on standard input: the document may be hostile. Sizes are points, nudges
millimetres.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hsm.paper import POINTS_PER_MILLIMETRE
from hsm.placement import Layout, Nudge, Placement, PlacementError, Size, apply_nudges
from hsm.slots import NUMBER
from hsm.stamps import SEAL_MILLIMETRES, SIGNATURE_MILLIMETRES

MEMORY_BYTES = 2 * 1024**3
WALL_SECONDS = 30.0


def places_of_slots(
    source: Path,
    slots: tuple[str, ...],
    sizes: Sequence[Size],
    seal_size: Size | None,
    nudges: Mapping[str, Nudge],
) -> tuple[dict[str, Placement], int]:
    """A place for every field of a document that has none yet, and which of the forms of the first slot's appearance
    (their `sizes`) goes there. Raises: PlacementError."""
    with Layout(source) as layout:
        if slots == ("agency",):
            place, form = layout.top_right(sizes)
            return apply_nudges(layout, {"agency": place}, nudges), form
        widest, highest = (part * POINTS_PER_MILLIMETRE for part in SIGNATURE_MILLIMETRES)
        factor = min(1.0, widest / sizes[0][0], highest / sizes[0][1])
        leader = layout.signature(sizes[0][0] * factor, sizes[0][1] * factor)
        seal = seal_size or (SEAL_MILLIMETRES * POINTS_PER_MILLIMETRE,) * 2
        places = {"leader": leader, "agency": layout.seal(leader, *seal)}
        if (box := layout.blanks().box) is not None:
            places[NUMBER] = layout.place_on_first_page(box)
        return apply_nudges(layout, places, nudges), 0


def planned_apart(
    source: Path,
    slots: tuple[str, ...],
    sizes: Sequence[Size],
    seal_size: Size | None,
    nudges: Mapping[str, Nudge],
) -> dict[str, Placement]:
    """`places_of_slots` in a limited child; the number's field is not told. Raises: PlacementError."""
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


def main() -> int:
    """The child: one request, one answer."""
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(WALL_SECONDS), int(WALL_SECONDS)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nudges = {slot: (right, down) for slot, (right, down) in asked["nudges"].items()}
    seal = tuple(asked["seal"]) if asked["seal"] else None
    sizes = [(width, height) for width, height in asked["sizes"]]
    try:
        places, _ = places_of_slots(Path(sys.argv[1]), tuple(asked["slots"]), sizes, seal, nudges)
    except PlacementError as error:
        json.dump({"code": error.code, "detail": error.detail}, sys.stdout)
        return 0
    shown = {slot: vars(place) for slot, place in places.items() if slot != NUMBER}
    json.dump({"places": shown}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
