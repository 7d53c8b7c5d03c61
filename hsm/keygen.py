"""`python -m hsm.keygen`: make one key pair on a token, in a process that lives only for it.

Prints the public key (PEM) to standard output. The PIN is read from standard input, never from argv or the environment.
"""

from __future__ import annotations

import argparse
import sys

from asn1crypto import pem

from hsm.api import SigningError
from hsm.token_keys import KINDS, generate_key_pair


def main() -> int:
    """Run once; exit code 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m hsm.keygen")
    parser.add_argument("--module", required=True, help="path of the PKCS#11 module")
    parser.add_argument("--token", required=True, help="label of the token")
    parser.add_argument("--key-id", required=True, help="CKA_ID in hexadecimal")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0])
    arguments = parser.parse_args()
    pin = sys.stdin.readline().rstrip("\n")
    try:
        public = generate_key_pair(
            arguments.module, arguments.token, pin, bytes.fromhex(arguments.key_id), arguments.kind
        )
    except SigningError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(pem.armor("PUBLIC KEY", public).decode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
