"""Attaching a paper as an appendix of another one, undoing it, and what the main paper's fate does to its appendices.

Each decision is one transaction with an event of either paper. The main paper's version rises, too: who approves it
must have seen what goes with it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from appliance.commands.deciding import CommandRefused, decide
from appliance.domain import attaching
from appliance.domain.documents import Document
from appliance.domain.kinds import Slot
from appliance.domain.states import TERMINAL, Event, State
from appliance.store import Store, attachments, documents, registers
from appliance.store.documents import NoSuchDocument


def attach(store: Store, appendix_id: str, main_id: str, by: str, now: datetime) -> Document:
    """Make a paper an appendix of another one, before anybody decided about either.

    Raises:
        CommandRefused: no-such-document, changed-meanwhile, has-appendices, and the codes of
            ``domain.attaching.CannotAttach``.
    """

    def decision(db: Any, before: Document) -> Document:
        main = _loaded(db, main_id)
        after = attaching.attach(before, main, now)
        if attachments.of_main(db, before.id):
            raise CommandRefused("has-appendices")
        if registers.held_for(db, before.id):  # a reserved number was given to it
            raise CommandRefused("attach-decided")
        documents.save(db, before, after, by, "attached", {"main": main.id, "main_name": _name(main)})
        _tell_main(db, main, before, "appendix-attached", by, now)
        return after

    return decide(store, appendix_id, decision)


def detach(store: Store, appendix_id: str, by: str, now: datetime) -> Document:
    """Make an appendix a paper of its own again, of the kind it was.

    Raises:
        CommandRefused: not-attached, attach-decided, main-decided, no-such-document, changed-meanwhile.
    """

    def decision(db: Any, before: Document) -> Document:
        main = attachments.main_of(db, before)
        if main is None:
            raise CommandRefused("not-attached")
        after = attaching.detach(before, main, now)
        documents.save(db, before, after, by, "detached", {"main": main.id, "main_name": _name(main)})
        _tell_main(db, main, before, "appendix-detached", by, now)
        return after

    return decide(store, appendix_id, decision)


def follow_main(db: Any, main: Document, by: str, now: datetime) -> None:
    """The agency's slot of ``main`` was consented to: its appendices are approved with it, in this transaction."""
    for before in attachments.of_main(db, main.id):
        if before.state is not State.DIGITIZED:
            continue  # approved before, and signed: the main paper had to begin anew
        after = attaching.follow(before, main, by, now)
        place = {"register": main.register, "year": main.register_year, "number": main.register_number}
        detail = place | {"changed": [], "row": "", "slot": Slot.AGENCY, "main": main.id}
        documents.save(db, before, after, by, Event.APPROVED, detail)


def withdraw_with_main(db: Any, main: Document, by: str, now: datetime) -> None:
    """The approval of ``main`` is taken back: so is that of its appendices.

    Raises:
        CannotAttach: appendix-signed.
    """
    for before in attachments.of_main(db, main.id):
        if before.state is State.APPROVED or before.signatures:
            documents.save(db, before, attaching.withdraw(before, now), by, Event.APPROVAL_WITHDRAWN, {"main": main.id})


def let_all_go(db: Any, main: Document, by: str, now: datetime) -> None:
    """``main`` ends or is set aside before anybody decided: its appendices are papers of their own again."""
    for before in attachments.of_main(db, main.id):
        if before.state is State.DIGITIZED:
            detail = {"main": main.id, "main_name": ""}
            documents.save(db, before, attaching.let_go(before, now), by, "detached", detail)


def leave_main(db: Any, document: Document, by: str, now: datetime) -> Document:
    """``document`` is set aside: if it is an appendix, it is one no more. Returns it so; the caller saves it."""
    main = attachments.main_of(db, document)
    if main is None:
        return document
    _tell_main(db, main, document, "appendix-detached", by, now, named=False)
    return attaching.let_go(document, now)


def refuse_with_appendices(db: Any, document: Document) -> None:
    """What would end a paper in favour of others is not done while papers hang on it.

    Raises:
        CommandRefused: has-appendices, attached-to-main.
    """
    attaching.refuse_alone(document)
    if attachments.of_main(db, document.id):
        raise CommandRefused("has-appendices")


def _tell_main(
    db: Any, main: Document, appendix: Document, event: str, by: str, now: datetime, named: bool = True
) -> None:
    """A fact beside the main paper's state; a person decides about it from here on. One that has ended keeps its
    history as it was.
    """
    if main.state in TERMINAL:
        return
    after = replace(main, policy="person", version=main.version + 1, updated_at=now)
    documents.save(db, main, after, by, event, {"appendix": appendix.id, "name": _name(appendix) if named else ""})


def _loaded(db: Any, document_id: str) -> Document:
    try:
        return documents.load(db, document_id)
    except NoSuchDocument:
        raise CommandRefused("no-such-document", document_id=document_id) from None


def _name(document: Document) -> str:
    """What people know the paper by; nothing of a suspected secret."""
    return "" if document.secret else document.value("code") or document.original_name
