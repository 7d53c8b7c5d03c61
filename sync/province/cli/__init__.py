"""`commune-province`: sets up, runs and questions the province.

Owns the list of commands; `answering` owns exit codes and answers. With --json exactly one object goes to standard
output, everything else to standard error.
"""

from __future__ import annotations

import click

from sync.province.cli import (
    alerting,
    asking,
    bridging,
    brokering,
    carrying,
    handling,
    moving,
    ordering,
    people,
    sending,
    setting_up,
    simulating,
    working,
)
from sync.province.cli.answering import w
from sync.province.wording import _


@click.group(help=w.say(_("Đầu tỉnh: nhận, kiểm tra, lưu và trả biên nhận ký số; theo dõi mọi hộp xã.")))
@click.version_option(package_name="commune-box")
def main() -> None:
    """The group; each command explains itself."""


for command in (
    setting_up.init,
    setting_up.enrol,
    setting_up.revoke,
    setting_up.serve,
    working.work,
    asking.boxes,
    asking.documents,
    asking.show,
    asking.export,
    asking.check,
    moving.verify,
    brokering.broker,
    moving.migrate,
    sending.send,
    sending.sent,
    carrying.courier,
    handling.handle,
    handling.recall,
    handling.answer_recall,
    handling.notices,
    ordering.order,
    ordering.orders,
    simulating.simulate_command,
    bridging.edxml,
    people.user,
    alerting.alerts,
    alerting.silence,
):
    main.add_command(command)
