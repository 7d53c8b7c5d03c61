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
from scanner_intake.digitize import Digitized, Limits
from scanner_intake.digitize import digitize as digitize_file

_GOOD = ("ok", "signed-kept", "suspected-secret")


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
@json_option
def digitize(files: tuple[Path, ...], out_dir: Path, as_json: bool) -> None:
    """Số hóa bản quét thành PDF/A-2b tìm kiếm được và đọc các trường thông tin.

    Văn bản nghi có dấu độ mật không được ghi ra chữ hay PDF. Mã thoát 0 khi mọi tệp đều có kết luận, 3 khi có tệp không
    đọc được hoặc cần mật khẩu.
    """
    documents = [_one(file, out_dir) for file in files]
    emit({"documents": documents}, "\n".join(_told(each) for each in documents), as_json)
    if any(each["verdict"] not in _GOOD for each in documents):
        raise SystemExit(int(ExitCode.BAD_INPUT))


def _one(file: Path, out_dir: Path) -> dict[str, Any]:
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".digitize-", dir=out_dir) as part:
            result = digitize_file(file, Path(part), Limits())
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
    """One entry of the answer's ``documents``; boxes in points from the top left of the displayed page."""
    kept = result.verdict in ("ok", "signed-kept")
    return {
        "file": str(file),
        "verdict": result.verdict,
        "pages": result.pages,
        "pdf": None if pdf is None else str(pdf),
        "text": "\n\f".join(result.text) if kept else None,
        "fields": {
            name: {"value": f.value, "confidence": f.confidence, "page": f.page, "box": f.box}
            for name, f in result.fields.items()
        },
        "markings": [
            {"kind": m.kind, "value": m.value, "page": m.page, "box": m.box, "confidence": m.confidence}
            for m in result.markings
        ],
        "warnings": list(result.warnings),
        "media_type": result.media_type,
        "code": result.code,
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
    lines += [f"  {name}: {field['value']}" for name, field in document["fields"].items()]
    return "\n".join(lines)
