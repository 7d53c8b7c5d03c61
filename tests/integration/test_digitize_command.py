"""`commune-box digitize`: the contract other programs read."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner

from appliance.cli.digitize import digitize, facts
from appliance.demo import demo_texts, papers
from appliance.demo.scan_files import write_jpeg
from scanner_intake.digitize import FIELD_NAMES, Digitized, Field
from tests.fixtures_intake import small_pdf


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract (tesseract-ocr, tesseract-ocr-vie) is not installed")


def test_json_has_one_entry_a_file_in_order(tmp_path: Path) -> None:
    letter, secret = tmp_path / "thư.jpg", tmp_path / "mật.jpg"
    write_jpeg(papers.render(demo_texts.LETTER)[0], letter, 200, 85)
    write_jpeg(papers.render(replace(demo_texts.SECRET, secrecy="mat"))[0], secret, 200, 85)
    out = tmp_path / "out"
    done = CliRunner().invoke(digitize, [str(letter), str(secret), "-o", str(out), "--json"])
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.stdout)["documents"]
    assert set(first) >= {"file", "verdict", "pages", "pdf", "text", "fields", "markings", "warnings", "code"}
    assert (first["file"], first["verdict"], first["pages"]) == (str(letter), "ok", 1)
    assert Path(first["pdf"]).read_bytes().startswith(b"%PDF-")
    assert "Kính gửi" in first["text"]
    assert set(first["fields"]) == set(FIELD_NAMES)
    assert set(first["fields"]["code"]) == {"value", "confidence", "page", "box", "guess"}
    assert len(first["fields"]["code"]["box"]) == 4
    assert (first["fields"]["type_name"]["value"], first["fields"]["secrecy"]) == ("Công văn", None)
    assert first["bytes_in"] == letter.stat().st_size
    assert first["bytes_out"] == Path(first["pdf"]).stat().st_size
    assert first["seconds"] > 0 and first["cpu_seconds"] > 0 and first["peak_rss_mb"] > 20
    assert (second["verdict"], second["pdf"], second["text"]) == ("suspected-secret", None, None)
    told = {name: field["value"] for name, field in second["fields"].items() if field is not None}
    assert told.pop("secrecy") == "MẬT"
    assert set(told) <= {"urgency"}
    assert {"mat"} == {each["value"] for each in second["markings"] if each["kind"] == "secrecy"}
    assert [each.name for each in out.iterdir()] == ["thư.pdf"]


def test_unreadable_files_have_a_verdict_and_earlier_results_stay(tmp_path: Path) -> None:
    broken = tmp_path / "a.pdf"
    broken.write_bytes(small_pdf()[:-20])
    whole = tmp_path / "b.pdf"
    whole.write_bytes(small_pdf())
    done = CliRunner().invoke(digitize, [str(broken), str(whole), str(whole), "-o", str(tmp_path), "--json"])
    assert done.exit_code == 0
    verdicts = [(each["verdict"], each["code"]) for each in json.loads(done.stdout)["documents"]]
    assert verdicts == [("unreadable", "truncated"), ("ok", ""), ("ok", "")]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.pdf", "b-2.pdf", "b-3.pdf", "b.pdf"]
    assert whole.read_bytes() == small_pdf()


def test_known_passwords_come_from_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    locked, known = tmp_path / "khóa.pdf", tmp_path / "mat-khau"
    with pikepdf.open(io.BytesIO(small_pdf())) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="a", user="mở cửa"))
    known.write_text("sai\nmở cửa\n", encoding="utf-8")
    known.chmod(0o600)
    words = [str(locked), "-o", str(tmp_path / "out"), "--json"]
    for more, verdict in (([], "needs-password"), (["--password-file", str(known)], "ok")):
        done = CliRunner().invoke(digitize, [*words, *more])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["documents"][0]["verdict"] == verdict
        assert "mở cửa" not in done.output + done.stderr
    known.chmod(0o640)
    refused = CliRunner().invoke(digitize, [*words, "--password-file", str(known)])
    assert (refused.exit_code, "chmod 600" in refused.stderr, "mở cửa" in refused.output) == (2, True, False)


def test_a_wrong_call_is_exit_code_2(tmp_path: Path) -> None:
    file, wrong = tmp_path / "a.pdf", tmp_path / "words.toml"
    file.write_bytes(small_pdf())
    wrong.write_text("agencies = 5")
    for arguments in (["-o", "x"], [str(tmp_path / "none.pdf"), "-o", "x"], [str(file)]):
        assert CliRunner().invoke(digitize, arguments).exit_code == 2
    done = CliRunner().invoke(digitize, [str(file), "-o", str(tmp_path), "--dictionary", str(wrong)])
    assert (done.exit_code, "agencies" in done.output) == (2, True)


@pytest.mark.parametrize(("code", "word"), [("khan", "KHẨN"), ("thuong-khan", "THƯỢNG KHẨN"), ("hoa-toc", "HỎA TỐC")])
def test_urgency_is_told_as_stamped(code: str, word: str) -> None:
    result = Digitized("ok", 1, fields={"urgency": Field(code, 0.9, 1, None), "subject": Field("mat", 0.9, 1, None)})
    told = facts(Path("a.pdf"), result, None)["fields"]
    assert (told["urgency"]["value"], told["subject"]["value"]) == (word, "mat")
