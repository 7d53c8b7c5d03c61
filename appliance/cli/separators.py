"""``commune-box separators``: a file of separator sheets to print and lay between the papers of a batch.

Owns the command's arguments and the words on the sheet; drawing is ``scanner_intake.separator_sheets``'s.
"""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.demo.fonts import FontMissing, font_files
from appliance.wording import _, states, text_of
from scanner_intake.batches import KINDS, BadInstruction, Instruction, instruction
from scanner_intake.separator_sheets import SheetWords, write_sheets


@click.command(epilog="Ví dụ: commune-box separators -o to-phan-tach.pdf --kind outgoing --count 10")
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="TỆP.pdf",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Tệp PDF/A nhận các tờ phân tách, khổ A4.",
)
@click.option("--kind", type=click.Choice(KINDS), help="Loại của văn bản đặt sau tờ này.")
@click.option("--dossier", default="", metavar="MÃ", help="Mã hồ sơ của văn bản đặt sau tờ này.")
@click.option("--backs", is_flag=True, help="Tờ ngăn giữa chồng mặt trước và chồng mặt sau (máy quét một mặt).")
@click.option("--count", type=click.IntRange(1, 200), default=1, show_default=True, help="Số tờ.")
@json_option
def separators(target: Path, kind: str | None, dossier: str, backs: bool, count: int, as_json: bool) -> None:
    """In tờ phân tách: đặt giữa các văn bản để quét cả chồng một lần, hộp tự tách."""
    try:
        asked = instruction(kind or "", dossier.strip(), backs)
        fonts = font_files()
        write_sheets(target, asked, words_of(asked), (fonts["regular"], fonts["bold"]), count)
    except BadInstruction as error:
        fail(text_of(error.code, dossier=dossier), ExitCode.USAGE, error.code)
    except FontMissing as error:
        fail(text_of(error.code, detail="fonts-croscore"), ExitCode.FAILED, error.code)
    except OSError as error:
        detail = error.strerror or str(error)
        fail(_("Không ghi được {path}: {detail}.").format(path=target, detail=detail), ExitCode.FAILED, "not-written")
    told = _("Đã ghi {count} tờ vào {path}. In đúng khổ A4, tỉ lệ 100 %.").format(count=count, path=target)
    emit({"file": str(target), "sheets": count, "code": asked.text()}, told, as_json)


def words_of(asked: Instruction) -> SheetWords:
    """What the sheet tells the person who holds it."""
    if asked.backs:
        return SheetWords(
            _("HẾT MẶT TRƯỚC"),
            (
                _("Quét xong chồng mặt trước, đặt tờ này lên trên, lật cả chồng rồi quét tiếp mặt sau."),
                _("Hộp tự ghép mặt trước với mặt sau theo đúng thứ tự."),
            ),
        )
    lines = [_("Đặt tờ này trước mỗi văn bản trong chồng giấy."), _("Hộp bắt đầu một văn bản mới sau tờ này.")]
    if asked.kind:
        lines.append(_("Loại: {kind}").format(kind=_(states.KINDS[asked.kind])))
    if asked.dossier:
        lines.append(_("Mã hồ sơ: {dossier}").format(dossier=asked.dossier))
    lines.append(_("Tờ này không phải văn bản, dùng lại được nhiều lần."))
    return SheetWords(_("TỜ PHÂN TÁCH"), tuple(lines))
