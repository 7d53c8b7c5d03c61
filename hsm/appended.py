"""Is what a signature appended still PDF/A-2b, when the file below it is known to be?

A revision of ours adds fields, signature dictionaries and appearances, and nothing else (`hsm.embedding`). The fields
and the signature are judged on the file itself, as `hsm.pdfa` does it. Each appearance is judged by the same validator,
but on a blank page of its own with the file's output intent, so the price does not grow with the document; and once for
the same resources (font, picture, output intent), since from one paper to the next only its few words differ. It runs
in a child, `python -m hsm.appended FILE`: the validator's 25 MiB would else stay with the process that signs.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf

from hsm.pdfa import PdfaFinding, field_faults

_METADATA = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="2" pdfaid:conformance="B"/></rdf:RDF></x:xmpmeta><?xpacket
end="w"?>"""
CHILD_SECONDS = 60.0
_DEEP = 12
"""Forms of ours nest four objects deep; more is not ours."""


def check_appended(path: Path, fields: frozenset[str]) -> PdfaFinding:
    """Judge the named fields of a signed file. Never raises for a bad file."""
    try:
        with pikepdf.open(path, access_mode=pikepdf.AccessMode.stream) as document:
            # Not over all pages: that would load every page of a long document, and what lay there before is known.
            reasons = field_faults(document, path, list(document.Root.AcroForm.Fields))
            intents = document.Root.get("/OutputIntents")
            for form in _appearances(document, fields):
                digest = _digest(form.get("/Resources"), intents)
                if digest not in _clean:
                    reasons += _judged(digest, form, intents)
    except Exception as error:  # Whatever the parser throws, the answer is "no".
        return PdfaFinding(False, (f"unreadable {type(error).__name__}: {error}",))
    return PdfaFinding(not reasons, tuple(reasons))


def _appearances(document: pikepdf.Pdf, fields: frozenset[str]) -> Iterator[Any]:
    for field in document.Root.AcroForm.Fields:
        if str(field.get("/T", "")) in fields:
            yield field.AP.N


_clean: set[str] = set()
"""Digests of resources that were found without fault in this process."""


def _judged(digest: str, form: Any, intents: Any) -> list[str]:
    page_of_its_own = pikepdf.new()
    page_of_its_own.add_blank_page(page_size=(595, 842))
    page = page_of_its_own.pages[0]
    copied = page_of_its_own.copy_foreign(form)
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=copied))
    page.obj.Contents = page_of_its_own.make_stream(b"q 1 0 0 1 50 50 cm /A Do Q")
    root = page_of_its_own.Root
    root.Metadata = page_of_its_own.make_stream(_METADATA, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
    if intents is not None:
        root.OutputIntents = pikepdf.Array(
            page_of_its_own.copy_foreign(intent) if intent.is_indirect else intent for intent in intents
        )
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "appearance.pdf"
        page_of_its_own.save(
            alone,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            min_version="1.7",
            fix_metadata_version=False,
        )
        faults = _validated_apart(alone)
    if not faults:
        _clean.add(digest)
    return faults


def _validated_apart(path: Path) -> list[str]:
    home = str(Path(__file__).resolve().parent.parent)
    search = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    done = subprocess.run(
        [sys.executable, "-m", "hsm.appended", str(path)],
        env={**os.environ, "PYTHONPATH": search},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=CHILD_SECONDS,
        check=True,
    )
    faults: list[str] = json.loads(done.stdout)
    return faults


def main() -> int:
    """The child: print the faults of one written file as a JSON list."""
    from pikepdf import pdfa

    report = pdfa.validate_written(Path(sys.argv[1]), "2b")
    faults = [f"{finding.rule} {finding.where}" for finding in report.findings[:20]]
    json.dump(faults or ([] if report.passed else ["not approved"]), sys.stdout)
    return 0


def _digest(*objects: Any) -> str:
    """SHA-256 over objects with all they refer to."""
    digest = hashlib.sha256()

    def take(value: Any, depth: int) -> None:
        if depth > _DEEP:
            raise ValueError("resources nested too deeply")
        if isinstance(value, pikepdf.Stream):
            digest.update(b"stream" + value.read_raw_bytes())
        if isinstance(value, pikepdf.Stream | pikepdf.Dictionary):
            for name in sorted(value.keys()):
                digest.update(name.encode())
                take(value[name], depth + 1)
        elif isinstance(value, pikepdf.Array):
            digest.update(b"[%d" % len(value))
            for each in value:
                take(each, depth + 1)
        else:
            digest.update(repr(value).encode() + b";")

    for each in objects:
        take(each, 0)
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
