"""The words of signing: faults, what a token tells about itself, and the port everyone signs through.

Owns the vocabulary shared by the signer process, its client and its fake. Refuses to do anything: no socket, no token,
no clock. A private key never appears here, and a PIN only as the argument of `login`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

MECHANISMS = ("rsa-v15", "rsa-pss", "ecdsa-p256")
"""Signature algorithms by policy (signing.md 5.3); all over SHA-256, PSS with salt 32."""


class FaultClass(StrEnum):
    """What went wrong, by what a person or the box must do about it."""

    AUTH_WRONG = "auth-wrong"
    """One PIN try is spent. Never tried again by a machine; a human types it anew."""
    AUTH_LOCKED = "auth-locked"
    """The PIN is locked, expired, never set, or on its last try: the issuer's tool, not this box."""
    AUTH_LOST = "auth-lost"
    """Nobody is logged in (any more): a person has to log in."""
    TOKEN_LOST = "token-lost"
    """The token left the box. Back with the same serial number it serves again, after a new login."""
    DEVICE = "device"
    """The token or its module fails: the signer process starts anew, with growing pauses."""
    CONFIG = "config"
    """The request or the configuration is wrong; repeating it cannot help."""
    HANG = "hang"
    """No answer within the deadline. The outcome is unknown, so the document's temporary file is thrown away."""
    CRASH = "crash"
    """The signer process is not there (any more); a login is gone with it."""


class SigningError(Exception):
    """Signing failed; `fault` says what to do, `code` which words to show, `detail` is for the technician."""

    def __init__(self, fault: FaultClass, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.fault = fault
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class KeyState:
    """One enrolled signing key as the signer process sees it now.

    `pin_flags` holds any of "count-low", "final-try", "locked", "to-be-changed", "not-set" and "credential-refused";
    `present` is false while the token is out of the box; `certificate_der` is the enrolled certificate. `ended` is the
    code of why the last login ended ("" while there is one, or never was): a person asks why the PIN is wanted again.
    `documents_left` counts what the present batch may still sign (None: no number was said). `pin_pad`: the PIN is
    typed on the reader, none goes over the socket. `problem`: the code of why nothing is known of this key. `since`:
    when the present login began (ISO 8601), so that a new login is told from the one before.
    """

    slot: str
    token_label: str
    token_serial: str
    key_id: str
    certificate_der: bytes | None
    logged_in: bool
    pin_flags: tuple[str, ...] = ()
    present: bool = True
    mechanism: str = "rsa-v15"
    ended: str = ""
    documents_left: int | None = None
    pin_pad: bool = False
    problem: str = ""
    since: str = ""


@dataclass(frozen=True)
class SignerState:
    """The PKCS#11 module in use (several: their paths with commas) and every enrolled key."""

    module: str
    keys: tuple[KeyState, ...]

    def key(self, slot: str) -> KeyState:
        """The key of a signature slot. Raises: SigningError (CONFIG, `slot-unknown`)."""
        for key in self.keys:
            if key.slot == slot:
                return key
        raise SigningError(FaultClass.CONFIG, "slot-unknown", slot)


class SigningService(Protocol):
    """The port to the token. Every method may raise SigningError and nothing else.

    Contract (tests/contract/signing_suite.py): a wrong PIN spends at most one try and is never repeated; `sign` without
    a login raises AUTH_LOST; after a failed `sign` no signature exists and repeating it is safe for the document. A
    login is a batch: it ends by itself after the said number of documents, after idle minutes, and with the token.
    """

    def state(self) -> SignerState:
        """What is plugged in and who is logged in, read from the tokens now."""
        ...

    def login(self, slot: str, pin: str, documents: int = 0) -> None:
        """Begin a batch with the PIN a person typed; "" when it is typed on the reader.

        `documents` is how many different documents may be signed with it, 0 for no number.
        """
        ...

    def logout(self, slot: str) -> None:
        """End the batch: forget the login of the slot's token; not logged in is fine."""
        ...

    def sign(self, slot: str, signed_attributes: bytes, document_id: str) -> bytes:
        """Sign the DER SET of CMS signed attributes and return the raw signature.

        The attributes must say content-type `data` and name the enrolled certificate (ESS signing-certificate-v2).
        """
        ...
