"""Durability of blobs: in which order things happen, and what is left when each of them fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from appliance.store import BlobMissing, BlobStore, StoreFull
from appliance.store.blobs import make_folder
from tests.fixtures_store import sha256_of

PAPER = b"%PDF-1.7 " + bytes(range(256)) * 5000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "spool.pdf"
    path.write_bytes(PAPER)
    return path


def everything(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_blob_is_named_by_its_bytes_and_cannot_be_written(tmp_path: Path, source: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    blob = blobs.put(source)
    assert (blob.sha256, blob.size) == (sha256_of(PAPER), len(PAPER))
    assert blobs.existing(blob.sha256).read_bytes() == PAPER
    assert blobs.path(blob.sha256).stat().st_mode & 0o222 == 0
    assert blobs.put(source) == blob
    assert everything(blobs.folder) == [blobs.path(blob.sha256)]
    assert source.read_bytes() == PAPER


def test_the_order_is_write_fsync_rename_fsync_the_folders(tmp_path: Path, source: Path) -> None:
    seen: list[str] = []

    def fsync(descriptor: int) -> None:
        target = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        size = target.stat().st_size if target.is_file() else 0
        seen.append(f"fsync {target.suffix or target.name} {size if size else ''}".strip())
        os.fsync(descriptor)

    def rename(part: Path, target: Path) -> None:
        seen.append("rename")
        part.replace(target)

    blob = BlobStore(tmp_path / "blobs", fsync, rename).put(source)
    assert seen == [f"fsync .part {len(PAPER)}", "rename", f"fsync {blob.sha256[:2]}", "fsync blobs"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_failing_fsync_of_the_file_leaves_nothing(tmp_path: Path, source: Path, number: int) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    blobs = BlobStore(tmp_path / "blobs", fsync)
    with pytest.raises(OSError if number == errno.EIO else StoreFull):
        blobs.put(source)
    assert everything(blobs.folder) == []
    assert source.read_bytes() == PAPER


def test_a_failing_rename_leaves_nothing(tmp_path: Path, source: Path) -> None:
    def rename(part: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "no space")

    blobs = BlobStore(tmp_path / "blobs", rename=rename)
    with pytest.raises(StoreFull):
        blobs.put(source)
    assert everything(blobs.folder) == []


@pytest.mark.parametrize("failing", [2, 3])
def test_a_failing_fsync_of_a_folder_is_told_and_the_next_put_makes_it_good(
    tmp_path: Path, source: Path, failing: int
) -> None:
    calls = 0

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.EIO, "disk")
        os.fsync(descriptor)

    blobs = BlobStore(tmp_path / "blobs", fsync)
    with pytest.raises(OSError, match="disk"):
        blobs.put(source)
    blob = blobs.put(source)
    assert calls == failing + 3
    assert blobs.intact(blob.sha256)
    assert not list(blobs.folder.glob("*.part"))


def test_an_interrupted_write_of_a_known_blob_does_not_harm_it(tmp_path: Path, source: Path) -> None:
    healthy = BlobStore(tmp_path / "blobs")
    blob = healthy.put(source)

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with pytest.raises(StoreFull):
        BlobStore(tmp_path / "blobs", fsync).put(source)
    assert healthy.intact(blob.sha256)


def test_a_missing_blob_is_told(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    for ask in (blobs.existing, blobs.open):
        with pytest.raises(BlobMissing):
            ask("a" * 64)
    assert blobs.intact("a" * 64) is False
    blobs.remove("a" * 64)


def test_damage_is_seen(tmp_path: Path, source: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    blob = blobs.put(source)
    path = blobs.path(blob.sha256)
    path.chmod(0o640)
    with path.open("r+b") as file:
        file.seek(9000)
        file.write(b"\xff\x00")
    assert blobs.intact(blob.sha256) is False


def test_the_sweep_takes_what_is_old_and_unmentioned_and_nothing_else(tmp_path: Path, source: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    kept = blobs.put(source)
    source.write_bytes(b"orphan")
    orphan = blobs.put(source)
    source.write_bytes(b"young orphan")
    young = blobs.put(source)
    part = blobs.folder / "old.part"
    part.write_bytes(b"half")
    (blobs.folder / "young.part").write_bytes(b"half")
    for path in (blobs.path(kept.sha256), blobs.path(orphan.sha256), part):
        os.utime(path, (1000, 1000))
    assert blobs.sweep({kept.sha256}, 2000) == [orphan.sha256]
    assert set(blobs.digests()) == {kept.sha256, young.sha256}
    assert [path.name for path in blobs.folder.glob("*.part")] == ["young.part"]


def test_putting_an_old_orphan_again_makes_it_young(tmp_path: Path, source: Path) -> None:
    """Otherwise a sweep between this put and its commit would take the paper."""
    blobs = BlobStore(tmp_path / "blobs")
    blob = blobs.put(source)
    os.utime(blobs.path(blob.sha256), (1000, 1000))
    blobs.put(source)
    assert blobs.sweep(set(), 2000) == []


def test_folders_above_are_made_once_and_kept(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    make_folder(deep)
    make_folder(deep)
    assert deep.is_dir()
