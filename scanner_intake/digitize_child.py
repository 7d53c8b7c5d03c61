"""The limited child: digitizes one hostile file and writes one JSON result (`python -m scanner_intake.digitize_child
WORK`).

Owns the order of steps: limits on itself -> pages of the original -> words, stamps and layers of every page in memory
-> the marking gate -> fields -> PDF/A. It reads `request.json` in WORK and writes `result.json`, `result.pdf` and, page
by page, the two numbers of `progress` there, nothing else anywhere.

Invariants: no recognised text and no picture reaches the disk before the gate let the paper pass; a suspected secret
yields only its markings; every failure is a verdict with a code, never a stack trace for the parent to interpret.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scanner_intake import digitize_limits
from scanner_intake.digitized import Digitized, Field, Limits, Marking, dump


@dataclass
class _Looked:
    """What looking at all pages gave. `seen[i]` and `places[i]`: what page i of the archive copy gave, and where in
    the source it stands; `hidden` are the numbers of the source's blank pages. `function` is the signature block as the
    page's reading has it, `signer` what second readings say instead.
    """

    seen: list = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    warnings: set[str] = field(default_factory=set)
    header: tuple = ()
    inks: dict = field(default_factory=dict)
    words: Any = None
    function: dict[str, Field] = field(default_factory=dict)
    signer: dict[str, Field] = field(default_factory=dict)

    @property
    def pages(self) -> list:
        return [each.reading.page for each in self.seen]

    @property
    def markings(self) -> list[Marking]:
        return [marking for each in self.seen for marking in each.markings]


def main(arguments: list[str], passwords: Sequence[str] = ()) -> int:
    """Runs one request; `passwords` are tried on a locked PDF. Exit code 0 when a result was written."""
    work = Path(arguments[0])
    request = json.loads((work / "request.json").read_bytes())
    limits = Limits(**request["limits"])
    digitize_limits.restrict(limits)
    try:
        result = _digitize(
            Path(request["source"]), work, limits, request["language"], request["ignore_markings"], passwords
        )
    except MemoryError:
        result = Digitized("unreadable", code="out-of-memory")
    _write(work, result)
    return 0


def _write(work: Path, result: Digitized) -> None:
    part = work / "result.part"
    part.write_bytes(dump(result))
    part.replace(work / "result.json")


def _digitize(
    original: Path, work: Path, limits: Limits, language: str, ignore_markings: bool, passwords: Sequence[str]
) -> Digitized:
    from scanner_intake.container import media_type_of  # imports follow the limits: they cost memory too
    from scanner_intake.ocr_engine import RecognitionFailed
    from scanner_intake.source_pages import Refused, open_source

    kind = media_type_of(original) or ""
    try:
        with open_source(original, work, limits, passwords) as source:
            kind = source.media_type
            looked = _look(source, work, limits, language)
            return _judge(source, looked, work, original, limits, ignore_markings)
    except Refused as refusal:
        return Digitized(refusal.verdict, media_type=kind, code=refusal.code)
    except RecognitionFailed as failure:
        return Digitized("unreadable", media_type=kind, code=failure.code)


def _judge(source, looked: _Looked, work: Path, original: Path, limits: Limits, ignore_markings: bool) -> Digitized:
    from scanner_intake.describe import describe_paper
    from scanner_intake.digitize_pdfa import NotPdfa
    from scanner_intake.secrecy import printed_markings, suspicion

    kind, count = source.media_type, len(looked.seen)
    markings = tuple(looked.markings + printed_markings(looked.pages))
    suspected = suspicion(markings)
    if suspected and not ignore_markings:
        return Digitized("suspected-secret", count, markings=markings, media_type=kind, code=suspected)
    arrival = next((each.arrival for each in looked.seen if each.arrival is not None), None)
    told = describe_paper(looked.pages, looked.header, looked.inks, markings, arrival, looked.words)
    fields, absent = dict(told.fields), dict(told.absent)
    for name, found in looked.signer.items():
        fields[name] = replace(found, value=looked.words.signer(found.value)) if name == "signer_name" else found
        absent.pop(name, None)
        if found.guess:
            absent[name] = "unclear"
    warnings = looked.warnings | set(source.warnings)
    verdict, pdf = "signed-kept", None
    if not source.signed:
        verdict, pdf = "ok", work / "result.pdf"
        try:
            warnings |= _archive(source, looked, original, pdf, limits.profile)
        except NotPdfa as failure:
            return Digitized("unreadable", count, media_type=kind, code=failure.code)
    return Digitized(
        verdict, count, pdf, tuple(page.text for page in looked.pages), fields, markings, tuple(sorted(warnings)), kind,
        hidden_pages=tuple(looked.hidden), absent=absent,
    )  # fmt: skip


def _look(source, work: Path, limits: Limits, language: str) -> _Looked:
    """Words, stamps and layers of every page, one page's pixels in memory at a time."""
    from scanner_intake import digitize_page
    from scanner_intake.dictionary import BadDictionary, Dictionary, load
    from scanner_intake.own_words import OwnWords

    looked = _Looked(words=Dictionary())
    try:
        looked.words = load(Path(limits.dictionary) if limits.dictionary else None)
    except BadDictionary:  # the papers go on without it; the warning tells the office
        looked.warnings.add("dictionary-unusable")
    last = None
    with OwnWords(source) as own_words:
        for place, page in enumerate(source.pages):
            (work / "progress").write_text(f"{place + 1} {len(source.pages)}")
            number = len(looked.seen) + 1
            own = own_words.of(page)
            built = not page.drawn and not source.signed
            wanted = digitize_page.Wanted(
                language,
                turnable=not source.signed,
                layered=built and (limits.profile == "compact" or not page.streams()),
                hideable=built and place > 0,
                harmless=looked.words.harmless,
            )
            last = None  # the picture before goes before the next one comes
            seen, last = digitize_page.look(page, number, own, wanted)
            if seen.blank:
                looked.hidden.append(page.number)
                continue
            looked.seen.append(seen)
            looked.places.append(place)
            looked.warnings |= seen.warnings | ({"pages-turned"} if seen.turn else set())
            if number == 1:
                looked.header = digitize_page.header_again(last, seen, language)
                looked.inks = digitize_page.header_inks(last, seen, looked.header, language)
            _meet_signer(looked, language, last)
    if looked.hidden:
        looked.warnings.add("blank-pages-hidden")
    _find_signer(source, looked, language, last)
    return looked


