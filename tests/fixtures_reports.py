"""An office's rows for reports, put into a real database by the store's own functions: papers, letters, receipts.

Signatures and receipts are made up; every row goes through ``insert``, ``allocate``, ``enter`` and ``answered``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.domain.documents import FieldValue, add_signature, advance, give_consent
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event
from appliance.domain.zone import VIETNAM
from appliance.registers.rows import Act
from appliance.store import Store, books, documents, outbox, registers
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_store import digitized, paper, signature


def local(text: str) -> datetime:
    """``2021-05-03 09:00`` in Vietnam, as UTC: the box's clock and its rows are UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM).astimezone(UTC)


class Office:
    """Writes rows inside one transaction; times are Vietnamese."""

    def __init__(self, db: Any) -> None:
        self.db = db
        (self._electronic,) = db.execute("SELECT count(*) FROM incoming_answers").fetchone()

    def scans(self, count: int, at: datetime, arrived: datetime | None = None, type_name: str = "Công văn") -> None:
        """Incoming papers registered at ``at``."""
        fields = {"type_name": FieldValue(type_name), "subject": FieldValue("Về việc"), "code": FieldValue("1/SYT")}
        for _ in range(count):
            kept = paper(fields=fields, received_at=arrived or at)
            documents.insert(self.db, kept, "test", {})
            registers.allocate(self.db, "den", at.year, kept.id, at)
            books.enter(self.db, kept, "Lan", at)

    def files(self, count: int, at: datetime, type_name: str = "Công văn") -> None:
        """Incoming electronic documents registered at ``at``."""
        for _ in range(count):
            self._electronic += 1
            one = electronic(self._electronic, at, type_name=type_name, subject="Về việc")
            take_electronic(self.db, one)
            registers.allocate_electronic(self.db, "den", at.year, one.document_id, at)
            books.enter_electronic(self.db, one, "Lan", at)

    def letters(
        self, count: int, at: datetime, leader: bool = True, agency: bool = True, minutes: float | None = None
    ) -> None:
        """Outgoing documents with these signatures; ``minutes`` later the province's receipt."""
        for _ in range(count):
            kept = advance(digitized(paper(Kind.OUTGOING, received_at=at)), Event.APPROVED, at)
            for slot in [Slot.LEADER] * leader + [Slot.AGENCY] * (leader and agency):
                kept = add_signature(give_consent(kept, slot, "Thuận", at), signature(kept, slot), at)
            documents.insert(self.db, kept, "test", {})
            registers.allocate(self.db, "di", at.year, kept.id, at)
            books.enter(self.db, kept, "Lan", at)
            if minutes is not None:
                outbox.enqueue(self.db, kept.id, kept.current_sha256, kept.current_size, 0, {}, at)
                outbox.answered(self.db, kept.id, "accepted", b"receipt", at + timedelta(minutes=minutes))

    def paper_letters(self, count: int, at: datetime, why: str = "") -> None:
        """Outgoing documents that exist on paper alone: a reserved number, written by hand; ``why``, unless that was
        before the box asked.
        """
        for _ in range(count):
            self._by_hand("di", at, {"code": "x/UBND", "subject": "Giấy"} | ({"paper_only": why} if why else {}))

    def paper_arrivals(self, count: int, at: datetime) -> None:
        """Incoming documents written into the register by hand."""
        for _ in range(count):
            self._by_hand("den", at, {"issuer": "Công an", "subject": "Giấy"})

    def unused(self, register: str, at: datetime) -> None:
        """One number that stays reserved and one that becomes void: neither is a document."""
        for act in (Act.RESERVED, Act.VOIDED):
            taken = self._free(register, at)
            books.append(self.db, taken, books.version(register, taken, Act.RESERVED, {}, "giữ", "Lan", at))
            if act is Act.VOIDED:
                books.append(self.db, taken, books.version(register, taken, act, {}, "thừa", "Lan", at))

    def term(self, number: int, year: int, due: str, finished: str = "") -> None:
        """A due date of an incoming document."""
        taken = registers.find(self.db, "den", year, number)
        assert taken
        cells = {"due": due} | ({"finished_on": finished} if finished else {})
        at = taken.allocated_at
        books.append(self.db, taken, books.version("giai-quyet", taken, Act.FILLED, cells, "", "Lan", at))

    def void(self, register: str, year: int, number: int) -> None:
        """Make a number void."""
        taken = registers.find(self.db, register, year, number)
        assert taken
        books.append(
            self.db, taken, books.version(register, taken, Act.VOIDED, {}, "ghi trùng", "Lan", taken.allocated_at)
        )

    def _by_hand(self, register: str, at: datetime, cells: dict[str, str]) -> None:
        taken = self._free(register, at)
        for act, said in ((Act.RESERVED, {}), (Act.FILLED, cells)):
            books.append(self.db, taken, books.version(register, taken, act, said, "văn bản giấy", "Lan", at))

    def _free(self, register: str, at: datetime) -> registers.Taken:
        taken = registers.find(self.db, register, at.year, registers.allocate_free(self.db, register, at.year, at))
        assert taken
        return taken


def in_one_go(store: Store, write: Any) -> None:
    """Let ``write(office)`` put rows into the store in one transaction."""
    store.write(lambda db: write(Office(db)))
