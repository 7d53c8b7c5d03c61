"""What a person does to a paper through the pages: one table from an action's name to its command.

Owns reading the form and checking that the action is possible, that this person may do it, and that the page they saw
is not stale. Refuses to change anything itself: every change is a command. Invariant: a PIN is read, handed on and
forgotten.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from appliance import commands
from appliance.domain.authority import Delegation
from appliance.domain.documents import URGENCIES, Document
from appliance.domain.kinds import Slot
from appliance.store import Store, standing, views
from appliance.web.people import Person, clean_line
from appliance.wording import _, states

EDITABLE = (
    "code", "issued_date", "issuer", "parent_issuer", "type_name", "subject", "urgency", "place", "signer_position",
    "signer_name",
)  # fmt: skip
"""Fields a person may correct, in the order of the register of incoming documents (NĐ 30/2020, PL IV)."""
_LONGEST = {"subject": 500, "code": 60}


@dataclass(frozen=True)
class Wish:
    """An action as it came from a form: by whom, with which reason, fields and cells of the register's row."""

    by: str
    now: datetime
    reason: str
    fields: dict[str, str]
    delegations: tuple[Delegation, ...] = ()
    row: dict[str, str] = field(default_factory=dict)


ReadRow = Callable[[Document], dict[str, str]]
"""Reads the cells of the register's row from the form, for this paper. Raises FormRefused."""
Command = Callable[[Store, str, Wish], Document]
COMMANDS: dict[str, Command] = {
    "approve": lambda store, paper, wish: commands.approve(
        store, paper, wish.by, wish.now, wish.fields, wish.delegations, wish.row
    ),
    "hand-back": lambda store, paper, wish: commands.hand_back(store, paper, wish.by, wish.now, wish.reason),
    "resubmit": lambda store, paper, wish: commands.resubmit(store, paper, wish.by, wish.now, wish.fields),
    "issue": lambda store, paper, wish: commands.consent(store, paper, Slot.AGENCY, wish.by, wish.now, row=wish.row),
    "sign": lambda store, paper, wish: commands.consent(store, paper, Slot.LEADER, wish.by, wish.now, wish.delegations),
    "withdraw": lambda store, paper, wish: commands.withdraw(store, paper, wish.by, wish.now),
    "send-back": lambda store, paper, wish: commands.send_back(store, paper, wish.by, wish.now, wish.reason),
    "discard": lambda store, paper, wish: commands.send_back(store, paper, wish.by, wish.now, wish.reason),
    "release": lambda store, paper, wish: commands.release(store, paper, wish.by, wish.now, wish.reason),
    "mark-secret": lambda store, paper, wish: commands.mark_secret(store, paper, wish.by, wish.now),
    "detach": lambda store, paper, wish: commands.detach(store, paper, wish.by, wish.now),
    "join": lambda store, paper, wish: commands.join_parts(store, paper, wish.by, wish.now),
    "unjoin": lambda store, paper, wish: commands.unjoin(store, paper, wish.by, wish.now),
    "requeue": lambda store, paper, wish: commands.requeue(store, paper, wish.by, wish.now),
}


class FormRefused(Exception):
    """The form cannot be used as it is; ``field`` says where, ``sentence`` why, in the present language."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


def typed_fields(form: Mapping[str, object]) -> dict[str, str]:
    """What the form's field inputs hold, cleaned but not yet understood."""
    return {
        name: clean_line(str(form[f"field-{name}"]), _LONGEST.get(name, 200))
        for name in EDITABLE
        if f"field-{name}" in form
    }


def understood(typed: Mapping[str, str]) -> dict[str, str]:
    """Typed fields as the domain wants them; a changed number also gives its parts.

    Raises:
        FormRefused: a date that is none, an urgency that does not exist.
    """
    fields = dict(typed)
    if fields.get("issued_date"):
        fields["issued_date"] = iso_date(fields["issued_date"])
    if fields.get("urgency", "") not in URGENCIES:
        raise FormRefused("urgency", _("Hãy chọn độ khẩn trong danh sách."))
    if "code" in fields:
        number, slash, notation = fields["code"].partition("/")
        fields |= {"code_number": number.strip(), "code_notation": notation.strip() if slash else ""}
    return fields


def iso_date(text: str, field: str = "issued_date") -> str:
    """A day as people write it (``5/11/2025``, also with points or dashes, or ISO 8601), as ``YYYY-MM-DD``.

    Raises:
        FormRefused: no such day; ``field`` says where it was typed.
    """
    parts = re.fullmatch(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})|(\d{4})-(\d{2})-(\d{2})", text)
    try:
        if not parts:
            raise ValueError(text)
        day, month, year = parts.group(1, 2, 3) if parts.group(1) else (parts.group(6), parts.group(5), parts.group(4))
        return datetime(int(year), int(month), int(day)).date().isoformat()  # noqa: DTZ001 - a date has no zone
    except ValueError:
        sentence = _("Ngày văn bản phải có dạng ngày/tháng/năm, ví dụ 05/11/2025.")
        if field != "issued_date":
            sentence = _("Hãy ghi ngày theo dạng ngày/tháng/năm, ví dụ 05/11/2025.")
        raise FormRefused(field, sentence) from None


def changed_fields(document: Document, fields: Mapping[str, str]) -> dict[str, str]:
    """Only what differs from what the paper already says; parts of the number only when the number was changed."""
    changed = {name: value for name, value in fields.items() if value != document.value(name)}
    if "code" not in changed:
        changed = {name: value for name, value in changed.items() if name not in ("code_number", "code_notation")}
    return changed


def permitted(document: Document, name: str, person: Person) -> standing.Action:
    """The action, when it is possible now and this person may do it.

    Raises:
        CommandRefused: not-in-this-state, wrong-person.
    """
    action = next((each for each in standing.possible_actions(document) if each.name == name), None)
    if action is None:
        raise commands.CommandRefused("not-in-this-state", state=document.state.value)
    if action.role is not None and action.role is not person.role:
        raise commands.CommandRefused("wrong-person", who=_(states.ROLES[action.role.value]))
    return action


def do(
    store: Store,
    document_id: str,
    name: str,
    person: Person,
    form: Mapping[str, object],
    now: datetime,
    delegations: tuple[Delegation, ...] = (),
    row: ReadRow | None = None,
) -> Document:
    """Check and run one action (blocking; call it in a thread).

    Raises:
        FormRefused: the form's words cannot be used.
        CommandRefused: not possible, not this person, changed meanwhile.
        NoSuchDocument: nothing has this id.
    """
    document = store.read(lambda db: views.shown_document(db, document_id))
    action = permitted(document, name, person)
    if str(form.get("version", "")) != str(document.version):
        raise commands.CommandRefused("changed-meanwhile")
    reason = clean_line(str(form.get("reason", "")), 500)
    if action.reason is standing.Reason.NEEDED and not reason:
        raise FormRefused("reason", _("Hãy ghi lý do."))
    fields = changed_fields(document, understood(typed_fields(form))) if action.edits else {}
    cells = row(document) if row and name in ("approve", "issue") else {}
    return COMMANDS[name](store, document_id, Wish(person.by, now, reason, fields, delegations, cells))


async def done(
    store: Store,
    document_id: str,
    name: str,
    person: Person,
    form: Mapping[str, object],
    now: datetime,
    delegations: tuple[Delegation, ...] = (),
    row: ReadRow | None = None,
) -> Document:
    """``do`` in a thread, keeping the request's language."""
    return await asyncio.to_thread(do, store, document_id, name, person, form, now, delegations, row)
