"""`commune-box verify-stream`: verdicts for a stream of files, one limited child for each; for programs, not people."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.output import ExitCode, fail
from appliance.wording import _
from hsm.judge import TrustFiles
from hsm.trust import TrustError
from hsm.warm_judge import main_stream

_FILE = click.Path(exists=True, path_type=Path)


@click.command("verify-stream")
@click.option("--trust", "roots", multiple=True, type=_FILE, help="Chứng thư gốc (PEM).")
@click.option("--intermediate", "intermediates", multiple=True, type=_FILE, help="CA trung gian.")
@click.option("--trust-stamp", "stamp_roots", multiple=True, type=_FILE, help="Chứng thư gốc của dấu thời gian.")
@click.option("--crl", "crls", multiple=True, type=_FILE, help="Danh sách chứng thư bị thu hồi (PEM hoặc DER).")
@click.option("--pdfa", is_flag=True, help="Kiểm tra cả PDF/A; tốn thời gian hơn chữ ký.")
def verify_stream(
    roots: tuple[Path, ...],
    intermediates: tuple[Path, ...],
    stamp_roots: tuple[Path, ...],
    crls: tuple[Path, ...],
    pdfa: bool,
) -> None:
    """Kiểm tra chữ ký số của nhiều tệp: mỗi dòng vào một yêu cầu JSON, mỗi dòng ra một kết luận JSON.

    Ví dụ: echo '{"file": "vanban.pdf", "expect": ["agency"]}' | commune-box verify-stream --trust ca-goc.pem
    """
    trust = TrustFiles(roots, intermediates, crls, stamp_roots)
    try:
        trust.read()
    except TrustError as error:
        fail(_("Không đọc được chứng thư: {detail}").format(detail=error.detail), ExitCode.BAD_INPUT, error.code)
    main_stream(trust, with_pdfa=pdfa)
