"""What was enrolled: for each slot its module, token, key and mechanism, and every certificate it ever had.

One JSON file a slot and one PEM file a certificate, in one folder that the signer reads and a technician's command
writes. A renewal retires the certificate before and forgets nothing, so that old signatures stay explained. No PIN
here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from asn1crypto import pem, x509

VERSION = 1


class EnrolmentError(Exception):
    """An enrolment cannot be read or made; `code` is `enrolment-unreadable`, `-unwritable` or `-absent`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class EnrolledCertificate:
    """One certificate of a slot, now or in the past; moments are ISO 8601, `retired_at` "" for the present one.
    `enrolled_by` is the person as the page knew them, "" by command."""

    sha256: str
    file: str
    subject: str
    issuer: str
    serial_number: str
    not_before: str
    not_after: str
    token_serial: str
    key_id: str
    enrolled_at: str
    retired_at: str = ""
    enrolled_by: str = ""


@dataclass(frozen=True)
class Enrolment:
    """One slot's key, and its certificates from the newest to the oldest."""

    slot: str
    module: str
    environment: Mapping[str, str]
    token_label: str
    token_serial: str
    key_id: str
    mechanism: str
    hashed_by: str
    pin_each_signature: bool
    pin_pad: bool
    certificates: tuple[EnrolledCertificate, ...] = field(default=())

    @property
    def present(self) -> EnrolledCertificate:
        """The certificate that signs now."""
        return self.certificates[0]


def describe(der: bytes, token_serial: str, key_id: str, now: datetime) -> EnrolledCertificate:
    """The entry for a certificate (DER) enrolled at `now`."""
    certificate = x509.Certificate.load(der)
    digest = sha256(der).hexdigest()
    return EnrolledCertificate(
        sha256=digest,
        file=f"{digest[:16]}.pem",
        subject=str(certificate.subject.native.get("common_name", certificate.subject.human_friendly)),
        issuer=str(certificate.issuer.native.get("common_name", certificate.issuer.human_friendly)),
        serial_number=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before.isoformat(),
        not_after=certificate.not_valid_after.isoformat(),
        token_serial=token_serial,
        key_id=key_id,
        enrolled_at=now.isoformat(timespec="seconds"),
    )


def renewed(before: Enrolment | None, fresh: Enrolment, now: datetime) -> Enrolment:
    """`fresh` with the history of `before`: its certificates are retired at `now`; the same one is not doubled."""
    if before is None:
        return fresh
    at = now.isoformat(timespec="seconds")
    known = fresh.present.sha256
    past = [
        one if one.retired_at else replace(one, retired_at=at) for one in before.certificates if one.sha256 != known
    ]
    return replace(fresh, certificates=(fresh.present, *past))


def save(folder: Path, enrolment: Enrolment, der: bytes) -> Path:
    """Write the certificate, then the slot's file, each at once and durably. Raises: EnrolmentError."""
    path = folder / f"{enrolment.slot}.json"
    tree = {"version": VERSION, **asdict(enrolment)}
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        _replace(folder / enrolment.present.file, pem.armor("CERTIFICATE", der))
        _replace(path, (json.dumps(tree, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise EnrolmentError("enrolment-unwritable", str(error)) from error
    return path


def load(folder: Path, slot: str) -> Enrolment | None:
    """A slot's enrolment, or None. Raises: EnrolmentError."""
    path = folder / f"{slot}.json"
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree.pop("version") != VERSION:
            raise ValueError("version")
        certificates = tuple(EnrolledCertificate(**one) for one in tree.pop("certificates"))
        if not certificates or tree["slot"] != slot:
            raise ValueError("certificates")
        return Enrolment(**tree, certificates=certificates)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EnrolmentError("enrolment-unreadable", f"{path}: {error}") from error


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.chmod(0o644)
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
