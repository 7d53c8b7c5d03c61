"""`migrate` and `verify-store`: a province with documents goes to other engines, and nothing is lost on the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sync.protocol.receipt import Result
from sync.province import moving
from sync.province.cli import main
from sync.province.moving import NotMovable, move
from sync.province.store import Engines, Presence, ProvinceStore
from sync.province.store.engines import load
from sync.province.verifying import receipts_verifier, verify_store
from tests.fixtures_engines import Postgres, S3Server
from tests.fixtures_province import BOX, Installation

ROOT = Path(__file__).parents[2]


def run(*words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    """One command's answer."""
    answer = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert answer.exit_code == exit_code, answer.output
    return json.loads(answer.stdout) if answer.stdout else {"error": answer.stderr}


@pytest.fixture
def filled(province_site: Installation) -> Installation:
    """A province with three documents, a refusal, presence, and a transfer under way."""
    store, end = province_site.receive()
    box = province_site.box()
    for number in range(3):
        box.deliver(os.urandom(30_000), f"doc-{number}", number + 1)
    assert box.deliver(b"x" * 5_000, "bad", 4, kind="poster").result is Result.REFUSED
    manifest = box.manifest(os.urandom(200_000), "half", 5)
    box.haves.clear()
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    box.send(manifest, bytes(200_000), 0, 100_000)
    box.until(lambda: store.transfers.every()[0].held > 50_000)
    store.fleet.note_presence(Presence(BOX, True, time.time(), time.time(), 3, 900, time.time(), 0.25, 10**10, "0.1"))
    end()
    province_site._stops.clear()
    return province_site


@pytest.fixture
def target(postgres: Postgres, s3_server: S3Server, s3_keys: None) -> Engines:
    return Engines(postgres.room(), s3_server.bucket(), s3_server.endpoint)


def words_of(target: Engines) -> list[str]:
    return ["--rows", target.rows, "--blobs", target.blobs, "--s3-endpoint", target.s3_endpoint]


def everything(store: ProvinceStore) -> dict[str, list[str]]:
    """All rows of all tables, whatever engine holds them."""
    tables = [table for table in store.connection.tables() if table not in ("leases", "workers")]
    return {
        table: sorted(repr(sorted(dict(row).items())) for row in store.connection.rows(f"SELECT * FROM {table}"))
        for table in tables
    }


def test_a_province_moves_to_postgresql_and_s3_and_goes_on_there(filled: Installation, target: Engines) -> None:
    place, root = filled.folder.root, filled.folder.rows
    before = ProvinceStore(root)
    rows = everything(before)
    digests, number = before.reading.digests(), before.answers.last_number()
    before.close()
    said = run("migrate", "--dir", place, *words_of(target))
    assert said["blobs"] == {"blobs": 3, "proofs": 0}
    assert (said["rows"]["documents"], said["rows"]["receipts"], said["rows"]["transfers"]) == (3, 4, 1)
    assert load(root) == target
    assert not (root / "province.sqlite").exists()
    store = ProvinceStore(root)
    assert everything(store) == rows
    assert set(store.blobs.every()) == set(digests)
    assert store.answers.last_number() >= number, "numbers go on"
    checked = run("verify-store", "--dir", place)
    assert checked["ok"]
    assert (checked["engines"], checked["counts"]["documents"]) == ({"rows": "postgresql", "blobs": "s3"}, 3)
    store.close()
    store, _ = filled.receive()
    assert filled.box("commune-00001").deliver(b"y" * 9_000, "after", 1).result is Result.STORED
    assert filled._boxes[0].deliver(os.urandom(9_000), "doc-9", 9).result is Result.STORED
    assert verify_store(store, receipts_verifier(filled.folder.receipt_key)) == []
    assert len(store.reading.chain(BOX)) == 5


def test_and_back_again(filled: Installation, target: Engines) -> None:
    root = filled.folder.rows
    before = ProvinceStore(root)
    rows = everything(before)
    before.close()
    move(root, target)
    shutil.rmtree(root / "blobs")
    moved = move(root, Engines())
    assert moved.blobs == {"blobs": 3, "proofs": 0}
    store = ProvinceStore(root)
    assert (everything(store), load(root)) == (rows, Engines())
    assert verify_store(store, receipts_verifier(filled.folder.receipt_key)) == []
    store.close()


def test_killed_at_any_moment_the_same_command_ends_it(filled: Installation, target: Engines) -> None:
    """The real process is killed again and again, a little later each time, until it gets through."""
    words = [sys.executable, "-m", "sync.province", "migrate", "--dir", str(filled.folder.root), *words_of(target)]
    wait, tries = 0.1, 0
    while True:
        child = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            store = ProvinceStore(filled.folder.rows)
            assert verify_store(store, receipts_verifier(filled.folder.receipt_key), quick=True) == [], "still whole"
            store.close()
            wait, tries = wait * 1.5, tries + 1
            continue
        break
    assert tries > 0
    assert child.stderr is not None
    assert child.returncode in (0, 5), child.stderr.read()  # 5: the kill before came after the turning over
    assert load(filled.folder.rows) == target
    assert run("verify-store", "--dir", filled.folder.root)["ok"]


