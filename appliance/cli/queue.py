"""``commune-box queue``: what waits for the province."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.output import emit, json_option
from appliance.store import outbox


@click.command()
@json_option
@click.pass_obj
def queue(context: Context, as_json: bool) -> None:
    """Hàng chờ gửi tỉnh, khẩn nhất trước, và tình trạng đường truyền.

    Ví dụ: commune-box queue --json
    """
    with opened(context) as store:
        count, size, oldest = store.read(outbox.backlog)
        waiting = store.read(lambda db: outbox.waiting(db, 1000))
    try:
        link = json.loads(context.config.link_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        link = None
    facts = {
        "waiting": count,
        "bytes": size,
        "oldest": oldest,
        "link": link,
        "deliveries": [asdict(row) | {"answer_bytes": None} for row in waiting],
    }
    lines = [f"{count} văn bản chờ gửi, {size} byte" + (f", lâu nhất từ {oldest}" if oldest else "")]
    lines += [f"{row.sequence:>6} ưu tiên {row.priority} {row.document_id} {row.size} byte" for row in waiting]
    emit(facts, "\n".join(lines), as_json)
