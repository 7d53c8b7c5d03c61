"""The province's end of what goes up: whose manifests it believes, and what boxes say of themselves (PROTOCOL.md §5.2).

Owns the rule of identity: a box is never believed beyond its own topics - the box of the topic, of the manifest and of
the signing key must be the same, or the message is dropped with a finding. How documents are taken is
`sync.protocol.taking`'s business.
"""

from __future__ import annotations

from sync.protocol.account import read_account
from sync.protocol.codec import CodecError
from sync.protocol.cose import Sign, Verify, unseal
from sync.protocol.messages import Manifest, Presence, ProvinceState
from sync.protocol.records import ProvinceLimits, Records
from sync.protocol.step import AccountSaid, BoxSeen, Now, Publish, Step
from sync.protocol.taking import RECEIPT_EXPIRY, TakingCore
from sync.protocol.topics import PROVINCE_STATE, Direction, Kind, Topic


class ProvinceCore(TakingCore):
    """One receiver's decisions over all boxes of its shards."""

    def __init__(
        self, kid: str, sign: Sign, verify: Verify, records: Records, epoch: int, limits: ProvinceLimits | None = None
    ) -> None:
        """`kid` and `sign`: the receipt key.

        `verify`: knows each enrolled box's device key under the box's identity.
        """
        super().__init__(Direction.UP, kid, sign, records, epoch, limits or ProvinceLimits())
        self._verify = verify

    def state(self, online: bool, now: Now) -> Publish:
        """Return the retained `p/state` message; with `online` False it serves as the receiver's last will."""
        payload = ProvinceState(online, now.wall if online else 0, self._epoch).encode()
        return Publish(PROVINCE_STATE, payload, qos=1, retain=True)

    def believed(self, box: str, envelope: bytes) -> Manifest:
        """Only the box's own word about its own document."""
        sealed = unseal(envelope)
        if sealed.kid != box:
            raise CodecError("foreign-manifest", f"kid {sealed.kid!r}")
        if not sealed.verified_by(self._verify):
            raise CodecError("bad-signature", f"kid {sealed.kid!r}")
        manifest = Manifest.decode(sealed.payload)
        if manifest.box != box:
            raise CodecError("foreign-manifest", f"box {manifest.box!r}")
        return manifest

    def about_more(self, topic: Topic, payload: bytes, now: Now, retained: bool) -> Step:
        """Presence, heartbeats and accounts; what is about documents that go down is the sending end's."""
        if topic.kind is Kind.ACCOUNT and not topic.down:
            said = read_account(payload, topic.box or "", self._verify)
            return self._step(now, AccountSaid(said.box, said))
        if topic.kind in (Kind.PRESENCE, Kind.HEARTBEAT) and not topic.down:
            return self._step(now, BoxSeen(topic.box or "", Presence.decode(payload), now.wall, retained))
        return self._step(now)


__all__ = ["RECEIPT_EXPIRY", "ProvinceCore"]
