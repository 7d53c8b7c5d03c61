"""May this paper be signed for this slot, by this certificate, now? Everything that is asked before the token is.

Owns the refusals. A file that is already signed is judged as strictly as a stranger's: signing over it would lend it
the agency's name.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import enumerate_sig_fields

from hsm.fields import QuietWriter
from hsm.findings import Revocation
from hsm.slots import FIELD_OF_SLOT, SLOTS_OF_KIND
from hsm.times import iso_time
from hsm.trust import Trust, TrustError, check_signer
from hsm.verify import Verification, verify_file

CLOCK_SLACK = timedelta(minutes=5)
"""How far the clock may lie before a moment that has certainly passed; a box without a time server drifts."""
CHECK_HOLDS = timedelta(minutes=1)


class SignatureRefused(Exception):
    """The document is not signed, and no target was written; `code` says why, `params` fill the words.

    Codes: document-unreadable, document-encrypted, kind-unknown, slot-not-of-kind, slot-out-of-order,
    slot-already-signed, signature-present-invalid, number-not-left-open, pdfa-broken, self-check-failed. Certificates
    and the clock: see TrustError (and `clock-implausible`). Fonts: FontError. Images: StampError.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(f"{code} {params}" if params else code)
        self.code = code
        self.params = params


_UNREADABLE = (PdfError, ValueError, KeyError, TypeError, RecursionError)
"""What pyHanko raises for a file that it cannot read."""
_checked: dict[tuple[bytes, Trust, tuple[bytes, ...]], tuple[datetime, Revocation]] = {}


def check_signer_once(certificate: bytes, trust: Trust, intermediates: tuple[bytes, ...], now: datetime) -> Revocation:
    """Check the signer; in a batch, what was good less than a minute ago under the same trust and lists still is."""
    at, found = _checked.get((certificate, trust, intermediates), (now - CHECK_HOLDS, None))
    if found is None or not timedelta(0) <= now - at < CHECK_HOLDS:
        found = check_signer(certificate, trust, intermediates, now)
        _checked.clear()
        _checked[certificate, trust, intermediates] = now, found
    return found


def check_clock(now: datetime, not_before: datetime | None) -> None:
    """`not_before` is a moment that has certainly passed. Raises: TrustError (clock-implausible)."""
    if not_before is not None and now < not_before - CLOCK_SLACK:
        raise TrustError("clock-implausible", iso_time(not_before))


def slots_of(kind: str, slot: str) -> tuple[str, ...]:
    """The kind's slots in order. Raises: SignatureRefused (kind-unknown, slot-not-of-kind)."""
    if kind not in SLOTS_OF_KIND:
        raise SignatureRefused("kind-unknown", kind=kind)
    if slot not in SLOTS_OF_KIND[kind]:
        raise SignatureRefused("slot-not-of-kind", slot=slot, kind=kind)
    return SLOTS_OF_KIND[kind]


def opened(stream: BinaryIO) -> QuietWriter:
    """The file as the base of a new revision. Raises: SignatureRefused (document-unreadable, document-encrypted)."""
    try:
        writer = QuietWriter(stream, strict=True)
    except _UNREADABLE as error:
        raise SignatureRefused("document-unreadable", detail=f"{type(error).__name__}: {error}") from error
    if writer.prev.encrypted:
        raise SignatureRefused("document-encrypted")
    return writer


def fields_in(writer: QuietWriter) -> dict[str, bool]:
    """Names of the signature fields in the file, and whether each is signed. Raises: SignatureRefused."""
    try:
        return {name: value is not None for name, value, _ in enumerate_sig_fields(writer.prev)}
    except _UNREADABLE as error:
        raise SignatureRefused("document-unreadable", detail=f"{type(error).__name__}: {error}") from error


def check_order(slots: tuple[str, ...], slot: str, present: dict[str, bool]) -> None:
    """Raises: SignatureRefused (slot-already-signed, slot-out-of-order)."""
    if present.get(FIELD_OF_SLOT[slot]):
        raise SignatureRefused("slot-already-signed", slot=slot)
    for earlier in slots[: slots.index(slot)]:
        if not present.get(FIELD_OF_SLOT[earlier]):
            raise SignatureRefused("slot-out-of-order", slot=slot, missing=earlier)


def check_signed_before(source: Path, slots: tuple[str, ...], slot: str, trust: Trust, now: datetime) -> None:
    """The signatures before this slot's must hold. Raises: SignatureRefused (signature-present-invalid)."""
    found = verify_file(source, trust, slots[: slots.index(slot)], now, with_pdfa=False)
    if not acceptable(found):
        raise SignatureRefused("signature-present-invalid", reasons=", ".join(found.reasons))


def acceptable(found: Verification) -> bool:
    """Whether a file with these findings may be signed, or handed out once it is."""
    # Somebody else's signature under ours does not make ours worse when we do not pin its certificate, nor when its
    # tool rewrote the file's properties and nothing that a reader sees (hsm/VERIFICATION.md).
    ours = [finding for finding in found.signatures if finding.slot]
    sound = all(finding.trusted and not finding.changed_after for finding in ours)
    return found.verdict == "valid" or (found.conclusion in ("untrusted", "metadata-only") and sound)
