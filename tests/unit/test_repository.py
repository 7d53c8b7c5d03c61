"""What must be true of the repository as a whole: its lock, its words, its files, its first page."""

from __future__ import annotations

import importlib
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.source_tree import PACKAGES

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
BIGGEST = 1_000_000  # bytes; nothing generated or downloaded belongs in the repository

# Written in pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "the name of a package registry or mirror": "|".join(
        [
            r"py" + r"pi\.(org|python)",
            r"python" + r"hosted\.org",
            r"registry\." + r"npmjs",
            r"deb\." + r"debian\.org",
            r"security\." + r"debian\.org",
            r"docker\." + r"io/",
            r"extra-index" + r"-url",
        ]
    ),
    "a path of one machine": r"(?<![\w.<{}])/(work/(main|shared)|root/|home/[a-z]\w*/|opt/(pypi|wheels)|mnt/)",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE " + r"KEY-----\s+[A-Za-z0-9+/]{40}",
    "unfinished work": r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|raise NotImpl" + r"ementedError)\b",
}


@cache
def files() -> tuple[Path, ...]:
    """Every file git keeps, or would keep at the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(ROOT / name for name in sorted(listed.stdout.split("\0")) if name and (ROOT / name).is_file())


@cache
def texts() -> dict[str, str]:
    """Path → text of every text file, the lock and the licence too."""
    found = {}
    for path in files():
        raw = path.read_bytes()
        if b"\0" not in raw:
            found[path.relative_to(ROOT).as_posix()] = raw.decode("utf-8")
    return found


def findings(pattern: str, of: dict[str, str]) -> list[str]:
    """``path:line: what was found`` for each place in ``of`` that matches ``pattern``."""
    found = []
    for name, text in of.items():
        for match in re.finditer(pattern, text):
            found.append(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0)!r}")
    return found


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    assert findings(FORBIDDEN[what], texts()) == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("the name of a package registry or mirror", "see https://py" + "pi.org/simple"),
        ("a path of one machine", 'open("/ro' + 'ot/x")'),
        ("a path of one machine", "cd /wo" + "rk/main"),
        ("unfinished work", "# TO" + "DO: later"),
        ("a private key", "-----BEGIN PRIVATE " + "KEY-----\n" + "A" * 64),
    ],
)
def test_the_search_finds_it(what: str, text: str) -> None:
    assert findings(FORBIDDEN[what], {"x": text})


# --- requirements -----------------------------------------------------------------------------------------------------


def lock_entries(text: str) -> dict[str, tuple[str, list[str]]]:
    """Name → (version, hashes) of a pip requirements file with hashes."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*$", "", text, flags=re.M))
    entries = {}
    for line in filter(str.strip, joined.splitlines()):
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)(.*)", line)
        assert match, f"not a pinned requirement: {line[:80]}"
        entries[match[1].lower()] = (match[2], re.findall(r"--hash=sha256:([0-9a-f]{64})(?:\s|$)", match[3]))
    return entries


@cache
def project() -> dict:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_locked_version_has_hashes() -> None:
    entries = lock_entries(LOCK.read_text(encoding="utf-8"))
    assert len(entries) > 50
    assert [name for name, (_version, hashes) in entries.items() if not hashes] == []


def test_the_lock_has_what_the_project_asks_for() -> None:
    entries = lock_entries(LOCK.read_text(encoding="utf-8"))
    wanted = project()["project"]["dependencies"] + project()["dependency-groups"]["dev"]
    for requirement in wanted:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([\w.]+)", requirement)
        assert match, f"{requirement}: not pinned to one version"
        name = match[1].lower().replace("_", "-")
        assert name in entries, f"{name} is not in requirements.lock"
        assert entries[name][0] == match[2], f"{name}: {match[2]} asked for, {entries[name][0]} locked"


def test_an_entry_without_hashes_is_seen() -> None:
    assert lock_entries("click==8.5.1\n    # via x\nrich==15.0.0 --hash=sha256:" + "a" * 64) == {
        "click": ("8.5.1", []),
        "rich": ("15.0.0", ["a" * 64]),
    }


def test_the_wheel_has_exactly_the_packages() -> None:
    assert tuple(project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == (
        "appliance",
        "scanner_intake",
        "hsm",
        "sync",
    )
    assert set(PACKAGES) == {"appliance", "scanner_intake", "hsm", "sync"}


@pytest.mark.parametrize("command", ["commune-box", "commune-province"])
def test_the_commands_lead_somewhere(command: str) -> None:
    module, _, function = project()["project"]["scripts"][command].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


# --- files ------------------------------------------------------------------------------------------------------------


def test_scripts_can_be_run() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", "box", ".ci/run"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modes = {line.split()[-1]: line.split()[0] for line in listed.stdout.splitlines()}
    assert modes == {"box": "100755", ".ci/run": "100755"}


def test_nothing_big_is_kept() -> None:
    assert [str(path.relative_to(ROOT)) for path in files() if path.stat().st_size > BIGGEST] == []


def test_test_files_have_one_name_each() -> None:
    names = [path.name for path in files() if path.name.startswith("test_") and path.suffix == ".py"]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_links_between_documents_lead_somewhere() -> None:
    dead = []
    for path in files():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                dead.append(f"{path.relative_to(ROOT)}: {target}")
    assert dead == []


# --- the first page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ["git clone", "./box demo", "./box test"])
def test_the_readme_shows_the_commands(shown: str) -> None:
    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["appliance", "scanner_intake", "hsm", "sync", "systemd", "tests"])
def test_the_readme_names_every_folder(folder: str) -> None:
    assert f"{folder}/" in (ROOT / "README.md").read_text(encoding="utf-8")
