"""Which tokens a module shows, what each is known by, and which one is meant.

Owns loading the library and reading tokens; refuses to log in or to keep anything. A token is meant by its serial
number, or by its label until its serial number is known.
"""

from __future__ import annotations

from pathlib import Path

import pkcs11
from pkcs11 import TokenFlag
from pkcs11 import exceptions as p11

from hsm.api import FaultClass, KeyState, SigningError
from hsm.config import KeyConfig
from hsm.token_faults import classify

_FLAGS = (
    (TokenFlag.USER_PIN_COUNT_LOW, "count-low"),
    (TokenFlag.USER_PIN_FINAL_TRY, "final-try"),
    (TokenFlag.USER_PIN_LOCKED, "locked"),
    (TokenFlag.USER_PIN_TO_BE_CHANGED, "to-be-changed"),
)


def load_library(module: str) -> pkcs11.lib:
    """The library, initialized. Raises: SigningError (CONFIG: it cannot be loaded; DEVICE: it will not start)."""
    try:
        return pkcs11.lib(module)
    except (p11.PKCS11Error, RuntimeError) as error:
        loadable = Path(module).is_file() and "while loading" not in str(error)
        fault = FaultClass.DEVICE if loadable else FaultClass.CONFIG
        raise SigningError(fault, "module-unusable", f"{module}: {type(error).__name__} {error}") from error


def tokens_of(library: pkcs11.lib) -> list[pkcs11.Token]:
    """The tokens that answer. A stranger's or broken card in another reader is no fault of ours: it is left out.

    Raises: SigningError when the module itself does not answer.
    """
    try:
        slots = library.get_slots(token_present=True)
    except p11.PKCS11Error as error:
        raise classify(error, "open") from error
    return [token for slot in slots if (token := token_in(slot)) is not None]


def token_in(slot: pkcs11.Slot) -> pkcs11.Token | None:
    """The initialized token in a slot; None for an empty slot and a card the module does not know."""
    try:
        token = slot.get_token()
    except p11.PKCS11Error:
        return None
    return token if token.flags & TokenFlag.TOKEN_INITIALIZED else None


def meant_by(key: KeyConfig, tokens: list[pkcs11.Token], known_serial: str) -> pkcs11.Token:
    """The key's token among `tokens`; `known_serial` is that of the first time it was seen ("" before).

    Raises: SigningError (`token-absent`, `token-other-serial`, `token-ambiguous`).
    """
    found = [token for token in tokens if key.token in (serial_of(token), token.label)]
    wanted = key.serial or known_serial
    if wanted:
        others = [token for token in found if serial_of(token) != wanted]
        found = [token for token in found if serial_of(token) == wanted]
        if others and not found:
            raise SigningError(FaultClass.TOKEN_LOST, "token-other-serial", serial_of(others[0]))
    if len(found) > 1:
        raise SigningError(FaultClass.CONFIG, "token-ambiguous", key.token)
    if not found:
        raise SigningError(FaultClass.TOKEN_LOST, "token-absent", key.token)
    return found[0]


def serial_of(token: pkcs11.Token) -> str:
    """The serial number as text: what a token is known by."""
    return str(token.serial.decode("ascii", "replace").rstrip("\0 "))


def pin_flags(token: pkcs11.Token) -> tuple[str, ...]:
    """What the token says about its PIN, in the words of `KeyState.pin_flags`."""
    flags = [name for flag, name in _FLAGS if token.flags & flag]
    if not token.flags & TokenFlag.USER_PIN_INITIALIZED:
        flags.append("not-set")
    return tuple(flags)


def refuse_risky(token: pkcs11.Token) -> None:
    """Raises SigningError (AUTH_LOCKED) when no PIN must be shown to the token: locked, unset, or on its last try."""
    flags = pin_flags(token)
    if {"locked", "to-be-changed", "not-set"} & set(flags):
        raise SigningError(FaultClass.AUTH_LOCKED, "pin-locked", ", ".join(flags))
    if "final-try" in flags:
        raise SigningError(FaultClass.AUTH_LOCKED, "pin-final-try", serial_of(token))


def has_pin_pad(token: pkcs11.Token) -> bool:
    """Whether the PIN is typed on the reader's own keys."""
    return bool(token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH)


def described(key: KeyConfig, token: pkcs11.Token | None, serial: str) -> KeyState:
    """What is known of a key without any login; `token` is None while it is away, `serial` as last seen."""
    return KeyState(
        slot=key.slot,
        token_label=token.label if token is not None else key.token,
        token_serial=serial,
        key_id=key.key_id.hex(),
        certificate_der=None,
        logged_in=False,
        pin_flags=pin_flags(token) if token is not None else (),
        present=token is not None,
        mechanism=key.mechanism,
        pin_pad=token is not None and has_pin_pad(token),
    )
