"""``commune-box``: every command, found by name and imported only when it is called.

``digitize``, ``sign`` and ``verify`` work alone, without any installation.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from appliance.cli.context import DEFAULT_CONFIG, Context

COMMANDS = {
    "cases": "appliance.cli.cases:cases_group",
    "check": "appliance.cli.check:check",
    "config": "appliance.cli.settings:config",
    "courier": "appliance.cli.courier:courier",
    "db": "appliance.cli.database:database",
    "demo": "appliance.cli.demo:demo",
    "digitize": "appliance.cli.digitize:digitize",
    "revocation": "appliance.cli.revocation:revocation",
    "timestamps": "appliance.cli.timestamps:timestamps",
    "doc": "appliance.cli.doc:doc",
    "enrol": "appliance.cli.enrol:enrol_command",
    "incoming": "appliance.cli.incoming:incoming_group",
    "orders": "appliance.cli.orders:orders",
    "queue": "appliance.cli.queue:queue",
    "register": "appliance.cli.register:register_group",
    "report": "appliance.cli.report:report_group",
    "separators": "appliance.cli.separators:separators",
    "serve": "appliance.cli.serve:serve",
    "sign": "appliance.cli.sign:sign",
    "token": "appliance.cli.enrolling:token",
    "user": "appliance.cli.user:user",
    "verify": "appliance.cli.verify:verify",
    "verify-stream": "appliance.cli.verify_stream:verify_stream",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed, so that ``--help`` and small commands start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, name = target.split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    envvar="COMMUNE_BOX_CONFIG",
    show_default=True,
    help="Tệp cấu hình của hộp.",
)
@click.version_option(package_name="commune-box", prog_name="commune-box")
@click.pass_context
def main(ctx: click.Context, config_path: Path) -> None:
    """Hộp số hóa cấp xã: từ bản quét đến biên nhận ký số của tỉnh.

    Ví dụ: commune-box --config box.toml serve all
    """
    ctx.obj = Context(config_path)
