"""``commune-box orders``: what the province ordered this box to do, and what became of it."""

from __future__ import annotations

from dataclasses import asdict

import click

from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.output import emit, json_option
from appliance.store import orders as rows


@click.command()
@click.option("--limit", default=100, show_default=True)
@json_option
@click.pass_obj
def orders(context: Context, limit: int, as_json: bool) -> None:
    """Các lệnh tỉnh đã gửi cho hộp (xin nhật ký, cấu hình, bản cập nhật) và kết quả, mới nhất trước.

    Ví dụ: commune-box orders --json
    """
    with opened(context) as store:
        found = store.read(lambda db: rows.listed(db, limit))
    lines = [f"{one.counter}  {one.obeyed_at:%Y-%m-%dT%H:%M:%SZ}  {one.verb}  {one.result} {one.code}" for one in found]
    emit({"orders": [asdict(one) for one in found]}, "\n".join(lines) or "(trống)", as_json)
