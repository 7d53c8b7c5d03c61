"""The people of the gallery's office: an account in every situation, and the pages about them by name."""

from __future__ import annotations

from datetime import datetime

from appliance.accounts import acts, entering
from appliance.accounts.rules import AccountRefused
from appliance.store import Store
from appliance.store.standing import Role

ADMINISTRATORS_PAGES = ("users", "user", "setup", "setup-commune", "setup-clock")
NOBODYS_PAGES = ("sign-in", "recovery", "ca")
_PASSWORD = "con trâu đi trước 7"


def fill(store: Store, now: datetime) -> dict[str, str]:
    """Make the accounts; name of a picture → address."""
    by = "Hoàng Văn Bình (quản trị)"
    locked = acts.add(store, "may", "Lò Thị Mây", Role.SCANNER, _PASSWORD, by, now, must_change=False)
    for _ in range(5):
        try:
            entering.sign_in(store, "may", "không phải mật khẩu", now, "192.168.1.31")
        except AccountRefused:
            continue
    acts.add(store, "xuan", "Vi Thị Xuân", Role.VIEWER, _PASSWORD, by, now)
    left = acts.add(store, "tho", "Giàng A Thọ", Role.CLERK, _PASSWORD, by, now)
    acts.block(store, left.id, by, now)
    return {
        "sign-in": "/sign-in", "recovery": "/sign-in/recovery", "ca": "/ca", "me": "/me", "users": "/users",
        "user": f"/users/{locked.id}", "setup": "/setup", "setup-commune": "/setup/commune",
        "setup-clock": "/setup/clock",
    }  # fmt: skip
