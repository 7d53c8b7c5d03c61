"""Time stamps (RFC 3161): the request, the check of an answer, and the client that asks one service after another.

An answer counts only when it was granted, names our digest, our nonce and an accepted policy, is signed by a
certificate for time stamping, and that chains to a pinned root. pyHanko's own client checks neither imprint nor
signature and gives up after 5 s (signing.md F9, 6.3); the services of the field need up to 131 s. Answers may come over
the network or on a USB stick: both pass `check_answer`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import cms, core, tsp
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data

from hsm.exchange import ExchangeError, post
from hsm.trust import Trust

QUERY_TYPE, REPLY_TYPE = "application/timestamp-query", "application/timestamp-reply"
LARGEST_ANSWER = 1 << 20
LONGEST_REST = 3600.0
FIRST_REST = 60.0
log = logging.getLogger(__name__)


class TsaError(Exception):
    """No time stamp now. Codes: tsa-none, tsa-unreachable, tsa-silent, tsa-not-an-answer, tsa-refused, tsa-imprint,
    tsa-nonce, tsa-policy, tsa-untrusted, tsa-resting, tsa-pace. `wait`: seconds until it is worth asking again.
    """

    def __init__(self, code: str, detail: str = "", wait: float = 0.0) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.wait = wait


@dataclass(frozen=True)
class StampRequest:
    """A request (DER) for one SHA-256 digest, with the nonce its answer must repeat."""

    digest: bytes
    nonce: int
    der: bytes


@dataclass(frozen=True)
class Stamp:
    """A checked time stamp: the token (CMS, DER), its moment, and until when its certificate is valid."""

    token: bytes
    at: datetime
    certificate_not_after: datetime
    signer: str


def make_request(digest: bytes, policy: str = "") -> StampRequest:
    """A request for a SHA-256 `digest` (32 bytes), with a fresh nonce of 63 bits and the certificate asked for."""
    if len(digest) != 32:
        raise ValueError("not a SHA-256 digest")
    nonce = secrets.randbits(63) | 1 << 62  # a fixed width tells nothing and is never negative in DER
    asked: dict[str, Any] = {
        "version": 1,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
        "nonce": nonce,
        "cert_req": True,
    }
    if policy:
        asked["req_policy"] = policy
    return StampRequest(digest, nonce, tsp.TimeStampReq(asked).dump())


def check_answer(answer: bytes, request: StampRequest, trust: Trust, policies: Sequence[str] = ()) -> Stamp:
    """The stamp in a service's answer (DER of a TimeStampResp). `policies`: accepted OIDs; none means any.

    Raises: TsaError (tsa-not-an-answer, tsa-refused, tsa-imprint, tsa-nonce, tsa-policy, tsa-untrusted).
    """
    try:
        token, content = _token_of(answer)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise TsaError("tsa-not-an-answer", f"{type(error).__name__}: {error}"[:200]) from error
    imprint = content["message_imprint"]
    if imprint["hash_algorithm"]["algorithm"].native != "sha256" or imprint["hashed_message"].native != request.digest:
        raise TsaError("tsa-imprint")
    if content["nonce"].native != request.nonce:
        raise TsaError("tsa-nonce")
    policy = content["policy"].dotted
    if policies and policy not in policies:
        raise TsaError("tsa-policy", policy)
    return _trusted(token, content["gen_time"].native, request.digest, trust)


def _token_of(answer: bytes) -> tuple[cms.ContentInfo, tsp.TSTInfo]:
    # A refusal has no token, which asn1crypto's own type for the whole answer demands.
    told = tsp.PKIStatusInfo.load(core.Sequence.load(answer, strict=True)[0].dump(), strict=True)
    if told["status"].native != "granted":  # "granted with modifications" is not what was asked for
        words = [str(told["status"].native), *(told["status_string"].native or ()), *(told["fail_info"].native or ())]
        raise TsaError("tsa-refused", "; ".join(words)[:200])
    token = tsp.TimeStampResp.load(answer, strict=True)["time_stamp_token"]
    if token["content_type"].native != "signed_data":
        raise ValueError("no signed data")
    content = token["content"]["encap_content_info"]["content"].parsed
    if not isinstance(content, tsp.TSTInfo):
        raise TypeError("no time stamp in it")
    content.native  # noqa: B018 - parsing all of it is the check
    return token, content


def _trusted(token: cms.ContentInfo, at: datetime, digest: bytes, trust: Trust) -> Stamp:
    context = trust.context(at)
    try:
        found = asyncio.run(validate_tst_signed_data(token["content"], context, lambda _: digest))
    except (SignatureValidationError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise TsaError("tsa-untrusted", f"{type(error).__name__}: {error}"[:200]) from error
    if not (found["intact"] and found["valid"]) or found["trust_problem_indic"] is not None:
        raise TsaError("tsa-untrusted", str(found["trust_problem_indic"] or "signature wrong"))
    certificate = found["signing_cert"]
    return Stamp(token.dump(), at, certificate.not_valid_after, certificate.subject.human_friendly)


@dataclass
class Pace:
    """At most `requests` questions in `window` seconds, remembered in `file` over restarts (epoch seconds).

    Some services shut a client out for a day after 20 requests in 20 minutes (signing.md 6.2).
    """

    requests: int
    window: float
    file: Path | None = None
    clock: Callable[[], float] = time.time
    _memory: list[float] = field(init=False, default_factory=list)

    def wait(self) -> float:
        """Seconds until the next question is allowed; 0 for now."""
        asked = self._asked()
        return 0.0 if len(asked) < self.requests else max(0.0, asked[-self.requests] + self.window - self.clock())

    def note(self) -> None:
        """One question is being asked now. A file that cannot be written does not stop it."""
        asked = [*self._asked(), self.clock()]
        self._memory = asked
        if self.file is None:
            return
        part = self.file.with_suffix(".part")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(asked), encoding="utf-8")
            part.replace(self.file)
        except OSError as error:
            log.warning("the pace of time-stamp requests is not remembered: %s", error)

    def _asked(self) -> list[float]:
        """The moments in the window, also of other processes (a command beside the service)."""
        now = self.clock()
        # A moment in the future is from a clock that was set back since.
        return [moment for moment in self._noted() if now - self.window < moment <= now]

    def _noted(self) -> list[float]:
        if self.file is None:
            return self._memory
        try:
            read = json.loads(self.file.read_text(encoding="utf-8"))
            return sorted({*self._memory, *(float(moment) for moment in read)})
        except (OSError, ValueError, TypeError):
            return self._memory  # never asked, or a damaged note


@dataclass
class StampClient:
    """Asks the services `urls` in turn; one that fails rests, longer each time, while the others are asked."""

    urls: Sequence[str]
    trust: Trust
    pace: Pace
    patience: float = 180.0
    policies: Sequence[str] = ()
    clock: Callable[[], float] = time.monotonic
    _rest: dict[str, tuple[int, float]] = field(default_factory=dict)

    def stamp(self, digest: bytes) -> Stamp:
        """A time stamp for a SHA-256 digest. Raises: TsaError, with the last service's reason."""
        if not self.urls:
            raise TsaError("tsa-none")
        failure = TsaError("tsa-resting", wait=min(self._resting(url) for url in self.urls))
        for url in self.urls:
            if self._resting(url) > 0:
                continue
            if (wait := self.pace.wait()) > 0:
                raise TsaError("tsa-pace", f"{wait:.0f} s", wait)
            self.pace.note()
            try:
                found = self._ask(url, digest)
            except TsaError as error:
                log.warning("time-stamp service %s: %s", url, error)
                error.wait = self._let_rest(url)
                failure = error
            else:
                self._rest.pop(url, None)
                return found
        raise failure

    def ready(self) -> bool:
        """Whether some service may be asked now."""
        return bool(self.urls) and self.pace.wait() <= 0 and any(self._resting(url) <= 0 for url in self.urls)

    def _ask(self, url: str, digest: bytes) -> Stamp:
        request = make_request(digest, self.policies[0] if len(self.policies) == 1 else "")
        try:
            answer = post(
                url,
                request.der,
                content_type=QUERY_TYPE,
                answer_type=REPLY_TYPE,
                patience=self.patience,
                largest=LARGEST_ANSWER,
            )
        except ExchangeError as error:
            codes = {"net-timeout": "tsa-silent", "net-content": "tsa-not-an-answer", "net-size": "tsa-not-an-answer"}
            raise TsaError(codes.get(error.code, "tsa-unreachable"), error.detail) from error
        return check_answer(answer, request, self.trust, self.policies)

    def _resting(self, url: str) -> float:
        return max(0.0, self._rest.get(url, (0, 0.0))[1] - self.clock()) if url in self._rest else 0.0

    def _let_rest(self, url: str) -> float:
        failures = self._rest.get(url, (0, 0.0))[0] + 1
        pause = min(LONGEST_REST, FIRST_REST * 2 ** (failures - 1))
        self._rest[url] = (failures, self.clock() + pause)
        return pause
