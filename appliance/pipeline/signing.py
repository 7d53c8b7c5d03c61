"""APPROVED → SIGNED: one incremental PAdES signature per slot, each verified before it counts.

The key never comes here: the signer process answers with a signature. A token that is locked, away or broken parks the
papers that need it, as no attempt of theirs; a new login wakes them. A paper that cannot be signed soundly is at fault
itself.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from appliance.config import Config
from appliance.domain.documents import Document, Signature, add_signature, advance, consent_of, slot_to_sign
from appliance.domain.kinds import Slot
from appliance.domain.numbering import given
from appliance.domain.states import Event, State
from appliance.domain.steps import Step
from appliance.pipeline.longterm import first_proof
from appliance.pipeline.placing import Looks, looks_of, stamp_for
from appliance.pipeline.runner import StepFailed, StepParked
from appliance.store import Store, documents, longterm
from hsm.api import FaultClass, KeyState, SignerState, SigningError, SigningService
from hsm.font import FontError
from hsm.pades import Numbering, SignatureRefused, apply_signature
from hsm.places import PlacementError
from hsm.revocation import RevocationLists
from hsm.stamps import StampError
from hsm.times import VIETNAM
from hsm.trust import Trust, TrustError, read_certificates

GIVE_UP_AFTER = 3
_SOON = {FaultClass.DEVICE: timedelta(minutes=1), FaultClass.HANG: timedelta(minutes=1)}
"""Parked for less long: the login may still be there, and nobody has to come. All others wait for a person."""


@dataclass(frozen=True, kw_only=True)
class SigningPlan(Looks):
    """What the signatures of this office look like and whom they chain to."""

    trust: Trust
    intermediates: tuple[bytes, ...]


def signing_plan(config: Config) -> SigningPlan:
    """The plan of this box.

    Raises:
        TrustError: a certificate file cannot be read.
        StampError: the seal's picture cannot be read.
    """
    signer = config.signer
    return SigningPlan(
        **vars(looks_of(config)),
        trust=Trust.from_files(signer.roots, signer.intermediates),
        intermediates=tuple(one for path in signer.intermediates for one in read_certificates(path)),
    )


class Signing:
    """The step; ``work`` is a folder for passing files."""

    def __init__(
        self,
        store: Store,
        work: Path,
        service: SigningService,
        plan: SigningPlan,
        clock: Callable[[], datetime] | None = None,
        lists: RevocationLists | None = None,
        renamed: Callable[[SigningPlan], SigningPlan] = lambda plan: plan,
    ) -> None:
        """``renamed`` gives the plan the names that the office has now."""
        self._renamed = renamed
        self._lists = lists
        self._clock = clock
        self._store = store
        self._work = work
        self._service = service
        self._plan = plan
        self._open: frozenset[tuple[str, str]] = frozenset()

    def ready(self) -> bool:
        """Whether any key is logged in now; while none is, there is no use in taking a paper up.

        A login that was not there at the last look wakes the papers that were parked.
        """
        try:
            keys = self._service.state().keys
        except SigningError:
            return False
        logins = frozenset((key.slot, key.since) for key in keys if key.present and key.logged_in)
        if logins - self._open:
            self._store.write(lambda db: documents.wake(db, Step.SIGN))
        self._open = logins
        return bool(logins)

    def __call__(self, document: Document, now: datetime) -> None:
        """Fill the next consented slot of one leased document.

        Raises:
            StepParked: the token or the signer process is at fault; the paper waits for the next login.
            StepFailed: the box lacks something, or a signature did not pass its check; tried again by itself.
        """
        slot = slot_to_sign(document)
        if slot is None:
            return
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{document.id}.sign.", dir=self._work))
        try:
            self._sign(document, slot, folder / "signed.pdf", now)
        except SigningError as error:
            raise StepParked(error.code, _SOON.get(error.fault)) from error
        except (TrustError, FontError, StampError) as error:
            raise StepFailed(error.code, timedelta(minutes=1)) from error
        except (SignatureRefused, PlacementError) as error:
            if error.code == "nudge-off-page":
                raise StepFailed(error.code, timedelta(minutes=1)) from error  # a person can move it back
            if error.code == "self-check-failed" and document.attempts + 1 < GIVE_UP_AFTER:
                raise StepFailed(error.code) from error  # a token may have answered wrongly once
            self._broken(document, error.code, str(error), now)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _sign(self, before: Document, slot: Slot, target: Path, now: datetime) -> None:
        _check_authority(before, slot, now)
        key = _logged_in(self._service.state(), slot)
        certificate = key.certificate_der or b""
        to_write = given(before) if slot is Slot.AGENCY else None
        # Revoked is refused; without a list that speaks for today, revocation is unknown, and that is kept and told.
        trust = replace(self._plan.trust, crls=self._lists.contents()) if self._lists else self._plan.trust
        applied = apply_signature(
            self._store.blobs.existing(before.current_sha256),
            target,
            kind=before.kind.value,
            slot=slot.value,
            service=self._service,
            certificate=certificate,
            intermediates=list(self._plan.intermediates),
            trust=trust,
            stamp=stamp_for(self._renamed(self._plan), before, slot, now),
            document_id=before.id,
            now=now,
            cache=self._plan.font_cache,
            seal_size=self._plan.seal_size,
            nudges=before.nudges,
            mechanism=key.mechanism,
            not_before=before.updated_at,
            numbering=Numbering(*to_write) if to_write else None,
            source_is_pdfa=_made_by_the_box(before),
        )
        blob = self._store.blobs.put(target)
        signature = Signature(
            slot=slot,
            sha256=blob.sha256,
            size=blob.size,
            signed_at=datetime.fromisoformat(applied.signed_at),
            certificate_sha256=applied.certificate_sha256,
            signer=_common_name(certificate),
            page=applied.page,
            box=applied.box,
            notes=applied.notes,
            blanks=applied.blanks,
            notation=applied.notation,
            revocation=applied.revocation,
            revocation_known_at=applied.revocation_known_at,
        )
        after = add_signature(before, signature, self._clock() if self._clock else now)
        event = Event.SIGNATURES_COMPLETE if after.state is State.SIGNED else Event.SIGNATURE_APPLIED
        detail: dict[str, object] = {
            "slot": slot,
            "sha256": blob.sha256,
            "size": blob.size,
            "certificate": applied.certificate_sha256,
            "revocation": " ".join((applied.revocation, applied.revocation_known_at)).strip(),
        }
        detail |= {"notes": list(applied.notes)} if applied.notes else {}
        proof = first_proof(self._store, after, certificate, target, self._lists) if not after.open_slot else None

        def change(db: Any) -> None:
            documents.save(db, before, after, "worker", event, detail)
            if proof:
                longterm.begin(db, proof)

        self._store.write(change)

    def _broken(self, before: Document, code: str, text: str, now: datetime) -> None:
        after = advance(before, Event.SIGNATURE_BROKEN, now, reason_code=code, reason_text=text)

        def change(db: Any) -> None:
            documents.save(db, before, after, "worker", Event.SIGNATURE_BROKEN, {"code": code})

        self._store.write(change)


def _check_authority(document: Document, slot: Slot, now: datetime) -> None:
    """Whoever consented in another's place may have lost that power before the token came."""
    consent = consent_of(document, slot)
    if consent and consent.until and now.astimezone(VIETNAM).date() > consent.until:
        raise StepFailed("delegation-ended", timedelta(hours=1))


def _made_by_the_box(document: Document) -> bool:
    """Whether the file below the signatures is what the digitizer made, and so has been found to be PDF/A."""
    return bool(document.archive_sha256) and document.archive_sha256 != document.original_sha256


def _logged_in(state: SignerState, slot: Slot) -> KeyState:
    """The key of ``slot``, with its enrolled certificate.

    Raises:
        SigningError: the token is away, nobody is logged in, or no certificate is enrolled.
    """
    key = state.key(slot.value)
    if not key.present:
        raise SigningError(FaultClass.TOKEN_LOST, "token-absent", key.token_label)
    if not key.logged_in:
        raise SigningError(FaultClass.AUTH_LOST, "pin-needed", slot.value)
    if key.certificate_der is None:
        raise SigningError(FaultClass.CONFIG, "certificate-missing", slot.value)
    return key


def _common_name(certificate: bytes) -> str:
    names = x509.load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
