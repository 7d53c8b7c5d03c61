"""Three functions of the libraries below, answered the same but without their detours.

pyHanko reads a hexadecimal string one byte at a time, five times the container of each signature of a file; asn1crypto
prepares the words of a certificate's name anew (RFC 4518, in Python, letter by letter) for each of the thirty times
that a verification looks at them. Together that was half of a verification. What stands here decides nothing: whatever
is not the plain case goes to the library's own function, and `tests/unit/test_hsm_swift.py` compares the two. In any
other release of the libraries than those compared nothing is replaced: slower, and never otherwise than it means it.
"""

from __future__ import annotations

import binascii
import logging
from functools import lru_cache
from importlib.metadata import version
from typing import BinaryIO

from asn1crypto import x509
from pyhanko.pdf_utils import generic

COMPARED = {"pyhanko": "0.38.0", "asn1crypto": "1.5.1"}
"""The releases whose functions these were compared with."""
log = logging.getLogger(__name__)
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_PIECE = 1 << 14
_SHORT = 256
"""Characters; what is longer is prepared each time, so that no file fills the memory of this process."""

_read_hexadecimal = generic.read_hex_string_from_stream
_prepare = x509.NameTypeAndValue._ldap_string_prep
_equal = x509.Name.__eq__
_hashable = x509.Name.hashable.fget


def read_hexadecimal(stream: BinaryIO) -> generic.ByteStringObject | generic.TextStringObject:
    """The string from `<` to `>`; with a blank, a comment or anything else in it, or no end, as pyHanko reads it."""
    start = stream.tell()
    stream.read(1)
    digits = bytearray()
    while piece := stream.read(_PIECE):
        end = piece.find(b">")
        part = piece if end < 0 else piece[:end]
        if part.translate(None, _HEXADECIMAL):
            break
        digits += part
        if end >= 0:
            stream.seek(end + 1 - len(piece), 1)
            return generic.pdf_string(binascii.unhexlify(digits + b"0" * (len(digits) % 2)))
    stream.seek(start)
    return _read_hexadecimal(stream)


@lru_cache(maxsize=1024)
def _prepared(text: str) -> str:
    return str(_prepare(None, text))


def prepared(_value: x509.NameTypeAndValue, text: str) -> str:
    """A word of a name as it is compared; it depends on nothing but the word. Raises: ValueError as the original."""
    return _prepared(text) if len(text) <= _SHORT else str(_prepare(None, text))


def hashable(name: x509.Name) -> str:
    """The name as a key, found once for each object."""
    found = name.__dict__.get("_swift_hashable")
    if found is None:
        found = name.__dict__["_swift_hashable"] = _hashable(name)
    return str(found)


def _words(name: x509.Name) -> bytes:
    """The encoding without the tags around it: as an issuer and within a `GeneralName` these differ."""
    name.chosen.dump()  # of a name that was built or changed here, nothing is encoded before
    return bytes(name.chosen.contents)


def equal(name: x509.Name, other: object) -> bool:
    """Whether two names are the same: those of the same bytes are, unless the original would not compare them at all,
    which `hashable` finds out by the same preparation of the same words."""
    if isinstance(other, x509.Name) and _words(name) == _words(other):
        hashable(name)
        return True
    return bool(_equal(name, other))


def put_in_place() -> bool:
    """Give the libraries these functions instead of their own; again changes nothing. False: not to these releases."""
    found = {name: version(name) for name in COMPARED}
    if found != COMPARED:
        log.warning("verification is slower: not compared with %s", found)
        return False
    for owner, name, mine in (
        (generic, "read_hex_string_from_stream", read_hexadecimal),
        (x509.NameTypeAndValue, "_ldap_string_prep", prepared),
        (x509.Name, "hashable", property(hashable)),
        (x509.Name, "__eq__", equal),
    ):
        setattr(owner, name, mine)
    return True
