"""`python -m hsm --config signer.toml`: the signer (systemd unit commune-signer).

The process started so is the keeper; it starts this program again with `--module-process` for the one that loads
the PKCS#11 module. Exit codes: 0 ended by SIGTERM or SIGINT · 69 the module or the socket is not usable · 78
configuration · of the module process also 70 the module hung · 71 fault of the device · 72 asked to be started
anew.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import signal
import socket
import sys
from pathlib import Path

from hsm.api import SigningError
from hsm.config import ConfigError, SignerConfig, load

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def harden() -> None:
    """No core file and no reading of this memory by other processes of the same user: a PIN passes through it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_with_keeper() -> None:
    """Asked of the kernel: a module process, and the login in it, never outlives its keeper."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> int:
    """Run the signer process; see the exit codes above."""
    parser = argparse.ArgumentParser(prog="python -m hsm", description="PKCS#11 signer process")
    parser.add_argument("--config", type=Path, required=True, help="path of signer.toml")
    parser.add_argument("--module-process", nargs=3, metavar=("LISTENER", "ALIVE", "AFTER"), help=argparse.SUPPRESS)
    parser.add_argument("--resting", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    harden()
    if arguments.module_process:
        end_with_keeper()
    try:
        config = load(arguments.config)
    except ConfigError as error:
        sys.stderr.write(f"signer: {error}\n")
        return 78
    try:
        if arguments.module_process:
            return _module_process(config, arguments)
        from hsm.keeper import Keeper

        return Keeper(config, arguments.config).run()
    except (SigningError, OSError) as error:
        sys.stderr.write(f"signer: {error}\n")
        return 69


def _module_process(config: SignerConfig, arguments: argparse.Namespace) -> int:
    from hsm.server import run  # only here: the keeper stays without the library

    # Before the module is loaded: SoftHSM and others read their own settings from the environment.
    os.environ.update(config.environment)
    listener, alive, after = arguments.module_process
    listening = socket.socket(fileno=int(listener))
    return run(config, listening, int(alive), "" if after == "-" else after, arguments.resting)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Some PKCS#11 modules crash in their exit code (signing.md 10); everything of ours is closed and durable by now.
    os._exit(code)
