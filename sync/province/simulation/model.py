"""What is assumed about offices and their lines. Every figure is an assumption to be replaced by measured ones.

Owns random draws and nothing else: the same seed gives the same country. Times are seconds since the start, which is a
Monday 00:00 at +07:00.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

DAY = 86_400.0
HOUR = 3_600.0
COUNTRY_BOXES = 3_321
COUNTRY_PROVINCES = 34


@dataclass(frozen=True, slots=True)
class LineKind:
    """A way to reach the province. Rates in bits a second, times in seconds; the price is what mobile data costs."""

    name: str
    share: float
    up: float
    down: float
    round_trip: float
    between_cuts: float
    """Mean seconds a line works before a cut (exponential)."""
    cut: float
    """Median seconds of a cut (log-normal, sigma 1)."""
    dong_a_megabyte: float


LINES = (
    LineKind("cáp quang", 0.60, 8e6, 30e6, 0.02, 12 * DAY, 1.5 * HOUR, 0.0),
    LineKind("ADSL", 0.14, 512e3, 4e6, 0.06, 3 * DAY, 1 * HOUR, 0.0),
    LineKind("3G/4G", 0.20, 1e6, 4e6, 0.15, 8 * HOUR, 240.0, 60.0),
    LineKind("2G", 0.05, 40e3, 80e3, 0.6, 2 * HOUR, 180.0, 60.0),
    LineKind("vệ tinh", 0.01, 1e6, 4e6, 0.6, 1 * DAY, 900.0, 900.0),
)
_PRIORITIES, _PRIORITY_WEIGHTS = (0, 1, 2, 3), (92, 5, 2, 1)
_MEDIAN_BYTES, _SIGMA, _MOST_BYTES = 90_000.0, 1.0, 20_000_000
_STORM_SHARE = 0.35
"""Of a day's papers, those of the night and the first hour: they become ready together at 07:30."""
_WEEKEND_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played. `regional_cuts`: provinces that lose every line for `regional_days` from day `regional_from`."""

    boxes: int
    days: int
    seed: int
    papers_a_day: float = 4.0
    checks_a_second: float = 60.0
    """How many documents a province's receiver can verify a second."""
    regional_days: float = 3.0
    regional_from: float = 7.3
    regional_share: float = 0.1

    @property
    def provinces(self) -> int:
        """As many as the country has for so many boxes, at least one."""
        return max(1, round(self.boxes * COUNTRY_PROVINCES / COUNTRY_BOXES))


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that becomes ready to send."""

    at: float
    size: int
    priority: int


@dataclass(frozen=True, slots=True)
class Office:
    """One box with its line and its month: papers in order of time, and when the line is cut (start, stop)."""

    box: str
    line: LineKind
    papers: tuple[Paper, ...]
    cuts: tuple[tuple[float, float], ...]
    restarts: tuple[float, ...]


def offices_of(scenario: Scenario, province: int) -> list[Office]:
    """The offices of one province; the same whatever other provinces are played."""
    first = scenario.boxes * province // scenario.provinces
    stop = scenario.boxes * (province + 1) // scenario.provinces
    regional = _regional_cut(scenario, province)
    return [_office(scenario, number, regional) for number in range(first, stop)]


def _regional_cut(scenario: Scenario, province: int) -> tuple[float, float] | None:
    every = max(1, round(1 / scenario.regional_share)) if scenario.regional_share > 0 else 0
    start = scenario.regional_from * DAY
    if not every or province % every or start >= scenario.days * DAY:
        return None
    return start, start + scenario.regional_days * DAY


def _office(scenario: Scenario, number: int, regional: tuple[float, float] | None) -> Office:
    draw = random.Random(f"{scenario.seed}/{number}")
    line = draw.choices(LINES, [kind.share for kind in LINES])[0]
    mean = scenario.papers_a_day * draw.gammavariate(4.0, 0.25)  # some communes are four times as large as others
    papers = tuple(sorted(_papers(draw, scenario.days, mean), key=lambda paper: paper.at))
    cuts = _merged([*_cuts(draw, line, scenario.days), *([regional] if regional else [])])
    restarts = tuple(_times(draw, 15 * DAY, scenario.days * DAY))
    return Office(f"commune-{number + 1:05}", line, papers, cuts, restarts)


def _papers(draw: random.Random, days: int, mean: float) -> Iterator[Paper]:
    for day in range(days):
        expected = mean * (_WEEKEND_SHARE if day % 7 >= 5 else 1.0)
        for _ in range(_poisson(draw, expected)):
            at = day * DAY + _clock(draw)
            size = min(_MOST_BYTES, max(8_000, int(_MEDIAN_BYTES * math.exp(draw.gauss(0.0, _SIGMA)))))
            yield Paper(at, size, draw.choices(_PRIORITIES, _PRIORITY_WEIGHTS)[0])


def _clock(draw: random.Random) -> float:
    if draw.random() < _STORM_SHARE:
        return 7.5 * HOUR + draw.uniform(0, 300.0)
    return draw.uniform(7.6, 11.5) * HOUR if draw.random() < 0.55 else draw.uniform(13.5, 17.0) * HOUR


def _cuts(draw: random.Random, line: LineKind, days: int) -> Iterator[tuple[float, float]]:
    at = draw.expovariate(1 / line.between_cuts)
    while at < days * DAY:
        stop = at + min(3 * DAY, line.cut * math.exp(draw.gauss(0.0, 1.0)))
        yield at, stop
        at = stop + draw.expovariate(1 / line.between_cuts)


def _times(draw: random.Random, mean: float, end: float) -> Iterator[float]:
    at = draw.expovariate(1 / mean)
    while at < end:
        yield at
        at += draw.expovariate(1 / mean)


def _merged(cuts: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    merged: list[tuple[float, float]] = []
    for start, stop in sorted(cuts):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return tuple(merged)


def _poisson(draw: random.Random, mean: float) -> int:
    """Knuth's method; means are small."""
    limit, product, count = math.exp(-mean), draw.random(), 0
    while product > limit:
        product *= draw.random()
        count += 1
    return count