def test_an_earlier_try_is_gone_on_with_and_not_repeated(
    filled: Installation, target: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(moving, "save", fail)
        with pytest.raises(RuntimeError):
            move(filled.folder.rows, target)
    assert load(filled.folder.rows) == Engines(), "the old store is in use until the very end"
    copied: list[str] = []
    original = moving._copy
    monkeypatch.setattr(moving, "_copy", lambda *words: (copied.append(words[2]), original(*words)))
    moved = move(filled.folder.rows, target)
    assert (copied, moved.already, moved.rows["documents"]) == ([], 3, 3)


def test_somebody_elses_rows_are_not_written_over(filled: Installation, target: Engines, tmp_path: Path) -> None:
    other = ProvinceStore(tmp_path / "other", target)
    other.epoch()
    other.close()
    said = run("migrate", "--dir", filled.folder.root, *words_of(target), exit_code=5)
    assert "epochs" in said["error"]
    assert load(filled.folder.rows) == Engines()


def test_a_running_receiver_is_not_moved_under(filled: Installation, target: Engines) -> None:
    filled.receive()
    run("migrate", "--dir", filled.folder.root, *words_of(target), exit_code=5)
    run("verify-store", "--clean", "--dir", filled.folder.root, exit_code=5)
    assert load(filled.folder.rows) == Engines()


def test_damaged_bytes_are_not_moved(filled: Installation, target: Engines) -> None:
    store = ProvinceStore(filled.folder.rows)
    sha256 = sorted(store.reading.digests())[1]
    path = store.blobs.path(sha256)
    store.close()
    path.chmod(0o600)
    path.write_bytes(flipped(path.read_bytes()))
    with pytest.raises(NotMovable, match=f"bytes-changed: {sha256}"):
        move(filled.folder.rows, target)
    assert load(filled.folder.rows) == Engines()
    path.unlink()
    run("migrate", "--dir", filled.folder.root, *words_of(target), exit_code=8)


@pytest.fixture(params=["here", "moved"])
def store(request: pytest.FixtureRequest, filled: Installation) -> Iterator[ProvinceStore]:
    if request.param == "moved":
        move(filled.folder.rows, request.getfixturevalue("target"))
    made = ProvinceStore(filled.folder.rows)
    yield made
    made.close()


def test_what_does_not_fit_is_found(filled: Installation, store: ProvinceStore) -> None:
    place = filled.folder.root
    assert run("verify-store", "--dir", place)["ok"]
    first, second, third = sorted(store.reading.digests())
    store.blobs.remove(first)
    damage(store, second)
    loose = filled._root / "loose"
    loose.write_bytes(b"nobody's")
    stray = hashlib.sha256(b"nobody's").hexdigest()
    store.blobs.take(loose, stray)
    with store.connection.writing() as raw:
        raw.execute("UPDATE documents SET sequence = 77, size = size + 1 WHERE sha256 = ?", (third,))
        raw.execute("UPDATE receipts SET cose = ? WHERE rid = 2", (b"forged",))
    found = run("verify-store", "--dir", place, exit_code=8)["problems"]
    codes = sorted((problem["code"], problem["about"]) for problem in found)
    ids = {held.sha256: held.document_id for held in store.reading.documents()}
    assert codes == sorted(
        [
            ("bytes-missing", first),
            ("bytes-changed", second),
            ("bytes-changed", third),  # another size than the row says
            ("bytes-without-row", stray),
            ("document-without-receipt", ids[third]),
            ("receipt-changed", BOX),
            ("receipt-unverifiable", BOX),
        ]
    )
    quick = {problem["code"] for problem in run("verify-store", "--quick", "--dir", place, exit_code=8)["problems"]}
    assert "bytes-missing" in quick and "bytes-changed" not in quick
    cleaned = run("verify-store", "--clean", "--dir", place, exit_code=8)
    assert cleaned["removed"] == 1
    assert not store.blobs.holds(stray)
    assert store.blobs.holds(third)


def damage(store: ProvinceStore, sha256: str) -> None:
    """Change one byte of a kept blob behind the store's back."""
    if store.engines.blobs == "folder":
        path = store.blobs.path(sha256)
        path.chmod(0o600)
        path.write_bytes(flipped(path.read_bytes()))
        return
    blobs: Any = store.blobs
    held = blobs.fetch(sha256).read_bytes()
    blobs._client.put_object(Bucket=blobs._bucket, Key=blobs._key(sha256), Body=flipped(held))


def test_a_lost_part_is_said_and_no_more(filled: Installation) -> None:
    store = ProvinceStore(filled.folder.rows)
    (key,) = store.parts.every()
    store.parts.remove(key)
    (problem,) = verify_store(store, receipts_verifier(filled.folder.receipt_key))
    assert (problem.code, problem.about) == ("part-missing", "half")
    store.close()


def flipped(content: bytes) -> bytes:
    """The same bytes, the last one not."""
    return content[:-1] + bytes([content[-1] ^ 1])
