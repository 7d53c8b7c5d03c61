"""Ed25519 keys of both ends: load, make, sign, verify (RFC 8032; PROTOCOL.md §1).

Owns key files (PKCS#8 PEM, mode 0600) and turns them into the `Sign` and `Verify` callables the pure cores take.
Refuses any other key type. Private bytes never leave this module except into the file it writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from sync.protocol.cose import Sign, Verify


class KeyFileError(Exception):
    """A key file is missing, unreadable or not an Ed25519 key; `code` is stable."""

    def __init__(self, code: str, path: str) -> None:
        super().__init__(f"{code}: {path}")
        self.code = code


class SigningKey:
    """An Ed25519 private key, as the `Sign` callable and its raw public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read an unencrypted PKCS#8 PEM. Raises KeyFileError."""
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise KeyFileError("key-unreadable", str(path)) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFileError("key-not-ed25519", str(path))
        return cls(private)

    def save(self, path: Path) -> None:
        """Write the key as PKCS#8 PEM readable by its owner only.

        An existing file is left alone. Raises FileExistsError.
        """
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`."""
        return self._private.sign(message)

    @property
    def public(self) -> bytes:
        """The 32 raw bytes of the public key."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_key(material: bytes | str) -> Ed25519PublicKey:
    """Read a public key from 32 raw bytes, their hex, or a PEM. Raises KeyFileError."""
    try:
        if isinstance(material, bytes) and len(material) == 32:
            return Ed25519PublicKey.from_public_bytes(material)
        text = material.decode("ascii") if isinstance(material, bytes) else material
        if "BEGIN" in text:
            loaded = load_pem_public_key(text.encode("ascii"))
            if isinstance(loaded, Ed25519PublicKey):
                return loaded
            raise KeyFileError("key-not-ed25519", "(public key)")
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.strip()))
    except ValueError as error:
        raise KeyFileError("key-unreadable", "(public key)") from error


def verifier(keys: Mapping[str, bytes | str] | Callable[[str], bytes | str | None]) -> Verify:
    """Return a `Verify` over known public keys: a map, or a look-up that may change while it is in use.

    Raises KeyFileError at once for an unusable key of a map; a look-up that yields one verifies nothing.
    """
    fixed = {kid: public_key(material) for kid, material in keys.items()} if isinstance(keys, Mapping) else None

    def verify(kid: str, message: bytes, signature: bytes) -> bool:
        try:
            if fixed is not None:
                key = fixed.get(kid)
            else:
                material = keys(kid) if callable(keys) else None
                key = None if material is None else public_key(material)
            if key is None:
                return False
            key.verify(signature, message)
        except (InvalidSignature, KeyFileError):
            return False
        return True

    return verify


__all__ = ["KeyFileError", "Sign", "SigningKey", "Verify", "public_key", "verifier"]
