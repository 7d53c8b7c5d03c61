"""`commune-box verify` as a person and a program meet it: contract of the JSON, words, exit codes, ETSI report."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives import serialization

from appliance.demo.pki import Pki
from hsm.judge import TrustFiles, judge_file
from tests.data.signing_pages import make_page
from tests.fixtures_hsm import ROOT
from tests.fixtures_verify import Office, TimeAuthority, make_office, stamped, time_authority
from tests.integration.test_hsm_attacks import append, new_content, other_info

Papers = dict[str, Path]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `commune-box verify` in an empty folder."""

    def make(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "appliance", "verify", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    return make


@pytest.fixture
def trusting(signing_office: Office, tmp_path: Path) -> tuple[str, ...]:
    """Options that pin the office's root."""
    root, issuing = signing_office.pki.write(tmp_path / "pki")
    return "--trust", str(root), "--intermediate", str(issuing)


def test_the_facts_keep_their_contract(run: Run, trusting: tuple[str, ...], signed_papers: Papers) -> None:
    done = run(signed_papers["both"], *trusting, "--expect", "leader", "--expect", "agency", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["verdict"], facts["conclusion"], facts["pdfa"]) == (0, "valid", "valid", True)
    known = {
        "field", "slot", "signer", "signed_at", "intact", "trusted", "covers_whole_file", "changed_after",
        "certificate_sha256", "timestamp", "reasons",
    }  # fmt: skip
    assert [known <= set(each) for each in facts["signatures"]] == [True, True]
    assert facts["level"] == "B-B" and facts["sha256"] and facts["file"] == str(signed_papers["both"])


@pytest.mark.parametrize(
    ("what", "code", "verdict", "conclusion", "headline"),
    [
        ("good", 0, "valid", "valid", "HỢP LỆ"),
        ("strangers", 4, "untrusted", "untrusted", "CHƯA TIN CẬY"),
        ("properties", 4, "changed", "metadata-only", "CHỮ KÝ CÒN NGUYÊN"),
        ("content", 4, "changed", "changed", "ĐÃ BỊ SỬA"),
        ("missing", 4, "invalid", "invalid", "KHÔNG HỢP LỆ"),
        ("unsigned", 4, "unsigned", "unsigned", "CHƯA KÝ"),
        ("junk", 3, "unreadable", "unreadable", "KHÔNG ĐỌC ĐƯỢC"),
    ],
)
def test_each_conclusion_has_its_exit_code_and_words(
    run: Run,
    trusting: tuple[str, ...],
    signed_papers: Papers,
    tmp_path: Path,
    what: str,
    code: int,
    verdict: str,
    conclusion: str,
    headline: str,
) -> None:
    junk = tmp_path / "junk.pdf"
    junk.write_bytes(b"not a paper")
    both = signed_papers["both"]
    words: dict[str, tuple[object, ...]] = {
        "good": (both, *trusting),
        "strangers": (both,),
        "properties": (append(both, tmp_path, other_info), *trusting),
        "content": (append(both, tmp_path, new_content), *trusting),
        "missing": (signed_papers["leader"], *trusting, "--expect", "leader", "--expect", "agency"),
        "unsigned": (make_page(tmp_path / "page.pdf", "scan"), *trusting),
        "junk": (junk, *trusting),
    }
    done = run(*words[what], "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["verdict"], facts["conclusion"]) == (code, verdict, conclusion), done.stderr
    said = run(*words[what]).stdout
    assert said.startswith(headline) and len(said.splitlines()) >= 2


def test_a_clerk_reads_who_when_certificate_revocation_and_changes(
    run: Run,
    trusting: tuple[str, ...],
    signed_papers: Papers,
    signing_office: Office,
    tsa: TimeAuthority,
    tmp_path: Path,
) -> None:
    both = Path(shutil.copyfile(signed_papers["both"], tmp_path / "both.pdf"))
    at = signing_office.now + timedelta(seconds=20)
    path = stamped(both, tsa, at, [signing_office.crl(at, at + timedelta(days=7))])
    said = run(path, *trusting).stdout
    assert "1. Chữ ký của lãnh đạo: Nguyễn Thị Thử Nghiệm" in said
    assert "2. Chữ ký số của cơ quan: Ủy ban nhân dân xã Thử Nghiệm" in said
    assert "3. Dấu thời gian: TSA thử nghiệm" in said
    assert said.count("Kết quả: toàn vẹn, tin cậy") == 3
    assert (
        len(re.findall(r"Thời gian: có trước \d\d:\d\d:\d\d \d\d/\d\d/\d{4} \(dấu thời gian chứng minh\)", said)) == 2
    )
    assert len(re.findall(r"Chứng thư: CA cấp phát thử nghiệm cấp, số [0-9a-f]+, hiệu lực", said)) == 2
    assert said.count("Thu hồi: không bị thu hồi") == 2
    assert "Thay đổi sau đó: thêm chữ ký" in said and "Thay đổi sau đó: không có" in said
    assert "PDF/A: có" in said and "PAdES B-LT" in said
    unproven = run(signed_papers["both"], *trusting).stdout
    assert unproven.count("Thời gian: chưa được chứng minh; người ký ghi") == 2
    assert unproven.count("Thu hồi: chưa rõ (không có dữ liệu thu hồi)") == 2


def test_a_list_given_counts(
    run: Run, trusting: tuple[str, ...], signed_papers: Papers, signing_office: Office, tmp_path: Path
) -> None:
    at = signing_office.now
    path = tmp_path / "list.crl"
    path.write_bytes(signing_office.crl(at - timedelta(days=1), at + timedelta(days=6), {"agency": at}))
    done = run(signed_papers["scan"], *trusting, "--crl", path, "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["verdict"], facts["reasons"]) == (4, "untrusted", ["certificate-revoked"])
    assert "ĐÃ BỊ THU HỒI từ" in run(signed_papers["scan"], *trusting, "--crl", path).stdout
    path.write_bytes(b"no list")
    done = run(signed_papers["scan"], *trusting, "--crl", path, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (3, "trust-unreadable")


REPORT = "{http://uri.etsi.org/19102/v1.2.1#}"


def _indication(path: Path) -> str:
    found = ElementTree.parse(path).getroot()
    assert found.tag == f"{REPORT}ValidationReport"
    (said,) = found.iter(f"{REPORT}MainIndication")
    return str(said.text).rpartition(":")[2]


def test_a_report_in_the_form_of_etsi_for_each_signature(
    run: Run, verify_pki: Pki, verify_now: datetime, tmp_path: Path
) -> None:
    """What is proven for long is "total-passed" there; without revocation data the standard says "indeterminate"."""
    begin = verify_now - timedelta(minutes=30)
    office = make_office(tmp_path / "office", "rsa-v15", verify_pki, begin)
    authority = time_authority(verify_pki.root, begin - timedelta(days=1), begin + timedelta(days=900))
    plain = office.papers()["both"]
    lists = [
        office.crl(begin + timedelta(minutes=2), begin + timedelta(days=7), authority=each)
        for each in (verify_pki.issuing, verify_pki.root)
    ]
    chain = [
        each.certificate.public_bytes(serialization.Encoding.DER) for each in (verify_pki.root, verify_pki.issuing)
    ]
    timed = stamped(plain, authority, begin + timedelta(minutes=1))
    lasting = stamped(timed, authority, begin + timedelta(minutes=3), lists, certificates=chain)
    root, issuing = verify_pki.write(tmp_path / "pki")
    for path, expected in ((plain, "indeterminate"), (lasting, "total-passed")):
        target = tmp_path / f"{path.stem}.xml"
        done = run(path, "--trust", root, "--intermediate", issuing, "--etsi", target, "--json")
        facts = json.loads(done.stdout)
        assert (done.returncode, facts["verdict"]) == (0, "valid")
        assert [each["field"] for each in facts["etsi"]] == ["CommuneBoxLeader", "CommuneBoxAgency"]
        assert [_indication(Path(each["file"])) for each in facts["etsi"]] == [expected] * 2
        assert facts["etsi"][0]["file"] == str(target) and "report" not in facts


def test_a_file_without_a_name_can_be_judged(signed_papers: Papers, signing_office: Office, tmp_path: Path) -> None:
    """An upload is never given a name: the child gets an open descriptor of a file that no folder shows."""
    root, issuing = signing_office.pki.write(tmp_path / "pki")
    path = tmp_path / "passing.pdf"
    shutil.copyfile(signed_papers["scan"], path)
    with path.open("rb") as stream:
        path.unlink()
        facts: dict[str, Any] = judge_file(
            Path("upload.pdf"), TrustFiles((root,), (issuing,)), ("agency",), 60, handed=stream.fileno()
        )
    assert (facts["verdict"], facts["pdfa"], len(facts["signatures"])) == ("valid", True, 1)


def test_memory_does_not_grow_with_the_file(signing_office: Office, tmp_path: Path) -> None:
    """Judged in a child of its own, whose peak is compared with that of a page; the file is 120 MB of noise."""
    import pikepdf

    from hsm.stamps import copy_stamp

    small = make_page(tmp_path / "small.pdf", "scan")
    large = tmp_path / "large.pdf"
    with pikepdf.open(small) as document:
        for _ in range(60):
            noise = document.make_stream(os.urandom(2 << 20))
            noise.Type, noise.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
            noise.Width, noise.Height, noise.BitsPerComponent = 2048, 1024, 8
            noise.ColorSpace = pikepdf.Name.DeviceGray
            document.pages.append(document.pages[0])
            fonts = document.pages[0].obj.Resources.Font
            document.pages[-1].obj.Resources = pikepdf.Dictionary(Font=fonts, XObject=pikepdf.Dictionary(I=noise))
        document.save(large)
    assert large.stat().st_size > 120 << 20
    stamp = copy_stamp("Ủy ban nhân dân xã Thử Nghiệm", signing_office.now)
    peaks = []
    root, issuing = signing_office.pki.write(tmp_path / "pki")
    for source in (small, large):
        path = signing_office.sign(source, tmp_path / f"{source.stem}-signed.pdf", "incoming-scan", "agency", stamp)
        code = (
            "import resource, sys; from pathlib import Path; from hsm.verify import verify_file; "
            "from hsm.trust import Trust; found = verify_file(Path(sys.argv[1]), "
            "Trust.from_files([Path(sys.argv[2])], [Path(sys.argv[3])])); assert found.verdict == 'valid', found; "
            "assert found.pdfa; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(root), str(issuing)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout) // 1024)
    assert peaks[1] - peaks[0] < 40, peaks
