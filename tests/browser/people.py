"""The people of the gallery's office: an account in every situation, and the pages about them by name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from appliance import scan_testing
from appliance.accounts import acts, entering
from appliance.accounts.rules import AccountRefused
from appliance.store import Store, scan_tests
from appliance.store.standing import Role

ADMINISTRATORS_PAGES = (
    "users",
    "user",
    "setup",
    "setup-commune",
    "setup-clock",
    "setup-folders",
    "setup-province",
    "setup-pages",
)
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
    _try_folders(store, by, now)
    return {
        "sign-in": "/sign-in", "recovery": "/sign-in/recovery", "ca": "/ca", "me": "/me", "tour": "/tour",
        "users": "/users", "user": f"/users/{locked.id}", "setup": "/setup", "setup-commune": "/setup/commune",
        "setup-clock": "/setup/clock", "setup-folders": "/setup/folders",
        "setup-province": "/setup/province", "setup-pages": "/setup/pages",
    }  # fmt: skip


def _try_folders(store: Store, by: str, now: datetime) -> None:
    """One folder whose test page was read, and one that waits for its page."""
    facts = {
        "verdict": "ok", "code": "", "pages": 1, "words": 214, "dpi": [150], "colours": ["gray"],
        "sizes_mm": [[210, 297]], "good": True, "advice": ["scan-coarse", "scan-no-colour"],
        "beginning": "ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc",
    }  # fmt: skip
    read = scan_testing.ask(store, "Văn bản đến", by, now)
    claim = {"id": "c", "name": "SKM_C258_0007.pdf", "kind": "incoming-scan", "policy": "person", "urgency": ""}

    def change(db: Any) -> None:
        scan_tests.arrive(db, read.id, claim, "0" * 64, 90_000, now)
        scan_tests.keep_facts(db, read.id, facts)

    store.write(change)
    scan_testing.ask(store, "Văn bản đi", by, now)
