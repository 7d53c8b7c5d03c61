"""The section of long-term proof: what cannot be meant is refused with its key, and nothing is needed at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config import ConfigError, load_config

BOX = '[box]\nid = "commune-27007"\ncommune = "UBND xã Thử"\nstate_dir = "state"\n'


def write(tmp_path: Path, section: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f"{BOX}[longterm]\n{section}\n", encoding="utf-8")
    return path


def test_the_defaults_ask_nobody_and_are_patient(tmp_path: Path) -> None:
    section = load_config(write(tmp_path, "")).longterm
    assert (section.tsa, section.patience_seconds, section.requests, section.window_minutes) == ((), 180.0, 15, 20.0)


def test_everything_can_be_said(tmp_path: Path) -> None:
    text = """
tsa = ["http://tsa.example.vn", "https://tsa2.example.vn/rfc3161"]
tsa_roots = ["ca/tsa.pem"]
tsa_policies = ["1.3.6.1.4.1.4146.2.3"]
patience_seconds = 60
requests = 5
hold_seconds = 0
list_urls = ["http://ca.example.vn/cp.crl"]
"""
    config = load_config(write(tmp_path, text))
    assert config.longterm.tsa_roots == (tmp_path / "ca/tsa.pem",)
    assert config.lists == tmp_path / "state/revocation"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('tsa = ["tsa.example.vn"]', "longterm.tsa[0]"),
        ('tsa = ["http://a.vn", "ftp://tsa.example.vn"]', "longterm.tsa[1]"),
        ('list_urls = ["file:///etc/passwd"]', "longterm.list_urls[0]"),
        ('tsa_policies = ["any"]', "longterm.tsa_policies[0]"),
        ("patience_seconds = 0", "longterm.patience_seconds"),
        ("requests = 0", "longterm.requests"),
        ("window_minutes = -1", "longterm.window_minutes"),
        ("list_hours = 0", "longterm.list_hours"),
        ("hold_seconds = -1", "longterm.hold_seconds"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert (caught.value.code, caught.value.params["key"]) == ("config-bad-value", key)
