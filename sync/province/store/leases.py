"""Which worker answers for which shard: leases in the rows that all workers share.

Owns the tables `leases` and `workers` (PostgreSQL only: SQLite's file has one receiver). Decides by the database's own
clock, so no worker's matters. Invariants: a shard has one holder; every transaction of a holder begins with `fence`,
which looks at the lease under a lock that excludes every change of hands until that transaction has ended - so a
worker that was stopped for a minute and wakes up cannot write one row more; a fair share is taken from nobody, only
given back by who has more.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.protocol.topics import SHARDS, shard
from sync.province.store.port import Rows, Writer

HERALD = SHARDS
"""The lease beside those of the shards: its holder says in `p/state` that the province is there."""
LEASE_SECONDS = 10.0
_LOCK = "leases"
_NOW = "extract(epoch FROM clock_timestamp())::double precision"
_TAKE = f"""
INSERT INTO leases VALUES (?, ?, {_NOW} + ?) ON CONFLICT (shard) DO UPDATE SET
    worker = excluded.worker, expires_at = excluded.expires_at
"""


class LeaseLost(Exception):
    """Another worker answers for these boxes now; nothing was written. Code: `lease-lost`."""

    code = "lease-lost"


@dataclass(frozen=True)
class Turn:
    """What one beat came to: the leases held now (`HERALD` may be among them), and how many shards would be fair."""

    held: frozenset[int]
    fair: int

    @property
    def shards(self) -> frozenset[int]:
        """The shards held."""
        return self.held - {HERALD}


@dataclass(frozen=True)
class ShardShare:
    """The boxes of these shards, as `ProvinceStore` asks for them."""

    worker: str
    shards: frozenset[int]

    def owns(self, box: str) -> bool:
        """Whether this worker answers for the box; for a name that is no box's, never."""
        try:
            return shard(box) in self.shards
        except ValueError:
            return False


class Leases:
    """One worker's hold. `rows` must not be fenced itself."""

    def __init__(self, rows: Rows, worker: str, seconds: float = LEASE_SECONDS) -> None:
        self._rows, self.worker, self.seconds = rows, worker, seconds

    def beat(self, keep: frozenset[int]) -> Turn:
        """Renew what is kept, give back the rest, take what is free up to a fair share. Raises RowsAway."""
        with self._rows.writing(_LOCK) as raw:
            now = float(raw.execute(f"SELECT {_NOW} AS now").fetchone()["now"])
            raw.execute(
                "INSERT INTO workers VALUES (?, ?) ON CONFLICT (worker) DO UPDATE SET expires_at = excluded.expires_at",
                (self.worker, now + self.seconds),
            )
            raw.execute("DELETE FROM workers WHERE expires_at <= ?", (now,))
            alive = int(raw.execute("SELECT count(*) AS alive FROM workers").fetchone()["alive"])
            taken = {row["shard"]: row for row in raw.execute("SELECT * FROM leases").fetchall()}
            mine = {number for number, row in taken.items() if row["worker"] == self.worker}
            others = {n for n, row in taken.items() if row["worker"] != self.worker and row["expires_at"] > now}
            for number in mine - keep:
                raw.execute("DELETE FROM leases WHERE shard = ?", (number,))
            kept, fair = mine & keep, -(-SHARDS // alive)
            free = [number for number in range(SHARDS) if number not in kept | others]
            fresh = free[: max(0, fair - len(kept - {HERALD}))]
            if HERALD not in others | kept:
                fresh.append(HERALD)
            for number in (*kept, *fresh):
                raw.execute(_TAKE, (number, self.worker, self.seconds))
            return Turn(frozenset((*kept, *fresh)), fair)

    def leave(self) -> None:
        """Give everything back at once. Raises RowsAway."""
        with self._rows.writing(_LOCK) as raw:
            raw.execute("DELETE FROM leases WHERE worker = ?", (self.worker,))
            raw.execute("DELETE FROM workers WHERE worker = ?", (self.worker,))

    def holders(self) -> dict[int, str]:
        """Every lease that runs now, and who holds it. Raises RowsAway."""
        found = self._rows.rows(f"SELECT shard, worker FROM leases WHERE expires_at > {_NOW}")
        return {row["shard"]: row["worker"] for row in found}


@dataclass(frozen=True)
class Fence:
    """Asked at the beginning of every transaction of a worker (`PostgresRows.fence`)."""

    share: ShardShare

    def __call__(self, raw: Writer) -> None:
        """Let the transaction go on, no lease changing hands before it ends. Raises LeaseLost, RowsAway."""
        raw.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(?, 0))", (_LOCK,))
        found = raw.execute(
            f"SELECT shard FROM leases WHERE worker = ? AND expires_at > {_NOW}", (self.share.worker,)
        ).fetchall()
        if lost := self.share.shards - {row["shard"] for row in found}:
            raise LeaseLost(f"{self.share.worker}: {sorted(lost)}")
