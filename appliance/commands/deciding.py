"""How every command decides about a document, and how it says that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from appliance.domain.attaching import CannotAttach
from appliance.domain.documents import ConsentMissing, Document, OutOfOrder
from appliance.domain.pages import CannotCut
from appliance.domain.states import IllegalTransition
from appliance.store import ChangedMeanwhile, NoSuchDocument, Store, documents

T = TypeVar("T")


class CommandRefused(Exception):
    """The command is not possible; ``code`` and ``params`` become a sentence in ``appliance.wording``."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def decide(store: Store, document_id: str, decision: Callable[[Any, Document], T]) -> T:
    """Run ``decision`` on the document in one transaction and return its result.

    Raises:
        CommandRefused: no-such-document, not-in-this-state, changed-meanwhile, the codes of ``domain.pages.CannotCut``
            and ``domain.attaching.CannotAttach``, and whatever the decision itself refuses with.
    """
    try:
        return store.write(lambda db: decision(db, documents.load(db, document_id)))
    except NoSuchDocument:
        raise CommandRefused("no-such-document", document_id=document_id) from None
    except IllegalTransition as error:
        raise CommandRefused("not-in-this-state", state=error.state.value) from None
    except (OutOfOrder, ConsentMissing):
        raise CommandRefused("not-in-this-state", state="approved") from None
    except (CannotCut, CannotAttach) as error:
        raise CommandRefused(error.code) from None
    except ChangedMeanwhile:
        raise CommandRefused("changed-meanwhile") from None
