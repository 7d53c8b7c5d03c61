"""What people (and policies) may do to a document. Pages and commands call these and nothing else.

Each function is one decision in one transaction: read, decide in ``appliance.domain``, save with its event. ``now``
comes from the caller.
"""

from appliance.commands.approving import approve, consent, hand_back, nudge, resubmit, withdraw
from appliance.commands.attaching import attach, detach
from appliance.commands.deciding import CommandRefused
from appliance.commands.joining import join_next, unjoin
from appliance.commands.recutting import join_parts, leave_out, part_before
from appliance.commands.resending import requeue
from appliance.commands.stopping import mark_secret, release, send_back

__all__ = [
    "CommandRefused", "approve", "attach", "consent", "detach", "hand_back", "join_next", "join_parts", "leave_out",
    "mark_secret", "nudge", "part_before", "release", "requeue", "resubmit", "send_back", "unjoin", "withdraw",
]  # fmt: skip
