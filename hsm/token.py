"""The enrolled tokens behind one PKCS#11 module, used by one thread of one process.

Owns the module, one session per token (closing any session logs out the whole token), the batches and what ends them.
Refuses to guess: a key is found by CKA_ID and must fit the enrolled certificate, never by label; a PIN is tried once
per call, and flags are read again before each login, also before the login some keys want at every signature.

Invariants: the library is loaded after exec and never crosses a fork; a token that left the box has no login any more,
even if it comes back; a login that a fault ended is never begun again by the machine (but see `_again`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pkcs11
from pkcs11 import exceptions as p11

from hsm import token_scheme
from hsm.api import FaultClass, KeyState, SignerState, SigningError
from hsm.batch import Batch
from hsm.certificates import enrolled_certificate
from hsm.config import KeyConfig, SignerConfig
from hsm.pin_marks import PinMarks
from hsm.token_faults import classify
from hsm.token_login import Login, LoginDoor, find_key, hashed_by
from hsm.token_presence import described, has_pin_pad, load_library, meant_by, refuse_risky, serial_of, tokens_of

RENEW_SECONDS = 10.0
"""While a token is missing and nobody is logged in, the library is started anew this often: some modules see a token
that came back only then."""
NOTICE_SECONDS = 2.0
"""How long after an unclear fault a token may still be reported as gone (pcscd looks at its readers a few times a
second)."""
_ENDED_BY_PERSON = ("logged-out", "batch-done")


class TokenModule:
    """Every enrolled token behind one PKCS#11 module; a SigningService for one single thread.

    `after` is the code of the fault that ended the process before this one, told as the reason of missing logins.
    """

    def __init__(
        self,
        config: SignerConfig,
        marks: PinMarks,
        after: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._marks = marks
        self._clock = clock
        self._certificates = {key.slot: enrolled_certificate(key) for key in config.keys}
        self._logins: dict[str, Login] = {}
        self._ended = {key.slot: after for key in config.keys}
        self._serials: dict[str, str] = {}
        self._stale = False
        self._renewed_at = clock()
        self._library = load_library(config.module)
        self._door = LoginDoor(marks, self._renew)

    def state(self) -> SignerState:
        """What is plugged in now. Raises: SigningError (DEVICE) when the module itself fails."""
        tokens = self._tokens()
        return SignerState(self._config.module, tuple(self._key_state(key, tokens) for key in self._config.keys))

    def certificate(self, slot: str) -> bytes:
        """The enrolled certificate (DER) of a slot. Raises: SigningError (CONFIG, `slot-unknown`)."""
        return self._certificates[self._key(slot).slot]

    def login(self, slot: str, pin: str, documents: int = 0, automatic: bool = False) -> None:
        """One try with one PIN; `automatic` (from a credential) is refused when any try may already be spent."""
        key = self._key(slot)
        if slot in self._logins:
            self._end(slot, "logged-out")
        token = self._found_token(key)
        serial = serial_of(token)
        pad = has_pin_pad(token)
        refuse_risky(token)
        if automatic:
            self._door.refuse_automatic(token, pad)
        if not pad and not pin:
            raise SigningError(FaultClass.AUTH_LOST, "pin-needed", slot)
        for other in [name for name, login in self._logins.items() if login.serial == serial]:
            self._end(other, "logged-out")  # two slots on one token: a token has one session, whoever typed last has it
        session = self._door.open(token, serial, pkcs11.PROTECTED_AUTH if pad else pin)
        try:
            found = find_key(session, key, self._certificates[slot])
            each = key.pin_each_signature or token_scheme.asks_each_time(found)
            idle = math.inf if automatic else key.idle_seconds
            batch = Batch(self._clock(), idle, documents, ("" if pad else pin) if each else None)
            since = datetime.now(UTC).isoformat(timespec="microseconds")
            login = Login(session, found, serial, hashed_by(token, key), batch, pad, since)
        except SigningError:
            self._close(session)
            raise
        self._logins[slot] = login
        self._ended[slot] = ""

    def logout(self, slot: str) -> None:
        """Close the token's only session, which logs it out."""
        self._key(slot)
        self._end(slot, "logged-out")

    def sign(self, slot: str, content: bytes, document_id: str) -> bytes:
        """Sign bytes with the slot's key and mechanism (the token or this process hashes with SHA-256)."""
        key = self._key(slot)
        login = self._logins.get(slot)
        if login is None:
            raise SigningError(FaultClass.AUTH_LOST, "not-logged-in", slot)
        login.batch.begin(self._clock())
        try:
            signature = self._sign_once(key, login, content)
        except SigningError as fault:
            signature = self._after(fault, slot, lambda again: self._sign_once(key, again, content))
        if self._logins[slot].batch.signed(document_id, self._clock()):
            self._end(slot, "batch-done")
        return signature

    def slow_login(self, slot: str) -> bool:
        """Whether a signature waits for a person at the reader's own keys."""
        login = self._logins.get(slot)
        return login is not None and login.pin_pad and login.batch.asks_each_time

    def waits_for_credential(self, slot: str) -> bool:
        """Whether a login by policy may be tried: the token is there, nobody ended the login, no try may be spent."""
        if slot in self._logins or self._ended[slot] in _ENDED_BY_PERSON:
            return False
        try:
            serial = serial_of(self._token(self._key(slot), self._tokens()))
        except SigningError:
            return False
        return not self._marks.marked(serial)

    def look_around(self) -> None:
        """End what is over: logins of tokens that left the box, and those nobody used for too long."""
        for slot in [slot for slot, login in self._logins.items() if login.batch.idle(self._clock())]:
            self._end(slot, "idle")
        tokens = self._tokens()
        absent = not all(self._key_state(key, tokens).present for key in self._config.keys)
        if not self._logins and (self._stale or (absent and self._clock() - self._renewed_at > RENEW_SECONDS)):
            self._renew()

    def close(self) -> None:
        """Log every token out and finish with the module."""
        for slot in list(self._logins):
            self._end(slot, "logged-out")
        try:
            self._library.finalize()
        except p11.PKCS11Error:
            pass  # The process ends; the module's own trouble at the end changes nothing.

    # --- one signature -----------------------------------------------------------------------------------------------

    def _sign_once(self, key: KeyConfig, login: Login, content: bytes) -> bytes:
        pin = login.batch.pin()
        marked = pin is not None and bool(key.credential)
        if pin is not None:
            refuse_risky(self._again_present(key))
        if marked:
            self._door.mark(login.serial)
        try:
            signature = token_scheme.sign(login.key, key.mechanism, login.hashed_by, content, pin)
        except (p11.PKCS11Error, ValueError) as error:
            fault = classify(error, "sign")
            if fault.fault is FaultClass.DEVICE and not self._stays(login):
                # OpenSC, for one, answers a general error when the card was taken out.
                fault = SigningError(FaultClass.TOKEN_LOST, "token-lost", fault.detail)
            raise fault from error
        if marked:
            self._marks.clear(login.serial)
        return signature

    def _stays(self, login: Login) -> bool:
        """Whether the token is still there a moment later: the reader's own polling notices a removal late."""
        end = time.monotonic() + NOTICE_SECONDS
        while time.monotonic() < end:
            try:
                if login.serial not in {serial_of(token) for token in tokens_of(self._library)}:
                    return False
            except SigningError:
                return True  # the module itself is at fault
            time.sleep(0.1)
        return True

    def _again_present(self, key: KeyConfig) -> pkcs11.Token:
        try:
            return self._token(key, self._tokens())
        except SigningError as error:
            if error.code == "token-absent":
                raise SigningError(FaultClass.TOKEN_LOST, "token-lost", error.detail) from error
            raise

    def _after(self, fault: SigningError, slot: str, repeat: Callable[[Login], bytes]) -> bytes:
        """What a failed signature leaves: the login ended as the fault wants it, or one repetition."""
        login = self._logins.get(slot)
        if fault.fault is FaultClass.AUTH_LOST and login is not None and login.batch.asks_each_time:
            return self._again(slot, login, fault, repeat)
        if fault.fault is not FaultClass.CONFIG or (login is not None and login.batch.asks_each_time):
            # With a PIN at every signature any failure may have been a refused PIN: the batch is over.
            self._end(slot, fault.code)
        if fault.fault is FaultClass.TOKEN_LOST:
            self._renew()
        raise fault

    def _again(self, slot: str, login: Login, fault: SigningError, repeat: Callable[[Login], bytes]) -> bytes:
        """The session died under a key that asks each time: log in once more with the PIN that was right before."""
        key, pin, batch = self._key(slot), login.batch.pin(), login.batch
        self._close(login.session)
        del self._logins[slot]
        try:
            token = self._again_present(key)
            refuse_risky(token)
            session = self._door.open(token, login.serial, pkcs11.PROTECTED_AUTH if login.pin_pad else pin)
            self._logins[slot] = replace(login, session=session, key=find_key(session, key, self._certificates[slot]))
            return repeat(self._logins[slot])
        except SigningError as second:
            batch.wipe()
            self._end(slot, second.code)
            raise second from fault

    # --- ending ------------------------------------------------------------------------------------------------------

    def _end(self, slot: str, reason: str) -> None:
        """The login is over: the PIN is wiped, the session closed. Not logged in: only the reason is kept."""
        login = self._logins.pop(slot, None)
        if login is not None:
            login.batch.wipe()
            self._close(login.session)
        self._ended[slot] = reason

    def _close(self, session: pkcs11.Session) -> None:
        try:
            session.close()
        except p11.PKCS11Error:
            pass  # A token that is gone is logged out already.

    def _renew(self) -> None:
        """Start the library anew, the only sure way back after a lost token. Logs every token out, so not while another
        one is in use."""
        self._stale = True
        if self._logins:
            return
        self._stale, self._renewed_at = False, self._clock()
        try:
            self._library.reinitialize()
        except p11.PKCS11Error as error:
            raise SigningError(FaultClass.DEVICE, "module-unusable", str(error)) from error

    # --- tokens ------------------------------------------------------------------------------------------------------

    def _key(self, slot: str) -> KeyConfig:
        key = self._config.key(slot)
        if key is None:
            raise SigningError(FaultClass.CONFIG, "slot-unknown", slot)
        return key

    def _found_token(self, key: KeyConfig) -> pkcs11.Token:
        """The key's token for a person who says it is plugged in: looked for once more in a library started anew."""
        try:
            return self._token(key, self._tokens())
        except SigningError as error:
            if error.code != "token-absent" or (self._logins and not self._stale):
                raise  # another token is at work, and nothing says that this one was ever here
        for slot in list(self._logins):
            self._end(slot, "token-lost")
        self._renew()
        return self._token(key, self._tokens())

    def _tokens(self) -> list[pkcs11.Token]:
        """The tokens there are; the login of one that left is over, even if it comes back."""
        tokens = tokens_of(self._library)
        serials = {serial_of(token) for token in tokens}
        gone = [slot for slot, login in self._logins.items() if login.serial not in serials]
        for name in gone:
            self._end(name, "token-lost")
        if gone:
            self._renew()
        return tokens

    def _token(self, key: KeyConfig, tokens: list[pkcs11.Token]) -> pkcs11.Token:
        # A token enrolled for another slot is no stranger in this one's place, whatever its label.
        others = {other.serial for other in self._config.keys if other.serial and other.serial != key.serial}
        mine = [token for token in tokens if serial_of(token) not in others]
        found = meant_by(key, mine, self._serials.get(key.slot, ""))
        self._serials[key.slot] = serial_of(found)
        return found

    def _key_state(self, key: KeyConfig, tokens: list[pkcs11.Token]) -> KeyState:
        problem = ""
        token: pkcs11.Token | None = None
        try:
            token = self._token(key, tokens)
        except SigningError as error:
            problem = error.code if error.code != "token-absent" else ""
        login = self._logins.get(key.slot)
        serial = serial_of(token) if token is not None else self._serials.get(key.slot, key.serial)
        told = described(key, token, serial)
        if key.credential and serial and login is None and self._marks.marked(serial):
            told = replace(told, pin_flags=(*told.pin_flags, "credential-refused"))
        return replace(
            told,
            certificate_der=self._certificates[key.slot],
            logged_in=login is not None,
            ended=self._ended[key.slot],
            documents_left=login.batch.documents_left if login is not None else None,
            problem=problem,
            since=login.since if login is not None else "",
        )
