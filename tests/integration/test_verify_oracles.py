"""Programs that know nothing of ours look at every kind of file the box signs: the signature's digest and container are
right, the file's structure is clean, PDF/A-2b still holds.

They are asked for what they can judge (digest, CMS, structure) and never for the verdict: all of them call appended
attacks valid (signing.md F8).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from hsm.pdfa import check_pdfa
from hsm.verify import verify_file
from tests.fixtures_verify import MECHANISMS, Office, TimeAuthority, stamped

PAPERS = ("scan", "appendix", "case-file", "sealed-scan", "leader", "both")


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"missing: {program}")


@pytest.fixture(scope="session")
def every_paper(
    signing_office_of: Callable[[str], Office], signed_papers: dict[str, Path]
) -> dict[tuple[str, str], Path]:
    """Every kind of signed paper by every mechanism."""
    found = {("rsa-v15", name): path for name, path in signed_papers.items()}
    for mechanism in MECHANISMS[1:]:
        found |= {(mechanism, name): path for name, path in signing_office_of(mechanism).papers().items()}
    return found


@pytest.fixture(scope="session")
def upgraded(
    every_paper: dict[tuple[str, str], Path],
    signing_office: Office,
    tsa: TimeAuthority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Leader, agency, time stamp, validation data below a second time stamp."""
    path = tmp_path_factory.mktemp("upgraded") / "both.pdf"
    shutil.copyfile(every_paper["rsa-v15", "both"], path)
    at = signing_office.now + timedelta(minutes=1)
    lists = [signing_office.crl(at, at + timedelta(days=7))]
    return stamped(stamped(path, tsa, at), tsa, at + timedelta(minutes=1), lists)


def signatures(path: Path) -> list[tuple[bytes, bytes]]:
    """(container, bytes it covers) of every signature, read from the file's own byte ranges."""
    content, found = path.read_bytes(), []
    with pikepdf.open(path) as document:
        for field in document.Root.AcroForm.Fields:
            if "/V" in field and field.V.get("/SubFilter") == "/ETSI.CAdES.detached":
                start, length, second, rest = (int(each) for each in field.V.ByteRange)
                assert start == 0
                found.append((bytes(field.V.Contents), content[:length] + content[second : second + rest]))
    return found


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("name", PAPERS)
def test_pdfsig_agrees_on_every_digest(every_paper: dict[tuple[str, str], Path], mechanism: str, name: str) -> None:
    need("pdfsig")
    path = every_paper[mechanism, name]
    done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False)
    expected = 2 if name == "both" else 1
    assert done.stdout.count("Signature is Valid") == expected, done.stdout
    assert done.stdout.count("ETSI.CAdES.detached") == expected
    assert done.stdout.count("Total document signed") == 1, "the last signature, and only that, covers the file"


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("name", PAPERS)
def test_openssl_verifies_the_container_over_the_byte_range(
    every_paper: dict[tuple[str, str], Path], signing_office: Office, tmp_path: Path, mechanism: str, name: str
) -> None:
    need("openssl")
    roots = tmp_path / "roots.pem"
    authorities = (signing_office.pki.root, signing_office.pki.issuing)
    roots.write_bytes(b"".join(each.certificate.public_bytes(serialization.Encoding.PEM) for each in authorities))
    found = signatures(every_paper[mechanism, name])
    assert len(found) == (2 if name == "both" else 1)
    for container, covered in found:
        (tmp_path / "cms.der").write_bytes(container)
        (tmp_path / "covered").write_bytes(covered)
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"]
        command += ["-in", str(tmp_path / "cms.der"), "-content", str(tmp_path / "covered")]
        command += ["-CAfile", str(roots), "-out", "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "successful" in done.stderr, done.stderr
        (tmp_path / "covered").write_bytes(covered[:-1] + bytes([covered[-1] ^ 1]))
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0, "the oracle can say no"


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("name", PAPERS)
def test_qpdf_finds_the_structure_clean(every_paper: dict[tuple[str, str], Path], mechanism: str, name: str) -> None:
    need("qpdf")
    done = subprocess.run(
        ["qpdf", "--check", str(every_paper[mechanism, name])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "WARNING" not in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("name", PAPERS)
def test_pdfa_still_holds(every_paper: dict[tuple[str, str], Path], mechanism: str, name: str) -> None:
    found = check_pdfa(every_paper[mechanism, name])
    assert found.passed, found.reasons


def test_an_upgraded_file_passes_them_all(upgraded: Path, signing_office: Office) -> None:
    for program in ("pdfsig", "qpdf"):
        need(program)
    assert verify_file(upgraded, signing_office.trust, ["leader", "agency"]).verdict == "valid"
    told = subprocess.run(["pdfsig", "-nocert", str(upgraded)], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature is Valid") == 2, "pdfsig does not verify document time stamps"
    assert subprocess.run(["qpdf", "--check", str(upgraded)], capture_output=True, check=False).returncode == 0
    assert check_pdfa(upgraded).reasons == ()


def test_the_check_of_pdfa_can_say_no(every_paper: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    """A field that would not be printed, and one byte behind the end: rules that the mask hides from the validator."""
    hidden = tmp_path / "hidden.pdf"
    with pikepdf.open(every_paper["rsa-v15", "scan"]) as document:
        document.pages[0].Annots[0].F = 2
        document.save(hidden)
    assert any(reason.startswith("6.3.2") for reason in check_pdfa(hidden).reasons)
    tail = tmp_path / "tail.pdf"
    tail.write_bytes(every_paper["rsa-v15", "scan"].read_bytes() + b"x")
    assert any(reason.startswith("6.1.3-3") for reason in check_pdfa(tail).reasons)


def test_the_certificate_told_is_the_one_in_the_container(
    every_paper: dict[tuple[str, str], Path], signing_office: Office
) -> None:
    """By another library than the verifier's: the digest of the certificate that was enrolled."""
    found = verify_file(every_paper["rsa-v15", "both"], signing_office.trust).signatures
    for slot, finding in zip(("leader", "agency"), found, strict=True):
        enrolled = signing_office.certificates[slot]
        assert finding.certificate_sha256 == hashlib.sha256(enrolled).hexdigest()
        assert finding.certificate.serial == f"{x509.load_der_x509_certificate(enrolled).serial_number:x}"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00", finding.certificate.valid_to)
