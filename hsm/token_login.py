"""One login at one token: one try with one PIN, noted durably before it is made; then the key it is for.

Owns what comes right before and after C_Login. Refuses to try again, to show a stored PIN to a token that may have lost
a try, and to take a key by anything but its CKA_ID and the enrolled certificate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11 import exceptions as p11

from hsm import token_scheme
from hsm.api import FaultClass, SigningError
from hsm.batch import Batch
from hsm.config import KeyConfig
from hsm.pin_marks import PinMarks
from hsm.token_faults import classify
from hsm.token_presence import pin_flags, serial_of


@dataclass
class Login:
    """An open login: its session, the key it is for, and the batch that the PIN was typed for."""

    session: pkcs11.Session
    key: pkcs11.PrivateKey
    serial: str
    hashed_by: str
    batch: Batch
    pin_pad: bool
    since: str


class LoginDoor:
    """Where PINs pass; `renew` starts the library anew after a fault."""

    def __init__(self, marks: PinMarks, renew: Callable[[], None]) -> None:
        self._marks = marks
        self._renew = renew

    def open(self, token: pkcs11.Token, serial: str, pin: object) -> pkcs11.Session:
        """A session that is logged in: one try, noted durably before it is made."""
        self._probe(token)
        self.mark(serial)
        try:
            session = token.open(user_pin=pin)
        except p11.UserAlreadyLoggedIn as error:
            raise SigningError(FaultClass.DEVICE, "token-in-use", str(error)) from error
        except (p11.PKCS11Error, ValueError) as error:
            fault = classify(error, "login")
            # A failed login leaves its session open in the library, logged out and harmless.
            self._renew()
            raise fault from error
        self._marks.clear(serial)
        return session

    def mark(self, serial: str) -> None:
        """Note that a try is about to be made. Raises: SigningError (DEVICE), and then no try may be made."""
        try:
            self._marks.mark(serial)
        except OSError as error:
            raise SigningError(FaultClass.DEVICE, "pin-mark-not-written", str(error)) from error

    def refuse_automatic(self, token: pkcs11.Token, pad: bool) -> None:
        """A credential is not shown to a token that may have lost a try, nor where only a person can type."""
        if pad:
            raise SigningError(FaultClass.AUTH_LOST, "pin-needed", serial_of(token))
        if pin_flags(token) or self._marks.marked(serial_of(token)):
            raise SigningError(FaultClass.AUTH_WRONG, "credential-refused", "a person has to log in once")

    def _probe(self, token: pkcs11.Token) -> None:
        # Opening without a PIN first keeps "the token does not answer" apart from "the PIN is wrong".
        try:
            token.open().close()
        except p11.PKCS11Error as error:
            fault = classify(error, "open")
            self._renew()
            raise fault from error


def find_key(session: pkcs11.Session, key: KeyConfig, certificate: bytes) -> pkcs11.PrivateKey:
    """The slot's one key, by CKA_ID, which must fit the enrolled certificate. Raises: SigningError."""
    query = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key.key_id}
    try:
        found = list(session.get_objects(query))
        if len(found) != 1:
            raise SigningError(FaultClass.CONFIG, "key-not-found", f"{len(found)} keys with id {key.key_id.hex()}")
        token_scheme.check_key(session, found[0], key.mechanism, certificate)
    except p11.PKCS11Error as error:
        raise classify(error, "find") from error
    return found[0]


def hashed_by(token: pkcs11.Token, key: KeyConfig) -> str:
    """Who hashes, "token" or "signer": as enrolled, else by what the token offers. Raises: SigningError."""
    if key.hashed_by:
        return key.hashed_by
    try:
        return token_scheme.who_hashes(key.mechanism, token.slot.get_mechanisms())
    except p11.PKCS11Error as error:
        raise classify(error, "find") from error
