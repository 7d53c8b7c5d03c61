"""A box that is not believed any more: off the broker at once, and it cannot return.

Owns the list of revoked certificates, the broker's access list, and the two things a running mosquitto must be told:
read both anew (SIGHUP), and end the session (MQTT 5 §3.1.4: who connects under a client id ends the session that has
it; the province does so once with a certificate of the box's name that lasts minutes, and leaves).

Measured with mosquitto 2.0.11: SIGHUP reads `crlfile` and `acl_file` anew but ends no session; a session under another
client id than the box's name stays connected and can neither send nor hear, since the access list denies it everything.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import ssl
import struct
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sync.protocol.topics import PREFIX, broker_access_list
from sync.province import pki
from sync.province.box_certificates import box_certificate_for
from sync.province.config import Config, Folder
from sync.province.enrol_book import EnrolBook
from sync.province.store import ProvinceStore
from sync.province.store.blobs import flush_folder

LIST_DAYS = 3650
KICK_SECONDS = 5.0
PASSING = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Revoked:
    """What was reached. `reloaded`: the broker was told to read its lists; `ended`: a connection under the box's name
    was made and left, so that no earlier one lives."""

    certificates: int
    reloaded: bool
    ended: bool


def revoke(folder: Folder, config: Config, store: ProvinceStore, box: str, now: dt.datetime) -> Revoked | None:
    """Take nothing from a box any more and end its session; None when there is no such box."""
    if not store.fleet.revoke(box, now.timestamp()):
        return None
    book = EnrolBook(folder.enrolments)
    try:
        count = book.revoke(box, now.timestamp())
        publish_lists(folder, store, book, now)
    finally:
        book.close()
    reloaded = reload_broker(folder)
    ended = reloaded and end_session(folder, config, box, now)
    return Revoked(count, reloaded, ended)


def publish_lists(folder: Folder, store: ProvinceStore, book: EnrolBook, now: dt.datetime) -> None:
    """Write both lists as they should be now; the broker reads them at its start and when it is told to."""
    authority = pki.load_authority(folder.ca, folder.ca_key)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - dt.timedelta(minutes=5))
        .next_update(now + dt.timedelta(days=LIST_DAYS))
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    )
    for issued in book.revoked(now.timestamp()):
        when = dt.datetime.fromtimestamp(issued.revoked_at or 0.0, dt.UTC)
        entry = x509.RevokedCertificateBuilder().serial_number(issued.serial).revocation_date(when).build()
        builder = builder.add_revoked_certificate(entry)
    crl = builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)
    _replace(folder.revoked, crl, 0o640)
    gone = [box.box for box in store.fleet.boxes() if box.revoked_at is not None]
    _replace(folder.access_list, access_list(gone).encode(), 0o600)


def access_list(revoked: list[str]) -> str:
    """The protocol's access list, and boxes that may reach nothing of it."""
    denied = "".join(f"user {box}\ntopic deny {PREFIX}#\n\n" for box in revoked)
    return broker_access_list(pki.RECEIVER) + denied


def reload_broker(folder: Folder) -> bool:
    """Tell the mosquitto of this folder to read its lists anew; False when none is known to run."""
    try:
        pid = int(folder.broker_pid.read_text("ascii"))
        if "mosquitto" not in Path(f"/proc/{pid}/comm").read_text():
            return False
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    time.sleep(0.3)  # mosquitto looks at the signal in its next turn; there is nothing to wait on
    return True


def end_session(folder: Folder, config: Config, box: str, now: dt.datetime) -> bool:
    """Take over the box's session and leave it; False when the broker could not be reached."""
    authority = pki.load_authority(folder.ca, folder.ca_key)
    key = ec.generate_private_key(ec.SECP256R1())
    passing = box_certificate_for(authority, box, key.public_key(), now, PASSING)
    context = ssl.create_default_context(cafile=str(folder.ca))
    with tempfile.TemporaryDirectory(prefix="commune-kick-") as name:
        files = Path(name) / "passing.pem"
        pki.write_private(files, pki.private_pem(key) + pki.certificate_pem(passing))
        context.load_cert_chain(files)
    try:
        with (
            socket.create_connection((config.broker_host, config.broker_port), KICK_SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=config.broker_host) as line,
        ):
            line.sendall(_connect(box))
            answer = line.recv(4)
            line.sendall(b"\xe0\x00")
    except OSError:
        return False
    return answer[:1] == b"\x20" and answer[3:4] == b"\x00"


def _connect(client_id: str) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session: what waited for the box at the broker goes too."""
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x02" + struct.pack("!H", 30) + struct.pack("!H", len(name)) + name
    return bytes((0x10, len(body))) + body


def _replace(path: Path, content: bytes, mode: int) -> None:
    passing = path.with_name(f".{path.name}.part")
    with passing.open("wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    passing.replace(path)
    flush_folder(path.parent)
