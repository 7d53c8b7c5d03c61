"""Where the appearances of a document go: one answer for signing, and for a page before anybody signs.

As a program, `python -m hsm.planning FILE`, it is the limited child of `hsm.foresight`: a request as JSON on standard
input, the answer on standard output. Knows no pyHanko and no token. Sizes are points, nudges millimetres.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hsm.foresight import WALL_SECONDS
from hsm.placement import Layout, apply_nudges
from hsm.places import POINTS_PER_MILLIMETRE, Nudge, Placement, PlacementError, Size
from hsm.slots import NUMBER
from hsm.stamps import SEAL_MILLIMETRES, SIGNATURE_MILLIMETRES

MEMORY_BYTES = 2 * 1024**3


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
