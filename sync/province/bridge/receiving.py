"""Packets that come in: read leniently, kept whole, noted once, answered with "đã đến".

Owns what is kept of a packet (`received/<digest>/`: the packet itself, its files, its facts as JSON) and which document
a status means. Judges no content: a box or a person does. What is no packet is set aside with the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sync.edxml.packet import Attached, Code, Organ, Packet, Processing, ProcessingReport, Response, document_identifier
from sync.edxml.reading import PacketRefused, Read, read
from sync.edxml.writing import report_bytes
from sync.province.bridge.exchange import Arrival, Exchange
from sync.province.bridge.ledger import Arrived, Ledger
from sync.province.bridge.onward import Onward
from sync.province.bridge.packing import local_moment, safe_name
from sync.province.bridge.places import Places, attachment_names
from sync.province.bridge.settings import Settings

Say = Callable[[str, str], str]


class Intake:
    """Everything the other side has, once."""

    def __init__(
        self, ledger: Ledger, places: Places, settings: Settings, exchange: Exchange, say: Say, onward: Onward
    ) -> None:
        self._ledger, self._places, self._settings, self._exchange, self._say = (
            ledger, places, settings, exchange, say,
        )  # fmt: skip
        self._onward = onward

    def once(self, now: float) -> int:
        """Take in what is there; returns how many were new. Raises NotFetched when the other side cannot be asked."""
        fresh = 0
        for arrival in self._exchange.arrivals():
            fresh += self._take(arrival, now)
            self._exchange.taken(arrival)
        return fresh

    def _take(self, arrival: Arrival, now: float) -> bool:
        if arrival.content is None:
            self._places.set_aside(safe_name(arrival.name), None, self._say("edxml-too-large", arrival.name))
            if arrival.path is not None:
                arrival.path.replace(self._places.failed / safe_name(arrival.name))
            return False
        sha256 = hashlib.sha256(arrival.content).hexdigest()
        if self._ledger.holds(sha256):
            return False
        try:
            found = read(arrival.content)
        except PacketRefused as refused:
            name = f"{sha256[:8]}-{safe_name(arrival.name)}"
            self._places.set_aside(name, arrival.content, self._say(refused.code, refused.detail))
            self._ledger.arrived(
                Arrived(sha256, arrival.name, "refused", "", "", "", "", refused.code, refused.detail[:500], 0, now)
            )
            return True
        self._keep(sha256, arrival, found, now)
        return True

    def _keep(self, sha256: str, arrival: Arrival, found: Read, now: float) -> None:
        said, oddities = found.packet, len(found.oddities)
        files = said.files if isinstance(said, Packet) else ()
        names = attachment_names([file.name for file in files])
        facts = json.dumps(facts_of(found, names), ensure_ascii=False, indent=1).encode()
        kept = {"packet.edxml": arrival.content or b"", "facts.json": facts}
        kept |= {name: file.content for name, file in zip(names, files, strict=True)}
        folder = self._places.keep_received(sha256, kept)
        sender = said.sender.organ_id
        if isinstance(said, Packet):
            office, box = self._addressed(said)
            if box and self._settings.deliver:
                self._onward.packet(sha256, said, box, folder, names, now)
            answer = (answer_key(sha256, Processing.ARRIVED), report_on(said, office, Processing.ARRIVED, "", now))
            self._ledger.arrived(
                Arrived(
                    sha256, arrival.name, "edoc", sender, box, said.document_id, "", "", said.subject, oddities, now
                ),
                answer if self._settings.acknowledge and sender else None,
            )
            return
        about = self._meant(said.about)
        box = about.partition("/")[0]
        if about and self._settings.deliver:
            self._onward.report(about, said, now)
        self._ledger.arrived(
            Arrived(
                sha256, arrival.name, "status", sender, box, said.about.document_id, about,
                said.processing.value, said.description, oddities, now,
            )
        )  # fmt: skip

    def _addressed(self, packet: Packet) -> tuple[Organ, str]:
        """The first receiver that is ours, and its box; a packet for nobody else is the province's own."""
        known = {organ.organ_id: (organ, box) for box, organ in self._settings.boxes.items()}
        ours = [known[each.organ_id] for each in packet.receivers if each.organ_id in known]
        return ours[0] if ours else (self._settings.office, "")

    def _meant(self, about: Response) -> str:
        """The key of the document of ours that a status speaks of, or ""."""
        identifiers = [about.document_id]
        if about.organ_id and about.promulgated and about.code:
            identifiers.append(document_identifier(about.organ_id, about.promulgated, Code(about.code)))
        for identifier in identifiers:
            if identifier and (found := self._ledger.of_document(identifier)) is not None:
                return found.key
        return ""


def report_on(packet: Packet, office: Organ, processing: Processing, text: str, now: float) -> bytes:
    """The status packet with which an office answers a packet."""
    about = Response(packet.sender.organ_id, packet.code.written, packet.document_id, packet.promulgated)
    return report_bytes(
        ProcessingReport(office, about, processing, text, local_moment(now), receivers=(packet.sender,))
    )


def answer_key(sha256: str, processing: Processing) -> str:
    """Under which our status about an arrival stands in the ledger: one of each code."""
    return f"status/{sha256[:32]}/{processing.value}"


def facts_of(found: Read, names: list[str]) -> dict[str, Any]:
    """What a packet says as plain values, for `facts.json`: files by name and size, not by content."""
    said = found.packet
    facts = {name: _plain(value) for name, value in _fields(said).items() if name != "files"}
    if isinstance(said, Packet):
        facts["files"] = [
            {"name": name, "said_name": file.name, "size": len(file.content), "content_type": file.content_type,
             "description": file.description, "sha256": hashlib.sha256(file.content).hexdigest()}
            for name, file in zip(names, said.files, strict=True)
        ]  # fmt: skip
    kind = "edoc" if isinstance(said, Packet) else "status"
    return {"kind": kind, **facts, "oddities": [_plain(each) for each in found.oddities]}


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, Attached):
        return {name: _plain(each) for name, each in _fields(value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return str(value)
