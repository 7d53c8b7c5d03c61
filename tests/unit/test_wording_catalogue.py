"""Every visible sentence of the appliance has an English translation, with its parameters, and none is left over."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from appliance.wording import speak, text_of, translate
from appliance.wording.codes import CODES

APPLIANCE = Path(__file__).parents[2] / "appliance"
CATALOGUE = APPLIANCE / "locale" / "en" / "LC_MESSAGES" / "commune-box.po"
SOURCES = [("web/templates/**.html", "jinja2"), ("**.py", "python")]
VIETNAMESE = re.compile(r"[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]", re.IGNORECASE)


@cache
def extracted() -> dict[str, str]:
    """Sentence → first file that says it."""
    found: dict[str, str] = {}
    for file, _line, message, _comments, _context in extract_from_dir(
        str(APPLIANCE), SOURCES, keywords={"_": None, "N_": None}
    ):
        found.setdefault(str(message), file)
    return found


@cache
def translated() -> dict[str, str]:
    """Sentence → English."""
    with CATALOGUE.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


def test_sentences_are_found_in_code_and_templates() -> None:
    files = set(extracted().values())
    assert "wording/codes.py" in files and any(file.endswith(".html") for file in files)


def test_nothing_is_missing() -> None:
    missing = {message: file for message, file in extracted().items() if not translated().get(message)}
    assert not missing, f"no English in {CATALOGUE.name} for: {missing}"


def test_nothing_is_obsolete() -> None:
    obsolete = sorted(set(translated()) - set(extracted()))
    assert not obsolete, f"no source says any more: {obsolete}"


def test_the_parameters_are_the_same() -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    different = {message for message, english in translated().items() if names(message) != names(english)}
    assert not different


def test_the_english_is_not_vietnamese() -> None:
    assert not [english for english in translated().values() if VIETNAMESE.search(english)]


def test_templates_have_no_words_outside_the_catalogue() -> None:
    for template in sorted((APPLIANCE / "web" / "templates").glob("*.html")):
        said = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not VIETNAMESE.search(said), f"{template.name} says something that is not marked for translation"


def test_a_code_is_spoken_in_both_languages() -> None:
    with speak("en"):
        assert text_of("reason-needed") == "Please give a reason."
    with speak("vi"):
        assert text_of("reason-needed") == CODES["reason-needed"]
    assert translate("Hôm nay", "en") == "Today"
