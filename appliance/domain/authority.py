"""In whose place a leader signs: TM., KT., TL., TUQ., and the delegations an office has given (NĐ 30/2020 Điều 13).

KT. (a deputy for the head), TL. (by order) and TUQ. (by special authorization) need a delegation that names the person
and holds on the day; TM. (for a collective) and Q. (acting head) are said by the office itself and recorded as printed.
A deputy signs with a certificate of their own, so the name on it must be the name in the delegation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from appliance.domain.documents import Document

FORMS = ("TM.", "KT.", "TL.", "TUQ.")
NEEDS_DELEGATION = ("KT.", "TL.", "TUQ.")
_FORM = re.compile(r"(?:^|[\s/])(TM|KT|TL|TUQ|T/M|K/T|T/L)[.\s]", re.IGNORECASE)


@dataclass(frozen=True)
class Delegation:
    """`signer` may sign `form` `principal` from `begins` until `ends` (both days included); `decision` says by what."""

    form: str
    signer: str
    principal: str
    begins: date
    ends: date
    decision: str = ""

    @property
    def words(self) -> str:
        """As it is recorded and shown."""
        basis = f" ({self.decision})" if self.decision else ""
        return f"{self.form} {self.principal}{basis}, {self.begins:%d/%m/%Y}–{self.ends:%d/%m/%Y}"


class DelegationRefused(Exception):
    """Codes: ``delegation-missing`` (nobody gave this person that power), ``delegation-ended``,
    ``delegation-not-yet``."""

    def __init__(self, code: str, form: str, signer: str) -> None:
        super().__init__(code)
        self.code = code
        self.form = form
        self.signer = signer


def forms_of(document: Document) -> tuple[str, ...]:
    """The forms under which the paper is signed, as its closing says, e.g. ("TM.", "KT.")."""
    printed = f"{document.value('signer_authority')} / {document.value('signer_position')} "
    found = {match.upper().replace("/", "") + "." for match in _FORM.findall(printed)}
    return tuple(form for form in FORMS if form in found)


def authority_for(document: Document, signer: str, day: date, delegations: Iterable[Delegation]) -> Delegation | None:
    """The delegation under which ``signer`` may sign this paper on ``day``; None where none is needed.

    Raises:
        DelegationRefused: the paper is signed in another's place and nobody has given ``signer`` that power for today.
    """
    needed = [form for form in forms_of(document) if form in NEEDS_DELEGATION]
    if not needed:
        return None
    form = needed[-1]  # TL. of a KT.: the last line is the one who signs
    theirs = [one for one in delegations if one.form == form and _same(one.signer, signer)]
    for one in theirs:
        if one.begins <= day <= one.ends:
            return one
    if not theirs:
        raise DelegationRefused("delegation-missing", form, signer)
    raise DelegationRefused(
        "delegation-ended" if any(one.ends < day for one in theirs) else "delegation-not-yet", form, signer
    )


def _same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
