"""What the box writes into a register by itself: the cells that follow from a paper's confirmed fields.

Values only. Days are counted in Vietnam. What only people know (to whom it was handed, who signed for it) stays empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from appliance.domain.zone import VIETNAM

Said = Callable[[str], str]
"""A paper's field by its name, or an empty text."""


def cells_of(book: str, said: Said, arrived: datetime, dossier: str = "") -> dict[str, str]:
    """The cells of ``book`` for a paper that arrived at ``arrived``; empty ones are left out."""
    day = arrived.astimezone(VIETNAM).date().isoformat()
    made = {
        "den": lambda: {
            "arrival_date": day,
            "issuer": said("issuer"),
            "code": said("code"),
            "issued_date": said("issued_date"),
            "subject": titled(said),
        },
        "di": lambda: {
            "code": said("code"),
            "issued_date": said("issued_date"),
            "subject": titled(said),
            "signer": said("signer_name"),
            "recipients": " ".join(said("recipients").split()),
        },
        "ho-so": lambda: {"dossier": dossier, "procedure": said("subject"), "received_on": day},
    }[book]()
    return {name: value for name, value in made.items() if value}


def titled(said: Said) -> str:
    """Type and subject as one text: "Công văn" and "Về việc …" become "Công văn về việc …"."""
    kind, subject = said("type_name"), said("subject")
    if kind and subject.startswith(("Về ", "V/v")):
        subject = subject[0].lower() + subject[1:]
    return f"{kind} {subject}".strip()


def document_cell(den: Mapping[str, str]) -> str:
    """The second column of the handling book out of the incoming register's row: type, number, day and author."""
    day = "/".join(reversed(den.get("issued_date", "").split("-")))
    parts = (den.get("subject", ""), den.get("code", ""), day, den.get("issuer", ""))
    return "; ".join(part for part in parts if part)
