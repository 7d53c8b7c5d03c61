"""The demo itself: make, start, drop papers, show their way live, prove the end.

Everything for people goes to standard error; with ``--json`` one object goes to standard output at the end.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from appliance.demo.accounts import make_people
from appliance.demo.installation import MARKER, PROVINCE_PERSON, DemoFailed, Installation, install
from appliance.demo.papers import DemoFile, demo_papers
from appliance.demo.processes import Running
from appliance.demo.watching import Followed, press_buttons, refresh, report
from appliance.services.clock import utc_now
from appliance.store import Store, open_store
from appliance.store.standing import situation_of
from appliance.wording import N_, _, text_of
from appliance.wording.states import ROLES, SITUATIONS

PATIENCE_SECONDS = 240.0
PASSED = {
    "received": N_("tiếp nhận"),
    "digitized": N_("số hóa"),
    "approved": N_("duyệt"),
    "consented": N_("cho đóng dấu"),
    "signature-applied": N_("lãnh đạo ký"),
    "signatures-complete": N_("đủ chữ ký"),
    "enqueued": N_("vào hàng chờ"),
    "accepted": N_("biên nhận"),
    "refused": N_("bị từ chối"),
    "suspected-secret": N_("nghi mật"),
    "unreadable": N_("không đọc được"),
    "gave-up": N_("không số hóa được"),
}
"""Stations of a paper's way, in the fewest words."""


def run_demo(root: Path, once: bool, console: Console) -> dict[str, Any]:
    """Run the demo in ``root`` (an earlier demo there is replaced) and return the proof.

    Raises:
        DemoFailed: it cannot be set up, or another demo runs there.
    """
    began = time.monotonic()
    with _only_one(root):
        _empty(root)
        console.print("Đang dựng một hệ thống đầy đủ: token, chứng thư, tỉnh, hộp xã…")
        made = install(root, utc_now())
        with Running(made) as running:
            running.wait_for_pages(60)
            addresses = {
                "box": f"http://127.0.0.1:{made.web_port}/",
                "province": f"http://127.0.0.1:{made.province_port}/",
            }
            console.print(f"Trang của hộp xã:   [bold]{addresses['box']}[/]")
            console.print(f"Trang của tỉnh:     [bold]{addresses['province']}[/]")
            console.print(f"Mọi thứ nằm trong:  {root}")
            store = open_store(made.box_config.parent / "state" / "box.db", made.box_config.parent / "state" / "blobs")
            try:
                people = make_people(store, utc_now())
                _introduce(people, made.province_password.read_text(encoding="ascii"), console)
                papers = _follow(made, store, console)
                proof = _proof(made, store, papers, addresses, time.monotonic() - began) | {"people": people}
                _tell(proof, console)
                if not once:
                    console.print(
                        "Hệ thống vẫn chạy. Thả tệp vào thư mục “may-quet”, mở hai trang trên; Ctrl-C để dừng."
                    )
                    _stay(store, papers, console)
            finally:
                store.close()
    return proof


def _introduce(people: list[dict[str, str]], province_password: str, console: Console) -> None:
    """Say who may sign in at the box's pages; these passwords open nothing but this demo."""
    console.print("Đăng nhập trang của hộp xã bằng một trong các tài khoản trình diễn:")
    for one in people:
        role = ROLES[one["role"]]
        console.print(f"  {one['login']:<10} [bold]{one['password']}[/]  {one['name']} ({_(role)})", highlight=False)
    console.print("Đăng nhập trang của tỉnh:")
    console.print(f"  {PROVINCE_PERSON:<10} [bold]{province_password}[/]", highlight=False)


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    lock = Path(tempfile.gettempdir()) / f"commune-box-demo-{os.getuid()}-{name}.lock"
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoFailed(f"một bản trình diễn khác đang chạy trong {root}; hãy dừng nó hoặc dùng --dir") from None
        yield


def _empty(root: Path) -> None:
    if root.exists() and any(root.iterdir()):
        if not (root / MARKER).exists():
            raise DemoFailed(f"{root} không trống và không phải thư mục trình diễn; hãy chọn thư mục khác bằng --dir")
        shutil.rmtree(root)


def _follow(made: Installation, store: Store, console: Console) -> list[Followed]:
    """Drop the papers one after another and watch until each has come to its end or time is over."""
    waiting, papers = list(demo_papers()), []
    deadline, next_drop = time.monotonic() + PATIENCE_SECONDS, 0.0
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while time.monotonic() < deadline:
            if waiting and time.monotonic() >= next_drop:
                papers.append(_drop(made, waiting.pop(0)))
                next_drop = time.monotonic() + 0.7
            refresh(store, papers)
            press_buttons(store, papers)
            live.update(_table(papers))
            if not waiting and all(paper.ended for paper in papers):
                break
            time.sleep(0.25)
        live.update(_table(papers))
    return papers


def _drop(made: Installation, file: DemoFile) -> Followed:
    """Put a paper into its drop folder the way a good scanner does: written under a hidden name, then renamed."""
    folder = made.drop_folder(file.folder)
    part = folder / f".{file.name}.part"
    file.write(part)
    part.rename(folder / file.name)
    return Followed(file, file.name)


def _table(papers: list[Followed]) -> Table:
    table = Table(title="Đường đi của từng văn bản", expand=False)
    for heading in ("Tệp quét", "Loại", "Số, ký hiệu", "Trạng thái", "Đã qua"):
        table.add_column(heading)
    for paper in papers:
        document = paper.document
        if paper.held:
            state, path = "[yellow]cách ly[/]", text_of(paper.held.code, **paper.held.params)
        elif document:
            state = _(SITUATIONS[situation_of(document)]) + (f" ({document.last_error})" if document.last_error else "")
            path = " → ".join(_(PASSED.get(entry.event, entry.event)) for entry in paper.events)
        else:
            state, path = "trong thư mục quét", ""
        table.add_row(paper.dropped_name, paper.file.kind, document.value("code") if document else "", state, path)
    return table


def _proof(
    made: Installation, store: Store, papers: list[Followed], addresses: dict[str, str], seconds: float
) -> dict[str, Any]:
    reports = [report(made, store, paper) for paper in papers]
    return {
        "ok": bool(reports) and all(one["ok"] for one in reports),
        "seconds": round(seconds, 1),
        "addresses": addresses,
        "folder": str(made.root),
        "papers": reports,
    }


def _tell(proof: dict[str, Any], console: Console) -> None:
    for one in proof["papers"]:
        mark = "[green]đạt[/]" if one["ok"] else "[red]KHÔNG ĐẠT[/]"
        receipt = f", biên nhận {one['receipt']['at']}" if one.get("receipt") else ""
        console.print(f"{mark}  {one['file']}: {one.get('state', '?')}{receipt} {one.get('reason') or ''}")
    console.print(f"{'Hoàn tất' if proof['ok'] else 'Chưa đạt'} sau {proof['seconds']} giây.")


def _stay(store: Store, papers: list[Followed], console: Console) -> None:
    try:
        while True:
            refresh(store, papers)
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("Đang dừng…")
