"""Enrolment, the piece that the command and the page share: what is on this machine, and one key enrolled for a slot.

Every look at a module and every trial signature happens in a process of its own (`hsm.inspect`). Refuses a slot that
stands in config.toml, a key that no certificate proves, and a certificate outside the pinned roots. The PIN goes to one
login and is kept nowhere.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from appliance.config import Config
from appliance.trusting import trust_files
from hsm import enrolment
from hsm.api import FaultClass, SigningError
from hsm.enrolment import Enrolment, EnrolmentError
from hsm.inspect import SECONDS, ask
from hsm.modules import find_modules
from hsm.trust import TrustError, check_signer

SLOTS = ("leader", "agency")
_TRY_SECONDS = 130.0
"""For a login: a reader with keys of its own waits for a person."""
_AT_ONCE = 4


@dataclass(frozen=True)
class Wish:
    """What is to be enrolled; "" and b"" leave it to what the token has. ``by``: who asked, for the history."""

    slot: str
    module: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    certificate: bytes = b""
    key_id: str = ""
    mechanism: str = ""
    pin_each_signature: bool = False
    by: str = ""


def environment_of(config: Config, module: Path) -> dict[str, str]:
    """What a module of this box needs in its environment: as configured, or as enrolled with a key."""
    if module == config.signer.module:
        return dict(config.signer.environment)
    return next((dict(key.environment) for key in config.signer.keys if key.module == module), {})


def own_modules(config: Config) -> tuple[Path, ...]:
    """The modules this box is configured for, that are there."""
    named = [config.signer.module, *(key.module for key in config.signer.keys if key.module is not None)]
    return tuple(path for path in dict.fromkeys(named) if path.is_file())


def look(
    config: Config | None,
    extra: Iterable[Path] = (),
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> list[dict[str, Any]]:
    """Every module on this machine and what is plugged into it, without a login.

    Each is {"path", "maker", "code", "detail", "library", "slots"}: `code` "" or why it shows nothing, slots as
    `hsm.token_view.show` tells them. One that hangs or crashes costs only its own line, and at most `seconds`.
    """
    more = (*extra, *(own_modules(config) if config else ()))

    def one(path: Path, maker: str) -> dict[str, Any]:
        facts: dict[str, Any] = {"path": str(path), "maker": maker, "code": "", "detail": "", "slots": []}
        needed = {**(environment_of(config, path) if config else {}), **(environment or {})}
        try:
            return facts | shown(path, needed, seconds)
        except SigningError as error:
            return facts | {"code": error.code, "detail": error.detail}

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda found: one(found.path, found.maker), find_modules(extra=more)))


def shown(module: Path, environment: Mapping[str, str], seconds: float = SECONDS) -> dict[str, Any]:
    """What one module shows: {"module", "library", "slots"}. Raises: SigningError."""
    facts = ask(str(module), "show", environment, seconds)
    return {name: facts[name] for name in ("module", "library", "slots")}


def judge(config: Config, modules: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Add "refused" to every certificate that `look` found: the code of why it could sign for nobody here, or "".

    Raises: TrustError (`trust-unreadable`), when the pinned certificates themselves cannot be read.
    """
    trust = trust_files(config).read()
    for module in modules:
        for one in (one for slot in module["slots"] for one in slot.get("certificates", ())):
            try:
                check_signer(base64.b64decode(one["certificate"]), trust, trust.intermediates, now)
                one["refused"] = ""
            except TrustError as error:
                one["refused"] = error.code


def loaded(config: Config) -> dict[str, Enrolment]:
    """Slot → what is enrolled for it now. Raises: EnrolmentError (`enrolment-unreadable`)."""
    found = {slot: enrolment.load(config.enrolments, slot) for slot in SLOTS}
    return {slot: one for slot, one in found.items() if one is not None}


def in_config(config: Config, slot: str) -> bool:
    """Whether the slot's key stands in config.toml itself, where no enrolment may go over it."""
    return any(key.slot == slot and key.certificate.parent != config.enrolments for key in config.signer.keys)


