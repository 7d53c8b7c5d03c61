"""Known passwords of PDFs: a file that only its owner can read, one password a line.

Owns the file's format and the check of who may read it. Passwords live in memory: they reach a limited child through a
pipe, never through a file, an argument or the environment, and no message here repeats one.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

MOST_PASSWORDS = 100
LONGEST = 127
"""Characters; PDF 2.0 takes no password of more bytes into account (ISO 32000-2, 7.6.4.3.3)."""
_MOST_BYTES = 64 << 10


class BadPasswordFile(ValueError):
    """The file cannot be used; `code`: password-file-missing, password-file-open (others may read it),
    password-file-wrong (no text, too long).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def load_passwords(path: Path) -> tuple[str, ...]:
    """The passwords of a file in UTF-8, one a line; empty lines are left out, blanks inside a line are kept.

    Raises: BadPasswordFile.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise BadPasswordFile("password-file-missing") from error
    try:
        found = os.fstat(descriptor)  # of the file that is read, not of the name that may change meanwhile
        if not stat.S_ISREG(found.st_mode):
            raise BadPasswordFile("password-file-wrong")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise BadPasswordFile("password-file-open")
        raw = os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise BadPasswordFile("password-file-wrong") from None  # the error would quote the bytes
    passwords = tuple(dict.fromkeys(line for line in lines if line.strip()))
    if len(raw) > _MOST_BYTES or len(passwords) > MOST_PASSWORDS or any(len(each) > LONGEST for each in passwords):
        raise BadPasswordFile("password-file-wrong")
    return passwords


def spellings(passwords: tuple[str, ...]) -> tuple[str, ...]:
    """Each password as typed and in the other form of its accents: one keyboard writes "mở" as two signs, another as
    three, and the locked file knows only one of them.
    """
    forms = [form for each in passwords for form in (each, *(unicodedata.normalize(f, each) for f in ("NFC", "NFD")))]
    return tuple(dict.fromkeys(forms))
