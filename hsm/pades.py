"""One PAdES B-B signature on one PDF, with its appearance, by a token this module never sees.

Order, never varied: check the document and the certificate, lay out the appearance and check its glyphs, and only
then ask the token; the result is a temporary file that must pass the strict verification and stay PDF/A before it
takes the target's place (fsync, rename). So a crash at any moment leaves either no target or a whole, verified one.
The source is never written.

Both fields of a kind are made in the first revision, the agency's with a lock on the whole document; every revision
comes from `QuietWriter`, because pyHanko otherwise rewrites the metadata, which the strict policy refuses (signing.md
5.1, 7.2, 7.3). Synchronous by intent: call it from a worker thread, never from a running event loop.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from asn1crypto import algos, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import (
    MDPPerm,
    SigSeedSubFilter,
    enumerate_sig_fields,
)
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.stamp import BaseStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from hsm import appearance, placement
from hsm.api import SigningService
from hsm.appearance import StampImage, StampText
from hsm.fields import QuietWriter, make_fields, places_of_slots
from hsm.font import font_file
from hsm.pdfa import check_pdfa
from hsm.placement import Box, Placement
from hsm.slots import FIELD_OF_SLOT, SLOTS_OF_KIND
from hsm.trust import Trust, check_signer
from hsm.verify import Verification, verify_file

BYTES_RESERVED = 16384
"""Hex characters for the CMS: 8192 bytes, twice what a chain needs, far below PDF/A's limit for strings (signing.md
4.3)."""


class SignatureRefused(Exception):
    """The document is not signed, and no target was written; `code` says why, `params` fill the words.

    Codes: document-unreadable, document-encrypted, kind-unknown, slot-not-of-kind, slot-out-of-order,
    slot-already-signed, signature-present-invalid, pdfa-broken, self-check-failed. Certificates: see TrustError.
    Fonts: FontError. Images: StampError.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(f"{code} {params}" if params else code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class AppliedSignature:
    """A signature that is on disk and verified. `box` is displayed coordinates (points, origin top-left), `page` from
    1."""

    sha256: str
    size: int
    slot: str
    page: int
    box: Box
    certificate_sha256: str
    signed_at: str
    pdfa: bool
    place_clear: bool


class TokenSigner(Signer):
    """pyHanko's signer whose private key is a SigningService."""

    def __init__(
        self, service: SigningService, slot: str, certificate: bytes, intermediates: Sequence[bytes], document_id: str
    ) -> None:
        leaf = x509.Certificate.load(certificate)
        store = SimpleCertificateStore()
        # Not the leaf: registered here it would be embedded twice.
        store.register_multiple([x509.Certificate.load(other) for other in intermediates if other != certificate])
        self._service, self._slot, self._document_id = service, slot, document_id
        self._size = 72 if leaf.public_key.algorithm == "ec" else (leaf.public_key.bit_size + 7) // 8
        mechanism = _cms_mechanism(service.state().key(slot).mechanism)
        super().__init__(signing_cert=leaf, cert_registry=store, signature_mechanism=mechanism)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(self._size)
        return await asyncio.to_thread(self._service.sign, self._slot, data, self._document_id)


class _TimedSigner(PdfSigner):
    """Writes the caller's moment as signing time instead of asking the clock a second time."""

    def __init__(self, metadata: PdfSignatureMetadata, signer: Signer, style: BaseStampStyle, now: datetime) -> None:
        super().__init__(metadata, signer, stamp_style=style)
        self._now = now

    def init_signing_session(self, pdf_out, existing_fields_only=False):
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._now.astimezone(appearance.VIETNAM)
        return session


def apply_signature(
    source: Path,
    target: Path,
    *,
    kind: str,
    slot: str,
    service: SigningService,
    certificate: bytes,
    intermediates: Sequence[bytes],
    trust: Trust,
    stamp: StampText | StampImage,
    document_id: str,
    now: datetime,
    cache: Path | None = None,
    seal_size: tuple[float, float] | None = None,
) -> AppliedSignature:
    """Sign `source` into `target` for one slot of its kind.

    `certificate` and `intermediates` are DER. `seal_size` (points) is the true size of the agency's seal, for the
    field made at the leader's signature. Raises: SignatureRefused, TrustError, FontError, StampError, PlacementError,
    SigningError, OSError; then `target` is as it was. Sources: NĐ 30/2020 PL I; signing.md 5, 7, 8.
    """
    slots = _slots(kind, slot)
    present = _present_fields(source)
    _check_order(slots, slot, present)
    check_signer(certificate, trust, intermediates, now)
    if any(present.values()):
        _check_signed_before(source, slots, slot, trust, now)
    pdfa_before = check_pdfa(source).passed
    font = font_file(cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".signing-", suffix=".pdf")
    os.close(handle)
    work = Path(name)
    try:
        shutil.copyfile(source, work)
        clear = True
        if FIELD_OF_SLOT[slot] not in present:
            places = places_of_slots(source, slots, stamp, font, seal_size)
            make_fields(work, source, places)
            clear = places[slot].clear
        place = replace(placement.field_place(work, FIELD_OF_SLOT[slot]), clear=clear)
        signer = TokenSigner(service, slot, certificate, [*intermediates], document_id)
        _sign(work, slot, signer, _style(stamp, font, place), now)
        pdfa = _check_result(work, slots, slot, trust, pdfa_before, now)
        digest, size = _make_durable(work, target)
    finally:
        work.unlink(missing_ok=True)
    return AppliedSignature(
        sha256=digest,
        size=size,
        slot=slot,
        page=place.page,
        box=place.box,
        certificate_sha256=sha256(certificate).hexdigest(),
        signed_at=appearance.iso_time(now),
        pdfa=pdfa,
        place_clear=place.clear,
    )


def _slots(kind: str, slot: str) -> tuple[str, ...]:
    if kind not in SLOTS_OF_KIND:
        raise SignatureRefused("kind-unknown", kind=kind)
    if slot not in SLOTS_OF_KIND[kind]:
        raise SignatureRefused("slot-not-of-kind", slot=slot, kind=kind)
    return SLOTS_OF_KIND[kind]


def _present_fields(source: Path) -> dict[str, bool]:
    """Names of the signature fields in the file, and whether each is signed."""
    try:
        with source.open("rb") as stream:
            writer = QuietWriter(stream, strict=True)
            if writer.prev.encrypted:
                raise SignatureRefused("document-encrypted")
            return {name: value is not None for name, value, _ in enumerate_sig_fields(writer.prev)}
    except (PdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignatureRefused("document-unreadable", detail=f"{type(error).__name__}: {error}") from error


def _check_order(slots: tuple[str, ...], slot: str, present: dict[str, bool]) -> None:
    if present.get(FIELD_OF_SLOT[slot]):
        raise SignatureRefused("slot-already-signed", slot=slot)
    for earlier in slots[: slots.index(slot)]:
        if not present.get(FIELD_OF_SLOT[earlier]):
            raise SignatureRefused("slot-out-of-order", slot=slot, missing=earlier)


def _check_signed_before(source: Path, slots: tuple[str, ...], slot: str, trust: Trust, now: datetime) -> None:
    # Signing over a file that was changed after the leader signed would lend it the agency's name.
    found = verify_file(source, trust, slots[: slots.index(slot)], now, with_pdfa=False)
    if not _acceptable(found):
        raise SignatureRefused("signature-present-invalid", reasons=", ".join(found.reasons))


def _acceptable(found: Verification) -> bool:
    # Somebody else's signature under ours, by a certificate we do not pin, does not make ours worse.
    ours = [finding for finding in found.signatures if finding.slot]
    return found.verdict == "valid" or (found.verdict == "untrusted" and all(finding.trusted for finding in ours))


def _style(stamp: StampText | StampImage, font: Path, place: Placement) -> BaseStampStyle:
    if isinstance(stamp, StampImage):
        return appearance.image_style(stamp, place.rotation)
    lines, width, _ = appearance.lay_out(stamp, font)
    scale = 1.0 if place.box[2] - place.box[0] >= width - 1 else 0.5
    return appearance.text_style(lines, font, scale, place.rotation)


def _sign(work: Path, slot: str, signer: Signer, style: BaseStampStyle, now: datetime) -> None:
    metadata = PdfSignatureMetadata(
        field_name=FIELD_OF_SLOT[slot],
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        docmdp_permissions=MDPPerm.NO_CHANGES if slot == "agency" else MDPPerm.FILL_FORMS,
    )
    with work.open("r+b") as stream:
        writer = QuietWriter(stream, strict=True)
        signing = _TimedSigner(metadata, signer, style, now)
        signing.sign_pdf(writer, existing_fields_only=True, bytes_reserved=BYTES_RESERVED, in_place=True)


def _check_result(
    work: Path, slots: tuple[str, ...], slot: str, trust: Trust, pdfa_before: bool, now: datetime
) -> bool:
    expected = slots[: slots.index(slot) + 1]
    found = verify_file(work, trust, expected, now)
    if not _acceptable(found):
        raise SignatureRefused("self-check-failed", verdict=found.verdict, reasons=", ".join(found.reasons))
    if pdfa_before and not found.pdfa:
        raise SignatureRefused("pdfa-broken", reasons="; ".join(check_pdfa(work).reasons[:3]))
    return found.pdfa


def _make_durable(work: Path, target: Path) -> tuple[str, int]:
    with work.open("rb") as stream:
        os.fsync(stream.fileno())
        content = stream.read()
    work.chmod(0o640)
    work.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return sha256(content).hexdigest(), len(content)


def _cms_mechanism(mechanism: str) -> algos.SignedDigestAlgorithm:
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
    if mechanism == "ecdsa-p256":
        return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    return algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
