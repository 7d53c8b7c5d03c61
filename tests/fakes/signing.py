"""A SigningService without any token: keys in memory, PIN tries counted. Passes tests/contract/signing_suite.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hsm.api import FaultClass, KeyState, SignerState, SigningError
from hsm.signed_attributes import message_digest


@dataclass
class FakeKey:
    """One slot: its key, certificate (DER) and PIN."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    pin: str
    tries_left: int = 10
    logged_in: bool = False
    present: bool = True
    ended: str = ""
    allowed: int = 0
    signed: set[str] = field(default_factory=set)
    logins: int = 0


@dataclass
class FakeSigner:
    """The fake; `journal` collects (slot, document id, message digest), `fault` is raised by the next `sign`."""

    keys: dict[str, FakeKey]
    journal: list[tuple[str, str, bytes]] = field(default_factory=list)
    fault: SigningError | None = None

    def state(self) -> SignerState:
        return SignerState("fake", tuple(self._state(slot, key) for slot, key in self.keys.items()))

    def login(self, slot: str, pin: str, documents: int = 0) -> None:
        key = self._key(slot)
        if not key.present:
            raise SigningError(FaultClass.TOKEN_LOST, "token-absent", slot)
        if not pin:
            raise SigningError(FaultClass.AUTH_LOST, "pin-needed", slot)
        if key.tries_left <= 0:
            raise SigningError(FaultClass.AUTH_LOCKED, "pin-locked", slot)
        if key.tries_left == 1:
            raise SigningError(FaultClass.AUTH_LOCKED, "pin-final-try", slot)
        if pin != key.pin:
            key.logged_in = False
            key.tries_left -= 1
            raise SigningError(FaultClass.AUTH_WRONG, "pin-wrong", slot)
        key.tries_left, key.logged_in, key.ended = 10, True, ""
        key.logins += 1
        key.allowed, key.signed = documents, set()

    def logout(self, slot: str) -> None:
        self._end(self._key(slot), "logged-out")

    def sign(self, slot: str, signed_attributes: bytes, document_id: str) -> bytes:
        key = self._key(slot)
        self.journal.append((slot, document_id, message_digest(signed_attributes, key.certificate)))
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        if not key.present:
            raise SigningError(FaultClass.TOKEN_LOST, "token-lost", slot)
        if not key.logged_in:
            raise SigningError(FaultClass.AUTH_LOST, "not-logged-in", slot)
        key.signed.add(document_id)
        if key.allowed and len(key.signed) >= key.allowed:
            self._end(key, "batch-done")
        return key.key.sign(signed_attributes, padding.PKCS1v15(), hashes.SHA256())

    def pull(self, slot: str) -> None:
        """The token leaves the box; its login is over."""
        self._key(slot).present = False
        self._end(self._key(slot), "token-lost")

    def _end(self, key: FakeKey, reason: str) -> None:
        key.logged_in, key.ended = False, reason

    def _key(self, slot: str) -> FakeKey:
        if slot not in self.keys:
            raise SigningError(FaultClass.CONFIG, "slot-unknown", slot)
        return self.keys[slot]

    def _state(self, slot: str, key: FakeKey) -> KeyState:
        flags = [] if key.tries_left == 10 else ["count-low"]
        flags += ["final-try"] if key.tries_left == 1 else []
        flags += ["locked"] if key.tries_left <= 0 else []
        left = max(0, key.allowed - len(key.signed)) if key.allowed and key.logged_in else None
        return KeyState(
            slot, slot, f"fake-{slot}", "01", key.certificate, key.logged_in, tuple(flags), key.present,
            ended=key.ended, documents_left=left, since=str(key.logins) if key.logged_in else "",
        )  # fmt: skip
