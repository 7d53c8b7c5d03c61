"""Which engines hold the province's rows and bytes.

Owns `engines.toml` in the store's own folder: where the rows are is a fact of the store, so whoever opens the folder
opens the right ones, and `commune-province migrate` turns the whole store over by replacing this one file. Refuses
unknown words by name. Holds no password: PostgreSQL's comes from `passfile=` or the service's environment, the keys of
S3 from the environment or the shared credentials file; a store without the file is SQLite and a folder.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sync.province.store.blobs import flush_folder

NAME = "engines.toml"
SQLITE, FOLDER = "sqlite", "folder"


class BadEngines(Exception):
    """`engines.toml` cannot be used, or an engine's package is not installed. Code: `bad-engines`."""

    code = "bad-engines"


@dataclass(frozen=True)
class Engines:
    """`rows`: `sqlite` or a PostgreSQL address. `blobs`: `folder` or `s3://bucket/prefix`. Sizes in bytes."""

    rows: str = SQLITE
    blobs: str = FOLDER
    s3_endpoint: str = ""
    """Where S3 is served; empty for Amazon's own."""
    s3_region: str = "us-east-1"
    s3_profile: str = ""
    """The section of the shared credentials file; empty for the environment's or the default one."""
    cache_bytes: int = 2 << 30
    """How much of S3 may also lie on this disk."""

    def __post_init__(self) -> None:
        """Raises BadEngines."""
        if self.rows != SQLITE and urlsplit(self.rows).scheme not in ("postgresql", "postgres"):
            raise BadEngines(f"rows = {self.rows!r}")
        if self.blobs != FOLDER and (urlsplit(self.blobs).scheme != "s3" or not urlsplit(self.blobs).netloc):
            raise BadEngines(f"blobs = {self.blobs!r}")

    @property
    def shared(self) -> bool:
        """Several receivers may work on these rows."""
        return self.rows != SQLITE


def load(root: Path) -> Engines:
    """The engines of the store in this folder. Raises BadEngines."""
    try:
        found = tomllib.loads((root / NAME).read_text("utf-8"))
    except FileNotFoundError:
        return Engines()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadEngines(f"{root / NAME}: {error}") from error
    kinds = {field.name: type(field.default) for field in dataclasses.fields(Engines)}
    if wrong := sorted(name for name, value in found.items() if type(value) is not kinds.get(name)):
        raise BadEngines(f"{root / NAME}: {', '.join(wrong)}")
    return Engines(**found)


def save(root: Path, engines: Engines) -> None:
    """Turn the store over to these engines: durable on return, and never half done."""
    fresh = root / f"{NAME}.part"
    lines = [f"{name} = {json.dumps(value)}" for name, value in dataclasses.asdict(engines).items()]
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)  # may name a user
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(root / NAME)
    flush_folder(root)
