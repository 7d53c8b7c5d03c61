"""A box meets its province: keys made here, a certificate fetched with a one-time code.

Owns the files of a box's identity (`client.key`, `device.key`, `client.pem`, `ca.pem`, `province.json` in one folder).
Private keys are made here and never leave. Nothing is said to the other side before its CA is the one that the code
names. Kept until the end: a run that was cut off goes on with the same keys, so that the code is not spent in vain.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from sync.enrolment_code import EnrolmentCode, read_code
from sync.wire_identity import SigningKey, public_key

PORT = 8884
PROOF = b"commune-box enrolment v1\0"
"""In front of the CSR (DER) in what the device key signs."""
_MOST_BYTES = 65_536
_DONE = "province.json"


class EnrolmentFailed(Exception):
    """No certificate. `code`: of the province (`code-unknown`, `code-expired`, `code-used`, `too-many`, `csr-bad`,
    `proof-bad`, `request-bad`), or `province-away`, `province-other`, `answer-bad`, `enrolled-already`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Enrolled:
    """What the box knows now: who it is, where the province is, whom to believe."""

    box: str
    commune: str
    host: str
    port: int
    receipt_keys: dict[str, str]
    folder: Path
    websocket_port: int = 0
    """Where it is reached through a proxy for HTTPS alone; 0: nowhere."""


def enrol(text: str, host: str, port: int, folder: Path, *, seconds: float = 30.0) -> Enrolled:
    """Spend a code. Raises BadCode before anything is sent or written; EnrolmentFailed; OSError of the folder."""
    code = read_code(text)
    if (folder / _DONE).exists():
        raise EnrolmentFailed("enrolled-already", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    client, device = _client_key(folder / "client.key"), _device_key(folder / "device.key")
    authority = _authority(code, host, port, seconds)
    csr = _csr(client)
    said = {
        "secret": code.secret,
        "csr": csr.hex(),
        "device_key": device.public.hex(),
        "proof": device.sign(PROOF + csr).hex(),
    }
    answer = _redeemed(said, authority, host, port, seconds)
    return _kept(answer, authority, client, folder)


def _authority(code: EnrolmentCode, host: str, port: int, seconds: float) -> x509.Certificate:
    """The province's CA, fetched from whoever answers there, and believed because the code names it."""
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    status, content = _asked(anyone, host, port, "GET", "/v1/authority", None, seconds)
    try:
        found = x509.load_pem_x509_certificate(content) if status == 200 else None
    except ValueError as error:
        raise EnrolmentFailed("answer-bad", "authority") from error
    if found is None:
        raise EnrolmentFailed("answer-bad", f"HTTP {status}")
    if not code.names_authority(found.public_bytes(Encoding.DER)):
        raise EnrolmentFailed("province-other", f"{host}:{port}")
    return found


def _redeemed(
    said: dict[str, str], authority: x509.Certificate, host: str, port: int, seconds: float
) -> dict[str, Any]:
    context = ssl.create_default_context(cadata=authority.public_bytes(Encoding.PEM).decode("ascii"))
    status, content = _asked(context, host, port, "POST", "/v1/enrolment", json.dumps(said), seconds)
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise EnrolmentFailed("answer-bad", f"HTTP {status}") from error
    if status != 200 or not isinstance(answer, dict):
        raise EnrolmentFailed(str(answer.get("code", "answer-bad")) if isinstance(answer, dict) else "answer-bad")
    return answer


def _asked(
    context: ssl.SSLContext, host: str, port: int, method: str, path: str, body: str | None, seconds: float
) -> tuple[int, bytes]:
    line = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    try:
        line.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = line.getresponse()
        content = response.read(_MOST_BYTES + 1)
    except ssl.SSLCertVerificationError as error:
        raise EnrolmentFailed("province-other", error.verify_message) from error
    except (OSError, http.client.HTTPException) as error:
        raise EnrolmentFailed("province-away", f"{type(error).__name__}: {error}"[:200]) from error
    finally:
        line.close()
    if len(content) > _MOST_BYTES:
        raise EnrolmentFailed("answer-bad", "too long")
    return response.status, content


def _kept(
    answer: dict[str, Any], authority: x509.Certificate, client: ec.EllipticCurvePrivateKey, folder: Path
) -> Enrolled:
    """Check what came and keep it; `province.json` last, for it says that the rest is there."""
    try:
        certificate = x509.load_pem_x509_certificate(answer["certificate"].encode())
        certificate.verify_directly_issued_by(authority)
        box = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        keys = {str(kid): str(key) for kid, key in answer["receipt_keys"].items()}
        for key in keys.values():
            public_key(key)
        enrolled = Enrolled(
            box, str(answer["commune"]), str(answer["host"]), int(answer["port"]), keys, folder,
            int(answer.get("websocket_port", 0)),
        )  # fmt: skip
        fits = certificate.public_key() == client.public_key() and box == answer["box"] and keys
    except Exception as error:  # a sound province never answers so; whatever it is, nothing of it is kept
        raise EnrolmentFailed("answer-bad", f"{type(error).__name__}: {error}"[:200]) from error
    if not fits:
        raise EnrolmentFailed("answer-bad", "certificate")
    _write(folder / "ca.pem", authority.public_bytes(Encoding.PEM), 0o644)
    _write(folder / "client.pem", answer["certificate"].encode(), 0o644)
    facts = {name: answer[name] for name in ("host", "port", "ca", "receipt_keys", "box", "commune")}
    if enrolled.websocket_port:
        facts["websocket_port"] = enrolled.websocket_port
    _write(folder / _DONE, (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode(), 0o644)
    return enrolled


def _client_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        loaded = load_pem_private_key(path.read_bytes(), None)
        if isinstance(loaded, ec.EllipticCurvePrivateKey):
            return loaded
    made = ec.generate_private_key(ec.SECP256R1())
    _write(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    return made


def _device_key(path: Path) -> SigningKey:
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            SigningKey.generate().save(path)
    return SigningKey.load(path)


def _csr(client: ec.EllipticCurvePrivateKey) -> bytes:
    """The request; its name means nothing, for the code says which box this is."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "commune-box")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(client, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def _write(path: Path, content: bytes, mode: int) -> None:
    passing = path.with_name(f".{path.name}.part")
    passing.unlink(missing_ok=True)
    with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    passing.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
