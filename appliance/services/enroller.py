"""The pages' other half at enrolment: one question on standard input, one answer on standard output, then the end.

The pages load no PKCS#11 module, reach no token and may not write what is enrolled. They ask this program
(``commune-box serve enrolment``): on an installed box systemd starts it at `commune-enrolment.socket`, once a
connection, with its own user and rights; elsewhere the pages start it as a child. Only modules that are known on this
machine are loaded, whatever the question says.

Question: {"ask": "look"} or {"ask": "enrol", "slot", "module", "token", "certificate" (a file, base64, or ""),
"key_id", "mechanism", "pin_each_signature", "by", "pin"}. Answer: {"ok": true, …} or {"ok": false, "code", "detail"}.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import resource
import socket
import struct
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance import enrolling
from appliance.config import Config
from appliance.enrolling import SLOTS, Wish
from hsm.__main__ import harden
from hsm.api import MECHANISMS, SigningError
from hsm.certificates import parse_all
from hsm.enrolment import EnrolmentError
from hsm.modules import find_modules
from hsm.trust import TrustError

MOST_BYTES = 64 << 10
LOOK_SECONDS = 20.0
"""A person waits at the page; a module that takes longer only to show itself is told as one that hangs."""
_MEMORY_BYTES, _CPU_SECONDS = 4 << 30, 120


class QuestionRefused(Exception):
    """The question is none of ours; ``code`` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def answer_one(config: Config) -> int:
    """Answer standard input's question on standard output. Returns the exit code, 0 once an answer was given."""
    harden()
    for what, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CPU, _CPU_SECONDS)):
        _limit(what, most)
    asked = sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        _refuse_strangers(config)
        answer = {"ok": True, **_answer(config, _object(asked))}
    except (SigningError, TrustError, EnrolmentError, QuestionRefused) as error:
        answer = {"ok": False, "code": error.code, "detail": error.detail[:500]}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode())
    sys.stdout.buffer.flush()
    return 0


def _answer(config: Config, question: dict[str, Any]) -> dict[str, Any]:
    if question.get("ask") == "look":
        modules = enrolling.look(config, seconds=LOOK_SECONDS)
        enrolling.judge(config, modules, datetime.now(UTC))
        return {"modules": modules}
    if question.get("ask") != "enrol":
        raise QuestionRefused("operation-unknown", str(question.get("ask"))[:40])
    wish, pin = _wish(config, question), _text(question, "pin")
    made, _path = enrolling.enrol(config, wish, lambda _label, pad: "" if pad else pin, datetime.now(UTC))
    return {"slot": made.slot, "subject": made.present.subject, "token_serial": made.token_serial}


def _wish(config: Config, question: dict[str, Any]) -> Wish:
    module, slot, mechanism = Path(_text(question, "module")), _text(question, "slot"), _text(question, "mechanism")
    if slot not in SLOTS:
        raise QuestionRefused("slot-unknown", slot)
    if module not in [found.path for found in find_modules(extra=enrolling.own_modules(config))]:
        raise QuestionRefused("module-not-known", str(module))
    if mechanism not in ("", *MECHANISMS):
        raise QuestionRefused("frame-body", "mechanism")
    return Wish(
        slot=slot,
        module=module,
        environment=enrolling.environment_of(config, module),
        token=_text(question, "token"),
        certificate=_certificate(_text(question, "certificate")),
        key_id=_text(question, "key_id"),
        mechanism=mechanism,
        pin_each_signature=question.get("pin_each_signature") is True,
        by=_text(question, "by"),
    )


def _certificate(said: str) -> bytes:
    if not said:
        return b""
    try:
        return parse_all(base64.b64decode(said, validate=True))[0]
    except (binascii.Error, ValueError) as error:
        raise QuestionRefused("certificate-unreadable", str(error)) from error


def _refuse_strangers(config: Config) -> None:
    """On a socket, ask the kernel who calls: only the box's users (``allowed_uids``) and our own."""
    try:
        with socket.socket(fileno=os.dup(0)) as peer:
            uid = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    except OSError:
        return  # a pipe: whoever started us has our rights already
    if uid not in (*config.signer.allowed_uids, os.getuid()):
        raise QuestionRefused("peer-not-allowed", str(uid))


def _object(asked: bytes) -> dict[str, Any]:
    if len(asked) > MOST_BYTES:
        raise QuestionRefused("frame-size")
    try:
        found = json.loads(asked)
    except (ValueError, RecursionError) as error:
        raise QuestionRefused("frame-body", type(error).__name__) from error
    if not isinstance(found, dict):
        raise QuestionRefused("frame-body", "not an object")
    return found


def _text(question: dict[str, Any], name: str) -> str:
    value = question.get(name, "")
    if not isinstance(value, str):
        raise QuestionRefused("frame-body", name)
    return value


def _limit(what: int, most: int) -> None:
    """Lower a limit; a tighter one that is already set stays."""
    _soft, hard = resource.getrlimit(what)
    kept = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (kept, kept))
