"""The lists of revoked certificates that a box keeps on its disk, so that it can check without a line.

Owns the folder and what may enter it: only whole, direct lists, signed by an authority that we pin, and never an older
one over a younger one (whoever could bring back last year's list would make a revoked certificate good again). Lists
come from the addresses in certificates and configuration while there is a line, or from a file on a stick. Judges no
certificate: `hsm.trust.check_signer` does, with the lists that this folder gives.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from asn1crypto import pem
from cryptography import x509

from hsm.exchange import ExchangeError, fetch
from hsm.revocation_sources import LARGEST_LIST
from hsm.trust import Trust

FUTURE_SLACK = timedelta(days=1)
"""A list issued further ahead of the box's clock is kept out: it could never be replaced by a true one."""
_SUFFIX = ".crl"
_UNREADABLE = (ValueError, TypeError, x509.UnsupportedGeneralNameType)


class ListRefused(Exception):
    """A list is not taken. Codes: list-unreadable, list-partial, list-stranger, list-older, list-future, list-silent
    (the address gave nothing)."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class KeptList:
    """One list in the folder. `until` is its nextUpdate: from then on revocation is unknown since `issued`."""

    issuer: str
    issued: datetime
    until: datetime
    revoked: int
    file: Path

    def fresh(self, now: datetime) -> bool:
        """Whether it still speaks for the present."""
        return now <= self.until


@dataclass
class RevocationLists:
    """The folder. `trust` names the authorities whose lists count, roots and intermediates."""

    folder: Path
    trust: Trust
    _read: dict[Path, tuple[int, bytes, KeptList]] = field(default_factory=dict)

    def kept(self) -> tuple[KeptList, ...]:
        """What is in the folder, by issuer."""
        return tuple(sorted((entry[2] for entry in self._entries()), key=lambda one: (one.issuer, one.file.name)))

    def contents(self) -> tuple[bytes, ...]:
        """Every list (DER), for `Trust.crls`."""
        return tuple(entry[1] for entry in self._entries())

    def keep(self, content: bytes, now: datetime) -> KeptList:
        """Take a list (DER or PEM) in; the same one again changes nothing. Raises: ListRefused, OSError."""
        found, der = _parse(content)
        _whole(found)
        authority = self._signed_by(found)
        issued = found.last_update_utc
        if issued > now + FUTURE_SLACK:
            raise ListRefused("list-future", issued.isoformat())
        path = self.folder / (_name(found, authority) + _SUFFIX)
        held = self._entry(path)
        if held is not None and held[2].issued > issued:
            raise ListRefused("list-older", f"{issued.isoformat()} < {held[2].issued.isoformat()}")
        if held is None or held[1] != der:
            self._write(path, der)
        entry = self._entry(path)
        assert entry is not None
        return entry[2]

    def fetch(self, url: str, now: datetime, patience: float = 60.0) -> KeptList:
        """Fetch a list and take it in. Raises: ListRefused, OSError."""
        try:
            content = fetch(url, patience=patience, largest=LARGEST_LIST)
        except ExchangeError as error:
            raise ListRefused("list-silent", str(error)) from error
        return self.keep(content, now)

    def _entries(self) -> list[tuple[int, bytes, KeptList]]:
        try:
            paths = sorted(path for path in self.folder.iterdir() if path.suffix == _SUFFIX)
        except FileNotFoundError:
            return []
        return [entry for path in paths if (entry := self._entry(path)) is not None]

    def _entry(self, path: Path) -> tuple[int, bytes, KeptList] | None:
        """A file of the folder, parsed once for each of its versions; None for one that is not there or no list."""
        try:
            version = path.stat().st_mtime_ns
            if path in self._read and self._read[path][0] == version:
                return self._read[path]
            der = path.read_bytes()
            found = x509.load_der_x509_crl(der)
        except (OSError, *_UNREADABLE):
            return None
        issued = found.last_update_utc
        names = found.issuer.rfc4514_string()
        kept = KeptList(names, issued, found.next_update_utc or issued, len(found), path)
        self._read[path] = (version, der, kept)
        return self._read[path]

    def _signed_by(self, found: x509.CertificateRevocationList) -> x509.Certificate:
        for der in (*self.trust.roots, *self.trust.intermediates):
            authority = x509.load_der_x509_certificate(der)
            if authority.subject != found.issuer or not _may_sign(authority):
                continue
            try:
                if found.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
                    return authority
            except _UNREADABLE:
                continue
        raise ListRefused("list-stranger", found.issuer.rfc4514_string())

    def _write(self, path: Path, der: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".list-")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(der)
                stream.flush()
                os.fsync(stream.fileno())
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def addresses(certificates: Iterable[bytes]) -> list[str]:
    """Where the issuers of these certificates (DER) publish their lists, each address once (http and https)."""
    found: dict[str, None] = {}
    for der in certificates:
        try:
            points = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.CRLDistributionPoints)
        except (x509.ExtensionNotFound, *_UNREADABLE):
            continue
        for point in points.value:
            for name in point.full_name or ():
                if isinstance(name, x509.UniformResourceIdentifier) and name.value.lower().startswith("http"):
                    found[name.value] = None
    return list(found)


def stale_since(kept: Sequence[KeptList], now: datetime) -> datetime | None:
    """Since when some kept list has not spoken for the present (its own date), or None."""
    return min((one.issued for one in kept if not one.fresh(now)), default=None)


def _parse(content: bytes) -> tuple[x509.CertificateRevocationList, bytes]:
    try:
        der = pem.unarmor(content)[2] if pem.detect(content) else content
        found = x509.load_der_x509_crl(der)
        found.last_update_utc.astimezone(UTC)
    except _UNREADABLE as error:
        raise ListRefused("list-unreadable", str(error)[:200]) from error
    return found, der


def _whole(found: x509.CertificateRevocationList) -> None:
    """Refuse delta, indirect and partial lists: what they leave out would look good."""
    for extension in found.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise ListRefused("list-partial", "delta")
        if isinstance(value, x509.IssuingDistributionPoint):
            if value.indirect_crl or value.only_some_reasons or value.only_contains_attribute_certs:
                raise ListRefused("list-partial", "scope")
        elif extension.critical:
            raise ListRefused("list-partial", extension.oid.dotted_string)


def _may_sign(authority: x509.Certificate) -> bool:
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True
    except _UNREADABLE:
        return False


def _name(found: x509.CertificateRevocationList, authority: x509.Certificate) -> str:
    """One file for each authority key and scope: a newer list takes the older one's place."""
    scope = b""
    for extension in found.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            scope = extension.value.public_bytes()
    key = x509.SubjectKeyIdentifier.from_public_key(authority.public_key()).digest
    return sha256(found.issuer.public_bytes() + key + scope).hexdigest()[:32]
