"""``commune-box digitize``: scans to searchable PDF/A-2b with their fields, without a running box.

Owns the command's arguments and the shape of its answer (a contract other programs read); all work is
``scanner_intake.digitize``'s. Refuses to touch a store: nothing is taken into custody here.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.wording import _, text_of
from scanner_intake.dictionary import BadDictionary
from scanner_intake.dictionary import load as load_dictionary
from scanner_intake.digitize import FIELD_NAMES, Digitized, Field, Limits, Marking
from scanner_intake.digitize import digitize as digitize_file
from scanner_intake.passwords import BadPasswordFile, load_passwords

PRINTED = {
    "khan": "KHẨN",
    "thuong-khan": "THƯỢNG KHẨN",
    "hoa-toc": "HỎA TỐC",
    "mat": "MẬT",
    "toi-mat": "TỐI MẬT",
    "tuyet-mat": "TUYỆT MẬT",
}
"""Urgency and secrecy as stamped on paper: so they are told at this border, and nowhere else."""


@click.command(epilog="Ví dụ: commune-box digitize quet-01.pdf quet-02.tif -o ket-qua --json")
@click.argument(
    "files", nargs=-1, required=True, metavar="TỆP...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "-o",
    "--output",
    "out_dir",
    required=True,
    metavar="THƯ_MỤC",
    type=click.Path(file_okay=False, path_type=Path),
    help="Thư mục nhận các tệp PDF/A.",
)
@click.option(
    "--dictionary",
    metavar="TỆP",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Từ điển của tỉnh: tên cơ quan, ký hiệu, người ký, các khung dấu thường gặp (TOML).",
)
@click.option(
    "--password-file",
    metavar="TỆP",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Tệp mật khẩu đã biết của các PDF có khóa, mỗi dòng một mật khẩu; chỉ chủ tệp được đọc (chmod 600).",
)
@json_option
def digitize(
    files: tuple[Path, ...], out_dir: Path, dictionary: Path | None, password_file: Path | None, as_json: bool
) -> None:
    """Số hóa bản quét thành PDF/A-2b tìm kiếm được và đọc các trường thông tin.

    Văn bản nghi có dấu độ mật không được ghi ra chữ hay PDF. Mã thoát 0 khi mọi tệp đều có kết luận, kể cả kết luận
    không đọc được hoặc cần mật khẩu; 2 khi gọi sai.
    """
    if dictionary is not None:
        try:
            load_dictionary(dictionary)
        except BadDictionary as error:
            raise click.UsageError(
                _("Từ điển {path} không dùng được: {reason}.").format(path=dictionary, reason=error)
            ) from error
    passwords: tuple[str, ...] = ()
    if password_file is not None:
        try:
            passwords = load_passwords(password_file)
        except BadPasswordFile as error:
            raise click.UsageError(text_of(error.code, path=password_file)) from error
    limits = Limits(dictionary=str(dictionary.resolve()) if dictionary else "")
    documents = [_one(file, out_dir, limits, passwords) for file in files]
    emit({"documents": documents}, "\n".join(_told(each) for each in documents), as_json)


def _one(file: Path, out_dir: Path, limits: Limits, passwords: tuple[str, ...]) -> dict[str, Any]:
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".digitize-", dir=out_dir) as part:
            result = digitize_file(file, Path(part), limits, passwords=passwords)
            pdf = _place(result.pdf, out_dir) if result.pdf is not None else None
    except OSError as error:
        fail(_("Không ghi được vào {path}: {reason}.").format(path=out_dir, reason=error.strerror), ExitCode.FAILED)
    return facts(file, result, pdf)


def _place(made: Path, out_dir: Path) -> Path:
    """Moves the PDF to a name that is free: earlier results and the scans themselves are never overwritten."""
    number = 1
    while True:
        target = out_dir / (made.name if number == 1 else f"{made.stem}-{number}{made.suffix}")
        try:
            os.link(made, target)
        except FileExistsError:
            number += 1
            continue
        return target


def facts(file: Path, result: Digitized, pdf: Path | None) -> dict[str, Any]:
    """One entry of the answer's ``documents``; boxes in points from the top left of the displayed page.

    Every field is there, null when the paper does not have it; ``absent`` says why. Of a suspected secret only its
    markings are told.
    """
    kept = result.verdict in ("ok", "signed-kept")
    fields = _from_markings(result.markings) | result.fields
    return {
        "file": str(file),
        "verdict": result.verdict,
        "pages": result.pages,
        "pdf": None if pdf is None else str(pdf),
        "text": "\n\f".join(result.text) if kept else None,
        "fields": {name: _field(name, fields[name]) if name in fields else None for name in FIELD_NAMES},
        "absent": result.absent,
        "markings": [
            {"kind": m.kind, "value": m.value, "page": m.page, "box": m.box, "confidence": m.confidence}
            for m in result.markings
        ],
        "warnings": list(result.warnings),
        "media_type": result.media_type,
        "code": result.code,
        "seconds": result.cost.seconds,
        "cpu_seconds": result.cost.cpu_seconds,
        "peak_rss_mb": result.cost.peak_rss_mb,
        "bytes_in": result.cost.bytes_in,
        "bytes_out": result.cost.bytes_out,
    }


def _field(name: str, field: Field) -> dict[str, Any]:
    return {
        "value": PRINTED.get(field.value, field.value) if name in ("urgency", "secrecy") else field.value,
        "confidence": field.confidence,
        "page": field.page,
        "box": field.box,
        "guess": field.guess,
    }


def _from_markings(markings: tuple[Marking, ...]) -> dict[str, Field]:
    """Urgency and secrecy as stamped: also known of a paper whose text was never let out."""
    return {
        mark.kind: Field(mark.value, mark.confidence, mark.page, mark.box)
        for mark in reversed(markings)
        if mark.kind in ("urgency", "secrecy")
    }


def _told(document: dict[str, Any]) -> str:
    """The same for people: verdict, reason, fields."""
    verdicts = {
        "ok": _("đã số hóa"),
        "signed-kept": _("đã có chữ ký số, giữ nguyên tệp"),
        "suspected-secret": _("nghi có dấu độ mật, không xử lý"),
        "needs-password": _("cần mật khẩu"),
        "unreadable": _("không đọc được"),
    }
    lines = [f"{document['file']}: {verdicts[document['verdict']]}"]
    if document["code"] and document["verdict"] == "unreadable":
        lines.append(f"  {text_of(document['code'])}")
    if document["pdf"]:
        lines.append(f"  → {document['pdf']}")
    for name, field in document["fields"].items():
        if field is not None:
            lines.append(f"  {name}: {field['value']}" + (" (?)" if field["guess"] else ""))
    return "\n".join(lines)
