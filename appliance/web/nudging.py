"""``POST /papers/{id}/nudge``: a person moves an appearance before it is signed; and where appearances will stand.

Owns reading the form, asking whether the appearance stays on the page, and the cache of planned places. Refuses what is
not a number of millimetres. The place is worked out in a limited child, so a page is never held up by a hostile paper
for longer than that child may run.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from appliance import commands
from appliance.commands import CommandRefused
from appliance.config import Config
from appliance.domain.documents import Document
from appliance.domain.kinds import SLOTS, Kind, Slot
from appliance.pipeline.placing import planned_places
from appliance.store import Store, standing, views
from appliance.web.deeds import FormRefused
from appliance.web.people import Person
from appliance.wording import _
from hsm.api import SigningError
from hsm.font import FontError
from hsm.places import Placement, PlacementError
from hsm.stamps import StampError

log = logging.getLogger(__name__)
MOST_KEPT = 200
Key = tuple[str, str, tuple[tuple[str, tuple[float, float]], ...]]


@dataclass(frozen=True)
class Nudging:
    """What the page shows of it: the slots that can be moved, how far each was, and where each will stand."""

    slots: tuple[Slot, ...] = ()
    nudges: Mapping[str, tuple[float, float]] | None = None
    planned: tuple[tuple[int, str, tuple[float, float, float, float]], ...] = ()


class Plans:
    """Planned places of the papers that were looked at last; they follow from the file and the nudges alone."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config, self._store = config, store
        self._kept: OrderedDict[Key, dict[str, Placement]] = OrderedDict()
        self._failed: OrderedDict[str, str] = OrderedDict()

    async def of(self, document: Document) -> Nudging:
        """What the page of a paper shows; nothing where nothing can be moved."""
        if not standing.may_be_nudged(document):
            return Nudging()
        slots = SLOTS[document.kind]
        places: Mapping[str, Placement] = {}
        # Scans are approved by the hundred, and their block finds its corner by itself: asked for only when moved.
        wanted = document.kind is Kind.OUTGOING or document.nudges
        if wanted and document.current_sha256 not in self._failed:
            try:
                places = await self.places(document, document.nudges)
            except (PlacementError, StampError, FontError, SigningError) as error:
                log.info("no place is planned for %s: %s", document.id, error)
                self._failed[document.current_sha256] = error.code  # not asked again at every look at the page
                while len(self._failed) > MOST_KEPT:
                    self._failed.popitem(last=False)
        planned = tuple((place.page, slot, place.box) for slot, place in places.items())
        return Nudging(slots, document.nudges, planned)

    async def places(self, document: Document, nudges: Mapping[str, tuple[float, float]]) -> dict[str, Placement]:
        """The places with these nudges. Raises: PlacementError and what an appearance raises."""
        key = (document.current_sha256, document.value("code"), tuple(sorted(nudges.items())))
        if key not in self._kept:
            source = await asyncio.to_thread(self._store.blobs.existing, document.current_sha256)
            self._kept[key] = await asyncio.to_thread(planned_places, self._config, source, document, nudges)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    async def move(self, document_id: str, form: Mapping[str, object], person: Person, now: datetime) -> None:
        """Check and record one move.

        Raises:
            FormRefused: no number of millimetres, no such slot.
            CommandRefused: nudge-off-page, nudge-too-far, not possible now, changed meanwhile.
        """
        document = await asyncio.to_thread(self._store.read, lambda db: views.shown_document(db, document_id))
        if not standing.may_be_nudged(document):
            raise CommandRefused("not-in-this-state", state=document.state.value)
        if str(form.get("version", "")) != str(document.version):
            raise CommandRefused("changed-meanwhile")
        slot, move = _slot(form, document), (_millimetres(form, "right"), _millimetres(form, "down"))
        nudges = {name: value for name, value in document.nudges.items() if name != slot.value} | {slot.value: move}
        try:
            await self.places(document, nudges)
        except PlacementError as error:
            raise CommandRefused(error.code, detail=error.detail) from None
        except (StampError, FontError, SigningError) as error:
            raise CommandRefused(error.code, detail=error.detail) from None
        await asyncio.to_thread(commands.nudge, self._store, document_id, slot, move, person.by, now)


def _slot(form: Mapping[str, object], document: Document) -> Slot:
    wanted = next((slot for slot in SLOTS[document.kind] if slot.value == form.get("slot")), None)
    if wanted is None:
        raise FormRefused("slot", _("Hãy chọn chữ ký cần dịch."))
    return wanted


def _millimetres(form: Mapping[str, object], name: str) -> float:
    """A form's number, with a comma or a point. Raises: FormRefused."""
    try:
        return round(float(str(form.get(name, "")).strip().replace(",", ".") or "0"), 1)
    except ValueError:
        raise FormRefused(name, _("Hãy ghi số mi-li-mét, ví dụ 3 hoặc -2,5.")) from None
