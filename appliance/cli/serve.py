"""``commune-box serve``: the processes of the box."""

from __future__ import annotations

import logging
import sys

import click

from appliance.cli.context import Context
from appliance.cli.output import ExitCode, fail
from appliance.config import ConfigError
from appliance.services.supervisor import SERVICES
from appliance.wording import text_of


@click.command()
@click.argument("name", type=click.Choice([*SERVICES, "all", "enrolment"]))
@click.option("--only", default="", help="signer: mô-đun của vị trí chữ ký này (leader, agency), nếu có mô-đun riêng.")
@click.pass_obj
def serve(context: Context, name: str, only: str) -> None:
    """Chạy một tiến trình của hộp, hoặc cả năm ("all"). "enrolment" trả lời một câu hỏi của trang đăng ký rồi kết thúc.

    Ví dụ: commune-box --config box.toml serve all
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format=f"%(asctime)s {name} %(levelname)s %(name)s: %(message)s"
    )
    for talkative in ("pyhanko", "fontTools", "aiohttp.access"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    config = context.config
    if name == "all":
        from appliance.services.supervisor import serve_all

        serve_all(config, context.config_path)
    elif name == "enrolment":
        from appliance.services.enroller import answer_one

        sys.exit(answer_one(config))
    elif name == "signer":
        from appliance.services.signer import serve_signer

        try:
            serve_signer(config, only)
        except ConfigError as error:
            fail(text_of(error.code, **error.params), ExitCode.CONFIGURATION, error.code)
    elif name == "intake":
        from appliance.services.intake import serve_intake

        serve_intake(config)
    elif name == "worker":
        from appliance.services.worker import serve_worker

        serve_worker(config)
    elif name == "sync":
        from appliance.services.delivery import serve_delivery

        serve_delivery(config)
    else:
        from appliance.services.web import serve_web

        serve_web(config)
