"""Certificate files (PEM or DER) as DER bytes; light enough for the signer process."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from asn1crypto import pem, x509

from hsm.api import FaultClass, SigningError
from hsm.config import KeyConfig


def read_all(path: Path) -> list[bytes]:
    """Every certificate in a file. Raises: OSError; ValueError when there is none or one cannot be parsed."""
    return parse_all(path.read_bytes())


def parse_all(content: bytes) -> list[bytes]:
    """Every certificate in a file's content. Raises: ValueError when there is none or one cannot be parsed."""
    if pem.detect(content):
        found = [der for name, _, der in pem.unarmor(content, multiple=True) if name == "CERTIFICATE"]
    else:
        found = [content]
    try:
        for der in found:
            x509.Certificate.load(der, strict=True).subject.native  # noqa: B018 - parsing is the check
    except TypeError as error:
        raise ValueError(str(error)) from error
    if not found:
        raise ValueError("no certificate")
    return found


def load_certificate(path: Path) -> bytes:
    """The only (or first) certificate of a file. Raises: SigningError (CONFIG, `certificate-unreadable`)."""
    try:
        return read_all(path)[0]
    except (OSError, ValueError) as error:
        raise SigningError(FaultClass.CONFIG, "certificate-unreadable", f"{path}: {error}") from error


def enrolled_certificate(key: KeyConfig) -> bytes:
    """The certificate enrolled for a key. Raises: SigningError (CONFIG, also `certificate-not-enrolled`)."""
    certificate = load_certificate(key.certificate)
    if key.certificate_sha256 and sha256(certificate).hexdigest() != key.certificate_sha256:
        raise SigningError(FaultClass.CONFIG, "certificate-not-enrolled", str(key.certificate))
    return certificate
