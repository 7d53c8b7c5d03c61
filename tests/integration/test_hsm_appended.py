"""The short PDF/A check of what a signature appends: it must see what the long one sees."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from hsm.appended import check_appended
from hsm.fields import QuietWriter, make_fields
from hsm.places import Placement
from tests.data.signing_pages import make_page

FIELDS = frozenset({"CommuneBoxAgency"})


def _with_field(tmp_path: Path, spoil: str) -> Path:
    """A page with our (empty) field, its appearance replaced by something."""
    path = make_page(tmp_path / "page.pdf", "scan")
    with path.open("r+b") as stream:
        writer = QuietWriter(stream, strict=True)
        make_fields(writer, {"agency": Placement(1, (400, 20, 500, 60), 0, crop=(0, 0, 595, 842))})
        writer.write_in_place()
    target = tmp_path / "spoiled.pdf"
    with pikepdf.open(path) as document:
        field = document.Root.AcroForm.Fields[0]
        form = document.make_stream(b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 100, 40])
        fonts = pikepdf.Dictionary(
            F=pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Courier)
        )
        if spoil == "font":
            form.write(b"BT /F 10 Tf (SAO Y) Tj ET")
            form.Resources = pikepdf.Dictionary(Font=fonts)
        field.AP = pikepdf.Dictionary(N=document.make_indirect(form))
        if spoil == "hidden":
            field.F = 2
        if spoil == "action":
            field.AA = pikepdf.Dictionary()
        document.save(target)
    return target


def test_a_clean_field_passes(tmp_path: Path) -> None:
    found = check_appended(_with_field(tmp_path, ""), FIELDS)
    assert found.passed, found.reasons


@pytest.mark.parametrize(("spoil", "rule"), [("font", "6.2.11.4.1"), ("hidden", "6.3.2"), ("action", "6.4.1")])
def test_what_breaks_a_rule_is_named(tmp_path: Path, spoil: str, rule: str) -> None:
    found = check_appended(_with_field(tmp_path, spoil), FIELDS)
    assert not found.passed and any(rule in reason for reason in found.reasons), found.reasons


def test_a_file_that_is_none_is_no(tmp_path: Path) -> None:
    path = tmp_path / "bad.pdf"
    path.write_bytes(b"no pdf")
    assert not check_appended(path, FIELDS).passed
