"""What an answer of the other side means for a packet: taken, again later, refused for good, or a person must act.

Owns the retry classes. Source: the error codes of provincial LGSP platforms (0 taken; 10 invalid file, 15 wrong
credentials, 18 receiver unknown, 19 sender not registered, 20 system error, 21 file not processed, 22 wrong edXML, 23
receiver locked; none of 10-23 is repeated by a machine) and their practice of trying network faults after 30, 60, 120,
240 and 480 seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PAUSES = (30.0, 60.0, 120.0, 240.0, 480.0)
LATER = 1800.0
"""Seconds between attempts after those: a platform may be down for days, and no packet is ever given up for that."""
LONGEST_ASKED = 6 * 3600.0


class Verdict(StrEnum):
    """What follows."""

    TAKEN = "taken"
    AGAIN = "again"
    """The line or the platform is at fault: the same packet again, after a pause; no packet is blamed."""
    REFUSED = "refused"
    """The packet itself is not acceptable: sending it again changes nothing."""
    PERSON = "person"
    """This packet waits until somebody changed something: a registration, an address."""
    CLOSED = "closed"
    """Every packet waits for a person: credentials or address of the platform are wrong."""


@dataclass(frozen=True)
class Answer:
    """`code` is stable (`lgsp-22`, `http-503`, `no-answer`…), `wait` are seconds the other side asked for."""

    verdict: Verdict
    code: str = ""
    detail: str = ""
    remote_id: str = ""
    wait: float = 0.0


_OF_CODE = {
    "10": Verdict.REFUSED,
    "15": Verdict.CLOSED,
    "18": Verdict.PERSON,
    "19": Verdict.PERSON,
    "20": Verdict.PERSON,
    "21": Verdict.REFUSED,
    "22": Verdict.REFUSED,
    "23": Verdict.PERSON,
}
_OF_HTTP = {
    401: Verdict.CLOSED,
    403: Verdict.CLOSED,
    404: Verdict.CLOSED,
    405: Verdict.CLOSED,
    407: Verdict.CLOSED,
    408: Verdict.AGAIN,
    425: Verdict.AGAIN,
    429: Verdict.AGAIN,
    400: Verdict.REFUSED,
    413: Verdict.REFUSED,
    415: Verdict.REFUSED,
    422: Verdict.REFUSED,
}


def pause(attempts: int) -> float:
    """Seconds before the next attempt, after so many."""
    return PAUSES[attempts] if attempts < len(PAUSES) else LATER


def no_answer(detail: str) -> Answer:
    """Nothing came back: the line, the name, the time."""
    return Answer(Verdict.AGAIN, "no-answer", detail)


def judged(http: int, body: Any, retry_after: str = "") -> Answer:
    """The meaning of an HTTP answer; `body` is its JSON, or None where it is none.

    A code of the platform goes before the HTTP code. A success that cannot be read goes to a person, not into another
    attempt: the packet may have been taken, and nobody wants it twice.
    """
    said = body if isinstance(body, Mapping) else {}
    inner = said.get("data")
    inner = inner if isinstance(inner, Mapping) else {}
    code = _word(said, inner, "errorCode")
    detail = (_word(inner, said, "errorDesc") or _word(said, inner, "message"))[:300]
    remote_id = _word(said, inner, "docId")
    if code and code != "0":
        verdict = _OF_CODE.get(code, Verdict.PERSON)
        return Answer(verdict, f"lgsp-{code[:20]}", detail, remote_id)
    if 200 <= http < 300:
        taken = said.get("success") is True or str(said.get("status", "")).upper() == "OK" or code == "0"
        if taken:
            return Answer(Verdict.TAKEN, remote_id=remote_id)
        return Answer(Verdict.PERSON, "answer-unclear", detail)
    if 500 <= http < 600:
        return Answer(Verdict.AGAIN, f"http-{http}", detail, wait=_seconds(retry_after))
    if 300 <= http < 400:
        return Answer(Verdict.CLOSED, f"http-{http}", detail)
    verdict = _OF_HTTP.get(http, Verdict.PERSON)
    return Answer(verdict, f"http-{http}", detail, wait=_seconds(retry_after) if verdict is Verdict.AGAIN else 0.0)


def _word(first: Mapping[str, Any], second: Mapping[str, Any], name: str) -> str:
    for place in (first, second):
        for key, value in place.items():
            if str(key).lower() == name.lower() and value not in (None, ""):
                return str(value)
    return ""


def _seconds(retry_after: str) -> float:
    return min(LONGEST_ASKED, float(retry_after)) if retry_after.strip().isdigit() else 0.0
