"""The province's signed answer, opened for people: what it says, and its bytes for whoever wants to verify them again.

The box verified the answer before it kept it (``sync``); nothing is believed here that was not believed there.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from appliance.store.outbox import Delivery
from sync.protocol.codec import CodecError
from sync.protocol.cose import unseal
from sync.protocol.receipt import Receipt


def receipt_facts(delivery: Delivery | None) -> dict[str, Any] | None:
    """The last answer as plain values, or None while there is none.

    ``opened`` is None when the bytes are of a form this version does not read; they are given unchanged in ``cose``.
    """
    if delivery is None or delivery.answer is None or delivery.answer_bytes is None:
        return None
    return {
        "document_id": delivery.document_id,
        "sequence": delivery.sequence,
        "answer": delivery.answer,
        "answered_at": delivery.answered_at.isoformat() if delivery.answered_at else None,
        "sha256": delivery.sha256,
        "size": delivery.size,
        "opened": _opened(delivery.answer_bytes),
        "cose": base64.b64encode(delivery.answer_bytes).decode(),
    }


def _opened(envelope: bytes) -> dict[str, Any] | None:
    try:
        sealed = unseal(envelope)
        receipt = Receipt.decode(sealed.payload)
    except (CodecError, ValueError):
        return None
    return {
        "key": sealed.kid,
        "number": receipt.number,
        "box": receipt.box,
        "sequence": receipt.sequence,
        "document_id": receipt.document_id,
        "sha256": receipt.sha256.hex(),
        "size": receipt.size,
        "result": receipt.result.name.lower(),
        "at": datetime.fromtimestamp(receipt.wall, UTC).isoformat(),
        "code": receipt.code,
        "text": receipt.text,
    }
