"""What every blob store must do. One suite: another store (a bucket, a second disk) passes it by naming itself here."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from appliance.store import BlobMissing, BlobStore


class BlobContract:
    """The suite; a class that inherits it gives the fixture ``blobs``."""

    @pytest.mark.parametrize("content", [b"", b"x", b"\r\n\0" * 100, bytes(range(256)) * 8192], ids=len)
    def test_what_is_put_comes_back_under_its_digest(self, blobs: BlobStore, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "in").write_bytes(content)
        blob = blobs.put(tmp_path / "in")
        assert (blob.sha256, blob.size) == (hashlib.sha256(content).hexdigest(), len(content))
        with blobs.open(blob.sha256) as file:
            assert file.read() == content
        assert blobs.intact(blob.sha256)

    def test_putting_twice_keeps_one(self, blobs: BlobStore, tmp_path: Path) -> None:
        (tmp_path / "in").write_bytes(b"one")
        assert blobs.put(tmp_path / "in") == blobs.put(tmp_path / "in")
        assert len(list(blobs.digests())) == 1

    def test_a_reader_keeps_what_it_opened(self, blobs: BlobStore, tmp_path: Path) -> None:
        (tmp_path / "in").write_bytes(b"one")
        blob = blobs.put(tmp_path / "in")
        with blobs.open(blob.sha256) as file:
            blobs.put(tmp_path / "in")
            blobs.remove(blob.sha256)
            assert file.read() == b"one"

    def test_the_source_is_only_read(self, blobs: BlobStore, tmp_path: Path) -> None:
        (tmp_path / "in").write_bytes(b"one")
        before = (tmp_path / "in").stat()
        blobs.put(tmp_path / "in")
        after = (tmp_path / "in").stat()
        assert (after.st_mtime_ns, after.st_ino, after.st_mode) == (before.st_mtime_ns, before.st_ino, before.st_mode)

    def test_a_missing_source_leaves_nothing(self, blobs: BlobStore, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            blobs.put(tmp_path / "nowhere")
        assert list(blobs.digests()) == []

    def test_removing_is_final_and_harmless_twice(self, blobs: BlobStore, tmp_path: Path) -> None:
        (tmp_path / "in").write_bytes(b"one")
        blob = blobs.put(tmp_path / "in")
        for _ in range(2):
            blobs.remove(blob.sha256)
        with pytest.raises(BlobMissing):
            blobs.existing(blob.sha256)
        assert not blobs.intact(blob.sha256)

    def test_the_sweep_spares_the_mentioned(self, blobs: BlobStore, tmp_path: Path) -> None:
        digests = []
        for number in range(3):
            (tmp_path / "in").write_bytes(bytes([number]))
            digests.append(blobs.put(tmp_path / "in").sha256)
        assert sorted(blobs.sweep({digests[1]}, float("inf"))) == sorted([digests[0], digests[2]])
        assert list(blobs.digests()) == [digests[1]]


class TestFolder(BlobContract):
    """The box's own folder of files."""

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return BlobStore(tmp_path / "blobs")
