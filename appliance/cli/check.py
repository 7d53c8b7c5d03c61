"""``commune-box check``: can this box do its work?"""

from __future__ import annotations

import click

from appliance.cli.context import Context
from appliance.cli.output import ExitCode, emit, json_option
from appliance.health import findings
from appliance.services.clock import utc_now
from appliance.wording import text_of


@click.command()
@json_option
@click.pass_obj
def check(context: Context, as_json: bool) -> None:
    """Kiểm tra hộp: đồng hồ, thư mục quét, token, chứng thư, đĩa, hàng chờ. Mã thoát 8 nếu hộp không làm việc được.

    Ví dụ: commune-box check --json
    """
    found = findings(context.config, utc_now())
    sentences = [text_of(finding.code, **finding.params) for finding in found]
    facts = {
        "ok": not any(finding.serious for finding in found),
        "findings": [
            {"code": finding.code, "serious": finding.serious, "params": finding.params, "text": sentence}
            for finding, sentence in zip(found, sentences, strict=True)
        ],
    }
    lines = [
        ("LỖI  " if finding.serious else "lưu ý") + f" {sentence}"
        for finding, sentence in zip(found, sentences, strict=True)
    ]
    emit(facts, "\n".join(lines) or "Hộp sẵn sàng.", as_json)
    if not facts["ok"]:
        raise SystemExit(int(ExitCode.PROBLEMS_FOUND))
