"""The configuration file: everything read as its type, every mistake told with its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.config import ConfigError, load_config
from appliance.services.delivery import _hours, uplink_config
from appliance.wording import CODES, text_of
from sync.protocol.budget import Hours
from sync.proxy import Proxy

SMALL = """
[box]
id = "commune-01234"
commune = "Ủy ban nhân dân xã Đường Lâm"
state_dir = "state"
"""
PROXY = 'proxy = "%s"\n[signer]'
HOURS = '[[sync.hours]]\nbegin = "%s"\nuntil = "%s"\nkbit_per_second = %s\n[signer]'
WHOLE = (
    SMALL
    + """
province = "Đồng Nai"
runtime-dir = "/run/commune-box"

[sync]
host = "broker.example"
ca = "tls/ca.pem"
certificate = "tls/box.pem"
key = "tls/box.key"
device-key = "tls/device.key"
receipt_keys = { k1 = "abcd" }

[signer]
module = "/usr/lib/softhsm/libsofthsm2.so"
roots = ["pki/root.pem"]
allowed_uids = [1000]

[[signer.keys]]
slot = "agency"
token = "co-quan"
key_id = "02"
certificate = "agency.pem"

[digitize]
memory_mb = 512

[intake]
rescan_seconds = 5

[[folders]]
path = "den"
quiet_seconds = 1

