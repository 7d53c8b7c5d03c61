"""Bytes in S3, any keeper's. The only importer of botocore.

Owns the objects under one prefix of a bucket and bounded copies of them on this disk. Refuses to believe an upload:
what was put is read back and its digest compared before `secure` or `adopt` returns, for only that shows what a receipt
promises; what is fetched is compared too. Puts are conditional (`If-None-Match`), so an object that is there stays, but
for one that turns out damaged, which is put anew. botocore alone, for Amazon keeps it and every server is tried against
it; boto3 would add a layer not used here. Checksum trailers, which other keepers' servers do not know, are off; the
digest travels in each request's signature instead, and the server must compare it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from sync.province.store.blobs import Blobs as Folder
from sync.province.store.blobs import flush_folder
from sync.province.store.engines import Engines
from sync.province.store.port import BlobDamaged, BlobsAway

log = logging.getLogger("commune-province.s3")
PIECE_BYTES = 16 << 20
"""A larger file goes up in pieces of this size (S3 wants at least 5 MiB, and at most 10,000 of them)."""
_READ_BYTES = 1 << 20
_THERE = frozenset({"PreconditionFailed", "412"})
_UNKNOWN_CONDITION = frozenset({"NotImplemented", "501"})
_ABSENT = frozenset({"NoSuchKey", "NotFound", "404"})


class S3Blobs:
    """One kind of blob (`name`) in the bucket that `engines` names; see `port.Blobs`. Any thread may call."""

    def __init__(self, engines: Engines, name: str, cache: Path) -> None:
        place = urlsplit(engines.blobs)
        self._bucket = place.netloc
        self._prefix = "/".join(filter(None, (place.path.strip("/"), name))) + "/"
        self._client = _client(engines)
        self._cache, self._cache_root, self._most = Folder(cache), cache, engines.cache_bytes
        self._secured: set[str] = set()
        self._added = self._most
        self._lock = threading.Lock()

    def path(self, sha256: str) -> Path:
        """A local copy, fetched if need be; it is not there when the bytes are not held or not reached."""
        try:
            return self.fetch(sha256)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                log.error("blob %s: %s", sha256, error)
            return self._cache.path(sha256)

    def fetch(self, sha256: str) -> Path:
        """A local copy whose digest was compared when it came."""
        target = self._cache.path(sha256)
        if target.is_file():
            return target
        descriptor, name = tempfile.mkstemp(dir=self._cache_root, suffix=".part")
        fresh = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                found, size = self._read(sha256, file.write)
            if found != sha256:
                raise BlobDamaged(f"{self._key(sha256)}: {found}")
            self._cache.adopt(fresh, sha256)
        finally:
            fresh.unlink(missing_ok=True)
        self._trim(size)
        return target

    def measured(self, sha256: str) -> tuple[str, int]:
        """SHA-256 and size of what S3 really holds, the copy here aside."""
        return self._read(sha256, lambda piece: None)

    def holds(self, sha256: str) -> bool:
        """The object is there."""
        return self._size(self._key(sha256)) is not None

    def secure(self, part: Path, sha256: str) -> None:
        """Put the file and read it back; nothing is sent when the object is there and whole."""
        put_now = self._put(part, sha256, anew=False)
        if self._intact(sha256):
            self._secured.add(sha256)
            return
        if not put_now:
            log.error("object %s is damaged, putting it anew", self._key(sha256))
            self._put(part, sha256, anew=True)
            if self._intact(sha256):
                self._secured.add(sha256)
                return
        raise BlobDamaged(self._key(sha256))

    def take(self, held: Path, sha256: str) -> None:
        """Put the file and read it back."""
        self.secure(held, sha256)
        self._secured.discard(sha256)

    def adopt(self, part: Path, sha256: str) -> Path:
        """Secure a part, then make it the local copy: its bytes are at hand while its rows are written."""
        target = self._cache.path(sha256)
        if part.exists():
            if sha256 not in self._secured:
                self.secure(part, sha256)
            self._secured.discard(sha256)
            size = part.stat().st_size
            self._cache.adopt(part, sha256)
            self._trim(size)
        elif not self.holds(sha256):
            raise FileNotFoundError(sha256)
        return target

    def every(self) -> Iterator[str]:
        """The digests of all objects under the prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        with _told():
            for page in pages:
                for found in page.get("Contents", ()):
                    digest = found["Key"].rpartition("/")[2]
                    if found["Key"] == self._prefix + f"{digest[:2]}/{digest}":
                        yield digest

    def remove(self, sha256: str) -> None:
        """Remove the object and its copy."""
        with _told():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(sha256))
        self._cache.path(sha256).unlink(missing_ok=True)  # a copy; nothing depends on its absence

    # -- objects ------------------------------------------------------------------------------------------------------

    def _key(self, sha256: str) -> str:
        self._cache.path(sha256)  # refuses what is not a digest
        return f"{self._prefix}{sha256[:2]}/{sha256}"

    def _size(self, key: str) -> int | None:
        with _told():
            try:
                return int(self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
            except ClientError as error:
                if _code(error) not in _ABSENT:
                    raise
            self._client.head_bucket(Bucket=self._bucket)  # a missing bucket answers alike, and is no "not held"
        return None

    def _intact(self, sha256: str) -> bool:
        return self._read(sha256, lambda piece: None)[0] == sha256

    def _read(self, sha256: str, take: Any) -> tuple[str, int]:
        """Every byte of the object to `take`; its digest and size. Raises FileNotFoundError, BlobsAway."""
        key, total, size = self._key(sha256), hashlib.sha256(), 0
        with _told():
            try:
                body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            except ClientError as error:
                if _code(error) in _ABSENT:
                    raise FileNotFoundError(sha256) from error
                raise
            with body:
                for piece in body.iter_chunks(_READ_BYTES):
                    total.update(piece)
                    size += len(piece)
                    take(piece)
        return total.hexdigest(), size

    def _put(self, part: Path, sha256: str, anew: bool) -> bool:
        """Put the file; False when the object was there and stayed."""
        condition = {} if anew else {"IfNoneMatch": "*"}
        size = part.stat().st_size
        if condition and size > PIECE_BYTES and self._size(self._key(sha256)) is not None:
            return False  # S3 would say so only after every piece had travelled
        place = {"Bucket": self._bucket, "Key": self._key(sha256)}
        with _told(), part.open("rb") as file:
            try:
                if size > PIECE_BYTES:
                    self._put_pieces(file, place, condition)
                else:
                    self._client.put_object(**place, **condition, Body=file)
            except ClientError as error:
                if condition and _code(error) in _THERE:
                    return False
                if condition and _code(error) in _UNKNOWN_CONDITION:
                    return self._put(part, sha256, anew=True)
                raise
        return True

    def _put_pieces(self, file: Any, place: dict[str, str], condition: dict[str, str]) -> None:
        upload = {**place, "UploadId": self._client.create_multipart_upload(**place)["UploadId"]}
        try:
            pieces: list[dict[str, Any]] = []
            while piece := file.read(PIECE_BYTES):
                number = len(pieces) + 1
                answer = self._client.upload_part(**upload, PartNumber=number, Body=piece)
                pieces.append({"PartNumber": number, "ETag": answer["ETag"]})
            self._client.complete_multipart_upload(**upload, **condition, MultipartUpload={"Parts": pieces})
        except BaseException:
            # Pieces that nobody completes cost room. After a kill the bucket's own life-cycle rule clears them.
            try:
                self._client.abort_multipart_upload(**upload)
            except (ClientError, BotoCoreError) as error:
                log.warning("pieces of %s were not cleared: %s", place["Key"], error)
            raise

    # -- the copies on this disk --------------------------------------------------------------------------------------

    def _trim(self, added: int) -> None:
        """Let the copies longest unused go, once enough came to be worth looking at all of them."""
        with self._lock:
            self._added += added
            if self._added < self._most // 10:
                return
            self._added = 0
            found = sorted((path.stat(), path) for path in self._cache_root.glob("??/*"))
            found.sort(key=lambda pair: pair[0].st_mtime)
            held = sum(facts.st_size for facts, _ in found)
            for facts, path in found:
                if held <= self._most:
                    break
                path.unlink(missing_ok=True)
                held -= facts.st_size
            flush_folder(self._cache_root)


@lru_cache(maxsize=4)
def _client(engines: Engines) -> Any:
    """One client for all threads and all kinds of blobs; making one costs half a second."""
    session = Session(profile=engines.s3_profile or None)
    return session.create_client(
        "s3",
        region_name=engines.s3_region,
        endpoint_url=engines.s3_endpoint or None,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if engines.s3_endpoint else "auto", "payload_signing_enabled": True},
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _told() -> Iterator[None]:
    """botocore's failures in the store's words."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise BlobsAway(str(error)) from error
