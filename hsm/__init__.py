"""Signing: the token's own process, PAdES signatures, appearances on paper, strict verification.

A leaf: imports neither `appliance` nor `sync` nor `scanner_intake`. `hsm.api` and `hsm.frames` are pure; `pkcs11` is
imported in `hsm.token` alone, pyHanko only inside this package.
"""

from __future__ import annotations

from hsm.lean import without_http_clients

without_http_clients()
