"""Known passwords: who may read their file, what a line is, and how long a typed one is remembered."""

from __future__ import annotations

import dataclasses
import logging
import os
import unicodedata
from pathlib import Path

import pytest

from appliance.config import FolderSection
from appliance.health import findings
from appliance.pipeline.passwords import KEEP_SECONDS, MOST_WAITING, Passwords
from scanner_intake.passwords import LONGEST, BadPasswordFile, load_passwords, spellings
from tests.fixtures_store import NOW, paper
from tests.fixtures_web import office_config


def kept(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "mat-khau"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_one_password_a_line(tmp_path: Path) -> None:
    path = kept(tmp_path, "\ufeffmột hai\r\n\n   \nmở\nmở\n trước và sau \n")
    assert load_passwords(path) == ("một hai", "mở", " trước và sau ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_may_open_is_not_used(tmp_path: Path, mode: int) -> None:
    with pytest.raises(BadPasswordFile, match="password-file-open"):
        load_passwords(kept(tmp_path, "mở\n", mode))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * (LONGEST + 1), b"\n".join(b"%d" % i for i in range(101))])
def test_a_file_of_another_shape_is_not_used_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadPasswordFile) as refused:
        load_passwords(kept(tmp_path, content))
    assert str(refused.value) == refused.value.code == "password-file-wrong"


def test_what_is_no_file_is_not_used(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ống", 0o600)
    for path, code in ((tmp_path / "thiếu", "missing"), (tmp_path, "wrong"), (tmp_path / "ống", "wrong")):
        with pytest.raises(BadPasswordFile, match=f"password-file-{code}"):
            load_passwords(path)


def test_accents_are_tried_in_both_forms() -> None:
    composed = unicodedata.normalize("NFC", "mở khóa")
    assert set(spellings((composed, "abc"))) == {composed, unicodedata.normalize("NFD", composed), "abc"}
    assert spellings(("abc",)) == ("abc",)


def test_a_typed_password_serves_one_paper_and_ends(tmp_path: Path) -> None:
    now = [0.0]
    known = Passwords({"den": kept(tmp_path, "của thư mục\n")}, lambda: now[0])
    one, other = paper(folder="den"), dataclasses.replace(paper(folder="di"), id="019a0000-0000-7000-8000-0000000000f1")
    known.typed(one.id, "đã gõ")
    assert known.of(one) == ("đã gõ", "của thư mục")
    assert (known.of(other), known.has_typed(other.id)) == ((), False)
    known.forget(one.id)
    assert known.of(one) == ("của thư mục",)
    known.typed(one.id, "đã gõ")
    now[0] = KEEP_SECONDS + 1
    assert (known.of(one), known.has_typed(one.id)) == (("của thư mục",), False)


def test_typed_passwords_do_not_pile_up() -> None:
    known = Passwords()
    for number in range(MOST_WAITING + 5):
        known.typed(str(number), "x")
    assert sum(known.has_typed(str(number)) for number in range(MOST_WAITING + 5)) == MOST_WAITING


def test_a_folders_file_is_read_anew_and_a_bad_one_is_told_without_its_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = kept(tmp_path, "cũ\n")
    known, document = Passwords({"den": path}), paper(folder="den")
    assert known.of(document) == ("cũ",)
    kept(tmp_path, "bí mật mới\n")
    assert known.of(document) == ("bí mật mới",)
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert known.of(document) == ()
    assert "password-file-open" in caplog.text and "bí mật" not in caplog.text


def test_the_check_tells_of_a_password_file_that_cannot_be_used(tmp_path: Path) -> None:
    path = kept(tmp_path, "mở\n", 0o644)
    (tmp_path / "khoa").mkdir()
    folders = (FolderSection(tmp_path / "khoa", "Có khóa", passwords=path),)
    told = [each for each in findings(office_config(tmp_path, folders=folders), NOW) if "password" in each.code]
    assert [(each.code, each.serious, each.params) for each in told] == [("password-file-open", False, {"path": path})]
    path.chmod(0o600)
    assert not [each for each in findings(office_config(tmp_path, folders=folders), NOW) if "password" in each.code]
