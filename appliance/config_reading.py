"""From the tables of a TOML file to frozen dataclasses, strictly: an unknown key is told and not ignored.

Knows nothing of what the sections mean. A path in the file is relative to the file's own folder.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class ConfigError(Exception):
    """The configuration cannot be used; ``code`` and ``params`` become a sentence in ``appliance.wording``."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def read(cls: type[T], path: Path, *, ours: frozenset[str] = frozenset()) -> T:
    """The file ``path`` as ``cls``; ``ours`` are fields that the file may not set.

    Raises:
        ConfigError: config-missing, config-unreadable, config-syntax, config-unknown-key, config-missing-key,
            config-bad-value.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise ConfigError("config-missing", path=path) from None
    except OSError as error:
        raise ConfigError("config-unreadable", path=path, detail=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config-syntax", path=path, detail=error) from None
    for key in ours & raw.keys():
        raise ConfigError("config-unknown-key", path=path, key=key)
    return _build(cls, raw, path, "")


def _build(cls: type[T], raw: Any, path: Path, prefix: str) -> T:
    if not isinstance(raw, dict):
        raise ConfigError("config-bad-value", path=path, key=prefix or "(tệp)", detail="[bảng]")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in raw.items():
        name = key.replace("-", "_")
        if name not in fields:
            raise ConfigError("config-unknown-key", path=path, key=f"{prefix}{key}")
        values[name] = _convert(hints[name], value, path, f"{prefix}{key}")
    for name, f in fields.items():
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ConfigError("config-missing-key", path=path, key=f"{prefix}{name}")
    return cls(**values)


def _convert(kind: Any, value: Any, path: Path, key: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
        origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError("config-bad-value", path=path, key=key, detail="[danh sách]")
        inner = typing.get_args(kind)[0]
        return tuple(_convert(inner, item, path, f"{key}[{index}]") for index, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError("config-bad-value", path=path, key=key, detail="[bảng]")
        return {str(k): str(v) for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, path, f"{key}.")  # type: ignore[arg-type]
    if kind is Path and isinstance(value, str):
        return (path.parent / value).resolve()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError("config-bad-value", path=path, key=key, detail=repr(value))
    return value
