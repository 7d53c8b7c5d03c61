"""The fleet in Prometheus' text.

Owns the names of figures. Pure. Moments, never ages: an exporter that dies must not leave a young age behind.
"""

from __future__ import annotations

from sync.province.fleet import Gravity
from sync.province.fleet_views import Fleet


def _findings(fleet: Fleet) -> list[str]:
    """What is wrong, one line a finding, so that an alert rule can say which and leave out what somebody took on."""
    name = "commune_box_finding"
    lines = [f"# HELP {name} Gravity of a finding: 2 warning, 3 alarm", f"# TYPE {name} gauge"]
    for view in fleet.boxes:
        for found in view.findings:
            if found.gravity >= Gravity.WARNING:
                quiet = str(found.code in view.quiet).lower()
                lines.append(f'{name}{{box="{view.box.box}",code="{found.code}",quiet="{quiet}"}} {found.gravity:d}')
    return lines


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
        ("commune_box_token_end_timestamp_seconds", "When the first of the signers' certificates runs out", []),
        ("commune_box_certificate_end_timestamp_seconds", "When the box's own certificate runs out", []),
        ("commune_box_last_scan_timestamp_seconds", "When the box last took paper in", []),
        ("commune_box_refused_documents", "Documents refused in the last 24 hours", []),
        ("commune_box_unchecked_documents", "Documents whose check failed and is tried again", []),
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
            view.said("token_ends"),
            view.said("link_ends"),
            view.said("scanned_at"),
            float(view.refused),
            next((float(found.params["count"]) for found in view.findings if found.code == "unchecked"), 0.0),
        )
        for (_, _, samples), value in zip(gauges, values, strict=True):
            if value is not None:
                samples.append((view.box.box, float(value)))
    lines = []
    for name, meaning, samples in gauges:
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge"]
        lines += [f'{name}{{box="{box}"}} {value:.3f}' for box, value in samples]
    lines += _findings(fleet)
    return "\n".join((*lines, f"# EOF at {now:.0f}", ""))
