"""One signature put into a file: appearance into its field, signature dictionary, byte range, CMS; one revision.

Uses pyHanko's embedder and not its signer: what is signed, how and when is decided here, and the CMS is our own
(`hsm.cms`). The private key is a SigningService.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import algos, x509
from pyhanko.pdf_utils.generic import DictionaryObject, NameObject
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from hsm import cms
from hsm.api import SigningService
from hsm.drawing import Drawing
from hsm.fields import LOCK, QuietWriter, rectangle_of
from hsm.slots import FIELD_OF_SLOT, KEY_OF_SLOT

CHUNK = 1 << 20
_SPARE = 64
"""Bytes kept over what the CMS is computed to need; an ECDSA signature varies in length."""


@dataclass(frozen=True)
class SigningKey:
    """A key behind a service: certificate and intermediates DER, `mechanism` one of `hsm.api.MECHANISMS`."""

    service: SigningService
    certificate: bytes
    intermediates: tuple[bytes, ...]
    mechanism: str

    @property
    def signature_size(self) -> int:
        """The most bytes a signature takes: an RSA modulus, or two P-256 numbers in DER."""
        public = x509.Certificate.load(self.certificate).public_key
        return 72 if public.algorithm == "ec" else (int(public.bit_size) + 7) // 8

    def certificates(self) -> Sequence[bytes]:
        """The intermediates without the leaf, which would else be embedded twice."""
        return [other for other in self.intermediates if other != self.certificate]


def embed(
    writer: QuietWriter, slot: str, drawing: Drawing, rotation: int, key: SigningKey, document_id: str, now: datetime
) -> None:
    """Sign the field of `slot` and write the revision in place. Raises: SigningError; pyHanko's errors for the file."""
    writer.ensure_output_version(version=(1, 7))
    if writer.output_version < (2, 0):
        writer.register_extension(ESIC_EXTENSION_1)
    algorithm = signed_digest_algorithm(key.mechanism)
    empty = _cms(key, cms.signed_attributes(key.certificate, bytes(32)), bytes(key.signature_size), algorithm)
    steps = PdfCMSEmbedder().write_cms(FIELD_OF_SLOT[slot], writer, existing_fields_only=True)
    field = next(steps).get_object()
    _show(writer, field, drawing, rotation)
    locked = slot == "agency"
    steps.send(
        SigObjSetup(
            SignatureObject(timestamp=now, subfilter=SigSeedSubFilter.PADES, bytes_reserved=2 * (len(empty) + _SPARE)),
            SigMDPSetup(
                "sha256", field_lock=LOCK if locked else None, docmdp_perms=MDPPerm.NO_CHANGES if locked else None
            ),
        )
    )
    prepared, _ = steps.send(SigIOSetup("sha256", in_place=True, chunk_size=CHUNK))
    attributes = cms.signed_attributes(key.certificate, prepared.document_digest)
    signature = key.service.sign(KEY_OF_SLOT[slot], attributes, document_id)
    steps.send(_cms(key, attributes, signature, algorithm))


def signed_digest_algorithm(mechanism: str) -> algos.SignedDigestAlgorithm:
    """The CMS name of a signing mechanism (signing.md 5.3), always over SHA-256."""
    if mechanism == "rsa-pss":
        digest = {"algorithm": "sha256"}
        parameters = algos.RSASSAPSSParams(
            {
                "hash_algorithm": digest,
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
                "salt_length": 32,
            }
        )
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
    return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa" if mechanism == "ecdsa-p256" else "sha256_rsa"})


def _cms(key: SigningKey, attributes: bytes, signature: bytes, algorithm: algos.SignedDigestAlgorithm) -> bytes:
    return cms.detached(key.certificate, key.certificates(), attributes, signature, algorithm)


def _show(writer: QuietWriter, field: DictionaryObject, drawing: Drawing, rotation: int) -> None:
    width, height = rectangle_of(field)
    if rotation in (90, 270):
        width, height = height, width
    form = drawing.form(writer, width, height, rotation)
    field[NameObject("/AP")] = DictionaryObject({NameObject("/N"): form})
