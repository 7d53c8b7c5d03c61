"""An office with papers in it, for tests of the pages: a configuration, a store, realistic papers, a site.

Owns making papers by the same commands and saves as the box (no row is written by hand), and a visitor that speaks to
the site without the network. ``Worker`` stands for the pipeline where a test needs a paper to go on by itself.

Who a visitor is: ``visitor`` is signed in as the clerk, ``stranger`` is not; ``await visitor.become(LEADER)`` changes
it, and so does a form with ``person`` and ``role`` in it (they are taken out of what is sent; no name: nobody).
``signed_in`` makes account and session as rows, without the price of a password; a real browser gets its cookie from
``cookie_for``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, UnixConnector, web
from yarl import URL

from appliance import commands
from appliance.accounts.codes import digest_of_session, make_session_id
from appliance.accounts.rules import folded
from appliance.config import BoxSection, Config, FolderSection
from appliance.domain.documents import (
    Document,
    FieldValue,
    Signature,
    add_signature,
    advance,
    failed_attempt,
    slot_to_sign,
)
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event, State
from appliance.domain.steps import Step, next_step
from appliance.ids import new_id
from appliance.pipeline.sending import Enqueueing, StoreOutbox
from appliance.store import Store, accounts, documents, outbox, texts, tours
from appliance.store.standing import Role
from appliance.web.admitting import TOKEN_HEADER
from appliance.web.people import COOKIE, token_of
from appliance.web.pictures import NoPicture
from appliance.web.site import make_site
from appliance.web.tour_steps import TOUR
from sync.protocol.cose import seal
from sync.protocol.receipt import FIRST_IN_CHAIN, Receipt, Result
from tests.fixtures_store import NOW, Clock

SUBJECT = "Về việc chi trả chế độ trợ cấp xã hội tháng 11 năm 2026 trên địa bàn xã Đồng Mận"
PLACES = {
    "code": (78.0, 104.0, 190.0, 118.0),
    "issuer": (60.0, 70.0, 230.0, 84.0),
    "issued_date": (330.0, 104.0, 520.0, 118.0),
    "subject": (90.0, 124.0, 250.0, 160.0),
    "signer_name": (360.0, 700.0, 500.0, 716.0),
}
FIELDS = {
    "code": "215/UBND-LĐTBXH",
    "code_number": "215",
    "code_notation": "UBND-LĐTBXH",
    "issued_date": "2026-11-18",
    "place": "Đồng Mận",
    "issuer": "ỦY BAN NHÂN DÂN TỈNH THƯỢNG GIANG",
    "type_name": "Công văn",
    "subject": SUBJECT,
    "urgency": "",
    "signer_position": "PHÓ CHỦ TỊCH",
    "signer_name": "Quách Thị Diễm",
}


def office_config(root: Path, **changes: Any) -> Config:
    """A box whose state and two drop folders lie in ``root``."""
    folders = (
        FolderSection(root / "den", "Văn bản đến", "incoming-scan"),
        FolderSection(root / "di", "Văn bản đi", "outgoing"),
    )
    for folder in folders:
        folder.path.mkdir(exist_ok=True)
    box = BoxSection("commune-27007", "UBND xã Đồng Mận", root)
    return dataclasses.replace(Config(box=box, folders=folders), **changes)


class Papers:
    """Puts papers into a store and moves them on, as intake, worker and province would."""

    def __init__(self, store: Store, clock: Callable[[], datetime], scratch: Path) -> None:
        self.store = store
        self.clock = clock
        self._scratch = scratch

    def blob(self, content: bytes) -> tuple[str, int]:
        """Store bytes, return digest and size."""
        self._scratch.mkdir(exist_ok=True)
        file = self._scratch / hashlib.sha256(content).hexdigest()
        file.write_bytes(content)
        kept = self.store.blobs.put(file)
        return kept.sha256, kept.size

    def received(self, name: str = "SKM_C258.pdf", kind: Kind = Kind.INCOMING_SCAN, content: bytes = b"") -> str:
        """A file that the intake took into custody; returns the document's id."""
        document_id, now = new_id(), self.clock()
        sha256, size = self.blob(content or f"%PDF-1.7 {document_id}".encode())
        folder = "Văn bản đi" if kind is Kind.OUTGOING else "Văn bản đến"
        fresh = Document(
            id=document_id, kind=kind, state=State.RECEIVED, version=1, original_sha256=sha256, original_name=name,
            media_type="application/pdf", folder=folder, policy="person", received_at=now, updated_at=now,
            current_size=size,
        )  # fmt: skip
        detail = {"sha256": sha256, "size": size, "name": name, "folder": folder}
        self.store.write(lambda db: documents.insert(db, fresh, "intake", detail))
        return document_id

    def load(self, document_id: str) -> Document:
        """The paper now."""
        return self.store.read(lambda db: documents.load(db, document_id))

    def digitize(
        self,
        document_id: str,
        fields: dict[str, str] | None = None,
        pdf: bytes = b"",
        text: str = "",
        sure: float = 0.95,
        places: dict[str, Any] | None = None,
        pages: int = 1,
    ) -> str:
        """RECEIVED → DIGITIZED with ``fields`` read."""
        before, read = self.load(document_id), FIELDS | (fields or {})
        sha256, size = self.blob(pdf or f"%PDF-1.7 archive {document_id}".encode())
        where = PLACES if places is None else places
        nowhere = (0.0, 0.0, 0.0, 0.0)
        values = {
            name: FieldValue(value, sure if name == "issuer" else 0.97, int(name in where), where.get(name, nowhere))
            for name, value in read.items()
        }
        after = advance(
            before, Event.DIGITIZED, self.clock(), pages=pages, archive_sha256=sha256, current_sha256=sha256,
            current_size=size, fields=values,
        )  # fmt: skip

        def change(db: Any) -> None:
            texts.keep(db, document_id, (text or f"{read['issuer']}\n{read['subject']}",))
            documents.save(db, before, after, "worker", Event.DIGITIZED, {"sha256": sha256, "pages": pages})

        self.store.write(change)
        return document_id

    def digitized(self, name: str = "SKM_C258.pdf", kind: Kind = Kind.INCOMING_SCAN, **how: Any) -> str:
        """A paper that waits for approval."""
        return self.digitize(self.received(name, kind), **how)

    def quarantine(self, document_id: str, event: Event, code: str) -> str:
        """RECEIVED or DIGITIZED → QUARANTINED."""
        before = self.load(document_id)
        after = advance(before, event, self.clock(), reason_code=code)
        self.store.write(lambda db: documents.save(db, before, after, "worker", event, {"code": code}))
        return document_id

    def sign(self, document_id: str, pdf: bytes = b"") -> str:
        """Fill the slot that somebody consented to."""
        before = self.load(document_id)
        slot = slot_to_sign(before)
        assert slot
        sha256, size = self.blob(pdf or f"%PDF-1.7 signed {slot} {document_id}".encode())
        box = (390.0, 60.0, 545.0, 108.0) if slot is Slot.AGENCY else (340.0, 640.0, 480.0, 690.0)
        name = "UBND xã Đồng Mận" if slot is Slot.AGENCY else "Nông Văn Thuận"
        made = Signature(slot, sha256, size, self.clock(), "5b" * 32, name, 1, box)
        after = add_signature(before, made, self.clock())
        event = Event.SIGNATURES_COMPLETE if after.state is State.SIGNED else Event.SIGNATURE_APPLIED
        detail = {"slot": slot, "sha256": sha256, "size": size}
        self.store.write(lambda db: documents.save(db, before, after, "worker", event, detail))
        return document_id

    def enqueue(self, document_id: str) -> str:
        """SIGNED → QUEUED."""
        Enqueueing(self.store)(self.load(document_id), self.clock())
        return document_id

    def answer(self, document_id: str, refusal: str = "") -> str:
        """QUEUED → DELIVERED, or REFUSED with its reason; the answer opens, its signature is made up."""
        before = self.load(document_id)
        delivery = self.store.read(lambda db: outbox.latest(db, document_id))
        assert delivery
        receipt = Receipt(
            4711, "commune-27007", delivery.sequence, document_id, bytes.fromhex(delivery.sha256), delivery.size,
            bytes(32), Result.REFUSED if refusal else Result.STORED, int(self.clock().timestamp()), FIRST_IN_CHAIN,
            "digest-differs" if refusal else "", refusal,
        )  # fmt: skip
        envelope = seal("province-1", receipt.encode(), lambda _message: bytes(64))
        port = StoreOutbox(self.store, self.clock)
        if refusal:
            port.refused(before.id, "digest-differs", refusal, envelope)
        else:
            port.accepted(before.id, envelope)
        return document_id

    def delivered(self, **how: Any) -> str:
        """A paper that went the whole way."""
        document_id = self.digitized(**how)
        commands.approve(self.store, document_id, "Lan (văn thư)", self.clock())
        return self.answer(self.enqueue(self.sign(document_id)))

    def fail(self, document_id: str, code: str) -> str:
        """A step that did not work out, to be tried again in half a minute."""
        before = self.load(document_id)
        after = failed_attempt(before, code, self.clock(), timedelta(seconds=30))
        self.store.write(lambda db: documents.note_attempt(db, before, after))
        return document_id


