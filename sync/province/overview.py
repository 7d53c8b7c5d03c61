"""The fleet as pages, commands and metrics see it.

Owns the step from rows to facts and from facts to findings. Writes nothing, keeps nothing between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.province.fleet import BoxFacts, Finding, Gravity, assess
from sync.province.store import Box, Presence, ProvinceStore, Refusal

RECENT_SECONDS = 86_400.0


@dataclass(frozen=True)
class BoxView:
    """One box with what is known and what is wrong; times in seconds since 1970, sizes in bytes."""

    box: Box
    presence: Presence | None
    findings: tuple[Finding, ...]
    documents: int
    recent: int
    bytes: int
    refused: int
    transfers: int
    last_receipt_at: float | None
    last_rid: int | None

    @property
    def gravity(self) -> Gravity | None:
        """The gravest finding, None where nothing is wrong."""
        return self.findings[0].gravity if self.findings else None

    @property
    def online(self) -> bool:
        """The box's link is up as far as the broker knows."""
        return bool(self.presence and self.presence.online)

    @property
    def waiting(self) -> int:
        """Documents the box says it still has to deliver."""
        return self.presence.waiting if self.presence else 0

    @property
    def oldest_waiting_at(self) -> float | None:
        """Since when the oldest of them waits."""
        return self.presence.oldest_waiting_at if self.presence and self.presence.waiting else None

    @property
    def last_seen(self) -> float | None:
        """When the box was last heard."""
        return self.presence.last_seen if self.presence else None


@dataclass(frozen=True)
class Fleet:
    """All boxes, the ones in trouble first."""

    boxes: tuple[BoxView, ...]
    strangers: tuple[str, ...]

    @property
    def online(self) -> int:
        """Boxes whose link is up."""
        return sum(view.online for view in self.boxes)

    @property
    def waiting(self) -> int:
        """Documents that still wait on boxes."""
        return sum(view.waiting for view in self.boxes)

    @property
    def received_recently(self) -> int:
        """Documents taken in the last 24 hours."""
        return sum(view.recent for view in self.boxes)

    @property
    def troubled(self) -> int:
        """Boxes with a warning or an alarm."""
        return sum((view.gravity or Gravity.NOTE) >= Gravity.WARNING for view in self.boxes)

    @property
    def oldest_waiting_at(self) -> float | None:
        """Since when the oldest document of the whole province waits."""
        return min((view.oldest_waiting_at for view in self.boxes if view.oldest_waiting_at), default=None)


def survey(store: ProvinceStore, now: float) -> Fleet:
    """Look at every box at `now`."""
    counts = store.reading.counts(now - RECENT_SECONDS)
    presences = store.fleet.presences()
    refusals: dict[str, Refusal] = {}
    for refusal in store.reading.refusals(limit=1000):
        refusals.setdefault(refusal.box, refusal)
    observed: dict[str, dict[str, int]] = {}
    for observation in store.fleet.observations(now - RECENT_SECONDS):
        observed.setdefault(observation.box, {})[observation.code] = observation.count
    boxes = store.fleet.boxes()
    views = []
    for box in boxes:
        view = _view(
            box,
            presences.get(box.box),
            counts[box.box],
            refusals.get(box.box),
            observed.get(box.box, {}),
            now,
        )
        views.append(view)
    views.sort(key=lambda view: (-(view.gravity or 0), view.box.box))
    known = {box.box for box in boxes}
    return Fleet(tuple(views), tuple(sorted(set(observed) - known)))


def _view(
    box: Box,
    presence: Presence | None,
    counts: dict[str, Any],
    refusal: Refusal | None,
    observed: dict[str, int],
    now: float,
) -> BoxView:
    facts = BoxFacts(
        box=box.box,
        enrolled_at=box.enrolled_at,
        revoked=box.revoked_at is not None,
        online=bool(presence and presence.online),
        last_seen=presence.last_seen if presence else None,
        changed_at=presence.changed_at if presence else None,
        waiting=presence.waiting if presence else 0,
        oldest_waiting_at=presence.oldest_waiting_at if presence else None,
        refused_recently=counts["refused"],
        last_refusal_code=refusal.code if refusal else "",
        missing_numbers=counts["missing_numbers"],
        unchecked=counts["unchecked"],
        clock_skew=presence.clock_skew if presence else None,
        disk_free=presence.disk_free if presence else None,
        observed=observed,
    )
    return BoxView(
        box=box,
        presence=presence,
        findings=assess(facts, now),
        documents=counts["documents"],
        recent=counts["recent"],
        bytes=counts["bytes"],
        refused=counts["refused"],
        transfers=counts["transfers"],
        last_receipt_at=counts["last_receipt_at"],
        last_rid=counts["last_rid"],
    )


def as_facts(view: BoxView, now: float) -> dict[str, Any]:
    """One box as plain values for `--json`."""
    return {
        "box": view.box.box,
        "commune": view.box.commune,
        "online": view.online,
        "last_seen": view.last_seen,
        "waiting": view.waiting,
        "oldest_waiting_seconds": now - view.oldest_waiting_at if view.oldest_waiting_at else None,
        "documents": view.documents,
        "refused_recently": view.refused,
        "transfers": view.transfers,
        "last_receipt_at": view.last_receipt_at,
        "last_rid": view.last_rid,
        "findings": [
            {"code": finding.code, "gravity": finding.gravity.name.lower(), "params": finding.params}
            for finding in view.findings
        ],
    }


def metrics(fleet: Fleet, now: float) -> str:
    """The fleet in Prometheus text. Moments, not ages: an exporter that dies must not leave a young age behind."""
    gauges: list[tuple[str, str, list[tuple[str, float]]]] = [
        ("commune_box_last_seen_timestamp_seconds", "When the box was last heard", []),
        ("commune_box_online", "1 while the box's link is up", []),
        ("commune_box_outbox_documents", "Documents that wait on the box", []),
        ("commune_box_outbox_oldest_timestamp_seconds", "Since when the oldest document waits", []),
        ("commune_box_documents_stored", "Documents of this box the province holds", []),
        ("commune_box_last_receipt_timestamp_seconds", "When the box last got an answer", []),
        ("commune_box_clock_skew_seconds", "Clock of the box minus clock of the province", []),
        ("commune_box_disk_free_bytes", "Free space on the box", []),
        ("commune_box_findings", "Warnings and alarms about the box", []),
    ]
    for view in fleet.boxes:
        values = (
            view.last_seen,
            float(view.online),
            float(view.waiting),
            view.oldest_waiting_at,
            float(view.documents),
            view.last_receipt_at,
            view.presence.clock_skew if view.presence else None,
            view.presence.disk_free if view.presence else None,
            float(sum(finding.gravity >= Gravity.WARNING for finding in view.findings)),
        )
        for (_, _, samples), value in zip(gauges, values, strict=True):
            if value is not None:
                samples.append((view.box.box, float(value)))
    lines = []
    for name, meaning, samples in gauges:
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge"]
        lines += [f'{name}{{box="{box}"}} {value:.3f}' for box, value in samples]
    return "\n".join((*lines, f"# EOF at {now:.0f}", ""))
