"""signer.toml: exactly the names it knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsm.config import ConfigError, load

GOOD = """
module = "/usr/lib/softhsm/libsofthsm2.so"
socket = "run/signer.sock"
journal = "/var/lib/box/signing-journal.jsonl"
allowed_uids = [1000]
[[keys]]
slot = "agency"
token = "agency"
key_id = "01"
certificate = "agency.pem"
credential = "pin.agency"
"""


def _load(folder: Path, text: str) -> object:
    path = folder / "signer.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_good(tmp_path: Path) -> None:
    (tmp_path / "signer.toml").write_text(GOOD, encoding="utf-8")
    config = load(tmp_path / "signer.toml")
    assert config.socket == tmp_path / "run/signer.sock"
    assert config.journal == Path("/var/lib/box/signing-journal.jsonl")
    assert config.allowed_uids == (1000,)
    key = config.key("agency")
    assert key is not None and key.key_id == b"\x01" and key.certificate == tmp_path / "agency.pem"
    assert key.mechanism == "rsa-v15" and config.key("leader") is None


@pytest.mark.parametrize(
    ("change", "code", "name"),
    [
        ((b"", b"pin = '1234'\n"), "signer-config-unknown-name", "pin"),
        ((b'slot = "agency"', b'slot = "agency"\npin = "1234"'), "signer-config-unknown-name", "keys[0].pin"),
        ((b'module = "', b'module = 5 # "'), "signer-config-wrong-value", "module"),
        ((b'key_id = "01"', b'key_id = "0g"'), "signer-config-wrong-value", "keys[0].key_id"),
        ((b'key_id = "01"', b""), "signer-config-wrong-value", "keys[0].key_id"),
        ((b"[1000]", b"[true]"), "signer-config-wrong-value", "allowed_uids"),
        ((b"[1000]", b'"root"'), "signer-config-wrong-value", "allowed_uids"),
        ((b'"pin.agency"', b'"../shadow"'), "signer-config-wrong-value", "keys[0].credential"),
        ((b'slot = "agency"', b'slot = "agency"\nmechanism = "md5"'), "signer-config-wrong-value", "keys[0].mechanism"),
        ((b"[1000]", b"[1000]\nsign_deadline_seconds = 0"), "signer-config-wrong-value", "sign_deadline_seconds"),
        ((b'slot = "agency"', b'slot = "leader"'), "signer-config-leader-credential", "keys[0].credential"),
        ((b'slot = "agency"', b'slot = "agency"\nhashed_by = "me"'), "signer-config-wrong-value", "keys[0].hashed_by"),
        ((b'slot = "agency"', b'slot = "agency"\nserial = ""'), "signer-config-wrong-value", "keys[0].serial"),
        ((b'slot = "agency"', b'slot = "agency"\nidle_minutes = 0'), "signer-config-wrong-value", "idle_minutes"),
        ((b'slot = "agency"', b'slot = "agency"\npin_each_signature = 1'), "signer-config-wrong-value", "pin_each"),
        ((b"[[keys]]", b"[[keys"), "signer-config-unreadable", ""),
    ],
)
def test_every_mistake_is_told_with_its_place(
    tmp_path: Path, change: tuple[bytes, bytes], code: str, name: str
) -> None:
    old, new = (part.decode() for part in change)
    text = GOOD.replace(old, new, 1) if old else new + GOOD
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    assert caught.value.code == code
    assert name in caught.value.name


def test_a_slot_twice_and_no_key_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="twice"):
        _load(tmp_path, GOOD + GOOD[GOOD.index("[[keys]]") :])
    with pytest.raises(ConfigError, match="keys"):
        _load(tmp_path, GOOD[: GOOD.index("[[keys]]")])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unreadable"):
        load(tmp_path / "none.toml")