def _meet_signer(looked: _Looked, language: str, picture) -> None:
    """The signer is on the first page with a function: the name there is read while that page's picture is at hand."""
    from scanner_intake.signer import describe_signer

    if not looked.function:
        looked.function = describe_signer(looked.pages[-1:])
        _name_again(looked, looked.function, language, picture)


def _find_signer(source, looked: _Looked, language: str, last) -> None:
    """Function and name are often under the seal: where no function was read, both are read where they must stand."""
    from scanner_intake.closing import signature_zone
    from scanner_intake.digitize_page import again, signature_again
    from scanner_intake.signer import describe_signer

    if "signer_position" in looked.function or (zone := signature_zone(looked.pages)) is None:
        return
    number, seen = zone[0], looked.seen[zone[0] - 1]
    if seen.own_text:
        return
    if last is None or last.number != number:
        last = again(source.pages[looked.places[number - 1]], number, seen)
    looked.signer = describe_signer([signature_again(last, zone[1], language)])
    _name_again(looked, looked.signer, language, last)


def _name_again(looked: _Looked, found: dict[str, Field], language: str, picture) -> None:
    """A second reading of the name below the function in `found`; the likelier one is kept."""
    from scanner_intake.digitize_page import name_again, under_black_seal
    from scanner_intake.signer import doubted, likelier, name_in, whole

    position = found.get("signer_position") or found.get("signer_authority")
    if position is None or position.box is None or looked.seen[position.page - 1].own_text:
        return
    page = looked.seen[position.page - 1].reading.page
    name = likelier(found.get("signer_name"), name_in(name_again(picture, position.box, language), position, page))
    if name is not None:
        hidden = name.box is not None and under_black_seal(picture, name.box)
        looked.signer["signer_name"] = doubted(name) if hidden else whole(name, page)


def _archive(source, looked: _Looked, original: Path, target: Path, profile: str) -> set[str]:
    """The PDF/A in the wished profile; a copy that outgrows its original gives way to the other one when that is
    smaller. Returns warnings.
    """
    from scanner_intake.archive_profiles import Archive

    return Archive(source, looked.seen, looked.places, original, target).make(profile)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
