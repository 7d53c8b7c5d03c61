"""`commune-province`: sets up, runs and questions the province.

Owns the list of commands; `answering` owns exit codes and answers. With --json exactly one object goes to standard
output, everything else to standard error. A command's module is imported when the command is asked for: the pages,
which run for months, need not carry what the simulation or the bridge needs.
"""

from __future__ import annotations

from importlib import import_module

import click

from sync.province.cli.answering import w
from sync.province.wording import _

COMMANDS: dict[str, str] = {
    "init": "setting_up:init",
    "enrol": "setting_up:enrol",
    "revoke": "setting_up:revoke",
    "page-certificate": "page_certificates:page_certificate_command",
    "serve": "setting_up:serve",
    "work": "working:work",
    "web": "paging:web",
    "user": "people:user",
    "boxes": "asking:boxes",
    "profile": "expecting:profile",
    "alerts": "alerting:alerts",
    "acknowledge": "alerting:acknowledge",
    "silence": "alerting:silence",
    "end-silence": "alerting:end_silence",
    "remind": "reporting:remind",
    "digest": "reporting:digest",
    "inspect": "inspecting:inspect",
    "documents": "asking:documents",
    "show": "asking:show",
    "export": "asking:export",
    "check": "asking:check",
    "verify-store": "moving:verify",
    "broker": "brokering:broker",
    "migrate": "moving:migrate",
    "send": "sending:send",
    "sent": "sending:sent",
    "courier": "carrying:courier",
    "handle": "handling:handle",
    "recall": "handling:recall",
    "answer-recall": "handling:answer_recall",
    "notices": "handling:notices",
    "order": "ordering:order",
    "orders": "ordering:orders",
    "simulate": "simulating:simulate_command",
    "edxml": "bridging:edxml",
}
"""Command -> where it is, below this package."""


class Commands(click.Group):
    """A group whose members are found by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _colon, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"{__name__}.{module}"), name)
        return found


@click.group(cls=Commands, help=w.say(_("Đầu tỉnh: nhận, kiểm tra, lưu và trả biên nhận ký số; theo dõi mọi hộp xã.")))
@click.version_option(package_name="commune-box")
def main() -> None:
    """The group; each command explains itself."""
