"""The time-stamp client against real servers on loopback that refuse, hang, drip, lie and answer something else."""

from __future__ import annotations

import socket
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import tsp
from certomancer.registry import ServiceLabel

from hsm.exchange import ExchangeError, fetch
from hsm.trust import Trust
from hsm.tsa import Pace, StampClient, StampRequest, TsaError, check_answer, make_request
from tests.fixtures_pki import TODAY, TestAuthority

DIGEST = sha256(b"a paper").digest()
SHORT = 1.5


def client(authority: TestAuthority, *urls: str, **other: object) -> StampClient:
    given: dict[str, object] = {"patience": 20.0, **other}
    return StampClient(urls, authority.stamp_trust, Pace(1000, 60.0), **given)  # type: ignore[arg-type]


def answered(authority: TestAuthority, request: StampRequest) -> tsp.TimeStampResp:
    service = authority.arch.service_registry.summon_timestamper(ServiceLabel("tsa"), TODAY)
    return service.request_tsa_response(tsp.TimeStampReq.load(request.der))


def test_a_good_service_gives_a_checked_stamp(authority: TestAuthority) -> None:
    stamp = client(authority, authority.tsa()).stamp(DIGEST)
    assert (stamp.at, stamp.certificate_not_after.year) == (TODAY, 2032)
    assert "Dấu thời gian thử nghiệm 1" in stamp.signer


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("portal", "tsa-not-an-answer"),
        ("redirect", "tsa-unreachable"),
        ("junk", "tsa-not-an-answer"),
        ("huge", "tsa-not-an-answer"),
        ("error", "tsa-unreachable"),
        ("rejects", "tsa-refused"),
        ("wrong-imprint", "tsa-imprint"),
        ("fixed-nonce", "tsa-nonce"),
        ("no-nonce", "tsa-nonce"),
    ],
)
def test_a_faulty_service_is_refused_by_its_name(authority: TestAuthority, fault: str, code: str) -> None:
    with pytest.raises(TsaError) as caught:
        client(authority, authority.fault(fault)).stamp(DIGEST)
    assert caught.value.code == code
    assert caught.value.wait > 0


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_patience_ends(authority: TestAuthority, fault: str) -> None:
    """A server that drips a byte now and then starts every socket timeout anew; the alarm does not care."""
    began = time.monotonic()
    with pytest.raises(TsaError) as caught:
        client(authority, authority.fault(fault), patience=SHORT).stamp(DIGEST)
    assert caught.value.code == "tsa-silent"
    assert time.monotonic() - began >= SHORT * 0.9


def test_a_slow_service_within_patience_is_fine(authority: TestAuthority) -> None:
    assert client(authority, authority.fault("slow")).stamp(DIGEST).at == TODAY


def test_nobody_listens(authority: TestAuthority) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(TsaError) as caught:
            client(authority, url).stamp(DIGEST)
    assert caught.value.code == "tsa-unreachable"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://[", "http://h:99999/"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        fetch(url, patience=1.0, largest=10)
    assert caught.value.code == "net-address"


def test_a_stranger_is_not_believed(authority: TestAuthority) -> None:
    with pytest.raises(TsaError) as caught:
        client(authority, authority.tsa("strange-tsa")).stamp(DIGEST)
    assert caught.value.code == "tsa-untrusted"


def test_a_signer_certificate_is_no_time_stamp_service(authority: TestAuthority) -> None:
    """Pinned as a root, but without the usage for time stamping."""
    request = make_request(DIGEST)
    answer = answered(authority, request)
    check_answer(answer.dump(), request, authority.stamp_trust)
    with pytest.raises(TsaError) as caught:
        check_answer(answer.dump(), request, Trust((authority.certificate("ocsp"),)))
    assert caught.value.code == "tsa-untrusted"


def test_a_changed_answer_is_refused(authority: TestAuthority) -> None:
    request = make_request(DIGEST)
    answer = answered(authority, request)
    whole = answer.dump()
    moment = whole.index(b"20261120030000Z")
    with pytest.raises(TsaError) as caught:
        check_answer(whole[:moment] + b"20251120030000Z" + whole[moment + 15 :], request, authority.stamp_trust)
    assert caught.value.code == "tsa-untrusted"


def test_the_policy_must_be_one_of_ours(authority: TestAuthority) -> None:
    request = make_request(DIGEST)
    answer = answered(authority, request)
    told = answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed["policy"].dotted
    check_answer(answer.dump(), request, authority.stamp_trust, (told,))
    with pytest.raises(TsaError) as caught:
        check_answer(answer.dump(), request, authority.stamp_trust, ("1.2.3.4",))
    assert caught.value.code == "tsa-policy"


def test_the_next_service_is_asked_and_the_faulty_one_rests(authority: TestAuthority) -> None:
    now = [1000.0]
    one = client(authority, authority.fault("error"), authority.tsa(), clock=lambda: now[0])
    for _ in range(3):
        one.stamp(DIGEST)
    assert authority.asked.count("/fault/error") == 1
    now[0] += 61
    one.stamp(DIGEST)
    one.stamp(DIGEST)
    assert authority.asked.count("/fault/error") == 2
    now[0] += 61
    one.stamp(DIGEST)
    assert authority.asked.count("/fault/error") == 2, "it rests longer the second time"


def test_all_of_them_rest(authority: TestAuthority) -> None:
    one = client(authority, authority.fault("error"))
    for code in ("tsa-unreachable", "tsa-resting"):
        with pytest.raises(TsaError) as caught:
            one.stamp(DIGEST)
        assert caught.value.code == code
    assert not one.ready()
    assert authority.asked.count("/fault/error") == 1


def test_the_pace_is_kept_over_a_restart(authority: TestAuthority, tmp_path: Path) -> None:
    """20 questions in 20 minutes shut an office out for a day at one service (signing.md 6.2)."""
    now = [1_700_000_000.0]

    def fresh() -> StampClient:
        pace = Pace(3, 1200.0, tmp_path / "pace.json", lambda: now[0])
        return StampClient((authority.tsa(),), authority.stamp_trust, pace, patience=20.0)

    for _ in range(3):
        fresh().stamp(DIGEST)
        now[0] += 10
    with pytest.raises(TsaError) as caught:
        fresh().stamp(DIGEST)
    assert (caught.value.code, caught.value.wait) == ("tsa-pace", 1170.0)
    now[0] += 1171
    fresh().stamp(DIGEST)
    assert len(authority.asked) == 4


def test_two_processes_keep_one_pace(tmp_path: Path) -> None:
    now = 1_700_000_000.0
    service, command = (Pace(2, 60.0, tmp_path / "pace.json", lambda: now) for _ in range(2))
    service.note()
    now += 1
    command.note()
    assert service.wait() == command.wait() == 59.0


def test_a_damaged_note_of_the_pace_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "pace.json").write_text("{not json")
    assert Pace(1, 60.0, tmp_path / "pace.json").wait() == 0.0


def test_a_clock_set_back_does_not_block(tmp_path: Path) -> None:
    now = [2_000_000_000.0]
    pace = Pace(1, 60.0, tmp_path / "pace.json", lambda: now[0])
    pace.note()
    assert pace.wait() == 60.0
    now[0] -= timedelta(days=300).total_seconds()
    assert pace.wait() == 0.0


def test_every_request_has_its_own_nonce() -> None:
    made = {make_request(DIGEST).nonce for _ in range(50)}
    assert len(made) == 50
    assert all(1 << 62 <= nonce < 1 << 63 for nonce in made)


def test_only_a_sha256_digest_is_asked_for() -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        make_request(b"short")
