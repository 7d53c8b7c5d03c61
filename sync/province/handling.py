"""What the province's people decide about documents: stages of what boxes sent, recalls both ways.

Owns the rules before a notice is said. Source: Decision 28/2018/QĐ-TTg, article 9. Refuses a stage that cannot follow,
a recall without a reason, and an answer to a recall that nobody asked for (`NotPossible`).
"""

from __future__ import annotations

from sync.protocol.messages import transfer_id
from sync.protocol.notices import AGREED, ARRIVED, KEPT, NEEDS_REASON, RECALL, may_follow
from sync.protocol.topics import Direction
from sync.province.store import ProvinceStore, StoredDocument
from sync.province.store.handling import Handling, Word, recall_asked
from sync.province.store.outgoing import Outgoing

_STAGES = frozenset({"01", "02", "03", "04", "05", "06"})


class NotPossible(Exception):
    """The decision is refused; `code` is `no-such-document`, `needs-reason`, `cannot-follow`, `no-recall-asked` or
    `recalled-before`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def recall(store: ProvinceStore, document_id: str, box: str, reason: str, by: str, now: float) -> list[str]:
    """Ask boxes (all that were sent it, or one) to give a document up; returns them. Raises NotPossible."""
    _needs_reason(RECALL, reason)
    rows, asked = Handling(store), []
    for sent in Outgoing(store).find(document_id, box):
        words = [word for word in rows.of_document(document_id, sent.box) if word.way == "down"]
        if recall_asked(words, Direction.DOWN) or any(word.code == AGREED for word in words):
            continue
        tid = transfer_id(sent.box, document_id, bytes.fromhex(sent.sha256)).hex()
        rows.say(sent.box, Direction.DOWN, tid, document_id, RECALL, reason, by, now)
        asked.append(sent.box)
    if not asked:
        known = bool(Outgoing(store).find(document_id, box))
        raise NotPossible("recalled-before" if known else "no-such-document", document_id)
    return asked


def handle(store: ProvinceStore, document_id: str, box: str, code: str, reason: str, by: str, now: float) -> str:
    """Tell a box which stage handling of a document it sent has reached; returns the box. Raises NotPossible."""
    document, words = _up(store, document_id, box)
    said = [word.code for word in words if word.ours and word.code in _STAGES]
    before = said[-1] if said else ARRIVED
    if not may_follow(before, code) and (said or code != ARRIVED):
        raise NotPossible("cannot-follow", f"{before} → {code}")
    _needs_reason(code, reason)
    _say(store, document, code, reason, by, now)
    return document.box


def answer_recall(
    store: ProvinceStore, document_id: str, box: str, agreed: bool, reason: str, by: str, now: float
) -> str:
    """Agree that a box takes a document back that it sent, or refuse with a reason; returns the box.

    Raises NotPossible. The province's copy and receipt stay: they prove what was received and when.
    """
    document, words = _up(store, document_id, box)
    if not recall_asked(words, Direction.UP):
        raise NotPossible("no-recall-asked", document_id)
    code = AGREED if agreed else KEPT
    _needs_reason(code, reason)
    _say(store, document, code, reason, by, now)
    return document.box


def _up(store: ProvinceStore, document_id: str, box: str) -> tuple[StoredDocument, list[Word]]:
    document = store.reading.document(document_id, box)
    if document is None:
        raise NotPossible("no-such-document", document_id)
    words = Handling(store).of_document(document.document_id, document.box)
    return document, [word for word in words if word.way == "up"]


def _say(store: ProvinceStore, document: StoredDocument, code: str, reason: str, by: str, now: float) -> None:
    Handling(store).say(document.box, Direction.UP, document.tid, document.document_id, code, reason, by, now)


def _needs_reason(code: str, reason: str) -> None:
    if code in NEEDS_REASON and not reason.strip():
        raise NotPossible("needs-reason")
