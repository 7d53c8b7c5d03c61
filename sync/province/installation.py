"""Sets up a province and enrols boxes.

Owns the order in which keys, certificates, settings and rows come to exist. Never replaces a key that is there:
doing it again completes what is missing. What it writes for a box goes to that box by hand.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.province import pki
from sync.province.broker import write_broker_files
from sync.province.config import Config, Folder, load, render
from sync.province.enrol_book import EnrolBook, noted
from sync.province.enrolling import facts_for
from sync.province.revoking import publish_lists, reload_broker
from sync.province.store import Box, ProvinceStore
from sync.wire_identity import SigningKey

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotEmpty(Exception):
    """The folder for the box's files already holds some; choose another or remove them. Code: `not-empty`."""

    code = "not-empty"


@dataclass(frozen=True)
class Enrolment:
    """What a box gets to speak with the province."""

    box: str
    commune: str
    folder: Path
    facts: dict[str, Any]


def initialise(folder: Folder, config: Config, bind: str, now: dt.datetime) -> Config:
    """Make the CA, the broker's and receiver's certificates, the receipt key, and the settings; keep what exists."""
    folder.root.mkdir(parents=True, exist_ok=True)
    folder.root.chmod(0o750)
    if folder.settings.exists():
        config = load(folder.settings)
    else:
        folder.settings.write_text(render(config), "utf-8")
    if not folder.ca_key.exists():
        authority = pki.new_authority("Commune box province CA", now)
        pki.write_private(folder.ca_key, pki.private_pem(authority.key))
        folder.ca.write_bytes(pki.certificate_pem(authority.certificate))
    authority = pki.load_authority(folder.ca, folder.ca_key)
    if not folder.broker_key.exists():
        hosts = list(dict.fromkeys((config.broker_host, config.broker_inner_host, *LOOPBACK)))
        _keep(pki.server_certificate(authority, hosts, now), folder.broker_certificate, folder.broker_key)
    if not folder.receiver_key.exists():
        _keep(pki.receiver_certificate(authority, now), folder.receiver_certificate, folder.receiver_key)
    if not folder.sender_key.exists():
        _keep(pki.sender_certificate(authority, now), folder.sender_certificate, folder.sender_key)
    if not folder.receipt_key.exists():
        SigningKey.generate().save(folder.receipt_key)
    write_broker_files(folder, bind, config)
    store, book = ProvinceStore(folder.rows), EnrolBook(folder.enrolments)
    try:
        publish_lists(folder, store, book, now)
    finally:
        book.close()
        store.close()
    return config


def enrol(folder: Folder, box: str, commune: str, out: Path, now: dt.datetime) -> Enrolment:
    """Certify a box and register its device key and commune; writes the box's files into `out`.

    Raises BadBoxName, NotEmpty, BadConfig. The row is written before the files are handed over, so a box that holds
    files is always known here.
    """
    pki.checked_box_name(box)
    config = load(folder.settings)
    names = ("client.pem", "client.key", "device.key", "ca.pem", "province.json")
    if any((out / name).exists() for name in names):
        raise NotEmpty(str(out))
    authority = pki.load_authority(folder.ca, folder.ca_key)
    issued = pki.box_certificate(authority, box, now)
    device = SigningKey.generate()
    entry = noted(box, issued.certificate, now)
    store, book = ProvinceStore(folder.rows), EnrolBook(folder.enrolments)
    try:
        book.note(entry)
        store.fleet.enrol(Box(box, commune, device.public, issued.fingerprint, now.timestamp()))
        book.revoke(box, now.timestamp(), but=entry.serial)
        publish_lists(folder, store, book, now)
    finally:
        book.close()
        store.close()
    reload_broker(folder)
    out.mkdir(parents=True, exist_ok=True)
    _keep(issued, out / "client.pem", out / "client.key")
    device.save(out / "device.key")
    (out / "ca.pem").write_bytes(folder.ca.read_bytes())
    facts = facts_for(folder, config, box, commune)
    (out / "province.json").write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return Enrolment(box, commune, out, facts)


def _keep(issued: pki.Issued, certificate: Path, key: Path) -> None:
    pki.write_private(key, issued.key)
    certificate.write_bytes(issued.certificate)
