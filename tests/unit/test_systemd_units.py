"""The systemd units: accepted by systemd itself, closed as far as promised, and true to what the code does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "systemd"
UNITS = SYSTEMD / "system"
SYSTEM = Path("/lib/systemd/system")  # systemd's own targets and slices, which ours name

# Highest exposure allowed, in tenths (`systemd-analyze security`): 12 for those with a network, 5 for those without.
EXPOSURE = {
    "signer": 5, "signer@": 5, "enrolment@": 5, "intake": 5, "worker": 5, "sync": 12, "web": 12, "province": 12,
    "province-worker": 12,
}  # fmt: skip
SLOTS = ("leader", "agency")
WITHOUT_NETWORK = {"signer", "signer@", "enrolment@", "intake", "worker"}
SOURCE = {  # where each service's own code says what it tells systemd
    "signer": "hsm/keeper.py",
    "signer@": "hsm/keeper.py",
    "enrolment@": "appliance/services/enroller.py",
    "intake": "appliance/services/intake.py",
    "worker": "appliance/services/worker.py",
    "sync": "appliance/services/delivery.py",
    "web": "appliance/services/web.py",
    "province": "sync/province/service.py",
    "province-worker": "sync/province/cli/working.py",
}


def read_unit(path: Path) -> dict[str, list[str]]:
    """Every ``Key=`` of a unit file with its values, sections left out."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def service(name: str) -> dict[str, list[str]]:
    return read_unit(UNITS / f"commune-{name}.service")