def enrol(
    config: Config, wish: Wish, pin: Callable[[str, bool], str], now: datetime, renewing: bool = False
) -> tuple[Enrolment, Path]:
    """One login, one trial signature, and the slot's new enrolment with the history of the one before.

    `pin` gets the token's label and whether the PIN is typed on the reader's own keys ("" then); it is asked for only
    once nothing else stands in the way of a try. `renewing` wants another certificate than the present one.
    Raises: SigningError, TrustError, EnrolmentError (also `enrolment-in-config`, `enrolment-same`).
    """
    if in_config(config, wish.slot):
        raise EnrolmentError("enrolment-in-config", wish.slot)
    trust = trust_files(config).read()
    earlier = loaded(config).get(wish.slot)
    if wish.certificate:
        check_signer(wish.certificate, trust, trust.intermediates, now)  # before any PIN: a foreign file costs no login
    tried = _tried(wish, pin)
    der = base64.b64decode(tried["certificate"])
    _prove(tried, der)
    check_signer(der, trust, trust.intermediates, now)
    fresh = _enrolment(wish, tried, der, now)
    if renewing and earlier is not None and fresh.present.sha256 == earlier.present.sha256:
        raise EnrolmentError("enrolment-same", wish.slot)
    whole = enrolment.renewed(earlier, fresh, now)
    return whole, enrolment.save(config.enrolments, whole, der)


def _tried(wish: Wish, pin: Callable[[str, bool], str]) -> dict[str, Any]:
    label, pad = _asked_for(ask(str(wish.module), "show", wish.environment), wish.token)
    return ask(
        str(wish.module),
        "try",
        wish.environment,
        seconds=_TRY_SECONDS,
        pin=pin(label, pad),
        token=wish.token,
        certificate=base64.b64encode(wish.certificate).decode("ascii"),
        key_id=wish.key_id,
        policy=wish.mechanism,
        each_signature=wish.pin_each_signature,
    )


def _asked_for(told: dict[str, Any], wanted: str) -> tuple[str, bool]:
    """Label and "PIN on the reader" of the token that is meant; asking for a PIN without one would be in vain."""
    tokens = [slot["token"] for slot in told["slots"] if slot["token"]]
    fitting = [one for one in tokens if wanted in ("", one["serial"], one["label"])]
    if not fitting:
        raise SigningError(FaultClass.TOKEN_LOST, "token-absent", wanted)
    if len(fitting) > 1:
        raise SigningError(FaultClass.CONFIG, "token-ambiguous", ", ".join(one["serial"] for one in fitting))
    return fitting[0]["label"], bool(fitting[0]["pin_pad"])


def _prove(tried: dict[str, Any], der: bytes) -> None:
    """The trial signature must be by the certificate's key. Raises: SigningError (CONFIG)."""
    public = x509.load_der_x509_certificate(der).public_key()
    trial, signature = base64.b64decode(tried["trial"]), base64.b64decode(tried["signature"])
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, trial, ec.ECDSA(hashes.SHA256()))
        elif isinstance(public, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            public.verify(
                signature, trial, pss if tried["policy"] == "rsa-pss" else padding.PKCS1v15(), hashes.SHA256()
            )
        else:
            raise SigningError(FaultClass.CONFIG, "enrol-no-match", tried["key_id"])
    except InvalidSignature as error:
        raise SigningError(FaultClass.CONFIG, "key-certificate-mismatch", tried["key_id"]) from error


def _enrolment(wish: Wish, tried: dict[str, Any], der: bytes, now: datetime) -> Enrolment:
    present = enrolment.describe(der, tried["token_serial"], tried["key_id"], now)
    return Enrolment(
        slot=wish.slot,
        module=str(wish.module),
        environment=dict(wish.environment),
        token_label=tried["token_label"],
        token_serial=tried["token_serial"],
        key_id=tried["key_id"],
        mechanism=tried["policy"],
        hashed_by=tried["hashed_by"],
        pin_each_signature=tried["pin_each_signature"],
        pin_pad=tried["pin_pad"],
        certificates=(replace(present, enrolled_by=wish.by),),
    )