[[folders]]
path = "/srv/di"
kind = "outgoing"
approve = "policy"
"""
)


def load(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "box.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def mistake(tmp_path: Path, text: str) -> tuple[str, object]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.code in CODES
    assert str(caught.value.params.get("key", "")) in text_of(caught.value.code, **caught.value.params)
    return caught.value.code, caught.value.params.get("key")


def test_the_smallest_file_gives_a_box_with_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, SMALL)
    assert config.box.id == "commune-01234"
    assert config.database == tmp_path / "state" / "box.db"
    assert config.blobs == tmp_path / "state" / "blobs"
    assert config.signer_socket == tmp_path / "state" / "run" / "signer.sock"
    assert (config.sync, config.folders, config.web.port) == (None, (), 8080)


def test_a_whole_file_is_read_by_type(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert config.runtime == Path("/run/commune-box")
    assert config.sync.ca == tmp_path / "tls" / "ca.pem"
    assert (config.sync.port, config.sync.receipt_keys) == (8883, {"k1": "abcd"})
    assert (config.signer.roots, config.signer.allowed_uids) == ((tmp_path / "pki" / "root.pem",), (1000,))
    assert (config.signer.keys[0].slot, config.signer.keys[0].certificate) == ("agency", tmp_path / "agency.pem")
    assert config.intake.rescan_seconds == 5.0
    assert isinstance(config.intake.rescan_seconds, float)
    assert [(one.path, one.kind, one.approve) for one in config.folders] == [
        (tmp_path / "den", "incoming-scan", "person"),
        (Path("/srv/di"), "outgoing", "policy"),
    ]


def test_a_drop_folder_says_how_it_is_watched_and_what_its_folders_mean(tmp_path: Path) -> None:
    more = 'watch = "poll"\nrecursive = true\n[[folders.sub]]\nname = "khan"\nurgency = "khan"\n'
    first, second = load(tmp_path, WHOLE + more).folders
    assert (first.watch, first.recursive, first.sub) == ("events", False, ())
    assert (second.watch, second.recursive) == ("poll", True)
    (khan,) = second.sub
    assert (khan.name, khan.kind, khan.approve, khan.urgency) == ("khan", "", "", "khan")


def test_a_relative_name_of_the_file_means_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    whole = load(tmp_path / "etc", WHOLE)
    monkeypatch.chdir(tmp_path)
    assert load_config(Path("etc/box.toml")) == whole
    assert whole.path == tmp_path / "etc" / "box.toml"


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        (SMALL + 'colour = "red"', "config-unknown-key", "box.colour"),
        (SMALL + "[colours]\nx = 1", "config-unknown-key", "colours"),
        ('path = "elsewhere"\n' + SMALL, "config-unknown-key", "path"),
        (WHOLE.replace('token = "co-quan"', 'tokn = "co-quan"'), "config-unknown-key", "signer.keys[0].tokn"),
        ("", "config-missing-key", "box"),
        ('[box]\nid = "commune-01234"', "config-missing-key", "box.commune"),
        (SMALL + '[sync]\nhost = "x"', "config-missing-key", "sync.ca"),
        (SMALL.replace('"state"', "7"), "config-bad-value", "box.state_dir"),
        (SMALL + "[web]\nport = true", "config-bad-value", "web.port"),
        (SMALL + '[web]\nport = "80"', "config-bad-value", "web.port"),
        (WHOLE.replace("[signer]", PROXY % "http://proxy.office"), "config-bad-value", "sync.proxy"),
        (WHOLE.replace("[signer]", 'transport = "websocket"\n[signer]'), "config-bad-value", "sync.transport"),
        (WHOLE.replace("[signer]", PROXY % "socks5://proxy.office:1080"), "config-bad-value", "sync.proxy"),
        (WHOLE.replace("[signer]", HOURS % ("6:00", "18:00", 5)), "config-bad-value", "sync.hours[0].begin"),
        (WHOLE.replace("[signer]", HOURS % ("06:00", "24:00", 5)), "config-bad-value", "sync.hours[0].until"),
        (
            WHOLE.replace("[signer]", HOURS % ("06:00", "18:00", -1)),
            "config-bad-value",
            "sync.hours[0].kbit_per_second",
        ),
        (SMALL + '[intake]\nrescan_seconds = "5"', "config-bad-value", "intake.rescan_seconds"),
        (SMALL + '[signer]\nroots = "one.pem"', "config-bad-value", "signer.roots"),
        (SMALL + "[signer]\nroots = [7]", "config-bad-value", "signer.roots[0]"),
        (WHOLE.replace('{ k1 = "abcd" }', '"abcd"'), "config-bad-value", "sync.receipt_keys"),
        ("folders = 3\n" + SMALL, "config-bad-value", "folders"),
        ("box = 3", "config-bad-value", "box."),
        (SMALL.replace("01234", "1234"), "config-bad-value", "box.id"),
        (SMALL.replace("01234", "012345"), "config-bad-value", "box.id"),
        (SMALL.replace("01234", "٠١٢٣٤"), "config-bad-value", "box.id"),
        (SMALL + '[digitize]\nprofile = "small"', "config-bad-value", "digitize.profile"),
        (WHOLE.replace('"outgoing"', '"out"'), "config-bad-value", "folders[1].kind"),
        (WHOLE.replace('"policy"', '"nobody"'), "config-bad-value", "folders[1].approve"),
        (WHOLE.replace('"/srv/di"', '"den"'), "config-bad-value", "folders[1].path"),
        (WHOLE.replace('"/srv/di"', '"den/di"'), "config-bad-value", "folders[1].path"),
        (WHOLE.replace('"/srv/di"', '"."'), "config-bad-value", "folders[1].path"),
        (WHOLE.replace('"/srv/di"', '"elsewhere/den"'), "config-bad-value", "folders[1].name"),
        (WHOLE + 'watch = "inotify"', "config-bad-value", "folders[1].watch"),
        (WHOLE + "patience_seconds = -1", "config-bad-value", "folders[1].patience_seconds"),
        (WHOLE.replace("rescan_seconds = 5", "rescan_seconds = 0"), "config-bad-value", "intake.rescan_seconds"),
        (WHOLE + '[[folders.sub]]\nkind = "outgoing"', "config-missing-key", "folders[1].sub[0].name"),
        (WHOLE + '[[folders.sub]]\nname = "a/b"', "config-bad-value", "folders[1].sub[0].name"),
        (WHOLE + '[[folders.sub]]\nname = "Loi"', "config-bad-value", "folders[1].sub[0].name"),
        (
            WHOLE + '[[folders.sub]]\nname = "a"\n' + '[[folders.sub]]\nname = "A"',
            "config-bad-value",
            "folders[1].sub[1].name",
        ),
        (WHOLE + '[[folders.sub]]\nname = "a"\nkind = "x"', "config-bad-value", "folders[1].sub[0].kind"),
        (WHOLE + '[[folders.sub]]\nname = "a"\napprove = "x"', "config-bad-value", "folders[1].sub[0].approve"),
        (WHOLE + '[[folders.sub]]\nname = "a"\nurgency = "x"', "config-bad-value", "folders[1].sub[0].urgency"),
        (WHOLE.replace('slot = "agency"', 'slot = "chief"'), "config-bad-value", "signer.keys[0].slot"),
        (
            SMALL
            + "".join(
                f'[[signer.keys]]\nslot = "agency"\ntoken = "t"\nkey_id = "{n}"\ncertificate = "c.pem"\n'
                for n in (1, 2)
            ),
            "config-bad-value",
            "signer.keys[1].slot",
        ),
        ("[box", "config-syntax", None),
    ],
)
def test_every_mistake_is_told_with_its_key(tmp_path: Path, text: str, code: str, key: str | None) -> None:
    assert mistake(tmp_path, text) == (code, key)


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path, tmp_path / "box.toml" / "x"):
        (tmp_path / "box.toml").touch()
        with pytest.raises(ConfigError) as caught:
            load_config(path)
        assert caught.value.code == "config-missing"


def test_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "box.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "box.toml")
    assert caught.value.code == "config-syntax"


def test_nothing_outside_the_file_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    before = load(tmp_path, WHOLE)
    monkeypatch.setenv("STATE_DIRECTORY", "/elsewhere")
    monkeypatch.chdir("/")
    assert load_config(tmp_path / "box.toml") == before


def test_hours_of_the_line_become_a_budget(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    file.write_text(WHOLE.replace("[signer]", HOURS % ("22:30", "05:00", 64)), encoding="utf-8")
    config = load_config(file)
    assert config.sync is not None
    assert [_hours(each) for each in config.sync.hours] == [Hours(22 * 60 + 30, 5 * 60, 8_000.0)]


def test_the_offices_proxy_reaches_the_uplink_and_its_password_no_message(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    file.write_text(WHOLE.replace("[signer]", PROXY % "http://xa:bi-mat@10.0.0.1:3128"), encoding="utf-8")
    config = load_config(file)
    assert uplink_config(config).proxy == Proxy("10.0.0.1", 3128, "xa", "bi-mat")
    file.write_text(WHOLE.replace("[signer]", PROXY % "https://xa:bi-mat@10.0.0.1:3128"), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_config(file)
    assert "bi-mat" not in f"{wrong.value} {wrong.value.__dict__}"


DELEGATION = """
[[delegations]]
form = "KT."
signer = "Trần Văn Phó"
principal = "CHỦ TỊCH"
begins = "2026-01-01"
ends = "2026-12-31"
decision = "QĐ 05/QĐ-UBND"
"""


def test_delegations_are_read_in_the_domains_words(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(SMALL + DELEGATION, encoding="utf-8")
    (held,) = load_config(path).who_may_sign()
    assert (held.form, held.signer, held.ends.isoformat()) == ("KT.", "Trần Văn Phó", "2026-12-31")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"KT."', '"PT."', "delegations[0].form"),
        ('"2026-12-31"', '"31/12/2026"', "delegations[0]"),
        ('"2026-12-31"', '"2025-12-31"', "delegations[0].ends"),
    ],
)
def test_a_delegation_that_cannot_be_meant(tmp_path: Path, old: str, new: str, key: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(SMALL + DELEGATION.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert (caught.value.code, caught.value.params["key"]) == ("config-bad-value", key)


def test_the_forms_of_copies_are_the_signers_own(tmp_path: Path) -> None:
    from appliance.config import COPY_FORMS
    from hsm import stamps

    assert COPY_FORMS == stamps.COPY_FORMS
    path = tmp_path / "config.toml"
    path.write_text(SMALL + '[signer]\ncopy_form = "BẢN SAO"\n', encoding="utf-8")
    with pytest.raises(ConfigError):
        load_config(path)
