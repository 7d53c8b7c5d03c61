"""One PAdES B-B signature on one PDF, with its appearance, by a token this module never sees.

Order, never varied: check the document and the certificate, lay out the appearance and check its glyphs, and only
then ask the token; the result is a temporary file that must pass the strict verification and stay PDF/A before it
takes the target's place (fsync, rename). So a crash at any moment leaves either no target or a whole, verified one.
The source is never written. Whatever the file's size, it is read in pieces: the fields, the appearance and the
signature are one revision appended to a copy.

All fields of a kind are made in the first revision, the agency's with a lock on the whole document; every revision
comes from `QuietWriter`, because pyHanko otherwise rewrites the metadata, which the strict policy refuses (signing.md
5.1, 7.2, 7.3). Synchronous by intent: call it from a worker thread, never from a running event loop.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from hsm import appearance
from hsm.api import SigningService
from hsm.appearance import Fonts
from hsm.appended import check_appended
from hsm.blanks import texts
from hsm.drawing import Drawing
from hsm.embedding import SigningKey, embed
from hsm.fields import QuietWriter, make_fields, place_of_field
from hsm.pdfa import check_pdfa
from hsm.placement import Layout
from hsm.places import Box, Nudge, Placement
from hsm.planning import places_of_slots
from hsm.readiness import (
    SignatureRefused,
    acceptable,
    check_clock,
    check_order,
    check_signed_before,
    check_signer_once,
    fields_in,
    opened,
    slots_of,
)
from hsm.slots import FIELD_OF_SLOT, KEY_OF_SLOT, NUMBER
from hsm.stamps import SEAL_MILLIMETRES, SIGNATURE_MILLIMETRES, StampImage, StampText
from hsm.times import VIETNAM, iso_time
from hsm.trust import Trust
from hsm.verify import Verification, verify_file

__all__ = ["AppliedSignature", "Numbering", "SignatureRefused", "apply_signature"]


@dataclass(frozen=True)
class Numbering:
    """What the clerk gives at issue: the number of the register, and the day."""

    number: int
    day: date


@dataclass(frozen=True)
class AppliedSignature:
    """A signature that is on disk and verified. `box` is displayed coordinates (points, origin top-left), `page` from
    1.

    `notes`: what must be told of the place (see `Placement.notes`); `blanks`: what the draft leaves to the clerk, any
    of "number" and "date", with the `notation` behind the number. `revocation`: what the lists at hand say of the
    certificate, "good" or "unknown"; `revocation_known_at`: when the newest of them was made, "" when there is none.
    """

    sha256: str
    size: int
    slot: str
    page: int
    box: Box
    certificate_sha256: str
    signed_at: str
    pdfa: bool
    place_clear: bool
    notes: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    notation: str = ""
    revocation: str = ""
    revocation_known_at: str = ""


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
    nudges: Mapping[str, Nudge] | None = None,
    mechanism: str = "",
    not_before: datetime | None = None,
    numbering: Numbering | None = None,
    source_is_pdfa: bool = False,
) -> AppliedSignature:
    """Sign `source` into `target` for one slot of its kind.

    `certificate` and `intermediates` are DER. `seal_size` (points) is the true size of the agency's seal, for the
    field made at the leader's signature; `nudges` (millimetres by slot) move fields that are made now. `mechanism`
    saves asking the service. `not_before` is a moment that has certainly passed. `source_is_pdfa`: the caller knows it,
    so only what the signature adds is checked. `numbering` is written, by a signature of its own under the same key,
    into what the draft left open, before the agency's seal (NĐ 30/2020 PL I; signing.md 5, 7, 8). Raises:
    SignatureRefused, TrustError, FontError, StampError, PlacementError, SigningError, OSError; `target` is as it was.
    """
    slots = slots_of(kind, slot)
    check_clock(now, not_before)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".signing-", suffix=".pdf")
    os.close(handle)
    work = Path(name)
    try:
        shutil.copyfile(source, work)
        with work.open("r+b") as stream:
            writer = opened(stream)
            present = fields_in(writer)
            check_order(slots, slot, present)
            revocation = check_signer_once(certificate, trust, tuple(intermediates), now)
            if any(present.values()):
                check_signed_before(source, slots, slot, trust, now)
            fonts = Fonts.in_cache(cache)
            standard = SIGNATURE_MILLIMETRES[0] if slot == "leader" else SEAL_MILLIMETRES
            looks = appearance.looks(stamp, fonts.upright, standard)
            found = mechanism or service.state().key(KEY_OF_SLOT[slot]).mechanism
            key = SigningKey(service, certificate, tuple(intermediates), found)
            if numbering is not None and slot == "agency":
                _write_numbering(writer, work, present, numbering, fonts, key, document_id, now)
                stream.flush()
                writer = opened(stream)
            places: dict[str, Placement] = {}
            form = 0
            if FIELD_OF_SLOT[slot] not in present:
                places, form = places_of_slots(source, slots, [look.size for look in looks], seal_size, nudges or {})
            place = places.get(slot) or place_of_field(work, FIELD_OF_SLOT[slot])
            _sign(writer, slot, places, looks[form].drawing, place, key, document_id, now)
        expected = (*slots[: slots.index(slot)], f"{slot}={sha256(certificate).hexdigest()}")
        checked = _check_result(work, None if source_is_pdfa else source, expected, trust, now)
        _make_durable(work, target)
    finally:
        work.unlink(missing_ok=True)
    applied = AppliedSignature(
        sha256=checked.sha256,
        size=checked.size,
        slot=slot,
        page=place.page,
        box=place.box,
        certificate_sha256=sha256(certificate).hexdigest(),
        signed_at=iso_time(now),
        pdfa=checked.pdfa,
        place_clear=place.clear,
        notes=place.notes,
        revocation=revocation.state,
        revocation_known_at=revocation.known_at,
    )
    return _with_blanks(applied, source) if NUMBER in places else applied


def _with_blanks(applied: AppliedSignature, source: Path) -> AppliedSignature:
    with Layout(source) as layout:
        blanks = layout.blanks()
    return replace(applied, blanks=blanks.kinds, notation=blanks.notation)


def _write_numbering(
    writer: QuietWriter,
    work: Path,
    present: dict[str, bool],
    numbering: Numbering,
    fonts: Fonts,
    key: SigningKey,
    document_id: str,
    now: datetime,
) -> None:
    if present.get(FIELD_OF_SLOT[NUMBER]) is not False:
        raise SignatureRefused("number-not-left-open")
    with Layout(work) as layout:
        blanks = layout.blanks()
    given = texts(blanks.kinds, numbering.number, numbering.day)
    place = place_of_field(work, FIELD_OF_SLOT[NUMBER])
    drawing = appearance.draw_blanks(blanks, given, fonts, place.box)
    _sign(writer, NUMBER, {}, drawing, place, key, document_id, now)


def _sign(
    writer: QuietWriter,
    slot: str,
    places: Mapping[str, Placement],
    drawing: Drawing,
    place: Placement,
    key: SigningKey,
    document_id: str,
    now: datetime,
) -> None:
    make_fields(writer, places)
    embed(writer, slot, drawing, place.rotation, key, document_id, now.astimezone(VIETNAM))


def _check_result(
    work: Path, doubtful: Path | None, expected: tuple[str, ...], trust: Trust, now: datetime
) -> Verification:
    """Strict verification with the signers expected, and PDF/A: a file that is none now and was one before is not
    handed out. `doubtful` is the source when nobody knows whether it is PDF/A."""
    found = verify_file(work, trust, expected, now, with_pdfa=doubtful is not None)
    if not acceptable(found):
        raise SignatureRefused("self-check-failed", verdict=found.verdict, reasons=", ".join(found.reasons))
    if doubtful is None:
        appended = check_appended(work, frozenset(FIELD_OF_SLOT.values()))
        found = replace(found, pdfa=appended.passed)
    if not found.pdfa and (doubtful is None or check_pdfa(doubtful).passed):
        raise SignatureRefused("pdfa-broken", reasons="; ".join(check_pdfa(work).reasons[:3]))
    return found


def _make_durable(work: Path, target: Path) -> None:
    with work.open("rb") as stream:
        os.fsync(stream.fileno())
    work.chmod(0o640)
    work.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
