"""`commune-box verify`: the strict verdict on a signed PDF; works alone, without any installation.

Owns the options and the exit code; the judging is `hsm.judge`, in a limited child process, because a file to be
verified may be hostile. Words are those of the page (`appliance.wording.verification`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.wording import _
from appliance.wording.verification import in_words
from hsm.judge import TrustFiles, judge_file
from hsm.trust import TrustError

_EXIT = {"valid": ExitCode.OK, "unreadable": ExitCode.BAD_INPUT}
_FILE = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--trust", "roots", multiple=True, type=_FILE, help="Chứng thư gốc (PEM).")
@click.option("--intermediate", "intermediates", multiple=True, type=_FILE, help="CA trung gian.")
@click.option("--trust-stamp", "stamp_roots", multiple=True, type=_FILE, help="Chứng thư gốc của dấu thời gian.")
@click.option("--crl", "crls", multiple=True, type=_FILE, help="Danh sách chứng thư bị thu hồi (PEM hoặc DER).")
@click.option(
    "--expect",
    "expected",
    multiple=True,
    help="Vị trí chữ ký phải có, theo thứ tự: leader, agency; agency=SHA256 đòi đúng chứng thư đó.",
)
@click.option("--seconds", default=120, show_default=True, help="Giới hạn thời gian kiểm tra.")
@click.option(
    "--etsi",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Ghi báo cáo ETSI TS 119 102-2 (XML) vào tệp này; chữ ký thứ hai trở đi thêm số vào tên.",
)
@json_option
def verify(
    file: Path,
    roots: tuple[Path, ...],
    intermediates: tuple[Path, ...],
    stamp_roots: tuple[Path, ...],
    crls: tuple[Path, ...],
    expected: tuple[str, ...],
    seconds: int,
    etsi: Path | None,
    as_json: bool,
) -> None:
    """Kiểm tra chữ ký số của một tệp PDF.

    Không có --trust thì không chữ ký nào được tin cậy. Mã kết thúc: 0 hợp lệ, 3 không đọc được, 4 không hợp lệ.

    Ví dụ: commune-box verify vanban.pdf --trust ca-goc.pem --expect leader --expect agency --json
    """
    trust = TrustFiles(roots, intermediates, crls, stamp_roots)
    try:
        trust.read()
    except TrustError as error:
        fail(_("Không đọc được chứng thư: {detail}").format(detail=error.detail), ExitCode.BAD_INPUT, error.code)
    facts = {"file": str(file), **judge_file(file, trust, expected or None, seconds, report=etsi is not None)}
    if etsi is not None:
        facts["etsi"] = _write_reports(etsi, facts.pop("report", []))
    emit(facts, describe(facts), as_json)
    raise SystemExit(int(_EXIT.get(str(facts["verdict"]), ExitCode.NOT_VALID)))


def _write_reports(target: Path, reports: list[dict[str, str]]) -> list[dict[str, str]]:
    """One file for each signature; what was written where, or why pyHanko made none."""
    written = []
    for number, report in enumerate(reports, 1):
        path = target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
        if "xml" in report:
            try:
                path.write_text(report["xml"], encoding="utf-8")
            except OSError as error:
                fail(_("Không ghi được {path}: {detail}").format(path=path, detail=error), ExitCode.BAD_INPUT, "etsi")
            written.append({"field": report["field"], "file": str(path)})
        else:
            written.append({"field": report["field"], "error": report["error"]})
    return written


def describe(facts: dict[str, Any]) -> str:
    """The verification in words: conclusion, what to make of it, why; each signature; the file."""
    words = in_words(facts)
    lines = [words.headline, words.advice, *(f"- {sentence}" for sentence in words.reasons)]
    for number, signature in enumerate(words.signatures, 1):
        lines += ["", f"{number}. {signature.title}", *(f"   {label}: {value}" for label, value in signature.rows)]
    lines += ["", *(f"{label}: {value}" for label, value in words.file)]
    for report in facts.get("etsi", ()):
        lines.append(_("Báo cáo ETSI: {where}").format(where=report.get("file") or report.get("error")))
    return "\n".join(lines).rstrip()
