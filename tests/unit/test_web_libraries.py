"""The pages' libraries: pinned, fetched whole or not at all, in the wheel, and served for good under their version."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from appliance.web import libraries
from tests.fixtures_web import Visitor

ROOT = Path(__file__).parents[2]
NPM = """#!/bin/sh
echo "$@" > "$STANDIN/asked"
[ -e "$STANDIN/away" ] && exit 1
cp "$STANDIN"/*.tgz .
"""


def package(files: dict[str, bytes]) -> bytes:
    """A package as a registry gives it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """npm that gives made-up packages for the pinned ones; their digests are pinned in turn."""
    folder = tmp_path / "registry"
    folder.mkdir()
    for name, text in (("npm", NPM), ("node", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("STANDIN", str(folder))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    pinned = []
    for library in libraries.LIBRARIES:
        content = package({path: f"{library.name}: {path}".encode() for path in library.kept.values()})
        (folder / f"{library.folder}.tgz").write_bytes(content)
        digest = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
        pinned.append(dataclasses.replace(library, integrity=digest))
    monkeypatch.setattr(libraries, "LIBRARIES", tuple(pinned))
    return folder


def test_exactly_the_named_files_are_kept(registry: Path, tmp_path: Path) -> None:
    assert len(libraries.missing(tmp_path)) == len(libraries.kept_files()) + 2
    libraries.fetch(tmp_path)
    assert libraries.missing(tmp_path) == []
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("static/libraries/*/*")}
    assert found == set(libraries.kept_files())
    assert (tmp_path / libraries.PROVINCE / "htmx.org-2.0.11" / "htmx.min.js").read_text() == (
        "htmx.org: dist/htmx.min.js"
    )
    asked = (registry / "asked").read_text().split()
    assert {f"{each.name}@{each.version}" for each in libraries.LIBRARIES} < set(asked)
    assert "--ignore-scripts" in asked and not any("://" in word for word in asked)


def test_another_digest_leaves_everything_as_it_was(registry: Path, tmp_path: Path) -> None:
    libraries.fetch(tmp_path)
    (registry / f"{libraries.LIBRARIES[-1].folder}.tgz").write_bytes(package({"dist/htmx.min.js": b"another"}))
    with pytest.raises(libraries.NotFetched, match="digest"):
        libraries.fetch(tmp_path)
    assert libraries.missing(tmp_path) == []


def test_a_registry_that_is_away_is_told(registry: Path, tmp_path: Path) -> None:
    (registry / "away").touch()
    with pytest.raises(libraries.NotFetched, match="npm"):
        libraries.fetch(tmp_path)
    assert not (tmp_path / libraries.BOX).exists()


def test_a_folder_that_was_begun_is_fetched_anew(registry: Path, tmp_path: Path) -> None:
    libraries.fetch(tmp_path)
    (tmp_path / libraries.BOX / libraries.PINS).unlink()
    (tmp_path / libraries.BOX / "old-1.0").mkdir()
    assert libraries.missing(tmp_path) == [f"{libraries.BOX}/{libraries.PINS}"]
    libraries.fetch(tmp_path)
    assert libraries.missing(tmp_path) == []
    assert not (tmp_path / libraries.BOX / "old-1.0").exists()


def test_every_library_is_pinned_and_comes_with_its_licence() -> None:
    for library in libraries.LIBRARIES:
        assert len(base64.b64decode(library.integrity.removeprefix("sha512-"), validate=True)) == 64
        assert library.version.replace(".", "").isdigit(), "one version, never a range"
        assert "LICENSE" in library.kept
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "static/libraries/" not in tracked, "third-party code is fetched, not kept"


def test_the_wheel_has_the_libraries_and_their_licences(tmp_path: Path) -> None:
    assert libraries.missing() == [], "./box fetches them at set-up"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        assert set(libraries.kept_files()) <= names
        assert "appliance/web/packing.py" not in names
        for path in libraries.kept_files():
            assert packed.read(path) == (ROOT / path).read_bytes(), path


def test_no_wheel_is_made_without_them(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for name in ("libraries.py", "packing.py", "__init__.py"):
        target = tmp_path / "appliance" / "web" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / "appliance" / "web" / name).read_bytes())
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "python3 appliance/web/libraries.py" in done.stderr


async def test_served_under_their_version_and_nothing_else_is(stranger: Visitor) -> None:
    address = "http://hop/static/libraries/htmx.org-2.0.11/htmx.min.js"
    async with stranger.session.get(address) as answer:
        assert answer.status == 200 and answer.content_type == "text/javascript"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for path in ("htmx.org-2.0.11/LICENSE", "htmx.org-2.0.10/htmx.min.js", "pdfjs-dist-5.7.284/htmx.min.js"):
        state, _text = await stranger.get(f"/static/libraries/{path}")
        assert state == 404, path
    async with stranger.session.get("http://hop/static/libraries/.pins", allow_redirects=False) as answer:
        assert answer.status in (303, 401, 404), "no such route"
