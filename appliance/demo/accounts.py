"""The demo's people: one account a role, with passwords made up for this demo and printed, so that its pages open."""

from __future__ import annotations

from datetime import datetime

from appliance.accounts import acts
from appliance.accounts.codes import make_password
from appliance.demo.installation import LEADER
from appliance.store import Store
from appliance.store.standing import Role

PEOPLE = (
    ("van.thu", "Trần Thị Lan", Role.CLERK),
    ("lanh.dao", LEADER, Role.LEADER),
    ("may.quet", "Lò Thị Mây", Role.SCANNER),
    ("quan.tri", "Hoàng Văn Bình", Role.ADMINISTRATOR),
    ("nguoi.xem", "Vi Thị Xuân", Role.VIEWER),
)


def make_people(store: Store, now: datetime) -> list[dict[str, str]]:
    """Make the accounts; login name, name, role and password of each."""
    made = []
    for login, name, role in PEOPLE:
        password = make_password()
        acts.add(store, login, name, role, password, "command-line:demo", now, must_change=False)
        made.append({"login": login, "name": name, "role": role.value, "password": password})
    return made