class Worker(threading.Thread):
    """Takes files from the drop folders and moves papers on, in place of intake, worker, token and province."""

    def __init__(self, papers: Papers, config: Config, pdf: bytes = b"") -> None:
        super().__init__(daemon=True)
        self._papers, self._config, self._pdf = papers, config, pdf
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(0.2):
            self._take_files()
            for document in self._papers.store.read(lambda db: documents.listed(db)):
                self._move(document)

    def _take_files(self) -> None:
        for folder in self._config.folders:
            for file in folder.path.iterdir():
                if not file.name.startswith("."):
                    self._papers.received(file.name, Kind(folder.kind), file.read_bytes())
                    file.unlink()

    def _move(self, document: Document) -> None:
        step = next_step(document)
        if step is Step.DIGITIZE:
            self._papers.digitize(document.id, pdf=self._pdf)
        elif step is Step.SIGN:
            # A signature makes another file: with the same bytes it would look cut off again.
            self._papers.sign(document.id, self._pdf and self._pdf + f"% {document.open_slot}\n".encode())
        elif step is Step.ENQUEUE:
            self._papers.answer(self._papers.enqueue(document.id))


async def blank_page(source: Path, number: int, width: int) -> bytes:
    """In place of the drawing child: two A4 pages, each the same few bytes."""
    if number > 2:
        raise NoPicture(source.name)
    return json.dumps({"sizes": [[595.0, 842.0], [595.0, 842.0]]}).encode() + b"\n\xff\xd8\xff picture"


