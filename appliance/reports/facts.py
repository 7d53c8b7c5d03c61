"""What a report is made of: one small fact for each document of the period, as the rows tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Arrived:
    """An incoming document that has a number. ``electronic``: it came as a file of the province; ``scanned``: as paper
    that lies in the box, neither: written into the register by hand."""

    registered: date
    arrived: date
    electronic: bool = False
    scanned: bool = True
    type_name: str = ""


@dataclass(frozen=True)
class Issued:
    """An outgoing document that has a number. ``signed``: which slots carry a verified signature; ``online``: the
    province has receipted it; ``in_box``: there is a file of it at all, else ``paper_reason`` says why not."""

    number: int
    registered: date
    signed: frozenset[str] = frozenset()
    online: bool = False
    in_box: bool = True
    type_name: str = ""
    code: str = ""
    subject: str = ""
    paper_reason: str = ""

    @property
    def both(self) -> bool:
        """Whether leader and agency have signed."""
        return {"leader", "agency"} <= self.signed


@dataclass(frozen=True)
class Handled:
    """A row with a due date in the period, and when it was finished."""

    due: date
    finished: date | None


@dataclass(frozen=True)
class Certificate:
    """One certificate of the office's inventory; ``kind``: "personal", "agency" or "device"."""

    kind: str
    issued: date
    expires: date
    revoked: date | None = None


@dataclass(frozen=True)
class Lodged:
    """A case dossier that was accepted: its procedure's name, whether another office handed it on, whether its result
    is wanted by post, whether the post has it, whether it was given at all."""

    procedure: str
    handed_on: bool = False
    by_post: bool = False
    posted: bool = False
    returned: bool = False


@dataclass(frozen=True)
class Facts:
    """Everything one report counts. Reasons → how often; ``transit``: seconds from scan to receipt; ``presence``: for
    each account that is not blocked, on how many days somebody signed in with it.
    """

    arrived: tuple[Arrived, ...] = ()
    issued: tuple[Issued, ...] = ()
    handled: tuple[Handled, ...] = ()
    refused_by_province: Mapping[str, int] = field(default_factory=dict)
    refused_by_office: Mapping[str, int] = field(default_factory=dict)
    recalled_by_office: int = 0
    recalled_by_sender: int = 0
    transit: tuple[float, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    procedures: int = 0
    components: int = 0
    cases: tuple[Lodged, ...] = ()
    presence: tuple[int, ...] = ()
