"""SoftHSM2 as the embedded token: a private configuration folder, tokens and keys made by its own tools.

For development, the demo and the tests. Every caller gets a folder of its own, so no two installations share tokens.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
)


class SoftHsmError(RuntimeError):
    """A SoftHSM tool is missing or failed; the text is the tool's own."""


def find_module() -> str:
    """Path of the SoftHSM2 module. Raises: SoftHsmError when it is not installed."""
    for path in MODULES:
        if Path(path).exists():
            return path
    raise SoftHsmError("libsofthsm2.so (Debian package softhsm2)")


def prepare(folder: Path) -> dict[str, str]:
    """Make a private SoftHSM configuration below `folder`; returns the environment variables that select it."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = folder / "softhsm2.conf"
    settings.write_text(
        f"directories.tokendir = {tokens}\n"
        "objectstore.backend = file\n"
        "log.level = ERROR\n"
        "slots.removable = true\n"
        "slots.mechanisms = ALL\n"
        "library.reset_on_fork = false\n",
        encoding="utf-8",
    )
    return {"SOFTHSM2_CONF": str(settings)}


def make_token(environment: Mapping[str, str], label: str, pin: str, so_pin: str) -> None:
    """Make and initialize one soft token. Raises: SoftHsmError."""
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", so_pin]
    _run(command, environment, "")


def make_key(
    environment: Mapping[str, str], module: str, label: str, pin: str, key_id: str, kind: str = "rsa-2048"
) -> bytes:
    """Make a key on a token in a process of its own (`kind`: hsm.token_keys.KINDS); returns the public key as PEM.

    Raises: SoftHsmError.
    """
    command = [sys.executable, "-m", "hsm.keygen", "--module", module, "--token", label, "--key-id", key_id]
    command += ["--kind", kind]
    return _run(command, environment, pin + "\n").encode("ascii")


def _run(command: list[str], environment: Mapping[str, str], text: str) -> str:
    home = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path, **environment},
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SoftHsmError(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise SoftHsmError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