CLERK = {"person": "Trần Thị Lan", "role": "van_thu"}
LEADER = {"person": "Nông Văn Thuận", "role": "lanh_dao"}
SCANNER = {"person": "Lò Thị Mây", "role": "quet"}
ADMINISTRATOR = {"person": "Hoàng Văn Bình", "role": "quan_tri"}
VIEWER = {"person": "Vi Thị Xuân", "role": "xem"}


def signed_in(store: Store, who: dict[str, str], now: datetime) -> tuple[str, str]:
    """A fresh session of ``who`` (``{"person": …, "role": …}``): the cookie's value and the token of its forms.

    The account is made when there is none with this name and role; its password fits nothing, and it has seen the tour.
    """
    role = Role(who["role"])
    login = f"{folded(who['person']).replace(' ', '.')}.{role.value}"
    session_id = make_session_id()

    def enter(db: Any) -> accounts.Session:
        account = accounts.named(db, login)
        if account is None:
            account = accounts.Account(new_id(), login, who["person"], role, "!", False, True, 0, None, now, None)
            accounts.insert(db, account)
            tours.end(db, account.id, TOUR, now)
        session = accounts.Session(digest_of_session(session_id), account.id, os.urandom(32), now, now)
        accounts.open_session(db, session)
        return session

    return session_id, token_of(store.write(enter))


