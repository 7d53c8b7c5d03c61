"""All provinces of a scenario, spread over the processor's cores, and the figures that come of it.

Owns the sums. The order of provinces is fixed, so that the figures are the same however many processes played them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from sync.province.simulation.model import LINES, Scenario
from sync.province.simulation.playing import Played, play

QUANTILES = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True)
class Row:
    """Deliveries of one line kind or priority: how many, and seconds from ready to receipt at `QUANTILES` and most."""

    name: str
    count: int
    took: tuple[float, ...]
    most: float


@dataclass(frozen=True)
class Figures:
    """What a simulation showed. `backlog`: the most documents that waited at once, in every half hour, summed over
    provinces: their storms come at the same minutes."""

    scenario: Scenario
    ready: int
    delivered: int
    waiting: int
    stored: int
    lost: int
    """See `Played.lost`."""
    by_line: tuple[Row, ...]
    by_priority: tuple[Row, ...]
    whole: Row
    file_bytes: int
    up_bytes: float
    down_bytes: float
    dong: float
    """What mobile and satellite lines cost."""
    checks_waiting_most: int
    backlog: tuple[int, ...]


def simulate(scenario: Scenario, on_province: Callable[[int], None] = lambda _done: None) -> Figures:
    """Play every province; `on_province` hears how many are done."""
    cores = min(os.cpu_count() or 1, scenario.provinces)
    if cores == 1:
        played = []
        for province in range(scenario.provinces):
            played.append(play(scenario, province))
            on_province(len(played))
        return summed(scenario, played)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(play, scenario, province) for province in range(scenario.provinces)]
        played = []
        for each in waiting:
            played.append(each.result())
            on_province(len(played))
    return summed(scenario, played)


def summed(scenario: Scenario, played: Sequence[Played]) -> Figures:
    """The figures of all provinces together."""
    deliveries = [delivery for province in played for delivery in province.deliveries]
    up, down = _total([each.wire_up for each in played]), _total([each.wire_down for each in played])
    names = [line.name for line in LINES]
    return Figures(
        scenario=scenario,
        ready=sum(each.ready for each in played),
        delivered=len(deliveries),
        waiting=sum(each.waiting for each in played),
        stored=sum(each.stored for each in played),
        lost=sum(each.lost for each in played),
        by_line=tuple(row(name, [each.took for each in deliveries if each.line == name]) for name in names),
        by_priority=tuple(
            row(str(priority), [each.took for each in deliveries if each.priority == priority]) for priority in range(4)
        ),
        whole=row("", [each.took for each in deliveries]),
        file_bytes=sum(each.file_bytes for each in played),
        up_bytes=sum(up.values()),
        down_bytes=sum(down.values()),
        dong=sum((up.get(line.name, 0) + down.get(line.name, 0)) / 1e6 * line.dong_a_megabyte for line in LINES),
        checks_waiting_most=max(each.checks_waiting_most for each in played),
        backlog=tuple(sum(moment) for moment in zip(*(each.backlog for each in played), strict=True)),
    )


def row(name: str, took: list[float]) -> Row:
    """Quantiles by the nearest rank."""
    took.sort()
    if not took:
        return Row(name, 0, (0.0,) * len(QUANTILES), 0.0)
    return Row(name, len(took), tuple(took[min(len(took) - 1, int(len(took) * q))] for q in QUANTILES), took[-1])


def _total(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0.0) + count
    return total
