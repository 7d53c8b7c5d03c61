"""Looks over the province's store, whatever engines hold it, and says what does not fit.

Owns the questions of `commune-province verify-store`; `check` asks them too. Repairs nothing, but removes on request
what nobody speaks of. Invariants it proves: every document has its bytes with the right digest, read from where they
are really kept; every document has its receipt, and the receipt speaks of those bytes; the receipts of every box form
one signed chain; every better file of long-term proof is whole; what is promised to be here of a transfer is here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sync.protocol.codec import CodecError
from sync.protocol.cose import Verify
from sync.protocol.receipt import chain_breaks
from sync.province.pki import key_id
from sync.province.store import ProvinceStore
from sync.province.store.port import Blobs
from sync.wire_identity import SigningKey, verifier

Told = Callable[[int, int], None]
"""Hears how many blobs were read, and of how many."""


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit; `code` is stable, `about` names the row or file."""

    code: str
    about: str
    detail: str = ""


def receipts_verifier(receipt_key: Path) -> Verify:
    """What knows the province's own receipts."""
    public = SigningKey.load(receipt_key).public
    return verifier({key_id(public): public})


def verify_store(store: ProvinceStore, verify: Verify, quick: bool = False, told: Told | None = None) -> list[Problem]:
    """Everything that is wrong with the store; reads every stored byte, or with `quick` only looks for its name."""
    progress = told or (lambda done, of: None)
    verdict = store.connection.check()
    if verdict != "ok":
        return [Problem("database-damaged", store.engines.rows.partition(":")[0], verdict)]
    # The names of blobs first, the rows after: what is named here and wanted by no later row belongs to nobody.
    kept = {name: frozenset(blobs.every()) for name, blobs in _blobs(store).items()}
    underway = {transfer.sha256 for transfer in store.transfers.every()}
    wanted = {"blobs": store.reading.digests(), "proofs": store.proofs.files()}
    found = [*_receipts(store), *_chains(store, verify), *_parts(store), *_outgoing(store)]
    done, total = 0, sum(map(len, wanted.values()))
    for name, blobs in _blobs(store).items():
        for sha256, size in sorted(wanted[name].items()):
            found += _bytes(blobs, sha256, size, sha256 in kept[name] if quick else None)
            done += 1
            progress(done, total)
        loose = kept[name] - set(wanted[name]) - (underway if name == "blobs" else set())
        found += [Problem("bytes-without-row", sha256, name) for sha256 in sorted(loose)]
    return found


def counts(store: ProvinceStore) -> dict[str, int]:
    """How many rows each table holds."""
    tables = store.connection.tables()
    return {table: store.connection.rows(f"SELECT count(*) AS held FROM {table}")[0]["held"] for table in tables}


def remove_loose(store: ProvinceStore, problems: list[Problem]) -> int:
    """Remove the blobs that `verify_store` found without a row; only where no receiver runs. Returns how many."""
    loose = [problem for problem in problems if problem.code == "bytes-without-row"]
    for problem in loose:
        _blobs(store)[problem.detail].remove(problem.about)
    return len(loose)


def _blobs(store: ProvinceStore) -> Mapping[str, Blobs]:
    return {"blobs": store.blobs, "proofs": store.better}


def _bytes(blobs: Blobs, sha256: str, size: int, there: bool | None) -> list[Problem]:
    if there is not None:
        return [] if there else [Problem("bytes-missing", sha256)]
    try:
        measured = blobs.measured(sha256)
    except FileNotFoundError:
        return [Problem("bytes-missing", sha256)]
    return [] if measured == (sha256, size) else [Problem("bytes-changed", sha256)]


def _receipts(store: ProvinceStore) -> list[Problem]:
    """Documents whose receipt is not about them, and receipts whose bytes are not those of their digest."""
    strange = store.connection.rows(_STRANGE)
    found = [Problem("document-without-receipt", row["document_id"], row["box"]) for row in strange]
    for box in store.fleet.boxes():
        for receipt in store.reading.chain(box.box):
            if hashlib.sha256(receipt.cose).digest() != receipt.digest:
                found.append(Problem("receipt-changed", box.box, str(receipt.rid)))
    return found


_STRANGE = """
SELECT d.box, d.document_id FROM documents d LEFT JOIN receipts r
    ON r.rid = d.rid AND r.box = d.box AND r.tid = d.tid AND r.sha256 = d.sha256 AND r.size = d.size
    AND r.document_id = d.document_id AND r.result = 'stored'
WHERE r.rid IS NULL ORDER BY d.box, d.document_id
"""


def _chains(store: ProvinceStore, verify: Verify) -> list[Problem]:
    found = []
    for box in store.fleet.boxes():
        try:
            breaks = chain_breaks([receipt.cose for receipt in store.reading.chain(box.box)], verify)
        except CodecError as error:
            found.append(Problem("receipt-unverifiable", box.box, str(error)))
            continue
        found += [Problem("receipt-chain-broken", box.box, str(number)) for number in breaks]
    return found


def _parts(store: ProvinceStore) -> list[Problem]:
    """Transfers whose durable bytes are not here. Where workers share the rows, they may lie on another machine."""
    if store.connection.shared:
        return []
    found = []
    for transfer in store.transfers.every():
        part = store.parts.path((transfer.box, transfer.tid))
        held = part.stat().st_size if part.exists() else 0
        promised = max((end for _, end in transfer.intervals), default=0)
        if promised > held and not store.blobs.holds(transfer.sha256):
            found.append(Problem("part-missing", transfer.document_id, transfer.box))
    return found


def _outgoing(store: ProvinceStore) -> list[Problem]:
    """Files that still have to go down to a box, and are not here."""
    folder = store.root / "outgoing"
    waiting = store.connection.rows("SELECT DISTINCT sha256 FROM outgoing WHERE answer = '' ORDER BY sha256")
    digests = [row["sha256"] for row in waiting]
    return [Problem("bytes-missing", digest) for digest in digests if not (folder / digest[:2] / digest).is_file()]
