"""The gettext catalogues and the language of the present request or command."""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("vi", "en")
_language: ContextVar[str] = ContextVar("language", default="vi")
_LOCALE = Path(__file__).parent.parent / "locale"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    source = _LOCALE / language / "LC_MESSAGES" / "commune-box.po"
    if not source.exists():  # Vietnamese is the source language and needs no catalogue
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(message: str, language: str) -> str:
    """``message`` (Vietnamese) in ``language`` ("vi" or "en")."""
    return message if language == "vi" else _catalogue(language).gettext(message)


def _(message: str) -> str:
    """``message`` in the language of the present request or command."""
    return translate(message, _language.get())


def N_(message: str) -> str:
    """Mark ``message`` for the catalogue without translating it now."""
    return message


def current_language() -> str:
    """Language code of the present request or command."""
    return _language.get()


@contextmanager
def speak(language: str) -> Iterator[None]:
    """Use ``language`` within the block; anything unknown means Vietnamese."""
    token = _language.set(language if language in LANGUAGES else "vi")
    try:
        yield
    finally:
        _language.reset(token)