def unit_name(name: str) -> str:
    """The unit as systemd runs it: of a template, one instance."""
    return f"commune-{name}{'leader' if name.endswith('@') else ''}.service"


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """systemd-analyze on an installation root; it needs no running systemd."""
    command = ["systemd-analyze", f"--root={root}", "--man=no", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with systemd's own units, ours in place, and stand-ins for the programs they start."""
    if not shutil.which("systemd-analyze") or not SYSTEM.is_dir():
        pytest.skip("systemd-analyze is not installed (Debian package: systemd)")
    root = tmp_path_factory.mktemp("installed")
    (root / "usr/lib/systemd").mkdir(parents=True)
    shutil.copytree(SYSTEM, root / "usr/lib/systemd/system", symlinks=True)
    (root / "lib").symlink_to("usr/lib")
    shutil.copytree(UNITS, root / "etc/systemd/system")
    for command in ("commune-box", "commune-province"):
        program = root / "opt/commune-box/bin" / command
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return root


def test_systemd_accepts_every_unit(installed: Path) -> None:
    ours = sorted(path.name for path in UNITS.iterdir() if path.is_file())
    assert len(ours) == 14
    checked = analyze(installed, "verify", *(name.replace("@.", "@leader.") for name in ours))
    said = [line for line in (checked.stdout + checked.stderr).splitlines() if "commune" in line]
    assert (checked.returncode, said) == (0, []), checked.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("/opt/commune-box/bin/commune-box", "/opt/not/there"), ("RestrictAddressFamilies=", "RestrictAdressFamilies=")],
)
def test_systemd_would_refuse_a_wrong_unit(installed: Path, tmp_path: Path, right: str, wrong: str) -> None:
    broken = tmp_path / "root"
    shutil.copytree(installed, broken, symlinks=True)
    unit = broken / "etc/systemd/system/commune-web.service"
    unit.write_text(unit.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    checked = analyze(broken, "verify", "commune-web.service")
    assert wrong.rstrip("=") in checked.stderr


@pytest.mark.parametrize("name", EXPOSURE)
def test_exposure_stays_low(installed: Path, name: str) -> None:
    limit = EXPOSURE[name]
    checked = analyze(installed, "security", "--offline=true", f"--threshold={limit}", unit_name(name))
    assert checked.returncode == 0, checked.stdout.strip().splitlines()[-1]


def test_exposure_without_the_profile_would_be_seen(installed: Path, tmp_path: Path) -> None:
    bare = tmp_path / "root"
    shutil.copytree(installed, bare, symlinks=True)
    shutil.rmtree(bare / "etc/systemd/system/commune-.service.d")
    checked = analyze(bare, "security", "--offline=true", "--threshold=12", "commune-sync.service")
    assert checked.returncode != 0


def test_the_profile_reaches_every_service(installed: Path) -> None:
    for name in EXPOSURE:
        answered = analyze(installed, "security", "--offline=true", "--json=short", unit_name(name))
        facts = {fact["json_field"]: fact["set"] for fact in json.loads(answered.stdout)}
        assert facts["NoNewPrivileges"] is True, name
        assert facts["PrivateNetwork"] is (name in WITHOUT_NETWORK), name


@pytest.mark.parametrize("name", sorted(WITHOUT_NETWORK))
def test_no_network_means_unix_sockets_only(name: str) -> None:
    unit = service(name)
    assert unit["PrivateNetwork"] == ["yes"]
    assert unit["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert "IPAddressAllow" not in unit


def test_only_sync_leaves_the_office() -> None:
    for name in EXPOSURE.keys() - {"sync"}:
        assert service(name)["IPAddressDeny"] == ["any"], name
    assert service("sync")["SocketBindDeny"] == ["any"]


def test_only_the_signer_gets_a_pin_and_only_sync_the_broker_keys() -> None:
    holders = {
        name: service(name).get("LoadCredential", []) + service(name).get("LoadCredentialEncrypted", [])
        for name in EXPOSURE
    }
    assert [name for name, loaded in holders.items() if any("pin" in entry for entry in loaded)] == ["signer"]
    assert [name for name, loaded in holders.items() if any("key" in entry for entry in loaded)] == ["sync"]
    assert not any("leader" in entry for loaded in holders.values() for entry in loaded)


def test_the_signer_is_apart_and_can_tell_its_callers() -> None:
    unit, socket = service("signer"), read_unit(UNITS / "commune-signer.socket")
    assert unit["User"] != service("worker")["User"]
    assert "PrivateUsers" not in unit  # it would make every caller's uid read as "nobody"
    assert "/var/lib/commune-signer:/var/lib/commune-box" in unit["BindPaths"][0]
    assert (socket["SocketGroup"], socket["SocketMode"]) == (["commune-box"], ["0660"])


@pytest.mark.parametrize("name", EXPOSURE)
def test_the_profile_never_overrules_a_unit(name: str) -> None:
    """The profile is read after the unit: what both say would silently be the profile's."""
    lists = {"After", "Environment"}
    assert not (read_unit(UNITS / "commune-.service.d/10-profile.conf").keys() & service(name).keys()) - lists


@pytest.mark.parametrize("name", EXPOSURE)
def test_what_the_unit_waits_for_the_code_tells(name: str) -> None:
    unit, text = service(name), (ROOT / SOURCE[name]).read_text(encoding="utf-8")
    assert (unit["Type"] == ["notify"]) == ("READY=1" in text), "Type=notify if, and only if, the code says READY=1"
    feeds = bool(re.search(r"feed_watchdog\(|WATCHDOG=1", text))
    assert ("WatchdogSec" in unit) == feeds, "WatchdogSec= if, and only if, the code feeds the watchdog"


def test_a_module_of_its_own_is_a_world_of_its_own() -> None:
    unit, socket = service("signer@"), read_unit(UNITS / "commune-signer@.socket")
    (start,) = unit["ExecStart"]
    assert start.endswith("serve signer --only %i")
    assert unit["User"] == socket["SocketUser"] == ["commune-signer-%i"]
    assert "/var/lib/commune-signer-%i:/var/lib/commune-box" in unit["BindPaths"][0]
    assert "PrivateUsers" not in unit and not any("Credential" in key for key in unit)
    # The door is where the clients look for it (appliance/signers.py).
    assert socket["ListenStream"] == ["/run/commune-box/signer-%i.sock"]
    assert (socket["SocketGroup"], socket["SocketMode"]) == (["commune-box"], ["0660"])


def test_enrolment_is_one_program_a_connection_and_alone_writes_what_is_enrolled() -> None:
    unit, socket = service("enrolment@"), read_unit(UNITS / "commune-enrolment.socket")
    (start,) = unit["ExecStart"]
    assert start.endswith("serve enrolment") and socket["Accept"] == ["yes"]
    # The door is where the pages look for it (appliance/web/enroller.py).
    assert socket["ListenStream"] == ["/run/commune-box/enrolment.sock"]
    assert (socket["SocketGroup"], socket["SocketMode"]) == (["commune-box"], ["0660"])
    assert unit["StandardInput"] == unit["StandardOutput"] == ["socket"] and unit["StandardError"] == ["journal"]
    assert "PrivateUsers" not in unit and not any("Credential" in key for key in unit)
    once = UNITS / "commune-enrolment@.service.d" / "20-once.conf"
    assert once.name > "10-profile.conf", "read after the profile, which says Restart=always"
    assert read_unit(once) == {"Restart": ["no"]}
    writers = [name for name in EXPOSURE if any("/signing" in path for path in service(name).get("ReadWritePaths", []))]
    assert writers == ["enrolment@"]
    made = (SYSTEMD / "tmpfiles.d/commune-box.conf").read_text(encoding="utf-8")
    assert f"d /etc/commune-box/signing 0755 {unit['User'][0]} " in made


@pytest.mark.parametrize("name", ["signer", "intake", "worker", "sync", "web"])
def test_the_unit_starts_a_service_that_exists(name: str) -> None:
    (start,) = service(name)["ExecStart"]
    assert start == f"/opt/commune-box/bin/commune-box --config /etc/commune-box/config.toml serve {name}"


def test_workers_stand_where_the_whole_province_would() -> None:
    whole, workers = service("province"), service("province-worker")
    differ = {key for key in whole.keys() | workers.keys() if whole.get(key) != workers.get(key)}
    assert differ == {"Description", "ExecStart"}
    (start,) = workers["ExecStart"]
    assert start == "/opt/commune-box/bin/commune-province work --workers 2 --dir /var/lib/commune-province"


def test_users_are_made_as_named(tmp_path: Path) -> None:
    if not shutil.which("systemd-sysusers"):
        pytest.skip("systemd-sysusers is not installed (Debian package: systemd)")
    (tmp_path / "etc").mkdir()
    shutil.copytree(SYSTEMD / "sysusers.d", tmp_path / "usr/lib/sysusers.d")
    made = subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    users = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0]: line.split(":")[3] for line in (tmp_path / "etc/group").read_text().splitlines()}
    wanted = {user.replace("%i", slot) for name in EXPOSURE for user in service(name)["User"] for slot in SLOTS}
    assert wanted <= users, made.stderr
    assert groups["commune-scan"] == "commune-box"


def test_shared_folders_are_made_before_they_are_needed() -> None:
    made = re.findall(r"^d (\S+)", (SYSTEMD / "tmpfiles.d/commune-box.conf").read_text(), re.M)
    for name in ("intake", "worker", "sync", "web"):
        for path in " ".join(service(name)["ReadWritePaths"]).split():
            assert path in made, f"{path} of commune-{name}"


def test_install_names_every_unit() -> None:
    text = (SYSTEMD / "INSTALL.md").read_text(encoding="utf-8")
    for name in EXPOSURE:
        assert f"commune-{name}" in text
