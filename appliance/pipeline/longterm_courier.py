"""Time stamps by courier, for the box's papers: what goes on the stick, and what comes back from it.

Repeating either way changes nothing: the same paper asks the same question until its file changes, and an answer
counts once. What is applied passes the very checks that an answer from the network passes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.pipeline.longterm import Upgrading
from appliance.store import Store
from appliance.store import longterm as rows
from hsm.courier_stamps import Pending, PendingStamps, read_answers, write_requests
from hsm.trust import Trust
from hsm.tsa import Stamp, TsaError, check_answer
from hsm.upgrade import Step, Upgrader, UpgradeRefused


@dataclass(frozen=True)
class Carried:
    """What became of one answer. `result`: applied, superseded (the paper has another file by now) or refused (then
    `code` says why)."""

    document_id: str
    result: str
    code: str = ""


class Courier:
    """Both ways. `upgrading` takes better files over; `trust` is for signers, `stamp_trust` for time."""

    def __init__(self, store: Store, folder: Path, upgrading: Upgrading, trust: Trust, stamp_trust: Trust) -> None:
        self._store, self._pending, self._upgrading = store, PendingStamps(folder), upgrading
        self._trust, self._stamp_trust = trust, stamp_trust
        self._work = folder

    def export(self, target: Path, box: str, now: datetime) -> list[Pending]:
        """Write requests for every paper that waits for its first stamp. Raises: OSError, StoreFull."""
        self._upgrading.adopt()
        waiting = [one for one in self._store.read(lambda db: rows.standing(db, "B-B")) if not one.given_up]
        made = [
            self._pending.make(one.document_id, self._store.blobs.existing(one.sha256), one.sha256) for one in waiting
        ]
        write_requests(target, made, box, now)
        return made

    def take_in(self, source: Path, policies: tuple[str, ...], now: datetime) -> list[Carried]:
        """Apply the answers on the stick to the papers they belong to; others' answers are left alone.

        Raises: OSError, StoreFull.
        """
        answers = read_answers(source)
        return [
            self._take(one, answers[one.name], policies, now) for one in self._pending.every() if one.name in answers
        ]

    def _take(self, pending: Pending, answer: bytes, policies: tuple[str, ...], now: datetime) -> Carried:
        proof = self._store.read(lambda db: rows.find(db, pending.document_id))
        if proof is None or proof.sha256 != pending.base_sha256:
            self._pending.forget(pending.document_id)
            return Carried(pending.document_id, "superseded")
        try:
            stamp = check_answer(answer, pending.request, self._stamp_trust, policies)
            taken = self._apply(proof, pending, stamp, now)
        except (TsaError, UpgradeRefused) as error:
            return Carried(pending.document_id, "refused", error.code)
        self._pending.forget(pending.document_id)
        return Carried(pending.document_id, "applied" if taken else "superseded")

    def _apply(self, proof: rows.Proof, pending: Pending, stamp: Stamp, now: datetime) -> bool:
        base = self._store.blobs.existing(proof.sha256)
        with self._passing() as folder:
            work, target = folder / "work.pdf", folder / "better.pdf"
            if not pending.rebuild(base, work):
                raise UpgradeRefused("upgrade-prefix")
            upgrader = Upgrader(self._trust, self._stamp_trust, lambda digest: stamp)
            upgraded = upgrader.finish(Step.STAMP, base, work, target, pending.prepared, now)
            return self._upgrading.apply(proof, upgraded, target)

    @contextmanager
    def _passing(self) -> Iterator[Path]:
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".import-", dir=self._work))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
