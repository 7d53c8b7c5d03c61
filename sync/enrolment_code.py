"""The one-time code with which a box and its province meet for the first time.

Owns its form: 24 letters and digits in groups of four that can be read over the telephone. They hold 60 bits that name
the province's CA (so that the box knows whom it speaks to before it says anything), 50 bits of secret (so that the
province knows the box) and a check number that finds every single wrong character and every pair in the wrong order.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O, U. What is written for them is read as meant."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, ".": None, "\t": None, "\n": None})
NAMING, SECRET, CHECK = 12, 10, 2
_PRIME = 1021
"""Greatest prime below 32²: sums of place times value differ whenever one character or the order of two does."""
_COST = {"n": 1 << 14, "r": 8, "p": 1, "maxmem": 64 << 20}


class BadCode(ValueError):
    """Not such a code; `code` is `code-length`, `code-character` or `code-mistyped`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class EnrolmentCode:
    """`names`: which CA; `secret`: what only who was told the code can say. Both in ALPHABET."""

    names: str
    secret: str

    def __str__(self) -> str:
        """As it is told to people: six groups of four."""
        whole = self.names + self.secret + _check(self.names + self.secret)
        return "-".join(whole[at : at + 4] for at in range(0, len(whole), 4))

    def names_authority(self, certificate: bytes) -> bool:
        """Whether this is the CA (DER) that the code names; takes about 50 ms, which is what makes 60 bits enough."""
        return hmac.compare_digest(self.names, authority_name(certificate))


def make_code(certificate: bytes) -> EnrolmentCode:
    """A fresh code of the province whose CA certificate (DER) this is."""
    return EnrolmentCode(authority_name(certificate), "".join(secrets.choice(ALPHABET) for _ in range(SECRET)))


def read_code(text: str) -> EnrolmentCode:
    """What a person typed: any case, any grouping. Raises BadCode."""
    plain = text.upper().translate(_READ_AS)
    if strange := [letter for letter in plain if letter not in ALPHABET]:
        raise BadCode("code-character", strange[0])
    if len(plain) != NAMING + SECRET + CHECK:
        raise BadCode("code-length", str(len(plain)))
    said, check = plain[:-CHECK], plain[-CHECK:]
    if check != _check(said):
        raise BadCode("code-mistyped")
    return EnrolmentCode(said[:NAMING], said[NAMING:])


def authority_name(certificate: bytes) -> str:
    """The 12 characters that name a CA by its certificate (DER); scrypt puts another with the same out of reach."""
    digest = hashlib.scrypt(certificate, salt=b"commune-box enrolment", dklen=8, **_COST)
    return _letters(int.from_bytes(digest) >> 4, NAMING)


def secret_digest(secret: str, salt: bytes) -> bytes:
    """What the province keeps instead of the secret (32 bytes)."""
    return hashlib.scrypt(secret.encode(), salt=salt, dklen=32, **_COST)


def _check(said: str) -> str:
    total = sum(place * ALPHABET.index(letter) for place, letter in enumerate(said, 1)) % _PRIME
    return _letters(total, CHECK)


def _letters(number: int, count: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))