def cookie_for(store: Store, address: str, who: dict[str, str], now: datetime) -> dict[str, Any]:
    """What Playwright's ``context.add_cookies([…])`` wants for a browser in which ``who`` is signed in."""
    session_id, _token = signed_in(store, who, now)
    return {"name": COOKIE, "value": session_id, "url": address, "httpOnly": True, "sameSite": "Strict"}


class Visitor:
    """A client of the site over its unix socket; by default it sends what a browser sends from our own page."""

    def __init__(self, session: ClientSession, store: Store, clock: Callable[[], datetime]) -> None:
        self.session = session
        self.who: dict[str, str] = {}
        self.token = ""
        self._store, self._clock = store, clock

    async def become(self, who: dict[str, str]) -> None:
        """From now on this browser is ``who``'s; ``{}``: nobody's."""
        if who == self.who:
            return
        self.session.cookie_jar.clear(lambda cookie: cookie.key == COOKIE)
        self.who, self.token = dict(who), ""
        if who:
            session_id, self.token = signed_in(self._store, who, self._clock())
            self.session.cookie_jar.update_cookies({COOKIE: session_id}, URL("http://hop/"))

    async def sign_in_again(self) -> None:
        """The clock went on, and the session of before has ended."""
        who = self.who
        await self.become({})
        await self.become(who)

    async def get(self, path: str, **how: Any) -> tuple[int, str]:
        """State and text of a page."""
        async with self.session.get(f"http://hop{path}", **how) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, form: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str, str]:
        """State, Location and text of the answer to a form; ``headers`` take the place of our own page's."""
        if isinstance(form, dict) and "person" in form and "role" in form:
            await self.become({"person": form["person"], "role": form["role"]} if form["person"] else {})
            form = {name: value for name, value in form.items() if name not in ("person", "role")}
        sent = ({"Origin": "http://hop"} if headers is None else headers) | {TOKEN_HEADER: self.token}
        async with self.session.post(
            f"http://hop{path}", data=form or {}, headers=sent, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()


@pytest.fixture
def web_clock() -> Clock:
    """A clock that stands at ``NOW``: 09:00 in Vietnam."""
    return Clock(NOW)


@pytest.fixture
def office(tmp_path: Path) -> Config:
    """The office's configuration."""
    return office_config(tmp_path)


@pytest.fixture
def office_papers(store: Store, web_clock: Clock, tmp_path: Path) -> Papers:
    """Papers for the store of the test."""
    return Papers(store, web_clock, tmp_path / "scratch")


@asynccontextmanager
async def visiting(config: Config, store: Store, clock: Callable[[], datetime]) -> AsyncIterator[Visitor]:
    """A browser at the site, with the network closed: everything goes through a unix socket."""
    with tempfile.TemporaryDirectory(prefix="web.") as folder:
        socket = f"{folder}/web.sock"
        runner = web.AppRunner(make_site(config, store, clock, blank_page), shutdown_timeout=0.2)
        await runner.setup()
        await web.UnixSite(runner, socket).start()
        jar = CookieJar(unsafe=True)
        async with ClientSession(connector=UnixConnector(socket), cookie_jar=jar) as session:
            yield Visitor(session, store, clock)
        await runner.cleanup()


@pytest.fixture
async def visitor(store: Store, office: Config, web_clock: Clock) -> AsyncIterator[Visitor]:
    """A browser at the site of the office, in which the clerk is signed in."""
    async with visiting(office, store, web_clock) as one:
        await one.become(CLERK)
        yield one


@pytest.fixture
async def stranger(store: Store, office: Config, web_clock: Clock) -> AsyncIterator[Visitor]:
    """A browser at the site of the office, in which nobody is signed in."""
    async with visiting(office, store, web_clock) as one:
        yield one


def write_link(config: Config, connected: bool, since: datetime, error: str = "") -> None:
    """What the delivery service would say about the line."""
    config.runtime.mkdir(parents=True, exist_ok=True)
    said = {"connected": connected, "since": since.isoformat(), "last_error_code": error}
    config.link_file.write_text(json.dumps(said), encoding="utf-8")
