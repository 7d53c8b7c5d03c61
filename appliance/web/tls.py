"""The pages over TLS: the box's leaf certificate, loaded anew when its files change, and the CA that signed it.

Owns no key: the files are made by whoever runs the province's CA (name and address of the box as subject alternative
names). Nothing older than TLS 1.2; no HSTS, because a browser without the CA would then have no way in at all.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from appliance.config_sections import WebSection

LOOK_SECONDS = 30.0
log = logging.getLogger(__name__)


class PageCertificate:
    """The certificate of the pages as the server shows it now. Only for a section with certificate and key."""

    def __init__(self, section: WebSection) -> None:
        assert section.certificate and section.key
        self._files = (section.certificate, section.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._loaded = self._marks()
        self.context.load_cert_chain(*self._files)

    def renew(self) -> bool:
        """Load the files again when they changed; whether they did. Files that do not fit leave the old ones in use."""
        marks = self._marks()
        if marks == self._loaded:
            return False
        try:
            probe = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            probe.load_cert_chain(*self._files)  # a certificate and another's key must not reach the live context
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError):
            log.warning("the pages' new certificate cannot be used yet")
            return False
        self._loaded = marks
        return True

    async def keep_current(self) -> None:
        """Look now and then whether the certificate was renewed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.renew)

    def _marks(self) -> tuple[tuple[int, int], ...]:
        try:
            return tuple((found.st_mtime_ns, found.st_ino) for found in (file.stat() for file in self._files))
        except OSError:
            return ()


def authority(file: Path) -> tuple[bytes, str]:
    """The CA's certificate as DER, and its SHA-256 in groups of four as people compare it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no certificate.
    """
    content = file.read_bytes()
    load = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
    found = load(content)
    mark = found.fingerprint(hashes.SHA256()).hex().upper()
    return found.public_bytes(serialization.Encoding.DER), " ".join(mark[i : i + 4] for i in range(0, len(mark), 4))
