"""A small chart of what waited on a box, as points of an SVG line.

Pure arithmetic; the template draws it. Needs no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, DAY = 720.0, 120.0, 86_400.0


@dataclass(frozen=True)
class Chart:
    """A step line and the area below it, in units of a 720 x 120 view; `top` is the count at the upper edge."""

    line: str
    area: str
    top: int


def waiting_chart(heartbeats: Sequence[tuple[float, int]], now: float) -> Chart | None:
    """The last 24 hours of (moment, waiting documents), oldest first; None where there is nothing to draw."""
    if len(heartbeats) < 2:
        return None
    top = max(1, *(count for _, count in heartbeats))
    points: list[tuple[float, float]] = []
    for at, count in heartbeats:
        x = max(0.0, min(WIDTH, (at - (now - DAY)) / DAY * WIDTH))
        y = HEIGHT - count / top * (HEIGHT - 8)
        if points:
            points.append((x, points[-1][1]))  # steps: between two heartbeats nothing is known to have changed
        points.append((x, y))
    points.append((WIDTH, points[-1][1]))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Chart(line, f"{points[0][0]:.1f},{HEIGHT:.0f} {line} {WIDTH:.0f},{HEIGHT:.0f}", top)
