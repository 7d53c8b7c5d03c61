"""Lines of a box's past, as points of an SVG.

Pure arithmetic; the template draws it. Needs no script.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync.province.store.samples import Sample

Figure = Callable[[Sample], float | None]
WIDTH, HEIGHT, HEADROOM = 720.0, 120.0, 8.0


@dataclass(frozen=True)
class Chart:
    """Step lines and the areas below them, in units of a 720 x 120 view; `top` is the figure at the upper edge.

    A stretch in which the box was not heard is a gap between two lines, not a line that says nothing changed.
    """

    lines: tuple[str, ...]
    areas: tuple[str, ...]
    top: float
    last: float


def chart(
    samples: Sequence[Sample],
    figure: Callable[[Sample], float | None],
    begin: float,
    now: float,
    least_top: float = 1.0,
) -> Chart | None:
    """One figure of the spans from `begin` to `now`; None where there is nothing to draw."""
    known = [(sample, value) for sample in samples if (value := figure(sample)) is not None]
    if len(known) < 2:
        return None
    top = max(least_top, *(value for _, value in known))
    lines: list[list[tuple[float, float]]] = []
    reached = -1.0
    for sample, value in known:
        left, right = _x(sample.at, begin, now), _x(sample.at + sample.width, begin, now)
        y = HEIGHT - max(0.0, value) / top * (HEIGHT - HEADROOM)
        if sample.at > reached:
            lines.append([])
        lines[-1] += [(left, y), (right, y)]
        reached = sample.at + 2.5 * sample.width  # a box that is well is heard about once a span
    return Chart(
        tuple(_points(line) for line in lines),
        tuple(_points([(line[0][0], HEIGHT), *line, (line[-1][0], HEIGHT)]) for line in lines),
        top,
        known[-1][1],
    )


def _x(at: float, begin: float, now: float) -> float:
    return max(0.0, min(WIDTH, (at - begin) / (now - begin) * WIDTH))


def _points(line: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
