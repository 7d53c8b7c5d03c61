"""PKCS#11 behind one object: the only importer of `pkcs11`, used by one thread of one process.

Owns the module, one session per token (closing any session logs out the whole token), the enrolled keys and the error
taxonomy of signing.md 9.3. Refuses to guess: a key is found by CKA_ID and must fit the enrolled certificate, never by
label; a PIN is tried once per call, flags are read again before each login, and no PIN is kept.

Invariants: the library is loaded after exec and never crosses a fork; after TOKEN_LOST or DEVICE every handle is
dropped.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pkcs11
from asn1crypto import keys, x509
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, TokenFlag
from pkcs11 import exceptions as p11
from pkcs11.util.rsa import encode_rsa_public_key

from hsm.api import FaultClass, KeyState, SignerState, SigningError
from hsm.certificates import load_certificate
from hsm.config import KeyConfig, SignerConfig
from hsm.pin_marks import PinMarks

_FLAGS = (
    (TokenFlag.USER_PIN_COUNT_LOW, "count-low"),
    (TokenFlag.USER_PIN_FINAL_TRY, "final-try"),
    (TokenFlag.USER_PIN_LOCKED, "locked"),
    (TokenFlag.USER_PIN_TO_BE_CHANGED, "to-be-changed"),
)
_LOST = (
    p11.DeviceRemoved,
    p11.TokenNotPresent,
    p11.TokenNotRecognised,
    p11.SlotIDInvalid,
    p11.SessionHandleInvalid,
    p11.SessionClosed,
    p11.KeyHandleInvalid,
    p11.ObjectHandleInvalid,
    p11.NoSuchToken,
)
_WRONG = (
    p11.MechanismInvalid,
    p11.MechanismParamInvalid,
    p11.KeySizeRange,
    p11.FunctionNotSupported,
    p11.MultipleObjectsReturned,
    p11.NoSuchKey,
    p11.KeyTypeInconsistent,
    p11.ArgumentsBad,
)
_DIGEST_HEADER = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256, for tokens that offer bare CKM_RSA_PKCS only (signing.md 5.3)."""


def classify(error: Exception, site: str) -> SigningError:
    """The SigningError for what the library raised at a call site ("load", "open", "login", "find" or "sign").

    By site first: some modules answer a wrong PIN with a general error, so whatever C_Login raises counts as a spent
    try.
    """
    name = type(error).__name__
    detail = f"{site}: {name} {error}".rstrip()
    if isinstance(error, p11.PinLocked | p11.PinExpired | p11.UserPinNotInitialized):
        return SigningError(FaultClass.AUTH_LOCKED, "pin-locked", detail)
    if isinstance(error, _LOST):
        return SigningError(FaultClass.TOKEN_LOST, "token-lost", detail)
    if site == "login":
        return SigningError(FaultClass.AUTH_WRONG, "pin-wrong", detail)
    if isinstance(error, p11.UserNotLoggedIn):
        return SigningError(FaultClass.AUTH_LOST, "not-logged-in", detail)
    if isinstance(error, _WRONG) or "0x68" in str(error):
        return SigningError(FaultClass.CONFIG, "token-refuses", detail)
    return SigningError(FaultClass.DEVICE, "device-fault", detail)


@dataclass
class _Login:
    session: pkcs11.Session
    key: pkcs11.PrivateKey
    serial: str
    raw: bool


