"""Bytes in S3: what is believed, what is repeated, and what a server that is away costs."""

from __future__ import annotations

import hashlib
import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.province.archiving import ArchivingCheck
from sync.province.checking import CheckUnavailable, Finding
from sync.province.store import BlobDamaged, BlobsAway, Engines
from sync.province.store import s3 as module
from sync.province.store.s3 import S3Blobs
from tests.fakes.province import ScriptedCheck
from tests.fixtures_engines import S3Server

CONTENT = b"%PDF-1.7 " + os.urandom(50_000)
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def engines(s3_server: S3Server, s3_keys: None) -> Engines:
    return Engines(blobs=s3_server.bucket(), s3_endpoint=s3_server.endpoint)


@pytest.fixture
def blobs(engines: Engines, tmp_path: Path) -> S3Blobs:
    return S3Blobs(engines, "blobs", tmp_path / "cache")


@pytest.fixture
def part(tmp_path: Path) -> Path:
    made = tmp_path / "x.part"
    made.write_bytes(CONTENT)
    return made


@pytest.fixture
def asked(blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that reach the server, in order."""
    seen: list[str] = []
    original = blobs._client._make_api_call

    def call(name: str, arguments: dict[str, Any]) -> Any:
        seen.append(name)
        return original(name, arguments)

    monkeypatch.setattr(blobs._client, "_make_api_call", call)
    return seen


def overwrite(blobs: S3Blobs, sha256: str, content: bytes) -> None:
    """Put other bytes under a digest, as a broken server or a careless administrator would."""
    blobs._client.put_object(Bucket=blobs._bucket, Key=blobs._key(sha256), Body=content)


def test_what_was_secured_is_not_sent_again(blobs: S3Blobs, part: Path, asked: list[str]) -> None:
    blobs.secure(part, SHA)
    assert asked == ["PutObject", "GetObject"], "put, and read back before it counts"
    asked.clear()
    assert blobs.adopt(part, SHA).read_bytes() == CONTENT
    assert asked == []
    assert not part.exists()


def test_an_object_that_is_there_stays_and_is_looked_at(blobs: S3Blobs, part: Path, tmp_path: Path) -> None:
    blobs.secure(part, SHA)
    again = tmp_path / "y.part"
    again.write_bytes(CONTENT)
    blobs.secure(again, SHA)
    assert list(blobs.every()) == [SHA]


def test_a_damaged_object_is_put_anew(blobs: S3Blobs, part: Path, asked: list[str]) -> None:
    overwrite(blobs, SHA, CONTENT[:-1])
    asked.clear()
    blobs.secure(part, SHA)
    assert asked == ["PutObject", "GetObject", "PutObject", "GetObject"]
    assert blobs.measured(SHA) == (SHA, len(CONTENT))


def test_damaged_bytes_are_never_given_out(blobs: S3Blobs, tmp_path: Path) -> None:
    overwrite(blobs, SHA, b"other")
    with pytest.raises(BlobDamaged):
        blobs.fetch(SHA)
    assert not blobs.path(SHA).exists()
    assert list((tmp_path / "cache").glob("*.part")) == []
    assert blobs.measured(SHA) == (hashlib.sha256(b"other").hexdigest(), 5)


def test_a_part_with_other_bytes_is_never_taken_for_the_blob(blobs: S3Blobs, part: Path) -> None:
    with pytest.raises(BlobDamaged):
        blobs.adopt(part, "ab" * 32)
    assert part.exists()


def test_a_large_file_goes_up_in_pieces(
    blobs: S3Blobs, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 5 << 20)
    content = os.urandom((5 << 20) * 2 + 17)
    sha256 = hashlib.sha256(content).hexdigest()
    for _ in range(2):
        large = tmp_path / "large.part"
        large.write_bytes(content)
        blobs.secure(large, sha256)
    pieces = ["HeadObject", "HeadBucket", "CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]
    assert asked == [*pieces, "GetObject", "HeadObject", "GetObject"], "the second time nothing travelled up"
    assert blobs.measured(sha256) == (sha256, len(content))


def test_pieces_of_a_failed_upload_are_cleared(
    blobs: S3Blobs, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 5 << 20)
    large = tmp_path / "large.part"
    large.write_bytes(bytes((5 << 20) + 1))
    call = blobs._client._make_api_call

    def failing(name: str, arguments: dict[str, Any]) -> Any:
        if name == "UploadPart" and arguments["PartNumber"] == 2:
            raise module.ClientError({"Error": {"Code": "InternalError"}}, name)
        return call(name, arguments)

    monkeypatch.setattr(blobs._client, "_make_api_call", failing)
    with pytest.raises(BlobsAway):
        blobs.secure(large, "ab" * 32)
    assert asked[-1] == "AbortMultipartUpload"
    assert not blobs.holds("ab" * 32)


def test_a_server_without_conditional_puts_serves_too(
    blobs: S3Blobs, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = blobs._client._make_api_call

    def old(name: str, arguments: dict[str, Any]) -> Any:
        if "IfNoneMatch" in arguments:
            raise module.ClientError({"Error": {"Code": "NotImplemented"}}, name)
        return call(name, arguments)

    monkeypatch.setattr(blobs._client, "_make_api_call", old)
    blobs.secure(part, SHA)
    assert blobs.measured(SHA) == (SHA, len(CONTENT))


def test_a_missing_bucket_is_not_a_missing_document(engines: Engines, tmp_path: Path) -> None:
    nowhere = Engines(blobs="s3://nowhere/tinh", s3_endpoint=engines.s3_endpoint)
    with pytest.raises(BlobsAway):
        S3Blobs(nowhere, "blobs", tmp_path / "cache").holds(SHA)


def test_copies_here_are_bounded_and_the_longest_unused_goes_first(engines: Engines, tmp_path: Path) -> None:
    small = Engines(blobs=engines.blobs, s3_endpoint=engines.s3_endpoint, cache_bytes=25_000)
    blobs, digests = S3Blobs(small, "blobs", tmp_path / "cache"), []
    for number in range(4):
        content = os.urandom(10_000)
        digests.append(hashlib.sha256(content).hexdigest())
        made = tmp_path / "x.part"
        made.write_bytes(content)
        os.utime(made, (number, number))
        blobs.adopt(made, digests[-1])
    held = {path.name for path in (tmp_path / "cache").glob("??/*")}
    assert held == set(digests[2:])
    assert hashlib.sha256(blobs.fetch(digests[0]).read_bytes()).hexdigest() == digests[0]


@pytest.fixture
def own_s3(s3_keys: None) -> Iterator[S3Server]:
    made = S3Server()
    yield made
    made.kill()


def test_while_s3_is_away_a_document_waits_and_is_then_taken(own_s3: S3Server, tmp_path: Path, part: Path) -> None:
    engines = Engines(blobs=own_s3.bucket(), s3_endpoint=own_s3.endpoint)
    blobs = S3Blobs(engines, "blobs", tmp_path / "cache")
    check = ArchivingCheck(ScriptedCheck(), blobs.secure)
    own_s3.kill()
    with pytest.raises(CheckUnavailable) as told:
        check.check(part, "outgoing")
    assert told.value.code == "blobs-away"
    with pytest.raises(BlobsAway):
        blobs.adopt(part, SHA)
    assert not blobs.path(SHA).exists()
    assert part.read_bytes() == CONTENT, "the document is still here"
    own_s3.start()
    name = engines.blobs.split("/")[2]
    urllib.request.urlopen(urllib.request.Request(f"{own_s3.endpoint}/{name}", method="PUT"), timeout=10).close()
    until = time.monotonic() + 20
    while True:
        try:
            assert check.check(part, "outgoing").accepted
            break
        except CheckUnavailable:
            assert time.monotonic() < until
    assert blobs.measured(SHA) == (SHA, len(CONTENT))


def test_a_refused_document_never_leaves_this_disk(blobs: S3Blobs, part: Path) -> None:
    check = ArchivingCheck(ScriptedCheck(Finding("signature-missing")), blobs.secure)
    assert check.check(part, "outgoing").code == "signature-missing"
    assert list(blobs.every()) == []
