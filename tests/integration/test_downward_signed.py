"""The way down with nothing scripted: signed PDFs, judged and read by the box's own children."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.pipeline.examining import Examination
from hsm.judge import TrustFiles, judge_file
from scanner_intake.digitize import digitize
from sync.protocol.messages import Manifest
from sync.protocol.records import CheckOutcome, Verdict
from tests.fixtures_province_down import DownSite, wait_for
from tests.fixtures_store import sha256_of
from tests.fixtures_verify import Office, der


@pytest.fixture
def roots(signing_office: Office, tmp_path: Path) -> Path:
    """The root of the office that signs."""
    path = tmp_path / "root.der"
    path.write_bytes(der(signing_office.pki.root.certificate))
    return path


@pytest.fixture
def examination(roots: Path, tmp_path: Path) -> Iterator[Examination]:
    """The box's examination as its services make it."""
    yield Examination(
        lambda path: judge_file(path, TrustFiles(roots=(roots,)), None, 120),
        lambda source, folder: digitize(source, folder),
        tmp_path / "look",
    )
    assert not list((tmp_path / "look").glob("*")), "nothing of a file is left lying about"


def outcome(examination: Examination, path: Path) -> CheckOutcome:
    content = path.read_bytes()
    manifest = Manifest("commune-27007", "d", 1, len(content), bytes.fromhex(sha256_of(content)), 0)
    return examination.judge(path, manifest)[0]


def test_a_signed_document_arrives_byte_for_byte_with_what_its_signatures_said(
    down_site: DownSite, examination: Examination, signed_papers: dict[str, Path]
) -> None:
    down_site.examination = examination
    content = signed_papers["both"].read_bytes()
    down_site.send(content, "den-1")
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer("den-1"), 120)
        held = down_site.held("den-1", store)
        assert held is not None
        assert store.blobs.existing(held.sha256).read_bytes() == content
        assert held.signatures["conclusion"] == "valid"
        assert held.pages > 0
    (row,) = down_site.outgoing.find("den-1")
    assert (row.answer, row.code) == ("accepted", "")


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_each_defect_has_its_reason(examination: Examination, signed_papers: dict[str, Path], tmp_path: Path) -> None:
    good = signed_papers["both"].read_bytes()
    for name, content, code in (
        (
            "flipped",
            good[:2000] + bytes([good[2000] ^ 1]) + good[2001:],
            ("changed", "signature-invalid", "unreadable"),
        ),
        ("junk", b"%PDF-1.7\nnothing", ("unreadable",)),
        ("half", good[: len(good) // 2], ("unreadable", "signature-missing", "changed", "signature-invalid")),
    ):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(content)
        found = outcome(examination, path)
        assert (found.verdict, found.code in code) == (Verdict.REFUSE, True), (name, found)
        assert found.text


def test_a_signer_nobody_here_trusts_is_refused(signed_papers: dict[str, Path], tmp_path: Path) -> None:
    strict = Examination(
        lambda path: judge_file(path, TrustFiles(), None, 120), lambda s, f: digitize(s, f), tmp_path / "look"
    )
    found = outcome(strict, signed_papers["both"])
    assert (found.verdict, found.code) == (Verdict.REFUSE, "signature-untrusted")


def test_other_bytes_than_promised_are_asked_for_again(examination: Examination, tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    manifest = Manifest("commune-27007", "d", 1, 9, bytes(32), 0)
    assert examination.judge(path, manifest)[0].verdict is Verdict.DAMAGED