class TokenModule:
    """Every enrolled token behind one PKCS#11 module; a SigningService for one single thread."""

    def __init__(self, config: SignerConfig, marks: PinMarks) -> None:
        self._config = config
        self._marks = marks
        self._certificates = {key.slot: load_certificate(key.certificate) for key in config.keys}
        self._logins: dict[str, _Login] = {}
        self._serials: dict[str, str] = {}
        try:
            self._library = pkcs11.lib(config.module)
        except (p11.PKCS11Error, RuntimeError) as error:
            raise SigningError(FaultClass.CONFIG, "module-unusable", f"{config.module}: {error}") from error

    def state(self) -> SignerState:
        """What is plugged in now. Raises: SigningError (DEVICE) when the module itself fails."""
        tokens = self._tokens()
        return SignerState(self._config.module, tuple(self._key_state(key, tokens) for key in self._config.keys))

    def certificate(self, slot: str) -> bytes:
        """The enrolled certificate (DER) of a slot. Raises: SigningError (CONFIG, `slot-unknown`)."""
        return self._certificates[self._key(slot).slot]

    def login(self, slot: str, pin: str, automatic: bool = False) -> None:
        """One try with one PIN; `automatic` (from a credential) is refused when any try may already be spent."""
        key = self._key(slot)
        if slot in self._logins:
            self.logout(slot)
        token = self._token(key, self._tokens())
        serial = _serial(token)
        self._refuse_risky(token, serial, automatic)
        self._probe(token)
        try:
            self._marks.mark(serial)
        except OSError as error:
            raise SigningError(FaultClass.DEVICE, "pin-mark-not-written", str(error)) from error
        try:
            session = token.open(user_pin=pin)
        except p11.UserAlreadyLoggedIn as error:
            raise SigningError(FaultClass.DEVICE, "token-in-use", str(error)) from error
        except (p11.PKCS11Error, ValueError) as error:
            fault = classify(error, "login")
            self._drop_leaked_session()
            raise fault from error
        self._marks.clear(serial)
        try:
            self._logins[slot] = _Login(session, self._find(session, key), serial, self._needs_raw(token, key))
        except SigningError:
            self._close(session)
            raise

    def logout(self, slot: str) -> None:
        """Close the token's only session, which logs it out."""
        self._key(slot)
        login = self._logins.pop(slot, None)
        if login is not None:
            self._close(login.session)

    def sign(self, slot: str, content: bytes) -> bytes:
        """Sign bytes with the slot's key and mechanism (the token or this process hashes with SHA-256)."""
        key = self._key(slot)
        login = self._logins.get(slot)
        if login is None:
            raise SigningError(FaultClass.AUTH_LOST, "not-logged-in", slot)
        try:
            return self._raw_sign(key, login, content)
        except (p11.PKCS11Error, ValueError) as error:
            fault = classify(error, "sign")
            if fault.fault in (FaultClass.TOKEN_LOST, FaultClass.DEVICE):
                self.forget()
            elif fault.fault is FaultClass.AUTH_LOST:
                self._close(self._logins.pop(slot).session)
            raise fault from error

    def forget(self) -> None:
        """Drop every login and start the library anew: the only way back after a lost token or a device fault."""
        self._logins.clear()
        try:
            self._library.reinitialize()
        except p11.PKCS11Error as error:
            raise SigningError(FaultClass.DEVICE, "module-unusable", str(error)) from error

    def close(self) -> None:
        """Log every token out and finish with the module."""
        for slot in list(self._logins):
            self.logout(slot)
        try:
            self._library.finalize()
        except p11.PKCS11Error:
            pass  # The process ends; the module's own trouble at the end changes nothing.

    def _raw_sign(self, key: KeyConfig, login: _Login, content: bytes) -> bytes:
        digest = hashlib.sha256(content).digest()
        if key.mechanism == "rsa-pss":
            parameters = (Mechanism.SHA256, pkcs11.MGF.SHA256, 32)
            if login.raw:
                return login.key.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=parameters)
            return login.key.sign(content, mechanism=Mechanism.SHA256_RSA_PKCS_PSS, mechanism_param=parameters)
        if login.raw:
            return login.key.sign(_DIGEST_HEADER + digest, mechanism=Mechanism.RSA_PKCS)
        return login.key.sign(content, mechanism=Mechanism.SHA256_RSA_PKCS)

    def _needs_raw(self, token: pkcs11.Token, key: KeyConfig) -> bool:
        wanted = Mechanism.SHA256_RSA_PKCS_PSS if key.mechanism == "rsa-pss" else Mechanism.SHA256_RSA_PKCS
        try:
            return wanted not in token.slot.get_mechanisms()
        except p11.PKCS11Error as error:
            raise classify(error, "find") from error

    def _find(self, session: pkcs11.Session, key: KeyConfig) -> pkcs11.PrivateKey:
        query = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key.key_id}
        try:
            found = list(session.get_objects(query))
            if len(found) != 1:
                raise SigningError(FaultClass.CONFIG, "key-not-found", f"{len(found)} keys with id {key.key_id.hex()}")
            modulus = int.from_bytes(found[0][Attribute.MODULUS], "big")
        except p11.PKCS11Error as error:
            raise classify(error, "find") from error
        public = x509.Certificate.load(self._certificates[key.slot]).public_key
        if public.algorithm != "rsa" or public["public_key"].parsed["modulus"].native != modulus:
            raise SigningError(FaultClass.CONFIG, "key-certificate-mismatch", key.slot)
        return found[0]

    def _refuse_risky(self, token: pkcs11.Token, serial: str, automatic: bool) -> None:
        flags = _pin_flags(token)
        if "locked" in flags or "to-be-changed" in flags or "not-set" in flags:
            raise SigningError(FaultClass.AUTH_LOCKED, "pin-locked", ", ".join(flags))
        if "final-try" in flags:
            raise SigningError(FaultClass.AUTH_LOCKED, "pin-final-try", serial)
        if automatic and (flags or self._marks.marked(serial)):
            raise SigningError(FaultClass.AUTH_WRONG, "credential-refused", "a person has to log in once")

    def _probe(self, token: pkcs11.Token) -> None:
        # Opening without a PIN first keeps "the token does not answer" apart from "the PIN is wrong".
        try:
            token.open().close()
        except p11.PKCS11Error as error:
            fault = classify(error, "open")
            self.forget()
            raise fault from error

    def _drop_leaked_session(self) -> None:
        # A failed login leaves its session open in the library. Starting anew frees it but logs out every token, so it
        # waits while another token is in use; the leaked session is logged out and harmless.
        if not self._logins:
            self.forget()

    def _close(self, session: pkcs11.Session) -> None:
        try:
            session.close()
        except p11.PKCS11Error:
            pass  # A token that is gone is logged out already.

    def _key(self, slot: str) -> KeyConfig:
        key = self._config.key(slot)
        if key is None:
            raise SigningError(FaultClass.CONFIG, "slot-unknown", slot)
        return key

    def _tokens(self) -> list[pkcs11.Token]:
        try:
            tokens = [slot.get_token() for slot in self._library.get_slots(token_present=True)]
        except p11.PKCS11Error as error:
            fault = classify(error, "open")
            self.forget()
            raise fault from error
        serials = {_serial(token) for token in tokens}
        for slot in [slot for slot, login in self._logins.items() if login.serial not in serials]:
            del self._logins[slot]  # The token left the box: its login is over, even if it comes back.
        return [token for token in tokens if token.flags & TokenFlag.TOKEN_INITIALIZED]

    def _token(self, key: KeyConfig, tokens: list[pkcs11.Token]) -> pkcs11.Token:
        found = [token for token in tokens if key.token in (_serial(token), token.label)]
        if len(found) > 1:
            raise SigningError(FaultClass.CONFIG, "token-ambiguous", key.token)
        if not found:
            raise SigningError(FaultClass.TOKEN_LOST, "token-absent", key.token)
        serial = _serial(found[0])
        if self._serials.setdefault(key.slot, serial) != serial:
            raise SigningError(FaultClass.TOKEN_LOST, "token-other-serial", serial)
        return found[0]

    def _key_state(self, key: KeyConfig, tokens: list[pkcs11.Token]) -> KeyState:
        try:
            token: pkcs11.Token | None = self._token(key, tokens)
        except SigningError:
            token = None
        serial = _serial(token) if token is not None else self._serials.get(key.slot, "")
        flags = list(_pin_flags(token)) if token is not None else []
        if key.credential and serial and key.slot not in self._logins and self._marks.marked(serial):
            flags.append("credential-refused")
        return KeyState(
            slot=key.slot,
            token_label=token.label if token is not None else key.token,
            token_serial=serial,
            key_id=key.key_id.hex(),
            certificate_der=self._certificates[key.slot],
            logged_in=key.slot in self._logins,
            pin_flags=tuple(flags),
            present=token is not None,
            mechanism=key.mechanism,
        )


def _serial(token: pkcs11.Token) -> str:
    return token.serial.decode("ascii", "replace").rstrip("\0 ")


def _pin_flags(token: pkcs11.Token) -> tuple[str, ...]:
    flags = [name for flag, name in _FLAGS if token.flags & flag]
    if not token.flags & TokenFlag.USER_PIN_INITIALIZED:
        flags.append("not-set")
    return tuple(flags)


def generate_key_pair(module: str, token: str, pin: str, key_id: bytes) -> bytes:
    """Make an RSA-2048 key pair that never leaves the token; returns the public key (DER SubjectPublicKeyInfo).

    Loads the module into this process: call it in a process of its own (`python -m hsm.keygen`). Raises: SigningError.
    """
    try:
        found = pkcs11.lib(module).get_token(token_label=token)
        session = found.open(rw=True, user_pin=pin)
    except p11.PKCS11Error as error:
        raise classify(error, "login") from error
    try:
        public, _ = session.generate_keypair(KeyType.RSA, 2048, id=key_id, label=token, store=True)
        return keys.PublicKeyInfo.wrap(encode_rsa_public_key(public), "rsa").dump()
    except p11.PKCS11Error as error:
        raise classify(error, "sign") from error
    finally:
        session.close()
