"""What came over the bridge goes on to the box it is for: files as electronic documents, statuses as stages.

Owns which of a packet's files travel (those that begin as PDF: a box takes nothing else) and under which id. Doing it
again changes nothing: an id is made of the packet's digest, and a stage that was told cannot be told again. What cannot
go on stays in `received/` for a person, with a line in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from sync.edxml.packet import Packet, Processing, ProcessingReport
from sync.province.handling import NotPossible, answer_recall, handle
from sync.province.store import ProvinceStore
from sync.province.store.outgoing import Outgoing, SentBefore, UnknownBox

log = logging.getLogger("commune-province.edxml")
_RECALLS = {Processing.RECALL_AGREED: True, Processing.RECALL_REFUSED: False}
_MOST_PRIORITY = 3


class Onward:
    """Towards boxes, through the province's own rows; the running `serve` sends."""

    def __init__(self, store: ProvinceStore, most_bytes: int) -> None:
        self._store, self._most_bytes = store, most_bytes

    def packet(self, sha256: str, packet: Packet, box: str, folder: Path, names: Sequence[str], now: float) -> int:
        """Queue a packet's PDF files for a box; returns how many are on their way."""
        outgoing, queued = Outgoing(self._store), 0
        fields = {
            "subject": packet.subject,
            "code": packet.code.written,
            "issuer": packet.sender.name,
            "issued_date": packet.promulgated.isoformat() if packet.promulgated else "",
            "type_name": packet.type_name,
        }
        for number, (name, file) in enumerate(zip(names, packet.files, strict=True), 1):
            if not file.content.startswith(b"%PDF-") or len(file.content) > self._most_bytes:
                log.warning("not sent on box=%s packet=%s file=%s", box, sha256[:16], name)
                continue
            meta = {"kind": "electronic", "name": name, "fields": {key: said for key, said in fields.items() if said}}
            priority = min(_MOST_PRIORITY, int(packet.priority))
            try:
                digest, size = outgoing.keep(folder / name)
                outgoing.queue(box, f"edxml-{sha256[:32]}-{number}", digest, size, priority, meta, now)
            except SentBefore:
                pass  # a kill came between this row and the bridge's own
            except UnknownBox:
                log.warning("not sent on: no such box=%s packet=%s", box, sha256[:16])
                return queued
            queued += 1
        return queued

    def report(self, key: str, report: ProcessingReport, now: float) -> bool:
        """Tell a box what became of its document; False when that cannot follow what it was told before."""
        box, _, document_id = key.partition("/")
        by, code = report.sender.name or report.sender.organ_id, report.processing
        try:
            if code in _RECALLS:
                answer_recall(self._store, document_id, box, _RECALLS[code], report.description, by, now)
            else:
                handle(self._store, document_id, box, code.value, report.description, by, now)
        except NotPossible as refused:
            log.info("stage not told box=%s document=%s code=%s: %s", box, document_id, code.value, refused)
            return False
        return True
