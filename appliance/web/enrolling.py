"""``/enrolment``: which key signs for a slot - what is plugged in, what can be chosen, the PIN for one trial signature.

Nothing here loads a module or sees a token: ``appliance.web.enroller`` asks. Owns who may enrol what, and that a PIN
typed once is tried once: every form carries a ticket that is good for one try, and each answer to a form is a page of
its own, so that neither a double click, nor "back", nor a reload sends a PIN again. No script is needed.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from appliance.commands import CommandRefused
from appliance.config import Config
from appliance.enrolling import SLOTS, in_config, loaded
from appliance.store.standing import Role
from appliance.web.enroller import Choice, Enroller, EnrolmentRefused, Seen
from appliance.web.office import OFFICE
from appliance.web.people import Person
from appliance.web.presenting import page, see_other
from appliance.wording import _, states, text_of
from hsm.api import MECHANISMS
from hsm.enrolment import Enrolment, EnrolmentError

ROLE_OF_SLOT = {"leader": Role.LEADER, "agency": Role.CLERK}
"""Who may enrol a slot's key: whoever keeps its token and knows its PIN (NĐ 30/2020, Điều 32). An administrator sees
what is plugged in and enrols nothing."""
PIN_BARRED = frozenset({"final-try", "locked", "to-be-changed", "not-set"})
"""With these no PIN is asked for: the token's maker's program comes first (``hsm.token_presence.refuse_risky``)."""
LARGEST_CERTIFICATE = 32 << 10
_LONGEST_PIN = 64
_MOST_KEPT = 200


@dataclass(frozen=True)
class Outcome:
    """What came of one form: a sentence, and the choice it was about."""

    good: bool
    sentence: str
    choice: str = ""


@dataclass
class Desk:
    """What this page keeps between requests, in memory only: no PIN, no file."""

    enroller: Enroller
    tickets: OrderedDict[str, None] = field(default_factory=OrderedDict)
    outcomes: OrderedDict[str, Outcome] = field(default_factory=OrderedDict)
    attempts: OrderedDict[str, asyncio.Task[Outcome]] = field(default_factory=OrderedDict)

    def ticket(self) -> str:
        """A fresh ticket for one form."""
        fresh = secrets.token_urlsafe(12)
        _keep(self.tickets, fresh, None)
        return fresh

    def spend(self, ticket: str) -> bool:
        """Whether the ticket was good; it is not any more."""
        return self.tickets.pop(ticket, False) is None

    def attempt(self, ticket: str, trying: Coroutine[Any, Any, Outcome]) -> None:
        """Begin the one try of a ticket; it goes on when its browser does not wait for it."""
        _keep(self.attempts, ticket, asyncio.create_task(trying))

    def told(self, outcome: Outcome) -> web.Response:
        """Go to the page that tells the outcome."""
        _keep(self.outcomes, key := secrets.token_urlsafe(12), outcome)
        where = {"outcome": key} | ({"choose": outcome.choice} if outcome.choice else {})
        return see_other("/enrolment?" + urlencode(where))


DESK = web.AppKey("enrolment desk", Desk)


def prepare(app: web.Application, config: Config) -> None:
    """Give the application what this page keeps."""
    app[DESK] = Desk(Enroller(config))


async def show(request: web.Request) -> web.Response:
    """``GET /enrolment?choose=&outcome=``: modules are looked at only for somebody who said who they are."""
    office, desk = request.app[OFFICE], request.app[DESK]
    person = office.people.person(request)
    seen = await desk.enroller.look(again=not request.query) if person else Seen()
    enrolled, trouble = await asyncio.to_thread(_enrolled, office.config)
    chosen = seen.choices.get(request.query.get("choose", ""))
    return await page(
        request,
        "enrolment.html",
        seen=seen,
        enrolled=enrolled,
        trouble=trouble,
        slots=SLOTS,
        fixed={slot for slot in SLOTS if in_config(office.config, slot)},
        in_use={key.slot: key.certificate_sha256 for key in office.config.signer.keys},
        module=str(office.config.signer.module),
        module_away="" if office.config.signer.module.is_file() else str(office.config.signer.module),
        mine=next((slot for slot, role in ROLE_OF_SLOT.items() if person and role is person.role), ""),
        chosen=chosen,
        gone=bool(person and request.query.get("choose") and chosen is None),
        barred=PIN_BARRED & set(chosen.token["pin_flags"]) if chosen else frozenset(),
        ticket=desk.ticket() if chosen else "",
        outcome=desk.outcomes.get(request.query.get("outcome", "")),
        limit=LARGEST_CERTIFICATE >> 10,
        live_url="",
    )


async def enrol(request: web.Request) -> web.StreamResponse:
    """``POST /enrolment``: one try with what the form says. Raises: CommandRefused (wrong-person)."""
    office, desk = request.app[OFFICE], request.app[DESK]
    form = await request.post()
    person = office.people.person(request)
    if person is None:
        return see_other("/sign-in?next=/enrolment")
    slot, ticket = _slot(form, person), str(form.get("ticket", ""))
    if ticket not in desk.attempts:  # a form sent twice gets the first one's outcome
        desk.attempt(ticket, _outcome(desk, form, slot, person, desk.spend(ticket)))
    return desk.told(await asyncio.shield(desk.attempts[ticket]))


async def _outcome(desk: Desk, form: Mapping[str, object], slot: str, person: Person, fresh: bool) -> Outcome:
    chosen = desk.enroller.last.choices.get(str(form.get("choice", "")))
    try:
        if chosen is None:
            raise EnrolmentRefused("enrolment-gone")
        if not fresh:
            raise EnrolmentRefused("enrolment-form-old")
        wish, pin = _wish(form, chosen), str(form.get("pin", ""))
        if not chosen.token["pin_pad"] and not 0 < len(pin) <= _LONGEST_PIN:
            raise EnrolmentRefused("enrolment-pin-missing")
        made = await desk.enroller.enrol(chosen, slot, person.by, pin, **wish)
    except EnrolmentRefused as refused:
        return Outcome(False, text_of(refused.code, detail=refused.detail), chosen.id if chosen else "")
    sentence = _("Đã đăng ký {subject}, thiết bị {serial}.")
    return Outcome(True, sentence.format(subject=made["subject"], serial=made["token_serial"]))


def _slot(form: Mapping[str, object], person: Person) -> str:
    slot = str(form.get("slot", ""))
    if slot not in ROLE_OF_SLOT:
        raise web.HTTPBadRequest
    if ROLE_OF_SLOT[slot] is not person.role:
        raise CommandRefused("wrong-person", who=_(states.ROLES[ROLE_OF_SLOT[slot].value]))
    return slot


def _wish(form: Mapping[str, object], chosen: Choice) -> dict[str, Any]:
    """The rest of the question. Raises: EnrolmentRefused (enrolment-file-missing, enrolment-file-large)."""
    mechanism = str(form.get("mechanism", ""))
    if mechanism not in ("", *MECHANISMS):
        raise web.HTTPBadRequest
    wish: dict[str, Any] = {"mechanism": mechanism, "pin_each_signature": form.get("pin-each") == "yes"}
    if chosen.certificate is not None:
        # Without a CKA_ID the key is found by the certificate alone; only two keys of one certificate need a word.
        several = chosen.fits[0] if len(chosen.fits) > 1 else ""
        return wish | {"certificate": chosen.certificate["certificate"], "key_id": several}
    brought = form.get("certificate")
    content = brought.file.read(LARGEST_CERTIFICATE + 1) if isinstance(brought, web.FileField) else b""
    if not content:
        raise EnrolmentRefused("enrolment-file-missing")
    if len(content) > LARGEST_CERTIFICATE:
        raise EnrolmentRefused("enrolment-file-large", f"{LARGEST_CERTIFICATE >> 10} KB")
    return wish | {"certificate": base64.b64encode(content).decode("ascii"), "key_id": chosen.key_id}


def _enrolled(config: Config) -> tuple[dict[str, Enrolment], str]:
    try:
        return loaded(config), ""
    except EnrolmentError as error:
        return {}, text_of(error.code, detail=error.detail)


def _keep(kept: OrderedDict[str, Any], key: str, value: Any) -> None:
    kept[key] = value
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
