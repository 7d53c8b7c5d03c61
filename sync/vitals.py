"""What a box says about itself beside its backlog: room on its disk, what runs out when, whether paper comes in.

Owns the values only. Whoever runs the uplink brings them (`Uplink(vitals=…)`); 0 means: not known, and says nothing on
the wire. Moments are Unix seconds, so that a figure that was heard long ago does not look young.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at the box."""

    disk_free: int = 0
    """Bytes left for the box's own user."""
    token_ends: int = 0
    """When the first of the signers' certificates runs out."""
    link_ends: int = 0
    """When the certificate runs out under which the box reaches its province."""
    scanned_at: int = 0
    """When the last paper was taken in."""
    scanned: int = 0
    """Papers taken in within the last 24 hours."""
    profile: bytes = b""
    """Digest of the configuration that the province gives, 8 bytes; empty: not known."""
