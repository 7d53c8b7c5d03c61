"""Many papers decided with one form and, if the token is not open, one PIN.

Owns the order: every chosen paper is looked at first (is it what the person saw, may this person do it), then the PIN
goes to the signer for exactly as many documents as will wait for this token, and only then the papers are decided, each
in a transaction of its own. A PIN that is not taken decides nothing. Refuses to keep the PIN.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDictProxy

from appliance.commands import CommandRefused
from appliance.delegating import who_may_sign
from appliance.domain.documents import Document
from appliance.domain.kinds import Slot
from appliance.store import NoSuchDocument, Store, attachments, standing, views
from appliance.web.deeds import FormRefused, do, permitted
from appliance.web.link import Token
from appliance.web.office import OFFICE, Office
from appliance.web.people import Person
from appliance.wording import CODES, N_, _, text_of
from hsm.api import SigningError

MOST = 200
"""Papers in one form; more than a person can have looked at."""
CONSENTS = ("approve", "sign", "issue")
"""Actions that end in a signature."""
WHY = {
    "changed-meanwhile": N_("Văn bản vừa được người khác thay đổi; hãy xem lại."),
    "delegation-missing": N_("Chưa có ủy quyền cho người này ký thay."),
    "delegation-ended": N_("Ủy quyền ký thay đã hết hạn."),
    "delegation-not-yet": N_("Ủy quyền ký thay chưa đến ngày bắt đầu."),
}
WHY_ELSE = N_("Hãy mở từng văn bản để xem lý do.")
"""Why papers were left, in a sentence about all of them; the paper's own page says more."""
Form = MultiDictProxy[Any]


@dataclass(frozen=True)
class Chosen:
    """A paper as the form names it (``id:version``), with the action that it waits for."""

    document_id: str
    version: str
    action: str


@dataclass(frozen=True)
class Outcome:
    """How many papers were decided, and why others were not: refusal codes with how many papers each.

    ``pin``: the code of why the PIN was not taken; then nothing was decided.
    """

    done: int = 0
    refused: tuple[tuple[str, int], ...] = ()
    pin: str = ""

    @property
    def query(self) -> str:
        """The outcome as an address carries it."""
        codes = [code for code, _count in self.refused]
        said = {"done": self.done, "left": sum(count for _code, count in self.refused), "code": codes[:1]}
        return urlencode({"pin": self.pin} if self.pin else said, doseq=True)


def wants_pin(token: Token | None) -> bool:
    """Whether a PIN typed now would open the token."""
    return bool(token and token.present and not token.ready and not {"final-try", "locked"} & set(token.flags))


async def decide(request: web.Request, form: Form, person: Person, slot: Slot) -> Outcome:
    """Decide about the papers of ``form`` that this person may decide about; open the token of ``slot`` before."""
    office = request.app[OFFICE]
    named = [str(each) for each in form.getall("paper", [])][:MOST]
    chosen, refused = await asyncio.to_thread(_looked_at, office.store, named, person)
    if chosen and (form.get("pin") or form.get("pad")):
        number = await asyncio.to_thread(office.store.read, lambda db: _signatures(db, slot, chosen))
        try:
            await office.signer.login(slot.value, str(form.get("pin", "")), str(form.get("turn", "")), number)
        except SigningError as error:
            return Outcome(pin=error.code)
    done = 0
    for one in chosen:
        code = await asyncio.to_thread(_done, office, one, person)
        done += not code
        refused += [code] if code else []
    return Outcome(done, tuple(Counter(refused).most_common()))


def _signatures(db: Any, slot: Slot, chosen: list[Chosen]) -> int:
    """How many files the token of ``slot`` will be asked to sign: the chosen papers, what waits for it already, and, by
    the agency, the appendices that are approved with a paper.
    """
    beside = attachments.counts(db, [one.document_id for one in chosen]) if slot is Slot.AGENCY else {}
    return len(chosen) + sum(beside.values()) + views.to_sign(db, slot)


async def open_token(request: web.Request, slot: Slot) -> str:
    """Open the token of ``slot`` for papers that somebody has agreed to sign; the code of why not, or an empty text.

    A leader's PIN is for those papers alone; the clerk's holds until the token was idle (hsm/SECURITY.md).
    """
    office, form = request.app[OFFICE], await request.post()
    waiting = await asyncio.to_thread(office.store.read, lambda db: views.to_sign(db, slot))
    documents = max(1, waiting) if slot is Slot.LEADER else 0
    try:
        await office.signer.login(slot.value, str(form.get("pin", "")), str(form.get("turn", "")), documents)
    except SigningError as error:
        return error.code
    return ""


def _looked_at(store: Store, named: list[str], person: Person) -> tuple[list[Chosen], list[str]]:
    """Which of the named papers can be decided now, and the codes of why the others cannot."""
    chosen: list[Chosen] = []
    refused: list[str] = []
    for name in dict.fromkeys(named):
        document_id, _colon, version = name.rpartition(":")
        try:
            document = _load(store, document_id)
            action = standing.possible_actions(document)[:1]
            if not action or action[0].name not in CONSENTS:
                raise CommandRefused("not-in-this-state", state=document.state.value)
            permitted(document, action[0].name, person)
            if str(document.version) != version:
                raise CommandRefused("changed-meanwhile")
            chosen.append(Chosen(document_id, version, action[0].name))
        except CommandRefused as error:
            refused.append(error.code)
        except NoSuchDocument:
            refused.append("no-such-document")
    return chosen, refused


def _load(store: Store, document_id: str) -> Document:
    return store.read(lambda db: views.shown_document(db, document_id))


def _done(office: Office, one: Chosen, person: Person) -> str:
    """The code of why the paper was not decided, or an empty text."""
    try:
        form = {"version": one.version}
        do(
            office.store,
            one.document_id,
            one.action,
            person,
            form,
            office.clock(),
            who_may_sign(office.config, office.store),
        )
    except CommandRefused as error:
        return error.code
    except FormRefused:
        return "changed-meanwhile"
    return ""


def told(request: web.Request) -> tuple[str, str]:
    """What a page says of an outcome in its address: tone ("good", "warn", "bad", "") and a sentence."""
    query = request.query
    if (pin := query.get("pin", "")) in CODES and pin:
        return "bad", text_of(pin, detail="")
    done, left = (int(query.get(name, "")) if query.get(name, "").isdecimal() else 0 for name in ("done", "left"))
    if not done and not left:
        return ("warn", _("Chưa chọn văn bản nào.")) if "done" in query else ("", "")
    sentence = _("Đã duyệt {n} văn bản.").format(n=done) if done else ""
    if left:
        why = _(WHY.get(query.get("code", ""), WHY_ELSE))
        sentence = " ".join(filter(None, [sentence, _("{n} văn bản chưa duyệt được.").format(n=left), why]))
    return "warn" if left else "good", sentence
