"""An office with one paper in every situation, the list of its pages, and who looks at which."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from aiohttp import web

from appliance import commands, delegating
from appliance.config_sections import WebSection
from appliance.demo.papers import render
from appliance.demo.pki import make_pki
from appliance.demo.scan_files import write_pdf_scan
from appliance.demo.texts import fields, varied_paper
from appliance.domain.authority import Delegation
from appliance.domain.kinds import Kind
from appliance.domain.states import Event
from appliance.pipeline import handling
from appliance.services.clock import utc_now
from appliance.store import Store, open_store
from appliance.web.site import make_site
from tests.browser import people, registers
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_web import ADMINISTRATOR, LEADER, Papers, office_config, write_link

BY_LEADER, BY_CLERK = "Nông Văn Thuận (lãnh đạo)", "Trần Thị Lan (văn thư)"
LEADERS_PAGES = ("approvals", "approval", "delegations")
"""Pages that are looked at as the leader."""
WHO_LOOKS: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    (LEADER, LEADERS_PAGES), (ADMINISTRATOR, people.ADMINISTRATORS_PAGES), ({}, people.NOBODYS_PAGES),
)  # fmt: skip
"""All other pages are looked at as the clerk."""


class Gallery:
    """An office whose papers stand in every situation, by name."""

    def __init__(self, root: Path) -> None:
        self.store: Store = open_store(root / "box.db", root / "blobs")
        authority, _issuing = make_pki(utc_now()).write(root / "pki")
        self.config = office_config(root, web=WebSection(ca=authority))
        self.papers = Papers(self.store, utc_now, root / "scratch")
        self._scratch, self._number = root, 0
        self.ids: dict[str, str] = {}
        self.registers: dict[str, str] = {}
        self.people: dict[str, str] = {}

    def paper(self, name: str, kind: Kind = Kind.INCOMING_SCAN, sure: float = 0.97, **changes: str) -> str:
        """A digitized paper with a drawn scan."""
        self._number += 1
        drawn = varied_paper(self._number, 7, kind is Kind.OUTGOING)
        file = self._scratch / f"{name}.pdf"
        write_pdf_scan(render(drawn, 110), file, 110)
        scan, how = f"SKM_C25826112209{self._number:02d}.pdf", {"fields": fields(drawn) | changes, "sure": sure}
        self.ids[name] = self.papers.digitized(scan, kind, pdf=file.read_bytes(), **how)
        return self.ids[name]

    def _sign(self, name: str) -> str:
        """A signature is on the paper, whose pages stay as they were."""
        before = (self._scratch / f"{name}.pdf").read_bytes()
        return self.papers.sign(self.ids[name], before + f"% {name} signed\n".encode())

    def fill(self) -> None:
        """One paper in every situation."""
        self.paper("waiting", sure=0.7)
        self.paper("urgent", urgency="hoa-toc", signer_name="")
        main = self.paper("third")
        commands.attach(self.store, self.paper("annex", code="", subject="Biểu tổng hợp"), main, BY_CLERK, utc_now())
        secret = self.paper("secret")
        self.papers.quarantine(secret, Event.SUSPECTED_SECRET, "suspected-secret")
        for name in ("draft", "draft-two"):
            self.paper(name, Kind.OUTGOING)
        commands.hand_back(self.store, self.paper("back", Kind.OUTGOING), BY_LEADER, utc_now(), "Thiếu căn cứ pháp lý")
        issue = self.paper("issue", Kind.OUTGOING)
        commands.approve(self.store, issue, BY_LEADER, utc_now())
        self._sign("issue")
        for name in ("queued", "refused", "delivered"):
            commands.approve(self.store, self.paper(name), BY_CLERK, utc_now())
            self.papers.enqueue(self._sign(name))
        self.papers.answer(self.ids["refused"], "Thiếu trang 2 của văn bản")
        self.papers.answer(self.ids["delivered"])
        commands.approve(self.store, self.paper("signing"), BY_CLERK, utc_now())
        self._electronic()
        self.registers = registers.fill(self.store, utc_now())
        self.people = people.fill(self.store, utc_now())
        day = utc_now().date()
        for begins, signer in ((day, "Hoàng Thị Diễm"), (day + timedelta(days=9), "Lò Văn Pín")):
            held = Delegation("KT.", signer, "CHỦ TỊCH", begins, begins + timedelta(days=30), "QĐ 05/QĐ-UBND")
            delegating.give(self.store, held, BY_LEADER, utc_now())
        write_link(self.config, False, utc_now() - timedelta(minutes=48), "link-lost")

    def _electronic(self) -> None:
        """Two documents from the province: one waits, one was taken up."""
        facts = {"verdict": "untrusted", "conclusion": "untrusted", "signatures": [], "reasons": [], "pdfa": True}
        for number, name in enumerate(("electronic", "electronic-taken"), 1):
            drawn = varied_paper(40 + number, 7)
            file = self._scratch / f"{name}.pdf"
            write_pdf_scan(render(drawn, 110), file, 110)
            sha256, size = self.papers.blob(file.read_bytes())
            plain = electronic(number, utc_now(), **fields(drawn))
            self.ids[name] = plain.document_id
            one = dataclasses.replace(plain, sha256=sha256, size=size, signatures=facts)
            self.store.write(partial(take_electronic, one=one))
        handling.set_stage(self.store, self.ids["electronic-taken"], "03", BY_CLERK, utc_now())

    def pages(self) -> dict[str, str]:
        """Name of a picture → address."""
        one = self.ids
        return {
            "home": "/", "search": "/search?q=UBND", "hand-in": "/hand-in", "verify": "/verify",
            "desk": f"/desk/{one['waiting']}", "desk-refused": f"/desk/{one['refused']}",
            "desk-secret": f"/desk/{one['secret']}", "desk-issue": f"/desk/{one['issue']}",
            "desk-main": f"/desk/{one['third']}", "desk-annex": f"/desk/{one['annex']}",
            "incoming": "/incoming", "electronic": f"/incoming/{one['electronic']}",
            "electronic-taken": f"/incoming/{one['electronic-taken']}",
            "desk-many": "/desk/many", "approvals": "/approvals", "approval": f"/approvals/{one['draft']}",
            "delegations": "/approvals/delegations",
            "paper": f"/papers/{one['waiting']}", "paper-delivered": f"/papers/{one['delivered']}",
        } | self.registers | self.people  # fmt: skip


@asynccontextmanager
async def office(gallery: Gallery) -> AsyncIterator[str]:
    """The office's pages, listening on this machine."""
    runner = web.AppRunner(make_site(gallery.config, gallery.store, utc_now), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()
