"""`python -m hsm --config signer.toml`: the signer process (systemd unit commune-signer).

Exit codes: 0 ended by SIGTERM or SIGINT · 69 the module or the socket is not usable · 70 the module hung · 78
configuration.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import sys
from pathlib import Path

from hsm.api import SigningError
from hsm.config import ConfigError, load
from hsm.server import run

_PR_SET_DUMPABLE = 4


def harden() -> None:
    """No core file and no reading of this memory by other processes of the same user: a PIN passes through it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def main() -> int:
    """Run the signer process; see the exit codes above."""
    parser = argparse.ArgumentParser(prog="python -m hsm", description="PKCS#11 signer process")
    parser.add_argument("--config", type=Path, required=True, help="path of signer.toml")
    arguments = parser.parse_args()
    harden()
    try:
        config = load(arguments.config)
    except ConfigError as error:
        sys.stderr.write(f"signer: {error}\n")
        return 78
    # Before the module is loaded: SoftHSM and others read their own settings from the environment.
    os.environ.update(config.environment)
    try:
        return run(config)
    except (SigningError, OSError) as error:
        sys.stderr.write(f"signer: {error}\n")
        return 69


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Some PKCS#11 modules crash in their exit code (signing.md 10); everything of ours is closed and durable by now.
    os._exit(code)
