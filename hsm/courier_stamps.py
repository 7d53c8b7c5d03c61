"""Time stamps by courier: requests go out on a stick, answers come back, and no document leaves the office.

A document time stamp needs 32 bytes of the paper: its digest. Export makes the paper's next revision ready and keeps
only what it adds (some 18 KB) with the request; import puts the revision together again, checks that the answer is for
exactly these bytes, and fills it in. The stick carries `<name>.tsq` files and `manifest.json`; answers lie beside them
as `<name>.tsr`. Both ways can be repeated without harm.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from hsm.stamping import Prepared, prepare
from hsm.tsa import StampRequest, make_request

MANIFEST = "manifest.json"
QUERY_SUFFIX, REPLY_SUFFIX = ".tsq", ".tsr"
LARGEST_REPLY = 1 << 20


@dataclass(frozen=True)
class Pending:
    """A revision that waits for its answer. `base_sha256`: the file it grows from; `tail`: the bytes it adds."""

    document_id: str
    base_sha256: str
    tail: bytes
    prepared: Prepared
    request: StampRequest

    @property
    def name(self) -> str:
        """The file name on the stick, without suffix: it tells nothing of the paper."""
        return self.request.digest.hex()[:32]

    def rebuild(self, base: Path, work: Path) -> bool:
        """Write base and tail to `work`; False when they are not the bytes that the request is about."""
        shutil.copyfile(base, work)
        with work.open("ab") as stream:
            stream.write(self.tail)
        return covered_digest(work, self.prepared) == self.request.digest


class PendingStamps:
    """The folder of revisions that wait, on the box's own disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, document_id: str) -> Pending | None:
        """What waits for a document, or None (also for a damaged note: the next export makes it anew)."""
        try:
            return _load(json.loads(self._path(document_id).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def every(self) -> Iterator[Pending]:
        """Everything that waits."""
        if self._folder.is_dir():
            for path in sorted(self._folder.glob("*.json")):
                if (found := self.find(path.stem)) is not None:
                    yield found

    def make(self, document_id: str, base: Path, base_sha256: str) -> Pending:
        """The revision for a document; the same one again while its file has not changed. Raises: OSError, PdfError."""
        held = self.find(document_id)
        if held is not None and held.base_sha256 == base_sha256:
            return held
        self._folder.mkdir(parents=True, exist_ok=True)
        work = self._folder / f".{document_id}.pdf"
        try:
            shutil.copyfile(base, work)
            ready = prepare(work)
            with work.open("rb") as stream:
                stream.seek(base.stat().st_size)
                tail = stream.read()
        finally:
            work.unlink(missing_ok=True)
        made = Pending(document_id, base_sha256, tail, ready, make_request(ready.digest))
        write_durably(self._path(document_id), json.dumps(_dump(made)).encode())
        return made

    def forget(self, document_id: str) -> None:
        """The document has its stamp, or another file."""
        self._path(document_id).unlink(missing_ok=True)

    def _path(self, document_id: str) -> Path:
        if "/" in document_id or document_id.startswith("."):
            raise ValueError(document_id)
        return self._folder / f"{document_id}.json"


def write_requests(folder: Path, pending: list[Pending], box: str, now: datetime) -> None:
    """Write the stick: a `.tsq` for each revision, and the manifest that says what they are. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in pending:
        write_durably(folder / (one.name + QUERY_SUFFIX), one.request.der)
    manifest = {
        "box": box,
        "made_at": now.isoformat(),
        "requests": [
            {"file": one.name + QUERY_SUFFIX, "answer": one.name + REPLY_SUFFIX, "sha256": one.request.digest.hex()}
            for one in pending
        ],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    write_durably(folder / MANIFEST, text.encode())


def read_answers(folder: Path) -> dict[str, bytes]:
    """Name to answer (DER) of every `.tsr` on the stick that is not absurdly large. Raises: OSError."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == REPLY_SUFFIX and path.is_file() and path.stat().st_size <= LARGEST_REPLY:
            found[path.stem.lower()] = path.read_bytes()
    return found


def covered_digest(path: Path, prepared: Prepared) -> bytes:
    """SHA-256 of what the stamp of a prepared revision covers: the file without the reserved room."""
    digest = sha256()
    with path.open("rb") as stream:
        for start, end in ((0, prepared.start), (prepared.end, path.stat().st_size)):
            stream.seek(start)
            left = end - start
            while left > 0 and (piece := stream.read(min(left, 1 << 20))):
                digest.update(piece)
                left -= len(piece)
    return digest.digest()


def write_durably(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all; durable on return."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _dump(one: Pending) -> dict[str, Any]:
    return {
        "document_id": one.document_id,
        "base_sha256": one.base_sha256,
        "tail": base64.b64encode(one.tail).decode(),
        "digest": one.request.digest.hex(),
        "start": one.prepared.start,
        "end": one.prepared.end,
        "nonce": one.request.nonce,
        "request": base64.b64encode(one.request.der).decode(),
    }


def _load(raw: dict[str, Any]) -> Pending:
    digest = bytes.fromhex(raw["digest"])
    return Pending(
        str(raw["document_id"]),
        str(raw["base_sha256"]),
        base64.b64decode(raw["tail"]),
        Prepared(digest, int(raw["start"]), int(raw["end"])),
        StampRequest(digest, int(raw["nonce"]), base64.b64decode(raw["request"])),
    )
