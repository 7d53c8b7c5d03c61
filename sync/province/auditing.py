"""Looks over everything the province keeps and says what does not fit.

Owns the questions of `commune-province check`. Repairs nothing. Invariant it proves: every document row has its bytes
with the right digest, every byte has a row, every box's receipts form one signed chain.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from sync.protocol.codec import CodecError
from sync.protocol.receipt import chain_breaks
from sync.province.command import find_program
from sync.province.config import Config, Folder
from sync.province.pki import key_id
from sync.province.store import ProvinceStore, digest_of
from sync.wire_identity import SigningKey, verifier

EXPIRY_WARNING_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit; `code` is stable, `about` names the row or file."""

    code: str
    about: str
    detail: str = ""


def audit(folder: Folder, config: Config, store: ProvinceStore, now: float) -> list[Problem]:
    """Everything that is wrong with this installation; reads every stored byte."""
    return [
        *_settings(folder, config, now),
        *_rows(store),
        *_bytes(store),
        *_chains(folder, store),
    ]


def _settings(folder: Folder, config: Config, now: float) -> list[Problem]:
    found = []
    if shutil.which(find_program(config.verify_command[0])) is None:
        found.append(Problem("verify-command-missing", config.verify_command[0]))
    if not folder.resolve(config.trust_roots).is_file():
        found.append(Problem("trust-roots-missing", config.trust_roots))
    for path in (folder.ca, folder.broker_certificate, folder.receiver_certificate):
        found += _certificate(path, now)
    return found


def _certificate(path: Path, now: float) -> list[Problem]:
    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError) as error:
        return [Problem("certificate-unreadable", path.name, str(error))]
    return [Problem("certificate-ends-soon", path.name)] if ends - now < EXPIRY_WARNING_SECONDS else []


def _rows(store: ProvinceStore) -> list[Problem]:
    verdict = store.connection.check()
    return [] if verdict == "ok" else [Problem("database-damaged", "province.sqlite", verdict)]


def _bytes(store: ProvinceStore) -> list[Problem]:
    found = []
    rows = store.reading.digests()
    for sha256, size in sorted(rows.items()):
        path = store.blobs.path(sha256)
        if not path.is_file():
            found.append(Problem("bytes-missing", sha256))
        elif digest_of(path) != (sha256, size):
            found.append(Problem("bytes-changed", sha256))
    expected = set(rows) | {transfer.sha256 for transfer in store.transfers.every()}
    found += [Problem("bytes-without-row", sha256) for sha256 in store.blobs.every() if sha256 not in expected]
    return found


def _chains(folder: Folder, store: ProvinceStore) -> list[Problem]:
    public = SigningKey.load(folder.receipt_key).public
    verify = verifier({key_id(public): public})
    found = []
    for box in store.fleet.boxes():
        try:
            breaks = chain_breaks([receipt.cose for receipt in store.reading.chain(box.box)], verify)
        except CodecError as error:
            found.append(Problem("receipt-unverifiable", box.box, str(error)))
            continue
        found += [Problem("receipt-chain-broken", box.box, str(number)) for number in breaks]
    return found
