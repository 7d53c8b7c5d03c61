"""Fixtures of verification: an office with keys in memory, an authority that revokes and stamps time, signed papers.

A soft token proves nothing more to a verifier than a key in memory, and costs a process; who signs by a token is
tested where tokens are (`tests/fixtures_hsm.py`).
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore

from appliance.demo.pki import Authority, Pki, issue_certificate, make_pki
from hsm.api import KeyState, SignerState
from hsm.fields import QuietWriter
from hsm.pades import apply_signature
from hsm.stamps import StampImage, StampText, attachment_stamp, copy_stamp
from hsm.trust import Trust
from tests.data.signing_pages import make_page, make_seal, make_signature

MECHANISMS = ("rsa-v15", "rsa-pss", "ecdsa-p256")
NAMES = {"leader": "Nguyễn Thị Thử Nghiệm", "agency": "Ủy ban nhân dân xã Thử Nghiệm"}
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class KeysInMemory:
    """A `SigningService` whose keys lie in memory and are always logged in."""

    def __init__(self, keys: Mapping[str, PrivateKey], certificates: Mapping[str, bytes], mechanism: str) -> None:
        self._keys, self._certificates, self._mechanism = keys, certificates, mechanism

    def state(self) -> SignerState:
        return SignerState(
            "memory",
            tuple(
                KeyState(slot, slot, "1", "01", self._certificates[slot], True, mechanism=self._mechanism)
                for slot in self._keys
            ),
        )

    def login(self, slot: str, pin: str, documents: int = 0) -> None:
        """Always logged in."""

    def logout(self, slot: str) -> None:
        """Never logged out."""

    def sign(self, slot: str, signed_attributes: bytes, document_id: str) -> bytes:
        key = self._keys[slot]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(signed_attributes, ec.ECDSA(hashes.SHA256()))
        if self._mechanism == "rsa-pss":
            return key.sign(signed_attributes, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return key.sign(signed_attributes, padding.PKCS1v15(), hashes.SHA256())


def der(certificate: x509.Certificate) -> bytes:
    """A certificate's bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)


