"""The pages "Kiểm tra chữ ký" and "Chứng thư số", and what a paper's page tells of signatures it arrived with."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from appliance import commands
from appliance.config import Config, KeySection, SignerSection
from appliance.pipeline.digitizing import Digitizing
from appliance.store import Store, arrivals, documents, searching
from appliance.store.searching import Question
from appliance.trusting import trust_files
from appliance.web import verifying
from appliance.wording.verification import CONCLUSIONS
from hsm.judge import judge_file
from scanner_intake.digitize import Digitized, Limits
from tests.fixtures_store import Clock
from tests.fixtures_verify import Office, make_office
from tests.fixtures_web import Papers, Visitor, office_config
from tests.integration.test_hsm_attacks import append, new_content, other_info

Signed = dict[str, Path]


@pytest.fixture
def office(tmp_path: Path, signing_office: Office) -> Config:
    """An office that pins the root under which its papers are signed."""
    root, issuing = signing_office.pki.write(tmp_path / "pki")
    keys = []
    for slot in ("leader", "agency"):
        path = tmp_path / "pki" / f"{slot}.pem"
        certificate = x509.load_der_x509_certificate(signing_office.certificates[slot])
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        keys.append(KeySection(slot, slot, "01", path))
    signer = SignerSection(roots=(root,), intermediates=(issuing,), keys=tuple(keys), enrolments=tmp_path / "signing")
    return office_config(tmp_path, signer=signer)


@pytest.fixture
def web_clock(signing_office: Office) -> Clock:
    """The moment at which everything was signed."""
    return Clock(signing_office.now)


def brought(path: Path, name: str = "") -> FormData:
    """A form as the browser sends it."""
    form = FormData(quote_fields=False)
    form.add_field("file", path.read_bytes(), filename=name or path.name)
    return form


async def test_the_form_is_there_without_script(visitor: Visitor) -> None:
    state, text = await visitor.get("/verify")
    assert state == 200
    assert 'method="post" action="/verify" enctype="multipart/form-data"' in text
    assert text.count("Kiểm tra chữ ký") >= 2 and "không lưu lại trên hộp" in text


async def test_a_brought_file_is_told_in_words_and_leaves_nothing(
    visitor: Visitor, office: Config, signed_papers: Signed, store: Store
) -> None:
    state, _, text = await visitor.post("/verify", brought(signed_papers["both"], 'Tờ trình "15".pdf'))
    assert state == 200
    for expected in (
        "HỢP LỆ", "Có thể tiếp nhận", "Nguyễn Thị Thử Nghiệm", "Ủy ban nhân dân xã Thử Nghiệm", "chưa được chứng minh",
        "CA cấp phát thử nghiệm cấp", "không có dữ liệu thu hồi", "PAdES B-B", "Tờ trình -15-.pdf",
    ):  # fmt: skip
        assert expected in text, expected
    room = office.box.state_dir / "cache"
    assert [each for each in room.rglob("*") if each.is_file()] == []
    assert store.read(documents.listed) == [] and list(store.blobs.digests()) == []


async def test_the_lists_at_hand_count(
    visitor: Visitor, office: Config, signed_papers: Signed, signing_office: Office
) -> None:
    at = signing_office.now
    office.lists.mkdir(parents=True)
    kept = office.lists / "issuing.crl"
    kept.write_bytes(signing_office.crl(at - timedelta(hours=1), at + timedelta(days=6)))
    _, _, text = await visitor.post("/verify", brought(signed_papers["scan"]))
    assert "HỢP LỆ" in text and "không bị thu hồi" in text
    kept.write_bytes(signing_office.crl(at - timedelta(hours=1), at + timedelta(days=6), {"agency": at}))
    _, _, text = await visitor.post("/verify", brought(signed_papers["scan"]))
    assert "CHƯA TIN CẬY" in text and "ĐÃ BỊ THU HỒI từ" in text


async def test_what_was_changed_is_told(visitor: Visitor, signed_papers: Signed, tmp_path: Path) -> None:
    state, _, text = await visitor.post("/verify", brought(append(signed_papers["both"], tmp_path, new_content)))
    assert state == 200 and "ĐÃ BỊ SỬA" in text and "Không tiếp nhận" in text and "notice-bad" in text
    state, _, text = await visitor.post("/verify", brought(append(signed_papers["both"], tmp_path, other_info)))
    assert state == 200 and "CHỮ KÝ CÒN NGUYÊN" in text and "ĐÃ BỊ SỬA" not in text and "giả mạo" not in text


async def test_words_of_a_file_are_escaped(visitor: Visitor, tmp_path: Path, verify_now: Any) -> None:
    """The signer's name comes out of a stranger's certificate."""
    from appliance.demo.pki import make_pki
    from hsm.stamps import copy_stamp
    from tests import fixtures_verify
    from tests.data.signing_pages import make_page

    hostile = '"><script>alert(1)</script>'
    stranger = make_office(tmp_path / "s", "rsa-v15", make_pki(verify_now - timedelta(days=60)), verify_now)
    names, fixtures_verify.NAMES = fixtures_verify.NAMES, {"leader": hostile, "agency": hostile}
    try:
        begin = stranger.now - timedelta(days=1)
        stranger.enrol("agency", stranger.keys["agency"], begin, begin + timedelta(days=90))
    finally:
        fixtures_verify.NAMES = names
    source = make_page(tmp_path / "page.pdf", "scan")
    stamp = copy_stamp("UBND", stranger.now)
    path = await asyncio.to_thread(stranger.sign, source, tmp_path / "x.pdf", "incoming-scan", "agency", stamp)
    state, _, text = await visitor.post("/verify", brought(path, f"{hostile}.pdf"))
    assert state == 200 and "CHƯA TIN CẬY" in text
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("content", [b"", b"MZ no paper", b"%PDF-1.7 and no more"])
async def test_other_files_get_an_answer(visitor: Visitor, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(content)
    state, _, text = await visitor.post("/verify", brought(path))
    if content.startswith(b"%PDF"):
        assert state == 200 and "KHÔNG ĐỌC ĐƯỢC" in text
    else:
        assert state == 422 and ("Tệp rỗng." in text or "Chỉ kiểm tra được tệp PDF." in text)


async def test_a_file_beyond_the_limit_is_refused(
    visitor: Visitor, signed_papers: Signed, office: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "LARGEST", 2000)
    state, _, text = await visitor.post("/verify", brought(signed_papers["scan"]))
    assert state == 422 and "Tệp lớn hơn 0 MB." in text
    assert [each for each in (office.box.state_dir / "cache").rglob("*") if each.is_file()] == []


async def test_no_file_and_no_form(visitor: Visitor) -> None:
    form = FormData()
    form.add_field("other", b"x", filename="")
    state, _, text = await visitor.post("/verify", form)
    assert state == 422 and "Chưa chọn tệp nào." in text
    state, _, _ = await visitor.post("/verify", {"file": "x"})
    assert state == 415


async def test_a_foreign_page_cannot_post(visitor: Visitor, signed_papers: Signed) -> None:
    state, _, _ = await visitor.post("/verify", brought(signed_papers["scan"]), {"Origin": "http://evil.example"})
    assert state == 403


async def test_a_papers_own_file_can_be_checked_from_its_page(
    visitor: Visitor, office_papers: Papers, signed_papers: Signed, web_clock: Clock
) -> None:
    paper = office_papers.digitized()
    commands.approve(office_papers.store, paper, "Lan", web_clock())
    office_papers.sign(paper, signed_papers["scan"].read_bytes())
    _, text = await visitor.get(f"/papers/{paper}")
    assert f'href="/papers/{paper}/signatures"' in text
    state, text = await visitor.get(f"/papers/{paper}/signatures")
    assert state == 200 and "HỢP LỆ" in text and f'href="/papers/{paper}"' in text


async def test_a_suspected_secret_is_not_checked_here(visitor: Visitor, office_papers: Papers) -> None:
    from appliance.domain.states import Event

    paper = office_papers.quarantine(office_papers.received(), Event.SUSPECTED_SECRET, "suspected-secret")
    state, _ = await visitor.get(f"/papers/{paper}/signatures")
    assert state == 404


# --- files that arrive signed ----------------------------------------------------------------------------------------


def digitize(papers: Papers, office: Config, document_id: str, root: Path) -> None:
    """The step, with an engine that says what the real one says of a signed file (it is kept, its text is read)."""

    def engine(*_: Any, **__: Any) -> Digitized:
        return Digitized(verdict="signed-kept", pages=1, text=("Kính gửi: Sở Nội vụ",), media_type="application/pdf")

    def judge(path: Path) -> dict[str, Any]:
        return judge_file(path, trust_files(office), None, 60)

    step = Digitizing(papers.store, root / "work", Limits(), "vie", engine, papers.clock, judge=judge)
    step(papers.load(document_id), papers.clock())


async def test_a_signed_file_is_kept_verified_found_by_its_text_and_told(
    visitor: Visitor, office_papers: Papers, office: Config, signed_papers: Signed, tmp_path: Path
) -> None:
    content = signed_papers["both"].read_bytes()
    paper = office_papers.received("Công văn của Sở.pdf", content=content)
    digitize(office_papers, office, paper, tmp_path)
    document = office_papers.load(paper)
    assert document.current_sha256 == document.archive_sha256 == document.original_sha256
    assert office_papers.store.blobs.existing(document.current_sha256).read_bytes() == content
    arrival = office_papers.store.read(lambda db: arrivals.of_document(db, paper))
    assert arrival and (arrival.conclusion, arrival.sha256) == ("valid", document.current_sha256)
    assert arrival.facts["signatures"][0]["signer"] == "Nguyễn Thị Thử Nghiệm"
    _, text = await visitor.get(f"/papers/{paper}")
    assert "Chữ ký có sẵn khi tệp đến" in text and "HỢP LỆ" in text and "Nguyễn Thị Thử Nghiệm" in text
    _, text = await visitor.get("/search?q=kinh+gui+so+noi+vu")
    assert paper in text


def test_the_real_engine_keeps_a_signed_file_and_its_words_are_found(
    office_papers: Papers, office: Config, signed_papers: Signed, tmp_path: Path
) -> None:
    content = signed_papers["both"].read_bytes()
    paper = office_papers.received("Báo cáo.pdf", content=content)
    step = Digitizing(
        office_papers.store,
        tmp_path / "work",
        Limits(),
        "vie",
        clock=office_papers.clock,
        judge=lambda path: judge_file(path, trust_files(office), None, 60),
    )
    step(office_papers.load(paper), office_papers.clock())
    document = office_papers.load(paper)
    assert document.archive_sha256 == document.original_sha256
    assert office_papers.store.blobs.existing(document.archive_sha256).read_bytes() == content
    assert office_papers.store.read(lambda db: searching.found(db, Question("so noi vu tinh"))).ids == (paper,)
    arrival = office_papers.store.read(lambda db: arrivals.of_document(db, paper))
    assert arrival and arrival.conclusion == "valid"


@pytest.mark.parametrize(
    ("attack", "conclusion", "policy"),
    [(new_content, "changed", "person"), (other_info, "metadata-only", "policy"), (None, "valid", "policy")],
)
async def test_no_policy_decides_about_a_file_whose_signatures_do_not_hold(
    visitor: Visitor,
    office_papers: Papers,
    office: Config,
    signed_papers: Signed,
    tmp_path: Path,
    attack: Any,
    conclusion: str,
    policy: str,
) -> None:
    source = append(signed_papers["both"], tmp_path, attack) if attack else signed_papers["both"]
    paper = office_papers.received(content=source.read_bytes())
    store = office_papers.store
    store.write(lambda db: db.execute("UPDATE documents SET policy = 'policy' WHERE id = ?", [paper]))
    digitize(office_papers, office, paper, tmp_path)
    arrival = store.read(lambda db: arrivals.of_document(db, paper))
    assert arrival and arrival.conclusion == conclusion
    assert office_papers.load(paper).policy == policy
    _, text = await visitor.get(f"/papers/{paper}")
    assert (f'notice-{CONCLUSIONS[conclusion][0]}">Chữ ký có sẵn khi tệp đến' in text) is (attack is not None)


def test_nothing_of_it_stays_when_the_paper_turns_out_a_secret(
    office_papers: Papers, office: Config, signed_papers: Signed, tmp_path: Path
) -> None:
    paper = office_papers.received(content=signed_papers["scan"].read_bytes())
    digitize(office_papers, office, paper, tmp_path)
    store = office_papers.store
    assert store.read(lambda db: arrivals.of_document(db, paper))
    commands.mark_secret(store, paper, "Lan", office_papers.clock())
    assert store.read(lambda db: arrivals.of_document(db, paper)) is None


# --- certificates ----------------------------------------------------------------------------------------------------


async def test_certificates_are_shown_with_days_and_what_they_signed(
    visitor: Visitor, office_papers: Papers, signing_office: Office, web_clock: Clock
) -> None:
    paper = office_papers.digitized()
    commands.approve(office_papers.store, paper, "Lan", web_clock())
    office_papers.sign(paper)  # by a certificate that is not enrolled any more
    state, text = await visitor.get("/certificates")
    assert state == 200
    assert "Chứng thư của lãnh đạo: Nguyễn Thị Thử Nghiệm" in text and "Còn 900 ngày." in text
    assert "Chứng thư gốc: CA gốc thử nghiệm" in text
    assert text.count("chưa ký văn bản nào") == 2
    assert re.search(r"Chứng thư đã dùng trước đây.*UBND xã Đồng Mận.*1 văn bản, gần nhất", text, re.S)
    web_clock.now = signing_office.now + timedelta(days=880)
    await visitor.sign_in_again()
    _, text = await visitor.get("/certificates")
    assert text.count("Chỉ còn 20 ngày.") == 2
    web_clock.now = signing_office.now + timedelta(days=905)
    await visitor.sign_in_again()
    _, text = await visitor.get("/certificates")
    assert text.count("Hãy xin cấp lại ngay.") == 2 and "notice-bad" in text


async def test_a_renewed_certificate_is_remembered_with_what_it_signed(
    visitor: Visitor, office: Config, signing_office: Office, tmp_path: Path
) -> None:
    from hsm import enrolment

    at = signing_office.now
    entry = enrolment.describe(signing_office.certificates["agency"], "AB12", "01", at - timedelta(days=400))
    old = dataclasses.replace(entry, sha256="a" * 64, subject="Chứng thư cũ", serial_number="77")
    first = enrolment.Enrolment("agency", "/m.so", {}, "t", "AB12", "01", "rsa-v15", "token", False, False, (old,))
    fresh = dataclasses.replace(first, certificates=(entry,))
    enrolment.save(office.enrolments, enrolment.renewed(first, fresh, at), signing_office.certificates["agency"])
    state, text = await visitor.get("/certificates")
    assert state == 200 and "Chứng thư đã dùng trước đây" in text
    assert "Chứng thư cũ" in text and "số 77" in text and "thiết bị AB12" in text


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (900 - 61, set()),
        (900 - 59, {("certificate-ends", False, 58)}),
        (900 - 29, {("certificate-ends", False, 28)}),
        (900 - 6, {("certificate-ends", True, 5)}),
        (900 + 1, {("certificate-ended", True, None)}),
    ],
)
def test_the_health_check_warns_in_time(
    office: Config, signing_office: Office, days: int, expected: set[tuple[str, bool, int | None]]
) -> None:
    from appliance.health import findings

    found = findings(office, signing_office.now + timedelta(days=days, minutes=1))
    told = [each for each in found if each.code.startswith("certificate-")]
    assert {(each.code, each.serious, each.params.get("days")) for each in told} == expected
    assert len(told) == 2 * len(expected), "leader and agency"


def test_a_paper_that_is_not_the_file_of_the_manifest_is_a_finding(office: Config, signing_office: Office) -> None:
    from appliance.health import findings
    from appliance.store import open_store

    box = open_store(office.database, office.blobs)
    papers = Papers(box, Clock(signing_office.now), office.box.state_dir / "scratch")
    paper = papers.digitized()
    assert "papers-not-as-kept" not in {each.code for each in findings(office, signing_office.now)}
    box.write(lambda db: db.execute("UPDATE documents SET current_sha256 = ? WHERE id = ?", ["0" * 64, paper]))
    found = {each.code: each for each in findings(office, signing_office.now)}
    assert found["papers-not-as-kept"].serious and found["papers-not-as-kept"].params == {"count": 1}
    box.close()


def test_a_certificate_that_cannot_be_read_is_a_finding(office: Config, signing_office: Office) -> None:
    from appliance.health import findings

    office.signer.keys[0].certificate.write_bytes(b"no certificate")
    found = {each.code: each for each in findings(office, signing_office.now)}
    assert found["certificate-file-unreadable"].serious
    os.unlink(office.signer.keys[0].certificate)
    assert "certificate-file-unreadable" not in {each.code for each in findings(office, signing_office.now)}


def test_a_config_without_keys_shows_none(tmp_path: Path) -> None:
    from appliance.certificates import enrolled

    assert enrolled(dataclasses.replace(office_config(tmp_path), signer=SignerSection())) == ((), ())
