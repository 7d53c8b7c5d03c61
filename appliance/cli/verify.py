"""`commune-box verify`: the strict verdict on a signed PDF; works alone, without any installation.

Owns words for the verdict; the judging is `hsm.judge`, in a limited child process, because a file
to be verified may be hostile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.wording import _
from hsm.judge import judge_file
from hsm.trust import Trust, TrustError

_EXIT = {"valid": ExitCode.OK, "unreadable": ExitCode.BAD_INPUT}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust", "roots", multiple=True, type=click.Path(exists=True, path_type=Path), help="Chứng thư gốc (PEM)."
)
@click.option(
    "--intermediate",
    "intermediates",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="CA trung gian.",
)
@click.option("--expect", "expected", multiple=True, help="Vị trí chữ ký phải có, theo thứ tự: leader, agency.")
@click.option("--seconds", default=120, show_default=True, help="Giới hạn thời gian kiểm tra.")
@json_option
def verify(
    file: Path,
    roots: tuple[Path, ...],
    intermediates: tuple[Path, ...],
    expected: tuple[str, ...],
    seconds: int,
    as_json: bool,
) -> None:
    """Kiểm tra chữ ký số của một tệp PDF.

    Không có --trust thì không chữ ký nào được tin cậy. Mã kết thúc: 0 hợp lệ, 3 không đọc được, 4 không hợp lệ.

    Ví dụ: commune-box verify vanban.pdf --trust ca-goc.pem --expect leader --expect agency --json
    """
    try:
        Trust.from_files(roots, intermediates)
    except TrustError as error:
        fail(_("Không đọc được chứng thư: {detail}").format(detail=error.detail), ExitCode.BAD_INPUT, error.code)
    facts = {"file": str(file), **judge_file(file, roots, intermediates, expected or None, seconds)}
    emit(facts, describe(facts), as_json)
    raise SystemExit(int(_EXIT.get(str(facts["verdict"]), ExitCode.NOT_VALID)))


def describe(facts: dict[str, Any]) -> str:
    """The verdict in words: result, signer, time, integrity (TT 15/2025/TT-BKHCN)."""
    verdicts = {
        "valid": _("HỢP LỆ: mọi chữ ký đúng, tin cậy và bao trùm toàn bộ tệp."),
        "untrusted": _("CHƯA TIN CẬY: chữ ký đúng nhưng chứng thư không thuộc gốc tin cậy đã cho."),
        "changed": _("ĐÃ BỊ SỬA: tệp bị thay đổi sau khi ký."),
        "invalid": _("KHÔNG HỢP LỆ: chữ ký sai, thiếu hoặc bị giả mạo."),
        "unsigned": _("CHƯA KÝ: tệp không có chữ ký số."),
        "unreadable": _("KHÔNG ĐỌC ĐƯỢC: tệp hỏng hoặc không phải PDF."),
    }
    lines = [verdicts[str(facts["verdict"])]]
    for signature in facts["signatures"]:
        lines.append(
            _("- {signer}, ký lúc {time}: {intact}, {trusted}").format(
                signer=signature["signer"] or signature["field"],
                time=signature["signed_at"] or "?",
                intact=_("toàn vẹn") if signature["intact"] and not signature["changed_after"] else _("không toàn vẹn"),
                trusted=_("tin cậy") if signature["trusted"] else _("chưa tin cậy"),
            )
        )
    if facts["verdict"] != "unreadable":
        lines.append(_("PDF/A: có") if facts["pdfa"] else _("PDF/A: không"))
    return "\n".join(lines)