def _private(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass
class Office:
    """A PKI, a leader's and an agency's key, and the files they sign."""

    folder: Path
    pki: Pki
    now: datetime
    mechanism: str = "rsa-v15"
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    certificates: dict[str, bytes] = field(default_factory=dict)

    @property
    def trust(self) -> Trust:
        return Trust((der(self.pki.root.certificate),), (der(self.pki.issuing.certificate),))

    @property
    def service(self) -> KeysInMemory:
        return KeysInMemory(self.keys, self.certificates, self.mechanism)

    def enrol(self, slot: str, key: PrivateKey, begin: datetime, end: datetime) -> None:
        """Give a slot a key and a certificate."""
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        made = issue_certificate(self.pki, public, NAMES[slot], NAMES["agency"], begin, end)
        self.keys[slot], self.certificates[slot] = key, der(x509.load_pem_x509_certificate(made))

    def sign(
        self,
        source: Path,
        target: Path,
        kind: str,
        slot: str,
        stamp: StampText | StampImage,
        at: datetime | None = None,
    ) -> Path:
        """Sign one slot, as the box does."""
        apply_signature(
            source,
            target,
            kind=kind,
            slot=slot,
            service=self.service,
            certificate=self.certificates[slot],
            intermediates=list(self.trust.intermediates),
            trust=self.trust,
            stamp=stamp,
            document_id="d",
            now=at or self.now,
        )
        return target

    def packed(self, *others: object) -> bytes:
        """This office and `others` for a child process (keys as PEM, since they cannot be pickled)."""
        return pickle.dumps((self, *others))

    def __getstate__(self) -> dict[str, object]:
        return {
            "folder": self.folder,
            "now": self.now,
            "mechanism": self.mechanism,
            "certificates": self.certificates,
            "keys": {slot: _private(key) for slot, key in self.keys.items()},
            "pki": [(der(each.certificate), _private(each.key)) for each in (self.pki.root, self.pki.issuing)],
        }

    def __setstate__(self, packed: dict[str, Any]) -> None:
        self.folder, self.now, self.mechanism = packed["folder"], packed["now"], packed["mechanism"]
        self.certificates = packed["certificates"]
        self.keys = {slot: serialization.load_der_private_key(key, None) for slot, key in packed["keys"].items()}
        authorities = [
            Authority(x509.load_der_x509_certificate(certificate), serialization.load_der_private_key(key, None))
            for certificate, key in packed["pki"]
        ]
        self.pki = Pki(*authorities)

    def papers(self) -> dict[str, Path]:
        """Signed papers by name: every kind, with text and with pictures; "leader" still waits for the agency."""
        self.folder.mkdir(parents=True, exist_ok=True)
        at, made = self.now, {}
        for name, kind, stamp in (
            ("scan", "incoming-scan", copy_stamp(NAMES["agency"], at)),
            ("appendix", "appendix", attachment_stamp("15/UBND-VP", at)),
            ("case-file", "case-file", copy_stamp(NAMES["agency"], at, form="SAO Y")),
            ("sealed-scan", "incoming-scan", StampImage(make_seal())),
        ):
            source = make_page(self.folder / f"{name}-unsigned.pdf", "scan")
            made[name] = self.sign(source, self.folder / f"{name}.pdf", kind, "agency", stamp)
        letter = make_page(self.folder / "letter-unsigned.pdf", "letter")
        leader = self.sign(letter, self.folder / "leader.pdf", "outgoing", "leader", StampImage(make_signature()))
        made["leader"] = leader
        made["both"] = self.sign(leader, self.folder / "both.pdf", "outgoing", "agency", StampImage(make_seal()))
        return made

    def crl(
        self,
        begin: datetime,
        end: datetime,
        revoked: Mapping[str, datetime] | None = None,
        authority: Authority | None = None,
    ) -> bytes:
        """The list of an authority (else the issuing one), with the certificates of these slots revoked."""
        authority = authority or self.pki.issuing
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(begin)
            .next_update(end)
        )
        for slot, when in (revoked or {}).items():
            serial = x509.load_der_x509_certificate(self.certificates[slot]).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        made = builder.sign(authority.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.DER)

    def answer(self, slot: str, begin: datetime, end: datetime, revoked: datetime | None = None) -> bytes:
        """The issuing authority's own OCSP answer about a slot's certificate."""
        made = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=x509.load_der_x509_certificate(self.certificates[slot]),
                issuer=self.pki.issuing.certificate,
                algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=begin,
                next_update=end,
                revocation_time=revoked,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.pki.issuing.certificate)
            .sign(self.pki.issuing.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class TimeAuthority:
    """A time-stamping authority that says whatever time it is told to say."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[bytes, ...] = ()

    def stamper(self, at: datetime) -> DummyTimeStamper:
        """pyHanko's side of it, for one moment."""
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        store = SimpleCertificateStore()
        store.register_multiple([asn1_x509.Certificate.load(each) for each in self.chain])
        private = self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return DummyTimeStamper(
            asn1_x509.Certificate.load(der(self.certificate)),
            asn1_keys.PrivateKeyInfo.load(private),
            certs_to_embed=store,
            fixed_dt=at,
        )


def time_authority(issuer: Authority, begin: datetime, end: datetime) -> TimeAuthority:
    """A TSA below `issuer`, with the critical extended key usage of RFC 3161."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA thử nghiệm")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )
    return TimeAuthority(certificate, key)


def stamped(
    source: Path,
    authority: TimeAuthority,
    at: datetime,
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
    certificates: Iterable[bytes] = (),
    writer: type[IncrementalPdfFileWriter] = QuietWriter,
) -> Path:
    """A copy of `source` with one revision more: validation data, if any, and a document timestamp over all of it."""
    target = source.with_name(f"{source.stem}-{at:%Y%m%d%H%M}.pdf")
    shutil.copyfile(source, target)
    with target.open("r+b") as stream:
        writing = writer(stream)
        stored(writing, crls, ocsps, certificates)
        PdfTimeStamper(authority.stamper(at), field_name=f"Stamp{at:%Y%m%d%H%M}").timestamp_pdf(
            writing, "sha256", validation_context=None, in_place=True, bytes_reserved=16384
        )
    return target


def stored(
    writing: IncrementalPdfFileWriter,
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
    certificates: Iterable[bytes] = (),
) -> None:
    """Put validation data into the document security store of what is being written."""
    lists = [asn1_crl.CertificateList.load(each) for each in crls]
    answers = [asn1_ocsp.OCSPResponse.load(each) for each in ocsps]
    chain = [asn1_x509.Certificate.load(each) for each in certificates]
    if not (lists or answers or chain):
        return
    try:
        store = DocumentSecurityStore.read_dss(writing)
        store.writer = writing
    except Exception:
        store = DocumentSecurityStore(writer=writing)
    store.register_vri(None, certs=chain, ocsps=answers, crls=lists)
    reference = writing.add_object(store.as_pdf_object()) if "/DSS" not in writing.root else None
    if reference is not None:
        writing.root["/DSS"] = reference
        writing.update_root()


def make_office(folder: Path, mechanism: str, pki: Pki, now: datetime) -> Office:
    """An office whose certificates began 30 days ago and end in 900 days."""
    office = Office(folder, pki, now, mechanism)
    for slot in ("leader", "agency"):
        key: PrivateKey = (
            ec.generate_private_key(ec.SECP256R1())
            if mechanism == "ecdsa-p256"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        office.enrol(slot, key, now - timedelta(days=30), now + timedelta(days=900))
    return office


@pytest.fixture(scope="session")
def verify_now() -> datetime:
    """One moment for everything that is signed in this run, to the second."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)


@pytest.fixture(scope="session")
def verify_pki(verify_now: datetime) -> Pki:
    return make_pki(verify_now - timedelta(days=60))


@pytest.fixture(scope="session")
def signing_office_of(
    tmp_path_factory: pytest.TempPathFactory, verify_pki: Pki, verify_now: datetime
) -> Callable[[str], Office]:
    """The office that signs by a mechanism; made once."""
    made: dict[str, Office] = {}

    def make(mechanism: str) -> Office:
        if mechanism not in made:
            folder = tmp_path_factory.mktemp(f"office-{mechanism}")
            made[mechanism] = make_office(folder, mechanism, verify_pki, verify_now)
        return made[mechanism]

    return make


@pytest.fixture(scope="session")
def signing_office(signing_office_of: Callable[[str], Office]) -> Office:
    return signing_office_of("rsa-v15")


@pytest.fixture(scope="session")
def signed_papers(signing_office: Office) -> dict[str, Path]:
    """The signed papers of `Office.papers`; never to be written to."""
    return signing_office.papers()


@pytest.fixture(scope="session")
def tsa(verify_pki: Pki, verify_now: datetime) -> TimeAuthority:
    return time_authority(verify_pki.root, verify_now - timedelta(days=30), verify_now + timedelta(days=2000))
